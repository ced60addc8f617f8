//! What an event carries beside its data: the publisher's trace, channels, tags, its version, and what
//! sort of text its data is.
//!
//! Owns: their forms and bounds, and whether channels reach a webhook. Refuses: everything that is
//! signed and sent as the event (`event`, `envelope`).
//!
//! # Why a trace that is no trace is left out
//! W3C Trace Context asks whoever receives a malformed `traceparent` to go on as if there were none:
//! an event must not be refused for what a proxy put on the request that published it.

use std::collections::HashSet;
use std::sync::Arc;

use super::event_type::VersionName;

/// The most channels of an event: 5.
pub const EVENT_CHANNELS_MAX: usize = 5;
/// The most channels to which a webhook listens: 10.
pub const WEBHOOK_CHANNELS_MAX: usize = 10;
/// The most tags of an event: 10.
pub const EVENT_TAGS_MAX: usize = 10;
/// The longest channel or tag, in characters.
pub const LABEL_OF_EVENT_CHARS_MAX: usize = 128;
/// The longest `tracestate` that is passed on, in characters.
const TRACESTATE_CHARS_MAX: usize = 512;
/// The most members of a `tracestate` that is passed on.
const TRACESTATE_MEMBERS_MAX: usize = 32;

/// The header that names a trace.
pub const TRACEPARENT: &str = "traceparent";
/// The header with what tracing systems add to it.
pub const TRACESTATE: &str = "tracestate";

/// What an event carries beside its data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventContext {
    /// The publisher's trace, which every attempt continues.
    pub trace: Option<TraceContext>,
    /// Where it was said; webhooks that listen to channels get it for these only.
    pub channels: Vec<String>,
    /// The publisher's own words, to find it again.
    pub tags: Vec<String>,
    /// What the platform calls it, where that is not its id: unique with its consumer.
    pub uid: Option<Arc<str>>,
    /// The version of its type as which it was published.
    pub version: Option<VersionName>,
    /// What its data is where that is a text that goes out as itself, alone: `text/plain`, say.
    pub content_type: Option<Arc<str>>,
}

impl EventContext {
    /// The same to be shared; `None` where there is nothing in it.
    #[must_use]
    pub fn shared(self) -> Option<Arc<Self>> {
        (self != Self::default()).then(|| Arc::new(self))
    }
}

/// A trace as W3C Trace Context writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// `traceparent`.
    pub parent: String,
    /// `tracestate`, where there is one.
    pub state: Option<String>,
}

impl TraceContext {
    /// Reads the two headers of a request; `None` where they name no trace.
    #[must_use]
    pub fn parse(parent: &str, state: Option<&str>) -> Option<Self> {
        let parent = parent.trim();
        is_traceparent(parent).then(|| Self {
            parent: parent.to_owned(),
            state: state
                .map(str::trim)
                .filter(|state| is_tracestate(state))
                .map(str::to_owned),
        })
    }
}

/// `version-traceid-parentid-flags` in lower-case hex; later versions may say more behind that.
fn is_traceparent(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    let mut parts = text.splitn(5, '-');
    let mut next = |length: usize| {
        let part = parts.next().filter(|part| part.len() == length);
        part.filter(|part| is_hex(part))
    };
    let (Some(version), Some(trace), Some(parent), Some(_)) =
        (next(2), next(32), next(16), next(2))
    else {
        return false;
    };
    let more = parts.next();
    let is_known = version == "00";
    let is_plain =
        text.len() <= LABEL_OF_EVENT_CHARS_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    version != "ff"
        && !is_zero(trace)
        && !is_zero(parent)
        && is_plain
        && (more.is_none() || !is_known)
}

fn is_tracestate(text: &str) -> bool {
    let is_visible = |byte: u8| matches!(byte, b' '..=b'~' | b'\t');
    let is_member = |member: &str| {
        let member = member.trim();
        let has_both = |(key, value): (&str, &str)| !key.is_empty() && !value.is_empty();
        member.is_empty() || member.split_once('=').is_some_and(has_both)
    };
    !text.is_empty()
        && text.len() <= TRACESTATE_CHARS_MAX
        && text.bytes().all(is_visible)
        && text.split(',').count() <= TRACESTATE_MEMBERS_MAX
        && text.split(',').all(is_member)
}

/// Reads channels: up to `most`, each of letters, digits and `- _ . : +`, none twice.
pub fn parse_channels(texts: &[String], most: usize) -> Result<Vec<String>, String> {
    labels(texts, most, b"-_.:+")
}

/// Reads tags: up to [`EVENT_TAGS_MAX`], each of letters, digits and `- _ . : + /`, none twice.
pub fn parse_tags(texts: &[String]) -> Result<Vec<String>, String> {
    labels(texts, EVENT_TAGS_MAX, b"-_.:+/")
}

/// Reads a content type: `type/subtype`, and parameters behind it.
pub fn parse_content_type(text: &str) -> Result<Arc<str>, String> {
    let is_word = |word: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte);
        !word.is_empty() && word.bytes().all(is_plain)
    };
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let is_type = essence
        .split_once('/')
        .is_some_and(|(kind, sub)| is_word(kind) && is_word(sub));
    let is_visible = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_type && is_visible && text.len() <= LABEL_OF_EVENT_CHARS_MAX {
        return Ok(text.trim_end().into());
    }
    Err(format!(
        "must be a content type such as text/plain, of at most {LABEL_OF_EVENT_CHARS_MAX} characters"
    ))
}

fn labels(texts: &[String], most: usize, marks: &[u8]) -> Result<Vec<String>, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || marks.contains(&byte);
    let fits = |text: &String| {
        (1..=LABEL_OF_EVENT_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_plain)
    };
    if texts.len() > most || !texts.iter().all(fits) {
        let marks = String::from_utf8_lossy(marks);
        return Err(format!(
            "must be at most {most}, each of 1 to {LABEL_OF_EVENT_CHARS_MAX} letters, digits or {marks}"
        ));
    }
    let mut seen = HashSet::new();
    let fresh = texts.iter().filter(|text| seen.insert(text.as_str()));
    Ok(fresh.cloned().collect())
}

/// Whether an event said in `channels` reaches a webhook that listens to `listened`; one that listens
/// to none in particular gets all.
#[must_use]
pub fn reaches(listened: Option<&[String]>, channels: &[String]) -> bool {
    listened.is_none_or(|listened| channels.iter().any(|one| listened.contains(one)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_is_passed_on_as_it_was_written_or_not_at_all() {
        let parent = |text: &str| TraceContext::parse(text, None).map(|trace| trace.parent);
        assert_eq!(parent(TRACE).as_deref(), Some(TRACE));
        let later = TRACE.replacen("00", "cc", 1) + "-what-comes";
        assert_eq!(parent(&later), Some(later));
        for bad in [
            "",
            "00",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
        ] {
            assert_eq!(parent(bad), None, "{bad}");
        }
        let state = |text: &str| TraceContext::parse(TRACE, Some(text)).unwrap().state;
        assert_eq!(
            state("congo=t61rcWkgMzE,rojo=00f0").as_deref(),
            Some("congo=t61rcWkgMzE,rojo=00f0")
        );
        for bad in [
            "",
            "nothing",
            "a=\u{e9}",
            "=b",
            &format!("a={}", "x".repeat(511)),
        ] {
            assert_eq!(state(bad), None, "{bad}");
        }
    }

    #[test]
    fn channels_and_tags_are_plain_bounded_and_said_once() {
        let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let twice = texts(&["a:b", "c+d", "a:b"]);
        assert_eq!(parse_channels(&twice, 5).unwrap(), ["a:b", "c+d"]);
        assert_eq!(parse_tags(&texts(&["a/b"])).unwrap(), ["a/b"]);
        assert!(parse_channels(&texts(&["a/b"]), 5).is_err());
        for bad in [vec![""], vec!["a b"], vec!["\u{e4}"], vec!["a"; 6]] {
            assert!(parse_channels(&texts(&bad), 5).is_err(), "{bad:?}");
        }
        assert!(parse_tags(&["x".repeat(129)]).is_err());
    }

    #[test]
    fn a_content_type_is_a_type_with_parameters() {
        for good in ["text/plain", "application/vnd.a+xml; charset=utf-8", "a/b "] {
            assert_eq!(&*parse_content_type(good).unwrap(), good.trim_end());
        }
        let long = format!("text/plain; a={}", "x".repeat(128));
        for bad in [
            "",
            "text",
            "text/",
            "/plain",
            "a b/c",
            "a/b\r\nx: y",
            "a/\u{e4}",
            &long,
        ] {
            assert!(parse_content_type(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_webhook_with_channels_gets_what_is_said_in_one_of_them() {
        let texts = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        let listened = texts(&["a", "b"]);
        for (channels, expect) in [(&["b", "c"][..], true), (&["c"], false), (&[], false)] {
            assert_eq!(
                reaches(Some(&listened), &texts(channels)),
                expect,
                "{channels:?}"
            );
            assert!(reaches(None, &texts(channels)));
        }
    }
}

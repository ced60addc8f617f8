//! Headers as they are stored: what nearly all of them have in common, and what follows from the attempt's
//! own time, takes a byte or a few.
//!
//! Owns: the fragments and the reckoned values, and their way there and back. Refuses: knowing what headers
//! mean.
//!
//! # Why a line needs no sign that it was shortened
//! A header's name never begins with a control character, and none stands in its value but the tabulator
//! (RFC 9110, sections 5.1 and 5.5). So what does begin with one was shortened, and what doesn't stands as it
//! was written, also where an earlier version wrote it.

use std::time::{Duration, SystemTime};

use crate::domain::id::EventId;
use crate::domain::time::Timestamp;

/// What a line may begin with, and what stands for it. Rows are read back by this table: it may grow, what
/// stands in it stays, and of two that fit a line the earlier one is taken. The line that every attempt has
/// stands here whole, once for each version that was released and has a sign left.
const FRAGMENTS: [(char, &str); 22] = [
    ('\u{1f}', "user-agent: hookpost/0.1.0\n"),
    ('\u{2}', "user-agent: hookpost/"),
    ('\u{3}', "content-type: application/json\n"),
    ('\u{4}', "webhook-id: evt_"),
    ('\u{5}', "webhook-id: "),
    ('\u{6}', "webhook-timestamp: "),
    ('\u{7}', "webhook-signature: v1,"),
    ('\u{1e}', "svix-id: evt_"),
    ('\u{8}', "svix-id: "),
    ('\u{e}', "svix-timestamp: "),
    ('\u{f}', "svix-signature: v1,"),
    ('\u{10}', "traceparent: 00-"),
    ('\u{11}', "authorization: ***\n"),
    ('\u{18}', "content-type: text/plain; charset=utf-8\n"),
    ('\u{19}', "content-type: application/json; charset=utf-8\n"),
    ('\u{12}', "content-type: "),
    ('\u{16}', "date: "),
    ('\u{17}', "content-length: "),
    ('\u{1a}', "server: "),
    ('\u{1b}', "connection: "),
    ('\u{1c}', "keep-alive: timeout="),
    ('\u{1d}', "transfer-encoding: chunked\n"),
];

/// Stands for seconds since 1970: those of the attempt's start, and so many as follow.
const SECONDS: char = '\u{13}';
/// Stands for an HTTP date (RFC 9110, section 5.6.7): the attempt's start, and so many seconds as follow.
const DATE: char = '\u{14}';
/// Stands for what follows `evt_` in an event's id: its row, and how long before the attempt it was made.
const EVENT: char = '\u{15}';
/// How far from the attempt's start a value is reckoned from it, in seconds.
const APART_MAX: u64 = 999;

/// The headers of an attempt that started `at`, one a line, as they are stored.
pub(super) fn shortened(lines: &str, at: Timestamp) -> String {
    let mut short = String::with_capacity(lines.len());
    for line in lines.split_inclusive('\n') {
        let fitting = |(sign, fragment): &(char, &str)| Some((*sign, line.strip_prefix(fragment)?));
        match FRAGMENTS.iter().find_map(fitting) {
            Some((sign, rest)) => {
                short.push(sign);
                let value = rest
                    .strip_suffix('\n')
                    .and_then(|value| reckoned(value, at));
                short.push_str(value.map(|value| value + "\n").as_deref().unwrap_or(rest));
            }
            None => short.push_str(line),
        }
    }
    short
}

/// The headers of an attempt that started `at`, one a line, as they were on the wire.
pub(super) fn restored(stored: &str, at: Timestamp) -> String {
    let mut lines = String::with_capacity(stored.len() * 2);
    let mut rest = stored;
    while let Some(first) = rest.chars().next() {
        let fragment = FRAGMENTS.iter().find(|(sign, _)| *sign == first);
        if let Some((sign, fragment)) = fragment {
            lines.push_str(fragment);
            rest = &rest[sign.len_utf8()..];
            if fragment.ends_with('\n') {
                continue;
            }
        }
        let end = rest.find('\n').map_or(rest.len(), |at| at + 1);
        let (line, behind) = rest.split_at(end);
        let value = fragment.and_then(|_| worked_out(line.strip_suffix('\n')?, at));
        lines.push_str(value.map(|value| value + "\n").as_deref().unwrap_or(line));
        rest = behind;
    }
    lines
}

/// A value by its distance from the attempt's start, where exactly that value follows from it.
fn reckoned(value: &str, at: Timestamp) -> Option<String> {
    let short = match value.len() {
        10 => {
            let apart = value.parse::<i64>().ok()? - at.unix_seconds();
            by_distance(SECONDS, apart)?
        }
        26 => {
            let id = EventId::parse(&format!("evt_{value}"))?;
            let ago = u64::try_from(at.millis() - id.at().millis()).ok()?;
            format!("{EVENT}{:x}.{ago:x}", id.seq())
        }
        29 => {
            let date = httpdate::parse_http_date(value).ok()?;
            let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            by_distance(
                DATE,
                i64::try_from(since.as_secs()).ok()? - at.unix_seconds(),
            )?
        }
        _ => return None,
    };
    (worked_out(&short, at)? == value).then_some(short)
}

fn by_distance(sign: char, apart: i64) -> Option<String> {
    let apart = match apart {
        0 => String::new(),
        _ if apart.unsigned_abs() <= APART_MAX => apart.to_string(),
        _ => return None,
    };
    Some(format!("{sign}{apart}"))
}

/// The value that [`reckoned`] made `short`; `None` where it made nothing.
fn worked_out(short: &str, at: Timestamp) -> Option<String> {
    let mut rest = short.chars();
    let sign = rest.next()?;
    let rest = rest.as_str();
    if sign == EVENT {
        let (seq, ago) = rest.split_once('.')?;
        let ago = u64::from_str_radix(ago, 16).ok()?;
        let id = EventId::of_row(
            at.before(Duration::from_millis(ago)),
            i64::from_str_radix(seq, 16).ok()?,
        )?;
        return Some(id.to_string().split_off("evt_".len()));
    }
    let apart = match rest {
        "" => 0,
        rest => rest.parse::<i64>().ok()?,
    };
    let seconds = at.unix_seconds().checked_add(apart)?;
    match sign {
        SECONDS => Some(seconds.to_string()),
        DATE => {
            let since = Duration::from_secs(u64::try_from(seconds).ok()?);
            Some(httpdate::fmt_http_date(
                SystemTime::UNIX_EPOCH.checked_add(since)?,
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USUAL: &str = "user-agent: hookpost/0.1.0\ncontent-type: application/json\n\
        webhook-id: evt_01m8m52hpwe008000000000001\nwebhook-timestamp: 1795972744\n\
        webhook-signature: v1,es17nJiPGiM5MluuBX3BIjDRAGc0JTnsKyD/uKLju/U=\n";
    const ANSWER: &str =
        "content-length: 0\ndate: Sun, 29 Nov 2026 17:19:05 GMT\nconnection: keep-alive\n";
    /// The attempt's start: a moment after the event, in the second of the timestamp.
    fn start() -> Timestamp {
        Timestamp::from_millis(1_795_972_744_930)
    }

    fn check(lines: &str, bytes_max: usize) {
        let short = shortened(lines, start());
        assert!(short.len() <= bytes_max, "{} {short:?}", short.len());
        assert_eq!(restored(&short, start()), lines);
    }

    #[test]
    fn the_usual_headers_take_less_than_half_the_room() {
        check(USUAL, 68);
        check(ANSWER, 19);
    }

    #[test]
    fn the_line_that_every_attempt_of_this_version_has_takes_one_byte() {
        check(
            concat!("user-agent: hookpost/", env!("CARGO_PKG_VERSION"), "\n"),
            1,
        );
        check("user-agent: hookpost/0.1.1\n", 7);
    }

    #[test]
    fn what_does_not_follow_from_the_start_stands_as_it_is() {
        check("date: Sun, 29 Nov 2026 18:59:05 GMT\n", 31);
        check("date: Sun, 29 Nov 2026 17:19:05 gmt\n", 31);
        check("date: Sunday, 29-Nov-26 17:19:05 GMT\n", 32);
        check("webhook-timestamp: 1795973744\n", 12);
        check("webhook-timestamp: +795972744\n", 12);
        check("webhook-id: evt_01m8m52hpwe00800000000000u\n", 28);
        check("content-length: 1795972744", 11);
    }

    #[test]
    fn what_an_earlier_version_wrote_is_read_as_it_stands() {
        let earlier = "\u{6}1795972744\n\u{4}01m8m52hpwe008000000000001\n";
        let lines = "webhook-timestamp: 1795972744\nwebhook-id: evt_01m8m52hpwe008000000000001\n";
        assert_eq!(restored(earlier, start()), lines);
        assert_eq!(restored(USUAL, start()), USUAL);
        assert_eq!(restored("", start()), "");
    }

    proptest! {
        #[test]
        fn any_headers_come_back_as_they_were(
            lines in prop::collection::vec(
                (
                    prop::sample::select(FRAGMENTS.map(|(_, fragment)| fragment).to_vec()),
                    prop_oneof![
                        "[!-~\t]{0,9}",
                        "17959[67][0-9]{4}[0-9]",
                        "01m8m52hp[0-9a-z]{17}",
                        "Sun, 29 Nov 2026 17:[0-5][0-9]:[0-5][0-9] GMT",
                    ],
                ),
                0..9,
            ),
            last in "[a-z]{0,3}",
            at in 1_795_972_000_000_i64..1_795_973_000_000,
        ) {
            let at = Timestamp::from_millis(at);
            let lines = lines.iter().map(|(start, end)| format!("{start}{end}\n"));
            // A fragment may be a line, and what follows it then begins one with whatever is legal there.
            let lines = lines.collect::<String>().replace("\n\t", "\nx");
            let lines = lines + &last;
            prop_assert_eq!(restored(&shortened(&lines, at), at), lines);
        }
    }
}

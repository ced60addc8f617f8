//! Names of event types, and the patterns by which a webhook subscribes to them.
//!
//! Owns: the form of a name, the three forms of a pattern, a subscription made ready for matching,
//! and suggestions for a name that nobody knows. Refuses: knowing which types a workspace has, and the
//! names of their versions (`version`).
//!
//! # Why names are segments joined by dots
//! A prefix pattern ends at a dot (`agent.*`), so a name must never hold an empty segment: `agent.`
//! would fit the pattern and still read like a typing mistake in every list.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};

mod version;

pub use version::{PINNED_VERSIONS_MAX, VERSION_CHARS_MAX, VersionName, VersionPins};

/// The most characters of a name: 128.
pub const EVENT_TYPE_CHARS_MAX: usize = 128;
/// The most patterns of one subscription: 100.
pub const PATTERNS_MAX: usize = 100;
/// The most names that [`near_matches`] suggests: 3.
pub const NEAR_MATCHES_MAX: usize = 3;

/// How alike two names must be for one to be suggested for the other: 0 is nothing, 1 is equal.
const LIKENESS_MIN: f64 = 0.6;

/// The name of an event type: ASCII letters, digits, `_` and `-`, in segments joined by dots.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventTypeName(Box<str>);

impl EventTypeName {
    /// Reads a name of 1 to [`EVENT_TYPE_CHARS_MAX`] characters.
    ///
    /// # Errors
    /// A sentence for the caller that says what a name looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > EVENT_TYPE_CHARS_MAX {
            return Err(format!(
                "must be 1 to {EVENT_TYPE_CHARS_MAX} characters long"
            ));
        }
        if !text.split('.').all(is_segment) {
            return Err(
                "must be letters, digits, _ and - in segments joined by dots, such as agent.score.changed"
                    .to_owned(),
            );
        }
        Ok(Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventTypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for EventTypeName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

fn is_segment(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// One line of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Pattern {
    /// Every event type: `*`.
    All,
    /// Every event type below a prefix: `agent.*` fits `agent.score.changed`, but not `agent`.
    Below(EventTypeName),
    /// One event type.
    Exact(EventTypeName),
}

impl Pattern {
    /// Reads `*`, a name, or a name followed by `.*`.
    ///
    /// # Errors
    /// A sentence for the caller that says which forms there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "must be an event type, a prefix ending in \".*\", or \"*\"";
        if text == "*" {
            return Ok(Self::All);
        }
        let (name, below) = match text.strip_suffix(".*") {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        match EventTypeName::parse(name) {
            Ok(name) if below => Ok(Self::Below(name)),
            Ok(name) => Ok(Self::Exact(name)),
            Err(message) if name.contains('*') || name.is_empty() => {
                Err(format!("{FORM}; a name {message}"))
            }
            Err(message) => Err(message),
        }
    }

    /// Whether an event of type `name` fits.
    #[must_use]
    pub fn matches(&self, name: &EventTypeName) -> bool {
        self.fits(name.as_str())
    }

    /// As [`Pattern::matches`], for a name as it is stored.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Below(prefix) => is_below(name, prefix.as_str()),
            Self::Exact(exact) => exact.as_str() == name,
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Below(prefix) => write!(f, "{prefix}.*"),
            Self::Exact(name) => f.write_str(name.as_str()),
        }
    }
}

fn is_below(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| rest.starts_with('.'))
}

/// The patterns of one webhook, as they were given and made ready for quick matching, and the versions
/// that it pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    patterns: Vec<Pattern>,
    matcher: Matcher,
    pins: VersionPins,
}

/// Exact names are sorted for a binary search; the few prefixes are tried one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Matcher {
    Everything,
    Some {
        exact: Vec<EventTypeName>,
        below: Vec<EventTypeName>,
    },
}

/// Why a subscription was refused: which pattern, and a sentence for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SubscriptionError {
    /// The place of the pattern at fault, from 0; `None` where the list as a whole is at fault.
    pub index: Option<usize>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Subscription {
    /// Reads 1 to [`PATTERNS_MAX`] patterns. A pattern that is given twice is kept once.
    ///
    /// # Errors
    /// Names the pattern that cannot be read, or says that there are too many or none.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, SubscriptionError> {
        if texts.is_empty() || texts.len() > PATTERNS_MAX {
            return Err(SubscriptionError {
                index: None,
                message: format!("must list 1 to {PATTERNS_MAX} event types or patterns"),
            });
        }
        let mut patterns: Vec<Pattern> = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let pattern = Pattern::parse(text.as_ref()).map_err(|message| SubscriptionError {
                index: Some(index),
                message,
            })?;
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
        Ok(Self {
            matcher: Matcher::new(&patterns),
            patterns,
            pins: VersionPins::default(),
        })
    }

    /// The same with other pins.
    #[must_use]
    pub fn pinning(self, pins: VersionPins) -> Self {
        Self { pins, ..self }
    }

    /// The versions that it pins.
    #[must_use]
    pub fn pins(&self) -> &VersionPins {
        &self.pins
    }

    /// The patterns in the order in which they were given.
    #[must_use]
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// The patterns as text, in the order in which they were given.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.patterns.iter().map(Pattern::to_string).collect()
    }

    /// Whether an event of type `name`, published as `version`, belongs to this subscription.
    #[must_use]
    pub fn wants(&self, name: &EventTypeName, version: Option<&VersionName>) -> bool {
        self.matches(name) && self.pins.fit(name, version)
    }

    /// Whether events of type `name` belong to this subscription, whatever their version.
    #[must_use]
    pub fn matches(&self, name: &EventTypeName) -> bool {
        match &self.matcher {
            Matcher::Everything => true,
            Matcher::Some { exact, below } => {
                exact.binary_search(name).is_ok()
                    || below
                        .iter()
                        .any(|prefix| is_below(name.as_str(), prefix.as_str()))
            }
        }
    }
}

impl Matcher {
    fn new(patterns: &[Pattern]) -> Self {
        let (mut exact, mut below) = (Vec::new(), Vec::new());
        for pattern in patterns {
            match pattern {
                Pattern::All => return Self::Everything,
                Pattern::Below(prefix) => below.push(prefix.clone()),
                Pattern::Exact(name) => exact.push(name.clone()),
            }
        }
        exact.sort_unstable();
        Self::Some { exact, below }
    }
}

/// The names among `known` that someone who wrote `text` may have meant: at most
/// [`NEAR_MATCHES_MAX`], the likeliest first.
#[must_use]
pub fn near_matches<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let text: String = text.chars().take(EVENT_TYPE_CHARS_MAX).collect();
    let text = text.to_ascii_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| (likeness(&text, name), name))
        .filter(|(score, _)| *score >= LIKENESS_MIN)
        .collect();
    scored.sort_by(|(a, a_name), (b, b_name)| b.total_cmp(a).then_with(|| a_name.cmp(b_name)));
    scored.truncate(NEAR_MATCHES_MAX);
    scored.into_iter().map(|(_, name)| name).collect()
}

/// Typing mistakes count by edits; a forgotten segment (`score.changed` for `agent.score.changed`)
/// is one omission however long it is.
fn likeness(text: &str, name: &str) -> f64 {
    let name = name.to_ascii_lowercase();
    let edits = strsim::normalized_damerau_levenshtein(text, &name);
    let part_of_other = |whole: &str, part: &str| {
        whole.ends_with(&format!(".{part}")) || whole.starts_with(&format!("{part}."))
    };
    let omitted = part_of_other(&name, text) || part_of_other(text, &name);
    if omitted { edits.max(0.9) } else { edits }
}

#[cfg(test)]
mod tests;

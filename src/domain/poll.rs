//! Fetching: what a webhook without a URL keeps for its readers, and how far each has come.
//!
//! Owns: names of readers, entries, and the bounds of one answer. Refuses: waiting (`service`).

use std::sync::Arc;
use std::time::Duration;

use super::page::{Cursor, List};
use super::time::Timestamp;

/// How long an answer may be waited for: a minute.
pub const POLL_WAIT_MAX: Duration = Duration::from_secs(60);
/// Bytes of bodies in one answer, beyond the first event: 4 MiB.
pub const POLL_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest name of a reader, in characters.
pub const READER_CHARS_MAX: usize = 64;
/// Readers of one webhook whose places are kept.
pub const READERS_MAX: usize = 100;

/// Unread entries are counted up to this number.
pub const UNREAD_MAX: i64 = 10_000;

/// Whose place it is where nobody is named.
const DEFAULT_READER: &str = "default";

/// What one of a webhook's readers is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderName(Arc<str>);

impl ReaderName {
    /// Reads a name.
    ///
    /// # Errors
    /// A sentence for the caller where `text` is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if (1..=READER_CHARS_MAX).contains(&text.len()) && text.chars().all(is_plain) {
            return Ok(Self(text.into()));
        }
        Err(format!(
            "must have 1 to {READER_CHARS_MAX} letters, digits, dots, underscores or hyphens"
        ))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ReaderName {
    fn default() -> Self {
        Self(DEFAULT_READER.into())
    }
}

/// An event that is kept for the readers of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollEntry {
    /// Its number: readers get them in this order.
    pub seq: i64,
    /// The event.
    pub event_seq: i64,
    /// The version of the shape that makes its body; `None` for the plain one.
    pub shape_seq: Option<i64>,
}

/// How far a reader has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollReader {
    /// What it is called.
    pub name: String,
    /// The number of the last entry that it has dealt with.
    pub position: i64,
    /// When it last said so.
    pub acked_at: Timestamp,
}

impl PollReader {
    /// Its place, as callers name it.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor::behind(List::PollEntries, self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_readers_are_short_and_plain() {
        for good in [
            "default",
            "worker-1",
            "a.b_c",
            &"x".repeat(READER_CHARS_MAX),
        ] {
            assert_eq!(ReaderName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "a/b", "ä", &"x".repeat(READER_CHARS_MAX + 1)] {
            assert!(ReaderName::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(ReaderName::parse("default").unwrap(), ReaderName::default());
    }
}

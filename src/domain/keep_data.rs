//! How long a workspace keeps what its events carry.
//!
//! Owns: the three forms. Refuses: erasing; that is done a little at a time behind what is delivered.

use std::time::Duration;

use super::time::{format_duration, parse_duration};

/// The shortest time that data may be kept for.
const KEEP_MIN: Duration = Duration::from_secs(1);

/// How long the data of a workspace's events is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepData {
    /// As long as the events themselves.
    #[default]
    Retention,
    /// Until everybody has it who should get it.
    UntilDelivered,
    /// So long after the event was accepted, but not while a delivery of it waits.
    For(Duration),
}

/// Reads for how long data is to be kept.
///
/// # Errors
/// What it must be.
pub fn parse_kept(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        long if long >= KEEP_MIN => Ok(long),
        _ => Err("must be at least 1s".to_owned()),
    }
}

impl KeepData {
    /// Reads `retention`, `until_delivered` or a duration.
    ///
    /// # Errors
    /// What it must be.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "retention" => Ok(Self::Retention),
            "until_delivered" => Ok(Self::UntilDelivered),
            text => match parse_duration(text) {
                Ok(long) if long >= KEEP_MIN => Ok(Self::For(long)),
                Ok(_) => Err("must be at least 1s".to_owned()),
                Err(_) => Err(
                    "must be \"retention\", \"until_delivered\", or a duration such as \"24h\""
                        .to_owned(),
                ),
            },
        }
    }

    /// The word of the API.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Retention => "retention".to_owned(),
            Self::UntilDelivered => "until_delivered".to_owned(),
            Self::For(long) => format_duration(long),
        }
    }

    /// What the database holds: nothing, 0, or milliseconds.
    #[must_use]
    pub fn code(self) -> Option<i64> {
        match self {
            Self::Retention => None,
            Self::UntilDelivered => Some(0),
            Self::For(long) => Some(i64::try_from(long.as_millis()).unwrap_or(i64::MAX)),
        }
    }

    /// Reads it back.
    #[must_use]
    pub fn from_code(code: Option<i64>) -> Self {
        match code.map(u64::try_from) {
            None | Some(Err(_)) => Self::Retention,
            Some(Ok(0)) => Self::UntilDelivered,
            Some(Ok(ms)) => Self::For(Duration::from_millis(ms)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_word_or_a_duration_and_reads_back_as_it_was() {
        for text in ["retention", "until_delivered", "24h", "90m", "1s"] {
            let read = KeepData::parse(text).unwrap();
            assert_eq!(KeepData::from_code(read.code()), read, "{text}");
            assert_eq!(KeepData::parse(&read.text()), Ok(read));
        }
        for wrong in ["", "0s", "10ms", "forever", "-1s"] {
            assert!(KeepData::parse(wrong).is_err(), "{wrong}");
        }
    }
}

//! Which deliveries a list shows or a job works off.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::job_part::JobPart;
use super::status::Status;
use crate::domain::event_type::Pattern;
use crate::domain::outcome::FailureKind;
use crate::domain::time::Timestamp;

/// All deliveries, or the dead letters among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeliveryScope {
    /// All.
    #[default]
    All,
    /// All but those that a person discarded.
    Undiscarded,
    /// Exhausted ones that nobody has discarded.
    DeadLetters,
    /// Exhausted ones that a person discarded.
    Discarded,
}

/// Which tests a list of deliveries shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestsShown {
    /// All.
    #[default]
    All,
    /// Those that did not fail: no rate of successes counts the others.
    Counted,
}

/// What must hold of the event that a delivery carries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedFilter {
    /// One of these types; empty means any.
    pub types: Vec<String>,
    /// It was said in this channel.
    pub channel: Option<String>,
    /// It has this tag.
    pub tag: Option<String>,
}

impl CarriedFilter {
    /// The same for a filter; `None` where nothing must hold.
    #[must_use]
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

/// Which deliveries a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// The workspace they belong to.
    pub workspace_seq: i64,
    /// Only to webhooks of this consumer.
    pub consumer_seq: Option<i64>,
    /// All, or dead letters only.
    pub scope: DeliveryScope,
    /// Only to this webhook.
    pub webhook_seq: Option<i64>,
    /// Only of this event.
    pub event_seq: Option<i64>,
    /// Only those that this job was the last to touch.
    pub job_seq: Option<i64>,
    /// Only of this part of what the job put in line.
    pub job_part: Option<JobPart>,
    /// Only of event types that fit.
    pub event_type: Option<Pattern>,
    /// Only of events of which this holds.
    pub carried: Option<Box<CarriedFilter>>,
    /// Only with this result of the last attempt.
    pub result: Option<LastResult>,
    /// Only in the wire profile of this name, whichever version.
    pub profile: Option<String>,
    /// Only in one of these states; empty means any.
    pub statuses: Vec<Status>,
    /// Only made at or after this instant.
    pub since: Option<Timestamp>,
    /// Only made before this instant.
    pub until: Option<Timestamp>,
    /// Only those that came to their end at or after this instant, without failed tests: what the sums
    /// of a period count.
    pub ended_since: Option<Timestamp>,
    /// Which tests are shown.
    pub tests: TestsShown,
}

/// Which attempts a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttemptFilter {
    /// Only of these deliveries.
    pub deliveries: DeliveryFilter,
    /// Only what came to this.
    pub outcome: Option<AttemptOutcome>,
    /// Only answers of this hundred; 0 is no answer.
    pub status_class: Option<u16>,
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It was delivered.
    Delivered,
    /// It failed.
    Failed,
}

/// What came of a delivery's last attempt, as filters name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum LastResult {
    /// This status code.
    Code(u16),
    /// A status code of this hundred.
    Class(u16),
    /// This kind of failure.
    Failure(FailureKind),
}

impl LastResult {
    /// Reads `503`, `5xx` or an error kind.
    ///
    /// # Errors
    /// A sentence for the caller that says which forms there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some(kind) = FailureKind::parse(text) {
            return Ok(Self::Failure(kind));
        }
        let code = |text: &str, low, high| {
            let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let code = text.parse().ok().filter(|_| is_digits);
            code.filter(|code| (low..=high).contains(code))
        };
        let class = text.strip_suffix("xx").and_then(|class| code(class, 1, 5));
        let found = class.map(Self::Class);
        let found = found.or_else(|| code(text, 100, 599).map(Self::Code));
        found.ok_or_else(|| {
            let kinds = FailureKind::ALL.map(FailureKind::as_str).join(", ");
            format!("must be a status code such as 503, a class such as 5xx, or {kinds}")
        })
    }

    /// Whether a last attempt with this status code and failure fits.
    #[must_use]
    pub fn fits(self, status_code: Option<u16>, failure: Option<FailureKind>) -> bool {
        match self {
            Self::Code(code) => status_code == Some(code),
            Self::Class(class) => status_code.is_some_and(|code| code / 100 == class),
            Self::Failure(kind) => failure == Some(kind),
        }
    }
}

impl TryFrom<String> for LastResult {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<LastResult> for String {
    fn from(result: LastResult) -> Self {
        result.to_string()
    }
}

impl fmt::Display for LastResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Class(class) => write!(f, "{class}xx"),
            Self::Failure(kind) => f.write_str(kind.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, fitting: &[(Option<u16>, Option<FailureKind>)]) {
        let result = LastResult::parse(text).unwrap();
        assert_eq!(result.to_string(), text);
        let tried = [
            (None, None),
            (Some(200), None),
            (Some(503), Some(FailureKind::Status)),
            (Some(504), Some(FailureKind::Status)),
            (Some(302), Some(FailureKind::Redirect)),
            (None, Some(FailureKind::Timeout)),
        ];
        let found: Vec<_> = tried
            .into_iter()
            .filter(|(code, failure)| result.fits(*code, *failure))
            .collect();
        assert_eq!(found, fitting, "{text}");
    }

    #[test]
    fn a_result_is_a_code_a_class_or_an_error_kind() {
        check("503", &[(Some(503), Some(FailureKind::Status))]);
        check(
            "5xx",
            &[
                (Some(503), Some(FailureKind::Status)),
                (Some(504), Some(FailureKind::Status)),
            ],
        );
        check("2xx", &[(Some(200), None)]);
        check("timeout", &[(None, Some(FailureKind::Timeout))]);
        check("redirect", &[(Some(302), Some(FailureKind::Redirect))]);
        for wrong in [
            "", "5", "600", "99", "xx", "0xx", "6xx", "+503", "50x", "Timeout", "slow",
        ] {
            let message = LastResult::parse(wrong).unwrap_err();
            assert!(
                message.contains("5xx") && message.contains("dns"),
                "{wrong}"
            );
        }
    }
}

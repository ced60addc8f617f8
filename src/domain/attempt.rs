//! Attempts: one HTTP request each, with what came back.
//!
//! Owns: the value, and how many of them a delivery may have. Refuses: what one means for its
//! delivery (`delivery::step`).

use super::id::{AttemptId, DeliveryId};
use super::outcome::FailureKind;
use super::time::Timestamp;

/// Attempts that one delivery may have; the row number has 12 bits for them.
pub const ATTEMPTS_MAX: u32 = (1 << NUMBER_BITS) - 1;

/// The lowest bits of an attempt's row number: its own number; above them is its delivery's.
pub const NUMBER_BITS: u32 = 12;

/// Why an attempt is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptTrigger {
    /// The retry policy said so.
    Schedule,
    /// A person said so.
    Manual,
    /// It is a test's only attempt.
    Test,
}

impl AttemptTrigger {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Schedule, Self::Manual, Self::Test];

    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Manual => "manual",
            Self::Test => "test",
        }
    }

    /// The number that the database holds.
    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Schedule => 0,
            Self::Manual => 1,
            Self::Test => 2,
        }
    }

    /// Reads the number back.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|trigger| trigger.code() == code)
    }
}

/// One HTTP request of a delivery.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The delivery's how-manieth it is, from 1.
    pub number: u32,
    /// Why it was made.
    pub trigger: AttemptTrigger,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// The answer's status code.
    pub status_code: Option<u16>,
    /// Why it failed.
    pub error_kind: Option<FailureKind>,
    /// Why it failed, in words.
    pub error: Option<String>,
    /// Whom it reached.
    pub remote_addr: Option<String>,
    /// Where it went.
    pub url: String,
    /// The headers as sent, credentials masked: one `name: value` a line.
    pub request_headers: String,
    /// The headers that came back, in the same form.
    pub response_headers: String,
    /// The body that came back, as far as it is kept.
    pub response_body: Option<Vec<u8>>,
    /// Whether more came back than is kept.
    pub response_truncated: bool,
}

impl Attempt {
    /// Its id.
    #[must_use]
    pub fn id(&self, delivery: DeliveryId) -> AttemptId {
        AttemptId::new(self.started_at, row_number(delivery.seq(), self.number))
    }

    /// The same without anything that its event's data could be read from: headers, answer, error.
    #[must_use]
    pub fn emptied(&self) -> Self {
        Self {
            error: None,
            request_headers: String::new(),
            response_headers: String::new(),
            response_body: None,
            response_truncated: false,
            ..self.clone()
        }
    }

    /// Why it failed, in words, also where the status code says it all; `None` after a success.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.error_kind?;
        let answered = || {
            self.status_code
                .map(|code| format!("the receiver answered {code}"))
        };
        self.error.clone().or_else(answered)
    }
}

/// The row of the delivery whose attempt has a row number.
#[must_use]
pub fn delivery_row(attempt_seq: i64) -> i64 {
    attempt_seq >> NUMBER_BITS
}

/// The row number of a delivery's attempt: attempts of a delivery lie side by side.
///
/// # Panics
/// If `number` is above [`ATTEMPTS_MAX`]: it would be the row of another delivery's attempt.
#[must_use]
pub fn row_number(delivery_seq: i64, number: u32) -> i64 {
    assert!(number <= ATTEMPTS_MAX, "a delivery has no such attempt");
    delivery_seq << NUMBER_BITS | i64::from(number)
}

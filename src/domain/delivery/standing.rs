//! What waits and what gave up, summed up by webhook and cause.

use crate::domain::id::WebhookId;
use crate::domain::outcome::FailureKind;
use crate::domain::time::Timestamp;

/// How a webhook's deliveries stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The webhook.
    pub webhook: WebhookId,
    /// Whether it was registered and not deleted; hidden targets have no page of their own.
    pub is_listed: bool,
    /// Whether it takes part; what waits for one that does not is held.
    pub is_active: bool,
    /// Deliveries that wait for their first attempt.
    pub pending: u64,
    /// Deliveries that wait for another attempt.
    pub retrying: u64,
    /// Deliveries that wait and are due; none where they are held.
    pub due_now: u64,
    /// When the next retry is due; `None` where they are held.
    pub next_attempt_at: Option<Timestamp>,
    /// Dead letters that nobody has discarded.
    pub dead_letters: u64,
}

/// What made a delivery give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The kind of its last failure.
    pub kind: Option<FailureKind>,
    /// The last answer's status code.
    pub status_code: Option<u16>,
}

/// Dead letters of one webhook with one cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LetterGroup {
    /// The webhook's row.
    pub webhook_seq: i64,
    /// The cause.
    pub cause: Cause,
    /// How many there are.
    pub letters: u64,
    /// When the first of them was made.
    pub oldest: Timestamp,
    /// When the last of them was made.
    pub newest: Timestamp,
}

//! Which deliveries a list shows or a job works off.

use super::status::Status;
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
}

/// Which deliveries a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// The workspace they belong to.
    pub workspace_seq: i64,
    /// All, or dead letters only.
    pub which: DeliveryScope,
    /// Only to this webhook.
    pub webhook_seq: Option<i64>,
    /// Only of this event.
    pub event_seq: Option<i64>,
    /// Only of this event type.
    pub event_type: Option<String>,
    /// Only in the wire profile of this name, whichever version.
    pub profile: Option<String>,
    /// Only in one of these states; empty means any.
    pub statuses: Vec<Status>,
    /// Only made at or after this instant.
    pub since: Option<Timestamp>,
    /// Only made before this instant.
    pub until: Option<Timestamp>,
}

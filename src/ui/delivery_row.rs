//! A delivery as a line of a list.
//!
//! Owns: what a line says, in words. Refuses: where it leads; each audience has pages of its own.

use super::names::{Names, called_by};
use super::parts::{Ago, Badge, Due, took};
use crate::domain::delivery::{Delivery, Status, Trigger};
use crate::domain::webhook::Webhook;

/// The most characters of a name in a menu.
const CHOICE_CHARS: usize = 40;

/// A line of a list of deliveries.
#[derive(Clone, Debug)]
pub struct Row {
    /// The delivery's id.
    pub id: String,
    /// Where it stands.
    pub badge: Badge,
    /// Its event's type.
    pub event_type: String,
    /// Why it exists, where that is worth a word.
    pub origin: &'static str,
    /// What its webhook is called.
    pub webhook: String,
    /// What came of the last attempt.
    pub outcome: String,
    /// Whether that was a failure.
    pub failed: bool,
    /// Attempts made, and how many there may be.
    pub attempts: String,
    /// How long the last one took.
    pub took: String,
    /// When the next one is made.
    pub next: Option<Due>,
    /// When it was made.
    pub made: Ago,
    /// What a person may ask for.
    pub retry: Option<&'static str>,
}

/// The statuses that a list is narrowed to, in the order of their tabs; the first means any.
const STATUSES: [&str; 7] = [
    "",
    "scheduled",
    "pending",
    "retrying",
    "delivered",
    "exhausted",
    "canceled",
];

/// A tab for each status: where it leads, what it says, and whether it is the one that is open.
#[must_use]
pub fn status_tabs(
    open: &str,
    address: impl Fn(&str) -> String,
) -> Vec<(String, &'static str, bool)> {
    let tab = |status: &'static str| {
        let word = if status.is_empty() { "all" } else { status };
        (address(status), word, open == status)
    };
    STATUSES.into_iter().map(tab).collect()
}

impl Row {
    /// The lines of a list.
    #[must_use]
    pub fn all<'a>(deliveries: impl IntoIterator<Item = &'a Delivery>, names: &Names) -> Vec<Self> {
        let line = |delivery| Self::of(delivery, names);
        deliveries.into_iter().map(line).collect()
    }

    /// The line of a delivery.
    #[must_use]
    pub fn of(delivery: &Delivery, names: &Names) -> Self {
        let progress = &delivery.progress;
        Self {
            id: delivery.id.to_string(),
            badge: Badge::delivery(progress.status),
            event_type: delivery.event_type.clone(),
            origin: origin(delivery.trigger),
            webhook: short(&names.called(delivery.webhook.seq())),
            outcome: outcome(delivery),
            failed: delivery.last_error_kind.is_some(),
            attempts: format!("{} / {}", progress.attempt_count, delivery.max_attempts),
            took: delivery.last_duration_ms.map(took).unwrap_or_default(),
            next: delivery.next_attempt_at().map(Due),
            made: Ago(delivery.created_at),
            retry: retry_word(delivery),
        }
    }
}

/// The word of the button that makes one more attempt, where one may be made.
#[must_use]
pub fn retry_word(delivery: &Delivery) -> Option<&'static str> {
    match (delivery.trigger, delivery.progress.status) {
        (Trigger::Test | Trigger::Alert, _) | (_, Status::Pending) => None,
        (_, Status::Scheduled) => Some("Send now"),
        (_, Status::Delivered) => Some("Send again"),
        (_, Status::Retrying | Status::Exhausted | Status::Canceled) => Some("Retry now"),
    }
}

fn origin(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Event => "",
        Trigger::Test => "test",
        Trigger::Replay => "replay",
        Trigger::Alert => "alert",
    }
}

/// The last answer: a status code, or the word for why there was none.
#[must_use]
pub fn outcome(delivery: &Delivery) -> String {
    match (delivery.last_status_code, delivery.last_error_kind) {
        (Some(code), _) => code.to_string(),
        (None, Some(kind)) => kind.as_str().to_owned(),
        (None, None) => String::new(),
    }
}

/// As much of a name as a menu or row has room for.
#[must_use]
pub fn short(name: &str) -> String {
    if name.chars().count() <= CHOICE_CHARS {
        return name.to_owned();
    }
    let mut cut: String = name.chars().take(CHOICE_CHARS - 1).collect();
    cut.push('…');
    cut
}

/// What a webhook is called.
#[must_use]
pub fn webhook_called(webhook: &Webhook) -> String {
    called_by(&webhook.settings.label, &webhook.settings.url)
}

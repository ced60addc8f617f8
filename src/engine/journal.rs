//! What the log says of attempts.
//!
//! Owns: a line for each failed attempt and each delivery that gave up, and how many of them a webhook
//! may have. Refuses: payloads, secrets and URLs; ids, statuses and kinds of failure say what broke.
//!
//! # Why lines are limited by webhook
//! A receiver that is down fails as fast as its lane goes. Its first lines say what there is to say;
//! thousands more would bury those of others. What was left out is counted in the next line.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::breaker::DisabledReason;
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::outcome::FailureKind;
use crate::domain::time::Timestamp;

/// Lines of one kind that a webhook may have in a window.
const LINES_MAX: u32 = 5;
/// How long a window is.
const WINDOW: Duration = Duration::from_secs(60);
/// Windows that are remembered; with more, the oldest ones begin anew.
const WINDOWS_MAX: usize = 20_000;

/// What came of an attempt, as far as the log tells it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) webhook: Option<WebhookId>,
    pub(super) delivery: DeliveryId,
    pub(super) attempt: u32,
    pub(super) failure: Option<FailureKind>,
    pub(super) status: Option<u16>,
    pub(super) duration_ms: u32,
    pub(super) outcome: Outcome,
    pub(super) disabled: Option<DisabledReason>,
}

impl Line {
    /// Whether anybody would read it.
    pub(super) fn is_worth_a_word(&self) -> bool {
        let is_news = self.failure.is_some() || self.disabled.is_some();
        is_news || tracing::enabled!(tracing::Level::DEBUG)
    }
}

/// What became of the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    /// It goes on, or had ended before.
    Unchanged,
    /// It gave up just now.
    GaveUp,
}

/// Says what is to be said, and remembers how much was.
#[derive(Debug, Default)]
pub(super) struct Journal {
    windows: Mutex<HashMap<(i64, Outcome), Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began_at: Timestamp,
    lines: u32,
    left_out: u64,
}

impl Journal {
    /// Tells of an attempt that was recorded.
    pub(super) fn attempted(&self, webhook_seq: i64, line: &Line, now: Timestamp) {
        let webhook = line.webhook.map(tracing::field::display);
        if let Some(reason) = line.disabled {
            tracing::info!(webhook, reason = reason.as_str(), "a webhook was disabled");
        }
        let Line {
            delivery,
            attempt,
            status,
            duration_ms,
            ..
        } = *line;
        let Some(failure) = line.failure.map(FailureKind::as_str) else {
            tracing::debug!(webhook, %delivery, attempt, status, duration_ms, "delivered");
            return;
        };
        match (self.admit(webhook_seq, line.outcome, now), line.outcome) {
            (Some(left_out), Outcome::Unchanged) => tracing::info!(
                webhook, %delivery, attempt, failure, status, duration_ms, left_out,
                "an attempt failed"
            ),
            (Some(left_out), Outcome::GaveUp) => tracing::info!(
                webhook, %delivery, attempt, failure, status, duration_ms, left_out,
                "a delivery gave up"
            ),
            (None, _) => {
                tracing::debug!(webhook, %delivery, attempt, failure, status, duration_ms, "failed");
            }
        }
    }

    /// How many lines were left out since the last one; `None` where this is left out too.
    fn admit(&self, webhook_seq: i64, outcome: Outcome, now: Timestamp) -> Option<u64> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= WINDOWS_MAX && !windows.contains_key(&(webhook_seq, outcome)) {
            windows.retain(|_, window| now.apart(window.began_at) < WINDOW);
            if windows.len() >= WINDOWS_MAX {
                windows.clear();
            }
        }
        let fresh = Window {
            began_at: now,
            lines: 0,
            left_out: 0,
        };
        let window = windows.entry((webhook_seq, outcome)).or_insert(fresh);
        if now.apart(window.began_at) >= WINDOW {
            window.began_at = now;
            window.lines = 0;
        }
        if window.lines >= LINES_MAX {
            window.left_out += 1;
            return None;
        }
        window.lines += 1;
        Some(std::mem::take(&mut window.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_millis(0).after(Duration::from_secs(1_000_000 + second))
    }

    #[test]
    fn a_webhook_has_a_few_lines_a_minute_and_the_next_one_counts_what_was_left_out() {
        let journal = Journal::default();
        for second in 0..5 {
            assert_eq!(journal.admit(1, Outcome::Unchanged, at(second)), Some(0));
        }
        for second in 5..12 {
            assert_eq!(journal.admit(1, Outcome::Unchanged, at(second)), None);
        }
        assert_eq!(journal.admit(2, Outcome::Unchanged, at(12)), Some(0));
        assert_eq!(journal.admit(1, Outcome::GaveUp, at(12)), Some(0));
        assert_eq!(journal.admit(1, Outcome::Unchanged, at(61)), Some(7));
        assert_eq!(journal.admit(1, Outcome::Unchanged, at(62)), Some(0));
    }

    #[test]
    fn a_clock_that_is_set_back_silences_nobody_for_long() {
        let journal = Journal::default();
        for _ in 0..6 {
            journal.admit(1, Outcome::Unchanged, at(100_000));
        }
        assert_eq!(journal.admit(1, Outcome::Unchanged, at(0)), Some(1));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let journal = Journal::default();
        for webhook in 0..2 * i64::try_from(WINDOWS_MAX).unwrap() {
            journal.admit(webhook, Outcome::Unchanged, at(0));
        }
        assert!(journal.windows.lock().unwrap().len() <= WINDOWS_MAX);
    }
}

//! What the log says of attempts.
//!
//! Owns: a line for each failed attempt, each delivery that gave up and each recovery, and how many of them
//! a webhook may have. Refuses: payloads, secrets and URLs; ids, statuses and kinds of failure say what broke.
//!
//! # Why lines are limited by webhook
//! A receiver that is down fails as fast as its lane goes. Its first lines say what there is to say;
//! thousands more would bury those of others. What was left out is counted in the next line: of another
//! failure, of the recovery, or of what ended the failing; else in one of its own once the window is over.

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
    pub(super) recovered: Option<u32>,
}

impl Line {
    /// Whether anybody would read it.
    pub(super) fn is_worth_a_word(&self) -> bool {
        let is_news = self.failure.is_some() || self.disabled.is_some() || self.recovered.is_some();
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

/// Of what kind a line is; each has its own window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum LineKind {
    Failed,
    GaveUp,
    Recovered,
}

/// Says what is to be said, and remembers how much was.
#[derive(Debug, Default)]
pub(super) struct Journal {
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    windows: HashMap<(i64, LineKind), Window>,
    /// When windows that are over were last looked for.
    swept_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    webhook: Option<WebhookId>,
    began_at: Timestamp,
    lines: u32,
    left_out: u64,
}

impl Journal {
    /// Tells of an attempt that was recorded.
    pub(super) fn attempted(&self, webhook_seq: i64, line: &Line, now: Timestamp) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        for (webhook, left_out) in said.sweep(now) {
            let webhook = webhook.map(tracing::field::display);
            tracing::info!(webhook, left_out, "more attempts failed");
        }
        let webhook = line.webhook.map(tracing::field::display);
        let Line {
            delivery,
            attempt,
            status,
            duration_ms,
            ..
        } = *line;
        if let Some(failure) = line.failure.map(FailureKind::as_str) {
            let kind = match line.outcome {
                Outcome::Unchanged => LineKind::Failed,
                Outcome::GaveUp => LineKind::GaveUp,
            };
            match (
                said.admit(webhook_seq, kind, line.webhook, now),
                line.outcome,
            ) {
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
        } else {
            tracing::debug!(webhook, %delivery, attempt, status, duration_ms, "delivered");
        }
        if let Some(failures) = line.recovered
            && said
                .admit(webhook_seq, LineKind::Recovered, line.webhook, now)
                .is_some()
        {
            let left_out = said.take_left_out(webhook_seq);
            tracing::info!(webhook, failures, left_out, "a webhook recovered");
        }
        if let Some(reason) = line.disabled {
            let left_out = said.take_left_out(webhook_seq);
            tracing::info!(
                webhook,
                reason = reason.as_str(),
                left_out,
                "a webhook was disabled"
            );
        }
    }
}

impl Said {
    /// How many lines were left out since the last one; `None` where this is left out too.
    fn admit(
        &mut self,
        webhook_seq: i64,
        kind: LineKind,
        webhook: Option<WebhookId>,
        now: Timestamp,
    ) -> Option<u64> {
        let windows = &mut self.windows;
        if windows.len() >= WINDOWS_MAX && !windows.contains_key(&(webhook_seq, kind)) {
            windows.retain(|_, window| !window.is_over(now));
            if windows.len() >= WINDOWS_MAX {
                windows.clear();
            }
        }
        let fresh = Window {
            webhook,
            began_at: now,
            lines: 0,
            left_out: 0,
        };
        let window = windows.entry((webhook_seq, kind)).or_insert(fresh);
        if window.is_over(now) {
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

    /// How many lines about failures of a webhook were left out and not counted yet.
    fn take_left_out(&mut self, webhook_seq: i64) -> u64 {
        let kinds = [LineKind::Failed, LineKind::GaveUp];
        let left_out = kinds.map(|kind| {
            let window = self.windows.get_mut(&(webhook_seq, kind));
            window.map_or(0, |window| std::mem::take(&mut window.left_out))
        });
        left_out.iter().sum()
    }

    /// What was left out in windows that are over and that no line counted; looked for once a window.
    fn sweep(&mut self, now: Timestamp) -> Vec<(Option<WebhookId>, u64)> {
        if self.swept_at.is_some_and(|at| now.apart(at) < WINDOW) {
            return Vec::new();
        }
        self.swept_at = Some(now);
        let over = self.windows.iter_mut();
        let over = over.filter(|((_, kind), own)| own.is_over(now) && *kind != LineKind::Recovered);
        let untold = over.map(|(_, own)| (own.webhook, std::mem::take(&mut own.left_out)));
        let untold = untold.filter(|(_, left_out)| *left_out > 0).collect();
        self.windows.retain(|_, own| !own.is_over(now));
        untold
    }
}

impl Window {
    fn is_over(&self, now: Timestamp) -> bool {
        now.apart(self.began_at) >= WINDOW
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
        let mut said = Said::default();
        let mut admit = |seq, kind, second| said.admit(seq, kind, None, at(second));
        for second in 0..5 {
            assert_eq!(admit(1, LineKind::Failed, second), Some(0));
        }
        for second in 5..12 {
            assert_eq!(admit(1, LineKind::Failed, second), None);
        }
        assert_eq!(admit(2, LineKind::Failed, 12), Some(0));
        assert_eq!(admit(1, LineKind::GaveUp, 12), Some(0));
        assert_eq!(admit(1, LineKind::Failed, 61), Some(7));
        assert_eq!(admit(1, LineKind::Failed, 62), Some(0));
    }

    #[test]
    fn what_was_left_out_is_told_once_with_the_recovery_or_after_the_window() {
        let mut said = Said::default();
        let fail = |said: &mut Said, seq, times| {
            for _ in 0..times {
                said.admit(seq, LineKind::Failed, None, at(1));
            }
        };
        fail(&mut said, 1, 8);
        fail(&mut said, 2, 9);
        assert!(said.sweep(at(0)).is_empty());
        assert_eq!(said.take_left_out(1), 3);
        assert_eq!(said.take_left_out(1), 0);
        // Within the window another line may still count them.
        assert!(said.sweep(at(30)).is_empty());
        assert_eq!(said.sweep(at(61)), [(None, 4)]);
        assert!(said.sweep(at(200)).is_empty());
    }

    #[test]
    fn a_clock_that_is_set_back_silences_nobody_for_long() {
        let mut said = Said::default();
        for _ in 0..6 {
            said.admit(1, LineKind::Failed, None, at(100_000));
        }
        assert_eq!(said.admit(1, LineKind::Failed, None, at(0)), Some(1));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut said = Said::default();
        for webhook in 0..2 * i64::try_from(WINDOWS_MAX).unwrap() {
            said.admit(webhook, LineKind::Failed, None, at(0));
        }
        assert!(said.windows.len() <= WINDOWS_MAX);
    }
}

//! Receivers that do not keep connections.
//!
//! Owns: remembering them for a while. Refuses: closing anything.
//!
//! # Why they are remembered
//! Some servers close after every answer without a word. Each kept connection is then dead by the
//! time it is wanted, or dies in the very moment in which a request is written into it. The request
//! is sent again, but a connection that was never kept costs less.
//!
//! # What counts
//! Connections that ended after their first answer. One that had served several was closed for
//! another reason: the receiver was deployed anew, or kept it for as long as it said.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::net::pool::ReceiverOrigin;

/// How long a receiver is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(600);
/// Receivers that are remembered at once; with more, all are forgotten.
const REMEMBERED_MAX: usize = 4096;
/// Connections in a row that ended after their first answer.
const ENDED_EARLY: u32 = 2;

#[derive(Clone, Copy, Debug)]
struct Habit {
    ended_early: u32,
    since: Instant,
}

/// The receivers, by scheme, host and port.
#[derive(Debug, Default)]
pub(super) struct Receivers(Mutex<HashMap<ReceiverOrigin, Habit>>);

impl Receivers {
    /// Whether connections to this receiver are used once.
    pub(super) fn uses_once(&self, origin: &ReceiverOrigin, now: Instant) -> bool {
        let known = self.known();
        // Nearly always, nobody is known.
        !known.is_empty()
            && known.get(origin).is_some_and(|habit| {
                habit.ended_early >= ENDED_EARLY && now.duration_since(habit.since) < REMEMBERED_FOR
            })
    }

    /// A kept connection to it had ended when it was wanted, after so many answers.
    pub(super) fn ended(&self, origin: &ReceiverOrigin, answers: u32, now: Instant) {
        if answers > 1 {
            return;
        }
        let mut known = self.known();
        if known.len() >= REMEMBERED_MAX && !known.contains_key(origin) {
            known.clear();
        }
        let habit = known.entry(origin.clone()).or_insert(Habit {
            ended_early: 0,
            since: now,
        });
        if now.duration_since(habit.since) >= REMEMBERED_FOR {
            habit.ended_early = 0;
        }
        habit.ended_early = habit.ended_early.saturating_add(1);
        habit.since = now;
    }

    /// A kept connection to it served another answer.
    pub(super) fn kept(&self, origin: &ReceiverOrigin) {
        let mut known = self.known();
        if !known.is_empty() {
            known.remove(origin);
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<ReceiverOrigin, Habit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(host: &str) -> ReceiverOrigin {
        ReceiverOrigin::new("https", host, 443)
    }

    #[test]
    fn a_receiver_is_remembered_once_two_connections_in_a_row_ended_after_one_answer() {
        let receivers = Receivers::default();
        let (own, now) = (origin("a.example"), Instant::now());
        receivers.ended(&own, 1, now);
        assert!(!receivers.uses_once(&own, now));
        receivers.kept(&own);
        receivers.ended(&own, 1, now);
        assert!(!receivers.uses_once(&own, now), "not in a row");
        receivers.ended(&own, 7, now);
        assert!(!receivers.uses_once(&own, now), "not after one answer");
        receivers.ended(&own, 1, now);
        assert!(receivers.uses_once(&own, now));
        assert!(!receivers.uses_once(&origin("b.example"), now));
        assert!(!receivers.uses_once(&own, now + REMEMBERED_FOR));
    }

    #[test]
    fn there_are_never_more_than_the_bound() {
        let receivers = Receivers::default();
        for number in 0..=REMEMBERED_MAX {
            receivers.ended(&origin(&format!("h{number}.example")), 1, Instant::now());
        }
        assert!(receivers.known().len() <= REMEMBERED_MAX);
    }
}

//! The part of a delivery that changes.
//!
//! Owns: what comes next and when. Refuses: choosing it (`step`).

use super::status::Status;
use crate::domain::attempt::AttemptTrigger;
use crate::domain::time::Timestamp;

/// What becomes of a delivery when an attempt that a person asked for fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// It had given up: its retry policy starts again from the beginning.
    Restart,
    /// It was still retrying: its schedule goes on as if nothing had happened.
    Continue(Timestamp),
    /// It had been delivered before, and stays so: a failed resend undoes nothing.
    Delivered,
}

/// When and why the next attempt is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// None is planned.
    Never,
    /// By the retry policy; a pending delivery is due from its creation, or its scheduled time, on.
    Scheduled(Timestamp),
    /// Because a person asked, at once.
    Manual {
        /// When they asked.
        at: Timestamp,
        /// What follows if it fails.
        fallback: Fallback,
    },
}

impl Next {
    /// The instant of the next attempt.
    #[must_use]
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Scheduled(at) | Self::Manual { at, .. } => Some(at),
        }
    }
}

/// The part of a delivery that changes: where it stands and what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where it stands.
    pub status: Status,
    /// Attempts made so far, all runs and triggers together.
    pub attempt_count: u32,
    /// Failures in the present run of the retry policy.
    pub failed_in_run: u32,
    /// When the present run made its first attempt.
    pub run_started_at: Option<Timestamp>,
    /// What comes next.
    pub next: Next,
}

impl Progress {
    /// A delivery just created at `now`: due at once.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            status: Status::Pending,
            attempt_count: 0,
            failed_in_run: 0,
            run_started_at: None,
            next: Next::Scheduled(now),
        }
    }

    /// A delivery that is for later: it waits until `at`.
    #[must_use]
    pub fn scheduled(at: Timestamp) -> Self {
        Self {
            status: Status::Scheduled,
            ..Self::new(at)
        }
    }

    /// Why an attempt made now would be made.
    #[must_use]
    pub fn attempt_trigger(&self) -> AttemptTrigger {
        match self.next {
            Next::Manual { .. } => AttemptTrigger::Manual,
            Next::Never | Next::Scheduled(_) => AttemptTrigger::Schedule,
        }
    }

    /// The same progress after the clock was set by `by_ms`: what waited an hour still waits an
    /// hour. What a person asked for is due at once on either clock.
    #[must_use]
    pub fn shifted(self, by_ms: i64, now: Timestamp) -> Self {
        if self.status != Status::Retrying {
            return self;
        }
        let next = match self.next {
            Next::Never => Next::Never,
            Next::Scheduled(at) => Next::Scheduled(at.shifted(by_ms)),
            Next::Manual { at, fallback } => Next::Manual {
                at: at.min(now),
                fallback: match fallback {
                    Fallback::Continue(at) => Fallback::Continue(at.shifted(by_ms)),
                    Fallback::Restart | Fallback::Delivered => fallback,
                },
            },
        };
        Self {
            run_started_at: self.run_started_at.map(|at| at.shifted(by_ms)),
            next,
            ..self
        }
    }

    pub(super) fn ended(self, status: Status) -> Self {
        Self {
            status,
            next: Next::Never,
            ..self
        }
    }
}

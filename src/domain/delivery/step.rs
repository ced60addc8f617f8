//! The delivery state machine: which input leads where.
//!
//! Owns: [`step`], the only place that chooses a delivery's next state. Refuses: performing
//! anything; the engine performs and records what `step` decided.

use super::progress::{Fallback, Next, Progress};
use super::status::Status;
use crate::domain::attempt::{ATTEMPTS_MAX, AttemptTrigger};
use crate::domain::outcome::Verdict;
use crate::domain::retry::RetryPolicy;
use crate::domain::time::Timestamp;

/// What happened to a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepInput {
    /// An attempt that started at `started_at` came to `verdict`.
    Attempted {
        /// Why the attempt was made.
        trigger: AttemptTrigger,
        /// When it started.
        started_at: Timestamp,
        /// What its answer means.
        verdict: Verdict,
    },
    /// An attempt was cut off because hookpost stopped: it says nothing of the receiver.
    CutOff,
    /// A person asks for an attempt now.
    Retry,
    /// The time has come for which it was scheduled.
    Due,
    /// A person schedules it for another time.
    Reschedule(Timestamp),
    /// A person calls it off, or its webhook was revoked or deleted.
    Cancel,
    /// Nothing of it can be sent: it carries what was not published so, or there is no body for it.
    Unsendable,
}

/// An input that makes no sense in the state it met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IllegalTransition {
    /// Only what waits can be called off.
    #[error("only a pending or retrying delivery can be canceled; this one is {}", .0.as_str())]
    NotWaiting(Status),
    /// It has had as many attempts as one delivery may have.
    #[error("this delivery has had {ATTEMPTS_MAX} attempts; replay its event instead")]
    NoAttemptLeft,
    /// Only what waits for its time can be given another one.
    #[error("only a scheduled delivery can be rescheduled; this one is {}", .0.as_str())]
    NotScheduled(Status),
    /// A test is one attempt and no more.
    #[error("a test is never retried; send another test instead")]
    TestIsFinal,
}

/// Chooses the next state. `policy` is the webhook's retry policy, `spread` in `0.0..1.0` is the
/// entropy for jitter. The attempt of a test exhausts it on failure.
///
/// # Errors
/// [`IllegalTransition`] where the input makes no sense in this state; nothing changes then.
pub fn step(
    progress: Progress,
    input: StepInput,
    policy: &RetryPolicy,
    now: Timestamp,
    spread: f64,
) -> Result<Progress, IllegalTransition> {
    match input {
        StepInput::Attempted {
            trigger,
            started_at,
            verdict,
        } => {
            let counted = Progress {
                attempt_count: progress.attempt_count + 1,
                ..progress
            };
            let next = attempted(counted, trigger, started_at, verdict, policy, now, spread);
            Ok(within_bound(next))
        }
        StepInput::CutOff => Ok(within_bound(cut_off(progress, now))),
        StepInput::Retry if progress.attempt_count >= ATTEMPTS_MAX => {
            Err(IllegalTransition::NoAttemptLeft)
        }
        StepInput::Retry => Ok(retried(progress, now)),
        StepInput::Due | StepInput::Reschedule(_) if progress.status != Status::Scheduled => {
            Err(IllegalTransition::NotScheduled(progress.status))
        }
        StepInput::Due => Ok(Progress {
            status: Status::Pending,
            ..progress
        }),
        StepInput::Reschedule(at) => Ok(Progress::scheduled(at)),
        StepInput::Cancel if progress.status.is_waiting() => Ok(called_off(progress)),
        StepInput::Unsendable if progress.status.is_waiting() => Ok(gave_up(progress)),
        StepInput::Cancel | StepInput::Unsendable => {
            Err(IllegalTransition::NotWaiting(progress.status))
        }
    }
}

/// Whatever its schedule says, a delivery gives up after the last attempt that it may have.
fn within_bound(progress: Progress) -> Progress {
    if progress.status.is_waiting() && progress.attempt_count >= ATTEMPTS_MAX {
        gave_up(progress)
    } else {
        progress
    }
}

fn attempted(
    progress: Progress,
    trigger: AttemptTrigger,
    started_at: Timestamp,
    verdict: Verdict,
    policy: &RetryPolicy,
    now: Timestamp,
    spread: f64,
) -> Progress {
    match (verdict, progress.status) {
        // What a receiver took is delivered, even if somebody called it off meanwhile.
        (Verdict::Delivered, _) => progress.ended(Status::Delivered),
        (_, Status::Delivered | Status::Exhausted | Status::Canceled) => progress,
        (Verdict::Gone, Status::Scheduled | Status::Pending | Status::Retrying) => {
            gave_up(progress)
        }
        (
            Verdict::Failed {
                retry_after,
                status,
                ..
            },
            Status::Scheduled | Status::Pending | Status::Retrying,
        ) => {
            let is_permanent = status.is_some_and(|status| policy.rules().is_permanent(status));
            match (trigger, progress.next) {
                (AttemptTrigger::Test, _) => progress.ended(Status::Exhausted),
                (
                    _,
                    Next::Manual {
                        fallback: Fallback::Delivered,
                        ..
                    },
                ) => progress.ended(Status::Delivered),
                (
                    _,
                    Next::Manual {
                        fallback: Fallback::Continue(at),
                        ..
                    },
                ) => Progress {
                    next: Next::Scheduled(at),
                    ..progress
                },
                (
                    _,
                    Next::Manual {
                        fallback: Fallback::Restart,
                        ..
                    },
                )
                | (_, Next::Never | Next::Scheduled(_))
                    if is_permanent =>
                {
                    refused(progress, started_at)
                }
                (
                    _,
                    Next::Manual {
                        fallback: Fallback::Restart,
                        ..
                    },
                )
                | (_, Next::Never | Next::Scheduled(_)) => {
                    failed(progress, started_at, retry_after, policy, now, spread)
                }
            }
        }
    }
}

/// It counts as an attempt and not as a failure, and is repeated as soon as that can be.
fn cut_off(progress: Progress, now: Timestamp) -> Progress {
    let counted = Progress {
        attempt_count: progress.attempt_count + 1,
        ..progress
    };
    match (counted.status, counted.next) {
        (Status::Delivered | Status::Exhausted | Status::Canceled, _)
        | (Status::Scheduled | Status::Pending | Status::Retrying, Next::Manual { .. }) => counted,
        (
            Status::Scheduled | Status::Pending | Status::Retrying,
            Next::Never | Next::Scheduled(_),
        ) => Progress {
            status: Status::Retrying,
            next: Next::Scheduled(now),
            ..counted
        },
    }
}

/// A 410 ends a delivery for good, unless an earlier attempt had delivered it.
fn gave_up(progress: Progress) -> Progress {
    match progress.next {
        Next::Manual {
            fallback: Fallback::Delivered,
            ..
        } => progress.ended(Status::Delivered),
        Next::Manual { .. } | Next::Never | Next::Scheduled(_) => progress.ended(Status::Exhausted),
    }
}

/// An answer that the policy calls permanent ends the schedule, whatever is left of it.
fn refused(progress: Progress, started_at: Timestamp) -> Progress {
    Progress {
        failed_in_run: progress.failed_in_run + 1,
        run_started_at: progress.run_started_at.or(Some(started_at)),
        ..progress.ended(Status::Exhausted)
    }
}

fn failed(
    progress: Progress,
    started_at: Timestamp,
    retry_after: Option<std::time::Duration>,
    policy: &RetryPolicy,
    now: Timestamp,
    spread: f64,
) -> Progress {
    let run_started_at = progress.run_started_at.unwrap_or(started_at);
    let failed_in_run = progress.failed_in_run + 1;
    let next = policy.next_attempt_at(failed_in_run, run_started_at, now, retry_after, spread);
    Progress {
        status: if next.is_some() {
            Status::Retrying
        } else {
            Status::Exhausted
        },
        failed_in_run,
        run_started_at: Some(run_started_at),
        next: next.map_or(Next::Never, Next::Scheduled),
        ..progress
    }
}

/// Puts a delivery back in line, at once. A pending one is due anyway and stays as it is; one that is
/// for later is due now.
fn retried(progress: Progress, now: Timestamp) -> Progress {
    let again = |fallback| Next::Manual { at: now, fallback };
    let (status, next) = match (progress.status, progress.next) {
        (Status::Pending, next) => (Status::Pending, next),
        (Status::Scheduled, _) => (Status::Pending, Next::Scheduled(now)),
        (Status::Retrying, Next::Manual { fallback, .. }) => (Status::Retrying, again(fallback)),
        (Status::Retrying, Next::Scheduled(at)) => {
            (Status::Retrying, again(Fallback::Continue(at)))
        }
        (Status::Retrying, Next::Never) | (Status::Exhausted | Status::Canceled, _) => {
            let fresh = Progress {
                failed_in_run: 0,
                run_started_at: None,
                ..progress
            };
            let next = again(Fallback::Restart);
            return Progress {
                status: Status::Retrying,
                next,
                ..fresh
            };
        }
        (Status::Delivered, _) => (Status::Retrying, again(Fallback::Delivered)),
    };
    Progress {
        status,
        next,
        ..progress
    }
}

/// A resend that is called off leaves the delivery delivered, as it was.
fn called_off(progress: Progress) -> Progress {
    match progress.next {
        Next::Manual {
            fallback: Fallback::Delivered,
            ..
        } => progress.ended(Status::Delivered),
        Next::Manual { .. } | Next::Never | Next::Scheduled(_) => progress.ended(Status::Canceled),
    }
}

#[cfg(test)]
mod tests;

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
    /// A person asks for an attempt now.
    Retry,
    /// A person calls it off, or its webhook was revoked or deleted.
    Cancel,
    /// What it carries is not what was once published: nothing of it may be sent any more.
    Damaged,
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
        StepInput::Retry if progress.attempt_count >= ATTEMPTS_MAX => {
            Err(IllegalTransition::NoAttemptLeft)
        }
        StepInput::Retry => Ok(retried(progress, now)),
        StepInput::Cancel if progress.status.is_waiting() => Ok(called_off(progress)),
        StepInput::Damaged if progress.status.is_waiting() => Ok(gave_up(progress)),
        StepInput::Cancel | StepInput::Damaged => {
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
        (Verdict::Gone, Status::Pending | Status::Retrying) => gave_up(progress),
        (Verdict::Failed { retry_after, .. }, Status::Pending | Status::Retrying) => {
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
                | (_, Next::Never | Next::Scheduled(_)) => {
                    failed(progress, started_at, retry_after, policy, now, spread)
                }
            }
        }
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

/// Puts a delivery back in line, at once. A pending one is due anyway and stays as it is.
fn retried(progress: Progress, now: Timestamp) -> Progress {
    let again = |fallback| Next::Manual { at: now, fallback };
    let (status, next) = match (progress.status, progress.next) {
        (Status::Pending, next) => (Status::Pending, next),
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
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::outcome::FailureKind;
    use crate::domain::retry::Jitter;

    const FAILED: Verdict = Verdict::Failed {
        kind: FailureKind::Status,
        retry_after: None,
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn policy() -> RetryPolicy {
        let delays = vec![Duration::from_secs(1), Duration::from_secs(5)];
        RetryPolicy::new(delays, None, None, Jitter::Off).unwrap()
    }

    fn attempt(progress: Progress, verdict: Verdict, seconds: i64) -> Progress {
        let trigger = progress.attempt_trigger();
        let input = StepInput::Attempted {
            trigger,
            started_at: at(seconds),
            verdict,
        };
        step(progress, input, &policy(), at(seconds), 0.5).unwrap()
    }

    fn exhausted() -> Progress {
        let first = attempt(Progress::new(at(0)), FAILED, 0);
        attempt(attempt(first, FAILED, 1), FAILED, 6)
    }

    fn retry(progress: Progress, seconds: i64) -> Progress {
        step(progress, StepInput::Retry, &policy(), at(seconds), 0.5).unwrap()
    }

    #[test]
    fn failures_follow_the_policy_until_it_is_exhausted() {
        let first = attempt(Progress::new(at(0)), FAILED, 0);
        assert_eq!(
            (first.status, first.next),
            (Status::Retrying, Next::Scheduled(at(1)))
        );
        let second = attempt(first, FAILED, 1);
        assert_eq!(
            (second.status, second.next),
            (Status::Retrying, Next::Scheduled(at(6)))
        );
        let third = attempt(second, FAILED, 6);
        assert_eq!((third.status, third.next), (Status::Exhausted, Next::Never));
        assert_eq!(third.attempt_count, 3);
    }

    #[test]
    fn gone_exhausts_at_once() {
        let gone = attempt(Progress::new(at(0)), Verdict::Gone, 0);
        assert_eq!((gone.status, gone.next), (Status::Exhausted, Next::Never));
    }

    #[test]
    fn a_failed_retry_of_a_dead_letter_starts_its_policy_again() {
        let again = retry(exhausted(), 100);
        assert_eq!(
            (again.status, again.next.at()),
            (Status::Retrying, Some(at(100)))
        );
        let failed = attempt(again, FAILED, 100);
        assert_eq!(
            (failed.status, failed.next),
            (Status::Retrying, Next::Scheduled(at(101)))
        );
        assert_eq!(failed.attempt_count, 4);
    }

    #[test]
    fn a_failed_manual_retry_leaves_the_automatic_schedule_alone() {
        let waiting = attempt(Progress::new(at(0)), FAILED, 0);
        let failed = attempt(retry(waiting, 0), FAILED, 0);
        assert_eq!(
            (failed.status, failed.next),
            (Status::Retrying, Next::Scheduled(at(1)))
        );
        assert_eq!(failed.failed_in_run, 1);
    }

    #[test]
    fn a_failed_resend_leaves_a_delivered_delivery_delivered() {
        let delivered = attempt(Progress::new(at(0)), Verdict::Delivered, 0);
        let failed = attempt(retry(delivered, 9), FAILED, 9);
        assert_eq!(
            (failed.status, failed.next),
            (Status::Delivered, Next::Never)
        );
        let gone = attempt(retry(delivered, 9), Verdict::Gone, 9);
        assert_eq!(gone.status, Status::Delivered);
    }

    #[test]
    fn after_its_last_attempt_a_delivery_gives_up_whatever_its_schedule_says() {
        let late = Progress {
            attempt_count: ATTEMPTS_MAX - 1,
            ..Progress::new(at(0))
        };
        let last = attempt(late, FAILED, 0);
        assert_eq!(
            (last.status, last.next, last.attempt_count),
            (Status::Exhausted, Next::Never, ATTEMPTS_MAX)
        );
        let again = step(last, StepInput::Retry, &policy(), at(1), 0.5);
        assert_eq!(again, Err(IllegalTransition::NoAttemptLeft));
    }

    #[test]
    fn a_failed_test_is_never_retried() {
        let input = StepInput::Attempted {
            trigger: AttemptTrigger::Test,
            started_at: at(0),
            verdict: FAILED,
        };
        let tested = step(Progress::new(at(0)), input, &policy(), at(0), 0.5).unwrap();
        assert_eq!(
            (tested.status, tested.next),
            (Status::Exhausted, Next::Never)
        );
    }

    #[test]
    fn on_a_clock_that_was_set_a_schedule_goes_on_as_it_was() {
        let waiting = attempt(Progress::new(at(1000)), FAILED, 1000);
        for by in [-500, 500] {
            let shifted = waiting.shifted(by * 1000, at(1000 + by));
            assert_eq!(shifted.next, Next::Scheduled(at(1001 + by)));
            assert_eq!(shifted.run_started_at, Some(at(1000 + by)));
            let asked = retry(waiting, 1000).shifted(by * 1000, at(1000 + by));
            let expect = Next::Manual {
                at: at(1000.min(1000 + by)),
                fallback: Fallback::Continue(at(1001 + by)),
            };
            assert_eq!(asked.next, expect);
        }
        assert_eq!(exhausted().shifted(5, at(9)), exhausted());
    }

    #[test]
    fn only_what_waits_can_be_canceled() {
        let canceled = step(
            Progress::new(at(0)),
            StepInput::Cancel,
            &policy(),
            at(1),
            0.5,
        )
        .unwrap();
        assert_eq!(canceled.status, Status::Canceled);
        let refused = step(exhausted(), StepInput::Cancel, &policy(), at(9), 0.5);
        assert_eq!(
            refused,
            Err(IllegalTransition::NotWaiting(Status::Exhausted))
        );
    }

    #[test]
    fn an_attempt_that_ends_after_a_cancel_counts_only_if_it_delivered() {
        let canceled = step(
            Progress::new(at(0)),
            StepInput::Cancel,
            &policy(),
            at(1),
            0.5,
        )
        .unwrap();
        assert_eq!(attempt(canceled, FAILED, 2).status, Status::Canceled);
        assert_eq!(
            attempt(canceled, Verdict::Delivered, 2).status,
            Status::Delivered
        );
    }

    proptest! {
        #[test]
        fn whatever_happens_a_waiting_delivery_has_a_next_attempt_and_an_ended_one_has_none(
            inputs in proptest::collection::vec(0_u8..5, 0..60),
        ) {
            let mut progress = Progress::new(at(0));
            for (second, input) in (1_i64..).zip(inputs) {
                let verdict = [Verdict::Delivered, FAILED, Verdict::Gone];
                progress = match input {
                    0..=2 if progress.status.is_waiting() => {
                        attempt(progress, verdict[usize::from(input)], second)
                    }
                    3 => retry(progress, second),
                    _ => step(progress, StepInput::Cancel, &policy(), at(second), 0.5)
                        .unwrap_or(progress),
                };
                prop_assert_eq!(progress.status.is_waiting(), progress.next.at().is_some());
            }
        }
    }
}

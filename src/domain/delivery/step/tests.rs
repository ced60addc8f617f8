//! Proofs of `step`.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::domain::outcome::FailureKind;
use crate::domain::retry::Jitter;
use crate::domain::status_rules::StatusRules;

const FAILED: Verdict = Verdict::Failed {
    kind: FailureKind::Status,
    retry_after: None,
    status: None,
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
fn an_answer_that_is_permanent_ends_the_schedule_at_once_and_no_other_does() {
    let rules = StatusRules::parse(&["4xx"], &[]).unwrap();
    let policy = policy().with_rules(rules);
    let answered = |progress: Progress, status: Option<u16>| {
        let input = StepInput::Attempted {
            trigger: progress.attempt_trigger(),
            started_at: at(0),
            verdict: Verdict::Failed {
                kind: FailureKind::Status,
                retry_after: None,
                status,
            },
        };
        step(progress, input, &policy, at(0), 0.5).unwrap()
    };
    let new = Progress::new(at(0));
    let ended = answered(new, Some(404));
    assert_eq!((ended.status, ended.next), (Status::Exhausted, Next::Never));
    assert_eq!((ended.attempt_count, ended.failed_in_run), (1, 1));
    for status in [None, Some(429), Some(500)] {
        assert_eq!(answered(new, status).status, Status::Retrying);
    }
    // Put back by a person, it ends at once again; a resend stays delivered, a schedule goes on.
    let again = retry(ended, 1);
    assert_eq!(answered(again, Some(404)).status, Status::Exhausted);
    let delivered = attempt(new, Verdict::Delivered, 0);
    let resent = retry(delivered, 1);
    assert_eq!(answered(resent, Some(404)).status, Status::Delivered);
    let hurried = retry(answered(new, Some(500)), 0);
    let after = answered(hurried, Some(404));
    assert_eq!(
        (after.status, after.next),
        (Status::Retrying, Next::Scheduled(at(1)))
    );
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

/// A delivery that was called off before its first attempt.
fn canceled() -> Progress {
    let new = Progress::new(at(0));
    step(new, StepInput::Cancel, &policy(), at(1), 0.5).unwrap()
}

#[test]
fn only_what_waits_can_be_canceled() {
    assert_eq!(canceled().status, Status::Canceled);
    let refused = step(exhausted(), StepInput::Cancel, &policy(), at(9), 0.5);
    assert_eq!(
        refused,
        Err(IllegalTransition::NotWaiting(Status::Exhausted))
    );
}

#[test]
fn an_attempt_that_ends_after_a_cancel_counts_only_if_it_delivered() {
    let canceled = canceled();
    assert_eq!(attempt(canceled, FAILED, 2).status, Status::Canceled);
    assert_eq!(
        attempt(canceled, Verdict::Delivered, 2).status,
        Status::Delivered
    );
}

#[test]
fn an_attempt_that_is_cut_off_counts_as_one_and_is_repeated_at_once_without_blame() {
    let cut_off = |progress| step(progress, StepInput::CutOff, &policy(), at(100), 0.5).unwrap();
    let pending = cut_off(Progress::new(at(0)));
    let again = Next::Scheduled(at(100));
    assert_eq!((pending.status, pending.next), (Status::Retrying, again));
    assert_eq!((pending.attempt_count, pending.failed_in_run), (1, 0));
    // Its policy begins with the first attempt that is heard of.
    let failed = attempt(pending, FAILED, 200);
    assert_eq!(failed.next, Next::Scheduled(at(201)));
    let retrying = cut_off(attempt(Progress::new(at(0)), FAILED, 0));
    assert_eq!((retrying.next, retrying.failed_in_run), (again, 1));
    // What a person asked for is asked for still, and what is over stays over.
    let manual = retry(exhausted(), 50);
    assert_eq!(cut_off(manual).next, manual.next);
    let delivered = attempt(Progress::new(at(0)), Verdict::Delivered, 0);
    assert_eq!(cut_off(delivered).status, Status::Delivered);
}

proptest! {
    #[test]
    fn whatever_happens_a_waiting_delivery_has_a_next_attempt_and_an_ended_one_has_none(
        inputs in proptest::collection::vec(0_u8..6, 0..60),
    ) {
        let mut progress = Progress::new(at(0));
        for (second, input) in (1_i64..).zip(inputs) {
            let verdict = [Verdict::Delivered, FAILED, Verdict::Gone];
            progress = match input {
                0..=2 if progress.status.is_waiting() => {
                    attempt(progress, verdict[usize::from(input)], second)
                }
                3 => retry(progress, second),
                4 => step(progress, StepInput::CutOff, &policy(), at(second), 0.5).unwrap(),
                _ => step(progress, StepInput::Cancel, &policy(), at(second), 0.5)
                    .unwrap_or(progress),
            };
            prop_assert_eq!(progress.status.is_waiting(), progress.next.at().is_some());
        }
    }
}

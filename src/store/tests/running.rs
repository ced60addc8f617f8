//! Jobs that share a transaction, and what becomes of the others where one of them fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{BoxFuture, join_all};

use super::full::{add, hold_up};
use super::samples::{office, webhook};
use super::{Fixture, event_count, fixture};
use crate::domain::breaker::{DisabledReason, Health};
use crate::domain::webhook::{WebhookKind, WebhookState};
use crate::store::*;

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    /// Adds an event.
    Adds,
    /// Adds an event, and can do so once.
    AddsOnce,
    /// Refuses before it has written anything.
    Refuses,
    /// Refuses after it added an event.
    Fails,
    /// Ends with a bug after it added an event.
    Panics,
}

fn take(course: Course, tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    if course == Course::Refuses {
        return Err(StoreError::Overloaded);
    }
    add(tx, 10)?;
    match course {
        Course::Adds | Course::AddsOnce => Ok(()),
        Course::Refuses | Course::Fails => Err(StoreError::Overloaded),
        Course::Panics => panic!("a bug in a job"),
    }
}

/// Runs jobs in one transaction; together they are run so many times.
async fn check(courses: &[Course], runs_expected: usize) {
    let Fixture { store, dir: _dir } = fixture();
    let runs = Arc::new(AtomicUsize::new(0));
    let (go_on, held) = hold_up(&store);
    let jobs = courses.iter().map(|course| {
        let (course, runs) = (*course, Arc::clone(&runs));
        let job = move |tx: &mut WriteTx<'_>| {
            runs.fetch_add(1, Ordering::SeqCst);
            take(course, tx)
        };
        let queued: BoxFuture<'_, _> = match course {
            Course::AddsOnce => Box::pin(store.settle(job)),
            _ => Box::pin(store.write_repeatable(1, job)),
        };
        queued
    });
    let (answers, ()) = tokio::join!(join_all(jobs), async { go_on.send(()).unwrap() });
    held.await.unwrap().unwrap();
    let mut kept = 0;
    for (answer, course) in answers.into_iter().zip(courses) {
        let adds = matches!(course, Course::Adds | Course::AddsOnce);
        assert_eq!(answer.is_ok(), adds, "{course:?} of {courses:?}");
        kept += i64::from(adds);
    }
    assert_eq!(event_count(&store), kept, "{courses:?}");
    assert_eq!(runs.load(Ordering::SeqCst), runs_expected, "{courses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_fails_fails_alone_and_only_what_wrote_makes_others_run_again() {
    use Course::{Adds, AddsOnce, Fails, Panics, Refuses};
    check(&[Adds, Adds, Adds], 3).await;
    check(&[Adds, Refuses, Adds, Refuses], 4).await;
    check(&[Adds, Fails, Adds], 5).await;
    check(&[Panics, Adds], 3).await;
    check(&[Fails], 2).await;
    // What can be run once is never run again, whatever comes before it or behind it.
    check(&[Adds, AddsOnce, Adds, Fails, Adds], 7).await;
    check(&[Fails, AddsOnce, Panics], 5).await;
}

#[test]
fn a_webhooks_health_is_seen_at_once_and_written_once() {
    let office = office();
    let seq = office.write(|tx| {
        let seq = webhook(tx, WebhookKind::Registered)?;
        let written = tx.connection().total_changes();
        for failures in 1..=3 {
            let (health, _, activity) = webhooks::health(tx, seq)?.unwrap();
            assert!(activity.active);
            assert_eq!(health.consecutive_failures, failures - 1);
            let health = Health {
                consecutive_failures: failures,
                ..health
            };
            webhooks::set_health(tx, seq, &health)?;
        }
        assert_eq!(tx.connection().total_changes(), written);
        Ok(seq)
    });
    let failures = "SELECT consecutive_failures FROM webhooks";
    assert_eq!(office.number(failures), 3);
    office.write(move |tx| {
        let (health, ..) = webhooks::health(tx, seq)?.unwrap();
        let health = Health {
            consecutive_failures: 4,
            ..health
        };
        webhooks::set_health(tx, seq, &health)?;
        let (reason, at) = (DisabledReason::CircuitBreaker, tx.now());
        webhooks::set_state(tx, 1, seq, WebhookState::Disabled { reason, at })?;
        let (health, _, activity) = webhooks::health(tx, seq)?.unwrap();
        assert_eq!((health.consecutive_failures, activity.active), (4, false));
        Ok(())
    });
    assert_eq!(office.number(failures), 4);
    let undone: Result<(), StoreError> = office.store.write_blocking(move |tx| {
        let (health, ..) = webhooks::health(tx, seq)?.unwrap();
        webhooks::set_health(tx, seq, &Health::default())?;
        assert_ne!(health, Health::default());
        Err(StoreError::Overloaded)
    });
    assert!(undone.is_err());
    assert_eq!(office.number(failures), 4);
}

//! Workspaces whose jobs are long, and who waits for them.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::future::join_all;

use super::full::hold_up;
use super::{Fixture, fixture};
use crate::store::turns::SHORT_JOB_MAX;
use crate::store::*;

/// Queues jobs by workspace and name in this order while the writer is held up, and answers in which
/// order they ran.
async fn order(store: &Store, jobs: &[(i64, &'static str)]) -> Vec<&'static str> {
    let ran = Arc::new(Mutex::new(Vec::new()));
    let (go_on, held) = hold_up(store);
    let queued = jobs.iter().map(|(workspace_seq, name)| {
        let (name, ran) = (*name, Arc::clone(&ran));
        let job = move |_: &mut WriteTx<'_>| {
            let begun = Instant::now();
            while name.starts_with("long") && begun.elapsed() <= SHORT_JOB_MAX {
                std::hint::spin_loop();
            }
            ran.lock().unwrap().push(name);
            Ok::<_, StoreError>(())
        };
        store.write_in_turn(*workspace_seq, job)
    });
    let (answers, ()) = tokio::join!(join_all(queued), async { go_on.send(()).unwrap() });
    held.await.unwrap().unwrap();
    assert!(answers.iter().all(Result::is_ok));
    std::mem::take(&mut *ran.lock().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_short_jobs_waits_for_no_more_than_one_long_one() {
    let Fixture { store, dir: _dir } = fixture();
    order(&store, &[(1, "long")]).await;
    let jobs = [(1, "long a"), (1, "long b"), (2, "c"), (1, "d"), (3, "e")];
    let expected = ["c", "e", "long a", "long b", "d"];
    assert_eq!(order(&store, &jobs).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_have_long_jobs_take_turns() {
    let Fixture { store, dir: _dir } = fixture();
    order(&store, &[(1, "long"), (2, "long")]).await;
    let jobs = [
        (1, "long a"),
        (1, "long b"),
        (1, "c"),
        (2, "long d"),
        (2, "e"),
        (3, "f"),
    ];
    let expected = ["f", "long a", "long d", "long b", "e", "c"];
    assert_eq!(order(&store, &jobs).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_set_apart_for_short_jobs() {
    let Fixture { store, dir: _dir } = fixture();
    order(&store, &[(1, "a"), (2, "b")]).await;
    let jobs = [(1, "a"), (1, "b"), (2, "c"), (1, "d")];
    assert_eq!(order(&store, &jobs).await, ["a", "b", "c", "d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_recorded_by_their_rows_ahead_of_what_is_new() {
    let Fixture { store, dir: _dir } = fixture();
    let ran = Arc::new(Mutex::new(Vec::new()));
    let (go_on, held) = hold_up(&store);
    let note = |row: i64| {
        let ran = Arc::clone(&ran);
        move |_: &mut WriteTx<'_>| {
            ran.lock().unwrap().push(row);
            Ok::<_, StoreError>(())
        }
    };
    for row in [3, 1, 2] {
        store
            .settle_then(Haste::AtOnce, Some(row), note(row), drop)
            .await;
    }
    let new = store.write_in_turn(1, note(0));
    let late = store.settle_then(Haste::AtOnce, Some(1), note(-1), drop);
    let (answer, (), ()) = tokio::join!(new, late, async { go_on.send(()).unwrap() });
    answer.unwrap();
    held.await.unwrap().unwrap();
    assert_eq!(*ran.lock().unwrap(), [1, -1, 2, 3, 0]);
}

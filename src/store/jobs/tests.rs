//! Jobs: how far they come, whose turn it is, how many there may be.

use super::*;
use crate::domain::job::JobKind;
use crate::store::Store;
use crate::store::tests::{Fixture, fixture};

fn make(store: &Store) -> i64 {
    make_of(store, None)
}

fn make_of(store: &Store, consumer_seq: Option<i64>) -> i64 {
    let new = NewJob {
        workspace_seq: 1,
        consumer_seq,
        kind: JobKind::Retry,
        task: r#"{"ids":[1,2]}"#.to_owned(),
        total: 10,
    };
    let made = store.write_blocking(move |tx| insert(tx, &new));
    made.unwrap().seq()
}

fn read(store: &Store, seq: i64) -> Job {
    let found = store.read_blocking(|conn| find(conn, seq)).unwrap();
    found.unwrap()
}

#[test]
fn a_job_advances_until_it_is_done() {
    let Fixture { store, dir: _dir } = fixture();
    let seq = make(&store);
    let step = move |tx: &mut WriteTx<'_>| advance(tx, seq, 3, Some("7"));
    assert!(store.write_blocking(step).unwrap());
    assert!(store.write_blocking(step).unwrap());
    let job = read(&store, seq);
    assert_eq!(
        (job.done, job.total, job.position.as_deref()),
        (6, 10, Some("7"))
    );
    let end = move |tx: &mut WriteTx<'_>| finish(tx, seq, &JobEnding::Done);
    assert!(store.write_blocking(end).unwrap());
    assert!(!store.write_blocking(end).unwrap());
    let job = read(&store, seq);
    assert_eq!((job.status, job.done, job.total), (JobStatus::Done, 6, 6));
}

#[test]
fn a_canceled_job_does_not_advance() {
    let Fixture { store, dir: _dir } = fixture();
    let seq = make(&store);
    store
        .write_blocking(move |tx| finish(tx, seq, &JobEnding::Canceled))
        .unwrap();
    let advanced = store.write_blocking(move |tx| advance(tx, seq, 3, None));
    assert!(!advanced.unwrap());
    assert_eq!(read(&store, seq).done, 0);
}

#[test]
fn running_jobs_are_found_oldest_first() {
    let Fixture { store, dir: _dir } = fixture();
    let [first, second, third] = [(); 3].map(|()| make(&store));
    let failed = JobEnding::Failed("the webhook is gone".to_owned());
    store
        .write_blocking(move |tx| finish(tx, second, &failed))
        .unwrap();
    let seqs: Vec<i64> = store
        .read_blocking(running)
        .unwrap()
        .iter()
        .map(|job| job.id.seq())
        .collect();
    assert_eq!(seqs, [first, third]);
    for (after, expect) in [(0, first), (first, third), (third, first)] {
        let next = store.read_blocking(|conn| next_running(conn, after));
        assert_eq!(next.unwrap().unwrap().id.seq(), expect);
    }
    let reached = |consumer| store.read_blocking(move |conn| reached_limit(conn, 1, consumer));
    assert_eq!(reached(None).unwrap(), None);
    assert_eq!(
        read(&store, second).error.as_deref(),
        Some("the webhook is gone")
    );
}

#[test]
fn nobody_uses_up_the_jobs_of_another() {
    let Fixture { store, dir: _dir } = fixture();
    let reached = |of| {
        store
            .read_blocking(move |conn| reached_limit(conn, 1, of))
            .unwrap()
    };
    for _ in 0..RUNNING_OF_CONSUMER_MAX {
        assert_eq!(reached(Some(7)), None);
        make_of(&store, Some(7));
    }
    assert_eq!(reached(Some(7)), Some(RUNNING_OF_CONSUMER_MAX));
    assert_eq!((reached(Some(8)), reached(None)), (None, None));
    for consumer in 100..197 {
        make_of(&store, Some(consumer));
    }
    assert_eq!(reached(Some(8)), Some(RUNNING_OF_CONSUMERS_MAX));
    for _ in 0..RUNNING_OF_WORKSPACE_MAX {
        assert_eq!(reached(None), None);
        make(&store);
    }
    assert_eq!(reached(None), Some(RUNNING_OF_WORKSPACE_MAX));
}

#[test]
fn pruning_leaves_running_jobs_alone() {
    let Fixture { store, dir: _dir } = fixture();
    let [first, second] = [(); 2].map(|()| make(&store));
    store
        .write_blocking(move |tx| finish(tx, first, &JobEnding::Done))
        .unwrap();
    let pruned = store.write_blocking(|tx| prune(tx, Timestamp::MAX, 10));
    assert_eq!(pruned.unwrap(), 1);
    assert_eq!(read(&store, second).status, JobStatus::Running);
}

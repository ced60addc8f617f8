//! Riders, those who wait, and a writer that rests between them.

use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use super::*;
use crate::store::StoreError;

/// Longer than any of these tests takes.
const LONG: Duration = Duration::from_secs(600);

fn job() -> WriteJob {
    WriteJob::told(|_| Ok::<_, StoreError>(()), |_| {})
}

fn ride(sender: &JobSender) {
    assert!(sender.riders.add(job(), RIDE_MAX).is_ok());
}

fn sent(sender: &JobSender) {
    assert!(sender.blocking_send(job()).is_ok());
}

/// A writer that does nothing but say how many jobs each of its batches has.
fn writer(mut receiver: JobReceiver) -> (Receiver<usize>, JoinHandle<()>) {
    let (taken, batches) = channel();
    let thread = std::thread::spawn(move || {
        let mut batch = Vec::new();
        while receiver.take(&mut batch) == JobsTaken::Jobs {
            taken.send(batch.len()).unwrap();
            batch.clear();
        }
    });
    (batches, thread)
}

/// So many jobs have been taken.
fn took(batches: &Receiver<usize>, jobs: usize) {
    let mut left = jobs;
    while left > 0 {
        left -= batches.recv().unwrap();
    }
}

fn is(sender: &JobSender, state: WriterState) {
    while sender.riders.waiting().writer != state {
        std::thread::yield_now();
    }
}

#[test]
fn a_result_wakes_a_writer_that_sleeps_and_is_taken_by_one_that_dozes() {
    let (sender, receiver) = queue(4, LONG);
    let (batches, thread) = writer(receiver);
    is(&sender, WriterState::Asleep);
    ride(&sender);
    took(&batches, 1);
    // Now it dozes, unless this thread was held up.
    ride(&sender);
    took(&batches, 1);
    for _ in 0..RIDERS_MANY {
        ride(&sender);
    }
    took(&batches, RIDERS_MANY);
    is(&sender, WriterState::Asleep);
    drop(sender);
    thread.join().unwrap();
}

#[test]
fn several_results_ride_along_with_a_job_and_a_few_go_by_themselves() {
    let (sender, mut receiver) = queue(4, LONG);
    let mut batch = Vec::new();
    for _ in 0..RIDERS_FEW {
        ride(&sender);
    }
    sent(&sender);
    assert_eq!(receiver.take(&mut batch), JobsTaken::Jobs);
    assert_eq!(batch.len(), RIDERS_FEW + 1);
    batch.clear();
    let begun = Instant::now();
    ride(&sender);
    sent(&sender);
    assert_eq!(receiver.take(&mut batch), JobsTaken::Jobs);
    // A thread that was held up so long takes both at once.
    assert!(batch.len() == 1 || begun.elapsed() >= RIDE_MAX);
    if batch.len() == 1 {
        assert_eq!(receiver.take(&mut batch), JobsTaken::Jobs);
    }
    assert_eq!(batch.len(), 2);
}

#[test]
fn no_more_wait_than_there_is_room_for_and_all_are_taken_before_the_end() {
    let (sender, receiver) = queue(4, LONG);
    for _ in 0..RIDERS_MAX {
        ride(&sender);
    }
    assert!(sender.riders.add(job(), RIDE_MAX).is_err());
    sent(&sender);
    drop(sender);
    let (batches, thread) = writer(receiver);
    thread.join().unwrap();
    let batches: Vec<usize> = batches.iter().collect();
    assert_eq!(batches.iter().sum::<usize>(), RIDERS_MAX + 1);
    assert!(batches.iter().all(|jobs| *jobs <= BATCH_JOBS_MAX));
}

#[test]
fn that_nothing_comes_is_said_once_until_something_does() {
    let (sender, mut receiver) = queue(4, Duration::from_millis(1));
    let mut batch = Vec::new();
    for _ in 0..2 {
        sent(&sender);
        assert_eq!(receiver.take(&mut batch), JobsTaken::Jobs);
        batch.clear();
        assert_eq!(receiver.take(&mut batch), JobsTaken::Idle);
    }
    let late = std::thread::spawn(move || {
        is(&sender, WriterState::Asleep);
        sent(&sender);
    });
    assert_eq!(receiver.take(&mut batch), JobsTaken::Jobs);
    late.join().unwrap();
    batch.clear();
    assert_eq!(receiver.take(&mut batch), JobsTaken::Over);
}

//! When somebody sets the machine's clock, what waits is moved along with it.
//!
//! Owns: noticing, and moving every waiting retry and what is scheduled by as much as the clock was set. Refuses: touching
//! history, and what expires at a time of day, such as old secrets.
//!
//! # Why retries are moved
//! A retry is planned for an instant. On a clock that is set a month ahead all of them would be due
//! at once, and every policy would have ended; on one that is set back they would wait a month. A
//! policy means "an hour after the failure", and an hour is an hour on either clock.
//!
//! # Who moves what
//! The loop notices before it starts anything, and starts nothing until all is moved. What was
//! under way when the clock was set moves its own row when its result is recorded: only then is it
//! known by how much.
//!
//! # Why the clock is looked at between two transactions
//! An attempt knows by which clock it started, and the transaction that records it by which clock it
//! stamps; so what is recorded needs nothing that is remembered here. Only what happens behind
//! transactions is: in the order in which they were committed attempts leave the list of those under
//! way, and a clock that was set is looked at. So each row was either recorded before that look or is
//! recorded after it, and this says which of both moves it.
//!
//! # While hookpost is not running
//! What the clock showed is written down now and then, with the time since boot: as long as the
//! machine is not started anew, the next process knows to the millisecond by how much somebody set
//! it. Otherwise a clock that was set ahead looks like time that passed, and is taken for it; one
//! that was set back shows less than was written down.
//!
//! # Time in which nobody tried
//! While hookpost does not run, nobody fails. Whoever was failing before has not been failing longer
//! after it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::Shared;
use crate::clock::ClockReading;
use crate::domain::time::Timestamp;
use crate::store::deliveries::{self, shift_retries, shift_scheduled};
use crate::store::poll::shift_plans;
use crate::store::{Haste, StoreError, WriteTx, instance, webhooks};

/// A clock that is set by less is only corrected, and nobody minds.
const SET_MIN_MS: i64 = 1000;
/// Rows that one transaction looks at.
const BATCH: usize = 500;
/// How often a batch is tried before the rest is left as it is.
const TRIES: u32 = 5;
/// How long to wait between two tries.
const TRY_AGAIN: Duration = Duration::from_millis(200);
/// How often what the clock shows is written down while the engine has something to do.
const REMEMBER_EVERY: Duration = Duration::from_secs(15);
/// Shorter stops are not worth a word.
const UNWATCHED_MIN: Duration = Duration::from_secs(60);

/// What is known of the clock.
#[derive(Debug)]
pub(super) struct ClockWatch {
    seen: Mutex<Seen>,
    /// Held while what waits is moved, so that whoever stops the engine waits for that.
    following: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Seen {
    offset_ms: i64,
    /// When the clock was last written down.
    remembered_at: Option<Timestamp>,
    /// Deliveries with an attempt under way.
    under_way: HashSet<i64>,
    /// Deliveries whose results were recorded after the clock was set, but before that was noticed:
    /// their rows are right already.
    moved: HashSet<i64>,
    /// For how long nothing ran before this process, until that is taken into account.
    unwatched: Option<Duration>,
}

impl ClockWatch {
    pub(super) fn new(offset_ms: i64) -> Self {
        let seen = Seen {
            offset_ms,
            remembered_at: None,
            under_way: HashSet::new(),
            moved: HashSet::new(),
            unwatched: None,
        };
        Self {
            seen: Mutex::new(seen),
            following: tokio::sync::Mutex::default(),
        }
    }

    /// Takes in what an earlier process saw: by how much somebody set the clock since, the next look
    /// finds; the rest is time in which nothing ran.
    pub(super) fn resume(&self, earlier: Option<&ClockReading>, now: &ClockReading) {
        let Some(earlier) = earlier else {
            return;
        };
        let behind_ms = (now.at.millis() - earlier.at.millis()).min(0);
        let by_ms = now.set_since(earlier).unwrap_or(behind_ms);
        let unwatched = now.at.shifted(-by_ms).since(earlier.at);
        let mut seen = self.seen();
        seen.offset_ms = now.offset_ms - by_ms;
        seen.unwatched = Some(unwatched).filter(|long| *long >= UNWATCHED_MIN);
    }

    /// Whether it is time to write down what the clock shows; it is then taken as done.
    fn forgets(&self, now: Timestamp) -> bool {
        let mut seen = self.seen();
        let recently = |at: Timestamp| now.apart(at) < REMEMBER_EVERY;
        if seen.remembered_at.is_some_and(recently) {
            return false;
        }
        seen.remembered_at = Some(now);
        true
    }

    /// Whether the clock was set since the last look. A small correction is taken in here, so that
    /// many of them never add up.
    fn was_set(&self, offset_ms: i64) -> bool {
        let mut seen = self.seen();
        let was_set = set_by(seen.offset_ms, offset_ms) != 0;
        if !was_set {
            seen.offset_ms = offset_ms;
        }
        was_set
    }

    /// Looks at the clock, between two transactions; says by how much it was set since the last look,
    /// and which rows are right already or will be moved when they are recorded.
    fn look(&self, offset_ms: i64) -> Option<(i64, HashSet<i64>)> {
        let mut seen = self.seen();
        let by_ms = set_by(seen.offset_ms, offset_ms);
        seen.offset_ms = offset_ms;
        if by_ms == 0 {
            return None;
        }
        let mut right = std::mem::take(&mut seen.moved);
        right.extend(&seen.under_way);
        Some((by_ms, right))
    }

    /// Whether all is moved that has to be on a clock of this offset.
    pub(super) fn has_followed(&self, offset_ms: i64) -> bool {
        set_by(self.seen().offset_ms, offset_ms) == 0
    }

    /// An attempt of the delivery in row `seq` starts. Answers the offset that it starts on.
    pub(super) fn started(&self, seq: i64) -> i64 {
        let mut seen = self.seen();
        seen.under_way.insert(seq);
        seen.offset_ms
    }

    /// The result of an attempt that started on one offset is recorded, by a clock of another; or it
    /// was not recorded. It is told of on the writer's thread, behind the transaction.
    pub(super) fn recorded(&self, seq: i64, started_on_ms: i64, recorded_on_ms: Option<i64>) {
        let mut seen = self.seen();
        seen.under_way.remove(&seq);
        if let Some(recorded_on_ms) = recorded_on_ms
            && set_by(started_on_ms, recorded_on_ms) != 0
            && set_by(seen.offset_ms, recorded_on_ms) != 0
        {
            seen.moved.insert(seq);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By how much a clock was set whose offset was one and is another; 0 where it was only corrected.
pub(super) fn set_by(offset_ms: i64, is_now_ms: i64) -> i64 {
    let by_ms = is_now_ms - offset_ms;
    if by_ms.abs() < SET_MIN_MS { 0 } else { by_ms }
}

/// Looks at the clock, and moves what waits if somebody set it. Returns once all is moved, whoever
/// began with it.
pub(super) async fn follow_clock(shared: &Arc<Shared>) {
    let _following = shared.clock_watch.following.lock().await;
    if shared.clock_watch.was_set(shared.parts.clock.offset_ms())
        && let Some((by_ms, right)) = look(shared).await
    {
        tracing::warn!(by_ms, "the clock was set; what waits is moved along");
        shared.lanes().clock_jumped(by_ms, shared.now());
        move_along(shared, by_ms, right).await;
    }
    let unwatched = shared.clock_watch.seen().unwatched.take();
    if let Some(unwatched) = unwatched {
        excuse(shared, unwatched).await;
    }
}

/// Looks at the clock between two transactions.
async fn look(shared: &Arc<Shared>) -> Option<(i64, HashSet<i64>)> {
    let (finder, found) = oneshot::channel();
    let looker = Arc::clone(shared);
    let then = move |offset_ms: Result<i64, StoreError>| {
        // Where nothing can be written nothing is recorded, and any moment is as good.
        let offset_ms = offset_ms.unwrap_or_else(|_| looker.parts.clock.offset_ms());
        drop(finder.send(looker.clock_watch.look(offset_ms)));
    };
    let offset_ms = |tx: &mut WriteTx<'_>| Ok(tx.clock_offset_ms());
    let store = &shared.parts.store;
    store
        .settle_then(Haste::AtOnce, None, offset_ms, then)
        .await;
    found.await.ok().flatten()
}

async fn move_along(shared: &Arc<Shared>, by_ms: i64, right: HashSet<i64>) {
    match move_all(shared, by_ms, Arc::new(right)).await {
        Ok(waiting) => {
            let mut lanes = shared.lanes();
            for webhook_seq in waiting {
                lanes.wake(webhook_seq);
            }
        }
        Err(error) => {
            tracing::error!(%error, "what waits could not be moved along with the clock");
        }
    }
}

/// Nobody was tried while nothing ran, so nobody failed meanwhile.
async fn excuse(shared: &Arc<Shared>, unwatched: Duration) {
    let store = &shared.parts.store;
    let excused = store
        .settle(move |tx| {
            let now = tx.now();
            webhooks::excuse_failing(tx, unwatched, now)
        })
        .await;
    if let Err(error) = excused {
        tracing::warn!(%error, "time in which nobody was tried counts as failing");
    }
}

/// Writes down what the clock shows, now and then.
pub(super) fn remember_clock(shared: &Arc<Shared>, now: Timestamp) {
    if !shared.clock_watch.forgets(now) {
        return;
    }
    let shared = Arc::clone(shared);
    tokio::spawn(async move { write_down(&shared).await });
}

/// Takes leave of the clock: what waits is moved along first, if somebody set it meanwhile. The next
/// process compares with what is written down here, and would never learn of it.
pub(super) async fn leave(shared: &Arc<Shared>) {
    follow_clock(shared).await;
    write_down(shared).await;
}

/// Writes down what the clock shows.
async fn write_down(shared: &Arc<Shared>) {
    let reading = shared.parts.clock.reading();
    let store = &shared.parts.store;
    let written = store
        .settle(move |tx| instance::set_clock_seen(tx, &reading))
        .await;
    if let Err(error) = written {
        tracing::debug!(%error, "what the clock shows could not be written down");
    }
}

async fn move_all(
    shared: &Arc<Shared>,
    by_ms: i64,
    right: Arc<HashSet<i64>>,
) -> Result<Vec<i64>, StoreError> {
    let store = &shared.parts.store;
    let waiting = store.read(deliveries::webhooks_waiting).await?;
    let reading = shared.parts.clock.reading();
    store
        .settle(move |tx| {
            instance::set_clock_seen(tx, &reading)?;
            let now = tx.now();
            webhooks::restart_failing(tx, now)
        })
        .await?;
    for shift in [shift_scheduled, shift_plans] {
        let mut after = Some(0);
        while let Some(from) = after {
            let batch = move |tx: &mut WriteTx<'_>, _: &HashSet<i64>| shift(tx, from, BATCH, by_ms);
            after = move_batch(shared, batch, &right).await?;
        }
    }
    let next = store.read(deliveries::next_planned).await?;
    shared.planned.look_at(next);
    for webhook_seq in &waiting {
        let mut after = Some(0);
        while let Some(from) = after {
            let webhook_seq = *webhook_seq;
            let batch = move |tx: &mut WriteTx<'_>, right: &HashSet<i64>| {
                shift_retries(tx, webhook_seq, from, BATCH, by_ms, right)
            };
            after = move_batch(shared, batch, &right).await?;
        }
    }
    Ok(waiting)
}

async fn move_batch(
    shared: &Arc<Shared>,
    batch: impl Fn(&mut WriteTx<'_>, &HashSet<i64>) -> Result<Option<i64>, StoreError>
    + Copy
    + Send
    + 'static,
    right: &Arc<HashSet<i64>>,
) -> Result<Option<i64>, StoreError> {
    let mut tries = 0;
    loop {
        // Many rows take long, and the loop waits for them.
        shared.answer();
        let right = Arc::clone(right);
        let moved = shared.parts.store.settle(move |tx| batch(tx, &right)).await;
        match moved {
            Ok(next) => return Ok(next),
            Err(error @ StoreError::Stopped(_)) => return Err(error),
            Err(error) => {
                tries += 1;
                if tries == TRIES {
                    return Err(error);
                }
                tokio::time::sleep(TRY_AGAIN).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! Deliveries that are for later: when the next is due, and what happens then.
//!
//! Owns: one instant in memory, whatever is planned; turning what is due into pending deliveries, which
//! their lanes then find. Refuses: sending anything, and knowing more of the future than its beginning.
//!
//! # Why they become pending first
//! A lane's first attempts are found by their rows. What is due takes its place among them with one
//! write, in batches; until then no lane knows of it, so that a month of scheduled events costs a lane
//! nothing. In an ordered webhook it takes its place in line when it is due, and not before.
//!
//! # Why a clock that is set sends nothing early
//! `clock_jump` moves what is planned before this looks. It looks with the time that the loop read
//! after that, and does nothing if the clock was set again in between.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Shared;
use crate::domain::delivery::{StepInput, step};
use crate::domain::retry::RetryPolicy;
use crate::domain::time::Timestamp;
use crate::store::{StoreError, WriteTx, deliveries};

/// Deliveries that one transaction makes pending.
const BATCH: usize = 500;
/// What is shown of a delivery whose row is damaged.
const UNREADABLE: &str = "corrupt: the stored delivery cannot be read; nothing was sent";
/// How long to wait after the database could not be read or written.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// What is known of what is planned.
#[derive(Debug, Default)]
pub(super) struct PlannedWatch(Mutex<Ahead>);

#[derive(Debug, Default)]
struct Ahead {
    /// When to look next.
    at: Option<Timestamp>,
    /// Whether what is due is being made pending.
    under_way: bool,
}

impl PlannedWatch {
    /// Something is due at `at`, whatever else is.
    pub(super) fn look_at(&self, at: Option<Timestamp>) {
        let mut ahead = self.ahead();
        ahead.at = ahead.at.into_iter().chain(at).min();
    }

    fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes on what is due at `now`, if something is and nobody is at it; else says when to look.
    fn take_on(&self, now: Timestamp) -> Result<(), Option<Timestamp>> {
        let mut ahead = self.ahead();
        if ahead.under_way {
            // Whoever is at it wakes the loop.
            return Err(None);
        }
        match ahead.at {
            Some(at) if at <= now => {
                ahead.at = None;
                ahead.under_way = true;
                Ok(())
            }
            at => Err(at),
        }
    }

    fn done(&self, next: Option<Timestamp>) {
        self.ahead().under_way = false;
        self.look_at(next);
    }
}

/// Sees to what is due at `now`, beside the loop. Answers when to look again.
pub(super) fn see_to(shared: &Arc<Shared>, now: Timestamp) -> Option<Timestamp> {
    if let Err(next) = shared.planned.take_on(now) {
        return next;
    }
    if !shared
        .clock_watch
        .has_followed(shared.parts.clock.offset_ms())
    {
        shared.planned.done(Some(now));
        return Some(now);
    }
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let next = make_pending(&shared, now).await.unwrap_or_else(|error| {
            tracing::error!(%error, "what is due could not be put in line");
            Some(now.after(TRY_AGAIN))
        });
        shared.planned.done(next);
        shared.wake.notify_one();
    });
    None
}

/// Makes all that is due at `now` pending. Answers when the next is due.
async fn make_pending(
    shared: &Arc<Shared>,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let store = &shared.parts.store;
    while store.settle(move |tx| make_batch_pending(tx, now)).await? == BATCH {}
    store.read(deliveries::next_planned).await
}

/// As many as one transaction takes; answers how many.
fn make_batch_pending(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<usize, StoreError> {
    // A clock that was set back since is believed.
    let due = deliveries::planned_until(tx, now.min(tx.now()), BATCH)?;
    for seq in &due {
        match make_one_pending(tx, *seq) {
            Ok(MadePending::Yes) => {}
            // A plan that leads nowhere must not stand before all others for ever.
            Ok(MadePending::No) => deliveries::forget_plan(tx, *seq)?,
            Err(StoreError::Damaged(what)) => {
                tracing::error!(
                    what,
                    seq,
                    "a scheduled delivery cannot be read; it is not sent"
                );
                deliveries::give_up_unreadable(tx, *seq, UNREADABLE)?;
                deliveries::forget_plan(tx, *seq)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(due.len())
}

/// Whether a delivery became pending.
enum MadePending {
    Yes,
    /// It is gone, or no longer waits for its time.
    No,
}

fn make_one_pending(tx: &mut WriteTx<'_>, seq: i64) -> Result<MadePending, StoreError> {
    let Some(delivery) = deliveries::find(tx, seq)? else {
        return Ok(MadePending::No);
    };
    let Some((progress, _)) = deliveries::progress(tx, seq)? else {
        return Ok(MadePending::No);
    };
    let policy = RetryPolicy::standard();
    let Ok(next) = step(progress, StepInput::Due, &policy, tx.now(), 0.0) else {
        return Ok(MadePending::No);
    };
    let place = delivery.place();
    deliveries::set_progress(tx, place, &progress, &next, None)?;
    let fell_due = &mut tx.notices().fell_due;
    if !fell_due.contains(&place.webhook_seq) {
        fell_due.push(place.webhook_seq);
    }
    Ok(MadePending::Yes)
}

//! Erasing a batch of events.
//!
//! Owns: calling off what waits of each, and stopping where an attempt is under way, whose answer would be
//! kept after it. Refuses: choosing the events (`chosen_events`).
//!
//! # Why what waits is called off before
//! Once its event is empty there is nothing to send. Where an attempt of another delivery of the event
//! is under way, the rest is called off all the same, so that the job never waits for new ones.

use crate::service::Refusal;
use crate::service::events::EVENT_DELIVERIES_MAX;
use crate::service::under_way::BeingAttempted;
use crate::service::webhooks::cancel;
use crate::store::{WriteTx, deliveries, erasure, events};

/// What working a batch off came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worked {
    /// It is done, or as much of it as could be.
    Off,
    /// Nothing could be done yet: an attempt is under way.
    HeldUp,
}

/// What erasing a batch came to.
pub(super) struct ErasedBatch {
    /// How many events were erased.
    pub(super) done: u64,
    /// The first event that has to wait for an attempt.
    pub(super) held_up_at: Option<i64>,
}

/// Erases the events in `rows`, as far as no attempt to deliver one is under way.
pub(super) fn erase_batch(
    tx: &mut WriteTx<'_>,
    under_way: &BeingAttempted,
    rows: &[i64],
) -> Result<ErasedBatch, Refusal> {
    let mut erasable = Vec::with_capacity(rows.len());
    let mut held_up_at = None;
    for row in rows {
        if events::erased_at(tx, *row)?.is_some() {
            continue;
        }
        let made = deliveries::of_event(tx, *row, EVENT_DELIVERIES_MAX)?;
        let (busy, idle): (Vec<_>, Vec<_>) =
            made.iter().partition(|own| under_way.has(own.id.seq()));
        for delivery in idle {
            if delivery.progress.status.is_waiting() {
                cancel(tx, delivery.id.seq())?;
            }
        }
        if !busy.is_empty() {
            held_up_at = Some(*row);
            break;
        }
        erasable.push(*row);
    }
    if !erasable.is_empty() {
        erasure::erase_many(tx, &erasable)?;
    }
    Ok(ErasedBatch {
        done: erasable.len() as u64,
        held_up_at,
    })
}

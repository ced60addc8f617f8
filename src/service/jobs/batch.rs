//! One batch of a job, in one transaction with the job's progress.
//!
//! Owns: working its items off. Refuses: stopping at a single item that cannot be worked off: what
//! was delivered, called off or taken under way since the batch was cut is passed over.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::erasing::{ErasedBatch, Worked, erase_batch};
use super::task::{Items, JobBatch, JobStage, Position};
use crate::domain::delivery::{Delivery, NewDelivery, Status, Trigger};
use crate::domain::envelope::check_data;
use crate::domain::event_document::EventDocument;
use crate::domain::job::{Job, JobEnding, JobKind};
use crate::domain::schedule::Schedule;
use crate::domain::webhook::{Subscriber, Transport};
use crate::service::Refusal;
use crate::service::deliveries::{put_back, was_put_back_with_batch};
use crate::service::events::Fitting;
use crate::service::under_way::BeingAttempted;
use crate::store::deliveries;
use crate::store::jobs;
use crate::store::{StoreError, WriteTx, events, poll, webhooks};

/// Works a batch off and records it.
///
/// # Errors
/// [`Refusal::Conflict`] where the job was called off meanwhile: nothing of the batch is kept.
pub(super) fn work_off(
    tx: &mut WriteTx<'_>,
    under_way: &BeingAttempted,
    job: &Job,
    batch: &JobBatch,
) -> Result<Worked, Refusal> {
    let (mut next, mut is_held_up) = (batch.next, false);
    let done = match (&batch.items, job.kind) {
        (Items::Events(rows), _) => {
            let ErasedBatch { done, held_up_at } = erase_batch(tx, under_way, rows)?;
            // It is done with the batch after the last, when the log of that has been cut as well.
            let last = rows.last().filter(|_| done > 0 && next.is_none());
            let after = held_up_at.map(|row| row - 1).or(last.copied());
            if let Some(after) = after {
                next = Some(Position {
                    stage: JobStage::Events,
                    after,
                });
            }
            is_held_up = done == 0 && held_up_at.is_some();
            done
        }
        (Items::Deliveries(rows, _), JobKind::Discard) => {
            let touched = each(tx, rows, deliveries::discard)?;
            mark(tx, job, &touched)?
        }
        (Items::Deliveries(rows, _), JobKind::Restore) => {
            let touched = each(tx, rows, deliveries::restore)?;
            mark(tx, job, &touched)?
        }
        (Items::Deliveries(rows, wanted), JobKind::Retry | JobKind::Recover) => {
            let touched = put_all_back(tx, under_way, rows, wanted)?;
            mark(tx, job, &touched)?
        }
        (Items::Deliveries(_, _), JobKind::Erase) => 0,
        (Items::Missed(rows), _) => {
            let mut kept = 0;
            let touched = deliver_missed(tx, job, rows, &mut kept)?;
            mark(tx, job, &touched)? + kept
        }
    };
    let position = next
        .map(|next| serde_json::to_string(&next).expect("a stage and a number always serialise"));
    if !jobs::advance(tx, job.id.seq(), done, position.as_deref())? {
        return Err(Refusal::Conflict("the job was canceled".to_owned()));
    }
    if next.is_none() {
        jobs::finish(tx, job.id.seq(), &JobEnding::Done)?;
    }
    Ok(match is_held_up {
        true => Worked::HeldUp,
        false => Worked::Off,
    })
}

/// Notes that the job was the last to touch these deliveries; answers how many they are.
fn mark(tx: &WriteTx<'_>, job: &Job, touched: &[i64]) -> Result<u64, Refusal> {
    deliveries::set_job(tx, touched, Some(job.id.seq()))?;
    Ok(touched.len() as u64)
}

/// The rows on which `change` changed something.
fn each(
    tx: &mut WriteTx<'_>,
    rows: &[i64],
    change: fn(&mut WriteTx<'_>, i64) -> Result<bool, StoreError>,
) -> Result<Vec<i64>, Refusal> {
    let mut changed = Vec::with_capacity(rows.len());
    for row in rows {
        changed.extend(change(tx, *row)?.then_some(*row));
    }
    Ok(changed)
}

fn put_all_back(
    tx: &mut WriteTx<'_>,
    under_way: &BeingAttempted,
    rows: &[i64],
    wanted: &[Status],
) -> Result<Vec<i64>, Refusal> {
    let mut woken = BTreeSet::new();
    let mut done = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(delivery) = deliveries::find(tx, *row)? else {
            continue;
        };
        if was_put_back_with_batch(&delivery) {
            done.push(*row);
            continue;
        }
        if !is_wanted(&delivery, wanted) || under_way.has(*row) {
            continue;
        }
        match put_back(tx, &delivery) {
            Ok(()) => {
                done.push(*row);
                woken.insert(delivery.webhook.seq());
            }
            Err(Refusal::Conflict(_) | Refusal::Revoked) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    tx.notices().woken.extend(woken);
    Ok(done)
}

/// Whether a delivery is still what the job was made for.
fn is_wanted(delivery: &Delivery, wanted: &[Status]) -> bool {
    wanted.is_empty()
        || (wanted.contains(&delivery.progress.status) && delivery.discarded_at.is_none())
}

/// Gives a webhook events that it missed; how many of them it keeps for its readers is added to `kept`. An
/// event that no longer exists, or does not fit the webhook's wire profile or its filter, is passed over.
fn deliver_missed(
    tx: &mut WriteTx<'_>,
    job: &Job,
    rows: &[i64],
    kept: &mut u64,
) -> Result<Vec<i64>, Refusal> {
    let Some(webhook_seq) = super::missed_webhook(job) else {
        return Ok(Vec::new());
    };
    let found = webhooks::subscriber(tx, job.workspace_seq, webhook_seq)?;
    let subscriber = found.ok_or(Refusal::Revoked)?;
    let mut made = Vec::with_capacity(rows.len());
    for row in rows {
        made.extend(deliver_one(tx, &subscriber, *row, kept)?);
    }
    Ok(made)
}

fn deliver_one(
    tx: &mut WriteTx<'_>,
    subscriber: &Subscriber,
    event_seq: i64,
    kept: &mut u64,
) -> Result<Option<i64>, Refusal> {
    let Some(stored) = events::find(tx, event_seq)? else {
        events::delete_miss(tx, event_seq, subscriber.webhook_seq)?;
        return Ok(None);
    };
    let event = Arc::new(stored.event);
    let has_body = check_data(&subscriber.profile, subscriber.body_source(), &event.data).is_ok();
    let fitting = Fitting::new(EventDocument::from(&*event));
    if !has_body || !fitting.fits(subscriber) {
        return Ok(None);
    }
    // What is for later still is.
    let due = stored
        .deliver_at
        .and_then(|at| Schedule::At(at).due(tx.now()));
    if subscriber.transport == Transport::Poll {
        let webhook_seq = subscriber.webhook_seq;
        poll::keep(tx, webhook_seq, event_seq, subscriber.shape_seq, due)?;
        events::delete_miss(tx, event_seq, webhook_seq)?;
        *kept += 1;
        return Ok(None);
    }
    let new = NewDelivery::to(subscriber, Trigger::Event, fitting.order_key(subscriber));
    let made = deliveries::insert_for(tx, &event, &new, due)?;
    events::delete_miss(tx, event_seq, subscriber.webhook_seq)?;
    Ok(Some(made.seq()))
}

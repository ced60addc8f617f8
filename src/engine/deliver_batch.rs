//! The life of an attempt that carries several deliveries.
//!
//! Owns: gathering them, and recording for each what came of the one request. Refuses: what an attempt is
//! (`deliver`), and making its body (`batched`).
//!
//! # Who goes along
//! What of the batch waits when the attempt starts, and nobody else attempts. Whoever was called off,
//! erased or delivered meanwhile is not there any more: the rest goes out under an id of its own.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::Shared;
use super::attempt::{Attempted, Exchanged, Parcel, cut_off, unsent};
use super::batched::{Bundle, Packed, Unpacked};
use super::damaged::set_apart;
use super::deliver::{ended, give_back, haste, line_of, note, send, until_cut_off};
use super::lanes::{Ended, Settled, Started, Ticket};
use super::request::Unprepared;
use super::settle::{AttemptRecord, Recorded, settle_batch, settle_cut_off, share_of};
use super::target::Target;
use super::traced::trace_attempt;
use crate::domain::attempt::{Attempt, AttemptTrigger};
use crate::domain::delivery::{QueuedDelivery, Trigger};
use crate::entropy;
use crate::store::{Haste, Read, StoreError, WriteTx, deliveries};

/// Whether a delivery goes out in a batch: it belongs to one, or was never sent and its webhook takes
/// nothing else.
pub(super) fn is_batched(delivery: &QueuedDelivery, target: &Target) -> bool {
    let is_unsent = delivery.progress.attempt_count == 0;
    delivery.batch.is_some() || (target.batch.is_some() && is_unsent)
}

/// One attempt from a lane, of the batch of the delivery that stands for it there.
pub(super) async fn deliver(shared: &Arc<Shared>, started: Started) {
    let Started {
        delivery,
        target,
        ticket,
    } = started;
    let mut claimed = Vec::new();
    let bundle = match members_of(shared, &delivery).await {
        Ok(Some(mut unpacked)) => {
            let members: Vec<QueuedDelivery> = unpacked.members().cloned().collect();
            claimed = shared.lanes().claim_mates(&delivery, &members);
            let is_mine = |id: i64| id == delivery.id.seq() || claimed.contains(&id);
            unpacked.retain(|member| is_mine(member.id.seq()));
            let ready = pack_up(shared, unpacked, &target).await;
            ready.map(|ready| ready.bundle)
        }
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    let over = match bundle {
        Ok(Some(bundle)) => return attempt_and_give_back(shared, bundle, target, ticket).await,
        Ok(None) => Ok(Settled::Over),
        Err(error) => Err(error),
    };
    shared.in_lanes(|lanes, now| {
        lanes.exchanged(ticket, Ended::Answered, now);
        lanes.mates_over(ticket.webhook_seq, &claimed);
    });
    give_back(shared, ticket, delivery.id, over);
}

async fn attempt_and_give_back(
    shared: &Arc<Shared>,
    bundle: Bundle,
    target: Arc<Target>,
    ticket: Ticket,
) {
    let first = bundle.first();
    let (id, trigger, started_at) = (first.id, first.progress.attempt_trigger(), shared.now());
    let exchanged = tokio::select! {
        exchanged = exchange(shared, &bundle, &target, trigger) => Some(exchanged),
        () = until_cut_off(shared) => None,
    };
    let exchanged = match exchanged {
        Some(Ok(exchanged)) => exchanged,
        Some(Err(error)) => {
            shared.in_lanes(|lanes, now| lanes.exchanged(ticket, Ended::Unanswered, now));
            mates_over(shared, ticket.webhook_seq, &bundle);
            return give_back(shared, ticket, id, Err(error));
        }
        None => {
            let cut = cut_off(first, &target, trigger, started_at, shared.now());
            record_cut_off(shared, &bundle, cut).await;
            mates_over(shared, ticket.webhook_seq, &bundle);
            return give_back(shared, ticket, id, Ok(Settled::Over));
        }
    };
    let ended = ended(exchanged.attempted.verdict);
    shared.in_lanes(|lanes, now| lanes.exchanged(ticket, ended, now));
    let told = Arc::clone(shared);
    let order_key = bundle.members().iter().find_map(|own| own.order_key);
    let haste = haste(ticket.slot, order_key, exchanged.attempted.verdict);
    let then = move |bundle: Bundle, settled: Result<Settled, StoreError>| {
        mates_over(&told, ticket.webhook_seq, &bundle);
        give_back(&told, ticket, id, settled);
    };
    record(shared, bundle, target, exchanged, haste, then).await;
}

/// Attempts a delivery with its batch at once, outside its lane's limits. `None` where an attempt of
/// any of them is under way, or it waits no longer.
pub(super) async fn attempt_at_once(
    shared: &Arc<Shared>,
    delivery: &QueuedDelivery,
    target: Arc<Target>,
    trigger: AttemptTrigger,
) -> Result<Option<Attempt>, StoreError> {
    let Some(unpacked) = members_of(shared, delivery).await? else {
        return Ok(None);
    };
    let members: Vec<QueuedDelivery> = unpacked.members().cloned().collect();
    let is_there = members.iter().any(|member| member.id == delivery.id);
    if !is_there || !shared.lanes().claim_all(&members) {
        return Ok(None);
    }
    let made = match pack_up(shared, unpacked, &target).await {
        Ok(ready) => at_once(shared, ready, delivery, target, trigger).await,
        Err(error) => Err(error),
    };
    let settled = made
        .as_ref()
        .map_or(Settled::Unknown, |(settled, _)| *settled);
    shared.in_lanes(|lanes, now| {
        for member in &members {
            lanes.over(member.webhook_seq, member.id.seq(), settled, now);
        }
    });
    made.map(|(_, attempt)| attempt)
}

async fn at_once(
    shared: &Arc<Shared>,
    ready: Ready,
    delivery: &QueuedDelivery,
    target: Arc<Target>,
    trigger: AttemptTrigger,
) -> Result<(Settled, Option<Attempt>), StoreError> {
    let Some(bundle) = ready.bundle else {
        let mut unsent = ready.unsent.into_iter();
        let own = unsent.find(|(member, _)| member.id == delivery.id);
        return Ok((Settled::Over, own.map(|(_, attempted)| attempted.attempt)));
    };
    let exchanged = exchange(shared, &bundle, &target, trigger).await?;
    let made = exchanged.attempted.attempt.clone();
    let (answerer, answer) = oneshot::channel();
    let then = move |_: Bundle, settled: Result<Settled, StoreError>| drop(answerer.send(settled));
    record(shared, bundle, target, exchanged, Haste::AtOnce, then).await;
    let stopped = || Err(StoreError::Stopped("the attempt was not recorded"));
    Ok((answer.await.unwrap_or_else(|_| stopped())?, Some(made)))
}

/// What waits of a delivery's batch; a batch is made where it is in none.
async fn members_of(
    shared: &Arc<Shared>,
    delivery: &QueuedDelivery,
) -> Result<Option<Unpacked>, StoreError> {
    let store = &shared.parts.store;
    let seq = delivery.id.seq();
    if delivery.batch.is_none() {
        let alone = move |tx: &mut WriteTx<'_>| deliveries::put_together(tx, &[seq]);
        store.settle(alone).await?;
    }
    let batch_seq = delivery.batch.unwrap_or(seq);
    match read_members(shared, batch_seq).await {
        Err(StoreError::Damaged(what)) => {
            tracing::error!(what, batch_seq, "a batch holds something damaged");
            set_apart(shared, delivery.webhook_seq).await?;
            read_members(shared, batch_seq).await
        }
        read => read,
    }
}

async fn read_members(
    shared: &Arc<Shared>,
    batch_seq: i64,
) -> Result<Option<Unpacked>, StoreError> {
    let reader = shared.parts.store.clone();
    let read = move |conn: &Read<'_>| {
        let waiting = deliveries::waiting_in_batch(conn, batch_seq)?;
        Unpacked::read(&reader, conn, waiting)
    };
    shared.parts.store.read(read).await
}

/// What is ready to be sent, and what was recorded because it can't be.
struct Ready {
    bundle: Option<Bundle>,
    unsent: Vec<(QueuedDelivery, Attempted)>,
}

/// Makes the body, which may take a millisecond for each, and sees to those that have no part in it.
async fn pack_up(
    shared: &Arc<Shared>,
    unpacked: Unpacked,
    target: &Arc<Target>,
) -> Result<Ready, StoreError> {
    let packing = tokio::task::spawn_blocking(move || unpacked.pack());
    let stopped = |_| StoreError::Stopped("a body was not made");
    let Packed {
        bundle,
        unfit,
        left_out,
    } = packing.await.map_err(stopped)?;
    if unfit.is_empty() && left_out.is_empty() {
        let unsent = Vec::new();
        return Ok(Ready { bundle, unsent });
    }
    let now = shared.now();
    let unsent: Vec<(QueuedDelivery, Attempted)> = unfit
        .into_iter()
        .map(|(member, error)| {
            let Unprepared { kind, message } = error.into();
            let attempted = unsent(&member, target, now, kind, message);
            (member, attempted)
        })
        .collect();
    let left: Vec<i64> = left_out.iter().map(|member| member.id.seq()).collect();
    let clock_offset_ms = shared.parts.clock.offset_ms();
    let records: Vec<AttemptRecord> = unsent
        .iter()
        .map(|(member, attempted)| AttemptRecord {
            place: member.place(),
            exchanged: Exchanged {
                attempted: attempted.clone(),
                clock_offset_ms,
            },
            target: Arc::clone(target),
            ways: Arc::clone(&shared.parts.alerts),
            spread: entropy::fraction(),
        })
        .collect();
    let leaving = left.clone();
    let write = move |tx: &mut WriteTx<'_>| {
        for record in records {
            record.settle(tx)?;
        }
        deliveries::leave_batch(tx, &leaving)
    };
    shared.parts.store.settle(write).await?;
    for (member, attempted) in &unsent {
        let (seq, number) = (member.id.seq(), attempted.attempt.number);
        shared.watchers.notify(seq, number, attempted.verdict);
    }
    let webhook_seq = unsent.first().map(|(member, _)| member.webhook_seq);
    let webhook_seq = webhook_seq.or(left_out.first().map(|member| member.webhook_seq));
    shared.in_lanes(|lanes, _| {
        lanes.left_batch(webhook_seq.unwrap_or_default(), &left);
    });
    Ok(Ready { bundle, unsent })
}

/// What a request that carried several came to.
struct ExchangedBatch {
    attempted: Attempted,
    /// The offset of the clock by which each of them started.
    clock_offsets_ms: Vec<i64>,
}

async fn exchange(
    shared: &Arc<Shared>,
    bundle: &Bundle,
    target: &Target,
    trigger: AttemptTrigger,
) -> Result<ExchangedBatch, StoreError> {
    let started = |member: &QueuedDelivery| shared.clock_watch.started(member.id.seq());
    let clock_offsets_ms = bundle.members().iter().map(started).collect();
    Ok(ExchangedBatch {
        attempted: send(shared, Parcel::Batch(bundle), target, trigger).await?,
        clock_offsets_ms,
    })
}

/// Records an attempt for each delivery; `then` learns what follows, on the writer's thread.
async fn record(
    shared: &Arc<Shared>,
    bundle: Bundle,
    target: Arc<Target>,
    exchanged: ExchangedBatch,
    haste: Haste,
    then: impl FnOnce(Bundle, Result<Settled, StoreError>) + Send + 'static,
) {
    let (line, verdict) = (
        line_of(bundle.first(), &exchanged.attempted.attempt),
        exchanged.attempted.verdict,
    );
    for member in bundle.members().iter().skip(1) {
        trace_attempt(member, &exchanged.attempted.attempt);
    }
    let records = records_of(shared, &bundle, &target, &exchanged);
    let first = Some(bundle.first().id.seq());
    let clock_offsets_ms = exchanged.clock_offsets_ms;
    let told = Arc::clone(shared);
    let tell = move |recorded: Result<Recorded, StoreError>| {
        let recorded_on_ms = recorded.as_ref().ok().map(|own| own.clock_offset_ms);
        for (member, started_on_ms) in bundle.members().iter().zip(&clock_offsets_ms) {
            let seq = member.id.seq();
            told.clock_watch
                .recorded(seq, *started_on_ms, recorded_on_ms);
        }
        let settled = recorded.map(|recorded| {
            for member in bundle.members() {
                let number = member.progress.attempt_count + 1;
                told.watchers.notify(member.id.seq(), number, verdict);
            }
            let webhook_seq = bundle.first().webhook_seq;
            note(&told, webhook_seq, Trigger::Event, line, recorded)
        });
        then(bundle, settled);
    };
    let write = move |tx: &mut WriteTx<'_>| settle_batch(tx, &records);
    let store = &shared.parts.store;
    store.settle_then(haste, first, write, tell).await;
}

/// What is to be recorded of each delivery: all are tried again at the same instant.
fn records_of(
    shared: &Arc<Shared>,
    bundle: &Bundle,
    target: &Arc<Target>,
    exchanged: &ExchangedBatch,
) -> Vec<AttemptRecord> {
    let Attempted { attempt, verdict } = &exchanged.attempted;
    let kept = share_of(attempt, bundle.members().len());
    let spread = entropy::fraction();
    let members = bundle.members().iter().zip(&exchanged.clock_offsets_ms);
    let record = |(member, clock_offset_ms): (&QueuedDelivery, &i64)| AttemptRecord {
        place: member.place(),
        exchanged: Exchanged {
            attempted: Attempted {
                attempt: Attempt {
                    trigger: trigger_of(member),
                    ..kept.clone()
                },
                verdict: *verdict,
            },
            clock_offset_ms: *clock_offset_ms,
        },
        target: Arc::clone(target),
        ways: Arc::clone(&shared.parts.alerts),
        spread,
    };
    members.map(record).collect()
}

/// Why an attempt is made for one of several.
fn trigger_of(member: &QueuedDelivery) -> AttemptTrigger {
    match member.trigger {
        Trigger::Test => AttemptTrigger::Test,
        Trigger::Event | Trigger::Replay | Trigger::Alert => member.progress.attempt_trigger(),
    }
}

async fn record_cut_off(shared: &Arc<Shared>, bundle: &Bundle, attempt: Attempt) {
    let places: Vec<_> = bundle.members().iter().map(QueuedDelivery::place).collect();
    let write = move |tx: &mut WriteTx<'_>| {
        let mut places = places.into_iter();
        places.try_for_each(|place| settle_cut_off(tx, place, &attempt))
    };
    if let Err(error) = shared.parts.store.settle(write).await {
        tracing::error!(%error, "a cut-off attempt was not recorded");
    }
}

fn mates_over(shared: &Arc<Shared>, webhook_seq: i64, bundle: &Bundle) {
    let members: Vec<i64> = bundle.members().iter().map(|own| own.id.seq()).collect();
    shared.lanes().mates_over(webhook_seq, &members);
}

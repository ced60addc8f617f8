//! The life of one attempt: from its start to its record.
//!
//! Owns: the order of its steps, and giving back what it took. Refuses: choosing which attempts are
//! made (`lanes`) and what their answers mean (`domain`).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;

use super::Shared;
use super::attempt::{self, Attempted, Exchanged, Parcel, attempt};
use super::journal::{Line, Outcome};
use super::lanes::{Ended, Settled, Slot, Started, Ticket};
use super::proven::Outbound;
use super::request::MadeWith;
use super::settle::{AttemptRecord, Recorded, settle_cut_off};
use super::target::Target;
use super::traced::trace_attempt;
use crate::domain::attempt::{Attempt, AttemptTrigger};
use crate::domain::delivery::{QueuedDelivery, Trigger};
use crate::domain::id::DeliveryId;
use crate::domain::order::OrderKey;
use crate::domain::outcome::{FailureKind, Verdict};
use crate::entropy;
use crate::store::{Haste, Read, StoreError, WriteTx};
use crate::telemetry::metrics;

/// How long a delivery waits that this machine could not send, at first and at most.
const SHORT_PAUSE_MIN: Duration = Duration::from_millis(100);
const SHORT_PAUSE_MAX: Duration = Duration::from_secs(2);

/// One attempt from a lane.
pub(super) async fn deliver(shared: &Arc<Shared>, started: Started) {
    let Started {
        delivery,
        target,
        ticket,
    } = started;
    let trigger = delivery.progress.attempt_trigger();
    let started_at = shared.now();
    let exchanged = tokio::select! {
        exchanged = exchange(shared, &delivery, &target, trigger) => Some(exchanged),
        () = until_cut_off(shared) => None,
    };
    let Some(exchanged) = exchanged else {
        let now = shared.now();
        let cut_off = attempt::cut_off(&delivery, &target, trigger, started_at, now);
        Box::pin(record_cut_off(shared, &delivery, cut_off)).await;
        return give_back(shared, ticket, delivery.id, Ok(Settled::Over));
    };
    let ended = exchanged
        .as_ref()
        .map_or(Ended::Unanswered, |own| ended(own.attempted.verdict));
    shared.in_lanes(|lanes, now| lanes.exchanged(ticket, ended, now));
    match exchanged {
        Ok(exchanged) => record_and_give_back(shared, &delivery, target, ticket, exchanged).await,
        Err(error) => give_back(shared, ticket, delivery.id, Err(error)),
    }
}

/// Hands the result to the writer and waits for nothing: once it is recorded, the writer gives back
/// what the attempt took.
async fn record_and_give_back(
    shared: &Arc<Shared>,
    delivery: &QueuedDelivery,
    target: Arc<Target>,
    ticket: Ticket,
    exchanged: Exchanged,
) {
    let (id, trigger, verdict) = (delivery.id, delivery.trigger, exchanged.attempted.verdict);
    let number = delivery.progress.attempt_count + 1;
    let (record, line) = recording(shared, delivery, target, exchanged);
    let told = Arc::clone(shared);
    let started_on_ms = record.exchanged.clock_offset_ms;
    let then = move |recorded: Result<Recorded, StoreError>| {
        let recorded_on_ms = recorded.as_ref().ok().map(|own| own.clock_offset_ms);
        told.clock_watch
            .recorded(ticket.seq, started_on_ms, recorded_on_ms);
        let settled = recorded.map(|recorded| {
            told.watchers.notify(ticket.seq, number, verdict);
            note(&told, ticket.webhook_seq, trigger, line, recorded)
        });
        give_back(&told, ticket, id, settled);
    };
    let haste = haste(ticket.slot, record.place.order_key, verdict);
    let store = &shared.parts.store;
    let write = move |tx: &mut WriteTx<'_>| record.settle(tx);
    store
        .settle_then(haste, Some(ticket.seq), write, then)
        .await;
}

/// When a result is recorded.
pub(super) fn haste(slot: Slot, order_key: Option<OrderKey>, verdict: Verdict) -> Haste {
    match (slot, verdict) {
        // What keeps an order begins only when this is recorded.
        (Slot::FreedByResult, _) => Haste::AtOnce,
        (Slot::FreedByExchange, _) if order_key.is_some() => Haste::AtOnce,
        (Slot::FreedByExchange, Verdict::Delivered) => Haste::InCompany,
        (Slot::FreedByExchange, Verdict::Failed { .. } | Verdict::Gone) => Haste::Soon,
    }
}

/// Gives back what an attempt took, now that it is known what became of its result.
pub(super) fn give_back(
    shared: &Arc<Shared>,
    ticket: Ticket,
    id: DeliveryId,
    settled: Result<Settled, StoreError>,
) {
    let settled = settled.unwrap_or_else(|error| {
        tracing::error!(%error, delivery = %id, "an attempt could not be recorded");
        if matches!(error, StoreError::Stopped(_)) {
            // Nothing can be recorded any more in this process, so nothing more is sent.
            shared.lanes().stopping = true;
        }
        Settled::Unknown
    });
    shared.in_lanes(|lanes, now| lanes.settled(ticket, settled, now));
    shared.settled.notify_waiters();
}

/// Returns once no attempt is waited for any more.
pub(super) async fn until_cut_off(shared: &Arc<Shared>) {
    let mut cut_off = shared.cut_off.subscribe();
    if cut_off.wait_for(|cut| *cut).await.is_err() {
        // Nobody is there any more who could cut it off.
        std::future::pending::<()>().await;
    }
}

async fn record_cut_off(shared: &Arc<Shared>, delivery: &QueuedDelivery, attempt: Attempt) {
    let place = delivery.place();
    let recorded = shared
        .parts
        .store
        .settle(move |tx| settle_cut_off(tx, place, &attempt));
    if let Err(error) = recorded.await {
        tracing::error!(%error, delivery = %delivery.id, "a cut-off attempt was not recorded");
    }
}

/// What a verdict says of the receiver.
pub(super) fn ended(verdict: Verdict) -> Ended {
    match verdict {
        Verdict::Delivered => Ended::Taken,
        Verdict::Failed {
            retry_after: Some(wait),
            ..
        } => Ended::AskedToWait(wait),
        // The receiver has no part in a body that could not be made.
        Verdict::Failed { kind, .. } if kind.is_answered() || kind == FailureKind::Template => {
            Ended::Answered
        }
        Verdict::Failed { .. } => Ended::Unanswered,
        Verdict::Gone => Ended::Answered,
    }
}

pub(super) async fn exchange(
    shared: &Arc<Shared>,
    delivery: &QueuedDelivery,
    target: &Target,
    trigger: AttemptTrigger,
) -> Result<Exchanged, StoreError> {
    let made_with = made_with(shared, delivery).await?;
    let clock_offset_ms = shared.clock_watch.started(delivery.id.seq());
    let parcel = Parcel::One(delivery, &made_with);
    Ok(Exchanged {
        attempted: send(shared, parcel, target, trigger).await?,
        clock_offset_ms,
    })
}

/// Makes an attempt, as soon as this machine can.
pub(super) async fn send(
    shared: &Arc<Shared>,
    parcel: Parcel<'_>,
    target: &Target,
    trigger: AttemptTrigger,
) -> Result<Attempted, StoreError> {
    shared.attempts.fetch_add(1, Ordering::Relaxed);
    let parts = &shared.parts;
    let mut pause = SHORT_PAUSE_MIN;
    // What this machine lacks is no attempt and counts nowhere: the delivery waits in its place.
    loop {
        let outbound = Outbound {
            client: &parts.client,
            guard: &parts.guard,
            tokens: &shared.tokens,
        };
        let now = shared.now();
        match attempt(outbound, parcel, target, trigger, now).await {
            Ok(attempted) => return Ok(attempted),
            Err(shortage) => tracing::debug!(%shortage, "a delivery waits for this machine"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(SHORT_PAUSE_MAX);
        if shared.lanes().stopping {
            return Err(StoreError::Stopped("the attempt was never made"));
        }
    }
}

async fn made_with(
    shared: &Arc<Shared>,
    delivery: &QueuedDelivery,
) -> Result<MadeWith, StoreError> {
    let store = &shared.parts.store;
    let (profile_seq, shape_seq) = (delivery.profile_seq, delivery.shape_seq);
    let profile = store.cached_profile(profile_seq);
    let shape = match shape_seq {
        Some(seq) => store.cached_shape(seq).map(Some),
        None => Some(None),
    };
    if let (Some(profile), Some(shape)) = (profile, shape) {
        return Ok(MadeWith { profile, shape });
    }
    let reader = store.clone();
    let read = move |conn: &Read<'_>| {
        Ok(MadeWith {
            profile: reader.profile(conn, profile_seq)?,
            shape: reader.shape(conn, shape_seq)?,
        })
    };
    Box::pin(store.read(read)).await
}

/// What is to be recorded of an attempt, and what there is to say of it.
fn recording(
    shared: &Shared,
    delivery: &QueuedDelivery,
    target: Arc<Target>,
    exchanged: Exchanged,
) -> (AttemptRecord, Line) {
    let line = line_of(delivery, &exchanged.attempted.attempt);
    let record = AttemptRecord {
        place: delivery.place(),
        exchanged,
        target,
        ways: Arc::clone(&shared.parts.alerts),
        spread: entropy::fraction(),
    };
    (record, line)
}

/// What there is to say of an attempt of a delivery, alone or as the first of its batch; counts it.
pub(super) fn line_of(delivery: &QueuedDelivery, attempt: &Attempt) -> Line {
    let outcome = attempt.error_kind.map_or("delivered", FailureKind::as_str);
    trace_attempt(delivery, attempt);
    metrics::attempted(outcome, Duration::from_millis(attempt.duration_ms.into()));
    // What was for later was waited for by its publisher.
    let due_at = delivery.progress.next.at().unwrap_or(delivery.id.at());
    let waited = attempt.started_at.since(due_at);
    if delivery.progress.attempt_count == 0 && delivery.trigger == Trigger::Event {
        metrics::attempted_first(waited);
    }
    Line {
        webhook: None,
        delivery: delivery.id,
        attempt: attempt.number,
        failure: attempt.error_kind,
        status: attempt.status_code,
        duration_ms: attempt.duration_ms,
        outcome: Outcome::Unchanged,
        disabled: None,
        recovered: None,
    }
}

/// Tells of an attempt that was recorded. Whoever records must not wait for the log.
pub(super) fn note(
    shared: &Arc<Shared>,
    webhook_seq: i64,
    trigger: Trigger,
    line: Line,
    recorded: Recorded,
) -> Settled {
    if trigger == Trigger::Alert && recorded.outcome == Outcome::GaveUp {
        metrics::alert_failed();
    }
    // A test is one attempt that somebody waits for: nothing gave up that was to arrive.
    let outcome = match trigger {
        Trigger::Test => Outcome::Unchanged,
        _ => recorded.outcome,
    };
    let line = Line {
        webhook: recorded.webhook,
        outcome,
        disabled: recorded.disabled,
        recovered: recorded.recovered,
        attempt: recorded.attempt_count,
        ..line
    };
    if line.is_worth_a_word() {
        let teller = Arc::clone(shared);
        let tell = async move { teller.journal.attempted(webhook_seq, &line, teller.now()) };
        shared.runtime.spawn(tell);
    }
    recorded.settled
}

pub(super) async fn record(
    shared: &Arc<Shared>,
    delivery: &QueuedDelivery,
    target: Arc<Target>,
    exchanged: Exchanged,
) -> Result<Settled, StoreError> {
    let (record, line) = recording(shared, delivery, target, exchanged);
    let (seq, started_on_ms) = (record.place.seq, record.exchanged.clock_offset_ms);
    let (answerer, answer) = oneshot::channel();
    let told = Arc::clone(shared);
    let then = move |recorded: Result<Recorded, StoreError>| {
        let recorded_on_ms = recorded.as_ref().ok().map(|own| own.clock_offset_ms);
        told.clock_watch
            .recorded(seq, started_on_ms, recorded_on_ms);
        drop(answerer.send(recorded));
    };
    let store = &shared.parts.store;
    let write = move |tx: &mut WriteTx<'_>| record.settle(tx);
    store
        .settle_then(Haste::AtOnce, Some(seq), write, then)
        .await;
    let stopped = || Err(StoreError::Stopped("the attempt was not recorded"));
    let recorded = answer.await.unwrap_or_else(|_| stopped())?;
    let (webhook_seq, trigger) = (delivery.webhook_seq, delivery.trigger);
    Ok(note(shared, webhook_seq, trigger, line, recorded))
}

//! The scheduler's loop, and the life of one attempt.
//!
//! Owns: doing what a step says, sleeping until there is more. Refuses: choosing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::attempt::{Attempted, attempt};
use super::damaged::set_apart;
use super::journal::{Line, Outcome};
use super::lanes::{LoadOrder, Settled, Slot, Started};
use super::settle::settle;
use super::shift::{follow_clock, remember_clock};
use super::target::Target;
use super::{Shared, load};
use crate::domain::attempt::AttemptTrigger;
use crate::domain::delivery::{DeliveryPlace, LastAttempt, QueuedDelivery, StepInput, Trigger};
use crate::domain::outcome::{FailureKind, Verdict};
use crate::domain::retry::RetryPolicy;
use crate::domain::time::Timestamp;
use crate::entropy;
use crate::store::deliveries;
use crate::store::{Store, StoreError};
use crate::telemetry::metrics;

/// How long a lane waits before it reads the database again after a read failed.
const LOAD_RETRY: Duration = Duration::from_secs(1);
/// The longest sleep while a retry is planned: the wall clock may be set while hookpost sleeps.
const SLEEP_MAX: Duration = Duration::from_secs(30);
/// How long a delivery waits that this machine could not send, at first and at most.
const SHORT_PAUSE_MIN: Duration = Duration::from_millis(100);
const SHORT_PAUSE_MAX: Duration = Duration::from_secs(2);
/// Interrupted tests that are put right at start.
const INTERRUPTED_MAX: usize = 1000;

/// Works until the engine is stopped.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        follow_clock(&shared).await;
        let now = shared.now();
        remember_clock(&shared, now);
        let (step, stopping) = {
            let mut lanes = shared.lanes();
            (lanes.step(now), lanes.stopping)
        };
        if stopping {
            return;
        }
        for started in step.start {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move { one(&shared, started).await });
        }
        for order in step.load {
            let shared = Arc::clone(&shared);
            tokio::spawn(async move { fill(&shared, order).await });
        }
        if step.again {
            tokio::task::yield_now().await;
            continue;
        }
        let woken = shared.wake.notified();
        match step.wake_at {
            Some(at) => {
                let sleep = at.since(now).min(SLEEP_MAX);
                // Whichever comes first; both lead to the next step.
                drop(tokio::time::timeout(sleep, woken).await);
            }
            None => woken.await,
        }
    }
}

/// Fills a lane.
async fn fill(shared: &Arc<Shared>, order: LoadOrder) {
    let store = shared.parts.store.clone();
    let reader = store.clone();
    let now = shared.now();
    let loaded = store
        .read(move |conn| load::load(&reader, conn, order, now))
        .await;
    match loaded {
        Ok(loaded) => shared.lanes().loaded(loaded, now),
        Err(error) => {
            tracing::error!(%error, webhook = order.webhook_seq, "could not read what is due");
            let again_at = if matches!(error, StoreError::Damaged(_)) {
                without_damaged(shared, order.webhook_seq, now).await
            } else {
                now.after(LOAD_RETRY)
            };
            shared.lanes().load_failed(order.webhook_seq, again_at);
        }
    }
    shared.wake.notify_one();
}

/// Sets apart what cannot be sent, and says when the lane may be read again: at once where something
/// was in its way.
async fn without_damaged(shared: &Arc<Shared>, webhook_seq: i64, now: Timestamp) -> Timestamp {
    match set_apart(shared, webhook_seq).await {
        Ok(given_up) if given_up > 0 => now,
        Ok(_) => now.after(LOAD_RETRY),
        Err(error) => {
            tracing::error!(%error, webhook = webhook_seq, "could not set apart what is damaged");
            now.after(LOAD_RETRY)
        }
    }
}

/// One attempt from a lane, from start to record.
async fn one(shared: &Arc<Shared>, started: Started) {
    let Started {
        delivery,
        target,
        share,
    } = started;
    let (webhook_seq, seq) = (delivery.webhook_seq, delivery.id.seq());
    let trigger = delivery.progress.attempt_trigger();
    let slot = if target.ordered {
        Slot::Held
    } else {
        Slot::Free
    };
    let attempted = exchange(shared, &delivery, &target, trigger).await;
    let settled = match attempted {
        Ok(attempted) => {
            let verdict = attempted.verdict;
            let succeeded = verdict == Verdict::Delivered;
            shared
                .lanes()
                .exchanged(webhook_seq, share, slot, succeeded);
            shared.wake.notify_one();
            let settled = record(shared, &delivery, attempted, &target.retry).await;
            if settled.is_ok() {
                let number = delivery.progress.attempt_count + 1;
                shared.watchers.tell(seq, number, verdict);
            }
            settled
        }
        Err(error) => {
            shared.lanes().exchanged(webhook_seq, share, slot, false);
            Err(error)
        }
    };
    let settled = settled.unwrap_or_else(|error| {
        tracing::error!(%error, delivery = %delivery.id, "an attempt could not be recorded");
        if matches!(error, StoreError::Stopped(_)) {
            // Nothing can be recorded any more in this process, so nothing more is sent.
            shared.lanes().stopping = true;
        }
        Settled::Unknown
    });
    let now = shared.now();
    shared
        .lanes()
        .settled((webhook_seq, seq), share, slot, settled, now);
    shared.settled.notify_waiters();
    shared.wake.notify_one();
}

async fn exchange(
    shared: &Arc<Shared>,
    delivery: &QueuedDelivery,
    target: &Target,
    trigger: AttemptTrigger,
) -> Result<Attempted, StoreError> {
    let profile = match shared.parts.store.cached_profile(delivery.profile_seq) {
        Some(profile) => profile,
        None => {
            let store = shared.parts.store.clone();
            let seq = delivery.profile_seq;
            let reader = store.clone();
            store.read(move |conn| reader.profile(conn, seq)).await?
        }
    };
    shared.attempts.fetch_add(1, Ordering::Relaxed);
    shared.clock_watch.started(delivery.id.seq());
    let parts = &shared.parts;
    let mut pause = SHORT_PAUSE_MIN;
    // What this machine lacks is no attempt and counts nowhere: the delivery waits in its place.
    loop {
        let (client, guard, now) = (&parts.client, &parts.guard, shared.now());
        match attempt(client, guard, delivery, target, &profile, trigger, now).await {
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

async fn record(
    shared: &Arc<Shared>,
    delivery: &QueuedDelivery,
    attempted: Attempted,
    policy: &RetryPolicy,
) -> Result<Settled, StoreError> {
    let place = DeliveryPlace {
        seq: delivery.id.seq(),
        webhook_seq: delivery.webhook_seq,
        workspace_seq: delivery.event.workspace.seq(),
        trigger: delivery.trigger,
    };
    let policy = policy.clone();
    let spread = entropy::fraction();
    let outcome = attempted
        .error_kind
        .map_or("delivered", FailureKind::as_str);
    metrics::attempted(outcome, Duration::from_millis(attempted.duration_ms.into()));
    let waited = attempted.started_at.since(delivery.id.at());
    if delivery.progress.attempt_count == 0 && delivery.trigger == Trigger::Event {
        metrics::attempted_first(waited);
    }
    let line = Line {
        webhook: None,
        delivery: delivery.id,
        attempt: delivery.progress.attempt_count + 1,
        failure: attempted.error_kind,
        status: attempted.status_code,
        duration_ms: attempted.duration_ms,
        outcome: Outcome::Unchanged,
        disabled: None,
    };
    let (recorder, store) = (Arc::clone(shared), shared.parts.store.clone());
    let recorded = store
        .settle(move |tx| {
            let offset_ms = recorder.parts.clock.offset_ms();
            let moved_ms = recorder.clock_watch.recorded(place.seq, offset_ms);
            settle(tx, place, &attempted, &policy, spread, moved_ms)
        })
        .await?;
    if delivery.trigger == Trigger::Alert && recorded.outcome == Outcome::GaveUp {
        metrics::alert_failed();
    }
    let line = Line {
        webhook: recorded.webhook,
        outcome: recorded.outcome,
        disabled: recorded.disabled,
        attempt: recorded.attempt_count,
        ..line
    };
    shared
        .journal
        .attempted(place.webhook_seq, &line, shared.now());
    Ok(recorded.settled)
}

/// Attempts one delivery at once, outside its lane's limits. The caller waits on its own runtime;
/// the attempt goes on if it goes away.
pub(super) async fn attempt_now(
    shared: &Arc<Shared>,
    seq: i64,
    webhook_seq: i64,
) -> Result<Option<Attempted>, StoreError> {
    let task = {
        let shared = Arc::clone(shared);
        async move { attempt_claimed(&shared, seq, webhook_seq).await }
    };
    shared
        .runtime
        .spawn(task)
        .await
        .unwrap_or(Err(StoreError::Stopped("the attempt was abandoned")))
}

async fn attempt_claimed(
    shared: &Arc<Shared>,
    seq: i64,
    webhook_seq: i64,
) -> Result<Option<Attempted>, StoreError> {
    let store = shared.parts.store.clone();
    let reader = store.clone();
    let now = shared.now();
    let (delivery, target) = store
        .read(move |conn| {
            let delivery = deliveries::queued(conn, seq)?;
            Ok::<_, StoreError>((delivery, Target::load(&reader, conn, webhook_seq, now)?))
        })
        .await?;
    let (Some(delivery), Some(target)) = (delivery, target) else {
        return Ok(None);
    };
    if !shared.lanes().claim(&delivery) {
        return Ok(None);
    }
    let trigger = match delivery.trigger {
        Trigger::Test => AttemptTrigger::Test,
        Trigger::Event | Trigger::Replay | Trigger::Alert => delivery.progress.attempt_trigger(),
    };
    let outcome = match exchange(shared, &delivery, &target, trigger).await {
        Ok(attempted) => {
            let settled = record(shared, &delivery, attempted.clone(), &target.retry).await;
            settled.map(|settled| (settled, attempted))
        }
        Err(error) => Err(error),
    };
    let settled = outcome
        .as_ref()
        .map_or(Settled::Unknown, |(settled, _)| *settled);
    let now = shared.now();
    shared.lanes().over(webhook_seq, seq, settled, now);
    shared.wake.notify_one();
    outcome.map(|(_, attempted)| Some(attempted))
}

/// Ends the tests that were under way when the process ended: nobody waits for them any more.
pub(super) fn end_interrupted_tests(store: &Store) -> Result<(), StoreError> {
    let interrupted =
        store.read_blocking(|conn| deliveries::interrupted_tests(conn, INTERRUPTED_MAX))?;
    if interrupted.is_empty() {
        return Ok(());
    }
    store.write_blocking(move |tx| {
        for delivery in &interrupted {
            let input = StepInput::Attempted {
                trigger: AttemptTrigger::Test,
                started_at: tx.now(),
                verdict: Verdict::Failed {
                    kind: FailureKind::Connect,
                    retry_after: None,
                },
            };
            let (old, now) = (delivery.progress, tx.now());
            let policy = RetryPolicy::standard();
            let next = crate::domain::delivery::step(old, input, &policy, now, 0.0)
                .expect("an attempt is never an illegal input");
            let place = DeliveryPlace {
                seq: delivery.id.seq(),
                webhook_seq: delivery.webhook.seq(),
                workspace_seq: delivery.workspace_seq,
                trigger: delivery.trigger,
            };
            let last = LastAttempt {
                status_code: None,
                error_kind: Some(FailureKind::Connect),
                error: Some("hookpost ended while the test was under way"),
                duration_ms: 0,
            };
            deliveries::set_progress(tx, place, &old, &next, Some(&last))?;
            deliveries::discard(tx, place.seq)?;
        }
        Ok::<_, StoreError>(())
    })
}

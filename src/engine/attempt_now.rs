//! Attempts that somebody waits for, outside of their lane's limits.
//!
//! Owns: taking a delivery from its lane and giving it back. Refuses: the attempt itself (`deliver`,
//! `deliver_batch`).

use std::sync::Arc;

use super::Shared;
use super::deliver::{exchange, record};
use super::deliver_batch::{attempt_at_once, is_batched};
use super::lanes::Settled;
use super::target::Target;
use crate::domain::attempt::{Attempt, AttemptTrigger};
use crate::domain::delivery::Trigger;
use crate::store::{StoreError, deliveries};

/// Attempts one delivery at once, outside its lane's limits. The caller waits on its own runtime;
/// the attempt goes on if it goes away.
pub(super) async fn attempt_now(
    shared: &Arc<Shared>,
    seq: i64,
    webhook_seq: i64,
) -> Result<Option<Attempt>, StoreError> {
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
) -> Result<Option<Attempt>, StoreError> {
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
    let trigger = match delivery.trigger {
        Trigger::Test => AttemptTrigger::Test,
        Trigger::Event | Trigger::Replay | Trigger::Alert => delivery.progress.attempt_trigger(),
    };
    if is_batched(&delivery, &target) {
        return attempt_at_once(shared, &delivery, Arc::new(target), trigger).await;
    }
    if !shared.lanes().claim(&delivery) {
        return Ok(None);
    }
    let outcome = match exchange(shared, &delivery, &target, trigger).await {
        Ok(exchanged) => {
            let made = exchanged.attempted.attempt.clone();
            let settled = record(shared, &delivery, Arc::new(target), exchanged).await;
            settled.map(|settled| (settled, made))
        }
        Err(error) => Err(error),
    };
    let settled = outcome
        .as_ref()
        .map_or(Settled::Unknown, |(settled, _)| *settled);
    shared.in_lanes(|lanes, now| lanes.over(webhook_seq, seq, settled, now));
    outcome.map(|(_, made)| Some(made))
}

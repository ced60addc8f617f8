//! Setting apart what is not what it was: a delivery whose event changed, a webhook that cannot be
//! read.
//!
//! Owns: giving the one up and disabling the other, visibly, so that all others go on. Refuses:
//! sending anything of it: a valid signature over altered bytes would be a lie.

use std::sync::Arc;

use super::settle::record_disabled;
use super::{Shared, target};
use crate::domain::breaker::DisabledReason;
use crate::domain::delivery::{self, LastAttempt, StepInput};
use crate::domain::retry::RetryPolicy;
use crate::domain::webhook::WebhookState;
use crate::store::{StoreError, WriteTx, deliveries, secrets, webhooks};

/// What is shown of such a delivery.
const DAMAGED: &str = "corrupt: the stored event is not what was once published; nothing was sent";

/// Gives up what waits for a webhook and carries a damaged event. Answers how many that were.
pub(super) async fn set_apart(shared: &Arc<Shared>, webhook_seq: i64) -> Result<usize, StoreError> {
    let store = &shared.parts.store;
    let found = store
        .read(move |conn| deliveries::damaged(conn, webhook_seq))
        .await?;
    let given_up = found.len();
    store
        .settle(move |tx| found.iter().try_for_each(|seq| give_up(tx, *seq)))
        .await?;
    Ok(given_up)
}

/// Disables a webhook of which something is damaged, unless it is out already.
pub(super) async fn disable_corrupt(shared: &Arc<Shared>, webhook_seq: i64) {
    let disabled = shared.parts.store.settle(move |tx| {
        let Some((_, _, activity)) = webhooks::health(tx, webhook_seq)? else {
            return Ok(());
        };
        // Somebody may have mended and enabled it since it was read.
        if !activity.active || !is_corrupt_now(tx, webhook_seq)? {
            return Ok(());
        }
        let reason = DisabledReason::Corrupt;
        let state = WebhookState::Disabled {
            reason,
            at: tx.now(),
        };
        webhooks::set_state(tx, activity.workspace_seq, webhook_seq, state)?;
        record_disabled(tx, activity, reason)
    });
    if let Err(error) = disabled.await {
        tracing::error!(%error, webhook_seq, "a corrupt webhook could not be disabled");
    }
}

/// Whether something of the webhook is damaged as it is now.
fn is_corrupt_now(tx: &WriteTx<'_>, webhook_seq: i64) -> Result<bool, StoreError> {
    let (vault, now) = (tx.vault(), tx.now());
    let webhook = webhooks::find(tx, vault, webhook_seq, now)?;
    let live = secrets::live(tx, vault, webhook_seq, now);
    let corrupt = webhook.is_some_and(|webhook| target::is_corrupt(&webhook, &live));
    match live {
        Ok(_) | Err(StoreError::Damaged(_)) => Ok(corrupt),
        Err(error) => Err(error),
    }
}

fn give_up(tx: &mut WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    let Some(delivery) = deliveries::find(tx, seq)? else {
        return Ok(());
    };
    let Some((progress, _)) = deliveries::progress(tx, seq)? else {
        return Ok(());
    };
    let policy = RetryPolicy::standard();
    let Ok(next) = delivery::step(progress, StepInput::Unsendable, &policy, tx.now(), 0.0) else {
        return Ok(());
    };
    let place = delivery.place();
    let last = LastAttempt {
        status_code: None,
        error_kind: None,
        error: Some(DAMAGED),
        duration_ms: 0,
    };
    tracing::error!(delivery = %delivery.id, event = %delivery.event, "a delivery is corrupt");
    deliveries::set_progress(tx, place, &progress, &next, Some(&last))
}

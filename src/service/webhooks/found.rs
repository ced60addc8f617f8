//! The webhook that an action is about, found for its caller.
//!
//! Owns: who may see which, and that nothing is done to a revoked one. Refuses: changing it.

use crate::domain::breaker::DisabledReason;
use crate::domain::id::WebhookId;
use crate::domain::webhook::{Webhook, WebhookState};
use crate::service::{Caller, Refusal};
use crate::store::{Read, Store, WriteTx, webhooks};

/// The registered webhook `id`, whatever its state.
pub(super) fn registered(
    tx: &WriteTx<'_>,
    caller: &Caller,
    id: WebhookId,
) -> Result<Webhook, Refusal> {
    webhooks::find_registered(tx, tx.vault(), caller.purview(), id, tx.now())?
        .ok_or(Refusal::NotFound("webhook"))
}

/// As [`usable`], for actions that only read.
pub(in crate::service) fn usable_in(
    store: &Store,
    conn: &Read<'_>,
    caller: &Caller,
    id: WebhookId,
) -> Result<Webhook, Refusal> {
    unless_revoked(registered_in(store, conn, caller, id)?)
}

/// As [`registered`], for actions that only read.
pub(in crate::service) fn registered_in(
    store: &Store,
    conn: &Read<'_>,
    caller: &Caller,
    id: WebhookId,
) -> Result<Webhook, Refusal> {
    let now = store.clock().now();
    webhooks::find_registered(conn, store.vault(), caller.purview(), id, now)?
        .ok_or(Refusal::NotFound("webhook"))
}

/// The webhook `id`, if it may still be changed.
pub(in crate::service) fn usable(
    tx: &WriteTx<'_>,
    caller: &Caller,
    id: WebhookId,
) -> Result<Webhook, Refusal> {
    unless_revoked(registered(tx, caller, id)?)
}

/// Refuses to write settings back of which some could not be read.
pub(super) fn check_sound(webhook: &Webhook) -> Result<(), Refusal> {
    match webhook.state.disabled_reason() {
        Some(DisabledReason::Corrupt) => Err(Refusal::Conflict(
            "what is stored of this webhook is corrupt: rotate its secret and enable it; \
             if it stays corrupt, delete it and register it anew"
                .to_owned(),
        )),
        Some(DisabledReason::Manual | DisabledReason::CircuitBreaker | DisabledReason::Gone)
        | None => Ok(()),
    }
}

fn unless_revoked(webhook: Webhook) -> Result<Webhook, Refusal> {
    match webhook.state {
        WebhookState::Revoked => Err(Refusal::Revoked),
        WebhookState::Active | WebhookState::Disabled { .. } => Ok(webhook),
    }
}

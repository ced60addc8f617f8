//! Enabling, disabling and ending webhooks.
//!
//! Owns: what becomes of what waits for them. Refuses: disabling one for its answers; that is the
//! engine's.

use serde_json::json;

use super::found::{registered, usable};
use crate::domain::breaker::{DisabledReason, Health};
use crate::domain::delivery::{StepInput, step};
use crate::domain::id::WebhookId;
use crate::domain::operational::EndpointNews;
use crate::domain::retry::RetryPolicy;
use crate::domain::webhook::{Webhook, WebhookState};
use crate::engine::operational::endpoint as endpoint_news;
use crate::service::{Caller, Refusal, Service, audit};
use crate::store::deliveries;
use crate::store::{StoreError, WriteTx, webhooks};

/// Which way a person turns a webhook.
#[derive(Clone, Copy)]
pub(super) enum WebhookSwitch {
    /// It takes part.
    On,
    /// It is held.
    Off,
}

impl Service {
    /// Lets a webhook take part again; what was held goes on. Its failures are forgotten.
    pub async fn enable_webhook(&self, caller: &Caller, id: WebhookId) -> Result<Webhook, Refusal> {
        self.change_state(caller, id, "webhook.enable", WebhookSwitch::On)
            .await
    }

    /// Holds a webhook until it is enabled again.
    pub async fn disable_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
    ) -> Result<Webhook, Refusal> {
        self.change_state(caller, id, "webhook.disable", WebhookSwitch::Off)
            .await
    }

    /// Ends a webhook for good: it stops at once, what waits is called off.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Revoked`] where it was revoked before.
    pub async fn revoke_webhook(&self, caller: &Caller, id: WebhookId) -> Result<Webhook, Refusal> {
        let revoker = caller.clone();
        let webhook = self
            .store()
            .write(move |tx| {
                usable(tx, &revoker, id)?;
                let workspace_seq = revoker.workspace.seq();
                webhooks::set_state(tx, workspace_seq, id.seq(), WebhookState::Revoked)?;
                audit(tx, &revoker, "webhook.revoke", &id.to_string(), &json!({}))?;
                let revoked = registered(tx, &revoker, id)?;
                endpoint_news(tx, &revoked, EndpointNews::Deleted)?;
                Ok::<_, Refusal>(revoked)
            })
            .await?;
        self.begin_calling_off().await?;
        Ok(webhook)
    }

    /// Revokes a webhook and takes it out of lists; its history stays until retention.
    pub async fn delete_webhook(&self, caller: &Caller, id: WebhookId) -> Result<(), Refusal> {
        let deleter = caller.clone();
        self.store()
            .write(move |tx| {
                let deleted = registered(tx, &deleter, id)?;
                let workspace_seq = deleter.workspace.seq();
                webhooks::set_state(tx, workspace_seq, id.seq(), WebhookState::Revoked)?;
                webhooks::delete(tx, workspace_seq, id.seq())?;
                if deleted.state != WebhookState::Revoked {
                    endpoint_news(tx, &deleted, EndpointNews::Deleted)?;
                }
                audit(tx, &deleter, "webhook.delete", &id.to_string(), &json!({}))
            })
            .await?;
        Ok(self.begin_calling_off().await?)
    }

    async fn change_state(
        &self,
        caller: &Caller,
        id: WebhookId,
        action: &'static str,
        turn: WebhookSwitch,
    ) -> Result<Webhook, Refusal> {
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            usable(tx, &caller, id)?;
            turn_to(tx, &caller, id, turn)?;
            audit(tx, &caller, action, &id.to_string(), &json!({}))?;
            let changed = registered(tx, &caller, id)?;
            endpoint_news(tx, &changed, EndpointNews::Updated)?;
            Ok(changed)
        };
        self.store().write(work).await
    }
}

pub(super) fn turn_to(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    id: WebhookId,
    turn: WebhookSwitch,
) -> Result<(), Refusal> {
    let webhook = registered(tx, caller, id)?;
    let workspace_seq = caller.workspace.seq();
    match (webhook.state, turn) {
        (WebhookState::Active, WebhookSwitch::On)
        | (WebhookState::Disabled { .. }, WebhookSwitch::Off) => Ok(()),
        (WebhookState::Revoked, _) => Err(Refusal::Revoked),
        (WebhookState::Disabled { .. }, WebhookSwitch::On) => {
            // Otherwise the first failure would trip the breaker again at once.
            let health = Health {
                consecutive_failures: 0,
                failing_since: None,
                ..webhook.health
            };
            webhooks::set_health(tx, id.seq(), &health)?;
            Ok(webhooks::set_state(
                tx,
                workspace_seq,
                id.seq(),
                WebhookState::Active,
            )?)
        }
        (WebhookState::Active, WebhookSwitch::Off) => {
            let state = WebhookState::Disabled {
                reason: DisabledReason::Manual,
                at: tx.now(),
            };
            Ok(webhooks::set_state(tx, workspace_seq, id.seq(), state)?)
        }
    }
}

/// Calls off one delivery that waits.
pub(in crate::service) fn cancel(tx: &mut WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    let Some(delivery) = deliveries::find(tx, seq)? else {
        return Ok(());
    };
    // What the row says, whatever is shown of a webhook that is out for good.
    let Some((progress, _)) = deliveries::progress(tx, seq)? else {
        return Ok(());
    };
    let policy = RetryPolicy::standard();
    let now = tx.now();
    let Ok(next) = step(progress, StepInput::Cancel, &policy, now, 0.0) else {
        return Ok(());
    };
    let place = delivery.place();
    deliveries::set_progress(tx, place, &progress, &next, None)?;
    tx.notices()
        .canceled
        .push((delivery.webhook.seq(), delivery.id));
    Ok(())
}

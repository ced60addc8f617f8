//! Sending a test to a webhook.
//!
//! Owns: the synthetic event and its one attempt. Refuses: retrying it.

use std::sync::Arc;

use serde_json::json;

use super::fetched::check_requested;
use super::{check_sound, usable};
use crate::domain::attempt::Attempt;
use crate::domain::breaker::DisabledReason;
use crate::domain::delivery::{NewDelivery, Trigger};
use crate::domain::envelope::check_data;
use crate::domain::event::{EventKind, NewEvent};
use crate::domain::event_type::EventTypeName;
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::webhook::Webhook;
use crate::service::{Caller, Refusal, Service, audit};
use crate::store::WriteTx;
use crate::store::deliveries;
use crate::store::events;

/// What a test came to.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The delivery that records it.
    pub delivery: DeliveryId,
    /// Its one attempt.
    pub attempt: Attempt,
    /// Whether the breaker had disabled the webhook and this test gives reason to enable it.
    pub may_enable: bool,
}

impl Service {
    /// Sends a synthetic event to one webhook now and waits for its one attempt.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Revoked`], or the field at fault;
    /// [`Refusal::RateLimited`] after too many tests in a minute.
    pub async fn test_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
        event_type: Option<String>,
        data: Option<String>,
    ) -> Result<Tested, Refusal> {
        self.tests().take(tester_of(caller), self.clock().now())?;
        let tester = caller.clone();
        let (delivery, may_enable) = self
            .store()
            .write(move |tx| {
                let webhook = usable(tx, &tester, id)?;
                check_requested(&webhook)?;
                check_sound(&webhook)?;
                let new = test_event(tx, &webhook, event_type, data)?;
                let event = Arc::new(events::insert(tx, tester.workspace, new, 1)?);
                let new = NewDelivery {
                    webhook_seq: id.seq(),
                    consumer_seq: webhook.consumer.map(|id| id.seq()),
                    profile_seq: webhook.profile.seq,
                    format: webhook.settings.format,
                    shape_seq: webhook.shape_seq,
                    trigger: Trigger::Test,
                    max_attempts: 1,
                    retried_from: None,
                    order_key: None,
                };
                let delivery = deliveries::insert_unqueued(tx, &event, &new)?.id;
                let detail = json!({ "delivery_id": delivery.to_string() });
                audit(tx, &tester, "webhook.test", &id.to_string(), &detail)?;
                let tripped =
                    webhook.state.disabled_reason() == Some(DisabledReason::CircuitBreaker);
                Ok::<_, Refusal>((delivery, tripped))
            })
            .await?;
        let attempt = self.engine().attempt_now(delivery.seq(), id.seq()).await?;
        let attempt = attempt
            .ok_or_else(|| Refusal::Internal(format!("test {delivery} was not attempted")))?;
        let may_enable = may_enable && attempt.error_kind.is_none();
        Ok(Tested {
            delivery,
            attempt: attempt.told_to(caller.hearer()),
            may_enable,
        })
    }
}

/// Whose tests are counted together: a consumer's own do not use up the platform's.
fn tester_of(caller: &Caller) -> i64 {
    match caller.consumer {
        None => caller.workspace.seq(),
        Some(consumer) => -consumer.seq(),
    }
}

fn test_event(
    tx: &WriteTx<'_>,
    webhook: &Webhook,
    event_type: Option<String>,
    data: Option<String>,
) -> Result<NewEvent, Refusal> {
    let profile = tx.profile(webhook.profile.seq)?;
    let sample = profile.test_event();
    let event_type = match event_type {
        Some(text) => EventTypeName::parse(&text)
            .map_err(|message| Refusal::field("event_type", message))?
            .as_str()
            .into(),
        None => sample.event_type.as_str().into(),
    };
    let data = data.unwrap_or_else(|| sample.data.clone());
    check_data(&profile, webhook.body_source(), &data)
        .map_err(|error| Refusal::field("data", error.to_string()))?;
    Ok(NewEvent {
        given_id: None,
        consumer: webhook.consumer,
        kind: EventKind::Test,
        event_type,
        occurred_at: None,
        data: data.into(),
        context: None,
        schedule: None,
        keep: None,
    })
}

//! Delivering an event once more, under new ids.
//!
//! Owns: who gets it again. Refuses: changing what was delivered before.
//!
//! # Why a webhook that is named gets it whatever its filter says
//! Who names one webhook wants this event there, as with one that does not subscribe to its type.
//! Where nobody is named, those that had it get it again, unless their filters have become narrower.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::reached::Reached;
use super::{EVENT_DELIVERIES_MAX, Fitting};
use crate::domain::consumer::Purview;
use crate::domain::delivery::{Delivery, NewDelivery, Trigger};
use crate::domain::envelope::check_data;
use crate::domain::event::{Event, EventKind};
use crate::domain::event_document::EventDocument;
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::webhook::{Subscriber, Transport, WebhookState};
use crate::service::idempotency::idempotent;
use crate::service::{Caller, Done, Idempotency, Refusal, Service, audit};
use crate::store::deliveries;
use crate::store::{StoreError, WriteTx, events, poll, webhooks};

impl Service {
    /// Makes new deliveries of an event, to one webhook or to all that had one.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] where there is nobody to replay it to.
    pub async fn replay(
        &self,
        caller: &Caller,
        event_id: &str,
        webhook: Option<WebhookId>,
        key: Idempotency<Vec<DeliveryId>>,
    ) -> Result<Done<Vec<DeliveryId>>, Refusal> {
        let caller = caller.clone();
        let event_id = event_id.to_owned();
        self.store()
            .write(move |tx| {
                idempotent(tx, &caller, &key, |tx| {
                    replay(tx, &caller, &event_id, webhook)
                })
            })
            .await
    }
}

fn replay(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    event_id: &str,
    webhook: Option<WebhookId>,
) -> Result<Vec<DeliveryId>, Refusal> {
    let workspace_seq = caller.workspace.seq();
    let purview = caller.purview();
    let stored = events::find_public(tx, purview, event_id)?
        .filter(|stored| stored.event.kind == EventKind::Published)
        .ok_or(Refusal::NotFound("event"))?;
    if stored.erased_at.is_some() {
        return Err(erased());
    }
    let event = Arc::new(stored.event);
    let before = deliveries::of_event(tx, event.id.seq(), EVENT_DELIVERIES_MAX)?;
    let kept_by = poll::keepers(tx, event.id.seq())?;
    let reached = Reached::by(tx, workspace_seq, event.consumer)?;
    let latest = |seq: i64| {
        before
            .iter()
            .rev()
            .find(|d| d.webhook.seq() == seq)
            .map(|d| d.id)
    };
    let fitting = Fitting::new(EventDocument::from(&*event));
    let wanted = |subscriber: &&Subscriber| match webhook {
        Some(id) => subscriber.id == id,
        None => {
            let seq = subscriber.webhook_seq;
            (latest(seq).is_some() || kept_by.contains(&seq)) && fitting.fits(subscriber)
        }
    };
    let mine = |subscriber: &&Subscriber| purview.holds(workspace_seq, subscriber.consumer_seq);
    let chosen: Vec<&Subscriber> = reached.subscribers().filter(mine).filter(wanted).collect();
    if let Some(id) = webhook
        && chosen.is_empty()
    {
        return Err(not_reached(tx, purview, id)?);
    }
    let open: Vec<&Subscriber> = chosen
        .into_iter()
        .filter(|s| s.disabled.is_none())
        .collect();
    let mut made = Vec::new();
    if webhook.is_none() && purview.consumer_seq.is_none() {
        replay_one_offs(tx, &event, &before, &mut made)?;
    }
    if open.is_empty() && made.is_empty() {
        return Err(Refusal::Conflict(
            "there is no active webhook to replay this event to".to_owned(),
        ));
    }
    for subscriber in open {
        let retried_from = latest(subscriber.webhook_seq);
        made.extend(once_more(tx, &event, subscriber, &fitting, retried_from)?);
    }
    let detail = serde_json::json!({ "deliveries": made.len() });
    audit(tx, caller, "event.replay", event_id, &detail)?;
    Ok(made)
}

/// Gives a webhook an event again; answers the delivery, where there is one: what is fetched has none.
fn once_more(
    tx: &mut WriteTx<'_>,
    event: &Arc<Event>,
    subscriber: &Subscriber,
    fitting: &Fitting<'_>,
    retried_from: Option<DeliveryId>,
) -> Result<Option<DeliveryId>, Refusal> {
    if subscriber.transport == Transport::Poll {
        let (seq, shape_seq) = (subscriber.webhook_seq, subscriber.shape_seq);
        poll::keep(tx, seq, event.id.seq(), shape_seq, None)?;
        return Ok(None);
    }
    check_data(&subscriber.profile, subscriber.body_source(), &event.data)
        .map_err(|error| Refusal::Conflict(format!("data {error}")))?;
    let new = NewDelivery {
        retried_from,
        ..NewDelivery::to(subscriber, Trigger::Replay, fitting.order_key(subscriber))
    };
    Ok(Some(deliveries::insert(tx, event, &new)?))
}

/// There is nothing left that could be sent.
pub(in crate::service) fn erased() -> Refusal {
    let message = "the data of this event was erased; there is nothing left to send";
    Refusal::Conflict(message.to_owned())
}

/// Why an event cannot be replayed to a webhook.
fn not_reached(tx: &WriteTx<'_>, purview: Purview, id: WebhookId) -> Result<Refusal, StoreError> {
    let known = webhooks::find_registered(tx, tx.vault(), purview, id, tx.now())?;
    Ok(match known.map(|webhook| webhook.state) {
        None => Refusal::NotFound("webhook"),
        Some(WebhookState::Revoked) => Refusal::Revoked,
        Some(WebhookState::Active | WebhookState::Disabled { .. }) => {
            Refusal::Conflict("this event is for another consumer than the webhook".to_owned())
        }
    })
}

/// The receivers that the publish call named get it again as well: each delivery's latest repetition
/// is repeated.
fn replay_one_offs(
    tx: &mut WriteTx<'_>,
    event: &Arc<Event>,
    before: &[Delivery],
    made: &mut Vec<DeliveryId>,
) -> Result<(), StoreError> {
    let mut latest: BTreeMap<i64, &Delivery> = BTreeMap::new();
    for delivery in before.iter().filter(|own| !own.webhook_registered) {
        latest.insert(delivery.webhook.seq(), delivery);
    }
    for delivery in latest.into_values() {
        let new = NewDelivery {
            webhook_seq: delivery.webhook.seq(),
            consumer_seq: delivery.consumer_seq,
            profile_seq: delivery.profile_seq,
            format: delivery.format,
            shape_seq: delivery.shape_seq,
            trigger: Trigger::Replay,
            max_attempts: delivery.max_attempts,
            retried_from: Some(delivery.id),
            order_key: delivery.order_key,
        };
        made.push(deliveries::insert(tx, event, &new)?);
    }
    Ok(())
}

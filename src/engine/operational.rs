//! Telling operational webhooks what happens to those of customers.
//!
//! Owns: finding who wants to know, and giving them an event. Refuses: news about operational webhooks
//! themselves, and about the platform's own: nobody is told what comes of telling.
//!
//! # Why nobody else pays
//! A workspace without operational webhooks is asked one question, answered by an index that holds nothing
//! else, and only where there is news at all; an attempt that succeeds or waits for the next is none.

use std::sync::Arc;

use crate::domain::attempt::Attempt;
use crate::domain::delivery::{Delivery, DeliveryPlace, NewDelivery, Progress, Trigger};
use crate::domain::event::NewEvent;
use crate::domain::event_type::EventTypeName;
use crate::domain::id::WorkspaceId;
use crate::domain::operational::{AttemptNews, EndpointNews, EndpointPlace, MessagePlace};
use crate::domain::webhook::{Subscriber, Webhook};
use crate::store::{StoreError, WriteTx, consumers, deliveries, events, webhooks};

/// Tells what became of a customer's webhook.
pub fn endpoint(
    tx: &mut WriteTx<'_>,
    webhook: &Webhook,
    news: EndpointNews,
) -> Result<(), StoreError> {
    let Some(consumer) = webhook.consumer else {
        return Ok(());
    };
    let listening = listening(tx, webhook.workspace.seq(), news.event_type())?;
    if listening.is_empty() {
        return Ok(());
    }
    let consumer_uid = consumers::uid(tx, consumer.seq())?;
    let place = EndpointPlace {
        consumer,
        consumer_uid: consumer_uid.as_deref(),
        webhook: webhook.id,
        webhook_uid: webhook.uid.as_deref(),
    };
    let text = place.told(news);
    notify(tx, webhook.workspace, news.event_type(), text, &listening)
}

/// Tells that a customer's webhook was disabled for failing.
pub(super) fn disabled(tx: &mut WriteTx<'_>, webhook_seq: i64) -> Result<(), StoreError> {
    let now = tx.now();
    let health = webhooks::health(tx, webhook_seq)?;
    let since = health.and_then(|(health, ..)| health.failing_since);
    match webhooks::find(tx, tx.vault(), webhook_seq, now)? {
        Some(webhook) => endpoint(tx, &webhook, EndpointNews::Disabled(since)),
        None => Ok(()),
    }
}

/// Tells what an attempt means, where it means anything.
pub(super) fn attempted(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    trigger: Trigger,
    [before, after]: [&Progress; 2],
    attempt: &Attempt,
) -> Result<(), StoreError> {
    let news = match trigger {
        Trigger::Event | Trigger::Replay => AttemptNews::of(before, after),
        Trigger::Test | Trigger::Alert => None,
    };
    let Some(news) = news else {
        return Ok(());
    };
    let listening = listening(tx, place.workspace_seq, news.event_type())?;
    if listening.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let webhook = webhooks::find(tx, tx.vault(), place.webhook_seq, now)?;
    let Some((webhook, delivery)) = webhook.zip(deliveries::find(tx, place.seq)?) else {
        return Ok(());
    };
    let Some(consumer) = webhook.consumer else {
        return Ok(());
    };
    let consumer_uid = consumers::uid(tx, consumer.seq())?;
    let stored = events::find(tx, delivery.event.seq())?;
    let uid = stored.as_ref().and_then(|own| own.event.uid());
    let at = EndpointPlace {
        consumer,
        consumer_uid: consumer_uid.as_deref(),
        webhook: webhook.id,
        webhook_uid: webhook.uid.as_deref(),
    };
    let numbered = Attempt {
        number: after.attempt_count,
        ..attempt.clone()
    };
    let text = at.told_of(&message(&delivery, uid, &numbered));
    notify(tx, webhook.workspace, news.event_type(), text, &listening)
}

fn message<'a>(
    delivery: &'a Delivery,
    uid: Option<&'a str>,
    attempt: &Attempt,
) -> MessagePlace<'a> {
    MessagePlace {
        event: delivery.event,
        public_id: &delivery.event_public_id,
        uid,
        attempt: attempt.id(delivery.id),
        status_code: attempt.status_code,
        attempted_at: attempt.started_at,
    }
}

/// The operational webhooks of a workspace that want to know.
fn listening(
    tx: &WriteTx<'_>,
    workspace_seq: i64,
    event_type: &str,
) -> Result<Vec<Subscriber>, StoreError> {
    let mut listening = webhooks::operational_subscribers(tx, workspace_seq)?;
    let name = EventTypeName::parse(event_type).ok();
    listening.retain(|one| {
        let wants = |name| one.subscription.matches(name);
        one.disabled.is_none() && name.as_ref().is_some_and(wants)
    });
    Ok(listening)
}

fn notify(
    tx: &mut WriteTx<'_>,
    workspace: WorkspaceId,
    event_type: &'static str,
    text: String,
    listening: &[Subscriber],
) -> Result<(), StoreError> {
    let new = NewEvent::told(event_type, text);
    let event = Arc::new(events::insert(tx, workspace, new, listening.len())?);
    for one in listening {
        let new = NewDelivery::to(one, Trigger::Event, None);
        deliveries::insert(tx, &event, &new)?;
    }
    Ok(())
}

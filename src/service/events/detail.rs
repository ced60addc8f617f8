//! One event with what became of it at each webhook.
//!
//! Owns: the reason why a webhook did or did not get an event. Refuses: changing anything.

use std::cell::LazyCell;
use std::cmp::Reverse;

use super::EVENT_DELIVERIES_MAX;
use super::why_not::{WhyNot, filtered, unasked};
use crate::domain::breaker::DisabledReason;
use crate::domain::delivery::Delivery;
use crate::domain::event::{EventKind, StoredEvent};
use crate::domain::event_document::EventDocument;
use crate::domain::id::WebhookId;
use crate::domain::json::JsonValue;
use crate::domain::webhook::{Transport, Webhook, WebhookState};
use crate::service::{Caller, Refusal, Service};
use crate::store::deliveries;
use crate::store::events;
use crate::store::{Read, Store, poll, webhooks};

/// An event with its deliveries and with the webhooks that missed it.
#[derive(Clone, Debug)]
pub struct EventDetail {
    /// The event.
    pub stored: StoredEvent,
    /// Its deliveries, oldest first.
    pub deliveries: Vec<Delivery>,
    /// Webhooks that wanted it but were disabled, and why.
    pub missed: Vec<(WebhookId, DisabledReason)>,
    /// Every registered webhook that the event may reach, newest first, and whether it got the event; at most
    /// [`EVENT_DELIVERIES_MAX`].
    pub webhooks: Vec<EventWebhook>,
}

/// Whether a webhook got an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventWebhook {
    /// The webhook.
    pub id: WebhookId,
    /// What people call it.
    pub label: String,
    /// Why it did not; `None` where it has a delivery of the event, or keeps it for its readers.
    pub why_not: Option<WhyNot>,
}

impl Service {
    /// One event, with what became of it at each webhook.
    pub async fn event(&self, caller: &Caller, id: &str) -> Result<EventDetail, Refusal> {
        let (caller, id) = (caller.clone(), id.to_owned());
        self.read(move |store, conn| detail_in(store, conn, &caller, &id))
            .await
    }
}

/// One event that the caller may see, with what became of it at each webhook.
pub(in crate::service) fn detail_in(
    store: &Store,
    conn: &Read<'_>,
    caller: &Caller,
    id: &str,
) -> Result<EventDetail, Refusal> {
    let purview = caller.purview();
    let stored = events::find_public(conn, purview, id)?
        .filter(|stored| stored.event.kind == EventKind::Published)
        .ok_or(Refusal::NotFound("event"))?;
    let seq = stored.event.id.seq();
    let consumer_seq = stored.event.consumer.map(|id| id.seq());
    let (vault, now, most) = (store.vault(), store.clock().now(), EVENT_DELIVERIES_MAX);
    let owned = |owner| webhooks::owned(conn, vault, purview.workspace_seq, owner, most, now);
    let mut all = match consumer_seq {
        Some(seq) => owned(Some(seq))?,
        None => Vec::new(),
    };
    if purview.consumer_seq.is_none() {
        all.extend(owned(None)?);
    }
    all.retain(|webhook| webhook.settings.transport != Transport::Operational);
    all.sort_by_key(|webhook| Reverse(webhook.id.seq()));
    all.truncate(EVENT_DELIVERIES_MAX);
    let mut deliveries = deliveries::of_event(conn, seq, EVENT_DELIVERIES_MAX)?;
    deliveries.retain(|own| purview.holds(own.workspace_seq, own.consumer_seq));
    let mut missed = events::misses(conn, seq, EVENT_DELIVERIES_MAX)?;
    if purview.consumer_seq.is_some() {
        missed.retain(|(id, _)| all.iter().any(|own| own.id == *id));
    }
    let kept_by = poll::keepers(conn, seq)?;
    // Read for the first filter that asks.
    let view = LazyCell::new(|| EventDocument::from(&stored.event).tape());
    let judge = |webhook: &Webhook| EventWebhook {
        id: webhook.id,
        label: webhook.settings.label.clone(),
        why_not: match kept_by.contains(&webhook.id.seq()) {
            true => None,
            false => why_not(webhook, &stored, &deliveries, &missed, || view.root()),
        },
    };
    let webhooks = all.iter().map(judge).collect();
    let hearer = caller.hearer();
    Ok(EventDetail {
        stored,
        deliveries: deliveries
            .into_iter()
            .map(|own| own.told_to(hearer))
            .collect(),
        missed,
        webhooks,
    })
}

fn why_not<'a>(
    webhook: &Webhook,
    stored: &StoredEvent,
    deliveries: &[Delivery],
    missed: &[(WebhookId, DisabledReason)],
    view: impl FnOnce() -> JsonValue<'a>,
) -> Option<WhyNot> {
    if deliveries.iter().any(|own| own.webhook == webhook.id) {
        return None;
    }
    if let Some((_, reason)) = missed.iter().find(|(id, _)| *id == webhook.id) {
        return Some(WhyNot::Disabled(*reason));
    }
    let unasked = unasked(webhook, &stored.event);
    if unasked.is_some() {
        return unasked;
    }
    if webhook.created_at > stored.created_at {
        return Some(WhyNot::RegisteredLater);
    }
    filtered(webhook, view).or(Some(match webhook.state {
        WebhookState::Revoked => WhyNot::Revoked,
        WebhookState::Active | WebhookState::Disabled { .. } => WhyNot::SubscribedLater,
    }))
}

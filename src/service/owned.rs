//! What belongs to one consumer, found by our ids or by the platform's own names for it.
//!
//! Owns: consumer, webhook and event, each in one look; the platform's operational webhooks, which have
//! such names as well. Refuses: what is somebody else's.

use super::webhooks::registered_in;
use super::{Caller, Refusal, Service};
use crate::domain::consumer::{ConsumerRef, Purview};
use crate::domain::event::{EventKind, StoredEvent};
use crate::domain::id::{ConsumerId, EventId, WebhookId};
use crate::domain::webhook::{Transport, Webhook};
use crate::store::{Read, consumers, events, webhooks};

/// How a webhook of a consumer is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookRef {
    /// By our own id.
    Id(WebhookId),
    /// By the platform's name for it.
    Uid(String),
}

/// How an event for a consumer is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventRef {
    /// By our own id, whatever its publisher calls it.
    Id(EventId),
    /// By the id that its readers know, or by the platform's name for it.
    Name(String),
}

impl Service {
    /// The id of the consumer that `named` means.
    pub async fn consumer_id(&self, caller: &Caller, named: &str) -> Result<ConsumerId, Refusal> {
        let (purview, named) = (caller.purview(), named.to_owned());
        self.read(move |_, conn| consumer_in(conn, purview, &named))
            .await
    }

    /// A consumer's webhook.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also where the consumer is not there.
    pub async fn webhook_of(
        &self,
        caller: &Caller,
        consumer: &str,
        webhook: WebhookRef,
    ) -> Result<Webhook, Refusal> {
        let (caller, consumer) = (caller.clone(), consumer.to_owned());
        self.read(move |store, conn| {
            let owner = consumer_in(conn, caller.purview(), &consumer)?;
            let id = match webhook {
                WebhookRef::Id(id) => id,
                WebhookRef::Uid(uid) => {
                    let seq = webhooks::row_called(conn, owner.seq(), &uid)?;
                    let now = store.clock().now();
                    let found = seq.map(|seq| webhooks::find(conn, store.vault(), seq, now));
                    let found = found.transpose()?.flatten();
                    found.ok_or(Refusal::NotFound("webhook"))?.id
                }
            };
            registered_in(store, conn, &caller.within(owner), id)
        })
        .await
    }

    /// An event for a consumer, tests of its webhooks included.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also where the consumer is not there.
    pub async fn event_of(
        &self,
        caller: &Caller,
        consumer: &str,
        event: EventRef,
    ) -> Result<StoredEvent, Refusal> {
        let (purview, consumer) = (caller.purview(), consumer.to_owned());
        self.read(move |_, conn| {
            let owner = consumer_in(conn, purview, &consumer)?;
            let own = Purview {
                consumer_seq: Some(owner.seq()),
                ..purview
            };
            let found = match event {
                EventRef::Id(id) => {
                    events::find(conn, id.seq())?.filter(|stored| stored.event.id == id)
                }
                EventRef::Name(name) => match events::row_called(conn, owner.seq(), &name)? {
                    Some(seq) => events::find(conn, seq)?,
                    None => events::find_public(conn, own, &name)?,
                },
            };
            let is_own = |stored: &StoredEvent| {
                stored.event.workspace.seq() == purview.workspace_seq
                    && stored.event.consumer == Some(owner)
                    && stored.event.kind != EventKind::Alert
            };
            found.filter(is_own).ok_or(Refusal::NotFound("event"))
        })
        .await
    }
}

fn consumer_in(conn: &Read<'_>, purview: Purview, named: &str) -> Result<ConsumerId, Refusal> {
    let named = ConsumerRef::parse(named).ok_or(Refusal::NotFound("consumer"))?;
    consumers::find_id(conn, purview.workspace_seq, &named)?
        .filter(|found| purview.holds(purview.workspace_seq, Some(found.seq())))
        .ok_or(Refusal::NotFound("consumer"))
}

impl Service {
    /// The operational webhooks of the caller's workspace, newest first.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for whoever is bound to a consumer.
    pub async fn operational_webhooks(&self, caller: &Caller) -> Result<Vec<Webhook>, Refusal> {
        caller.check_platform()?;
        let workspace_seq = caller.workspace.seq();
        self.read(move |store, conn| {
            let now = store.clock().now();
            let mut rows = webhooks::operational(conn, workspace_seq)?;
            rows.reverse();
            Ok(webhooks::in_rows(conn, store.vault(), &rows, now)?)
        })
        .await
    }

    /// One of them.
    ///
    /// # Errors
    /// As [`Service::operational_webhooks`], and [`Refusal::NotFound`] where it is none of them.
    pub async fn operational_webhook(
        &self,
        caller: &Caller,
        wanted: WebhookRef,
    ) -> Result<Webhook, Refusal> {
        caller.check_platform()?;
        let caller = caller.clone();
        self.read(move |store, conn| {
            let missing = || Refusal::NotFound("operational webhook");
            let id = match wanted {
                WebhookRef::Id(id) => id,
                WebhookRef::Uid(uid) => {
                    let seq = webhooks::operational_called(conn, caller.workspace.seq(), &uid)?;
                    let now = store.clock().now();
                    let found = seq.map(|seq| webhooks::find(conn, store.vault(), seq, now));
                    found.transpose()?.flatten().ok_or_else(missing)?.id
                }
            };
            operational(registered_in(store, conn, &caller, id)?).ok_or_else(missing)
        })
        .await
    }
}

fn operational(webhook: Webhook) -> Option<Webhook> {
    (webhook.settings.transport == Transport::Operational).then_some(webhook)
}

//! What a webhook would get of an event.
//!
//! Owns: finding or making the event, and whether the webhook wants it. Refuses: making the request
//! (`engine::preview`), and sending anything.

use std::cell::LazyCell;
use std::sync::Arc;

use serde_json::json;

use super::fetched::check_requested;
use super::registered_in;
use crate::domain::event::{Event, EventKind, GivenId};
use crate::domain::event_context::{EVENT_CHANNELS_MAX, EventContext, parse_channels};
use crate::domain::event_document::EventDocument;
use crate::domain::event_type::{EventTypeName, VersionName};
use crate::domain::id::{EventId, WebhookId};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Webhook, WebhookState};
use crate::engine::preview::{PreviewFault, PreviewedRequest, preview};
use crate::service::catalogue::Catalogue;
use crate::service::events::{WhyNot, filtered, unasked};
use crate::service::{Caller, Refusal, Service, audit};
use crate::store::{Read, Store, WriteTx, events};

/// The row number of an event that does not exist.
const NO_EVENT: i64 = 1;

/// Of which event; the wire profile's own test event if nothing is said.
#[derive(Clone, Debug, Default)]
pub struct PreviewInput {
    /// One that was published.
    pub event_id: Option<String>,
    /// One that is said here.
    pub event: Option<PreviewEvent>,
}

/// An event that nobody published.
#[derive(Clone, Debug, Default)]
pub struct PreviewEvent {
    /// Its type; that of the test event if absent.
    pub event_type: Option<String>,
    /// Its data, JSON text; that of the test event if absent.
    pub data: Option<String>,
    /// The publisher's id for it.
    pub id: Option<String>,
    /// When it happened.
    pub timestamp: Option<String>,
    /// The channels in which it is said.
    pub channels: Vec<String>,
    /// The version of its type; the newest in use if absent.
    pub version: Option<String>,
}

/// What a webhook would get.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Why it would not; `None` where it would.
    pub why_not: Option<WhyNot>,
    /// The request, whether it would be made or not.
    pub request: Result<PreviewedRequest, PreviewFault>,
}

impl Service {
    /// What the webhook `id` would get of an event now. Nothing is sent; the audit log says who asked,
    /// for the signature is a real one.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for the webhook or the event; or the field at fault.
    pub async fn preview_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
        input: PreviewInput,
    ) -> Result<Preview, Refusal> {
        let asker = caller.clone();
        let catalogue = self.catalogue(caller.workspace.seq()).await?;
        let read = self.read(move |store, conn| {
            let now = store.clock().now();
            let webhook = registered_in(store, conn, &asker, id)?;
            check_requested(&webhook)?;
            let event = event_of(store, conn, &asker, &webhook, &catalogue, input)?;
            let why_not = why_not(&webhook, &event);
            let request = preview(store, conn, Arc::new(event), &webhook, now)?;
            Ok(Preview {
                why_not,
                request: request.ok_or(Refusal::NotFound("webhook"))?,
            })
        });
        let shown = read.await?;
        let asker = caller.clone();
        let note = move |tx: &mut WriteTx<'_>| {
            audit(tx, &asker, "webhook.preview", &id.to_string(), &json!({}))
        };
        self.store().write(note).await?;
        Ok(shown)
    }
}

/// The event: a stored one, or one that is made up.
fn event_of(
    store: &Store,
    conn: &Read<'_>,
    caller: &Caller,
    webhook: &Webhook,
    catalogue: &Catalogue,
    input: PreviewInput,
) -> Result<Event, Refusal> {
    let said = match (input.event_id, input.event) {
        (Some(_), Some(_)) => {
            let message = "stands beside event; give one of the two";
            return Err(Refusal::field("event_id", message));
        }
        (Some(id), None) => {
            let found = events::find_public(conn, caller.purview(), &id)?;
            let found = found.filter(|stored| stored.event.kind == EventKind::Published);
            return Ok(found.ok_or(Refusal::NotFound("event"))?.event);
        }
        (None, said) => said.unwrap_or_default(),
    };
    let profile = store.profile(conn, webhook.profile.seq)?;
    let sample = profile.test_event();
    let at_fault = |field: &str| {
        let field = format!("event.{field}");
        move |message: String| Refusal::field(field, message)
    };
    let name = match &said.event_type {
        Some(text) => EventTypeName::parse(text).map_err(at_fault("type"))?,
        None => sample.event_type.clone(),
    };
    let version = said.version.as_deref().map(VersionName::parse).transpose();
    let version = version.map_err(at_fault("version"))?;
    let version = catalogue
        .of_version("event.version", &name, version.as_ref())
        .map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let now = store.clock().now();
    let given_id = said.id.as_deref().map(GivenId::parse).transpose();
    let occurred_at = said.timestamp.as_deref().map(Timestamp::parse).transpose();
    let channels = match said.channels.is_empty() {
        true => Vec::new(),
        false => {
            parse_channels(&said.channels, EVENT_CHANNELS_MAX).map_err(at_fault("channels"))?
        }
    };
    let context = EventContext {
        channels,
        version: version.map(|own| own.name.clone()),
        ..EventContext::default()
    };
    Ok(Event {
        id: EventId::new(now, NO_EVENT),
        given_id: given_id.map_err(|error| at_fault("id")(error.to_string()))?,
        workspace: caller.workspace,
        consumer: webhook.consumer,
        kind: EventKind::Published,
        event_type: name.as_str().into(),
        occurred_at: occurred_at.map_err(at_fault("timestamp"))?.unwrap_or(now),
        data: said.data.unwrap_or_else(|| sample.data.clone()).into(),
        context: context.shared(),
    })
}

/// Why the webhook would not get the event, if it were published now.
fn why_not(webhook: &Webhook, event: &Event) -> Option<WhyNot> {
    let tape = LazyCell::new(|| EventDocument::from(event).tape());
    let unwanted = unasked(webhook, event).or_else(|| filtered(webhook, || tape.root()));
    if unwanted.is_some() {
        return unwanted;
    }
    match webhook.state {
        WebhookState::Active => None,
        WebhookState::Revoked => Some(WhyNot::Revoked),
        WebhookState::Disabled { reason, .. } => Some(WhyNot::Disabled(reason)),
    }
}

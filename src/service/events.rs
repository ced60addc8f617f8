//! Publishing events and finding them again.
//!
//! Owns: the rules of publishing (types, schemas, sizes, ids), the fan-out, one-off targets,
//! replays. Refuses: attempting anything; what is committed is the engine's.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::once::once;
use super::webhooks::defaults_of;
use super::{Caller, Done, FieldError, Once, Refusal, Service, audit};
use crate::domain::breaker::{BreakerPolicy, DisabledReason};
use crate::domain::delivery::Trigger;
use crate::domain::envelope::check_data;
use crate::domain::event::{Event, EventKind, GivenId};
use crate::domain::event_type::{EventTypeName, Subscription};
use crate::domain::format::Format;
use crate::domain::id::{DeliveryId, WebhookId, WorkspaceId};
use crate::domain::page::{Limit, Page};
use crate::domain::profile::Profile;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Webhook, WebhookKind, WebhookSettings, WebhookState};
use crate::entropy;
use crate::store::deliveries::{self, Delivery, NewDelivery};
use crate::store::events::{self, EventFilter, NewEvent, StoredEvent};
use crate::store::webhooks::{NewWebhook, Subscriber};
use crate::store::{Store, StoreError, WriteTx, profiles, secrets, webhooks, workspaces};
use crate::telemetry::metrics;

/// Events that one batch call may carry, unless the operator says otherwise.
pub const BATCH_EVENTS_DEFAULT: usize = 1000;
/// Deliveries and misses of one event that its page lists.
pub const EVENT_DELIVERIES_MAX: usize = 1000;

/// What a publisher says, not yet checked.
#[derive(Clone, Debug)]
pub struct PublishInput {
    /// The event's type.
    pub event_type: String,
    /// The JSON, byte for byte.
    pub data: String,
    /// The publisher's own id for it.
    pub id: Option<String>,
    /// When it happened.
    pub occurred_at: Option<String>,
    /// A receiver for this event only.
    pub webhook_url: Option<String>,
    /// The secret that signs for it; else the workspace's own.
    pub webhook_secret: Option<String>,
    /// The wire profile for it; else the workspace's.
    pub profile: Option<String>,
}

/// An accepted event.
#[derive(Clone, Debug)]
pub struct Published {
    /// Its id, as the publisher knows it.
    pub id: String,
    /// Its type.
    pub event_type: Arc<str>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// How many deliveries it was given.
    pub deliveries: u32,
    /// Whether it had been published before: then nothing was done now.
    pub known: Known,
}

/// Whether an event is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It was accepted now.
    New,
    /// The same event had been published under the same id.
    Before,
}

/// An event with its deliveries and with the webhooks that missed it.
#[derive(Clone, Debug)]
pub struct EventDetail {
    /// The event.
    pub stored: StoredEvent,
    /// Its deliveries, oldest first.
    pub deliveries: Vec<Delivery>,
    /// Webhooks that wanted it but were disabled, and why.
    pub missed: Vec<(WebhookId, DisabledReason)>,
    /// Every registered webhook, newest first, and whether it got the event; at most
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
    /// Why it did not; `None` where it has a delivery of the event.
    pub why_not: Option<WhyNot>,
}

/// Why a webhook got no delivery of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyNot {
    /// It wanted the event, but was disabled.
    Disabled(DisabledReason),
    /// It was revoked.
    Revoked,
    /// It was registered after the event.
    RegisteredLater,
    /// It does not subscribe to the event's type.
    NotSubscribed,
    /// It subscribes to the event's type now, but did not when the event was published.
    SubscribedLater,
}

impl WhyNot {
    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disabled(_) => "disabled",
            Self::Revoked => "revoked",
            Self::RegisteredLater => "registered_later",
            Self::NotSubscribed => "not_subscribed",
            Self::SubscribedLater => "subscribed_later",
        }
    }
}

/// A publisher's words, checked.
struct Checked {
    new: NewEvent,
    one_off: Option<OneOff>,
}

/// A receiver that a publish call names.
struct OneOff {
    url: String,
    secret: Option<String>,
    profile: Option<String>,
}

impl Service {
    /// Accepts an event: stores it with its deliveries, in one flushed transaction.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names the fields at fault, [`Refusal::Conflict`] where the id was used
    /// for another event, [`Refusal::TooLarge`] names the limit.
    pub async fn publish(
        &self,
        caller: &Caller,
        input: PublishInput,
        key: Once<Published>,
    ) -> Result<Done<Published>, Refusal> {
        let checked = self.check(caller, input).await?;
        let caller = caller.clone();
        let done = self
            .store()
            .write(move |tx| once(tx, &caller, &key, |tx| accept(tx, &caller, checked)))
            .await;
        if let Ok(Done::Fresh(published)) = &done {
            metrics::events_accepted(usize::from(published.known == Known::New));
        }
        done
    }

    /// Accepts up to the operator's limit of events, each on its own: one result per event, in order.
    /// What the caller could not read is refused in its place.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] for too many; a [`Refusal`] where the transaction failed as a whole.
    pub async fn publish_batch(
        &self,
        caller: &Caller,
        inputs: Vec<Result<PublishInput, Refusal>>,
        key: Once<Vec<Result<Published, Refusal>>>,
    ) -> Result<Done<Vec<Result<Published, Refusal>>>, Refusal> {
        let most = self.options().batch_events_max;
        if inputs.len() > most {
            return Err(Refusal::TooLarge(format!(
                "a batch holds at most {most} events; this one has {}",
                inputs.len()
            )));
        }
        let mut checked = Vec::with_capacity(inputs.len());
        for input in inputs {
            checked.push(match input {
                Ok(input) => self.check(caller, input).await,
                Err(refusal) => Err(refusal),
            });
        }
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            once(tx, &caller, &key, |tx| {
                let mut results = Vec::with_capacity(checked.len());
                for checked in checked {
                    results.push(match checked {
                        // A refusal undoes this event alone.
                        Ok(checked) => tx.nested(|tx| accept(tx, &caller, checked))?,
                        Err(refusal) => Err(refusal),
                    });
                }
                Ok(results)
            })
        };
        let done = self.store().write(work).await;
        if let Ok(Done::Fresh(results)) = &done {
            let accepted = results.iter().flatten();
            let is_new = |published: &&Published| published.known == Known::New;
            metrics::events_accepted(accepted.filter(is_new).count());
        }
        done
    }

    /// A page of published events.
    ///
    /// # Errors
    /// [`Refusal::Internal`] where the database cannot be read.
    pub async fn events(
        &self,
        filter: EventFilter,
        limit: Limit,
    ) -> Result<Page<StoredEvent>, Refusal> {
        Ok(self
            .store()
            .read(move |conn| events::list(conn, &filter, limit))
            .await?)
    }

    /// One event, with what became of it at each webhook.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn event(&self, caller: &Caller, id: &str) -> Result<EventDetail, Refusal> {
        let workspace_seq = caller.workspace.seq();
        let id = id.to_owned();
        let store = self.store().clone();
        self.store()
            .read(move |conn| {
                let stored = events::find_public(conn, workspace_seq, &id)?
                    .filter(|stored| stored.event.kind == EventKind::Published)
                    .ok_or(Refusal::NotFound("event"))?;
                let seq = stored.event.id.seq();
                let deliveries = deliveries::of_event(conn, seq, EVENT_DELIVERIES_MAX)?;
                let missed = events::misses(conn, seq, EVENT_DELIVERIES_MAX)?;
                let judge = |webhook: &Webhook| EventWebhook {
                    id: webhook.id,
                    label: webhook.settings.label.clone(),
                    why_not: why_not(webhook, &stored, &deliveries, &missed),
                };
                let all = every_webhook(&store, conn, workspace_seq)?;
                let webhooks = all.iter().map(judge).collect();
                Ok(EventDetail {
                    stored,
                    deliveries,
                    missed,
                    webhooks,
                })
            })
            .await
    }

    /// Makes new deliveries of an event, to one webhook or to all that had one.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] where there is nobody to replay it to.
    pub async fn replay(
        &self,
        caller: &Caller,
        event_id: &str,
        webhook: Option<WebhookId>,
        key: Once<Vec<DeliveryId>>,
    ) -> Result<Done<Vec<DeliveryId>>, Refusal> {
        caller.actor.check_proof()?;
        let caller = caller.clone();
        let event_id = event_id.to_owned();
        self.store()
            .write(move |tx| {
                once(tx, &caller, &key, |tx| {
                    replay(tx, &caller, &event_id, webhook)
                })
            })
            .await
    }

    async fn check(&self, caller: &Caller, input: PublishInput) -> Result<Checked, Refusal> {
        let limit = self.options().event_data_bytes_max;
        if input.data.len() > limit {
            return Err(Refusal::TooLarge(format!(
                "event data may have at most {limit} bytes; this has {}",
                input.data.len()
            )));
        }
        let mut errors = Vec::new();
        let mut fault = |field: &str, message: String| {
            errors.push(FieldError {
                field: field.to_owned(),
                message,
            });
        };
        let name = EventTypeName::parse(&input.event_type)
            .map_err(|message| fault("type", message))
            .ok();
        let given_id = input.id.as_deref().map(GivenId::parse).transpose();
        let given_id = given_id
            .map_err(|message| fault("id", message))
            .ok()
            .flatten();
        let occurred_at = input
            .occurred_at
            .as_deref()
            .map(Timestamp::parse)
            .transpose();
        let occurred_at = occurred_at
            .map_err(|message| fault("occurred_at", message))
            .ok()
            .flatten();
        let one_off = match input.webhook_url {
            Some(url) => match self.guard().check_url(&url) {
                Ok(target) => Some(OneOff {
                    url: target.to_string(),
                    secret: input.webhook_secret,
                    profile: input.profile,
                }),
                Err(refusal) => {
                    fault("webhook_url", refusal.to_string());
                    None
                }
            },
            None => {
                let alone = "is for the webhook_url of this call; give both or neither";
                if input.webhook_secret.is_some() {
                    fault("webhook_secret", alone.to_owned());
                }
                if input.profile.is_some() {
                    fault("profile", alone.to_owned());
                }
                None
            }
        };
        let Some(name) = name.filter(|_| errors.is_empty()) else {
            return Err(Refusal::Invalid(errors));
        };
        let catalogue = self.catalogue(caller.workspace.seq()).await?;
        catalogue
            .check_event(&name, &input.data)
            .map_err(Refusal::Invalid)?;
        let new = NewEvent {
            given_id,
            kind: EventKind::Published,
            event_type: name.as_str().into(),
            occurred_at,
            data: input.data.into(),
        };
        Ok(Checked { new, one_off })
    }
}

/// The workspace's registered webhooks, newest first; at most [`EVENT_DELIVERIES_MAX`].
fn every_webhook(
    store: &Store,
    conn: &rusqlite::Connection,
    workspace_seq: i64,
) -> Result<Vec<Webhook>, StoreError> {
    let (now, limit) = (store.clock().now(), Limit::clamped(u32::MAX));
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let page = webhooks::list(conn, store.vault(), workspace_seq, cursor, limit, now)?;
        all.extend(page.items);
        cursor = page.next;
        if cursor.is_none() || all.len() >= EVENT_DELIVERIES_MAX {
            all.truncate(EVENT_DELIVERIES_MAX);
            return Ok(all);
        }
    }
}

fn why_not(
    webhook: &Webhook,
    stored: &StoredEvent,
    deliveries: &[Delivery],
    missed: &[(WebhookId, DisabledReason)],
) -> Option<WhyNot> {
    if deliveries.iter().any(|own| own.webhook == webhook.id) {
        return None;
    }
    if let Some((_, reason)) = missed.iter().find(|(id, _)| *id == webhook.id) {
        return Some(WhyNot::Disabled(*reason));
    }
    let name = EventTypeName::parse(&stored.event.event_type).ok();
    let wanted = name.is_some_and(|name| webhook.settings.subscription.matches(&name));
    if !wanted {
        return Some(WhyNot::NotSubscribed);
    }
    if webhook.created_at > stored.created_at {
        return Some(WhyNot::RegisteredLater);
    }
    Some(match webhook.state {
        WebhookState::Revoked => WhyNot::Revoked,
        WebhookState::Active | WebhookState::Disabled { .. } => WhyNot::SubscribedLater,
    })
}

fn accept(tx: &mut WriteTx<'_>, caller: &Caller, checked: Checked) -> Result<Published, Refusal> {
    let Checked { new, one_off } = checked;
    if let Some(given_id) = &new.given_id
        && let Some(known) = events::find_public(tx, caller.workspace.seq(), given_id.as_str())?
    {
        return known_before(&known, &new);
    }
    let subscribers = webhooks::subscribers(tx, caller.workspace.seq())?;
    let wanted = wanting(&subscribers, &new)?;
    let open = wanted.iter().filter(|s| s.disabled.is_none()).count();
    let count = open + usize::from(one_off.is_some());
    let event = Arc::new(events::insert(tx, caller.workspace, new, count)?);
    fan_out(tx, &event, &wanted)?;
    if let Some(one_off) = one_off {
        deliver_one_off(tx, &event, &one_off)?;
    }
    Ok(Published {
        id: event.public_id(),
        event_type: Arc::clone(&event.event_type),
        occurred_at: event.occurred_at,
        created_at: tx.now(),
        deliveries: u32::try_from(count).unwrap_or(u32::MAX),
        known: Known::New,
    })
}

/// The same event under the same id is answered with the first; another event is refused.
fn known_before(known: &StoredEvent, new: &NewEvent) -> Result<Published, Refusal> {
    let StoredEvent {
        event,
        created_at,
        delivery_count,
    } = known;
    let same_time = new.occurred_at.is_none_or(|at| at == event.occurred_at);
    if event.event_type != new.event_type || event.data != new.data || !same_time {
        return Err(Refusal::Conflict(format!(
            "the id {} was used for another event; ids are unique in a workspace",
            event.public_id()
        )));
    }
    Ok(Published {
        id: event.public_id(),
        event_type: Arc::clone(&event.event_type),
        occurred_at: event.occurred_at,
        created_at: *created_at,
        deliveries: *delivery_count,
        known: Known::Before,
    })
}

/// The webhooks that want an event, disabled ones included. Data that does not fit one of the active
/// ones is refused.
fn wanting<'a>(
    subscribers: &'a [Subscriber],
    new: &NewEvent,
) -> Result<Vec<&'a Subscriber>, Refusal> {
    let name =
        EventTypeName::parse(&new.event_type).map_err(|message| Refusal::field("type", message))?;
    let wanted = subscribers.iter().filter(|s| s.subscription.matches(&name));
    let wanted: Vec<&Subscriber> = wanted.collect();
    for subscriber in wanted.iter().filter(|s| s.disabled.is_none()) {
        check_data(&subscriber.profile, subscriber.format, &new.data).map_err(|error| {
            Refusal::field(
                "data",
                format!("does not fit webhook {}: {error}", subscriber.id),
            )
        })?;
    }
    Ok(wanted)
}

/// Gives an event to the active ones of the webhooks that want it, and records which disabled one
/// missed it.
fn fan_out(
    tx: &mut WriteTx<'_>,
    event: &Arc<Event>,
    wanted: &[&Subscriber],
) -> Result<(), StoreError> {
    for subscriber in wanted {
        match subscriber.disabled {
            Some(reason) => {
                events::insert_miss(tx, event.id.seq(), subscriber.webhook_seq, reason)?;
            }
            None => {
                deliveries::insert(tx, event, &new_delivery(subscriber, Trigger::Event))?;
            }
        }
    }
    Ok(())
}

pub(super) fn new_delivery(subscriber: &Subscriber, trigger: Trigger) -> NewDelivery {
    NewDelivery {
        webhook_seq: subscriber.webhook_seq,
        profile_seq: subscriber.profile_seq,
        format: subscriber.format,
        trigger,
        max_attempts: subscriber.max_attempts,
        retried_from: None,
    }
}

/// Gives an event to the receiver that its publish call names, through a hidden webhook.
fn deliver_one_off(
    tx: &mut WriteTx<'_>,
    event: &Arc<Event>,
    one_off: &OneOff,
) -> Result<(), Refusal> {
    let workspace =
        workspaces::find(tx, event.workspace.seq())?.ok_or(Refusal::NotFound("workspace"))?;
    let name = one_off.profile.as_deref().unwrap_or(&workspace.profile);
    let stored = profiles::find(tx, name)?
        .ok_or_else(|| Refusal::field("profile", format!("there is no profile {name}")))?;
    let profile = tx.profile(stored.seq)?;
    check_data(&profile, Format::Json, &event.data)
        .map_err(|error| Refusal::field("data", error.to_string()))?;
    let secret = match &one_off.secret {
        Some(text) => profile
            .accept_secret(text)
            .map_err(|message| Refusal::field("webhook_secret", message))?,
        None => workspace_secret(tx, event.workspace, &profile)?,
    };
    let digest = target_digest(&one_off.url, stored.seq, &secret);
    let webhook_seq = match webhooks::find_target(tx, event.workspace.seq(), &digest)? {
        Some(seq) => seq,
        None => {
            let settings = one_off_settings(&one_off.url, &profile)?;
            insert_one_off(tx, event.workspace, stored.seq, &settings, digest, &secret)?
        }
    };
    let new = NewDelivery {
        webhook_seq,
        profile_seq: stored.seq,
        format: Format::Json,
        trigger: Trigger::Event,
        max_attempts: profile.retry_policy().max_attempts(),
        retried_from: None,
    };
    deliveries::insert(tx, event, &new)?;
    Ok(())
}

/// What makes two one-off targets the same: they then share a lane.
fn target_digest(url: &str, profile_seq: i64, secret: &Secret) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(url.len().to_le_bytes());
    hasher.update(url);
    hasher.update(profile_seq.to_le_bytes());
    hasher.update(secret.expose());
    hasher.finalize().into()
}

/// The workspace's own secret; made when it is first needed.
pub(super) fn workspace_secret(
    tx: &mut WriteTx<'_>,
    workspace: WorkspaceId,
    profile: &Profile,
) -> Result<Secret, Refusal> {
    if let Some(secret) = workspaces::secret(tx, workspace.seq())? {
        profile.signing_key(&secret).map_err(|error| {
            Refusal::field(
                "webhook_secret",
                format!("is needed for this profile: {error}"),
            )
        })?;
        return Ok(secret);
    }
    // The standard form fits every built-in profile.
    let secret = Profile::standard().generate_secret(entropy::bytes());
    workspaces::set_secret(tx, workspace.seq(), &secret)?;
    Ok(secret)
}

fn one_off_settings(url: &str, profile: &Profile) -> Result<WebhookSettings, Refusal> {
    let any = Subscription::parse(&["*"]).map_err(|error| Refusal::Internal(error.message))?;
    // Nobody could enable a hidden webhook again, so nothing disables it.
    let breaker = BreakerPolicy {
        disable_after_failures: None,
        disable_after: None,
    };
    let defaults = defaults_of(profile, url.to_owned(), any);
    Ok(WebhookSettings {
        breaker,
        ..defaults
    })
}

fn insert_one_off(
    tx: &mut WriteTx<'_>,
    workspace: WorkspaceId,
    profile_seq: i64,
    settings: &WebhookSettings,
    digest: [u8; 32],
    secret: &Secret,
) -> Result<i64, Refusal> {
    let new = NewWebhook {
        workspace,
        kind: WebhookKind::OneOff,
        profile_seq,
        settings,
        state: WebhookState::Active,
        target_digest: Some(digest),
    };
    let id = webhooks::insert(tx, &new)?;
    secrets::insert(tx, id.seq(), secret)?;
    Ok(id.seq())
}

fn replay(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    event_id: &str,
    webhook: Option<WebhookId>,
) -> Result<Vec<DeliveryId>, Refusal> {
    let workspace_seq = caller.workspace.seq();
    let stored = events::find_public(tx, workspace_seq, event_id)?
        .filter(|stored| stored.event.kind == EventKind::Published)
        .ok_or(Refusal::NotFound("event"))?;
    let event = Arc::new(stored.event);
    let before = deliveries::of_event(tx, event.id.seq(), EVENT_DELIVERIES_MAX)?;
    let subscribers = webhooks::subscribers(tx, workspace_seq)?;
    let latest = |seq: i64| {
        before
            .iter()
            .rev()
            .find(|d| d.webhook.seq() == seq)
            .map(|d| d.id)
    };
    let wanted = |subscriber: &&Subscriber| match webhook {
        Some(id) => subscriber.id == id,
        None => latest(subscriber.webhook_seq).is_some(),
    };
    let chosen: Vec<&Subscriber> = subscribers.iter().filter(wanted).collect();
    if let Some(id) = webhook
        && chosen.is_empty()
    {
        let known = webhooks::find_registered(tx, tx.vault(), workspace_seq, id, tx.now())?;
        return Err(known.map_or(Refusal::NotFound("webhook"), |_| Refusal::Revoked));
    }
    let open: Vec<&Subscriber> = chosen
        .into_iter()
        .filter(|s| s.disabled.is_none())
        .collect();
    if open.is_empty() {
        return Err(Refusal::Conflict(
            "there is no active webhook to replay this event to".to_owned(),
        ));
    }
    let mut made = Vec::with_capacity(open.len());
    for subscriber in open {
        check_data(&subscriber.profile, subscriber.format, &event.data)
            .map_err(|error| Refusal::Conflict(error.to_string()))?;
        let retried_from = latest(subscriber.webhook_seq);
        let new = NewDelivery {
            retried_from,
            ..new_delivery(subscriber, Trigger::Replay)
        };
        made.push(deliveries::insert(tx, &event, &new)?);
    }
    let detail = serde_json::json!({ "deliveries": made.len() });
    audit(tx, caller, "event.replay", event_id, &detail)?;
    Ok(made)
}

//! Registering, changing and ending webhooks.
//!
//! Owns: the rules of a webhook's life: plan, guard, secrets, states. Refuses: delivering.

use std::time::Duration;

use serde_json::json;

use super::once::once;
use super::{Caller, Done, FieldError, Once, Refusal, Service, audit};
use crate::domain::breaker::DisabledReason;
use crate::domain::delivery::{Input, Status, Trigger, step};
use crate::domain::event::EventKind;
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::page::{Cursor, Limit, Order, Page};
use crate::domain::profile::Profile;
use crate::domain::secret::Secret;
use crate::domain::time::{Timestamp, parse_duration};
use crate::domain::webhook::{Webhook, WebhookKind, WebhookState};
use crate::engine::Attempted;
use crate::entropy;
use crate::store::deliveries::{self, DeliveryFilter, DeliveryPlace, NewDelivery};
use crate::store::events::{self, NewEvent};
use crate::store::profiles::{self, StoredProfile};
use crate::store::webhooks::{self, NewWebhook, WEBHOOKS_MAX};
use crate::store::{Store, StoreError, WriteTx, secrets, workspaces};

mod input;

pub use input::{MASK, RetryInput, WebhookInput, defaults_of};

/// How long old secrets stay valid unless the caller says otherwise.
pub const OVERLAP_DEFAULT: Duration = Duration::from_secs(24 * 3600);
/// How long old secrets may stay valid at most: seven days.
pub const OVERLAP_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long saving a webhook waits for its host name to be looked up.
const LOOKUP_WAIT: Duration = Duration::from_secs(2);
/// Deliveries that one transaction calls off when a webhook ends.
const CANCEL_BATCH: usize = 500;

/// A webhook just registered, with the secret that is shown only now.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The webhook.
    pub webhook: Webhook,
    /// Its secret.
    pub secret: Secret,
}

/// What a rotation answers.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// The webhook.
    pub webhook: WebhookId,
    /// The new secret, shown only now.
    pub secret: Secret,
    /// Until when old secrets are valid; `None` where they are not any more.
    pub previous_secret_expires_at: Option<Timestamp>,
}

/// What a test came to.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The delivery that records it.
    pub delivery: DeliveryId,
    /// Its one attempt.
    pub attempted: Attempted,
    /// Whether the breaker had disabled the webhook and this test gives reason to enable it.
    pub may_enable: bool,
}

impl Service {
    /// Registers a webhook.
    ///
    /// # Errors
    /// [`Refusal::PlanRequired`] on a free plan; [`Refusal::Invalid`] names the fields at fault.
    pub async fn create_webhook(
        &self,
        caller: &Caller,
        input: WebhookInput,
        key: Once<Registered>,
    ) -> Result<Done<Registered>, Refusal> {
        if !caller.plan.has_webhooks() {
            return Err(Refusal::PlanRequired);
        }
        let url = self.check_url(input.url.as_deref()).await?;
        let catalogue = self.catalogue(caller.workspace.seq()).await?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            once(tx, &caller, &key, |tx| {
                let stored = profile_named(tx, &caller, input.profile.as_deref())?;
                let profile = tx.profile(stored.seq)?;
                let subscription = subscription_of(&input, &profile)?;
                let base = defaults_of(&profile, String::new(), subscription);
                let settings = input::apply(base, &input, Some(url), &profile)?;
                catalogue.check_subscription(&settings.subscription)?;
                if webhooks::count(tx, caller.workspace.seq())?
                    >= i64::try_from(WEBHOOKS_MAX).unwrap_or(i64::MAX)
                {
                    return Err(Refusal::Conflict(format!(
                        "a workspace may have at most {WEBHOOKS_MAX} webhooks; delete one first"
                    )));
                }
                let secret = first_secret(&profile, input.secret.as_deref())?;
                let new = NewWebhook {
                    workspace: caller.workspace,
                    kind: WebhookKind::Registered,
                    profile_seq: stored.seq,
                    settings: &settings,
                    state: initial_state(input.active, tx.now()),
                    target_digest: None,
                };
                let id = webhooks::insert(tx, &new)?;
                secrets::insert(tx, id.seq(), &secret)?;
                audit(tx, &caller, "webhook.create", &id.to_string(), &json!({}))?;
                Ok(Registered {
                    webhook: registered(tx, &caller, id)?,
                    secret,
                })
            })
        };
        self.store().write(work).await
    }

    /// A page of webhooks, newest first.
    ///
    /// # Errors
    /// [`Refusal::Internal`] where the database cannot be read.
    pub async fn webhooks(
        &self,
        caller: &Caller,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<Webhook>, Refusal> {
        let workspace_seq = caller.workspace.seq();
        self.read(move |store, conn| {
            let now = store.clock().now();
            Ok(webhooks::list(
                conn,
                store.vault(),
                workspace_seq,
                cursor,
                limit,
                now,
            )?)
        })
        .await
    }

    /// One webhook.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn webhook(&self, caller: &Caller, id: WebhookId) -> Result<Webhook, Refusal> {
        let workspace_seq = caller.workspace.seq();
        self.read(move |store, conn| {
            let now = store.clock().now();
            webhooks::find_registered(conn, store.vault(), workspace_seq, id, now)?
                .ok_or(Refusal::NotFound("webhook"))
        })
        .await
    }

    /// Changes what the caller names and leaves the rest.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Revoked`], or the fields at fault.
    pub async fn update_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
        input: WebhookInput,
    ) -> Result<Webhook, Refusal> {
        if input.secret.is_some() {
            return Err(Refusal::field(
                "secret",
                "can't be changed here; use rotate-secret",
            ));
        }
        let url = match &input.url {
            Some(url) => Some(self.check_url(Some(url)).await?),
            None => None,
        };
        let catalogue = self.catalogue(caller.workspace.seq()).await?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            let webhook = usable(tx, &caller, id)?;
            let profile_seq = match input.profile.as_deref() {
                Some(name) if name != &*webhook.profile.name => {
                    profile_named(tx, &caller, Some(name))?.seq
                }
                Some(_) | None => webhook.profile.seq,
            };
            let profile = tx.profile(profile_seq)?;
            check_secrets_fit(tx, &webhook, &profile)?;
            let settings = input::apply(webhook.settings, &input, url, &profile)?;
            if input.event_types.is_some() {
                catalogue.check_subscription(&settings.subscription)?;
            }
            let workspace_seq = caller.workspace.seq();
            webhooks::update_settings(tx, workspace_seq, id.seq(), profile_seq, &settings)?;
            if let Some(active) = input.active {
                set_active(tx, &caller, id, active)?;
            }
            audit(tx, &caller, "webhook.update", &id.to_string(), &json!({}))?;
            registered(tx, &caller, id)
        };
        self.store().write(work).await
    }

    /// Lets a webhook take part again; what was held goes on. Its failures are forgotten.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Revoked`].
    pub async fn enable_webhook(&self, caller: &Caller, id: WebhookId) -> Result<Webhook, Refusal> {
        self.change_state(caller, id, "webhook.enable", true).await
    }

    /// Holds a webhook until it is enabled again.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Revoked`].
    pub async fn disable_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
    ) -> Result<Webhook, Refusal> {
        self.change_state(caller, id, "webhook.disable", false)
            .await
    }

    /// Ends a webhook for good: it stops at once, what waits is called off.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Revoked`] where it was revoked before.
    pub async fn revoke_webhook(&self, caller: &Caller, id: WebhookId) -> Result<Webhook, Refusal> {
        caller.actor.check_proof()?;
        let revoker = caller.clone();
        let webhook = self
            .store()
            .write(move |tx| {
                usable(tx, &revoker, id)?;
                let workspace_seq = revoker.workspace.seq();
                webhooks::set_state(tx, workspace_seq, id.seq(), WebhookState::Revoked)?;
                audit(tx, &revoker, "webhook.revoke", &id.to_string(), &json!({}))?;
                registered(tx, &revoker, id)
            })
            .await?;
        self.cancel_waiting(caller, id).await?;
        Ok(webhook)
    }

    /// Revokes a webhook and takes it out of lists; its history stays until retention.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub async fn delete_webhook(&self, caller: &Caller, id: WebhookId) -> Result<(), Refusal> {
        caller.actor.check_proof()?;
        let deleter = caller.clone();
        self.store()
            .write(move |tx| {
                registered(tx, &deleter, id)?;
                let workspace_seq = deleter.workspace.seq();
                webhooks::set_state(tx, workspace_seq, id.seq(), WebhookState::Revoked)?;
                webhooks::delete(tx, workspace_seq, id.seq())?;
                audit(tx, &deleter, "webhook.delete", &id.to_string(), &json!({}))
            })
            .await?;
        self.cancel_waiting(caller, id).await
    }

    /// Gives a webhook a new secret. Old ones stay valid for `overlap`.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Revoked`], or the field at fault.
    pub async fn rotate_secret(
        &self,
        caller: &Caller,
        id: WebhookId,
        secret: Option<String>,
        overlap: Option<String>,
    ) -> Result<Rotated, Refusal> {
        caller.actor.check_proof()?;
        let overlap = parse_overlap(overlap.as_deref())?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            let webhook = usable(tx, &caller, id)?;
            let profile = tx.profile(webhook.profile.seq)?;
            let secret = first_secret(&profile, secret.as_deref())?;
            let live = secrets::live(tx, tx.vault(), id.seq(), tx.now())?;
            if live.iter().any(|live| live.secret == secret) {
                return Err(Refusal::field(
                    "secret",
                    "is in use already; give a new one",
                ));
            }
            let expires_at = tx.now().after(overlap);
            secrets::rotate(tx, id.seq(), &secret, expires_at)?;
            let detail = json!({ "overlap_ms": overlap.as_millis() });
            audit(
                tx,
                &caller,
                "webhook.rotate_secret",
                &id.to_string(),
                &detail,
            )?;
            let previous_secret_expires_at = (!overlap.is_zero()).then_some(expires_at);
            Ok(Rotated {
                webhook: id,
                secret,
                previous_secret_expires_at,
            })
        };
        self.store().write(work).await
    }

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
        caller.actor.check_proof()?;
        self.tests()
            .take(caller.workspace.seq(), self.clock().now())?;
        let tester = caller.clone();
        let (delivery, may_enable) = self
            .store()
            .write(move |tx| {
                let webhook = usable(tx, &tester, id)?;
                let new = test_event(tx, &webhook, event_type, data)?;
                let event = std::sync::Arc::new(events::insert(tx, tester.workspace, new, 1)?);
                let new = NewDelivery {
                    webhook_seq: id.seq(),
                    profile_seq: webhook.profile.seq,
                    format: webhook.settings.format,
                    trigger: Trigger::Test,
                    max_attempts: 1,
                    retried_from: None,
                };
                let delivery = deliveries::insert_unqueued(tx, &event, &new)?.id;
                let detail = json!({ "delivery_id": delivery.to_string() });
                audit(tx, &tester, "webhook.test", &id.to_string(), &detail)?;
                let tripped =
                    webhook.state.disabled_reason() == Some(DisabledReason::CircuitBreaker);
                Ok::<_, Refusal>((delivery, tripped))
            })
            .await?;
        let attempted = self.engine().attempt_now(delivery.seq(), id.seq()).await?;
        let attempted = attempted
            .ok_or_else(|| Refusal::Internal(format!("test {delivery} was not attempted")))?;
        let may_enable = may_enable && attempted.error_kind.is_none();
        Ok(Tested {
            delivery,
            attempted,
            may_enable,
        })
    }

    async fn change_state(
        &self,
        caller: &Caller,
        id: WebhookId,
        action: &'static str,
        active: bool,
    ) -> Result<Webhook, Refusal> {
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            usable(tx, &caller, id)?;
            set_active(tx, &caller, id, active)?;
            audit(tx, &caller, action, &id.to_string(), &json!({}))?;
            registered(tx, &caller, id)
        };
        self.store().write(work).await
    }

    async fn cancel_waiting(&self, caller: &Caller, id: WebhookId) -> Result<(), Refusal> {
        self.cancel_all(DeliveryFilter {
            workspace_seq: caller.workspace.seq(),
            webhook_seq: Some(id.seq()),
            ..DeliveryFilter::default()
        })
        .await
    }

    /// Calls off everything that waits among what `filter` matches, in bounded batches.
    pub(super) async fn cancel_all(&self, filter: DeliveryFilter) -> Result<(), Refusal> {
        let filter = DeliveryFilter {
            statuses: vec![Status::Pending, Status::Retrying],
            ..filter
        };
        loop {
            let filter = filter.clone();
            let canceled = self
                .store()
                .settle(move |tx| cancel_batch(tx, &filter))
                .await?;
            if canceled < CANCEL_BATCH {
                return Ok(());
            }
        }
    }

    /// Checks a URL as every attempt does, and looks its name up.
    pub(super) async fn check_url(&self, url: Option<&str>) -> Result<String, Refusal> {
        let url = url.ok_or_else(|| Refusal::field("url", "is required"))?;
        let refuse = |refusal: crate::net::Refusal| Refusal::field("url", refusal.to_string());
        let target = self.guard().check_url(url).map_err(refuse)?;
        let looked_up = self.client().check_destination(&target);
        // A slow resolver is no reason to refuse; every attempt checks again.
        if let Ok(checked) = tokio::time::timeout(LOOKUP_WAIT, looked_up).await {
            checked.map_err(refuse)?;
        }
        Ok(target.to_string())
    }

    /// Reads with the store at hand, for the vault and the clock.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Store, &rusqlite::Connection) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let store = self.store().clone();
        self.store().read(move |conn| read(&store, conn)).await
    }
}

/// The registered webhook `id`, whatever its state.
fn registered(tx: &WriteTx<'_>, caller: &Caller, id: WebhookId) -> Result<Webhook, Refusal> {
    webhooks::find_registered(tx, tx.vault(), caller.workspace.seq(), id, tx.now())?
        .ok_or(Refusal::NotFound("webhook"))
}

/// As [`usable`], for actions that only read.
pub(super) fn usable_in(
    store: &Store,
    conn: &rusqlite::Connection,
    caller: &Caller,
    id: WebhookId,
) -> Result<Webhook, Refusal> {
    unless_revoked(registered_in(store, conn, caller, id)?)
}

/// As [`registered`], for actions that only read.
pub(super) fn registered_in(
    store: &Store,
    conn: &rusqlite::Connection,
    caller: &Caller,
    id: WebhookId,
) -> Result<Webhook, Refusal> {
    let now = store.clock().now();
    webhooks::find_registered(conn, store.vault(), caller.workspace.seq(), id, now)?
        .ok_or(Refusal::NotFound("webhook"))
}

/// The webhook `id`, if it may still be changed.
pub(super) fn usable(tx: &WriteTx<'_>, caller: &Caller, id: WebhookId) -> Result<Webhook, Refusal> {
    unless_revoked(registered(tx, caller, id)?)
}

fn unless_revoked(webhook: Webhook) -> Result<Webhook, Refusal> {
    match webhook.state {
        WebhookState::Revoked => Err(Refusal::Revoked),
        WebhookState::Active | WebhookState::Disabled { .. } => Ok(webhook),
    }
}

fn profile_named(
    tx: &WriteTx<'_>,
    caller: &Caller,
    name: Option<&str>,
) -> Result<StoredProfile, Refusal> {
    let name = match name {
        Some(name) => name.to_owned(),
        None => {
            workspaces::find(tx, caller.workspace.seq())?
                .ok_or(Refusal::NotFound("workspace"))?
                .profile
        }
    };
    profiles::find(tx, &name)?
        .ok_or_else(|| Refusal::field("profile", format!("there is no wire profile {name}")))
}

fn subscription_of(
    input: &WebhookInput,
    profile: &Profile,
) -> Result<crate::domain::event_type::Subscription, Refusal> {
    use crate::domain::event_type::Subscription;
    match (&input.event_types, profile.default_event_types()) {
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err(Refusal::field("event_types", "is required")),
        (Some(texts), _) => Subscription::parse(texts).map_err(|error| {
            let field = match error.index {
                Some(index) => format!("event_types[{index}]"),
                None => "event_types".to_owned(),
            };
            Refusal::Invalid(vec![FieldError {
                field,
                message: error.message,
            }])
        }),
    }
}

fn first_secret(profile: &Profile, given: Option<&str>) -> Result<Secret, Refusal> {
    match given {
        Some(text) => profile
            .accept_secret(text)
            .map_err(|message| Refusal::field("secret", message)),
        None => Ok(profile.generate_secret(entropy::bytes())),
    }
}

/// A webhook may change its profile only if its secrets can sign for the new one.
fn check_secrets_fit(
    tx: &WriteTx<'_>,
    webhook: &Webhook,
    profile: &Profile,
) -> Result<(), Refusal> {
    let live = secrets::live(tx, tx.vault(), webhook.id.seq(), tx.now())?;
    let newest = live
        .first()
        .ok_or_else(|| Refusal::Internal("no live secret".to_owned()))?;
    profile
        .signing_key(&newest.secret)
        .map(drop)
        .map_err(|error| {
            Refusal::field(
                "profile",
                format!("does not fit the present secret: {error}"),
            )
        })
}

fn initial_state(active: Option<bool>, now: Timestamp) -> WebhookState {
    if active.unwrap_or(true) {
        WebhookState::Active
    } else {
        WebhookState::Disabled {
            reason: DisabledReason::Manual,
            at: now,
        }
    }
}

fn set_active(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    id: WebhookId,
    active: bool,
) -> Result<(), Refusal> {
    let webhook = registered(tx, caller, id)?;
    let workspace_seq = caller.workspace.seq();
    match (webhook.state, active) {
        (WebhookState::Active, true) | (WebhookState::Disabled { .. }, false) => Ok(()),
        (WebhookState::Revoked, _) => Err(Refusal::Revoked),
        (WebhookState::Disabled { .. }, true) => {
            // Otherwise the first failure would trip the breaker again at once.
            let health = crate::domain::breaker::Health {
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
        (WebhookState::Active, false) => {
            let state = WebhookState::Disabled {
                reason: DisabledReason::Manual,
                at: tx.now(),
            };
            Ok(webhooks::set_state(tx, workspace_seq, id.seq(), state)?)
        }
    }
}

fn parse_overlap(text: Option<&str>) -> Result<Duration, Refusal> {
    let Some(text) = text else {
        return Ok(OVERLAP_DEFAULT);
    };
    let overlap = parse_duration(text).map_err(|message| Refusal::field("overlap", message))?;
    if overlap > OVERLAP_MAX {
        return Err(Refusal::field("overlap", "must be at most 7 days (168h)"));
    }
    Ok(overlap)
}

fn test_event(
    tx: &WriteTx<'_>,
    webhook: &Webhook,
    event_type: Option<String>,
    data: Option<String>,
) -> Result<NewEvent, Refusal> {
    use crate::domain::envelope::check_data;
    use crate::domain::event_type::EventTypeName;
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
    check_data(&profile, webhook.settings.format, &data)
        .map_err(|error| Refusal::field("data", error.to_string()))?;
    Ok(NewEvent {
        given_id: None,
        kind: EventKind::Test,
        event_type,
        occurred_at: None,
        data: data.into(),
    })
}

/// Calls off one batch of what waits; answers how many that were.
fn cancel_batch(tx: &mut WriteTx<'_>, filter: &DeliveryFilter) -> Result<usize, StoreError> {
    let found = deliveries::scan(tx, filter, None, CANCEL_BATCH, Order::Ascending)?;
    for seq in &found.items {
        cancel(tx, *seq)?;
    }
    Ok(found.items.len())
}

/// Calls off one delivery that waits.
pub(super) fn cancel(tx: &mut WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    let Some(delivery) = deliveries::find(tx, seq)? else {
        return Ok(());
    };
    let policy = crate::domain::retry::RetryPolicy::standard();
    let now = tx.now();
    let Ok(next) = step(delivery.progress, Input::Cancel, &policy, now, 0.0) else {
        return Ok(());
    };
    let place = DeliveryPlace {
        seq,
        webhook_seq: delivery.webhook.seq(),
        workspace_seq: delivery.workspace_seq,
        trigger: delivery.trigger,
    };
    deliveries::set_progress(tx, place, &delivery.progress, &next, None)?;
    tx.notices()
        .canceled
        .push((delivery.webhook.seq(), delivery.id));
    Ok(())
}

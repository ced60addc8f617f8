//! Registering and changing webhooks.
//!
//! Owns: what may be registered: plan, guard, profile, first secret. Refuses: delivering.

use serde_json::json;

use super::consumers::{asked_for, owner_of};
use super::idempotency::idempotent;
use super::{Caller, Done, FieldError, Idempotency, Refusal, Service, audit};
use crate::domain::breaker::DisabledReason;
use crate::domain::consumer::Purview;
use crate::domain::id::WebhookId;
use crate::domain::operational::EndpointNews;
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::profile::{Profile, StoredProfile};
use crate::domain::secret::Secret;
use crate::domain::signing::SignatureKind;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{
    NewWebhook, Transport, Webhook, WebhookKind, WebhookSettings, WebhookState,
};
use crate::engine::operational::endpoint as endpoint_news;
use crate::store::profiles;
use crate::store::webhooks;
use crate::store::{Read, Store, WriteTx, secrets, workspaces};

mod allowed;
mod auth;
mod batching;
mod check;
mod defaults;
mod destination;
mod fetched;
mod found;
mod input;
mod life;
mod moved;
mod operational;
mod origin;
mod preview;
mod retries;
mod room;
mod secret;
mod shaping;
mod subscribing;
mod testing;
mod together;
mod uid;
mod values;
mod way;

use allowed::check_change;
pub use auth::AuthInput;
pub use batching::BatchInput;
pub use check::{CapturedRequest, CheckedRequest};
pub use defaults::defaults_of;
pub(super) use fetched::check_fetched;
use found::{check_sound, registered};
pub(super) use found::{registered_in, usable, usable_in};
pub use input::WebhookInput;
pub(super) use life::cancel;
use life::{WebhookSwitch, turn_to};
pub use origin::is_moved;
pub use values::{MASK, shown_header};
use way::way_after_move;

pub use preview::{Preview, PreviewEvent, PreviewInput};
pub use retries::{CustomRetry, RetryInput};
use room::check_room;
pub use secret::{OVERLAP_DEFAULT, OVERLAP_MAX, Rotated, RotationInput, SECRET_IN_USE};
use secret::{first_secret, keep_public_key, shown};
pub use testing::Tested;

/// A webhook just registered, with the secret that is shown only now.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The webhook.
    pub webhook: Webhook,
    /// What the receiver is to be given: its secret, or the public key.
    pub secret: Secret,
}

/// A webhook as it was changed.
#[derive(Clone, Debug)]
pub struct Updated {
    /// The webhook.
    pub webhook: Webhook,
    /// The secret that was made because the URL leads to another origin, shown only now.
    pub secret: Option<Secret>,
}

impl Service {
    /// Registers a webhook.
    ///
    /// # Errors
    /// [`Refusal::PlanRequired`] on a free plan; [`Refusal::Invalid`] names the fields at fault.
    pub async fn create_webhook(
        &self,
        caller: &Caller,
        mut input: WebhookInput,
        key: Idempotency<Registered>,
    ) -> Result<Done<Registered>, Refusal> {
        if !caller.plan.has_webhooks() {
            return Err(Refusal::PlanRequired);
        }
        let transport = fetched::transport_of(&input)?;
        let url = self.check_destinations(caller, &mut input).await?;
        let url = fetched::url_of(transport, url)?;
        let catalogue = self.catalogue(caller.workspace.seq()).await?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            idempotent(tx, &caller, &key, |tx| {
                let stored = profile_named(tx, &caller, input.profile.as_deref())?;
                let profile = tx.profile(stored.seq)?;
                let subscription = subscription_of(&input, &profile)?;
                let base = WebhookSettings {
                    transport,
                    ..defaults_of(&profile, String::new(), subscription)
                };
                let (now, begun) = (tx.now(), base.clone());
                let settings = input::apply(begun, &input, Some(url), &profile, now)?;
                fetched::check_settings(&base, &settings, &input)?;
                check_change(tx, &caller, &base, &settings)?;
                if transport != Transport::Operational {
                    catalogue.check_subscription(&settings.subscription)?;
                }
                let named = input.consumer.as_ref().and_then(Option::as_deref);
                let consumer_seq = owner_of(tx, &caller, named)?.map(|id| id.seq());
                check_room(tx, &caller, consumer_seq)?;
                operational::check_place(tx, &caller, transport, consumer_seq)?;
                let given = input.secret.as_deref();
                let signature = input.signature.as_deref();
                let kind = secret::kind(&profile, signature, given, SignatureKind::Hmac)?;
                let secret = first_secret(&profile, kind, given)?;
                let new = NewWebhook {
                    workspace: caller.workspace,
                    consumer_seq,
                    kind: WebhookKind::Registered,
                    profile_seq: stored.seq,
                    settings: &settings,
                    state: initial_state(input.active, tx.now()),
                    target_digest: None,
                };
                let id = webhooks::insert(tx, &new)?;
                uid::name(tx, &caller, id, transport, consumer_seq, &input)?;
                secrets::insert(tx, id.seq(), &secret)?;
                keep_public_key(tx, id, &profile, &secret)?;
                audit(tx, &caller, "webhook.create", &id.to_string(), &json!({}))?;
                let webhook = registered(tx, &caller, id)?;
                endpoint_news(tx, &webhook, EndpointNews::Created)?;
                Ok(Registered {
                    webhook,
                    secret: shown(&profile, secret),
                })
            })
        };
        self.store().write(work).await
    }

    /// A page of webhooks, newest first: all that the caller reaches, or those of the consumer that
    /// `consumer` names.
    pub async fn webhooks(
        &self,
        caller: &Caller,
        consumer: Option<String>,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<Webhook>, Refusal> {
        let purview = caller.purview();
        self.read(move |store, conn| {
            let (vault, now) = (store.vault(), store.clock().now());
            let purview = Purview {
                consumer_seq: asked_for(conn, purview, consumer.as_deref())?,
                ..purview
            };
            Ok(webhooks::list(conn, vault, purview, cursor, limit, now)?)
        })
        .await
    }

    /// One webhook.
    pub async fn webhook(&self, caller: &Caller, id: WebhookId) -> Result<Webhook, Refusal> {
        let caller = caller.clone();
        self.read(move |store, conn| registered_in(store, conn, &caller, id))
            .await
    }

    /// Changes what the caller names and leaves the rest. What leads deliveries elsewhere, or holds
    /// them, is changed by who has shown a second factor lately only; and to another origin no
    /// credential follows by itself.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Revoked`], [`Refusal::MfaRequired`], or the fields at fault.
    pub async fn update_webhook(
        &self,
        caller: &Caller,
        id: WebhookId,
        mut input: WebhookInput,
    ) -> Result<Updated, Refusal> {
        let url = self.check_destinations(caller, &mut input).await?;
        let catalogue = self.catalogue(caller.workspace.seq()).await?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            let secret = update(tx, &caller, id, &input, url)?;
            let webhook = registered(tx, &caller, id)?;
            endpoint_news(tx, &webhook, EndpointNews::Updated)?;
            let is_told = webhook.settings.transport == Transport::Operational;
            if input.event_types.is_some() && !is_told {
                catalogue.check_subscription(&webhook.settings.subscription)?;
            }
            Ok(Updated { webhook, secret })
        };
        self.store().write(work).await
    }

    /// Reads with the store at hand, for the vault and the clock.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Store, &Read<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let store = self.store().clone();
        self.store().read(move |conn| read(&store, conn)).await
    }
}

/// Changes a webhook; its `url` has passed the guard. Answers the secret that was made anew, if one
/// was.
fn update(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    id: WebhookId,
    input: &WebhookInput,
    url: Option<String>,
) -> Result<Option<Secret>, Refusal> {
    let webhook = usable(tx, caller, id)?;
    check_sound(&webhook)?;
    check_same_owner(tx, caller, &webhook, input)?;
    fetched::check_same(&webhook, input)?;
    let profile_seq = match input.profile.as_deref() {
        Some(name) if name != &*webhook.profile.name => profile_named(tx, caller, Some(name))?.seq,
        Some(_) | None => webhook.profile.seq,
    };
    let profile = tx.profile(profile_seq)?;
    let before = &webhook.settings;
    let settings = input::apply(before.clone(), input, url, &profile, tx.now())?;
    fetched::check_settings(before, &settings, input)?;
    check_change(tx, caller, before, &settings)?;
    let is_moved = fetched::is_moved(before, &settings);
    let settings = match is_moved {
        true => way_after_move(tx, caller, settings)?,
        false => settings,
    };
    let is_same_place = before.url == settings.url
        && before.headers == settings.headers
        && before.auth == settings.auth
        && before.ca == settings.ca
        && before.via == settings.via;
    let is_same_profile = profile_seq == webhook.profile.seq;
    if !is_same_place || !is_same_profile || input.active == Some(false) {
        caller.actor.check_proof()?;
    }
    let (said, given) = (input.signature.as_deref(), input.secret.as_deref());
    let kind = secret::kind(&profile, said, given, webhook.signature())?;
    let secret = match is_moved {
        true => {
            let auth = input.auth.as_ref().and_then(Option::as_ref);
            moved::check_credentials(&settings, input.headers.as_deref(), auth)?;
            moved::settle_secret(tx, caller, id, &profile, kind, given)?
        }
        false if input.secret.is_some() => {
            let message = "can't be changed here; use rotate-secret";
            return Err(Refusal::field("secret", message));
        }
        false if kind != webhook.signature() => {
            caller.actor.check_proof()?;
            let other = first_secret(&profile, kind, None)?;
            secret::replace(tx, caller, id, &profile, &other, OVERLAP_DEFAULT)?;
            Some(shown(&profile, other))
        }
        false => None,
    };
    check_secrets_fit(tx, &webhook, &profile)?;
    let workspace_seq = caller.workspace.seq();
    webhooks::update_settings(tx, workspace_seq, id.seq(), profile_seq, &settings)?;
    let owner = webhook.consumer.map(|own| own.seq());
    uid::name(tx, caller, id, settings.transport, owner, input)?;
    let turn = input.active.map(|active| match active {
        true => WebhookSwitch::On,
        false => WebhookSwitch::Off,
    });
    if let Some(turn) = turn {
        turn_to(tx, caller, id, turn)?;
    }
    audit(tx, caller, "webhook.update", &id.to_string(), &json!({}))?;
    Ok(secret)
}

/// A webhook's consumer never changes; to name the same is no change.
fn check_same_owner(
    tx: &WriteTx<'_>,
    caller: &Caller,
    webhook: &Webhook,
    input: &WebhookInput,
) -> Result<(), Refusal> {
    let Some(named) = &input.consumer else {
        return Ok(());
    };
    let named = match named {
        Some(named) => owner_of(tx, caller, Some(named))?,
        None => None,
    };
    if named == webhook.consumer {
        return Ok(());
    }
    Err(Refusal::field(
        "consumer",
        "can't be changed: register another webhook for another consumer",
    ))
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
                format!("does not fit the current secret: {error}"),
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

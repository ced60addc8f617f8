//! Receivers that a publish call names, and the secret that a workspace signs with itself.
//!
//! Owns: the hidden webhook behind such a receiver. Refuses: registering it; it is in no list.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::domain::breaker::BreakerPolicy;
use crate::domain::delivery::Trigger;
use crate::domain::envelope::check_data;
use crate::domain::event::Event;
use crate::domain::event_type::Subscription;
use crate::domain::format::Format;
use crate::domain::id::WorkspaceId;
use crate::domain::profile::Profile;
use crate::domain::secret::Secret;
use crate::domain::webhook::{WebhookKind, WebhookSettings, WebhookState};
use crate::entropy;
use crate::service::Refusal;
use crate::service::webhooks::defaults_of;
use crate::store::deliveries::{self, NewDelivery};
use crate::store::webhooks::NewWebhook;
use crate::store::{WriteTx, profiles, secrets, webhooks, workspaces};

/// A receiver that a publish call names.
pub(super) struct OneOff {
    pub(super) url: String,
    pub(super) secret: Option<String>,
    pub(super) profile: Option<String>,
}

/// Gives an event to the receiver that its publish call names, through a hidden webhook.
pub(super) fn deliver_one_off(
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
pub(in crate::service) fn workspace_secret(
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

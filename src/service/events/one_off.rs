//! Receivers that a publish call names, and the secret that a workspace signs with itself.
//!
//! Owns: the hidden webhook behind such a receiver. Refuses: registering it; it is in no list.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::domain::breaker::BreakerPolicy;
use crate::domain::delivery::{Delivery, NewDelivery, Trigger};
use crate::domain::envelope::{BodySource, check_data, event_id_in};
use crate::domain::event::{Event, GivenId};
use crate::domain::event_type::Subscription;
use crate::domain::format::Format;
use crate::domain::id::WorkspaceId;
use crate::domain::profile::Profile;
use crate::domain::schedule::DueTime;
use crate::domain::secret::Secret;
use crate::domain::webhook::{NewWebhook, WebhookKind, WebhookSettings, WebhookState};
use crate::entropy;
use crate::service::Refusal;
use crate::service::webhooks::defaults_of;
use crate::store::deliveries;
use crate::store::{StoreError, WriteTx, profiles, secrets, webhooks, workspaces};

/// A receiver that a publish call names.
pub(super) struct OneOff {
    pub(super) url: String,
    pub(super) secret: Option<String>,
    pub(super) profile: Option<String>,
}

/// A receiver that a publish call names, with everything that a delivery to it needs.
pub(super) struct OneOffTarget {
    url: String,
    profile_seq: i64,
    profile: Arc<Profile>,
    secret: Secret,
}

impl OneOff {
    /// Finds the profile and the secret.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] where there is no such profile, or the secret does not fit it;
    /// [`Refusal::PlanRequired`] on a free plan: a receiver is a receiver, registered or not.
    pub(super) fn resolve(
        &self,
        tx: &mut WriteTx<'_>,
        workspace: WorkspaceId,
    ) -> Result<OneOffTarget, Refusal> {
        let owner = workspaces::find(tx, workspace.seq())?.ok_or(Refusal::NotFound("workspace"))?;
        if !owner.plan.has_webhooks() {
            return Err(Refusal::PlanRequired);
        }
        let name = self.profile.as_deref().unwrap_or(&owner.profile);
        let stored = profiles::find(tx, name)?
            .ok_or_else(|| Refusal::field("profile", format!("there is no profile {name}")))?;
        let profile = tx.profile(stored.seq)?;
        let secret = match &self.secret {
            Some(text) => profile
                .accept_secret(text)
                .map_err(|message| Refusal::field("webhook_secret", message))?,
            None => workspace_secret(tx, workspace, &profile)?,
        };
        Ok(OneOffTarget {
            url: self.url.clone(),
            profile_seq: stored.seq,
            profile,
            secret,
        })
    }
}

impl OneOffTarget {
    /// Whether the data can be carried to it.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] says why not.
    pub(super) fn check(&self, data: &str) -> Result<(), Refusal> {
        check_data(&self.profile, BodySource::Envelope(Format::Json), data)
            .map_err(|error| Refusal::field("data", error.to_string()))
    }

    /// The id that the event has by the profile's own rule, where its publisher gave none.
    pub(super) fn event_id_in(&self, data: &str) -> Option<GivenId> {
        event_id_in(&self.profile, data)
    }

    /// Whether one of an event's deliveries goes to it.
    pub(super) fn is_among(
        &self,
        tx: &WriteTx<'_>,
        deliveries: &[Delivery],
    ) -> Result<bool, StoreError> {
        for delivery in deliveries.iter().filter(|own| !own.webhook_registered) {
            let url = webhooks::url(tx, delivery.webhook.seq())?;
            if url.as_deref() == Some(&self.url) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives an event to it, through a hidden webhook.
    pub(super) fn deliver(
        &self,
        tx: &mut WriteTx<'_>,
        event: &Arc<Event>,
        due: Option<DueTime>,
    ) -> Result<(), Refusal> {
        let digest = target_digest(&self.url, self.profile_seq, &self.secret);
        let webhook_seq = match webhooks::find_target(tx, event.workspace.seq(), &digest)? {
            Some(seq) => seq,
            None => self.insert(tx, event.workspace, digest)?,
        };
        let new = NewDelivery {
            webhook_seq,
            consumer_seq: None,
            profile_seq: self.profile_seq,
            format: Format::Json,
            shape_seq: None,
            trigger: Trigger::Event,
            max_attempts: self.profile.retry_policy().max_attempts(),
            retried_from: None,
            order_key: None,
        };
        deliveries::insert_for(tx, event, &new, due)?;
        Ok(())
    }

    fn insert(
        &self,
        tx: &mut WriteTx<'_>,
        workspace: WorkspaceId,
        digest: [u8; 32],
    ) -> Result<i64, Refusal> {
        let settings = one_off_settings(&self.url, &self.profile)?;
        let new = NewWebhook {
            workspace,
            consumer_seq: None,
            kind: WebhookKind::OneOff,
            profile_seq: self.profile_seq,
            settings: &settings,
            state: WebhookState::Active,
            target_digest: Some(digest),
        };
        let id = webhooks::insert(tx, &new)?;
        secrets::insert(tx, id.seq(), &self.secret)?;
        Ok(id.seq())
    }
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

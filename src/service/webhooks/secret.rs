//! A webhook's secret: the first one, and putting another in its place.
//!
//! Owns: what a secret may be, and how long old ones stay valid. Refuses: showing a secret twice.

use std::time::Duration;

use serde_json::json;

use super::found::usable;
use crate::domain::id::WebhookId;
use crate::domain::profile::Profile;
use crate::domain::secret::Secret;
use crate::domain::time::{Timestamp, parse_duration};
use crate::entropy;
use crate::service::once::once;
use crate::service::{Caller, Done, Once, Refusal, Service, audit};
use crate::store::WriteTx;
use crate::store::secrets::{self, LIVE_SECRETS_MAX};

/// How long old secrets stay valid unless the caller says otherwise.
pub const OVERLAP_DEFAULT: Duration = Duration::from_secs(24 * 3600);
/// How long old secrets may stay valid at most: seven days.
pub const OVERLAP_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

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

impl Service {
    /// Gives a webhook a new secret. Old ones stay valid for `overlap` at most: a shorter overlap than
    /// that of an earlier rotation shortens that one as well.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Revoked`], or the field at fault;
    /// [`Refusal::Conflict`] where too many old ones are valid.
    pub async fn rotate_secret(
        &self,
        caller: &Caller,
        id: WebhookId,
        secret: Option<String>,
        overlap: Option<String>,
        key: Once<Rotated>,
    ) -> Result<Done<Rotated>, Refusal> {
        let overlap = parse_overlap(overlap.as_deref())?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            once(tx, &caller, &key, |tx| {
                rotate(tx, &caller, id, secret.as_deref(), overlap)
            })
        };
        self.store().write(work).await
    }
}

fn rotate(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    id: WebhookId,
    secret: Option<&str>,
    overlap: Duration,
) -> Result<Rotated, Refusal> {
    let webhook = usable(tx, caller, id)?;
    let profile = tx.profile(webhook.profile.seq)?;
    let secret = first_secret(&profile, secret)?;
    let live = secrets::live(tx, tx.vault(), id.seq(), tx.now())?;
    if live.iter().any(|live| live.secret == secret) {
        return Err(Refusal::field(
            "secret",
            "is in use already; give a new one",
        ));
    }
    if live.len() >= LIVE_SECRETS_MAX && !overlap.is_zero() {
        return Err(Refusal::Conflict(format!(
            "{LIVE_SECRETS_MAX} secrets of this webhook are valid; wait until an old one has \
             expired, or end them all now with an overlap of 0s"
        )));
    }
    let expires_at = replace(tx, caller, id, &secret, overlap)?;
    Ok(Rotated {
        webhook: id,
        secret,
        previous_secret_expires_at: (!overlap.is_zero()).then_some(expires_at),
    })
}

/// Signs with `secret` from now on, beside the old ones for `overlap`; until when that is.
pub(super) fn replace(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    id: WebhookId,
    secret: &Secret,
    overlap: Duration,
) -> Result<Timestamp, Refusal> {
    let expires_at = tx.now().after(overlap);
    secrets::rotate(tx, id.seq(), secret, expires_at)?;
    let (target, detail) = (id.to_string(), json!({ "overlap_ms": overlap.as_millis() }));
    audit(tx, caller, "webhook.rotate_secret", &target, &detail)?;
    Ok(expires_at)
}

/// The secret that was given, or a new one.
///
/// # Errors
/// [`Refusal::Invalid`] where what was given is no secret of the profile.
pub(super) fn first_secret(profile: &Profile, given: Option<&str>) -> Result<Secret, Refusal> {
    match given {
        Some(text) => profile
            .accept_secret(text)
            .map_err(|message| Refusal::field("secret", message)),
        None => Ok(profile.generate_secret(entropy::bytes())),
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

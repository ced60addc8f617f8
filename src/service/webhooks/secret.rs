//! A webhook's secret: the first one, and putting another in its place.
//!
//! Owns: what a secret may be, and how long old ones stay valid. Refuses: showing a secret twice.

use std::time::Duration;

use serde_json::json;

use super::fetched::check_requested;
use super::found::{registered_in, usable};
use crate::domain::id::WebhookId;
use crate::domain::profile::Profile;
use crate::domain::secret::{LiveSecret, Secret};
use crate::domain::signing::{SignatureKind, public_key};
use crate::domain::time::{Timestamp, parse_duration};
use crate::entropy;
use crate::service::idempotency::idempotent;
use crate::service::{Caller, Done, Idempotency, Refusal, Service, audit};
use crate::store::secrets::{self, LIVE_SECRETS_MAX};
use crate::store::{StoreError, WriteTx};

/// How long old secrets stay valid unless the caller says otherwise.
pub const OVERLAP_DEFAULT: Duration = Duration::from_secs(24 * 3600);
/// How long old secrets may stay valid at most: seven days.
pub const OVERLAP_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a rotation to a secret is refused with that signs already.
pub const SECRET_IN_USE: &str = "is in use already; give a new one";

/// How a secret is to be rotated.
#[derive(Clone, Debug, Default)]
pub struct RotationInput {
    /// The new secret; made up if absent.
    pub secret: Option<String>,
    /// How long old ones stay valid; [`OVERLAP_DEFAULT`] if absent.
    pub overlap: Option<String>,
    /// How deliveries are signed from now on; as before if absent.
    pub signature: Option<String>,
}

/// What a rotation answers.
#[derive(Clone, Debug)]
pub struct Rotated {
    /// The webhook.
    pub webhook: WebhookId,
    /// What the receiver is to be given: the new secret, shown only now, or the public key.
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
        input: RotationInput,
        key: Idempotency<Rotated>,
    ) -> Result<Done<Rotated>, Refusal> {
        let overlap = parse_overlap(input.overlap.as_deref())?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            idempotent(tx, &caller, &key, |tx| {
                rotate(tx, &caller, id, &input, overlap)
            })
        };
        self.store().write(work).await
    }
}

impl Service {
    /// The old secrets of a webhook that are still valid, the newest first, and until when each is. For
    /// the platform only, and of it for those only who may read secrets.
    pub async fn read_old_secrets(
        &self,
        caller: &Caller,
        id: WebhookId,
    ) -> Result<Vec<(Secret, Timestamp)>, Refusal> {
        caller.actor.check_proof()?;
        if caller.consumer.is_some() {
            return Ok(Vec::new());
        }
        let caller = caller.clone();
        self.read(move |store, conn| {
            let webhook = registered_in(store, conn, &caller, id)?;
            let now = store.clock().now();
            let live = secrets::live(conn, store.vault(), id.seq(), now)?.into_iter();
            let profile = store.profile(conn, webhook.profile.seq)?;
            let old = live.filter_map(|own| Some((shown(&profile, own.secret), own.expires_at?)));
            Ok(old.collect())
        })
        .await
    }

    /// What verifies a webhook's deliveries: its newest secret, or the public key. For those only who
    /// may read secrets.
    pub async fn read_secret(&self, caller: &Caller, id: WebhookId) -> Result<Secret, Refusal> {
        caller.actor.check_proof()?;
        let caller = caller.clone();
        self.read(move |store, conn| {
            let webhook = registered_in(store, conn, &caller, id)?;
            let now = store.clock().now();
            let live = secrets::live(conn, store.vault(), id.seq(), now)?;
            let newest = live.into_iter().next();
            let newest = newest.ok_or_else(|| Refusal::Internal("no live secret".to_owned()))?;
            let profile = store.profile(conn, webhook.profile.seq)?;
            Ok(shown(&profile, newest.secret))
        })
        .await
    }
}

fn rotate(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    id: WebhookId,
    input: &RotationInput,
    overlap: Duration,
) -> Result<Rotated, Refusal> {
    let webhook = usable(tx, caller, id)?;
    check_requested(&webhook)?;
    let profile = tx.profile(webhook.profile.seq)?;
    let given = input.secret.as_deref();
    let signature = input.signature.as_deref();
    let kind = kind(&profile, signature, given, webhook.signature())?;
    let secret = first_secret(&profile, kind, given)?;
    let mut live = live_secrets(tx, id)?.into_iter();
    if live.any(|live| live.secret == secret) {
        return Err(Refusal::field("secret", SECRET_IN_USE));
    }
    let expires_at = replace(tx, caller, id, &profile, &secret, overlap)?;
    Ok(Rotated {
        webhook: id,
        secret: shown(&profile, secret),
        previous_secret_expires_at: (!overlap.is_zero()).then_some(expires_at),
    })
}

/// The secrets that sign at present. Another in its place is what mends one that cannot be read.
fn live_secrets(tx: &WriteTx<'_>, id: WebhookId) -> Result<Vec<LiveSecret>, StoreError> {
    match secrets::live(tx, tx.vault(), id.seq(), tx.now()) {
        Err(StoreError::Damaged(_)) => Ok(Vec::new()),
        live => live,
    }
}

/// Signs with `secret` from now on, beside the old ones for `overlap`; until when that is.
///
/// # Errors
/// [`Refusal::Conflict`] where more would be live than sign at once.
pub(super) fn replace(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    id: WebhookId,
    profile: &Profile,
    secret: &Secret,
    overlap: Duration,
) -> Result<Timestamp, Refusal> {
    if !overlap.is_zero() && live_secrets(tx, id)?.len() >= LIVE_SECRETS_MAX {
        return Err(Refusal::Conflict(format!(
            "{LIVE_SECRETS_MAX} secrets of this webhook are valid; wait until an old one has \
             expired, or end them all now with an overlap of 0s"
        )));
    }
    let expires_at = tx.now().after(overlap);
    secrets::rotate(tx, id.seq(), secret, expires_at)?;
    keep_public_key(tx, id, profile, secret)?;
    let (target, detail) = (id.to_string(), json!({ "overlap_ms": overlap.as_millis() }));
    audit(tx, caller, "webhook.rotate_secret", &target, &detail)?;
    Ok(expires_at)
}

/// The secret that was given, or a new one.
///
/// # Errors
/// [`Refusal::Invalid`] where what was given is no secret of the profile.
pub(super) fn first_secret(
    profile: &Profile,
    kind: SignatureKind,
    given: Option<&str>,
) -> Result<Secret, Refusal> {
    match given {
        Some(text) => profile
            .accept(kind, text)
            .map_err(|message| Refusal::field("secret", message)),
        None => Ok(profile.generate(kind, entropy::bytes())),
    }
}

/// How deliveries are to be signed: as said, else as the given secret wants, else as `before`.
///
/// # Errors
/// [`Refusal::Invalid`] for a word that is none, and for a kind that the profile cannot carry.
pub(super) fn kind(
    profile: &Profile,
    said: Option<&str>,
    given: Option<&str>,
    before: SignatureKind,
) -> Result<SignatureKind, Refusal> {
    let kind = match said {
        Some(word) => SignatureKind::parse(word)
            .ok_or_else(|| Refusal::field("signature", "must be hmac or ed25519"))?,
        None => given.map_or(before, |secret| profile.kind_of(secret)),
    };
    if profile.carries(kind) {
        return Ok(kind);
    }
    let field = if said.is_some() {
        "signature"
    } else {
        "profile"
    };
    Err(Refusal::field(
        field,
        format!(
            "{} signs with HMAC only; ed25519 needs the form of Standard Webhooks",
            profile.name()
        ),
    ))
}

/// What a receiver is given of a secret: all of it, or its public half where it has one.
pub(super) fn shown(profile: &Profile, secret: Secret) -> Secret {
    match profile.kind_of(secret.expose()) {
        SignatureKind::Hmac => secret,
        SignatureKind::Ed25519 => public_key(&secret).map_or(secret, Secret::new),
    }
}

/// Writes down the public half of a webhook's newest secret, for everybody to read.
pub(super) fn keep_public_key(
    tx: &mut WriteTx<'_>,
    id: WebhookId,
    profile: &Profile,
    secret: &Secret,
) -> Result<(), Refusal> {
    let public = match profile.kind_of(secret.expose()) {
        SignatureKind::Hmac => None,
        SignatureKind::Ed25519 => public_key(secret),
    };
    Ok(secrets::set_public_key(tx, id.seq(), public.as_deref())?)
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

//! Leading a webhook's URL to another origin: what its old receiver was trusted with does not follow.
//!
//! Owns: the credentials that are asked for again, the signing secret from then
//! on. Refuses: what an origin is (`origin`), judging the URL and the headers themselves.
//!
//! # Why nothing follows by itself
//! Whoever may change a webhook never sees the values of its credentials, nor its secret. A URL of
//! their own in the place of the old one must not show them. So a credential that would be kept is
//! asked for again, and the signing secret stays only with who can say it; else a new one takes its
//! place, and those from before end at once: no request to the new origin is signed with any of them.

use std::time::Duration;

use super::auth::AuthInput;
use super::secret::{first_secret, replace, shown};
use super::values::MASK;
use crate::domain::id::WebhookId;
use crate::domain::profile::Profile;
use crate::domain::secret::Secret;
use crate::domain::signing::SignatureKind;
use crate::domain::webhook::WebhookSettings;
use crate::service::{Caller, FieldError, Refusal};
use crate::store::{WriteTx, secrets};

/// Refuses `settings` that keep a credential of which the caller gave no more than the mask.
///
/// # Errors
/// [`Refusal::Invalid`] names each such header.
pub(super) fn check_credentials(
    settings: &WebhookSettings,
    said: Option<&[(String, String)]>,
    auth: Option<&AuthInput>,
) -> Result<(), Refusal> {
    let is_given = |name: &str| {
        let mut pairs = said.unwrap_or_default().iter();
        pairs.any(|(own, value)| own.eq_ignore_ascii_case(name) && value != MASK)
    };
    let credentials = settings.headers.iter().filter(|one| one.is_credential());
    let kept_auth = settings.auth.is_some() && !auth.is_some_and(AuthInput::is_said);
    let kept_auth = kept_auth.then(|| "auth".to_owned());
    let kept: Vec<FieldError> = credentials
        .filter(|header| !is_given(header.name()))
        .map(|header| format!("headers.{}", header.name()))
        .chain(kept_auth)
        .map(|field| FieldError {
            field,
            message: "must be given again, or left out: the URL leads to another origin".to_owned(),
        })
        .collect();
    match kept.is_empty() {
        true => Ok(()),
        false => Err(Refusal::Invalid(kept)),
    }
}

/// Sees to the secret that signs for the new origin: the present one where `said` is it, else what
/// was said, else a new one, which is returned to be shown once.
///
/// # Errors
/// [`Refusal::Invalid`] where `said` is no secret of the profile.
pub(super) fn settle_secret(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    id: WebhookId,
    profile: &Profile,
    kind: SignatureKind,
    said: Option<&str>,
) -> Result<Option<Secret>, Refusal> {
    let live = secrets::live(tx, tx.vault(), id.seq(), tx.now())?;
    let present = live.first().map(|newest| &newest.secret);
    let said_present = said.is_some_and(|text| present == Some(&Secret::new(text.to_owned())));
    let secret = match present {
        Some(present) if said_present && profile.kind_of(present.expose()) == kind => {
            present.clone()
        }
        Some(_) | None => first_secret(profile, kind, said)?,
    };
    if said.is_some() && present == Some(&secret) && live.len() == 1 {
        return Ok(None);
    }
    replace(tx, caller, id, profile, &secret, Duration::ZERO)?;
    Ok(said.is_none().then(|| shown(profile, secret)))
}

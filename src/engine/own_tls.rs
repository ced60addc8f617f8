//! TLS of a webhook's own, made when its first request needs it.
//!
//! Owns: making it once, and what is said where it cannot be. Refuses: how certificates are read (`net`).

use std::sync::OnceLock;

use crate::domain::authorization::{ClientCertificate, WebhookAuth};
use crate::domain::outcome::FailureKind;
use crate::domain::time::Timestamp;
use crate::domain::webhook::WebhookSettings;
use crate::net::{Client, Failure, OwnTls};

/// What it is made of, and what was made.
#[derive(Debug)]
pub(super) struct LazyTls {
    identity: Option<ClientCertificate>,
    authorities: Option<String>,
    made: OnceLock<Result<OwnTls, String>>,
}

impl LazyTls {
    /// `None` for a webhook that speaks what all speak.
    pub(super) fn of(settings: &WebhookSettings) -> Option<Self> {
        let identity = match &settings.auth {
            Some(WebhookAuth::Mtls(own)) => Some(ClientCertificate::clone(own)),
            Some(
                WebhookAuth::Basic { .. } | WebhookAuth::Bearer { .. } | WebhookAuth::OAuth2(_),
            )
            | None => None,
        };
        let authorities = settings.ca.as_ref().map(|own| own.pem.clone());
        let is_own = identity.is_some() || authorities.is_some();
        is_own.then(|| Self {
            identity,
            authorities,
            made: OnceLock::new(),
        })
    }

    /// Whether it is made of the same as another.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.identity == other.identity && self.authorities == other.authorities
    }

    /// The TLS to speak at `now`.
    pub(super) fn get(&self, client: &Client, now: Timestamp) -> Result<&OwnTls, Failure> {
        let unusable = |message: String| Failure {
            kind: FailureKind::Tls,
            message,
        };
        if let Some(own) = &self.identity
            && own.expires_at <= now
        {
            let ended = own.expires_at.rfc3339();
            let message =
                format!("the webhook's client certificate expired at {ended}; nothing was sent");
            return Err(unusable(message));
        }
        let made = self.made.get_or_init(|| {
            let identity = self.identity.as_ref();
            let identity = identity.map(|own| (&*own.certificate, own.private_key.expose()));
            let made = client.own_tls(identity, self.authorities.as_deref());
            made.map_err(|error| error.to_string())
        });
        made.as_ref()
            .map_err(|error| unusable(format!("the webhook's certificates can't be used: {error}")))
    }
}

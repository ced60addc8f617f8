//! What a caller says of the proof that goes with a webhook's requests.
//!
//! Owns: reading it, each fault with its field. Refuses: keeping a password that was only masked where
//! there is none.

use super::origin::is_moved;
use super::values::MASK;
use crate::domain::authorization::{ClientCertificate, TrustedAuthorities, WebhookAuth};
use crate::domain::oauth2::TokenClient;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::net::{check_authorities, check_identity};
use crate::service::FieldError;

/// A proof as a caller gives it.
#[derive(Clone, Debug, Default)]
pub struct AuthInput {
    /// `basic`, `bearer`, `oauth2` or `mtls`.
    pub kind: String,
    /// For `basic`.
    pub username: Option<String>,
    /// For `basic`; the mask means the present one.
    pub password: Option<String>,
    /// For `bearer`; the mask means the present one.
    pub token: Option<String>,
    /// For `oauth2`: where tokens are fetched.
    pub token_url: Option<String>,
    /// For `oauth2`.
    pub client_id: Option<String>,
    /// For `oauth2`; the mask means the present one.
    pub client_secret: Option<String>,
    /// For `oauth2`, if the endpoint wants one.
    pub scope: Option<String>,
    /// For `oauth2`, if the endpoint wants one.
    pub audience: Option<String>,
    /// For `mtls`: the certificate with its chain, in PEM; the mask means the present one.
    pub certificate: Option<String>,
    /// For `mtls`: its key, in PEM; the mask means the present one.
    pub private_key: Option<String>,
    /// As `ca` beside the proof, which goes before it.
    pub ca: Option<String>,
}

/// What a proof has no place for.
const NO_MASK: &str = "is only a mask, and there is no value that it could stand for";
/// What is asked of a credential that another would get to see.
const AGAIN: &str = "must be given again: the token URL leads to another origin";

/// The members of each sort.
const MEMBERS: [(&str, &[&str]); 4] = [
    ("basic", &["username", "password"]),
    ("bearer", &["token"]),
    (
        "oauth2",
        &[
            "token_url",
            "client_id",
            "client_secret",
            "scope",
            "audience",
        ],
    ),
    ("mtls", &["certificate", "private_key"]),
];

impl AuthInput {
    /// The proof; `before` is the present one. A token URL has passed the guard.
    pub(super) fn read(
        &self,
        before: Option<&WebhookAuth>,
        now: Timestamp,
    ) -> Result<WebhookAuth, FieldError> {
        self.check_members()?;
        let made = match self.kind.as_str() {
            "basic" => {
                let present = before.and_then(|auth| match auth {
                    WebhookAuth::Basic { password, .. } => Some(password),
                    WebhookAuth::Bearer { .. } | WebhookAuth::OAuth2(_) | WebhookAuth::Mtls(_) => {
                        None
                    }
                });
                let username = needed("username", self.username.as_deref())?;
                let password = unmasked("password", self.password.as_deref(), present)?;
                WebhookAuth::basic(username, password.expose())
            }
            "bearer" => {
                let present = before.and_then(|auth| match auth {
                    WebhookAuth::Bearer { token } => Some(token),
                    WebhookAuth::Basic { .. } | WebhookAuth::OAuth2(_) | WebhookAuth::Mtls(_) => {
                        None
                    }
                });
                let token = unmasked("token", self.token.as_deref(), present)?;
                WebhookAuth::bearer(token.expose())
            }
            "mtls" => self.client_certificate(before, now),
            _ => {
                let client = self.token_client(before)?.checked();
                client.map(|client| WebhookAuth::OAuth2(Box::new(client)))
            }
        };
        made.map_err(|(field, message)| fault(field, message))
    }

    fn token_client(&self, before: Option<&WebhookAuth>) -> Result<TokenClient, FieldError> {
        let before = before.and_then(|auth| match auth {
            WebhookAuth::OAuth2(client) => Some(client),
            WebhookAuth::Basic { .. } | WebhookAuth::Bearer { .. } | WebhookAuth::Mtls(_) => None,
        });
        let token_url = needed("token_url", self.token_url.as_deref())?;
        let present = before.map(|client| &client.client_secret);
        let is_moved = before.is_some_and(|client| is_moved(&client.token_url, token_url));
        let masked = self.client_secret.as_deref() == Some(MASK);
        if masked && is_moved {
            return Err(fault("client_secret", AGAIN));
        }
        Ok(TokenClient {
            token_url: token_url.to_owned(),
            client_id: needed("client_id", self.client_id.as_deref())?.to_owned(),
            client_secret: unmasked("client_secret", self.client_secret.as_deref(), present)?,
            scope: self.scope.clone(),
            audience: self.audience.clone(),
        })
    }

    fn client_certificate(
        &self,
        before: Option<&WebhookAuth>,
        now: Timestamp,
    ) -> Result<WebhookAuth, (&'static str, String)> {
        let before = before.and_then(|auth| match auth {
            WebhookAuth::Mtls(own) => Some(own),
            WebhookAuth::Basic { .. } | WebhookAuth::Bearer { .. } | WebhookAuth::OAuth2(_) => None,
        });
        let missing = |field: &'static str| (field, "is needed".to_owned());
        let certificate = self.certificate.as_deref();
        let certificate = match (certificate.ok_or(missing("certificate"))?, before) {
            (MASK, Some(before)) => before.certificate.clone(),
            (MASK, None) => return Err(("certificate", NO_MASK.to_owned())),
            (said, _) => said.to_owned(),
        };
        let private_key = self.private_key.as_deref();
        let private_key = match (private_key.ok_or(missing("private_key"))?, before) {
            (MASK, Some(before)) => before.private_key.clone(),
            (MASK, None) => return Err(("private_key", NO_MASK.to_owned())),
            (said, _) => Secret::new(said.to_owned()),
        };
        let is_present = before.is_some_and(|before| {
            before.certificate == certificate && before.private_key == private_key
        });
        if let Some(before) = before.filter(|_| is_present) {
            // Whatever else is changed must not be refused because it has expired since.
            return Ok(WebhookAuth::Mtls(before.clone()));
        }
        let facts = check_identity(&certificate, private_key.expose(), now)?;
        Ok(WebhookAuth::Mtls(Box::new(ClientCertificate {
            certificate,
            private_key,
            subject: facts.subject,
            expires_at: facts.expires_at,
        })))
    }

    /// Refuses an unknown sort, and members that belong to another.
    fn check_members(&self) -> Result<(), FieldError> {
        let own = MEMBERS.into_iter().find(|(kind, _)| *kind == self.kind);
        let Some((_, own)) = own else {
            let kinds = MEMBERS.map(|(kind, _)| kind).join(", ");
            return Err(fault("type", format!("must be one of {kinds}")));
        };
        let said = [
            ("username", &self.username),
            ("password", &self.password),
            ("token", &self.token),
            ("token_url", &self.token_url),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("scope", &self.scope),
            ("audience", &self.audience),
            ("certificate", &self.certificate),
            ("private_key", &self.private_key),
        ];
        let alien = said
            .iter()
            .find(|(name, value)| value.is_some() && !own.contains(name));
        match alien {
            Some((name, _)) => Err(fault(name, "does not belong to this type")),
            None => Ok(()),
        }
    }

    /// Whether it says the secret itself, and not only its mask.
    pub(super) fn is_said(&self) -> bool {
        let secrets = [
            &self.password,
            &self.token,
            &self.client_secret,
            &self.private_key,
        ];
        secrets.into_iter().flatten().all(|secret| secret != MASK)
    }
}

/// The authorities that are trusted; `before` are the present ones, for which the mask stands.
pub(super) fn authorities(
    said: &str,
    before: Option<&TrustedAuthorities>,
    now: Timestamp,
) -> Result<TrustedAuthorities, String> {
    match before {
        Some(before) if said == MASK || said == before.pem => Ok(before.clone()),
        None if said == MASK => Err(NO_MASK.to_owned()),
        Some(_) | None => Ok(TrustedAuthorities {
            pem: said.to_owned(),
            expires_at: check_authorities(said, now)?.expires_at,
        }),
    }
}

fn fault(field: &str, message: impl Into<String>) -> FieldError {
    FieldError {
        field: format!("auth.{field}"),
        message: message.into(),
    }
}

fn needed<'a>(field: &str, value: Option<&'a str>) -> Result<&'a str, FieldError> {
    value.ok_or_else(|| fault(field, "is needed"))
}

/// What was said of a secret; the mask stands for the `present` one.
fn unmasked(
    field: &str,
    said: Option<&str>,
    present: Option<&Secret>,
) -> Result<Secret, FieldError> {
    match (needed(field, said)?, present) {
        (MASK, Some(present)) => Ok(present.clone()),
        (MASK, None) => Err(fault(field, NO_MASK)),
        (said, _) => Ok(Secret::new(said.to_owned())),
    }
}

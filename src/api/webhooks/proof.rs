//! What callers say of the proof that goes with a webhook's requests.
//!
//! Owns: its JSON. Refuses: judging values (`service`).

use serde::Deserialize;
use utoipa::ToSchema;

use crate::service::webhooks::AuthInput;

/// A proof: `{"type": "basic", "username", "password"}`, `{"type": "bearer", "token"}`, or with tokens that
/// are fetched (OAuth 2.0 client credentials) `{"type": "oauth2", "token_url", "client_id",
/// "client_secret"}`, or a certificate that the connection shows, `{"type": "mtls", "certificate",
/// "private_key"}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthRequest {
    /// `basic`, `bearer`, `oauth2` or `mtls`.
    pub r#type: String,
    /// For `basic`.
    #[serde(default)]
    pub username: Option<String>,
    /// For `basic`; `***` means the present one.
    #[serde(default)]
    pub password: Option<String>,
    /// For `bearer`; `***` means the present one.
    #[serde(default)]
    pub token: Option<String>,
    /// For `oauth2`: where tokens are fetched, under the rules of webhook URLs.
    #[serde(default)]
    pub token_url: Option<String>,
    /// For `oauth2`.
    #[serde(default)]
    pub client_id: Option<String>,
    /// For `oauth2`; `***` means the present one. Where the token URL moves to another origin it is
    /// needed again.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// For `oauth2`, if the endpoint wants one.
    #[serde(default)]
    pub scope: Option<String>,
    /// For `oauth2`, if the endpoint wants one.
    #[serde(default)]
    pub audience: Option<String>,
    /// For `mtls`: the certificate and those that vouch for it, in PEM, each followed by its issuer's;
    /// `***` means the present one.
    #[serde(default)]
    pub certificate: Option<String>,
    /// For `mtls`: its private key, in PEM; `***` means the present one.
    #[serde(default)]
    pub private_key: Option<String>,
    /// As `ca` beside `auth`.
    #[serde(default)]
    pub ca: Option<String>,
    /// As it reads back; what the certificate says counts.
    #[serde(default)]
    pub subject: Option<String>,
    /// As it reads back; what the certificate says counts.
    #[serde(default)]
    pub expires_at: Option<String>,
}

impl From<AuthRequest> for AuthInput {
    fn from(request: AuthRequest) -> Self {
        Self {
            kind: request.r#type,
            username: request.username,
            password: request.password,
            token: request.token,
            token_url: request.token_url,
            client_id: request.client_id,
            client_secret: request.client_secret,
            scope: request.scope,
            audience: request.audience,
            certificate: request.certificate,
            private_key: request.private_key,
            ca: request.ca,
        }
    }
}

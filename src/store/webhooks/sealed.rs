//! What of a webhook is sealed: its headers, and with them what it proves itself with.
//!
//! Owns: the form inside the seal. Refuses: what a proof means (`domain::authorization`).
//!
//! # Why both lie together
//! They are read and written together, and a proof that is one header was a header before there were
//! others. Names that no header can have stand for what is none.

use serde::{Deserialize, Serialize};

use super::json_column::{json_text, parse_json};
use crate::domain::authorization::{ClientCertificate, TrustedAuthorities, WebhookAuth};
use crate::domain::header::CustomHeader;
use crate::domain::oauth2::TokenClient;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::webhook::WebhookSettings;
use crate::store::vault::{Place, Vault};
use crate::store::{StoreError, damaged, unseal_text};

/// Stands for a proof that is always the same header.
const HEADER_NAME: &str = ":authorization";
/// Stands for any other proof.
const PROOF_NAME: &str = ":auth";
/// Stands for the authorities that are trusted.
const AUTHORITIES_NAME: &str = ":ca";

fn headers_place(seq: i64) -> Place {
    Place {
        table: "webhooks",
        column: "headers_sealed",
        row: seq,
    }
}

/// A proof that is no header by itself.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum ProofColumn {
    OAuth2 {
        token_url: String,
        client_id: String,
        client_secret: String,
        #[serde(default)]
        scope: Option<String>,
        #[serde(default)]
        audience: Option<String>,
    },
    Mtls {
        certificate: String,
        private_key: String,
        subject: String,
        expires_at_ms: i64,
    },
}

/// Authorities that are trusted.
#[derive(Serialize, Deserialize)]
struct AuthoritiesColumn {
    pem: String,
    expires_at_ms: i64,
}

/// The pair that stands for a proof.
fn proof_pair(auth: &WebhookAuth) -> (&'static str, Secret) {
    let column = match auth {
        WebhookAuth::Basic { .. } | WebhookAuth::Bearer { .. } => {
            let value = auth.header_value();
            return (HEADER_NAME, value.expect("these are always a header"));
        }
        WebhookAuth::OAuth2(client) => ProofColumn::OAuth2 {
            token_url: client.token_url.clone(),
            client_id: client.client_id.clone(),
            client_secret: client.client_secret.expose().to_owned(),
            scope: client.scope.clone(),
            audience: client.audience.clone(),
        },
        WebhookAuth::Mtls(own) => ProofColumn::Mtls {
            certificate: own.certificate.clone(),
            private_key: own.private_key.expose().to_owned(),
            subject: own.subject.clone(),
            expires_at_ms: own.expires_at.millis(),
        },
    };
    (PROOF_NAME, Secret::new(json_text(&column)))
}

impl From<ProofColumn> for WebhookAuth {
    fn from(column: ProofColumn) -> Self {
        match column {
            ProofColumn::OAuth2 {
                token_url,
                client_id,
                client_secret,
                scope,
                audience,
            } => Self::OAuth2(Box::new(TokenClient {
                token_url,
                client_id,
                client_secret: Secret::new(client_secret),
                scope,
                audience,
            })),
            ProofColumn::Mtls {
                certificate,
                private_key,
                subject,
                expires_at_ms,
            } => Self::Mtls(Box::new(ClientCertificate {
                certificate,
                private_key: Secret::new(private_key),
                subject,
                expires_at: Timestamp::from_millis(expires_at_ms),
            })),
        }
    }
}

/// Headers, proof and authorities, sealed together.
pub(super) fn seal_headers(vault: &Vault, seq: i64, settings: &WebhookSettings) -> Option<Vec<u8>> {
    let proof = settings.auth.as_ref().map(proof_pair);
    let authorities = settings.ca.as_ref().map(|own| {
        let column = AuthoritiesColumn {
            pem: own.pem.clone(),
            expires_at_ms: own.expires_at.millis(),
        };
        (AUTHORITIES_NAME, Secret::new(json_text(&column)))
    });
    let proof = proof.iter().chain(&authorities);
    let proof = proof.map(|(name, value)| (*name, value.expose()));
    let pairs = settings
        .headers
        .iter()
        .map(|header| (header.name(), header.value().expose()));
    let pairs: Vec<(&str, &str)> = pairs.chain(proof).collect();
    let sealed = || vault.seal(headers_place(seq), json_text(&pairs).as_bytes());
    (!pairs.is_empty()).then(sealed)
}

/// What was sealed.
#[derive(Default)]
pub(super) struct Unsealed {
    pub(super) headers: Vec<CustomHeader>,
    pub(super) auth: Option<WebhookAuth>,
    pub(super) ca: Option<TrustedAuthorities>,
}

pub(super) fn unseal_headers(
    vault: &Vault,
    seq: i64,
    sealed: Option<Vec<u8>>,
) -> Result<Unsealed, StoreError> {
    let Some(sealed) = sealed else {
        return Ok(Unsealed::default());
    };
    let is_damaged = || damaged("webhooks.headers", seq);
    let text = unseal_text(vault, headers_place(seq), &sealed)?;
    let pairs: Vec<(String, String)> = parse_json(text.expose(), "webhooks.headers", seq)?;
    let mut unsealed = Unsealed::default();
    for (name, value) in pairs {
        match name.as_str() {
            HEADER_NAME => {
                let auth = WebhookAuth::from_header_value(&value);
                unsealed.auth = Some(auth.ok_or_else(is_damaged)?);
            }
            PROOF_NAME => {
                let column: ProofColumn = parse_json(&value, "webhooks.headers", seq)?;
                unsealed.auth = Some(column.into());
            }
            AUTHORITIES_NAME => {
                let column: AuthoritiesColumn = parse_json(&value, "webhooks.headers", seq)?;
                unsealed.ca = Some(TrustedAuthorities {
                    pem: column.pem,
                    expires_at: Timestamp::from_millis(column.expires_at_ms),
                });
            }
            _ => {
                let header = CustomHeader::new::<&str>(&name, value, &[]);
                unsealed.headers.push(header.map_err(|_| is_damaged())?);
            }
        }
    }
    Ok(unsealed)
}

//! What of a webhook is sealed: its headers, and with them what it proves itself with.
//!
//! Owns: the form inside the seal. Refuses: what a proof means (`domain::authorization`).
//!
//! # Why both lie together
//! They are read and written together, and a proof that is one header was a header before there were
//! others. Names that no header can have stand for what is none.

use serde::{Deserialize, Serialize};

use super::json_column::{json_text, parse_json};
use crate::domain::authorization::WebhookAuth;
use crate::domain::header::CustomHeader;
use crate::domain::oauth2::TokenClient;
use crate::domain::secret::Secret;
use crate::store::vault::{Place, Vault};
use crate::store::{StoreError, damaged, unseal_text};

/// Stands for a proof that is always the same header.
const HEADER_NAME: &str = ":authorization";
/// Stands for any other proof.
const PROOF_NAME: &str = ":auth";

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
        }
    }
}

/// Headers and proof, sealed together.
pub(super) fn seal_headers(
    vault: &Vault,
    seq: i64,
    headers: &[CustomHeader],
    auth: Option<&WebhookAuth>,
) -> Option<Vec<u8>> {
    let proof = auth.map(proof_pair);
    let proof = proof.as_ref().map(|(name, value)| (*name, value.expose()));
    let pairs = headers
        .iter()
        .map(|header| (header.name(), header.value().expose()));
    let pairs: Vec<(&str, &str)> = pairs.chain(proof).collect();
    let sealed = || vault.seal(headers_place(seq), json_text(&pairs).as_bytes());
    (!pairs.is_empty()).then(sealed)
}

type SealedHeaders = (Vec<CustomHeader>, Option<WebhookAuth>);

pub(super) fn unseal_headers(
    vault: &Vault,
    seq: i64,
    sealed: Option<Vec<u8>>,
) -> Result<SealedHeaders, StoreError> {
    let Some(sealed) = sealed else {
        return Ok((Vec::new(), None));
    };
    let is_damaged = || damaged("webhooks.headers", seq);
    let text = unseal_text(vault, headers_place(seq), &sealed)?;
    let pairs: Vec<(String, String)> = parse_json(text.expose(), "webhooks.headers", seq)?;
    let (mut headers, mut auth) = (Vec::new(), None);
    for (name, value) in pairs {
        match name.as_str() {
            HEADER_NAME => {
                auth = Some(WebhookAuth::from_header_value(&value).ok_or_else(is_damaged)?);
            }
            PROOF_NAME => {
                let column: ProofColumn = parse_json(&value, "webhooks.headers", seq)?;
                auth = Some(column.into());
            }
            _ => {
                let header = CustomHeader::new::<&str>(&name, value, &[]);
                headers.push(header.map_err(|_| is_damaged())?);
            }
        }
    }
    Ok((headers, auth))
}

//! What the columns of a webhook's row hold.
//!
//! Owns: reading a row into a webhook, JSON columns, sealed headers. Refuses: statements.

use std::time::Duration;

use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::health::{breaker_of, health_of};
use crate::domain::breaker::DisabledReason;
use crate::domain::event_type::Subscription;
use crate::domain::format::Format;
use crate::domain::header::CustomHeader;
use crate::domain::id::{WebhookId, WorkspaceId};
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{ProfileRef, Webhook, WebhookKind, WebhookSettings, WebhookState};
use crate::store::vault::{Place, Vault};
use crate::store::{StoreError, damaged, unseal_text};

pub(super) fn webhook(row: &Row<'_>, vault: &Vault) -> Result<Webhook, StoreError> {
    let seq: i64 = row.get("seq")?;
    let created_at = Timestamp::from_millis(row.get("created_at")?);
    let workspace_at = Timestamp::from_millis(row.get("workspace_created_at")?);
    let kind: String = row.get("kind")?;
    let name: String = row.get("profile_name")?;
    let at = |column: &str| {
        let millis: Option<i64> = row.get(column)?;
        Ok::<_, StoreError>(millis.map(Timestamp::from_millis))
    };
    Ok(Webhook {
        id: WebhookId::new(created_at, seq),
        workspace: WorkspaceId::new(workspace_at, row.get("workspace_seq")?),
        kind: WebhookKind::parse(&kind).ok_or_else(|| damaged("webhooks.kind", seq))?,
        profile: ProfileRef {
            seq: row.get("profile_seq")?,
            name: name.into(),
        },
        settings: settings(row, vault, seq)?,
        state: state(row, seq)?,
        health: health_of(row)?,
        secret_rotated_at: at("secret_rotated_at")?,
        previous_secret_expires_at: at("previous_secret_expires_at")?,
        created_at,
        updated_at: Timestamp::from_millis(row.get("updated_at")?),
        deleted_at: at("deleted_at")?,
    })
}

pub(super) fn settings(
    row: &Row<'_>,
    vault: &Vault,
    seq: i64,
) -> Result<WebhookSettings, StoreError> {
    let event_types: String = row.get("event_types")?;
    let event_types: Vec<String> = parse_json(&event_types, "webhooks.event_types", seq)?;
    let retry: String = row.get("retry_policy")?;
    let retry: RetryColumn = parse_json(&retry, "webhooks.retry_policy", seq)?;
    let format: String = row.get("format")?;
    let timeout_ms: u64 = row.get("timeout_ms")?;
    let metadata: String = row.get("metadata")?;
    let sealed: Option<Vec<u8>> = row.get("headers_sealed")?;
    Ok(WebhookSettings {
        label: row.get("label")?,
        url: row.get("url")?,
        subscription: Subscription::parse(&event_types)
            .map_err(|_| damaged("webhooks.event_types", seq))?,
        format: Format::parse(&format).ok_or_else(|| damaged("webhooks.format", seq))?,
        headers: unseal_headers(vault, seq, sealed)?,
        retry: retry
            .policy()
            .ok_or_else(|| damaged("webhooks.retry_policy", seq))?,
        timeout: Duration::from_millis(timeout_ms),
        max_in_flight: row.get("max_in_flight")?,
        rate_limit: row.get("rate_limit")?,
        ordered: row.get("ordered")?,
        breaker: breaker_of(row)?,
        metadata: metadata.into(),
    })
}

pub(super) fn state(row: &Row<'_>, seq: i64) -> Result<WebhookState, StoreError> {
    let status: String = row.get("status")?;
    match status.as_str() {
        "active" => Ok(WebhookState::Active),
        "revoked" => Ok(WebhookState::Revoked),
        "disabled" => {
            let reason: Option<String> = row.get("disabled_reason")?;
            let reason = reason.as_deref().and_then(DisabledReason::parse);
            let at: Option<i64> = row.get("disabled_at")?;
            let unknown = || damaged("webhooks.disabled_reason", seq);
            Ok(WebhookState::Disabled {
                reason: reason.ok_or_else(unknown)?,
                at: Timestamp::from_millis(at.unwrap_or_default()),
            })
        }
        _ => Err(damaged("webhooks.status", seq)),
    }
}

/// A retry policy as its column holds it.
#[derive(Serialize, Deserialize)]
pub(super) struct RetryColumn {
    delays_ms: Vec<u64>,
    then_every_ms: Option<u64>,
    give_up_after_ms: Option<u64>,
    jitter: bool,
}

impl From<&RetryPolicy> for RetryColumn {
    fn from(policy: &RetryPolicy) -> Self {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            delays_ms: policy.delays().iter().copied().map(ms).collect(),
            then_every_ms: policy.repeat().map(|repeat| ms(repeat.every)),
            give_up_after_ms: policy.repeat().map(|repeat| ms(repeat.give_up_after)),
            jitter: policy.jitter() == Jitter::Tenth,
        }
    }
}

impl RetryColumn {
    pub(super) fn policy(self) -> Option<RetryPolicy> {
        let jitter = if self.jitter {
            Jitter::Tenth
        } else {
            Jitter::Off
        };
        RetryPolicy::new(
            self.delays_ms
                .into_iter()
                .map(Duration::from_millis)
                .collect(),
            self.then_every_ms.map(Duration::from_millis),
            self.give_up_after_ms.map(Duration::from_millis),
            jitter,
        )
        .ok()
    }
}

fn headers_place(seq: i64) -> Place {
    Place {
        table: "webhooks",
        column: "headers_sealed",
        row: seq,
    }
}

pub(super) fn seal_headers(vault: &Vault, seq: i64, headers: &[CustomHeader]) -> Option<Vec<u8>> {
    let pairs: Vec<(&str, &str)> = headers
        .iter()
        .map(|header| (header.name(), header.value().expose()))
        .collect();
    let sealed = || vault.seal(headers_place(seq), json_text(&pairs).as_bytes());
    (!pairs.is_empty()).then(sealed)
}

fn unseal_headers(
    vault: &Vault,
    seq: i64,
    sealed: Option<Vec<u8>>,
) -> Result<Vec<CustomHeader>, StoreError> {
    let Some(sealed) = sealed else {
        return Ok(Vec::new());
    };
    let text = unseal_text(vault, headers_place(seq), &sealed)?;
    let pairs: Vec<(String, String)> = parse_json(text.expose(), "webhooks.headers", seq)?;
    let parse = |(name, value): (String, String)| {
        CustomHeader::new::<&str>(&name, value, &[]).map_err(|_| damaged("webhooks.headers", seq))
    };
    pairs.into_iter().map(parse).collect()
}

pub(super) fn json_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain columns always serialise")
}

pub(super) fn parse_json<T: serde::de::DeserializeOwned>(
    text: &str,
    column: &str,
    seq: i64,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| damaged(column, seq))
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

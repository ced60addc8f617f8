//! What the columns of a webhook's row hold.
//!
//! Owns: reading a row into a webhook. Refuses: statements, and what is sealed (`sealed`).

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Row;
use serde::{Deserialize, Serialize};

use super::health::{breaker_of, health_of};
use super::json_column::parse_json;
use super::pins::pins_of;
use super::sealed::{Unsealed, unseal_headers};
use crate::domain::batch::BatchPolicy;
use crate::domain::breaker::{BreakerPolicy, DisabledReason};
use crate::domain::event_type::Subscription;
use crate::domain::filter::{ContentFilter, FilterOrigin};
use crate::domain::format::Format;
use crate::domain::order::{DeliveryOrder, OrderedBy};
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::shape::{BodyShape, SendMethod};
use crate::domain::status_rules::StatusRules;
use crate::domain::webhook::{
    IN_FLIGHT_DEFAULT, ProfileRef, TIMEOUT_DEFAULT, Transport, Via, Webhook, WebhookSettings,
    WebhookState,
};
use crate::store::shapes::shape_of;
use crate::store::sql::{id, optional_id};
use crate::store::vault::Vault;
use crate::store::{StoreError, damaged};

/// Reads a webhook. Where one of its settings is damaged, something harmless stands in its place and
/// the webhook is disabled as corrupt: it is seen, and never sent to.
pub(super) fn webhook(row: &Row<'_>, vault: &Vault) -> Result<Webhook, StoreError> {
    let name: Arc<str> = row.get("profile_name")?;
    let mut reading = Lenient::default();
    let settings = settings(row, vault, &mut reading)?;
    let updated_at = row.get("updated_at")?;
    let corrupt = WebhookState::Disabled {
        reason: DisabledReason::Corrupt,
        at: updated_at,
    };
    let state = match reading.or(state(row), || corrupt)? {
        WebhookState::Active | WebhookState::Disabled { .. } if reading.is_damaged => corrupt,
        state => state,
    };
    Ok(Webhook {
        id: id(row, "created_at", "seq")?,
        workspace: id(row, "workspace_created_at", "workspace_seq")?,
        consumer: optional_id(row, "consumer_created_at", "consumer_seq")?,
        uid: row.get("uid")?,
        consumer_rate_limit: row.get("consumer_rate_limit")?,
        kind: row.get("kind")?,
        profile: ProfileRef {
            seq: row.get("profile_seq")?,
            name,
        },
        settings,
        shape_seq: row.get("shape_seq")?,
        public_key: row.get("public_key")?,
        sends_aliases: row.get("sends_aliases")?,
        state,
        health: health_of(row)?,
        secret_rotated_at: row.get("secret_rotated_at")?,
        previous_secret_expires_at: row.get("previous_secret_expires_at")?,
        created_at: row.get("created_at")?,
        updated_at,
        deleted_at: row.get("deleted_at")?,
    })
}

/// Reads settings one by one; what is damaged is noted and has a stand-in.
#[derive(Default)]
struct Lenient {
    is_damaged: bool,
}

impl Lenient {
    fn or<T, E: Into<StoreError>>(
        &mut self,
        read: Result<T, E>,
        stand_in: impl FnOnce() -> T,
    ) -> Result<T, StoreError> {
        match read.map_err(Into::into) {
            Err(StoreError::Damaged(what)) => {
                tracing::error!(what, "a webhook is corrupt");
                self.is_damaged = true;
                Ok(stand_in())
            }
            read => read,
        }
    }
}

fn settings(
    row: &Row<'_>,
    vault: &Vault,
    reading: &mut Lenient,
) -> Result<WebhookSettings, StoreError> {
    let seq: i64 = row.get("seq")?;
    let timeout_ms = reading.or(row.get("timeout_ms"), || {
        u64::try_from(TIMEOUT_DEFAULT.as_millis()).unwrap_or(u64::MAX)
    })?;
    let headers = row.get("headers_sealed").map_err(StoreError::from);
    let headers = headers.and_then(|sealed| unseal_headers(vault, seq, sealed));
    let unsealed = reading.or(headers, Unsealed::default)?;
    let unknown = || {
        let all = ["*".to_owned()];
        Subscription::parse(&all).expect("everything can be subscribed to")
    };
    let no_breaker = || BreakerPolicy {
        disable_after_failures: None,
        disable_after: None,
    };
    Ok(WebhookSettings {
        label: reading.or(row.get("label"), String::new)?,
        transport: transport_of(row, seq)?,
        url: reading.or(row.get("url"), String::new)?,
        subscription: reading.or(subscription_of(row, seq), unknown)?,
        filter: reading.or(filter_of(row, seq), || None)?,
        method: reading.or(method_of(row, seq), SendMethod::default)?,
        shape: reading.or(shape_of(row, seq), BodyShape::default)?,
        channels: reading.or(channels_of(row, seq), || None)?,
        format: reading.or(row.get("format"), || Format::Json)?,
        auth: unsealed.auth,
        ca: unsealed.ca,
        via: reading.or(via_of(row, seq), Via::default)?,
        headers: unsealed.headers,
        aliases: reading.or(row.get("aliases"), || None)?,
        retry: reading.or(retry_of(row, seq), RetryPolicy::standard)?,
        timeout: Duration::from_millis(timeout_ms),
        max_in_flight: reading.or(row.get("max_in_flight"), || IN_FLIGHT_DEFAULT)?,
        rate_limit: reading.or(row.get("rate_limit"), || None)?,
        order: reading.or(order_of(row, seq), DeliveryOrder::default)?,
        batch: reading.or(batch_of(row, seq), || None)?,
        breaker: reading.or(breaker_of(row), no_breaker)?,
        metadata: reading.or(row.get("metadata"), || "{}".into())?,
    })
}

pub(super) fn subscription_of(row: &Row<'_>, seq: i64) -> Result<Subscription, StoreError> {
    let text: String = row.get("event_types")?;
    let patterns: Vec<String> = parse_json(&text, "webhooks.event_types", seq)?;
    let read = Subscription::parse(&patterns).map_err(|_| damaged("webhooks.event_types", seq))?;
    Ok(read.pinning(pins_of(row, seq)?))
}

pub(super) fn transport_of(row: &Row<'_>, seq: i64) -> Result<Transport, StoreError> {
    let code: Option<i64> = row.get("transport")?;
    let mut all = Transport::ALL.into_iter();
    let found = all.find(|own| transport_column(*own) == code);
    found.ok_or_else(|| damaged("webhooks.transport", seq))
}

/// Nothing is said of webhooks whose URL is requested.
pub(super) fn transport_column(transport: Transport) -> Option<i64> {
    match transport {
        Transport::Push => None,
        Transport::Poll => Some(1),
        Transport::Operational => Some(2),
    }
}

fn method_of(row: &Row<'_>, seq: i64) -> Result<SendMethod, StoreError> {
    let word: String = row.get("method")?;
    SendMethod::parse(&word).ok_or_else(|| damaged("webhooks.method", seq))
}

fn via_of(row: &Row<'_>, seq: i64) -> Result<Via, StoreError> {
    let word: Option<String> = row.get("via")?;
    let via = word.map(|word| Via::parse(&word).ok_or_else(|| damaged("webhooks.via", seq)));
    Ok(via.transpose()?.unwrap_or_default())
}

pub(super) fn filter_of(row: &Row<'_>, seq: i64) -> Result<Option<Arc<ContentFilter>>, StoreError> {
    let text: Option<String> = row.get("filter")?;
    let read = |text: String| ContentFilter::read(&text, FilterOrigin::Stored).map(Arc::new);
    let parsed = text.map(read).transpose();
    parsed.map_err(|_| damaged("webhooks.filter", seq))
}

fn order_of(row: &Row<'_>, seq: i64) -> Result<DeliveryOrder, StoreError> {
    let is_whole: bool = row.get("ordered")?;
    Ok(match (is_whole, ordered_by_of(row, seq)?) {
        (true, _) => DeliveryOrder::Whole,
        (false, Some(pointer)) => DeliveryOrder::By(pointer),
        (false, None) => DeliveryOrder::Any,
    })
}

pub(super) fn ordered_by_of(row: &Row<'_>, seq: i64) -> Result<Option<OrderedBy>, StoreError> {
    let text: Option<String> = row.get("ordered_by")?;
    let parsed = text.as_deref().map(OrderedBy::parse).transpose();
    parsed.map_err(|_| damaged("webhooks.ordered_by", seq))
}

pub(super) fn channels_of(row: &Row<'_>, seq: i64) -> Result<Option<Vec<String>>, StoreError> {
    let text: Option<String> = row.get("channels")?;
    let parse = |text: String| parse_json(&text, "webhooks.channels", seq);
    text.map(parse).transpose()
}

pub(super) fn retry_of(row: &Row<'_>, seq: i64) -> Result<RetryPolicy, StoreError> {
    let text: String = row.get("retry_policy")?;
    let column: RetryColumn = parse_json(&text, "webhooks.retry_policy", seq)?;
    let policy = column.policy();
    policy.ok_or_else(|| damaged("webhooks.retry_policy", seq))
}

pub(super) fn state(row: &Row<'_>) -> Result<WebhookState, StoreError> {
    let status: String = row.get("status")?;
    match status.as_str() {
        "active" => Ok(WebhookState::Active),
        "revoked" => Ok(WebhookState::Revoked),
        "disabled" => Ok(WebhookState::Disabled {
            reason: row.get("disabled_reason")?,
            at: row.get("disabled_at")?,
        }),
        _ => Err(damaged("webhooks.status", row.get("seq")?)),
    }
}

fn batch_of(row: &Row<'_>, seq: i64) -> Result<Option<BatchPolicy>, StoreError> {
    let text: Option<String> = row.get("batch")?;
    let parse = |text: String| parse_json(&text, "webhooks.batch", seq);
    let column: Option<BatchColumn> = text.map(parse).transpose()?;
    Ok(column.map(|own| BatchPolicy {
        max: own.max,
        wait: Duration::from_millis(own.wait_ms),
    }))
}

/// When deliveries go out together, as its column holds it.
#[derive(Serialize, Deserialize)]
pub(super) struct BatchColumn {
    max: u32,
    wait_ms: u64,
}

impl From<BatchPolicy> for BatchColumn {
    fn from(policy: BatchPolicy) -> Self {
        Self {
            max: policy.max,
            wait_ms: u64::try_from(policy.wait.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// A retry policy as its column holds it.
#[derive(Serialize, Deserialize)]
pub(super) struct RetryColumn {
    delays_ms: Vec<u64>,
    then_every_ms: Option<u64>,
    give_up_after_ms: Option<u64>,
    jitter: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    give_up_on: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    retry_on: Vec<String>,
}

impl From<&RetryPolicy> for RetryColumn {
    fn from(policy: &RetryPolicy) -> Self {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            delays_ms: policy.delays().iter().copied().map(ms).collect(),
            then_every_ms: policy.repeat().map(|repeat| ms(repeat.every)),
            give_up_after_ms: policy.repeat().map(|repeat| ms(repeat.give_up_after)),
            jitter: policy.jitter() == Jitter::Tenth,
            give_up_on: policy.rules().give_up_on(),
            retry_on: policy.rules().retry_on(),
        }
    }
}

impl RetryColumn {
    fn policy(self) -> Option<RetryPolicy> {
        let jitter = if self.jitter {
            Jitter::Tenth
        } else {
            Jitter::Off
        };
        let rules = StatusRules::parse(&self.give_up_on, &self.retry_on).ok()?;
        let policy = RetryPolicy::new(
            self.delays_ms
                .into_iter()
                .map(Duration::from_millis)
                .collect(),
            self.then_every_ms.map(Duration::from_millis),
            self.give_up_after_ms.map(Duration::from_millis),
            jitter,
        );
        Some(policy.ok()?.with_rules(rules))
    }
}

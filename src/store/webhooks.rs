//! Webhooks: their rows, sealed headers, health, and who is subscribed to what.
//!
//! Owns: storing and reading whole webhooks, the writer's cache of subscribers. Refuses: the rules
//! of registering and changing one (`service`) and of disabling it (`domain::breaker`).
//!
//! # Why subscribers are cached by the writer
//! Every publish asks who is subscribed. The writer is the only one who changes webhooks, so its
//! own cache is exact: each change forgets the workspace's entry in the same transaction, and a
//! webhook registered a microsecond before an event gets that event.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::{Deserialize, Serialize};

use super::vault::{Place, Vault};
use super::{StoreError, WriteTx, damaged};
use crate::domain::breaker::{BreakerPolicy, DisabledReason, Health};
use crate::domain::event_type::Subscription;
use crate::domain::format::Format;
use crate::domain::header::CustomHeader;
use crate::domain::id::{WebhookId, WorkspaceId};
use crate::domain::page::{Cursor, Limit, Page};
use crate::domain::profile::Profile;
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{ProfileRef, Webhook, WebhookKind, WebhookSettings, WebhookState};

/// The most webhooks a workspace may register.
pub const WEBHOOKS_MAX: usize = 10_000;

const SELECT: &str = "SELECT w.*, workspaces.created_at AS workspace_created_at,
        profiles.name AS profile_name,
        (SELECT max(expires_at) FROM webhook_secrets
         WHERE webhook_seq = w.seq AND expires_at > :now) AS previous_secret_expires_at
    FROM webhooks AS w
    JOIN workspaces ON workspaces.seq = w.workspace_seq
    JOIN profiles ON profiles.seq = w.profile_seq";

/// The webhook in row `seq`, deleted ones included.
///
/// # Errors
/// [`StoreError::Damaged`] where the row cannot be understood.
pub fn find(
    conn: &Connection,
    vault: &Vault,
    seq: i64,
    now: Timestamp,
) -> Result<Option<Webhook>, StoreError> {
    let sql = format!("{SELECT} WHERE w.seq = :seq LIMIT 1");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! { ":seq": seq, ":now": now.millis() })?;
    rows.next()?.map(|row| webhook(row, vault)).transpose()
}

/// The registered webhook `id` of a workspace, unless it was deleted.
///
/// # Errors
/// As [`find`].
pub fn find_registered(
    conn: &Connection,
    vault: &Vault,
    workspace_seq: i64,
    id: WebhookId,
    now: Timestamp,
) -> Result<Option<Webhook>, StoreError> {
    let found = find(conn, vault, id.seq(), now)?;
    Ok(found.filter(|webhook| {
        webhook.id == id
            && webhook.workspace.seq() == workspace_seq
            && webhook.kind == WebhookKind::Registered
            && webhook.deleted_at.is_none()
    }))
}

/// A page of a workspace's registered webhooks, newest first.
///
/// # Errors
/// As [`find`].
pub fn list(
    conn: &Connection,
    vault: &Vault,
    workspace_seq: i64,
    cursor: Option<Cursor>,
    limit: Limit,
    now: Timestamp,
) -> Result<Page<Webhook>, StoreError> {
    let sql = format!(
        "{SELECT}
         WHERE w.workspace_seq = :workspace
             AND w.kind = 'registered'
             AND w.deleted_at IS NULL
             AND w.seq < :before
         ORDER BY w.seq DESC
         LIMIT :limit"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! {
        ":workspace": workspace_seq,
        ":before": cursor.map_or(i64::MAX, Cursor::seq),
        ":limit": i64::try_from(limit.rows() + 1).unwrap_or(i64::MAX),
        ":now": now.millis(),
    })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(webhook(row, vault)?);
    }
    Ok(super::paged(found, limit, |webhook| webhook.id.seq()))
}

/// What people call a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookName {
    /// Its id.
    pub id: WebhookId,
    /// Its label; may be empty.
    pub label: String,
    /// Where its deliveries go.
    pub url: String,
}

/// What the webhook in row `seq` is called, deleted and hidden ones included.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn name(conn: &Connection, seq: i64) -> Result<Option<WebhookName>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, created_at, label, url FROM webhooks WHERE seq = :seq LIMIT 1",
    )?;
    let found = statement.query_row(named_params! { ":seq": seq }, webhook_name);
    Ok(found.optional()?)
}

/// What a workspace's registered webhooks are called, newest first, up to `limit`.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn names(
    conn: &Connection,
    workspace_seq: i64,
    limit: u32,
) -> Result<Vec<WebhookName>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, created_at, label, url
         FROM webhooks
         WHERE workspace_seq = :workspace AND kind = 'registered' AND deleted_at IS NULL
         ORDER BY seq DESC
         LIMIT :limit",
    )?;
    let params = named_params! { ":workspace": workspace_seq, ":limit": limit };
    let rows = statement.query_map(params, webhook_name)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn webhook_name(row: &Row<'_>) -> rusqlite::Result<WebhookName> {
    let created_at = Timestamp::from_millis(row.get("created_at")?);
    Ok(WebhookName {
        id: WebhookId::new(created_at, row.get("seq")?),
        label: row.get("label")?,
        url: row.get("url")?,
    })
}

/// How many webhooks a workspace has registered.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn count(conn: &Connection, workspace_seq: i64) -> Result<i64, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT count(*)
         FROM webhooks
         WHERE workspace_seq = :workspace AND kind = 'registered' AND deleted_at IS NULL",
    )?;
    Ok(
        statement.query_row(named_params! { ":workspace": workspace_seq }, |row| {
            row.get(0)
        })?,
    )
}

/// The hidden webhook of a one-off or alert target, by the digest of what makes it the same one.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn find_target(
    conn: &Connection,
    workspace_seq: i64,
    digest: &[u8; 32],
) -> Result<Option<i64>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq
         FROM webhooks
         WHERE workspace_seq = :workspace AND target_digest = :digest AND deleted_at IS NULL
         LIMIT 1",
    )?;
    let params = named_params! { ":workspace": workspace_seq, ":digest": digest.as_slice() };
    Ok(statement.query_row(params, |row| row.get(0)).optional()?)
}

/// What a new row is made of.
pub struct NewWebhook<'a> {
    /// The workspace that will own it.
    pub workspace: WorkspaceId,
    /// What it stands for.
    pub kind: WebhookKind,
    /// The version of its wire profile.
    pub profile_seq: i64,
    /// What a person set.
    pub settings: &'a WebhookSettings,
    /// Whether it takes part.
    pub state: WebhookState,
    /// For hidden webhooks: what makes the same target the same row.
    pub target_digest: Option<[u8; 32]>,
}

/// Stores a new webhook and answers its row; its secret is stored apart.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn insert(tx: &mut WriteTx<'_>, new: &NewWebhook<'_>) -> Result<WebhookId, StoreError> {
    let now = tx.now();
    tx.prepare_cached(
        "INSERT INTO webhooks (workspace_seq, kind, label, url, event_types, profile_seq, format,
             status, retry_policy, timeout_ms, max_in_flight, ordered, metadata, target_digest,
             created_at, updated_at)
         VALUES (:workspace, :kind, '', '', '[]', :profile, 'json', 'active', '{}', 0, 0, 0, '{}',
             :digest, :now, :now)",
    )?
    .execute(named_params! {
        ":workspace": new.workspace.seq(),
        ":kind": new.kind.as_str(),
        ":profile": new.profile_seq,
        ":digest": new.target_digest,
        ":now": now.millis(),
    })?;
    let id = WebhookId::new(now, tx.last_insert_rowid());
    update_settings(
        tx,
        new.workspace.seq(),
        id.seq(),
        new.profile_seq,
        new.settings,
    )?;
    set_state(tx, new.workspace.seq(), id.seq(), new.state)?;
    Ok(id)
}

/// Writes what a person set.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn update_settings(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    seq: i64,
    profile_seq: i64,
    settings: &WebhookSettings,
) -> Result<(), StoreError> {
    let WebhookSettings {
        label,
        url,
        subscription,
        format,
        headers,
        ..
    } = settings;
    let event_types = json_text(&subscription.texts());
    let sealed = seal_headers(tx.vault(), seq, headers);
    tx.prepare_cached(
        "UPDATE webhooks
         SET label = :label, url = :url, event_types = :event_types, profile_seq = :profile,
             format = :format, headers_sealed = :headers, retry_policy = :retry_policy,
             timeout_ms = :timeout_ms, max_in_flight = :max_in_flight, rate_limit = :rate_limit,
             ordered = :ordered, disable_after_failures = :disable_after_failures,
             disable_after_ms = :disable_after_ms, metadata = :metadata, updated_at = :now
         WHERE seq = :seq",
    )?
    .execute(named_params! {
        ":seq": seq,
        ":label": label,
        ":url": url,
        ":event_types": event_types,
        ":profile": profile_seq,
        ":format": format.as_str(),
        ":headers": sealed,
        ":retry_policy": json_text(&RetryColumn::from(&settings.retry)),
        ":timeout_ms": millis(settings.timeout),
        ":max_in_flight": settings.max_in_flight,
        ":rate_limit": settings.rate_limit,
        ":ordered": settings.ordered,
        ":disable_after_failures": settings.breaker.disable_after_failures,
        ":disable_after_ms": settings.breaker.disable_after.map(millis),
        ":metadata": &*settings.metadata,
        ":now": tx.now().millis(),
    })?;
    changed(tx, workspace_seq, seq);
    Ok(())
}

/// Changes whether a webhook takes part.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn set_state(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    seq: i64,
    state: WebhookState,
) -> Result<(), StoreError> {
    let (reason, at) = match state {
        WebhookState::Disabled { reason, at } => (Some(reason.as_str()), Some(at.millis())),
        WebhookState::Active | WebhookState::Revoked => (None, None),
    };
    tx.prepare_cached(
        "UPDATE webhooks
         SET status = :status, disabled_reason = :reason, disabled_at = :at, updated_at = :now
         WHERE seq = :seq",
    )?
    .execute(named_params! {
        ":seq": seq,
        ":status": state.as_str(),
        ":reason": reason,
        ":at": at,
        ":now": tx.now().millis(),
    })?;
    changed(tx, workspace_seq, seq);
    Ok(())
}

/// Revokes every webhook of a workspace, hidden ones included, and answers how many.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn revoke_all(tx: &mut WriteTx<'_>, workspace_seq: i64) -> Result<usize, StoreError> {
    let revoked: Vec<i64> = tx
        .prepare_cached(
            "UPDATE webhooks
             SET status = 'revoked', disabled_reason = NULL, disabled_at = NULL, updated_at = :now
             WHERE workspace_seq = :workspace AND status <> 'revoked'
             RETURNING seq",
        )?
        .query_map(
            named_params! { ":workspace": workspace_seq, ":now": tx.now().millis() },
            |row| row.get(0),
        )?
        .collect::<Result<_, _>>()?;
    let count = revoked.len();
    tx.subscribers.forget(workspace_seq);
    let notices = tx.notices();
    notices.webhooks_changed.extend(revoked);
    notices.activity = true;
    Ok(count)
}

/// Marks a webhook deleted.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn delete(tx: &mut WriteTx<'_>, workspace_seq: i64, seq: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE webhooks SET deleted_at = :now WHERE seq = :seq")?
        .execute(named_params! { ":seq": seq, ":now": tx.now().millis() })?;
    changed(tx, workspace_seq, seq);
    Ok(())
}

/// Whether a webhook is out for good: revoked, deleted, or gone altogether.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn is_ended(conn: &Connection, seq: i64) -> Result<bool, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT status = 'revoked' OR deleted_at IS NOT NULL FROM webhooks WHERE seq = :seq",
    )?;
    let ended: Option<bool> = statement
        .query_row(named_params! { ":seq": seq }, |row| row.get(0))
        .optional()?;
    Ok(ended.unwrap_or(true))
}

/// How a webhook has been answering, and what may disable it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn health(
    conn: &Connection,
    seq: i64,
) -> Result<Option<(Health, BreakerPolicy, Activity)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT consecutive_failures, failing_since, last_attempted_at, last_success_at,
             last_status_code, disable_after_failures, disable_after_ms, status, kind, workspace_seq
         FROM webhooks
         WHERE seq = :seq",
    )?;
    let read = |row: &Row<'_>| {
        let status: String = row.get("status")?;
        let kind: String = row.get("kind")?;
        let activity = Activity {
            active: status == "active",
            registered: kind == WebhookKind::Registered.as_str(),
            alert: kind == WebhookKind::Alert.as_str(),
            workspace_seq: row.get("workspace_seq")?,
        };
        Ok((health_of(row)?, breaker_of(row)?, activity))
    };
    Ok(statement
        .query_row(named_params! { ":seq": seq }, read)
        .optional()?)
}

/// What settling an attempt needs to know of a webhook.
#[derive(Clone, Copy, Debug)]
pub struct Activity {
    /// Whether it is active.
    pub active: bool,
    /// Whether it was registered; hidden targets are never disabled.
    pub registered: bool,
    /// Whether it carries alerts; nobody is alerted about those.
    pub alert: bool,
    /// Its workspace.
    pub workspace_seq: i64,
}

/// Writes how a webhook has been answering.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn set_health(conn: &Connection, seq: i64, health: &Health) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE webhooks
         SET consecutive_failures = :failures, failing_since = :since,
             last_attempted_at = :attempted, last_success_at = :success, last_status_code = :code
         WHERE seq = :seq",
    )?
    .execute(named_params! {
        ":seq": seq,
        ":failures": health.consecutive_failures,
        ":since": health.failing_since.map(Timestamp::millis),
        ":attempted": health.last_attempted_at.map(Timestamp::millis),
        ":success": health.last_success_at.map(Timestamp::millis),
        ":code": health.last_status_code,
    })?;
    Ok(())
}

/// Lets every webhook that has been failing begin to do so at `now`: for when the clock was set, and
/// nobody knows any more how long it has been.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn restart_failing(conn: &Connection, now: Timestamp) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE webhooks SET failing_since = :now WHERE failing_since IS NOT NULL",
    )?
    .execute(named_params! { ":now": now.millis() })?;
    Ok(())
}

fn changed(tx: &mut WriteTx<'_>, workspace_seq: i64, seq: i64) {
    tx.subscribers.forget(workspace_seq);
    let notices = tx.notices();
    notices.webhooks_changed.push(seq);
    notices.activity = true;
}

fn webhook(row: &Row<'_>, vault: &Vault) -> Result<Webhook, StoreError> {
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

fn settings(row: &Row<'_>, vault: &Vault, seq: i64) -> Result<WebhookSettings, StoreError> {
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

fn state(row: &Row<'_>, seq: i64) -> Result<WebhookState, StoreError> {
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

fn health_of(row: &Row<'_>) -> rusqlite::Result<Health> {
    let at = |column: &str| {
        let millis: Option<i64> = row.get(column)?;
        Ok::<_, rusqlite::Error>(millis.map(Timestamp::from_millis))
    };
    Ok(Health {
        consecutive_failures: row.get("consecutive_failures")?,
        failing_since: at("failing_since")?,
        last_attempted_at: at("last_attempted_at")?,
        last_success_at: at("last_success_at")?,
        last_status_code: row.get("last_status_code")?,
    })
}

fn breaker_of(row: &Row<'_>) -> rusqlite::Result<BreakerPolicy> {
    let after_ms: Option<u64> = row.get("disable_after_ms")?;
    Ok(BreakerPolicy {
        disable_after_failures: row.get("disable_after_failures")?,
        disable_after: after_ms.map(Duration::from_millis),
    })
}

/// A retry policy as its column holds it.
#[derive(Serialize, Deserialize)]
struct RetryColumn {
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
    fn policy(self) -> Option<RetryPolicy> {
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

fn seal_headers(vault: &Vault, seq: i64, headers: &[CustomHeader]) -> Option<Vec<u8>> {
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
    let text = super::unseal_text(vault, headers_place(seq), &sealed)?;
    let pairs: Vec<(String, String)> = parse_json(text.expose(), "webhooks.headers", seq)?;
    let parse = |(name, value): (String, String)| {
        CustomHeader::new::<&str>(&name, value, &[]).map_err(|_| damaged("webhooks.headers", seq))
    };
    pairs.into_iter().map(parse).collect()
}

fn json_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain columns always serialise")
}

fn parse_json<T: serde::de::DeserializeOwned>(
    text: &str,
    column: &str,
    seq: i64,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| damaged(column, seq))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A webhook as publishing sees it.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// Its row.
    pub webhook_seq: i64,
    /// Its id.
    pub id: WebhookId,
    /// Which events it wants.
    pub subscription: Subscription,
    /// Why it gets nothing at present; `None` while it is active.
    pub disabled: Option<DisabledReason>,
    /// The version of its wire profile.
    pub profile_seq: i64,
    /// The parsed profile.
    pub profile: Arc<Profile>,
    /// How bodies look.
    pub format: Format,
    /// How many attempts its policy comes to.
    pub max_attempts: u32,
}

/// The writer's cache of subscribers by workspace.
#[derive(Default)]
pub(super) struct Subscribers(HashMap<i64, Arc<Vec<Subscriber>>>);

impl Subscribers {
    pub(super) fn forget(&mut self, workspace_seq: i64) {
        self.0.remove(&workspace_seq);
    }

    pub(super) fn forget_all(&mut self) {
        self.0.clear();
    }
}

/// The registered webhooks of a workspace that are active or disabled, oldest first.
///
/// # Errors
/// [`StoreError::Damaged`] where a row cannot be understood.
pub fn subscribers(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
) -> Result<Arc<Vec<Subscriber>>, StoreError> {
    if let Some(known) = tx.subscribers.0.get(&workspace_seq) {
        return Ok(Arc::clone(known));
    }
    let rows = load_subscribers(tx, workspace_seq)?;
    let loaded = Arc::new(rows);
    tx.subscribers.0.insert(workspace_seq, Arc::clone(&loaded));
    Ok(loaded)
}

fn load_subscribers(tx: &WriteTx<'_>, workspace_seq: i64) -> Result<Vec<Subscriber>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT seq, created_at, event_types, status, disabled_reason, disabled_at, profile_seq,
             format, retry_policy
         FROM webhooks
         WHERE workspace_seq = :workspace
             AND kind = 'registered'
             AND deleted_at IS NULL
             AND status <> 'revoked'
         ORDER BY seq
         LIMIT :limit",
    )?;
    let limit = i64::try_from(WEBHOOKS_MAX).expect("a small bound");
    let mut rows =
        statement.query(named_params! { ":workspace": workspace_seq, ":limit": limit })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(subscriber(tx, row)?);
    }
    Ok(found)
}

fn subscriber(tx: &WriteTx<'_>, row: &Row<'_>) -> Result<Subscriber, StoreError> {
    let seq: i64 = row.get("seq")?;
    let event_types: String = row.get("event_types")?;
    let event_types: Vec<String> = parse_json(&event_types, "webhooks.event_types", seq)?;
    let retry: String = row.get("retry_policy")?;
    let retry: RetryColumn = parse_json(&retry, "webhooks.retry_policy", seq)?;
    let retry = retry
        .policy()
        .ok_or_else(|| damaged("webhooks.retry_policy", seq))?;
    let format: String = row.get("format")?;
    let profile_seq = row.get("profile_seq")?;
    Ok(Subscriber {
        webhook_seq: seq,
        id: WebhookId::new(Timestamp::from_millis(row.get("created_at")?), seq),
        subscription: Subscription::parse(&event_types)
            .map_err(|_| damaged("webhooks.event_types", seq))?,
        disabled: state(row, seq)?.disabled_reason(),
        profile_seq,
        profile: tx.profile(profile_seq)?,
        format: Format::parse(&format).ok_or_else(|| damaged("webhooks.format", seq))?,
        max_attempts: retry.max_attempts(),
    })
}

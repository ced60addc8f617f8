//! Webhooks.
//!
//! Owns: storing, finding and changing whole webhooks. Refuses: the rules of registering and changing
//! one (`service`) and of disabling it (`domain::breaker`).

use rusqlite::{ToSql, named_params};

use super::numbers::NumberedTable;
use super::read::PageOf;
use super::sql::millis;
use super::vault::Vault;
use super::{Read, StoreError, WriteTx, shapes};
use crate::domain::consumer::Purview;
use crate::domain::id::WebhookId;
use crate::domain::order::{DeliveryOrder, OrderedBy};
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{NewWebhook, Webhook, WebhookKind, WebhookSettings, WebhookState};

mod health;
mod json_column;
mod names;
mod operational;
mod owned;
mod pins;
mod row;
mod sealed;
mod search;
mod subscribers;

pub(super) use health::write_pending;
pub use health::{excuse_failing, health, restart_failing, set_health};
use json_column::json_text;
pub use names::{name_in, names_of};
pub use operational::{operational, operational_called};
pub use owned::{
    alert_rows, count, delete_of_consumer, listening, owned, row_called, rows_of_consumer,
};
use pins::pins_column;
pub use pins::{count_pinning, pinned_by, pinning};
use row::{BatchColumn, RetryColumn, transport_column, webhook};
use sealed::seal_headers;
pub use search::{WebhookHits, foremost, in_rows, search, with_dead_letters};
pub use subscribers::{count_naming, operational_subscribers, subscriber, subscribers};

/// The most webhooks that the platform itself, or one consumer, may register in a workspace.
pub const WEBHOOKS_MAX: usize = 10_000;

const SELECT: &str = "SELECT w.seq, w.workspace_seq, w.consumer_seq, w.uid,
        consumers.created_at AS consumer_created_at,
        consumers.rate_limit AS consumer_rate_limit, w.kind, w.label, w.url, w.event_types,
        w.pinned_versions,
        w.profile_seq, w.format, w.headers_sealed, w.public_key, w.channels, w.aliases,
        coalesce(w.aliases, workspaces.aliases) AS sends_aliases,
        w.status, w.disabled_reason, w.disabled_at,
        w.retry_policy, w.timeout_ms, w.max_in_flight, w.rate_limit, w.ordered, w.ordered_by, w.batch,
        w.disable_after_failures, w.disable_after_ms, w.metadata, w.created_at, w.updated_at,
        w.filter, w.method, w.via, w.transport, w.shape_seq, shapes.content_type AS shape_content_type,
        shapes.template, w.secret_rotated_at, w.deleted_at, w.consecutive_failures, w.failing_since,
        w.last_attempted_at, w.last_success_at, w.last_status_code,
        workspaces.created_at AS workspace_created_at,
        profiles.name AS profile_name,
        (SELECT max(expires_at) FROM webhook_secrets
         WHERE webhook_seq = w.seq AND expires_at > :now) AS previous_secret_expires_at
    FROM webhooks AS w
    LEFT JOIN webhook_shapes AS shapes ON shapes.seq = w.shape_seq
    JOIN workspaces ON workspaces.seq = w.workspace_seq
    LEFT JOIN consumers ON consumers.seq = w.consumer_seq
    JOIN profiles ON profiles.seq = w.profile_seq";

/// The webhook in row `seq`, deleted ones included.
pub fn find(
    conn: &Read<'_>,
    vault: &Vault,
    seq: i64,
    now: Timestamp,
) -> Result<Option<Webhook>, StoreError> {
    let sql = format!("{SELECT} WHERE w.seq = :seq LIMIT 1");
    let params = named_params! { ":seq": seq, ":now": now };
    conn.row(&sql, params, |row| webhook(row, vault))
}

/// The registered webhook `id`, where `purview` holds it, unless it was deleted.
pub fn find_registered(
    conn: &Read<'_>,
    vault: &Vault,
    purview: Purview,
    id: WebhookId,
    now: Timestamp,
) -> Result<Option<Webhook>, StoreError> {
    let found = find(conn, vault, id.seq(), now)?;
    Ok(found.filter(|webhook| {
        webhook.id == id
            && purview.holds(webhook.workspace.seq(), webhook.consumer.map(|id| id.seq()))
            && webhook.kind == WebhookKind::Registered
            && webhook.deleted_at.is_none()
    }))
}

/// A page of the registered webhooks that `purview` holds, newest first.
pub fn list(
    conn: &Read<'_>,
    vault: &Vault,
    purview: Purview,
    cursor: Option<Cursor>,
    limit: Limit,
    now: Timestamp,
) -> Result<Page<Webhook>, StoreError> {
    let owner = match purview.consumer_seq {
        None => "w.workspace_seq = :workspace AND :consumer IS NULL",
        Some(_) => "w.consumer_seq = :consumer AND +w.workspace_seq = :workspace",
    };
    let sql = format!(
        "{SELECT}
         WHERE {owner}
             AND w.kind = 'registered'
             AND w.deleted_at IS NULL
             AND w.seq < :before
         ORDER BY w.seq DESC
         LIMIT :limit"
    );
    let list = List::Webhooks;
    let of = PageOf {
        list,
        cursor,
        limit,
    };
    let params: [(&str, &dyn ToSql); 3] = [
        (":workspace", &purview.workspace_seq),
        (":consumer", &purview.consumer_seq),
        (":now", &now),
    ];
    conn.page(&sql, of, &params, |row| webhook(row, vault))
}

/// The hidden webhook of a one-off or alert target, by the digest of what makes it the same one.
pub fn find_target(
    conn: &Read<'_>,
    workspace_seq: i64,
    digest: &[u8; 32],
) -> Result<Option<i64>, StoreError> {
    conn.optional(
        "SELECT seq
         FROM webhooks
         WHERE workspace_seq = :workspace AND target_digest = :digest AND deleted_at IS NULL
         LIMIT 1",
        named_params! { ":workspace": workspace_seq, ":digest": digest },
    )
}

/// The URL of a webhook, hidden ones included.
pub fn url(conn: &Read<'_>, seq: i64) -> Result<Option<String>, StoreError> {
    conn.optional(
        "SELECT url FROM webhooks WHERE seq = :seq",
        named_params! { ":seq": seq },
    )
}

/// Stores a new webhook and answers its row; its secret is stored apart.
pub fn insert(tx: &mut WriteTx<'_>, new: &NewWebhook<'_>) -> Result<WebhookId, StoreError> {
    let id = WebhookId::new(tx.now(), tx.next_seq(NumberedTable::Webhooks)?);
    tx.run(
        "INSERT INTO webhooks (seq, workspace_seq, consumer_seq, kind, label, url, event_types, profile_seq, format,
             status, retry_policy, timeout_ms, max_in_flight, ordered, metadata, target_digest,
             created_at, updated_at)
         VALUES (:seq, :workspace, :consumer, :kind, '', '', '[]', :profile, 'json', 'active', '{}', 0, 0, 0,
             '{}', :digest, :now, :now)",
        named_params! {
            ":seq": id.seq(),
            ":workspace": new.workspace.seq(),
            ":consumer": new.consumer_seq,
            ":kind": new.kind,
            ":profile": new.profile_seq,
            ":digest": new.target_digest,
            ":now": id.at(),
        },
    )?;
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
        ..
    } = settings;
    let event_types = json_text(&subscription.texts());
    let sealed = seal_headers(tx.vault(), seq, settings);
    let shape_seq = shapes::version(tx, seq, &settings.shape)?;
    tx.run(
        "UPDATE webhooks
         SET label = :label, url = :url, event_types = :event_types,
             pinned_versions = :pinned_versions, channels = :channels, profile_seq = :profile,
             format = :format, headers_sealed = :headers, aliases = :aliases, retry_policy = :retry_policy,
             timeout_ms = :timeout_ms, max_in_flight = :max_in_flight, rate_limit = :rate_limit,
             ordered = :ordered, ordered_by = :ordered_by, batch = :batch, disable_after_failures = :disable_after_failures,
             disable_after_ms = :disable_after_ms, metadata = :metadata, filter = :filter,
             method = :method, via = :via, transport = :transport, shape_seq = :shape, updated_at = :now
         WHERE seq = :seq",
        named_params! {
            ":seq": seq,
            ":label": label,
            ":url": url,
            ":event_types": event_types,
            ":pinned_versions": pins_column(subscription.pins()),
            ":channels": settings.channels.as_ref().map(json_text),
            ":profile": profile_seq,
            ":format": format,
            ":headers": sealed,
            ":aliases": settings.aliases,
            ":retry_policy": json_text(&RetryColumn::from(&settings.retry)),
            ":timeout_ms": millis(settings.timeout),
            ":max_in_flight": settings.max_in_flight,
            ":rate_limit": settings.rate_limit,
            ":ordered": settings.order == DeliveryOrder::Whole,
            ":ordered_by": settings.order.by().map(OrderedBy::as_str),
            ":batch": settings.batch.map(|own| json_text(&BatchColumn::from(own))),
            ":disable_after_failures": settings.breaker.disable_after_failures,
            ":disable_after_ms": settings.breaker.disable_after.map(millis),
            ":metadata": &*settings.metadata,
            ":filter": settings.filter.as_ref().map(|filter| filter.text()),
            ":method": settings.method.as_str(),
            ":via": settings.via.word(),
            ":transport": transport_column(settings.transport),
            ":shape": shape_seq,
            ":now": tx.now(),
        },
    )?;
    changed(tx, workspace_seq, seq)
}

/// Writes what the platform calls a webhook; `false` where another of its consumer is called so.
pub fn set_uid(tx: &mut WriteTx<'_>, seq: i64, uid: Option<&str>) -> Result<bool, StoreError> {
    let set = tx.run(
        "UPDATE OR IGNORE webhooks SET uid = :uid, updated_at = :now WHERE seq = :seq",
        named_params! { ":seq": seq, ":uid": uid, ":now": tx.now() },
    )?;
    tx.notices().activity = true;
    Ok(set > 0)
}

/// Changes whether a webhook takes part.
pub fn set_state(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    seq: i64,
    state: WebhookState,
) -> Result<(), StoreError> {
    let (reason, at) = match state {
        WebhookState::Disabled { reason, at } => (Some(reason), Some(at)),
        WebhookState::Active | WebhookState::Revoked => (None, None),
    };
    write_pending(tx)?;
    tx.run(
        "UPDATE webhooks
         SET status = :status, disabled_reason = :reason, disabled_at = :at, updated_at = :now
         WHERE seq = :seq",
        named_params! {
            ":seq": seq,
            ":status": state.as_str(),
            ":reason": reason,
            ":at": at,
            ":now": tx.now(),
        },
    )?;
    changed(tx, workspace_seq, seq)
}

/// Revokes every webhook of a workspace, hidden ones included, and answers how many.
pub fn revoke_all(tx: &mut WriteTx<'_>, workspace_seq: i64) -> Result<usize, StoreError> {
    let revoked: Vec<i64> = tx.values(
        "UPDATE webhooks
         SET status = 'revoked', disabled_reason = NULL, disabled_at = NULL, updated_at = :now
         WHERE workspace_seq = :workspace AND status <> 'revoked'
         RETURNING seq",
        named_params! { ":workspace": workspace_seq, ":now": tx.now() },
    )?;
    let count = revoked.len();
    tx.memory.subscribers.forget_workspace(workspace_seq);
    let notices = tx.notices();
    notices.webhooks_changed.extend(revoked);
    notices.activity = true;
    Ok(count)
}

/// Marks a webhook deleted.
pub fn delete(tx: &mut WriteTx<'_>, workspace_seq: i64, seq: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE webhooks SET deleted_at = :now WHERE seq = :seq",
        named_params! { ":seq": seq, ":now": tx.now() },
    )?;
    changed(tx, workspace_seq, seq)
}

/// Whether a webhook is out for good: revoked, deleted, or gone altogether.
pub fn is_ended(conn: &Read<'_>, seq: i64) -> Result<bool, StoreError> {
    let ended: Option<bool> = conn.optional(
        "SELECT status = 'revoked' OR deleted_at IS NOT NULL FROM webhooks WHERE seq = :seq",
        named_params! { ":seq": seq },
    )?;
    Ok(ended.unwrap_or(true))
}

fn changed(tx: &mut WriteTx<'_>, workspace_seq: i64, seq: i64) -> Result<(), StoreError> {
    let consumer_seq = owned::consumer_of(tx, seq)?;
    tx.memory.subscribers.forget(workspace_seq, consumer_seq);
    let notices = tx.notices();
    notices.webhooks_changed.push(seq);
    notices.activity = true;
    Ok(())
}

/// Says that what a workspace says of second header names changed, to webhooks that say nothing.
pub fn changed_aliases(tx: &mut WriteTx<'_>, workspace_seq: i64) -> Result<(), StoreError> {
    let silent: Vec<i64> = tx.values(
        "SELECT seq
         FROM webhooks
         WHERE workspace_seq = :workspace AND deleted_at IS NULL AND aliases IS NULL
         LIMIT -1",
        named_params! { ":workspace": workspace_seq },
    )?;
    tx.notices().webhooks_changed.extend(silent);
    Ok(())
}

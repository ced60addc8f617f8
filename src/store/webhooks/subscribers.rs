//! Who is subscribed to what.
//!
//! Owns: webhooks as publishing sees them. Refuses: whole webhooks.

use std::sync::Arc;

use rusqlite::{Row, ToSql, named_params};

use super::WEBHOOKS_MAX;
use super::operational::OPERATIONAL;
use super::owned::{consumer_of, owned_by};
use super::row::{
    channels_of, filter_of, ordered_by_of, retry_of, state, subscription_of, transport_of,
};
use crate::domain::event_type::EventTypeName;
use crate::domain::webhook::Subscriber;
use crate::store::found::readable;
use crate::store::sql::id;
use crate::store::{Read, StoreError, WriteTx};

/// The registered webhooks of a consumer, or else the platform's own, that are active or disabled,
/// oldest first.
pub fn subscribers(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    consumer_seq: Option<i64>,
) -> Result<Arc<Vec<Subscriber>>, StoreError> {
    if let Some(known) = tx.memory.subscribers.of(workspace_seq, consumer_seq) {
        return Ok(known);
    }
    let params = named_params! {
        ":workspace": workspace_seq,
        ":consumer": consumer_seq,
        ":limit": WEBHOOKS_MAX,
    };
    let loaded = Arc::new(load(tx, owned_by(consumer_seq), params)?);
    let cache = &mut tx.memory.subscribers;
    cache.remember(workspace_seq, consumer_seq, Arc::clone(&loaded));
    Ok(loaded)
}

/// One webhook as publishing sees it; `None` where it is out for good.
pub fn subscriber(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    webhook_seq: i64,
) -> Result<Option<Subscriber>, StoreError> {
    let consumer_seq = consumer_of(tx, webhook_seq)?;
    let all = subscribers(tx, workspace_seq, consumer_seq)?;
    let found = all.iter().find(|own| own.webhook_seq == webhook_seq);
    Ok(found.cloned())
}

/// The operational webhooks of a workspace that are active or disabled, oldest first. They are read anew
/// each time, by an index that holds nothing else: who asks has news, and most workspaces have none of them.
pub fn operational_subscribers(
    tx: &WriteTx<'_>,
    workspace_seq: i64,
) -> Result<Vec<Subscriber>, StoreError> {
    let params = named_params! { ":workspace": workspace_seq, ":limit": WEBHOOKS_MAX };
    load(tx, OPERATIONAL, params)
}

/// How many of a workspace's webhooks name the event type `name` itself, not a pattern that it fits.
pub fn count_naming(
    conn: &Read<'_>,
    workspace_seq: i64,
    name: &EventTypeName,
) -> Result<u64, StoreError> {
    conn.value(
        "SELECT count(*)
         FROM webhooks
         WHERE workspace_seq = :workspace
             AND kind = 'registered'
             AND deleted_at IS NULL
             AND EXISTS (SELECT 1 FROM json_each(event_types) WHERE value = :name)",
        named_params! { ":workspace": workspace_seq, ":name": name.as_str() },
    )
}

fn load(
    tx: &WriteTx<'_>,
    place: &str,
    params: &[(&str, &dyn ToSql)],
) -> Result<Vec<Subscriber>, StoreError> {
    let sql = format!(
        "SELECT seq, created_at, consumer_seq, event_types, pinned_versions, channels, status, disabled_reason, disabled_at,
             profile_seq, format, retry_policy, filter, shape_seq, ordered_by,
             transport,
             EXISTS (
                 SELECT 1 FROM webhook_shapes AS shapes
                 WHERE shapes.seq = shape_seq AND shapes.template IS NOT NULL) AS is_templated
         FROM {place}
             AND kind = 'registered'
             AND deleted_at IS NULL
             AND status <> 'revoked'
         ORDER BY seq
         LIMIT :limit"
    );
    // One that cannot be read must not keep everybody else from publishing.
    let found = tx.rows(&sql, params, |row| readable(read(tx, row)))?;
    Ok(found.into_iter().flatten().collect())
}

fn read(tx: &WriteTx<'_>, row: &Row<'_>) -> Result<Subscriber, StoreError> {
    let seq: i64 = row.get("seq")?;
    let profile_seq = row.get("profile_seq")?;
    Ok(Subscriber {
        webhook_seq: seq,
        consumer_seq: row.get("consumer_seq")?,
        id: id(row, "created_at", "seq")?,
        subscription: subscription_of(row, seq)?,
        filter: filter_of(row, seq)?,
        channels: channels_of(row, seq)?,
        ordered_by: ordered_by_of(row, seq)?,
        transport: transport_of(row, seq)?,
        disabled: state(row)?.disabled_reason(),
        profile_seq,
        profile: tx.profile(profile_seq)?,
        format: row.get("format")?,
        shape_seq: row.get("shape_seq")?,
        is_templated: row.get("is_templated")?,
        max_attempts: retry_of(row, seq)?.max_attempts(),
    })
}

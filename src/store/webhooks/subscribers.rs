//! Who is subscribed to what.
//!
//! Owns: webhooks as publishing sees them. Refuses: whole webhooks.

use std::sync::Arc;

use rusqlite::{Row, named_params};

use super::WEBHOOKS_MAX;
use super::row::{retry_of, state, subscription_of};
use crate::domain::webhook::Subscriber;
use crate::store::found::readable;
use crate::store::sql::id;
use crate::store::{StoreError, WriteTx};

/// The registered webhooks of a workspace that are active or disabled, oldest first.
///
/// # Errors
/// [`StoreError::Damaged`] where a row cannot be understood.
pub fn subscribers(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
) -> Result<Arc<Vec<Subscriber>>, StoreError> {
    if let Some(known) = tx.memory.subscribers.of(workspace_seq) {
        return Ok(known);
    }
    let loaded = Arc::new(load(tx, workspace_seq)?);
    let cache = &mut tx.memory.subscribers;
    cache.remember(workspace_seq, Arc::clone(&loaded));
    Ok(loaded)
}

fn load(tx: &WriteTx<'_>, workspace_seq: i64) -> Result<Vec<Subscriber>, StoreError> {
    // One that cannot be read must not keep everybody else from publishing.
    let found = tx.rows(
        "SELECT seq, created_at, event_types, status, disabled_reason, disabled_at, profile_seq,
             format, retry_policy
         FROM webhooks
         WHERE workspace_seq = :workspace
             AND kind = 'registered'
             AND deleted_at IS NULL
             AND status <> 'revoked'
         ORDER BY seq
         LIMIT :limit",
        named_params! { ":workspace": workspace_seq, ":limit": WEBHOOKS_MAX },
        |row| readable(subscriber(tx, row)),
    )?;
    Ok(found.into_iter().flatten().collect())
}

fn subscriber(tx: &WriteTx<'_>, row: &Row<'_>) -> Result<Subscriber, StoreError> {
    let seq: i64 = row.get("seq")?;
    let profile_seq = row.get("profile_seq")?;
    Ok(Subscriber {
        webhook_seq: seq,
        id: id(row, "created_at", "seq")?,
        subscription: subscription_of(row, seq)?,
        disabled: state(row)?.disabled_reason(),
        profile_seq,
        profile: tx.profile(profile_seq)?,
        format: row.get("format")?,
        max_attempts: retry_of(row, seq)?.max_attempts(),
    })
}

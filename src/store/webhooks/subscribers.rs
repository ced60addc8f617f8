//! Who is subscribed to what.
//!
//! Owns: webhooks as publishing sees them, and the writer's cache of them. Refuses: whole webhooks.
//!
//! # Why subscribers are cached by the writer
//! Every publish asks who is subscribed. The writer is the only one who changes webhooks, so its
//! own cache is exact: each change forgets the workspace's entry in the same transaction, and a
//! webhook registered a microsecond before an event gets that event.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Row, named_params};

use super::WEBHOOKS_MAX;
use super::row::{RetryColumn, parse_json, state};
use crate::domain::event_type::Subscription;
use crate::domain::format::Format;
use crate::domain::id::WebhookId;
use crate::domain::time::Timestamp;
use crate::domain::webhook::Subscriber;
use crate::store::{StoreError, WriteTx, damaged};

/// The writer's cache of subscribers by workspace.
#[derive(Default)]
pub(in crate::store) struct Subscribers(HashMap<i64, Arc<Vec<Subscriber>>>);

impl Subscribers {
    pub(in crate::store) fn forget(&mut self, workspace_seq: i64) {
        self.0.remove(&workspace_seq);
    }

    pub(in crate::store) fn forget_all(&mut self) {
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

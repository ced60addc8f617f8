//! How webhooks have been answering.
//!
//! Owns: reading and writing what each attempt changes of a webhook's row. Refuses: judging it
//! (`domain::breaker`).

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, named_params};

use crate::domain::breaker::{BreakerPolicy, Health};
use crate::domain::id::WebhookId;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Activity, WebhookKind};
use crate::store::{Read, StoreError};

/// How a webhook has been answering, and what may disable it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn health(
    conn: &Read<'_>,
    seq: i64,
) -> Result<Option<(Health, BreakerPolicy, Activity)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT consecutive_failures, failing_since, last_attempted_at, last_success_at,
             last_status_code, disable_after_failures, disable_after_ms, status, kind, workspace_seq,
             created_at
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
            id: WebhookId::new(Timestamp::from_millis(row.get("created_at")?), seq),
        };
        Ok((health_of(row)?, breaker_of(row)?, activity))
    };
    Ok(statement
        .query_row(named_params! { ":seq": seq }, read)
        .optional()?)
}

/// Writes how a webhook has been answering.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn set_health(conn: &Read<'_>, seq: i64, health: &Health) -> Result<(), StoreError> {
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
pub fn restart_failing(conn: &Read<'_>, now: Timestamp) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE webhooks SET failing_since = :now WHERE failing_since IS NOT NULL",
    )?
    .execute(named_params! { ":now": now.millis() })?;
    Ok(())
}

pub(super) fn health_of(row: &Row<'_>) -> rusqlite::Result<Health> {
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

pub(super) fn breaker_of(row: &Row<'_>) -> rusqlite::Result<BreakerPolicy> {
    let after_ms: Option<u64> = row.get("disable_after_ms")?;
    Ok(BreakerPolicy {
        disable_after_failures: row.get("disable_after_failures")?,
        disable_after: after_ms.map(Duration::from_millis),
    })
}

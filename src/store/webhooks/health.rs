//! How webhooks have been answering.
//!
//! Owns: reading and writing what each attempt changes of a webhook's row. Refuses: judging it
//! (`domain::breaker`).

use std::time::Duration;

use rusqlite::{Row, named_params};

use crate::domain::breaker::{BreakerPolicy, Health};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Activity, WebhookKind};
use crate::store::pending_health::{self, KnownHealth};
use crate::store::sql::id;
use crate::store::{Read, StoreError, WriteTx};

/// How a webhook has been answering, and what may disable it.
pub fn health(tx: &mut WriteTx<'_>, seq: i64) -> Result<Option<KnownHealth>, StoreError> {
    if let Some(known) = tx.health.of(seq) {
        return Ok(Some(known));
    }
    let found = read(tx, seq)?;
    if let Some(known) = found {
        tx.health.remember(seq, known);
    }
    Ok(found)
}

fn read(conn: &Read<'_>, seq: i64) -> Result<Option<KnownHealth>, StoreError> {
    conn.row(
        "SELECT seq, consecutive_failures, failing_since, last_attempted_at, last_success_at,
             last_status_code, disable_after_failures, disable_after_ms, status, kind, workspace_seq,
             outage_at, created_at
         FROM webhooks
         WHERE seq = :seq",
        named_params! { ":seq": seq },
        |row| {
            let kind: WebhookKind = row.get("kind")?;
            let activity = Activity {
                active: row.get_ref("status")?.as_str().is_ok_and(|s| s == "active"),
                registered: kind == WebhookKind::Registered,
                alert: kind == WebhookKind::Alert,
                is_outage_told: row.get::<_, Option<i64>>("outage_at")?.is_some(),
                workspace_seq: row.get("workspace_seq")?,
                id: id(row, "created_at", "seq")?,
            };
            Ok((health_of(row)?, breaker_of(row)?, activity))
        },
    )
}

/// Sets how a webhook has been answering. Of one whose [`health`] was asked for in this transaction it
/// is written once, at its end.
pub fn set_health(tx: &mut WriteTx<'_>, seq: i64, health: &Health) -> Result<(), StoreError> {
    if tx.health.set(seq, health) {
        return Ok(());
    }
    pending_health::write(tx, seq, health)
}

/// Writes what is still in memory, because something else of webhooks' rows is about to be read or
/// written.
pub(in crate::store) fn write_pending(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    let conn = **tx;
    tx.health.write_all(&conn)
}

/// Lets every webhook that has been failing begin to do so at `now`: for when the clock was set, and
/// nobody knows any more how long it has been.
pub fn restart_failing(tx: &mut WriteTx<'_>, now: Timestamp) -> Result<(), StoreError> {
    write_pending(tx)?;
    tx.run(
        "UPDATE webhooks SET failing_since = :now WHERE failing_since IS NOT NULL",
        named_params! { ":now": now },
    )?;
    Ok(())
}

/// Time in which nobody was tried: whoever is failing has not been failing for longer by it.
pub fn excuse_failing(
    tx: &mut WriteTx<'_>,
    by: Duration,
    now: Timestamp,
) -> Result<(), StoreError> {
    write_pending(tx)?;
    let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 2);
    tx.run(
        "UPDATE webhooks
         SET failing_since = min(:now, failing_since + :by)
         WHERE failing_since IS NOT NULL",
        named_params! { ":now": now, ":by": by_ms },
    )?;
    Ok(())
}

pub(super) fn health_of(row: &Row<'_>) -> Result<Health, StoreError> {
    Ok(Health {
        consecutive_failures: row.get("consecutive_failures")?,
        failing_since: row.get("failing_since")?,
        last_attempted_at: row.get("last_attempted_at")?,
        last_success_at: row.get("last_success_at")?,
        last_status_code: row.get("last_status_code")?,
    })
}

pub(super) fn breaker_of(row: &Row<'_>) -> Result<BreakerPolicy, StoreError> {
    let after_ms: Option<u64> = row.get("disable_after_ms")?;
    Ok(BreakerPolicy {
        disable_after_failures: row.get("disable_after_failures")?,
        disable_after: after_ms.map(Duration::from_millis),
    })
}

//! Workspaces: tenants.
//!
//! Owns: their rows. Refuses: the rules of plans and names (`service`).

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, named_params};

use super::vault::Place;
use super::{Read, StoreError, WriteTx};
use crate::domain::id::WorkspaceId;
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::workspace::{Plan, Retention, Workspace};

/// The name of the workspace that every installation starts with.
pub const DEFAULT_NAME: &str = "default";

const COLUMNS: &str = "seq, name, plan, profile, strict_event_types, alert_url, \
     alert_webhook_seq, retention_delivered_ms, retention_exhausted_ms, retention_keep_latest, \
     created_at, updated_at";

fn workspace(row: &Row<'_>) -> rusqlite::Result<Workspace> {
    let plan: String = row.get("plan")?;
    let duration = |column: &str| {
        let millis: Option<i64> = row.get(column)?;
        Ok::<_, rusqlite::Error>(
            millis
                .and_then(|ms| u64::try_from(ms).ok())
                .map(Duration::from_millis),
        )
    };
    let created_at = Timestamp::from_millis(row.get("created_at")?);
    Ok(Workspace {
        id: WorkspaceId::new(created_at, row.get("seq")?),
        name: row.get("name")?,
        plan: Plan::parse(&plan).unwrap_or(Plan::Free),
        profile: row.get("profile")?,
        strict_event_types: row.get("strict_event_types")?,
        alert_url: row.get("alert_url")?,
        alert_webhook_seq: row.get("alert_webhook_seq")?,
        retention: Retention {
            delivered: duration("retention_delivered_ms")?,
            exhausted: duration("retention_exhausted_ms")?,
            keep_latest: row.get("retention_keep_latest")?,
        },
        created_at,
        updated_at: Timestamp::from_millis(row.get("updated_at")?),
    })
}

/// The workspace in row `seq`, unless it was deleted.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn find(conn: &Read<'_>, seq: i64) -> Result<Option<Workspace>, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM workspaces WHERE seq = :seq AND deleted_at IS NULL LIMIT 1");
    let mut statement = conn.prepare_cached(&sql)?;
    Ok(statement
        .query_row(named_params! { ":seq": seq }, workspace)
        .optional()?)
}

/// The workspace called `name`.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn find_named(conn: &Read<'_>, name: &str) -> Result<Option<Workspace>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM workspaces WHERE name = :name AND deleted_at IS NULL LIMIT 1"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    Ok(statement
        .query_row(named_params! { ":name": name }, workspace)
        .optional()?)
}

/// The workspace that `text` names, by id or by name.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn find_text(conn: &Read<'_>, text: &str) -> Result<Option<Workspace>, StoreError> {
    match WorkspaceId::parse(text) {
        Some(id) => Ok(find(conn, id.seq())?.filter(|workspace| workspace.id == id)),
        None => find_named(conn, text),
    }
}

/// A page of workspaces, newest first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn list(
    conn: &Read<'_>,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<Workspace>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}
         FROM workspaces
         WHERE deleted_at IS NULL AND seq < :before
         ORDER BY seq DESC
         LIMIT :limit"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let before = cursor.map_or(i64::MAX, Cursor::seq);
    let rows = limit.rows() + 1;
    let found = statement
        .query_map(
            named_params! { ":before": before, ":limit": i64::try_from(rows).unwrap_or(i64::MAX) },
            workspace,
        )?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(super::paged(found, limit, List::Workspaces, |workspace| {
        workspace.id.seq()
    }))
}

/// How many workspaces give the profile called `name` to new webhooks.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn count_using_profile(conn: &Read<'_>, name: &str) -> Result<i64, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT count(*) FROM workspaces WHERE profile = :name AND deleted_at IS NULL",
    )?;
    Ok(statement.query_row(named_params! { ":name": name }, |row| row.get(0))?)
}

/// Stores a new workspace and gives it its own signing secret for one-off targets.
///
/// # Errors
/// [`StoreError::Sqlite`]; the caller has checked that the name is free.
pub fn insert(
    tx: &mut WriteTx<'_>,
    name: &str,
    plan: Plan,
    profile: &str,
    strict_event_types: bool,
    secret: &Secret,
) -> Result<Workspace, StoreError> {
    let now = tx.now();
    let seq = insert_row(tx, name, plan, profile, strict_event_types, now)?;
    set_secret(tx, seq, secret)?;
    find(tx, seq)?.ok_or_else(|| StoreError::Damaged(format!("workspace {seq} vanished")))
}

fn insert_row(
    conn: &Read<'_>,
    name: &str,
    plan: Plan,
    profile: &str,
    strict_event_types: bool,
    now: Timestamp,
) -> Result<i64, StoreError> {
    conn.prepare_cached(
        "INSERT INTO workspaces (name, plan, profile, strict_event_types, created_at, updated_at)
         VALUES (:name, :plan, :profile, :strict, :now, :now)",
    )?
    .execute(named_params! {
        ":name": name,
        ":plan": plan.as_str(),
        ":profile": profile,
        ":strict": strict_event_types,
        ":now": now.millis(),
    })?;
    Ok(conn.last_insert_rowid())
}

/// Writes back what a person changed.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn update(tx: &mut WriteTx<'_>, changed: &Workspace) -> Result<(), StoreError> {
    let millis =
        |duration: Option<Duration>| duration.and_then(|d| i64::try_from(d.as_millis()).ok());
    tx.prepare_cached(
        "UPDATE workspaces
         SET name = :name, plan = :plan, profile = :profile, strict_event_types = :strict,
             alert_url = :alert_url, alert_webhook_seq = :alert_webhook_seq,
             retention_delivered_ms = :delivered, retention_exhausted_ms = :exhausted,
             retention_keep_latest = :keep_latest, updated_at = :now
         WHERE seq = :seq",
    )?
    .execute(named_params! {
        ":seq": changed.id.seq(),
        ":name": changed.name,
        ":plan": changed.plan.as_str(),
        ":profile": changed.profile,
        ":strict": changed.strict_event_types,
        ":alert_url": changed.alert_url,
        ":alert_webhook_seq": changed.alert_webhook_seq,
        ":delivered": millis(changed.retention.delivered),
        ":exhausted": millis(changed.retention.exhausted),
        ":keep_latest": changed.retention.keep_latest,
        ":now": tx.now().millis(),
    })?;
    tx.subscribers.forget(changed.id.seq());
    tx.notices().access_changed = true;
    Ok(())
}

/// Marks a workspace deleted; its name becomes free.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn delete(tx: &mut WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE workspaces SET deleted_at = :now WHERE seq = :seq")?
        .execute(named_params! { ":seq": seq, ":now": tx.now().millis() })?;
    tx.subscribers.forget(seq);
    tx.notices().access_changed = true;
    Ok(())
}

/// The secret that signs for one-off targets without one of their own.
///
/// # Errors
/// [`StoreError::Damaged`] where it cannot be opened.
pub fn secret(tx: &WriteTx<'_>, seq: i64) -> Result<Option<Secret>, StoreError> {
    let sealed: Option<Vec<u8>> = tx
        .prepare_cached("SELECT secret_sealed FROM workspaces WHERE seq = :seq")?
        .query_row(named_params! { ":seq": seq }, |row| row.get(0))?;
    sealed
        .map(|sealed| super::unseal_text(tx.vault(), place(seq), &sealed))
        .transpose()
}

/// Replaces that secret.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn set_secret(tx: &mut WriteTx<'_>, seq: i64, secret: &Secret) -> Result<(), StoreError> {
    let sealed = tx.vault().seal(place(seq), secret.expose().as_bytes());
    tx.prepare_cached("UPDATE workspaces SET secret_sealed = :sealed WHERE seq = :seq")?
        .execute(named_params! { ":seq": seq, ":sealed": sealed })?;
    Ok(())
}

fn place(seq: i64) -> Place {
    Place {
        table: "workspaces",
        column: "secret_sealed",
        row: seq,
    }
}

/// Makes the workspace that every installation starts with.
pub(super) fn ensure_default(conn: &Read<'_>, now: Timestamp) -> Result<(), StoreError> {
    let any: bool = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM workspaces)")?
        .query_row([], |row| row.get(0))?;
    if !any {
        insert_row(conn, DEFAULT_NAME, Plan::Pro, "standard", false, now)?;
    }
    Ok(())
}

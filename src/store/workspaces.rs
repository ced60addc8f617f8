//! Workspaces: tenants.
//!
//! Owns: their rows. Refuses: the rules of plans and names (`service`).

use std::time::Duration;

use rusqlite::{Row, named_params};

use super::numbers::NumberedTable;
use super::read::PageOf;
use super::sql::{id, millis};
use super::vault::Place;
use super::{Read, StoreError, WriteTx, branding};
use crate::domain::alert::AlertForm;
use crate::domain::id::WorkspaceId;
use crate::domain::keep_data::KeepData;
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::workspace::{NewWorkspace, Plan, Retention, Workspace};

/// The name of the workspace that every installation starts with.
pub const DEFAULT_NAME: &str = "default";

const COLUMNS: &str = "seq, name, plan, profile, strict_event_types, aliases, alert_url,
        alert_format, alert_emails, alert_webhook_seq, retention_delivered_ms, retention_exhausted_ms, retention_keep_latest, keep_data,
        created_at, updated_at";

fn select() -> String {
    format!("SELECT {COLUMNS}, {} FROM workspaces", branding::COLUMNS)
}

fn workspace(row: &Row<'_>) -> Result<Workspace, StoreError> {
    let duration = |column: &str| {
        let millis: Option<u64> = row.get(column)?;
        Ok::<_, StoreError>(millis.map(Duration::from_millis))
    };
    Ok(Workspace {
        id: id(row, "created_at", "seq")?,
        name: row.get("name")?,
        plan: row.get("plan")?,
        profile: row.get("profile")?,
        strict_event_types: row.get("strict_event_types")?,
        aliases: row.get("aliases")?,
        alert_url: row.get("alert_url")?,
        alert_form: alert_form(row)?,
        alert_emails: alert_emails(row)?,
        alert_webhook_seq: row.get("alert_webhook_seq")?,
        retention: Retention {
            delivered: duration("retention_delivered_ms")?,
            exhausted: duration("retention_exhausted_ms")?,
            keep_latest: row.get("retention_keep_latest")?,
            keep_data: KeepData::from_code(row.get("keep_data")?),
        },
        portal: branding::settings(row)?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn alert_form(row: &Row<'_>) -> Result<Option<AlertForm>, StoreError> {
    let word: Option<String> = row.get("alert_format")?;
    let form = word.map(|word| {
        AlertForm::parse(&word).ok_or_else(|| StoreError::Damaged(format!("alert_format {word}")))
    });
    form.transpose()
}

fn alert_emails(row: &Row<'_>) -> Result<Vec<String>, StoreError> {
    let text: Option<String> = row.get("alert_emails")?;
    let read = text.map(|text| serde_json::from_str(&text));
    let read = read.transpose();
    let read = read.map_err(|_| StoreError::Damaged("workspaces.alert_emails".to_owned()))?;
    Ok(read.unwrap_or_default())
}

/// Nobody is nothing, so that it is seen without being read.
fn emails_text(emails: &[String]) -> Option<String> {
    let text = || serde_json::to_string(emails).expect("texts always serialise");
    (!emails.is_empty()).then(text)
}

/// The workspace in row `seq`, unless it was deleted.
pub fn find(conn: &Read<'_>, seq: i64) -> Result<Option<Workspace>, StoreError> {
    let sql = format!(
        "{} WHERE seq = :seq AND deleted_at IS NULL LIMIT 1",
        select()
    );
    conn.row(&sql, named_params! { ":seq": seq }, workspace)
}

/// Whether a delivery of the workspace was found genuine in the dashboard.
pub fn is_verified(conn: &Read<'_>, seq: i64) -> Result<bool, StoreError> {
    let verified_at: Option<Option<Timestamp>> = conn.row(
        "SELECT verified_at FROM workspaces WHERE seq = :seq LIMIT 1",
        named_params! { ":seq": seq },
        |row| Ok(row.get(0)?),
    )?;
    Ok(verified_at.flatten().is_some())
}

/// Notes that one was.
pub fn set_verified(tx: &WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE workspaces SET verified_at = :now WHERE seq = :seq AND verified_at IS NULL",
        named_params! { ":now": tx.now(), ":seq": seq },
    )?;
    Ok(())
}

/// The workspace called `name`.
pub fn find_named(conn: &Read<'_>, name: &str) -> Result<Option<Workspace>, StoreError> {
    let sql = format!(
        "{} WHERE name = :name AND deleted_at IS NULL LIMIT 1",
        select()
    );
    conn.row(&sql, named_params! { ":name": name }, workspace)
}

/// The workspace that `text` names, by id or by name.
pub fn find_text(conn: &Read<'_>, text: &str) -> Result<Option<Workspace>, StoreError> {
    match WorkspaceId::parse(text) {
        Some(id) => Ok(find(conn, id.seq())?.filter(|workspace| workspace.id == id)),
        None => find_named(conn, text),
    }
}

/// A page of workspaces, newest first.
pub fn list(
    conn: &Read<'_>,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<Workspace>, StoreError> {
    let sql = format!(
        "{}
         WHERE deleted_at IS NULL AND seq < :before
         ORDER BY seq DESC
         LIMIT :limit",
        select()
    );
    let list = List::Workspaces;
    let of = PageOf {
        list,
        cursor,
        limit,
    };
    conn.page(&sql, of, &[], workspace)
}

/// How many workspaces give the profile called `name` to new webhooks.
pub fn count_using_profile(conn: &Read<'_>, name: &str) -> Result<i64, StoreError> {
    conn.value(
        "SELECT count(*) FROM workspaces WHERE profile = :name AND deleted_at IS NULL",
        named_params! { ":name": name },
    )
}

/// Stores a new workspace and gives it its own signing secret for one-off targets.
///
/// # Errors
/// [`StoreError::Sqlite`]; the caller has checked that the name is free.
pub fn insert(
    tx: &WriteTx<'_>,
    new: &NewWorkspace<'_>,
    secret: &Secret,
) -> Result<Workspace, StoreError> {
    let seq = tx.next_seq(NumberedTable::Workspaces)?;
    let sealed = seal(tx, seq, secret);
    insert_row(tx, seq, new, Some(&sealed))?;
    find(tx, seq)?.ok_or_else(|| StoreError::Damaged(format!("workspace {seq} vanished")))
}

fn insert_row(
    tx: &WriteTx<'_>,
    seq: i64,
    new: &NewWorkspace<'_>,
    sealed: Option<&[u8]>,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO workspaces (seq, name, plan, profile, strict_event_types, secret_sealed,
             created_at, updated_at)
         VALUES (:seq, :name, :plan, :profile, :strict, :sealed, :now, :now)",
        named_params! {
            ":seq": seq,
            ":name": new.name,
            ":plan": new.plan,
            ":profile": new.profile,
            ":strict": new.strict_event_types,
            ":sealed": sealed,
            ":now": tx.now(),
        },
    )?;
    Ok(())
}

/// Writes back what a person changed.
pub fn update(tx: &mut WriteTx<'_>, changed: &Workspace) -> Result<(), StoreError> {
    tx.run(
        "UPDATE workspaces
         SET name = :name, plan = :plan, profile = :profile, strict_event_types = :strict,
             aliases = :aliases, alert_url = :alert_url, alert_format = :alert_format,
             alert_emails = :alert_emails,
             alert_webhook_seq = :alert_webhook_seq,
             retention_delivered_ms = :delivered, retention_exhausted_ms = :exhausted,
             retention_keep_latest = :keep_latest, keep_data = :keep_data, updated_at = :now
         WHERE seq = :seq",
        named_params! {
            ":seq": changed.id.seq(),
            ":name": changed.name,
            ":plan": changed.plan,
            ":profile": changed.profile,
            ":strict": changed.strict_event_types,
            ":aliases": changed.aliases,
            ":alert_url": changed.alert_url,
            ":alert_format": changed.alert_form.map(AlertForm::as_str),
            ":alert_emails": emails_text(&changed.alert_emails),
            ":alert_webhook_seq": changed.alert_webhook_seq,
            ":delivered": changed.retention.delivered.map(millis),
            ":exhausted": changed.retention.exhausted.map(millis),
            ":keep_latest": changed.retention.keep_latest,
            ":keep_data": changed.retention.keep_data.code(),
            ":now": tx.now(),
        },
    )?;
    tx.memory.subscribers.forget_workspace(changed.id.seq());
    tx.notices().access_changed = true;
    Ok(())
}

/// Marks a workspace deleted; its name becomes free.
pub fn delete(tx: &mut WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE workspaces SET deleted_at = :now WHERE seq = :seq",
        named_params! { ":seq": seq, ":now": tx.now() },
    )?;
    tx.memory.subscribers.forget_workspace(seq);
    tx.notices().access_changed = true;
    Ok(())
}

/// The secret that signs for one-off targets without one of their own.
///
/// # Errors
/// [`StoreError::Damaged`] where it cannot be opened.
pub fn secret(tx: &WriteTx<'_>, seq: i64) -> Result<Option<Secret>, StoreError> {
    let sealed: Option<Vec<u8>> = tx.value(
        "SELECT secret_sealed FROM workspaces WHERE seq = :seq",
        named_params! { ":seq": seq },
    )?;
    sealed
        .map(|sealed| super::unseal_text(tx.vault(), place(seq), &sealed))
        .transpose()
}

/// Replaces that secret.
pub fn set_secret(tx: &WriteTx<'_>, seq: i64, secret: &Secret) -> Result<(), StoreError> {
    tx.run(
        "UPDATE workspaces SET secret_sealed = :sealed WHERE seq = :seq",
        named_params! { ":seq": seq, ":sealed": seal(tx, seq, secret) },
    )?;
    Ok(())
}

fn seal(tx: &WriteTx<'_>, seq: i64, secret: &Secret) -> Vec<u8> {
    tx.vault().seal(place(seq), secret.expose().as_bytes())
}

fn place(seq: i64) -> Place {
    Place {
        table: "workspaces",
        column: "secret_sealed",
        row: seq,
    }
}

/// Makes the workspace that every installation starts with.
pub(super) fn ensure_default(tx: &WriteTx<'_>) -> Result<(), StoreError> {
    if tx.value("SELECT EXISTS (SELECT 1 FROM workspaces)", [])? {
        return Ok(());
    }
    let new = NewWorkspace {
        name: DEFAULT_NAME,
        plan: Plan::Pro,
        profile: "standard",
        strict_event_types: false,
    };
    insert_row(tx, tx.next_seq(NumberedTable::Workspaces)?, &new, None)
}

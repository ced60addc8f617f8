//! The versions of event types.
//!
//! Owns: their rows. Refuses: which of them an event is of (`service`), and who pins one
//! (`webhooks::pins`) but for counting them.

use std::collections::BTreeMap;

use rusqlite::{Row, ToSql, named_params};

use crate::domain::catalogue::{EventType, EventTypeVersion, VersionSettings};
use crate::domain::consumer::Purview;
use crate::domain::event_type::{EventTypeName, VersionName};
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::store::numbers::NumberedTable;
use crate::store::read::PageOf;
use crate::store::{Read, StoreError, WriteTx, webhooks};

/// The most versions of one event type.
pub const VERSIONS_MAX: u32 = 50;
/// The most versions of all event types of a workspace: publishing knows each by name.
pub const WORKSPACE_VERSIONS_MAX: u32 = 5000;

const COLUMNS: &str = "seq, name, description, schema, example, archived, created_at, updated_at";

/// The version `name` of an event type, with how many webhooks in a purview pin it.
pub fn find(
    conn: &Read<'_>,
    purview: Purview,
    of: &EventType,
    name: &VersionName,
) -> Result<Option<EventTypeVersion>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}
         FROM event_type_versions
         WHERE event_type_seq = :of AND name = :name
         LIMIT 1"
    );
    let found = conn.row(
        &sql,
        named_params! { ":of": of.seq, ":name": name },
        version,
    )?;
    let Some(found) = found else {
        return Ok(None);
    };
    let pinned_by = webhooks::count_pinning(conn, purview, &of.name, Some(name))?;
    Ok(Some(EventTypeVersion { pinned_by, ..found }))
}

/// A page of the versions of an event type, newest first, with how many webhooks in a purview pin each.
pub fn list(
    conn: &Read<'_>,
    purview: Purview,
    of: &EventType,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<EventTypeVersion>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}
         FROM event_type_versions
         WHERE event_type_seq = :of AND seq < :before
         ORDER BY seq DESC
         LIMIT :limit"
    );
    let page = PageOf {
        list: List::EventTypeVersions,
        cursor,
        limit,
    };
    let bytes = |one: &EventTypeVersion| {
        let texts = [&one.settings.schema, &one.settings.example];
        texts.into_iter().flatten().map(String::len).sum()
    };
    let pinned_by = webhooks::pinned_by(conn, purview, &of.name)?;
    let counted = |row: &Row<'_>| {
        let one = version(row)?;
        let pinned_by = pinned_by.get(&one.name).copied().unwrap_or_default();
        Ok(EventTypeVersion { pinned_by, ..one })
    };
    conn.heavy_page(&sql, page, &[(":of", &of.seq)], counted, bytes)
}

/// All versions of an event type, oldest first: at most [`VERSIONS_MAX`]. Who pins them is not counted.
pub fn all(conn: &Read<'_>, event_type_seq: i64) -> Result<Vec<EventTypeVersion>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}
         FROM event_type_versions
         WHERE event_type_seq = :of
         ORDER BY seq
         LIMIT :limit"
    );
    let params = named_params! { ":of": event_type_seq, ":limit": VERSIONS_MAX };
    conn.rows(&sql, params, version)
}

/// A version as publishing has to know it.
#[derive(Clone, Debug)]
pub struct OutlinedVersion {
    /// Its name.
    pub name: VersionName,
    /// Whether it has ended.
    pub archived: bool,
    /// Whether it has a schema.
    pub has_schema: bool,
}

/// The versions of all event types of a workspace without their texts, newest first, by the row of
/// their event type: at most [`WORKSPACE_VERSIONS_MAX`].
pub fn outline(
    conn: &Read<'_>,
    workspace_seq: i64,
) -> Result<BTreeMap<i64, Vec<OutlinedVersion>>, StoreError> {
    let found = conn.rows(
        "SELECT seq, event_type_seq, name, archived, schema IS NOT NULL AS has_schema
         FROM event_type_versions
         WHERE workspace_seq = :workspace
         ORDER BY seq DESC
         LIMIT :limit",
        named_params! { ":workspace": workspace_seq, ":limit": WORKSPACE_VERSIONS_MAX },
        |row| {
            let outlined = OutlinedVersion {
                name: row.get("name")?,
                archived: row.get("archived")?,
                has_schema: row.get("has_schema")?,
            };
            Ok((row.get("event_type_seq")?, outlined))
        },
    )?;
    let mut by_type: BTreeMap<i64, Vec<OutlinedVersion>> = BTreeMap::new();
    for (event_type_seq, outlined) in found {
        by_type.entry(event_type_seq).or_default().push(outlined);
    }
    Ok(by_type)
}

/// How many versions an event type has, and all event types of its workspace.
pub fn count(
    conn: &Read<'_>,
    workspace_seq: i64,
    event_type_seq: i64,
) -> Result<[u32; 2], StoreError> {
    let own = conn.value(
        "SELECT count(*) FROM event_type_versions WHERE event_type_seq = :of",
        named_params! { ":of": event_type_seq },
    )?;
    let all = conn.value(
        "SELECT count(*) FROM event_type_versions WHERE workspace_seq = :workspace",
        named_params! { ":workspace": workspace_seq },
    )?;
    Ok([own, all])
}

/// Adds a version, which then is the newest; `None` where there is one of that name. The caller has
/// checked that there is room.
pub fn insert(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    event_type_seq: i64,
    name: &VersionName,
    settings: &VersionSettings,
) -> Result<Option<EventTypeVersion>, StoreError> {
    let seq = tx.next_seq(NumberedTable::EventTypeVersions)?;
    let sql = format!(
        "INSERT INTO event_type_versions (seq, workspace_seq, event_type_seq, name, description, schema,
             example, archived, created_at, updated_at)
         VALUES (:seq, :workspace, :of, :name, :description, :schema, :example, :archived, :now, :now)
         ON CONFLICT DO NOTHING
         RETURNING {COLUMNS}"
    );
    let more: [(&str, &dyn ToSql); 2] = [(":seq", &seq), (":workspace", &workspace_seq)];
    write(
        tx,
        &sql,
        &more,
        workspace_seq,
        event_type_seq,
        (name, settings),
    )
}

/// Changes a version; `None` where there is none of that name. Who pins it is not counted.
pub fn update(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    event_type_seq: i64,
    name: &VersionName,
    settings: &VersionSettings,
) -> Result<Option<EventTypeVersion>, StoreError> {
    let sql = format!(
        "UPDATE event_type_versions
         SET description = :description, schema = :schema, example = :example, archived = :archived,
             updated_at = :now
         WHERE event_type_seq = :of AND name = :name
         RETURNING {COLUMNS}"
    );
    write(
        tx,
        &sql,
        &[],
        workspace_seq,
        event_type_seq,
        (name, settings),
    )
}

fn write(
    tx: &mut WriteTx<'_>,
    sql: &str,
    more: &[(&str, &dyn ToSql)],
    workspace_seq: i64,
    event_type_seq: i64,
    (name, settings): (&VersionName, &VersionSettings),
) -> Result<Option<EventTypeVersion>, StoreError> {
    let now = tx.now();
    let params = named_params! {
        ":of": event_type_seq,
        ":name": name,
        ":description": settings.description,
        ":schema": settings.schema,
        ":example": settings.example,
        ":archived": settings.archived,
        ":now": now,
    };
    let params = [params, more].concat();
    let written = tx.row(sql, params.as_slice(), version)?;
    if written.is_some() {
        tx.notices().catalogues_changed.push(workspace_seq);
    }
    Ok(written)
}

/// Removes a version.
pub fn delete(tx: &mut WriteTx<'_>, workspace_seq: i64, seq: i64) -> Result<(), StoreError> {
    tx.run(
        "DELETE FROM event_type_versions WHERE seq = :seq",
        named_params! { ":seq": seq },
    )?;
    tx.notices().catalogues_changed.push(workspace_seq);
    Ok(())
}

/// Removes all versions of an event type that is about to leave.
pub(super) fn delete_all(
    tx: &WriteTx<'_>,
    workspace_seq: i64,
    event_type: &EventTypeName,
) -> Result<(), StoreError> {
    tx.run(
        "DELETE FROM event_type_versions
         WHERE event_type_seq = (
             SELECT seq FROM event_types WHERE workspace_seq = :workspace AND name = :name)",
        named_params! { ":workspace": workspace_seq, ":name": event_type },
    )?;
    Ok(())
}

fn version(row: &Row<'_>) -> Result<EventTypeVersion, StoreError> {
    Ok(EventTypeVersion {
        seq: row.get("seq")?,
        name: row.get("name")?,
        settings: VersionSettings {
            description: row.get("description")?,
            schema: row.get("schema")?,
            example: row.get("example")?,
            archived: row.get("archived")?,
        },
        pinned_by: 0,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

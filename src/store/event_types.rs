//! The catalogue of event types of each workspace.
//!
//! Owns: its rows; those of versions are in `versions`. Refuses: parsing schemas and matching data with
//! them (`service`).

use rusqlite::{Row, ToSql, named_params};

use super::numbers::NumberedTable;
use super::read::PageOf;
use super::{Read, StoreError, WriteTx};
use crate::domain::catalogue::{EventType, EventTypeSettings};
use crate::domain::event_type::EventTypeName;
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::profile::CatalogueEntry;

pub mod versions;

/// The most event types in the catalogue of a workspace.
pub const EVENT_TYPES_MAX: u32 = 1000;

const COLUMNS: &str = "seq, name, description, group_name, schema, example, archived, deprecated,
     feature_flags, created_at, updated_at";

/// The event type called `name`.
pub fn find(
    conn: &Read<'_>,
    workspace_seq: i64,
    name: &EventTypeName,
) -> Result<Option<EventType>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}
         FROM event_types
         WHERE workspace_seq = :workspace AND name = :name
         LIMIT 1"
    );
    let params = named_params! { ":workspace": workspace_seq, ":name": name };
    conn.row(&sql, params, event_type)
}

/// A page of a workspace's catalogue, newest first.
pub fn list(
    conn: &Read<'_>,
    workspace_seq: i64,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<EventType>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}
         FROM event_types
         WHERE workspace_seq = :workspace AND seq < :before
         ORDER BY seq DESC
         LIMIT :limit"
    );
    let list = List::EventTypes;
    let of = PageOf {
        list,
        cursor,
        limit,
    };
    let bytes = |entry: &EventType| {
        let texts = [&entry.settings.schema, &entry.settings.example];
        texts.into_iter().flatten().map(String::len).sum()
    };
    conn.heavy_page(
        &sql,
        of,
        &[(":workspace", &workspace_seq)],
        event_type,
        bytes,
    )
}

/// The whole catalogue of a workspace, by name: at most [`EVENT_TYPES_MAX`].
pub fn catalogue(conn: &Read<'_>, workspace_seq: i64) -> Result<Vec<EventType>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}
         FROM event_types
         WHERE workspace_seq = :workspace
         ORDER BY name
         LIMIT :limit"
    );
    let params = named_params! { ":workspace": workspace_seq, ":limit": EVENT_TYPES_MAX };
    conn.rows(&sql, params, event_type)
}

/// How many bytes the schemas and examples of a workspace's catalogue have, those of versions included.
pub fn bytes(conn: &Read<'_>, workspace_seq: i64) -> Result<i64, StoreError> {
    conn.value(
        "SELECT coalesce(sum(coalesce(length(schema), 0) + coalesce(length(example), 0)), 0)
         FROM (
             SELECT schema, example FROM event_types WHERE workspace_seq = :workspace
             UNION ALL
             SELECT schema, example FROM event_type_versions WHERE workspace_seq = :workspace)",
        named_params! { ":workspace": workspace_seq },
    )
}

/// An event type as publishing has to know it.
#[derive(Clone, Debug)]
pub struct Outlined {
    /// Its row.
    pub seq: i64,
    /// Its name.
    pub name: EventTypeName,
    /// Whether it is out of use.
    pub archived: bool,
    /// Whether it has a schema.
    pub has_schema: bool,
}

/// The whole catalogue of a workspace without its texts, by name: at most [`EVENT_TYPES_MAX`].
pub fn outline(conn: &Read<'_>, workspace_seq: i64) -> Result<Vec<Outlined>, StoreError> {
    conn.rows(
        "SELECT seq, name, archived, schema IS NOT NULL AS has_schema
         FROM event_types
         WHERE workspace_seq = :workspace
         ORDER BY name
         LIMIT :limit",
        named_params! { ":workspace": workspace_seq, ":limit": EVENT_TYPES_MAX },
        |row| {
            Ok(Outlined {
                seq: row.get("seq")?,
                name: row.get("name")?,
                archived: row.get("archived")?,
                has_schema: row.get("has_schema")?,
            })
        },
    )
}

/// The names in the catalogue of a workspace that are in use, in order.
pub fn names(conn: &Read<'_>, workspace_seq: i64) -> Result<Vec<EventTypeName>, StoreError> {
    conn.values(
        "SELECT name
         FROM event_types
         WHERE workspace_seq = :workspace AND archived = 0
         ORDER BY name
         LIMIT :limit",
        named_params! { ":workspace": workspace_seq, ":limit": EVENT_TYPES_MAX },
    )
}

/// How many event types a workspace has, archived ones included.
pub fn count(conn: &Read<'_>, workspace_seq: i64) -> Result<u32, StoreError> {
    conn.value(
        "SELECT count(*) FROM event_types WHERE workspace_seq = :workspace",
        named_params! { ":workspace": workspace_seq },
    )
}

/// Adds an event type; `None` where there is one of that name. The caller has checked that there
/// is room.
pub fn insert(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    name: &EventTypeName,
    settings: &EventTypeSettings,
) -> Result<Option<EventType>, StoreError> {
    let seq = tx.next_seq(NumberedTable::EventTypes)?;
    let sql = format!(
        "INSERT INTO event_types (seq, workspace_seq, name, description, group_name, schema,
             example, archived, deprecated, feature_flags, created_at, updated_at)
         VALUES (:seq, :workspace, :name, :description, :group, :schema, :example, :archived,
             :deprecated, :feature_flags, :now, :now)
         ON CONFLICT DO NOTHING
         RETURNING {COLUMNS}"
    );
    write(tx, &sql, &[(":seq", &seq)], workspace_seq, name, settings)
}

/// Changes an event type; `None` where there is none of that name.
pub fn update(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    name: &EventTypeName,
    settings: &EventTypeSettings,
) -> Result<Option<EventType>, StoreError> {
    let sql = format!(
        "UPDATE event_types
         SET description = :description, group_name = :group, schema = :schema, example = :example,
             archived = :archived, deprecated = :deprecated, feature_flags = :feature_flags,
             updated_at = :now
         WHERE workspace_seq = :workspace AND name = :name
         RETURNING {COLUMNS}"
    );
    write(tx, &sql, &[], workspace_seq, name, settings)
}

fn write(
    tx: &mut WriteTx<'_>,
    sql: &str,
    more: &[(&str, &dyn ToSql)],
    workspace_seq: i64,
    name: &EventTypeName,
    settings: &EventTypeSettings,
) -> Result<Option<EventType>, StoreError> {
    let now = tx.now();
    let params = named_params! {
        ":workspace": workspace_seq,
        ":name": name,
        ":description": settings.description,
        ":group": settings.group,
        ":schema": settings.schema,
        ":example": settings.example,
        ":archived": settings.archived,
        ":deprecated": settings.deprecated,
        ":feature_flags": settings.feature_flags,
        ":now": now,
    };
    let params = [params, more].concat();
    let written = tx.row(sql, params.as_slice(), event_type)?;
    if written.is_some() {
        tx.notices().catalogues_changed.push(workspace_seq);
    }
    Ok(written)
}

/// Removes an event type with its versions; `false` where there is none of that name.
pub fn delete(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    name: &EventTypeName,
) -> Result<bool, StoreError> {
    versions::delete_all(tx, workspace_seq, name)?;
    let deleted = tx.run(
        "DELETE FROM event_types WHERE workspace_seq = :workspace AND name = :name",
        named_params! { ":workspace": workspace_seq, ":name": name },
    )?;
    tx.notices().catalogues_changed.push(workspace_seq);
    Ok(deleted > 0)
}

/// Adds what a wire profile's catalogue lists and the workspace does not have; answers how many.
/// The first entry of the profile becomes the newest, so that lists show the profile's own order.
pub fn seed(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    entries: &[CatalogueEntry],
) -> Result<u32, StoreError> {
    let room = EVENT_TYPES_MAX.saturating_sub(count(tx, workspace_seq)?);
    let mut added = 0;
    for entry in entries.iter().rev() {
        if added == room {
            break;
        }
        let settings = EventTypeSettings {
            description: entry.description.clone(),
            group: entry.group.clone(),
            ..EventTypeSettings::default()
        };
        added += u32::from(insert(tx, workspace_seq, &entry.name, &settings)?.is_some());
    }
    Ok(added)
}

fn event_type(row: &Row<'_>) -> Result<EventType, StoreError> {
    Ok(EventType {
        seq: row.get("seq")?,
        name: row.get("name")?,
        settings: EventTypeSettings {
            description: row.get("description")?,
            group: row.get("group_name")?,
            schema: row.get("schema")?,
            example: row.get("example")?,
            archived: row.get("archived")?,
            deprecated: row.get("deprecated")?,
            feature_flags: row.get("feature_flags")?,
        },
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

#[cfg(test)]
mod tests;

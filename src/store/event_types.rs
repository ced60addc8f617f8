//! The catalogue of event types of each workspace.
//!
//! Owns: its rows. Refuses: parsing schemas and matching data with them (`service`).

use rusqlite::{Row, named_params};

use super::found::Found;
use super::{Read, StoreError, WriteTx, damaged};
use crate::domain::catalogue::{EventType, EventTypeSettings};
use crate::domain::event_type::EventTypeName;
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::profile::CatalogueEntry;
use crate::domain::time::Timestamp;

/// The most event types in the catalogue of a workspace.
pub const EVENT_TYPES_MAX: u32 = 1000;

const COLUMNS: &str =
    "seq, name, description, group_name, schema, example, archived, created_at, updated_at";

/// The event type called `name`.
///
/// # Errors
/// [`StoreError::Damaged`] where the row cannot be understood.
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
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows =
        statement.query(named_params! { ":workspace": workspace_seq, ":name": name.as_str() })?;
    rows.next()?.map(event_type).transpose()
}

/// A page of a workspace's catalogue, newest first.
///
/// # Errors
/// As [`find`].
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
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! {
        ":workspace": workspace_seq,
        ":before": cursor.map_or(i64::MAX, Cursor::seq),
        ":limit": i64::try_from(limit.rows() + 1).unwrap_or(i64::MAX),
    })?;
    let mut found = Found::new(limit);
    while found.has_room()
        && let Some(row) = rows.next()?
    {
        let entry = event_type(row)?;
        let texts = [&entry.settings.schema, &entry.settings.example];
        let bytes = texts.into_iter().flatten().map(String::len).sum();
        found.push(entry, bytes);
    }
    Ok(found.paged(List::EventTypes, |entry| entry.seq))
}

/// The whole catalogue of a workspace, by name: at most [`EVENT_TYPES_MAX`].
///
/// # Errors
/// As [`find`].
pub fn catalogue(conn: &Read<'_>, workspace_seq: i64) -> Result<Vec<EventType>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}
         FROM event_types
         WHERE workspace_seq = :workspace
         ORDER BY name
         LIMIT :limit"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    collect(
        statement
            .query(named_params! { ":workspace": workspace_seq, ":limit": EVENT_TYPES_MAX })?,
    )
}

/// An event type as publishing has to know it.
#[derive(Clone, Debug)]
pub struct Outlined {
    /// Its name.
    pub name: EventTypeName,
    /// Whether it is out of use.
    pub archived: bool,
    /// Whether it has a schema.
    pub has_schema: bool,
}

/// The whole catalogue of a workspace without its texts, by name: at most [`EVENT_TYPES_MAX`].
///
/// # Errors
/// As [`find`].
pub fn outline(conn: &Read<'_>, workspace_seq: i64) -> Result<Vec<Outlined>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, name, archived, schema IS NOT NULL AS has_schema
         FROM event_types
         WHERE workspace_seq = :workspace
         ORDER BY name
         LIMIT :limit",
    )?;
    let mut rows = statement
        .query(named_params! { ":workspace": workspace_seq, ":limit": EVENT_TYPES_MAX })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Outlined {
            name: name_of(row)?,
            archived: row.get("archived")?,
            has_schema: row.get("has_schema")?,
        });
    }
    Ok(found)
}

/// The names in the catalogue of a workspace that are in use, in order.
///
/// # Errors
/// As [`find`].
pub fn names(conn: &Read<'_>, workspace_seq: i64) -> Result<Vec<EventTypeName>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, name
         FROM event_types
         WHERE workspace_seq = :workspace AND archived = 0
         ORDER BY name
         LIMIT :limit",
    )?;
    let mut rows = statement
        .query(named_params! { ":workspace": workspace_seq, ":limit": EVENT_TYPES_MAX })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(name_of(row)?);
    }
    Ok(found)
}

/// How many event types a workspace has, archived ones included.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn count(conn: &Read<'_>, workspace_seq: i64) -> Result<u32, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT count(*) FROM event_types WHERE workspace_seq = :workspace")?;
    Ok(
        statement.query_row(named_params! { ":workspace": workspace_seq }, |row| {
            row.get(0)
        })?,
    )
}

/// Adds an event type; `None` where there is one of that name. The caller has checked that there
/// is room.
///
/// # Errors
/// As [`find`].
pub fn insert(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    name: &EventTypeName,
    settings: &EventTypeSettings,
) -> Result<Option<EventType>, StoreError> {
    let sql = format!(
        "INSERT INTO event_types (workspace_seq, name, description, group_name, schema, example,
             archived, created_at, updated_at)
         VALUES (:workspace, :name, :description, :group, :schema, :example, :archived, :now, :now)
         ON CONFLICT DO NOTHING
         RETURNING {COLUMNS}"
    );
    write(tx, &sql, workspace_seq, name, settings)
}

/// Changes an event type; `None` where there is none of that name.
///
/// # Errors
/// As [`find`].
pub fn update(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    name: &EventTypeName,
    settings: &EventTypeSettings,
) -> Result<Option<EventType>, StoreError> {
    let sql = format!(
        "UPDATE event_types
         SET description = :description, group_name = :group, schema = :schema, example = :example,
             archived = :archived, updated_at = :now
         WHERE workspace_seq = :workspace AND name = :name
         RETURNING {COLUMNS}"
    );
    write(tx, &sql, workspace_seq, name, settings)
}

fn write(
    tx: &mut WriteTx<'_>,
    sql: &str,
    workspace_seq: i64,
    name: &EventTypeName,
    settings: &EventTypeSettings,
) -> Result<Option<EventType>, StoreError> {
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(named_params! {
        ":workspace": workspace_seq,
        ":name": name.as_str(),
        ":description": settings.description,
        ":group": settings.group,
        ":schema": settings.schema,
        ":example": settings.example,
        ":archived": settings.archived,
        ":now": tx.now().millis(),
    })?;
    let written = rows.next()?.map(event_type).transpose()?;
    if written.is_some() {
        tx.notices().catalogues_changed.push(workspace_seq);
    }
    Ok(written)
}

/// Removes an event type; `false` where there is none of that name.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn delete(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    name: &EventTypeName,
) -> Result<bool, StoreError> {
    let deleted = tx
        .prepare_cached(
            "DELETE FROM event_types WHERE workspace_seq = :workspace AND name = :name",
        )?
        .execute(named_params! { ":workspace": workspace_seq, ":name": name.as_str() })?;
    tx.notices().catalogues_changed.push(workspace_seq);
    Ok(deleted > 0)
}

/// Adds what a wire profile's catalogue lists and the workspace does not have; answers how many.
/// The first entry of the profile becomes the newest, so that lists show the profile's own order.
///
/// # Errors
/// As [`find`].
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
            schema: None,
            example: None,
            archived: false,
        };
        added += u32::from(insert(tx, workspace_seq, &entry.name, &settings)?.is_some());
    }
    Ok(added)
}

fn collect(mut rows: rusqlite::Rows<'_>) -> Result<Vec<EventType>, StoreError> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(event_type(row)?);
    }
    Ok(found)
}

fn event_type(row: &Row<'_>) -> Result<EventType, StoreError> {
    Ok(EventType {
        seq: row.get("seq")?,
        name: name_of(row)?,
        settings: EventTypeSettings {
            description: row.get("description")?,
            group: row.get("group_name")?,
            schema: row.get("schema")?,
            example: row.get("example")?,
            archived: row.get("archived")?,
        },
        created_at: Timestamp::from_millis(row.get("created_at")?),
        updated_at: Timestamp::from_millis(row.get("updated_at")?),
    })
}

fn name_of(row: &Row<'_>) -> Result<EventTypeName, StoreError> {
    let name: String = row.get("name")?;
    let seq: i64 = row.get("seq")?;
    EventTypeName::parse(&name).map_err(|_| damaged("event_types.name", seq))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::domain::profile::Profile;
    use crate::store::tests::{Fixture, fixture};

    fn settings(description: &str) -> EventTypeSettings {
        EventTypeSettings {
            description: Some(description.to_owned()),
            group: None,
            schema: Some(r#"{"type":"object"}"#.to_owned()),
            example: None,
            archived: false,
        }
    }

    fn name(text: &str) -> EventTypeName {
        EventTypeName::parse(text).unwrap()
    }

    #[test]
    fn an_event_type_is_added_once_changed_and_removed() {
        let Fixture { store, dir: _dir } = fixture();
        let done = store.write_blocking(|tx| {
            let added = insert(tx, 1, &name("a.b"), &settings("first"))?;
            assert!(added.is_some());
            assert!(insert(tx, 1, &name("a.b"), &settings("again"))?.is_none());
            assert!(update(tx, 1, &name("a.c"), &settings("none"))?.is_none());
            let archived = EventTypeSettings {
                archived: true,
                ..settings("second")
            };
            let changed = update(tx, 1, &name("a.b"), &archived)?.unwrap();
            assert_eq!(changed.settings, archived);
            assert_eq!(find(tx, 1, &name("a.b"))?.unwrap(), changed);
            assert!(names(tx, 1)?.is_empty(), "archived ones are not in use");
            assert_eq!(count(tx, 1)?, 1);
            assert!(delete(tx, 1, &name("a.b"))?);
            assert!(!delete(tx, 1, &name("a.b"))?);
            find(tx, 1, &name("a.b"))
        });
        assert_eq!(done.unwrap(), None);
    }

    #[test]
    fn a_profiles_catalogue_is_added_once_and_listed_in_its_order() {
        let Fixture { store, dir: _dir } = fixture();
        let profile = Profile::built_in_named("armalo").unwrap();
        let entries = profile.catalogue();
        let expect: Vec<EventTypeName> = entries.iter().map(|e| e.name.clone()).collect();
        let seeded = store.write_blocking(|tx| {
            let profile = Profile::built_in_named("armalo").unwrap();
            let first = seed(tx, 1, profile.catalogue())?;
            Ok::<_, StoreError>((first, seed(tx, 1, profile.catalogue())?))
        });
        assert_eq!(seeded.unwrap(), (22, 0));
        let page = store
            .read_blocking(|conn| list(conn, 1, None, Limit::clamped(250)))
            .unwrap();
        let listed: Vec<EventTypeName> = page.items.into_iter().map(|e| e.name).collect();
        assert_eq!(listed, expect);
        let mut sorted = expect;
        sorted.sort();
        assert_eq!(store.read_blocking(|conn| names(conn, 1)).unwrap(), sorted);
    }

    #[test]
    fn a_catalogue_never_grows_beyond_its_bound() {
        let Fixture { store, dir: _dir } = fixture();
        let entry = |n: u32| CatalogueEntry {
            name: name(&format!("t{n}")),
            description: None,
            group: None,
        };
        let added = store.write_blocking(move |tx| {
            let entries: Vec<CatalogueEntry> = (0..EVENT_TYPES_MAX + 5).map(entry).collect();
            seed(tx, 1, &entries)
        });
        assert_eq!(added.unwrap(), EVENT_TYPES_MAX);
        let all = store.read_blocking(|conn| catalogue(conn, 1)).unwrap();
        assert_eq!(all.len(), 1000);
    }

    #[test]
    fn every_change_tells_whose_catalogue_it_was() {
        let Fixture { store, dir: _dir } = fixture();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        store.on_commit(move |committed| {
            let mut heard = listener.lock().unwrap();
            heard.extend(committed.catalogues_changed.iter().copied());
        });
        store
            .write_blocking(|tx| insert(tx, 1, &name("a"), &settings("x")))
            .unwrap();
        store
            .write_blocking(|tx| update(tx, 1, &name("a"), &settings("y")))
            .unwrap();
        store
            .write_blocking(|tx| delete(tx, 1, &name("a")))
            .unwrap();
        assert_eq!(*heard.lock().unwrap(), [1, 1, 1]);
    }
}

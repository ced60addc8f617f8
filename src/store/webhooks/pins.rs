//! The versions of event types that webhooks pin.
//!
//! Owns: their column, and who pins what. Refuses: whether there are such versions (`service`).

use std::collections::BTreeMap;

use rusqlite::{Row, named_params};

use super::json_column::{json_text, parse_json};
use crate::domain::consumer::Purview;
use crate::domain::event_type::{EventTypeName, VersionName, VersionPins};
use crate::store::{Read, StoreError, damaged};

/// The webhooks in a purview that pin a version of an event type, each beside its pin.
const PINNING: &str = "FROM webhooks, json_each(pinned_versions) AS pins
         WHERE workspace_seq = :workspace
             AND pinned_versions IS NOT NULL
             AND deleted_at IS NULL
             AND (:consumer IS NULL OR consumer_seq = :consumer)
             AND pins.key = :event_type";

/// How many webhooks in a purview pin each version of an event type.
///
/// # Errors
/// [`StoreError::Sqlite`]; [`StoreError::Damaged`] where a column cannot be read.
pub fn pinned_by(
    conn: &Read<'_>,
    purview: Purview,
    event_type: &EventTypeName,
) -> Result<BTreeMap<VersionName, u32>, StoreError> {
    let sql = format!(
        "SELECT min(webhooks.seq) AS seq, pins.value AS version, count(*) AS webhooks
         {PINNING}
         GROUP BY pins.value
         LIMIT -1"
    );
    let found = conn.rows(
        &sql,
        named_params! {
            ":workspace": purview.workspace_seq,
            ":consumer": purview.consumer_seq,
            ":event_type": event_type,
        },
        |row| Ok((row.get("version")?, row.get("webhooks")?)),
    )?;
    Ok(found.into_iter().collect())
}

/// How many webhooks in a purview pin a version of an event type; any version where none is named.
pub fn count_pinning(
    conn: &Read<'_>,
    purview: Purview,
    event_type: &EventTypeName,
    version: Option<&VersionName>,
) -> Result<u32, StoreError> {
    let counts = pinned_by(conn, purview, event_type)?;
    Ok(match version {
        Some(version) => counts.get(version).copied().unwrap_or_default(),
        None => counts.values().sum(),
    })
}

/// The rows of up to `limit` webhooks in a purview that pin a version of an event type, oldest first.
pub fn pinning(
    conn: &Read<'_>,
    purview: Purview,
    event_type: &EventTypeName,
    version: &VersionName,
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    let sql = format!(
        "SELECT webhooks.seq
         {PINNING}
             AND pins.value = :version
         ORDER BY webhooks.seq
         LIMIT :limit"
    );
    conn.values(
        &sql,
        named_params! {
            ":workspace": purview.workspace_seq,
            ":consumer": purview.consumer_seq,
            ":event_type": event_type,
            ":version": version,
            ":limit": limit as i64,
        },
    )
}

pub(super) fn pins_column(pins: &VersionPins) -> Option<String> {
    let texts = || {
        let pairs = pins
            .iter()
            .map(|(name, version)| (name.as_str(), version.as_str()));
        pairs.collect::<BTreeMap<_, _>>()
    };
    (!pins.is_empty()).then(|| json_text(&texts()))
}

pub(super) fn pins_of(row: &Row<'_>, seq: i64) -> Result<VersionPins, StoreError> {
    const COLUMN: &str = "webhooks.pinned_versions";
    let Some(text) = row.get::<_, Option<String>>("pinned_versions")? else {
        return Ok(VersionPins::default());
    };
    let pairs: BTreeMap<String, String> = parse_json(&text, COLUMN, seq)?;
    let pairs = pairs
        .iter()
        .map(|(name, version)| (name.as_str(), version.as_str()));
    VersionPins::parse(pairs).map_err(|_| damaged(COLUMN, seq))
}

//! Wire profiles as the database keeps them: every version that any delivery began with.
//!
//! Owns: versions, the cache of parsed profiles. Refuses: understanding their text (`domain`).
//!
//! # Why versions
//! A delivery's body must be the same in every attempt. Deliveries therefore point to the version
//! of the profile they began with, and changing a profile adds a version instead of editing one.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::{OptionalExtension, Row, named_params};

use super::{Read, StoreError, WriteTx};
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::profile::{Origin, Profile, StoredProfile};
use crate::domain::time::Timestamp;

/// The most profiles an instance may hold.
pub const PROFILES_MAX: usize = 200;

/// The versions of one profile that are told apart from other profiles; more were never stored by
/// one who changes a profile with thought.
const VERSIONS_MAX: usize = 1000;

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredProfile> {
    let origin: String = row.get("origin")?;
    let origin = Origin::ALL
        .into_iter()
        .find(|known| known.as_str() == origin);
    Ok(StoredProfile {
        seq: row.get("seq")?,
        name: row.get("name")?,
        origin: origin.unwrap_or(Origin::Api),
        source: row.get("source")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
    })
}

/// The current version of the profile called `name`.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn find(conn: &Read<'_>, name: &str) -> Result<Option<StoredProfile>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, name, origin, source, created_at
         FROM profiles
         WHERE name = :name AND superseded_at IS NULL
         LIMIT 1",
    )?;
    Ok(statement
        .query_row(named_params! { ":name": name }, stored)
        .optional()?)
}

/// Every current profile, by name.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn list(conn: &Read<'_>) -> Result<Vec<StoredProfile>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, name, origin, source, created_at
         FROM profiles
         WHERE superseded_at IS NULL
         ORDER BY name
         LIMIT :limit",
    )?;
    let limit = i64::try_from(PROFILES_MAX).expect("a small bound");
    let rows = statement.query_map(named_params! { ":limit": limit }, stored)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A page of the current profiles, newest first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn page(
    conn: &Read<'_>,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<StoredProfile>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, name, origin, source, created_at
         FROM profiles
         WHERE superseded_at IS NULL AND seq < :before
         ORDER BY seq DESC
         LIMIT :limit",
    )?;
    let params = named_params! {
        ":before": cursor.map_or(i64::MAX, Cursor::seq),
        ":limit": i64::try_from(limit.rows() + 1).unwrap_or(i64::MAX),
    };
    let rows = statement.query_map(params, stored)?;
    let found = rows.collect::<Result<_, _>>()?;
    Ok(super::paged(found, limit, List::Profiles, |profile| {
        profile.seq
    }))
}

/// The rows of every version that the profile called `name` ever had.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn versions(conn: &Read<'_>, name: &str) -> Result<Vec<i64>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq
         FROM profiles
         WHERE name = :name
         ORDER BY seq DESC
         LIMIT :limit",
    )?;
    let limit = i64::try_from(VERSIONS_MAX).expect("a small bound");
    let rows = statement.query_map(named_params! { ":name": name, ":limit": limit }, |row| {
        row.get(0)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Makes `source` the current version of `name`; answers its row. Storing the same text of the same
/// origin again changes nothing.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn put(
    conn: &Read<'_>,
    name: &str,
    origin: Origin,
    source: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    if let Some(current) = find(conn, name)? {
        if current.source == source && current.origin == origin {
            return Ok(current.seq);
        }
        supersede(conn, name, now)?;
    }
    conn.prepare_cached(
        "INSERT INTO profiles (name, origin, source, created_at)
         VALUES (:name, :origin, :source, :now)",
    )?
    .execute(named_params! {
        ":name": name,
        ":origin": origin.as_str(),
        ":source": source,
        ":now": now.millis(),
    })?;
    Ok(conn.last_insert_rowid())
}

/// Takes the profile called `name` out of use; deliveries and webhooks keep their version.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn supersede(conn: &Read<'_>, name: &str, now: Timestamp) -> Result<(), StoreError> {
    conn.prepare_cached(
        "UPDATE profiles SET superseded_at = :now WHERE name = :name AND superseded_at IS NULL",
    )?
    .execute(named_params! { ":name": name, ":now": now.millis() })?;
    Ok(())
}

/// How many registered webhooks that are not out for good use any version of the profile called
/// `name`. The targets of single events do not count: their deliveries keep their version.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn webhooks_using(conn: &Read<'_>, name: &str) -> Result<i64, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT count(*)
         FROM webhooks
         WHERE deleted_at IS NULL
             AND kind = 'registered'
             AND status <> 'revoked'
             AND profile_seq IN (SELECT seq FROM profiles WHERE name = :name)",
    )?;
    Ok(statement.query_row(named_params! { ":name": name }, |row| row.get(0))?)
}

/// Every webhook, hidden ones included, that uses any version of the profile called `name`.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn webhooks_on(conn: &Read<'_>, name: &str) -> Result<Vec<i64>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq
         FROM webhooks
         WHERE deleted_at IS NULL
             AND status <> 'revoked'
             AND profile_seq IN (SELECT seq FROM profiles WHERE name = :name)
         ORDER BY seq
         LIMIT -1",
    )?;
    let rows = statement.query_map(named_params! { ":name": name }, |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Moves the webhooks of a profile to its current version, so that the next deliveries use it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn adopt(tx: &mut WriteTx<'_>, name: &str, seq: i64) -> Result<(), StoreError> {
    let moved: Vec<i64> = tx
        .prepare_cached(
            "UPDATE webhooks
             SET profile_seq = :seq
             WHERE profile_seq IN (SELECT seq FROM profiles WHERE name = :name)
             RETURNING seq",
        )?
        .query_map(named_params! { ":name": name, ":seq": seq }, |row| {
            row.get(0)
        })?
        .collect::<Result<_, _>>()?;
    tx.subscribers.forget_all();
    tx.notices().webhooks_changed.extend(moved);
    Ok(())
}

/// Stores the built-in profiles that this binary brings.
pub(super) fn ensure_built_in(conn: &Read<'_>, now: Timestamp) -> Result<(), StoreError> {
    for profile in Profile::built_in() {
        put(conn, profile.name(), Origin::BuiltIn, profile.source(), now)?;
    }
    Ok(())
}

/// Parsed profiles by version. A version never changes, so an entry is never stale; there are as
/// many as versions were ever stored.
#[derive(Clone, Default)]
pub(super) struct ProfileCache(Arc<RwLock<HashMap<i64, Arc<Profile>>>>);

impl ProfileCache {
    pub(super) fn cached(&self, seq: i64) -> Option<Arc<Profile>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&seq)
            .cloned()
    }

    pub(super) fn load(&self, conn: &Read<'_>, seq: i64) -> Result<Arc<Profile>, StoreError> {
        if let Some(known) = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&seq)
        {
            return Ok(Arc::clone(known));
        }
        let mut statement = conn.prepare_cached("SELECT source FROM profiles WHERE seq = :seq")?;
        let source: String =
            statement.query_row(named_params! { ":seq": seq }, |row| row.get(0))?;
        let profile = Profile::parse(&source)
            .map_err(|error| StoreError::Damaged(format!("profile version {seq}: {error}")))?;
        let profile = Arc::new(profile);
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(cache.entry(seq).or_insert(profile)))
    }
}

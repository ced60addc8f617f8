//! Wire profiles as the database keeps them: every version that any delivery began with.
//!
//! Owns: versions. Refuses: understanding their text (`domain`).
//!
//! # Why versions
//! A delivery's body must be the same in every attempt. Deliveries therefore point to the version
//! of the profile they began with, and changing a profile adds a version instead of editing one.

use rusqlite::{Row, named_params};

use super::numbers::NumberedTable;
use super::read::PageOf;
use super::{Read, StoreError, WriteTx};
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::profile::{Origin, Profile, StoredProfile};

/// The most profiles an instance may hold.
pub const PROFILES_MAX: usize = 200;

/// The versions of one profile that are told apart from other profiles; more were never stored by
/// one who changes a profile with thought.
const VERSIONS_MAX: u32 = 1000;

const SELECT: &str = "SELECT seq, name, origin, source, created_at FROM profiles";

fn stored(row: &Row<'_>) -> Result<StoredProfile, StoreError> {
    Ok(StoredProfile {
        seq: row.get("seq")?,
        name: row.get("name")?,
        origin: row.get("origin")?,
        source: row.get("source")?,
        created_at: row.get("created_at")?,
    })
}

/// The current version of the profile called `name`.
pub fn find(conn: &Read<'_>, name: &str) -> Result<Option<StoredProfile>, StoreError> {
    let sql = format!("{SELECT} WHERE name = :name AND superseded_at IS NULL LIMIT 1");
    conn.row(&sql, named_params! { ":name": name }, stored)
}

/// Every current profile, by name.
pub fn list(conn: &Read<'_>) -> Result<Vec<StoredProfile>, StoreError> {
    let sql = format!("{SELECT} WHERE superseded_at IS NULL ORDER BY name LIMIT :limit");
    conn.rows(&sql, named_params! { ":limit": PROFILES_MAX }, stored)
}

/// A page of the current profiles, newest first.
pub fn page(
    conn: &Read<'_>,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<StoredProfile>, StoreError> {
    let sql = format!(
        "{SELECT}
         WHERE superseded_at IS NULL AND seq < :before
         ORDER BY seq DESC
         LIMIT :limit"
    );
    let list = List::Profiles;
    let of = PageOf {
        list,
        cursor,
        limit,
    };
    conn.page(&sql, of, &[], stored)
}

/// The rows of every version that the profile called `name` ever had.
pub fn versions(conn: &Read<'_>, name: &str) -> Result<Vec<i64>, StoreError> {
    conn.values(
        "SELECT seq
         FROM profiles
         WHERE name = :name
         ORDER BY seq DESC
         LIMIT :limit",
        named_params! { ":name": name, ":limit": VERSIONS_MAX },
    )
}

/// Makes `source` the current version of `name`; answers its row. Storing the same text of the same
/// origin again changes nothing.
pub fn put(
    tx: &mut WriteTx<'_>,
    name: &str,
    origin: Origin,
    source: &str,
) -> Result<i64, StoreError> {
    if let Some(current) = find(tx, name)? {
        if current.source == source && current.origin == origin {
            return Ok(current.seq);
        }
        supersede(tx, name)?;
    }
    let seq = tx.next_seq(NumberedTable::Profiles)?;
    tx.run(
        "INSERT INTO profiles (seq, name, origin, source, created_at)
         VALUES (:seq, :name, :origin, :source, :now)",
        named_params! {
            ":seq": seq,
            ":name": name,
            ":origin": origin,
            ":source": source,
            ":now": tx.now(),
        },
    )?;
    Ok(seq)
}

/// Takes the profile called `name` out of use; deliveries and webhooks keep their version.
pub fn supersede(tx: &WriteTx<'_>, name: &str) -> Result<(), StoreError> {
    tx.run(
        "UPDATE profiles SET superseded_at = :now WHERE name = :name AND superseded_at IS NULL",
        named_params! { ":name": name, ":now": tx.now() },
    )?;
    Ok(())
}

/// How many registered webhooks that are not out for good use any version of the profile called
/// `name`. The targets of single events do not count: their deliveries keep their version.
pub fn webhooks_using(conn: &Read<'_>, name: &str) -> Result<i64, StoreError> {
    conn.value(
        "SELECT count(*)
         FROM webhooks
         WHERE deleted_at IS NULL
             AND kind = 'registered'
             AND status <> 'revoked'
             AND profile_seq IN (SELECT seq FROM profiles WHERE name = :name)",
        named_params! { ":name": name },
    )
}

/// Every webhook, hidden ones included, that uses any version of the profile called `name`.
pub fn webhooks_on(conn: &Read<'_>, name: &str) -> Result<Vec<i64>, StoreError> {
    conn.values(
        "SELECT seq
         FROM webhooks
         WHERE deleted_at IS NULL
             AND status <> 'revoked'
             AND profile_seq IN (SELECT seq FROM profiles WHERE name = :name)
         ORDER BY seq
         LIMIT -1",
        named_params! { ":name": name },
    )
}

/// Moves the webhooks of a profile to its current version, so that the next deliveries use it.
pub fn adopt(tx: &mut WriteTx<'_>, name: &str, seq: i64) -> Result<(), StoreError> {
    let moved: Vec<i64> = tx.values(
        "UPDATE webhooks
         SET profile_seq = :seq
         WHERE profile_seq IN (SELECT seq FROM profiles WHERE name = :name)
         RETURNING seq",
        named_params! { ":name": name, ":seq": seq },
    )?;
    tx.memory.subscribers.forget_all();
    tx.notices().webhooks_changed.extend(moved);
    Ok(())
}

/// Stores the built-in profiles that this binary brings. One that an earlier version brought in other
/// words is followed by its webhooks; deliveries keep the version they began with.
pub(super) fn ensure_built_in(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    for profile in Profile::built_in() {
        let name = profile.name();
        let before = find(tx, name)?.map(|stored| stored.seq);
        let seq = put(tx, name, Origin::BuiltIn, profile.source())?;
        if before.is_some_and(|before| before != seq) {
            adopt(tx, name, seq)?;
        }
    }
    Ok(())
}

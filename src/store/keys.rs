//! API keys: their rows.
//!
//! Owns: storing keys by hash, finding one by the id that its token carries. Refuses: comparing
//! tokens and judging scopes (`service`).
//!
//! # Why revoked keys keep their row
//! The audit log names keys by id. A revoked key is gone from lists, but can still be looked up.

use rusqlite::{Row, named_params};

use super::vault::Purpose;
use super::{Read, StoreError, WriteTx, damaged, row_list};
use crate::domain::api_key::{ApiKey, ApiKeyToken, KeysOf, NewKey, Scopes};
use crate::domain::id::{KeyId, WorkspaceId};
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::time::Timestamp;

/// The most live keys that an instance may hold.
pub const KEYS_MAX: u64 = 10_000;

const SELECT: &str = "SELECT k.*, workspaces.created_at AS workspace_created_at
    FROM api_keys AS k
    LEFT JOIN workspaces ON workspaces.seq = k.workspace_seq";

/// Stores a new key and makes its token, which is shown once and never again.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn insert(
    tx: &mut WriteTx<'_>,
    new: &NewKey,
    entropy: [u8; 32],
) -> Result<(ApiKey, ApiKeyToken), StoreError> {
    let now = tx.now();
    tx.prepare_cached(
        "INSERT INTO api_keys (workspace_seq, name, scopes, hash, rate_limit, created_at)
         VALUES (:workspace, :name, :scopes, x'', :rate_limit, :now)",
    )?
    .execute(named_params! {
        ":workspace": new.workspace.map(|id| id.seq()),
        ":name": new.name,
        ":scopes": new.scopes.to_string(),
        ":rate_limit": new.rate_limit,
        ":now": now.millis(),
    })?;
    // The token carries the row's number, so its hash can only be known now.
    let id = KeyId::new(now, tx.last_insert_rowid());
    let token = ApiKeyToken::new(id, entropy);
    let hash = token.hash(&tx.vault().pepper(Purpose::ApiKeys));
    tx.prepare_cached("UPDATE api_keys SET hash = :hash WHERE seq = :seq")?
        .execute(named_params! { ":seq": id.seq(), ":hash": hash.as_bytes() })?;
    tx.notices().access_changed = true;
    let key = ApiKey {
        id,
        workspace: new.workspace,
        name: new.name.clone(),
        scopes: new.scopes,
        hash,
        rate_limit: new.rate_limit,
        created_at: now,
        last_used_at: None,
        revoked_at: None,
    };
    Ok((key, token))
}

/// The key `id`, revoked or not, unless its workspace was deleted.
///
/// # Errors
/// [`StoreError::Damaged`] where the row cannot be understood.
pub fn find(conn: &Read<'_>, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
    let sql = format!(
        "{SELECT}
         WHERE k.seq = :seq AND workspaces.deleted_at IS NULL
         LIMIT 1"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! { ":seq": id.seq() })?;
    let found = rows.next()?.map(api_key).transpose()?;
    Ok(found.filter(|key| key.id == id))
}

/// What the keys `ids` are called, revoked or not, unless their workspace was deleted.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn names_of(conn: &Read<'_>, ids: &[KeyId]) -> Result<Vec<(KeyId, String)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT k.seq, k.created_at, k.name
         FROM api_keys AS k
         LEFT JOIN workspaces ON workspaces.seq = k.workspace_seq
         WHERE k.seq IN (SELECT value FROM json_each(:seqs)) AND workspaces.deleted_at IS NULL
         LIMIT -1",
    )?;
    let seqs: Vec<i64> = ids.iter().map(KeyId::seq).collect();
    let rows = statement.query_map(named_params! { ":seqs": row_list(&seqs) }, |row| {
        let created_at = Timestamp::from_millis(row.get(1)?);
        Ok((KeyId::new(created_at, row.get(0)?), row.get(2)?))
    })?;
    let mut found: Vec<(KeyId, String)> = rows.collect::<Result<_, _>>()?;
    found.retain(|(id, _)| ids.contains(id));
    Ok(found)
}

/// A page of live keys, newest first.
///
/// # Errors
/// As [`find`].
pub fn list(
    conn: &Read<'_>,
    of: KeysOf,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<ApiKey>, StoreError> {
    let (owner, workspace) = match of {
        KeysOf::Everybody => (":workspace IS NULL", None),
        KeysOf::Workspace(seq) => ("k.workspace_seq = :workspace", Some(seq)),
    };
    let sql = format!(
        "{SELECT}
         WHERE {owner}
             AND k.revoked_at IS NULL
             AND workspaces.deleted_at IS NULL
             AND k.seq < :before
         ORDER BY k.seq DESC
         LIMIT :limit"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! {
        ":workspace": workspace,
        ":before": cursor.map_or(i64::MAX, Cursor::seq),
        ":limit": i64::try_from(limit.rows() + 1).unwrap_or(i64::MAX),
    })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(api_key(row)?);
    }
    Ok(super::paged(found, limit, List::ApiKeys, |key| {
        key.id.seq()
    }))
}

/// How many keys are live in the whole instance.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn count(conn: &Read<'_>) -> Result<u64, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Revokes a key for good; `false` where it was revoked before or never existed.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn revoke(tx: &mut WriteTx<'_>, seq: i64) -> Result<bool, StoreError> {
    let revoked = tx
        .prepare_cached(
            "UPDATE api_keys SET revoked_at = :now WHERE seq = :seq AND revoked_at IS NULL",
        )?
        .execute(named_params! { ":seq": seq, ":now": tx.now().millis() })?;
    tx.notices().access_changed = true;
    Ok(revoked > 0)
}

/// Records that a key was used. Callers ask at most once a minute and key.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn touch(tx: &WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE api_keys SET last_used_at = :now WHERE seq = :seq")?
        .execute(named_params! { ":seq": seq, ":now": tx.now().millis() })?;
    Ok(())
}

fn api_key(row: &Row<'_>) -> Result<ApiKey, StoreError> {
    let seq: i64 = row.get("seq")?;
    let scopes: String = row.get("scopes")?;
    let workspace_seq: Option<i64> = row.get("workspace_seq")?;
    let at = |column: &str| {
        let millis: Option<i64> = row.get(column)?;
        Ok::<_, StoreError>(millis.map(Timestamp::from_millis))
    };
    let created_at = Timestamp::from_millis(row.get("created_at")?);
    Ok(ApiKey {
        id: KeyId::new(created_at, seq),
        workspace: workspace_seq
            .zip(at("workspace_created_at")?)
            .map(|(seq, created_at)| WorkspaceId::new(created_at, seq)),
        name: row.get("name")?,
        scopes: Scopes::parse(&scopes).ok_or_else(|| damaged("api_keys.scopes", seq))?,
        hash: super::token_hash(row, "api_keys.hash")?,
        rate_limit: row.get("rate_limit")?,
        created_at,
        last_used_at: at("last_used_at")?,
        revoked_at: at("revoked_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::api_key::Scope;
    use crate::store::tests::{Fixture, default_workspace, fixture};
    use crate::store::{Store, workspaces};

    fn make(store: &Store, workspace: Option<WorkspaceId>, name: &str) -> (ApiKey, ApiKeyToken) {
        let new = NewKey {
            workspace,
            name: name.to_owned(),
            scopes: [Scope::EventsWrite, Scope::EventsRead]
                .into_iter()
                .collect(),
            rate_limit: Some(2.5),
        };
        store
            .write_blocking(move |tx| insert(tx, &new, crate::entropy::bytes()))
            .unwrap()
    }

    fn names(store: &Store, of: KeysOf) -> Vec<String> {
        let read = move |conn: &Read<'_>| list(conn, of, None, Limit::clamped(50));
        let page = store.read_blocking(read).unwrap();
        page.items.into_iter().map(|key| key.name).collect()
    }

    #[test]
    fn a_key_is_found_by_its_token_and_carries_what_was_stored() {
        let Fixture { store, dir: _dir } = fixture();
        let workspace = store
            .read_blocking(|conn| Ok::<_, StoreError>(default_workspace(conn)))
            .unwrap();
        let (made, token) = make(&store, Some(workspace), "deploy");
        let token = ApiKeyToken::parse(token.expose()).unwrap();
        let id = token.id();
        let found = store.read_blocking(|conn| find(conn, id)).unwrap().unwrap();
        assert_eq!(
            found.hash,
            token.hash(&store.vault().pepper(Purpose::ApiKeys))
        );
        assert_eq!(
            (found.id, found.workspace, found.scopes, found.rate_limit),
            (made.id, Some(workspace), made.scopes, Some(2.5))
        );
    }

    #[test]
    fn lists_are_by_owner_and_leave_out_revoked_keys() {
        let Fixture { store, dir: _dir } = fixture();
        let workspace = store
            .read_blocking(|conn| Ok::<_, StoreError>(default_workspace(conn)))
            .unwrap();
        make(&store, None, "instance");
        make(&store, Some(workspace), "first");
        let (second, _) = make(&store, Some(workspace), "second");
        let of = KeysOf::Workspace(workspace.seq());
        assert_eq!(names(&store, of), ["second", "first"]);
        assert_eq!(
            names(&store, KeysOf::Everybody),
            ["second", "first", "instance"]
        );
        let seq = second.id.seq();
        assert!(store.write_blocking(move |tx| revoke(tx, seq)).unwrap());
        assert!(!store.write_blocking(move |tx| revoke(tx, seq)).unwrap());
        assert_eq!(names(&store, of), ["first"]);
        let id = second.id;
        let found = store.read_blocking(|conn| find(conn, id)).unwrap().unwrap();
        assert!(found.revoked_at.is_some());
        assert_eq!(store.read_blocking(count).unwrap(), 2);
    }

    #[test]
    fn the_keys_of_a_deleted_workspace_are_gone() {
        let Fixture { store, dir: _dir } = fixture();
        let workspace = store
            .read_blocking(|conn| Ok::<_, StoreError>(default_workspace(conn)))
            .unwrap();
        let (key, _) = make(&store, Some(workspace), "deploy");
        store
            .write_blocking(move |tx| workspaces::delete(tx, workspace.seq()))
            .unwrap();
        let found = store.read_blocking(|conn| find(conn, key.id)).unwrap();
        assert!(found.is_none());
        assert!(names(&store, KeysOf::Everybody).is_empty());
    }
}

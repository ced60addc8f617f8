//! API keys: their rows.
//!
//! Owns: storing keys by hash, finding one by the id that its token carries. Refuses: comparing
//! tokens and judging scopes (`service`).
//!
//! # Why revoked keys keep their row
//! The audit log names keys by id. A revoked key is gone from lists, but can still be looked up.

use rusqlite::{Row, named_params};

use super::numbers::NumberedTable;
use super::read::PageOf;
use super::sql::{id, optional_id};
use super::vault::Purpose;
use super::{Read, StoreError, WriteTx, row_list};
use crate::domain::api_key::{ApiKey, ApiKeyToken, KeysOf, NewKey};
use crate::domain::id::KeyId;
use crate::domain::page::{Cursor, Limit, List, Page};

/// The most live keys that an instance may hold.
pub const KEYS_MAX: u64 = 10_000;

const SELECT: &str = "SELECT k.seq, k.workspace_seq, k.consumer_seq,
        consumers.created_at AS consumer_created_at, k.name, k.scopes, k.hash, k.rate_limit,
        k.created_at, k.last_used_at, k.revoked_at, workspaces.created_at AS workspace_created_at
    FROM api_keys AS k
    LEFT JOIN workspaces ON workspaces.seq = k.workspace_seq
    LEFT JOIN consumers ON consumers.seq = k.consumer_seq";

/// Stores a new key and makes its token, which is shown once and never again.
pub fn insert(
    tx: &mut WriteTx<'_>,
    new: &NewKey,
    entropy: [u8; 32],
) -> Result<(ApiKey, ApiKeyToken), StoreError> {
    let now = tx.now();
    let id = KeyId::new(now, tx.next_seq(NumberedTable::ApiKeys)?);
    let token = ApiKeyToken::new(id, entropy);
    let hash = token.hash(&tx.vault().pepper(Purpose::ApiKeys));
    tx.run(
        "INSERT INTO api_keys (seq, workspace_seq, consumer_seq, name, scopes, hash, rate_limit,
             created_at)
         VALUES (:seq, :workspace, :consumer, :name, :scopes, :hash, :rate_limit, :now)",
        named_params! {
            ":seq": id.seq(),
            ":workspace": new.workspace.map(|id| id.seq()),
            ":consumer": new.consumer.map(|id| id.seq()),
            ":name": new.name,
            ":scopes": new.scopes,
            ":hash": hash,
            ":rate_limit": new.rate_limit,
            ":now": now,
        },
    )?;
    tx.notices().access_changed = true;
    let key = ApiKey {
        id,
        workspace: new.workspace,
        consumer: new.consumer,
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
pub fn find(conn: &Read<'_>, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
    let sql = format!(
        "{SELECT}
         WHERE k.seq = :seq AND workspaces.deleted_at IS NULL
         LIMIT 1"
    );
    let found = conn.row(&sql, named_params! { ":seq": id.seq() }, api_key)?;
    Ok(found.filter(|key| key.id == id))
}

/// What the keys `ids` are called, revoked or not, unless their workspace was deleted.
pub fn names_of(conn: &Read<'_>, ids: &[KeyId]) -> Result<Vec<(KeyId, String)>, StoreError> {
    let seqs: Vec<i64> = ids.iter().map(KeyId::seq).collect();
    let mut found = conn.rows(
        "SELECT k.seq, k.created_at, k.name
         FROM api_keys AS k
         LEFT JOIN workspaces ON workspaces.seq = k.workspace_seq
         WHERE k.seq IN (SELECT value FROM json_each(:seqs)) AND workspaces.deleted_at IS NULL
         LIMIT -1",
        named_params! { ":seqs": row_list(&seqs) },
        |row| Ok((id(row, "created_at", "seq")?, row.get("name")?)),
    )?;
    found.retain(|(id, _)| ids.contains(id));
    Ok(found)
}

/// A page of live keys, newest first.
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
    let list = List::ApiKeys;
    let of = PageOf {
        list,
        cursor,
        limit,
    };
    conn.page(&sql, of, &[(":workspace", &workspace)], api_key)
}

/// How many keys are live in the whole instance.
pub fn count(conn: &Read<'_>) -> Result<u64, StoreError> {
    conn.value("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL", [])
}

/// Revokes a key for good; `false` where it was revoked before or never existed.
pub fn revoke(tx: &mut WriteTx<'_>, seq: i64) -> Result<bool, StoreError> {
    let revoked = tx.run(
        "UPDATE api_keys SET revoked_at = :now WHERE seq = :seq AND revoked_at IS NULL",
        named_params! { ":seq": seq, ":now": tx.now() },
    )?;
    tx.notices().access_changed = true;
    Ok(revoked > 0)
}

/// Revokes every key that is bound to a consumer.
pub fn revoke_of_consumer(tx: &mut WriteTx<'_>, consumer_seq: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE api_keys
         SET revoked_at = :now
         WHERE consumer_seq = :consumer AND revoked_at IS NULL",
        named_params! { ":consumer": consumer_seq, ":now": tx.now() },
    )?;
    tx.notices().access_changed = true;
    Ok(())
}

/// Records that a key was used. Callers ask at most once a minute and key.
pub fn touch(tx: &WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE api_keys SET last_used_at = :now WHERE seq = :seq",
        named_params! { ":seq": seq, ":now": tx.now() },
    )?;
    Ok(())
}

fn api_key(row: &Row<'_>) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: id(row, "created_at", "seq")?,
        workspace: optional_id(row, "workspace_created_at", "workspace_seq")?,
        consumer: optional_id(row, "consumer_created_at", "consumer_seq")?,
        name: row.get("name")?,
        scopes: row.get("scopes")?,
        hash: row.get("hash")?,
        rate_limit: row.get("rate_limit")?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
        revoked_at: row.get("revoked_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::api_key::Scope;
    use crate::domain::id::WorkspaceId;
    use crate::store::tests::{Fixture, default_workspace, fixture};
    use crate::store::{Store, workspaces};

    fn make(store: &Store, workspace: Option<WorkspaceId>, name: &str) -> (ApiKey, ApiKeyToken) {
        let new = NewKey {
            workspace,
            consumer: None,
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

//! Views of lists that people keep.
//!
//! Owns: the table. Refuses: judging names and queries.

use rusqlite::named_params;

use super::{Read, StoreError, WriteTx};
use crate::domain::saved_view::{SAVED_VIEWS_MAX, SavedView, SavedViewsOf};

/// The views of a list, by name.
pub fn list(conn: &Read<'_>, of: &SavedViewsOf) -> Result<Vec<SavedView>, StoreError> {
    conn.rows(
        "SELECT name, query
         FROM saved_views
         WHERE user_seq = :user AND workspace_seq = :workspace AND path = :path
         ORDER BY name
         LIMIT :limit",
        named_params! {
            ":user": of.user.seq(),
            ":workspace": of.workspace_seq,
            ":path": of.path,
            ":limit": SAVED_VIEWS_MAX,
        },
        |row| {
            Ok(SavedView {
                name: row.get("name")?,
                query: row.get("query")?,
            })
        },
    )
}

/// How many views a person has in a workspace, of whichever list.
pub fn count(conn: &Read<'_>, of: &SavedViewsOf) -> Result<usize, StoreError> {
    conn.value(
        "SELECT count(*) FROM saved_views WHERE user_seq = :user AND workspace_seq = :workspace",
        named_params! { ":user": of.user.seq(), ":workspace": of.workspace_seq },
    )
}

/// Keeps a view; one of the same name is replaced.
pub fn put(tx: &WriteTx<'_>, of: &SavedViewsOf, view: &SavedView) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO saved_views (user_seq, workspace_seq, path, name, query, created_at)
         VALUES (:user, :workspace, :path, :name, :query, :now)
         ON CONFLICT DO UPDATE SET query = excluded.query",
        named_params! {
            ":user": of.user.seq(),
            ":workspace": of.workspace_seq,
            ":path": of.path,
            ":name": view.name,
            ":query": view.query,
            ":now": tx.now(),
        },
    )
    .map(drop)
}

/// Forgets the view called `name`; nothing happens where there is none.
pub fn delete(tx: &WriteTx<'_>, of: &SavedViewsOf, name: &str) -> Result<(), StoreError> {
    tx.run(
        "DELETE FROM saved_views
         WHERE user_seq = :user AND workspace_seq = :workspace AND path = :path AND name = :name",
        named_params! {
            ":user": of.user.seq(),
            ":workspace": of.workspace_seq,
            ":path": of.path,
            ":name": name,
        },
    )
    .map(drop)
}

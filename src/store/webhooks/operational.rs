//! Operational webhooks, found by an index that holds nothing else.
//!
//! Owns: the rows of one workspace. Refuses: what is told to them.

use rusqlite::named_params;

use crate::store::{Read, StoreError};

/// Where those of a workspace are found.
pub(super) const OPERATIONAL: &str = "webhooks INDEXED BY webhooks_operational
         WHERE workspace_seq = :workspace AND transport = 2";

/// The rows of a workspace's operational webhooks, oldest first.
pub fn operational(conn: &Read<'_>, workspace_seq: i64) -> Result<Vec<i64>, StoreError> {
    conn.values(
        &format!("SELECT seq FROM {OPERATIONAL} AND deleted_at IS NULL ORDER BY seq LIMIT -1"),
        named_params! { ":workspace": workspace_seq },
    )
}

/// The row of the one that the platform calls `uid`.
pub fn operational_called(
    conn: &Read<'_>,
    workspace_seq: i64,
    uid: &str,
) -> Result<Option<i64>, StoreError> {
    conn.optional(
        &format!("SELECT seq FROM {OPERATIONAL} AND deleted_at IS NULL AND uid = :uid LIMIT 1"),
        named_params! { ":workspace": workspace_seq, ":uid": uid },
    )
}

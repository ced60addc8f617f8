//! Idempotency records: which requests were answered, and how.
//!
//! Owns: their rows, sealed because an answer may hold a secret that is shown once. Refuses:
//! comparing requests.

use rusqlite::{OptionalExtension, named_params};

use super::vault::Place;
use super::{StoreError, WriteTx};
use crate::domain::idempotency::{KEPT, Record};

/// The record of `key`, unless it is older than [`KEPT`].
///
/// # Errors
/// [`StoreError::Damaged`] where the answer cannot be opened.
pub fn find(tx: &WriteTx<'_>, workspace_seq: i64, key: &str) -> Result<Option<Record>, StoreError> {
    let oldest = tx.now().before(KEPT).millis();
    let found = tx
        .prepare_cached(
            "SELECT rowid, request_digest, status, answer_sealed
             FROM idempotency
             WHERE workspace_seq = :workspace AND key = :key AND created_at > :oldest
             LIMIT 1",
        )?
        .query_row(
            named_params! { ":workspace": workspace_seq, ":key": key, ":oldest": oldest },
            |row| {
                let sealed: Vec<u8> = row.get(3)?;
                Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?, sealed))
            },
        )
        .optional()?;
    let Some((row, request_digest, status, sealed)) = found else {
        return Ok(None);
    };
    let body = tx
        .vault()
        .unseal(place(row), &sealed)
        .map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(Some(Record {
        request_digest,
        status,
        body: body.to_vec(),
    }))
}

/// Records an answer.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn insert(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    key: &str,
    request_digest: &[u8; 32],
    status: u16,
    body: &[u8],
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO idempotency
             (workspace_seq, key, request_digest, status, answer_sealed, created_at)
         VALUES (:workspace, :key, :digest, :status, x'', :now)",
    )?
    .execute(named_params! {
        ":workspace": workspace_seq,
        ":key": key,
        ":digest": request_digest,
        ":status": status,
        ":now": tx.now().millis(),
    })?;
    let row = tx.last_insert_rowid();
    let sealed = tx.vault().seal(place(row), body);
    tx.prepare_cached("UPDATE idempotency SET answer_sealed = :sealed WHERE rowid = :row")?
        .execute(named_params! { ":row": row, ":sealed": sealed })?;
    Ok(())
}

/// Forgets a record, if there is one.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn delete(tx: &WriteTx<'_>, workspace_seq: i64, key: &str) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM idempotency WHERE workspace_seq = :workspace AND key = :key")?
        .execute(named_params! { ":workspace": workspace_seq, ":key": key })?;
    Ok(())
}

fn place(row: i64) -> Place {
    Place {
        table: "idempotency",
        column: "answer_sealed",
        row,
    }
}

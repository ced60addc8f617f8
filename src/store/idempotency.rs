//! Idempotency records: which requests were answered, and how.
//!
//! Owns: their rows, sealed because an answer may hold a secret that is shown once. Refuses:
//! comparing requests.

use rusqlite::named_params;

use super::numbers::NumberedTable;
use super::vault::Place;
use super::{StoreError, WriteTx};
use crate::domain::idempotency::{KEPT, Record};

/// The record of `key`, unless it is older than [`KEPT`].
///
/// # Errors
/// [`StoreError::Damaged`] where the answer cannot be opened.
pub fn find(tx: &WriteTx<'_>, workspace_seq: i64, key: &str) -> Result<Option<Record>, StoreError> {
    tx.row(
        "SELECT seq, request_digest, status, answer_sealed
         FROM idempotency
         WHERE workspace_seq = :workspace AND key = :key AND created_at > :oldest
         LIMIT 1",
        named_params! {
            ":workspace": workspace_seq,
            ":key": key,
            ":oldest": tx.now().before(KEPT),
        },
        |row| {
            let sealed: Vec<u8> = row.get("answer_sealed")?;
            let body = tx
                .vault()
                .unseal(place(row.get("seq")?), &sealed)
                .map_err(|error| StoreError::Damaged(error.to_string()))?;
            Ok(Record {
                request_digest: row.get("request_digest")?,
                status: row.get("status")?,
                body: body.to_vec(),
            })
        },
    )
}

/// Records an answer.
pub fn insert(
    tx: &mut WriteTx<'_>,
    workspace_seq: i64,
    key: &str,
    request_digest: &[u8; 32],
    status: u16,
    body: &[u8],
) -> Result<(), StoreError> {
    let seq = tx.next_seq(NumberedTable::Idempotency)?;
    tx.run(
        "INSERT OR REPLACE INTO idempotency
             (seq, workspace_seq, key, request_digest, status, answer_sealed, created_at)
         VALUES (:seq, :workspace, :key, :digest, :status, :sealed, :now)",
        named_params! {
            ":seq": seq,
            ":workspace": workspace_seq,
            ":key": key,
            ":digest": request_digest,
            ":status": status,
            ":sealed": tx.vault().seal(place(seq), body),
            ":now": tx.now(),
        },
    )?;
    Ok(())
}

/// Forgets a record, if there is one.
pub fn delete(tx: &WriteTx<'_>, workspace_seq: i64, key: &str) -> Result<(), StoreError> {
    tx.run(
        "DELETE FROM idempotency WHERE workspace_seq = :workspace AND key = :key",
        named_params! { ":workspace": workspace_seq, ":key": key },
    )?;
    Ok(())
}

fn place(row: i64) -> Place {
    Place {
        table: "idempotency",
        column: "answer_sealed",
        row,
    }
}

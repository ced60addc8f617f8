//! Attempts: one HTTP request each, with what came back.
//!
//! Owns: their rows. Refuses: what they mean for the delivery.

use rusqlite::{Connection, Row, named_params};

use super::{StoreError, WriteTx, damaged};
use crate::domain::attempt::{ATTEMPTS_MAX, Attempt, AttemptTrigger, row_number};
use crate::domain::outcome::FailureKind;
use crate::domain::time::Timestamp;

/// Stores an attempt.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn insert(tx: &WriteTx<'_>, delivery_seq: i64, attempt: &Attempt) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO attempts (seq, trigger, started_at, duration_ms, status_code,
             error_kind, error, remote_addr, url, request_headers, response_headers,
             response_truncated, response_body)
         VALUES (:seq, :trigger, :started_at, :duration_ms, :status_code, :error_kind, :error,
             :remote_addr, :url, :request_headers, :response_headers, :response_truncated,
             :response_body)",
    )?
    .execute(named_params! {
        ":seq": row_number(delivery_seq, attempt.number),
        ":trigger": attempt.trigger.code(),
        ":started_at": attempt.started_at.millis(),
        ":duration_ms": attempt.duration_ms,
        ":status_code": attempt.status_code,
        ":error_kind": attempt.error_kind.map(FailureKind::as_str),
        ":error": attempt.error,
        ":remote_addr": attempt.remote_addr,
        ":url": attempt.url,
        ":request_headers": attempt.request_headers,
        ":response_headers": attempt.response_headers,
        ":response_truncated": attempt.response_truncated,
        ":response_body": attempt.response_body,
    })?;
    Ok(())
}

/// The attempts of a delivery, oldest first.
///
/// # Errors
/// [`StoreError::Damaged`] where a row cannot be understood.
pub fn of_delivery(conn: &Connection, delivery_seq: i64) -> Result<Vec<Attempt>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, trigger, started_at, duration_ms, status_code, error_kind, error, remote_addr,
             url, request_headers, response_headers, response_truncated, response_body
         FROM attempts
         WHERE seq BETWEEN :first AND :last
         ORDER BY seq
         LIMIT :limit",
    )?;
    let mut rows = statement.query(named_params! {
        ":first": row_number(delivery_seq, 0),
        ":last": row_number(delivery_seq, ATTEMPTS_MAX),
        ":limit": ATTEMPTS_MAX,
    })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(attempt(row)?);
    }
    Ok(found)
}

/// Removes the attempts of a delivery; answers how many.
pub(super) fn delete_of(tx: &WriteTx<'_>, delivery_seq: i64) -> Result<usize, StoreError> {
    let removed = tx
        .prepare_cached("DELETE FROM attempts WHERE seq BETWEEN :first AND :last")?
        .execute(named_params! {
            ":first": row_number(delivery_seq, 0),
            ":last": row_number(delivery_seq, ATTEMPTS_MAX),
        })?;
    Ok(removed)
}

fn attempt(row: &Row<'_>) -> Result<Attempt, StoreError> {
    let seq: i64 = row.get("seq")?;
    let error_kind: Option<String> = row.get("error_kind")?;
    let trigger = AttemptTrigger::from_code(row.get("trigger")?);
    let number = seq & i64::from(ATTEMPTS_MAX);
    Ok(Attempt {
        number: u32::try_from(number).expect("12 bits"),
        trigger: trigger.ok_or_else(|| damaged("attempts.trigger", seq))?,
        started_at: Timestamp::from_millis(row.get("started_at")?),
        duration_ms: row.get("duration_ms")?,
        status_code: row.get("status_code")?,
        error_kind: error_kind.as_deref().and_then(FailureKind::parse),
        error: row.get("error")?,
        remote_addr: row.get("remote_addr")?,
        url: row.get("url")?,
        request_headers: row.get("request_headers")?,
        response_headers: row.get("response_headers")?,
        response_body: row.get("response_body")?,
        response_truncated: row.get("response_truncated")?,
    })
}

//! Erasing what an event carried, wherever it was kept.
//!
//! Owns: overwriting the data, the headers and answers of its attempts, and what they leave in free
//! pages and in the log. Refuses: deciding what may be erased, and calling off what waits (`service`).
//!
//! # Why it leaves nothing behind
//! With `secure_delete` SQLite overwrites what it frees, inside pages and whole ones. The log still
//! holds the pages as they were before; so it is written back and cut off before anybody is told that
//! the data is gone.

use rusqlite::named_params;

use super::{Read, StoreError, WriteTx, events, poll};
use crate::domain::attempt::NUMBER_BITS;
use crate::domain::time::Timestamp;

/// What stands in the place of the data.
const NOTHING: &str = "null";

/// Erases the data of an event and everything that its deliveries kept of it.
pub fn erase(tx: &mut WriteTx<'_>, event_seq: i64) -> Result<(), StoreError> {
    begin(tx)?;
    empty(tx, event_seq)?;
    end(tx)?;
    tx.notices().activity = true;
    Ok(())
}

/// As [`erase`], of several events at once.
pub fn erase_many(tx: &mut WriteTx<'_>, events: &[i64]) -> Result<(), StoreError> {
    begin(tx)?;
    for event_seq in events {
        empty(tx, *event_seq)?;
    }
    end(tx)?;
    tx.notices().activity = true;
    Ok(())
}

/// Whether what a delivery carried was erased.
pub fn is_erased(conn: &Read<'_>, delivery_seq: i64) -> Result<bool, StoreError> {
    let found: Option<bool> = conn.row(
        "SELECT events.erased_at IS NOT NULL
         FROM deliveries
         JOIN events ON events.seq = deliveries.event_seq
         WHERE deliveries.seq = :seq
         LIMIT 1",
        named_params! { ":seq": delivery_seq },
        |row| Ok(row.get(0)?),
    )?;
    Ok(found.unwrap_or_default())
}

/// Erases the answer that one attempt got.
pub fn erase_answer(tx: &mut WriteTx<'_>, attempt_seq: i64) -> Result<(), StoreError> {
    begin(tx)?;
    tx.run(
        "UPDATE attempts
         SET response_headers = '', response_body = NULL, response_truncated = 0
         WHERE seq = :seq",
        named_params! { ":seq": attempt_seq },
    )?;
    end(tx)?;
    tx.notices().activity = true;
    Ok(())
}

/// From now on, and in this transaction only until [`end`], what is freed is overwritten.
pub(super) fn begin(tx: &WriteTx<'_>) -> Result<(), StoreError> {
    let _: i64 = tx.value("PRAGMA secure_delete = ON", [])?;
    Ok(())
}

/// What was freed is overwritten by now, and others' deletions need not pay for it; the log is cut
/// before anybody is answered.
pub(super) fn end(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    end_quietly(tx)?;
    tx.cut_log_before_answering();
    Ok(())
}

/// As [`end`], where nobody waits for it: the log is cut as soon as nobody reads from it.
pub(super) fn end_quietly(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    let _: i64 = tx.value("PRAGMA secure_delete = OFF", [])?;
    tx.cut_log_when_unread();
    Ok(())
}

/// Overwrites the data of an event, damaged or not, and what its deliveries kept of it. An event that
/// is empty keeps the time when it became so.
pub(super) fn empty(tx: &WriteTx<'_>, event_seq: i64) -> Result<(), StoreError> {
    let event = named_params! { ":event": event_seq };
    let found: Option<(String, Timestamp)> = tx.row(
        "SELECT type, occurred_at, seq FROM events WHERE seq = :event",
        event,
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let Some((event_type, occurred_at)) = found else {
        return Ok(());
    };
    tx.run(
        "UPDATE events
         SET data = :nothing, packed_data = NULL, digest = :digest,
             erased_at = coalesce(erased_at, :now), erase_at = NULL
         WHERE seq = :event",
        named_params! {
            ":event": event_seq,
            ":nothing": NOTHING,
            ":digest": events::digest(&event_type, occurred_at, NOTHING),
            ":now": tx.now(),
        },
    )?;
    tx.run(
        "UPDATE attempts
         SET request_headers = '', response_headers = '', response_body = NULL,
             response_truncated = 0, error = NULL
         WHERE seq IN (
             SELECT attempts.seq
             FROM deliveries
             JOIN attempts ON attempts.seq > deliveries.seq << :bits
                 AND attempts.seq < (deliveries.seq + 1) << :bits
             WHERE deliveries.event_seq = :event)",
        named_params! { ":event": event_seq, ":bits": NUMBER_BITS },
    )?;
    tx.run(
        "UPDATE deliveries SET last_error = NULL WHERE event_seq = :event",
        event,
    )?;
    tx.run("DELETE FROM event_misses WHERE event_seq = :event", event)?;
    poll::forget_event(tx, event_seq)?;
    Ok(())
}

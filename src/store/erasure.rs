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

use super::{StoreError, WriteTx, events};
use crate::domain::event::StoredEvent;

/// What stands in the place of the data.
const NOTHING: &str = "null";

/// Erases the data of an event and everything that its deliveries kept of it.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn erase(tx: &mut WriteTx<'_>, stored: &StoredEvent) -> Result<(), StoreError> {
    let event = &stored.event;
    let _: i64 = tx.value("PRAGMA secure_delete = ON", [])?;
    let digest = events::digest(&event.event_type, event.occurred_at, NOTHING);
    tx.run(
        "UPDATE events SET data = :nothing, digest = :digest, erased_at = :now WHERE seq = :event",
        named_params! {
            ":event": event.id.seq(),
            ":nothing": NOTHING,
            ":digest": digest,
            ":now": tx.now(),
        },
    )?;
    tx.run(
        "UPDATE attempts
         SET request_headers = '', response_headers = '', response_body = NULL, error = NULL
         WHERE seq IN (
             SELECT attempts.seq
             FROM deliveries
             JOIN attempts ON attempts.seq > deliveries.seq << 12
                 AND attempts.seq < (deliveries.seq + 1) << 12
             WHERE deliveries.event_seq = :event)",
        named_params! { ":event": event.id.seq() },
    )?;
    tx.run(
        "UPDATE deliveries SET last_error = NULL WHERE event_seq = :event",
        named_params! { ":event": event.id.seq() },
    )?;
    tx.run(
        "DELETE FROM event_misses WHERE event_seq = :event",
        named_params! { ":event": event.id.seq() },
    )?;
    // What was freed is overwritten by now; others' deletions need not pay for it.
    let _: i64 = tx.value("PRAGMA secure_delete = OFF", [])?;
    tx.cut_log_before_answering();
    tx.notices().activity = true;
    Ok(())
}

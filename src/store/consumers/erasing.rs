//! Erasing the data of consumers that were deleted with all they got.
//!
//! Owns: which consumer and event is next, and how far it has come. Refuses: emptying an event
//! (`erasure`), and calling deliveries off, which must be done before (`service`).
//!
//! # What is left in the file
//! An emptied row leaves its old bytes in its page, in pages that became free, and in the log. While
//! an erasure runs SQLite overwrites what it frees; with each part the log is cut off.
//! Copies that pages held from before they were split stay until the pages are written again.

use rusqlite::named_params;

use crate::domain::delivery::Status;
use crate::domain::event::EventKind;
use crate::store::{Read, StoreError, WriteTx, erasure};

/// A part of an erasure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasingPart {
    /// The consumer.
    pub consumer_seq: i64,
    /// Its next events, oldest first; empty where all have been erased.
    pub events: Vec<i64>,
}

/// The next events to erase, at most `limit`; `None` where nothing is to be erased.
pub fn next(conn: &Read<'_>, limit: usize) -> Result<Option<ErasingPart>, StoreError> {
    let found: Option<(i64, i64)> = conn.row(
        "SELECT seq, erased_to
         FROM consumers INDEXED BY consumers_erasing
         WHERE erased_to IS NOT NULL
         ORDER BY seq
         LIMIT 1",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let Some((consumer_seq, after)) = found else {
        return Ok(None);
    };
    let scans = EventKind::ALL.map(|kind| {
        format!(
            "SELECT seq
             FROM events INDEXED BY events_of_consumer
             WHERE consumer_seq = :consumer AND kind = {} AND seq > :after",
            kind.code()
        )
    });
    let sql = format!("{} ORDER BY seq LIMIT :limit", scans.join(" UNION ALL "));
    let params = named_params! { ":consumer": consumer_seq, ":after": after, ":limit": limit };
    Ok(Some(ErasingPart {
        consumer_seq,
        events: conn.values(&sql, params)?,
    }))
}

/// The deliveries of an event that wait for their time or for an attempt.
pub fn waiting_of(conn: &Read<'_>, event_seq: i64) -> Result<Vec<i64>, StoreError> {
    conn.values(
        "SELECT seq
         FROM deliveries
         WHERE event_seq = :event AND status IN (:scheduled, :pending, :retrying)
         ORDER BY seq
         LIMIT -1",
        named_params! {
            ":event": event_seq,
            ":scheduled": Status::Scheduled,
            ":pending": Status::Pending,
            ":retrying": Status::Retrying,
        },
    )
}

/// From now on, and in this transaction only until [`end`], what is freed is overwritten.
pub fn begin(tx: &WriteTx<'_>) -> Result<(), StoreError> {
    erasure::begin(tx)
}

/// Empties an event, and what those kept of it that it was delivered to.
pub fn erase(tx: &WriteTx<'_>, event_seq: i64) -> Result<(), StoreError> {
    erasure::empty(tx, event_seq)
}

/// Records how far an erasure has come: behind the last event of a part, or at its end.
pub fn end(tx: &mut WriteTx<'_>, part: &ErasingPart) -> Result<(), StoreError> {
    tx.run(
        "UPDATE consumers SET erased_to = :to WHERE seq = :consumer AND erased_to IS NOT NULL",
        named_params! { ":consumer": part.consumer_seq, ":to": part.events.last() },
    )?;
    erasure::end(tx)
}

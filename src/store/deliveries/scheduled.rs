//! Deliveries that are for later.
//!
//! Owns: when each is due, finding those whose time has come, moving them along with a clock that is
//! set. Refuses: choosing their next state (`domain::delivery`), and waiting (`engine`).
//!
//! # Why they have a table of their own
//! A webhook's lane looks for what is pending and what retries; what is due in three weeks would be in
//! its way. Here one index says which of all is next, and nobody who does not use it pays for it.
//!
//! # Why two instants
//! `domain::schedule` says that nothing is early on either reading of "in an hour". The time that must
//! pass moves along with a clock that is set; the instant that the clock must show does not. What was
//! planned on the new clock already is recognised by that clock's offset.

use rusqlite::named_params;

use crate::domain::schedule::DueTime;
use crate::domain::time::Timestamp;
use crate::store::{Read, StoreError, WriteTx};

/// Offsets that differ by less are of the same clock, which is only corrected now and then.
pub(in crate::store) const SAME_CLOCK_MS: i64 = 1000;

/// Plans when a delivery is due, for the first time or anew, and lets the engine know.
pub fn plan(tx: &mut WriteTx<'_>, seq: i64, due: DueTime) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO scheduled_deliveries (delivery_seq, due_at, not_before, passed_at, clock_offset)
         VALUES (:seq, :at, :not_before, :at, :offset)
         ON CONFLICT (delivery_seq) DO UPDATE
         SET due_at = excluded.due_at, not_before = excluded.not_before,
             passed_at = excluded.passed_at, clock_offset = excluded.clock_offset",
        named_params! {
            ":seq": seq,
            ":at": due.at,
            ":not_before": due.not_before.unwrap_or_default(),
            ":offset": tx.clock_offset_ms(),
        },
    )?;
    let planned = &mut tx.notices().planned;
    *planned = Some(planned.map_or(due.at, |known| known.min(due.at)));
    Ok(())
}

/// A delivery waits for its time no longer.
pub fn forget_plan(tx: &WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    tx.run(
        "DELETE FROM scheduled_deliveries WHERE delivery_seq = :seq",
        named_params! { ":seq": seq },
    )?;
    Ok(())
}

/// When the next of all scheduled deliveries is due.
pub fn next_planned(conn: &Read<'_>) -> Result<Option<Timestamp>, StoreError> {
    conn.value("SELECT min(due_at) FROM scheduled_deliveries", [])
}

/// Deliveries whose time has come by `now`, the longest due first; at most `limit`.
pub fn planned_until(
    conn: &Read<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<i64>, StoreError> {
    conn.values(
        "SELECT delivery_seq
         FROM scheduled_deliveries
         WHERE due_at <= :now
         ORDER BY due_at, delivery_seq
         LIMIT :limit",
        named_params! { ":now": now, ":limit": limit },
    )
}

/// Moves up to `limit` scheduled deliveries behind row `after` along with a clock that was set by
/// `by_ms`, as far as they were planned before that. Answers where to go on; `None` where there are no
/// more.
pub fn shift_scheduled(
    tx: &WriteTx<'_>,
    after: i64,
    limit: usize,
    by_ms: i64,
) -> Result<Option<i64>, StoreError> {
    let rows: Vec<i64> = tx.values(
        "SELECT delivery_seq
         FROM scheduled_deliveries
         WHERE delivery_seq > :after
         ORDER BY delivery_seq
         LIMIT :limit",
        named_params! { ":after": after, ":limit": limit },
    )?;
    let mut shift = tx.prepare_cached(
        "UPDATE scheduled_deliveries
         SET passed_at = max(0, passed_at + :by), due_at = max(not_before, passed_at + :by),
             clock_offset = :offset
         WHERE delivery_seq = :seq AND abs(clock_offset - :offset) >= :least",
    )?;
    let mut show = tx.prepare_cached(
        "UPDATE deliveries
         SET next_attempt_at = (
             SELECT due_at FROM scheduled_deliveries WHERE delivery_seq = :seq)
         WHERE seq = :seq",
    )?;
    for seq in &rows {
        let params = named_params! {
            ":seq": seq,
            ":by": by_ms,
            ":offset": tx.clock_offset_ms(),
            ":least": SAME_CLOCK_MS,
        };
        if shift.execute(params)? > 0 {
            show.execute(named_params! { ":seq": seq })?;
        }
    }
    Ok(rows.last().copied().filter(|_| rows.len() == limit))
}

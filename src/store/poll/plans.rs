//! Events that a webhook's readers get later.
//!
//! Owns: when, and giving them their numbers then. Refuses: watching the clock; who reads asks.

use rusqlite::named_params;

use super::keep_now;
use crate::domain::schedule::DueTime;
use crate::domain::time::Timestamp;
use crate::store::deliveries::SAME_CLOCK_MS;
use crate::store::{Read, StoreError, WriteTx};

/// Entries that one look makes of what has become due; the next makes more.
const DUE_ROWS_MAX: usize = 1000;

pub(super) fn plan(
    tx: &mut WriteTx<'_>,
    webhook_seq: i64,
    event_seq: i64,
    shape_seq: Option<i64>,
    due: DueTime,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO poll_plans (webhook_seq, event_seq, shape_seq, due_at, not_before, passed_at,
             clock_offset)
         VALUES (:webhook, :event, :shape, :at, :not_before, :at, :offset)",
        named_params! {
            ":webhook": webhook_seq,
            ":event": event_seq,
            ":shape": shape_seq,
            ":at": due.at,
            ":not_before": due.not_before.unwrap_or_default(),
            ":offset": tx.clock_offset_ms(),
        },
    )?;
    let notices = tx.notices();
    // Who waits learns when to look again.
    notices.polled.push(webhook_seq);
    notices.activity = true;
    Ok(())
}

/// When the next event is due that a webhook's readers get later.
pub fn next_due(conn: &Read<'_>, webhook_seq: i64) -> Result<Option<Timestamp>, StoreError> {
    conn.value(
        "SELECT min(due_at) FROM poll_plans WHERE webhook_seq = :webhook",
        named_params! { ":webhook": webhook_seq },
    )
}

/// Makes entries of what is due by now.
pub fn fall_due(tx: &mut WriteTx<'_>, webhook_seq: i64) -> Result<(), StoreError> {
    let due: Vec<(i64, i64, Option<i64>)> = tx.rows(
        "SELECT seq, event_seq, shape_seq
         FROM poll_plans
         WHERE webhook_seq = :webhook AND due_at <= :now
         ORDER BY due_at, seq
         LIMIT :limit",
        named_params! { ":webhook": webhook_seq, ":now": tx.now(), ":limit": DUE_ROWS_MAX },
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    for (seq, event_seq, shape_seq) in due {
        tx.run(
            "DELETE FROM poll_plans WHERE seq = :seq",
            named_params! { ":seq": seq },
        )?;
        keep_now(tx, webhook_seq, event_seq, shape_seq)?;
    }
    Ok(())
}

/// Gives what is planned of an event another time; answers how much that is.
pub fn replan(tx: &mut WriteTx<'_>, event_seq: i64, due: DueTime) -> Result<usize, StoreError> {
    let webhooks: Vec<i64> = tx.values(
        "UPDATE poll_plans
         SET due_at = :at, not_before = :not_before, passed_at = :at, clock_offset = :offset
         WHERE event_seq = :event
         RETURNING webhook_seq",
        named_params! {
            ":event": event_seq,
            ":at": due.at,
            ":not_before": due.not_before.unwrap_or_default(),
            ":offset": tx.clock_offset_ms(),
        },
    )?;
    let count = webhooks.len();
    tx.notices().polled.extend(webhooks);
    Ok(count)
}

/// Calls off what is planned of an event; answers how much that was.
pub fn call_off(tx: &mut WriteTx<'_>, event_seq: i64) -> Result<usize, StoreError> {
    tx.notices().activity = true;
    forget_planned(tx, event_seq)
}

pub(in crate::store) fn forget_planned(
    tx: &WriteTx<'_>,
    event_seq: i64,
) -> Result<usize, StoreError> {
    tx.run(
        "DELETE FROM poll_plans WHERE event_seq = :event",
        named_params! { ":event": event_seq },
    )
}

/// Whether a webhook's readers will get an event later.
pub(in crate::store) fn is_planned(conn: &Read<'_>, event_seq: i64) -> Result<bool, StoreError> {
    conn.value(
        "SELECT EXISTS (SELECT 1 FROM poll_plans WHERE event_seq = :event)",
        named_params! { ":event": event_seq },
    )
}

/// Moves up to `limit` plans behind row `after` along with a clock that was set by `by_ms`, as scheduled
/// deliveries are. Answers where to go on; `None` where there are no more.
pub fn shift_plans(
    tx: &WriteTx<'_>,
    after: i64,
    limit: usize,
    by_ms: i64,
) -> Result<Option<i64>, StoreError> {
    let rows: Vec<i64> = tx.values(
        "SELECT seq FROM poll_plans WHERE seq > :after ORDER BY seq LIMIT :limit",
        named_params! { ":after": after, ":limit": limit },
    )?;
    let Some(last) = rows.last().copied() else {
        return Ok(None);
    };
    tx.run(
        "UPDATE poll_plans
         SET passed_at = max(0, passed_at + :by), due_at = max(not_before, passed_at + :by),
             clock_offset = :offset
         WHERE seq > :after AND seq <= :last AND abs(clock_offset - :offset) >= :least",
        named_params! {
            ":by": by_ms,
            ":offset": tx.clock_offset_ms(),
            ":least": SAME_CLOCK_MS,
            ":after": after,
            ":last": last,
        },
    )?;
    Ok((rows.len() == limit).then_some(last))
}

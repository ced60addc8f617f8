//! What webhooks without a URL keep for their readers.
//!
//! Owns: entries, plans for later ones, and how far each reader has come. Refuses: waiting for more
//! (`service::polling`), and making bodies.
//!
//! # Why entries, and not deliveries
//! A delivery has attempts, states and a lane. What is fetched has none of them: it is there, in an order,
//! until its event leaves. The engine never sees it, and who has no such webhook pays nothing.
//!
//! # Why what is for later has no number yet
//! A reader goes on behind the last number that it saw. An entry that got its number when the event was
//! published, and was shown weeks later, would lie behind everybody. So it gets its number when it is
//! due, from whoever looks first.

use rusqlite::named_params;

use super::numbers::NumberedTable;
use super::{Read, StoreError, WriteTx};
use crate::domain::page::Limit;
use crate::domain::poll::{PollEntry, PollReader, READERS_MAX, UNREAD_MAX};
use crate::domain::schedule::DueTime;
use crate::domain::time::Timestamp;

mod plans;

pub use plans::{call_off, fall_due, next_due, replan, shift_plans};
pub(super) use plans::{forget_planned, is_planned};

/// Keeps an event for the readers of a webhook, from `due` on where that is later.
pub fn keep(
    tx: &mut WriteTx<'_>,
    webhook_seq: i64,
    event_seq: i64,
    shape_seq: Option<i64>,
    due: Option<DueTime>,
) -> Result<(), StoreError> {
    match due {
        Some(due) => plans::plan(tx, webhook_seq, event_seq, shape_seq, due),
        None => keep_now(tx, webhook_seq, event_seq, shape_seq),
    }
}

fn keep_now(
    tx: &mut WriteTx<'_>,
    webhook_seq: i64,
    event_seq: i64,
    shape_seq: Option<i64>,
) -> Result<(), StoreError> {
    let seq = tx.next_seq(NumberedTable::PollEntries)?;
    tx.run(
        "INSERT INTO poll_entries (seq, webhook_seq, event_seq, shape_seq, created_at)
         VALUES (:seq, :webhook, :event, :shape, :now)",
        named_params! {
            ":seq": seq,
            ":webhook": webhook_seq,
            ":event": event_seq,
            ":shape": shape_seq,
            ":now": tx.now(),
        },
    )?;
    let notices = tx.notices();
    notices.polled.push(webhook_seq);
    notices.activity = true;
    Ok(())
}

/// The entries of a webhook behind number `after`, in order; one more than `limit`, if there is one.
pub fn entries(
    conn: &Read<'_>,
    webhook_seq: i64,
    after: i64,
    limit: Limit,
) -> Result<Vec<PollEntry>, StoreError> {
    conn.rows(
        "SELECT seq, event_seq, shape_seq
         FROM poll_entries INDEXED BY poll_entries_of
         WHERE webhook_seq = :webhook AND seq > :after
         ORDER BY seq
         LIMIT :limit",
        named_params! { ":webhook": webhook_seq, ":after": after, ":limit": limit.rows() + 1 },
        |row| {
            Ok(PollEntry {
                seq: row.get("seq")?,
                event_seq: row.get("event_seq")?,
                shape_seq: row.get("shape_seq")?,
            })
        },
    )
}

/// The webhooks that keep an event for their readers, now or later.
pub fn keepers(conn: &Read<'_>, event_seq: i64) -> Result<Vec<i64>, StoreError> {
    conn.values(
        "SELECT webhook_seq FROM poll_entries WHERE event_seq = :event
         UNION
         SELECT webhook_seq FROM poll_plans WHERE event_seq = :event
         LIMIT -1",
        named_params! { ":event": event_seq },
    )
}

/// The highest number that an entry of any webhook ever had.
pub fn newest(conn: &Read<'_>) -> Result<i64, StoreError> {
    conn.value(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'poll_entries'), 0)",
        [],
    )
}

/// The number behind which a webhook's entries are from `at` on.
pub fn behind(conn: &Read<'_>, webhook_seq: i64, at: Timestamp) -> Result<i64, StoreError> {
    let (mut low, mut high) = (0, newest(conn)? + 1);
    // The first entry at or behind a number says on which side of it to go on.
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        let made: Option<Timestamp> = conn.optional(
            "SELECT created_at
             FROM poll_entries INDEXED BY poll_entries_of
             WHERE webhook_seq = :webhook AND seq >= :middle
             ORDER BY seq
             LIMIT 1",
            named_params! { ":webhook": webhook_seq, ":middle": middle },
        )?;
        match made {
            Some(made) if made < at => low = middle,
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}

/// How many entries of a webhook lie behind number `after`; at most [`UNREAD_MAX`].
pub fn unread(conn: &Read<'_>, webhook_seq: i64, after: i64) -> Result<i64, StoreError> {
    conn.value(
        "SELECT count(*)
         FROM (
             SELECT 1
             FROM poll_entries INDEXED BY poll_entries_of
             WHERE webhook_seq = :webhook AND seq > :after
             LIMIT :limit)",
        named_params! { ":webhook": webhook_seq, ":after": after, ":limit": UNREAD_MAX },
    )
}

/// How far a reader has come; 0 for one that never said so.
pub fn position(conn: &Read<'_>, webhook_seq: i64, name: &str) -> Result<i64, StoreError> {
    let found: Option<i64> = conn.optional(
        "SELECT position FROM poll_readers WHERE webhook_seq = :webhook AND name = :name",
        named_params! { ":webhook": webhook_seq, ":name": name },
    )?;
    Ok(found.unwrap_or_default())
}

/// The readers of a webhook, by name.
pub fn readers(conn: &Read<'_>, webhook_seq: i64) -> Result<Vec<PollReader>, StoreError> {
    conn.rows(
        "SELECT name, position, acked_at
         FROM poll_readers
         WHERE webhook_seq = :webhook
         ORDER BY name
         LIMIT :limit",
        named_params! { ":webhook": webhook_seq, ":limit": READERS_MAX },
        |row| {
            Ok(PollReader {
                name: row.get("name")?,
                position: row.get("position")?,
                acked_at: row.get("acked_at")?,
            })
        },
    )
}

/// Writes down how far a reader has come.
pub fn set_position(
    tx: &mut WriteTx<'_>,
    webhook_seq: i64,
    name: &str,
    position: i64,
) -> Result<(), StoreError> {
    tx.run(
        "INSERT INTO poll_readers (webhook_seq, name, position, acked_at)
         VALUES (:webhook, :name, :position, :now)
         ON CONFLICT (webhook_seq, name) DO UPDATE
         SET position = excluded.position, acked_at = excluded.acked_at",
        named_params! {
            ":webhook": webhook_seq,
            ":name": name,
            ":position": position,
            ":now": tx.now(),
        },
    )?;
    // What was kept for it may be what its workspace wants to keep no longer.
    tx.notices().activity = true;
    Ok(())
}

/// Forgets a reader; `false` where there is none of that name.
pub fn forget_reader(
    tx: &mut WriteTx<'_>,
    webhook_seq: i64,
    name: &str,
) -> Result<bool, StoreError> {
    let forgotten = tx.run(
        "DELETE FROM poll_readers WHERE webhook_seq = :webhook AND name = :name",
        named_params! { ":webhook": webhook_seq, ":name": name },
    )?;
    tx.notices().activity = true;
    Ok(forgotten > 0)
}

/// Removes what is kept of an event; answers how many rows that were.
pub(super) fn forget_event(tx: &WriteTx<'_>, event_seq: i64) -> Result<usize, StoreError> {
    let entries = tx.run(
        "DELETE FROM poll_entries WHERE event_seq = :event",
        named_params! { ":event": event_seq },
    )?;
    Ok(entries + forget_planned(tx, event_seq)?)
}

/// Removes up to `limit` rows that hang on a webhook; answers how many that were.
pub(super) fn forget_webhook(
    tx: &WriteTx<'_>,
    webhook_seq: i64,
    limit: u32,
) -> Result<usize, StoreError> {
    let mut removed = 0;
    for table in ["poll_entries", "poll_plans"] {
        let sql = format!(
            "DELETE FROM {table}
             WHERE seq IN (
                 SELECT seq FROM {table} WHERE webhook_seq = :webhook LIMIT :limit)"
        );
        removed += tx.run(
            &sql,
            named_params! { ":webhook": webhook_seq, ":limit": limit },
        )?;
    }
    removed += tx.run(
        "DELETE FROM poll_readers WHERE webhook_seq = :webhook",
        named_params! { ":webhook": webhook_seq },
    )?;
    Ok(removed)
}

/// Whether somebody may still ask for an event: one of the readers, or any where there is none yet.
pub(super) const IS_UNREAD: &str = "EXISTS (
         SELECT 1
         FROM poll_entries AS kept
         JOIN webhooks AS keeper ON keeper.seq = kept.webhook_seq AND keeper.status <> 'revoked'
         WHERE kept.event_seq = events.seq
             AND kept.seq > coalesce((
                 SELECT min(position) FROM poll_readers
                 WHERE poll_readers.webhook_seq = kept.webhook_seq), 0))";

//! Events whose data their workspace wants to keep no longer.
//!
//! Owns: finding them, a part at a time, and emptying them. Refuses: the time between two looks
//! (`service::keeping`).
//!
//! # What is kept all the same
//! What a delivery waits for. Where data is kept until it is delivered, also what a dead letter or a
//! webhook that missed it may still ask for, and what a reader has not dealt with.

use std::time::Duration;

use rusqlite::{Row, named_params};

use super::{Read, StoreError, WriteTx, erasure, poll, row_list};
use crate::domain::keep_data::KeepData;
use crate::domain::time::Timestamp;

/// How long data stays that a delivery waits for beyond its time, before it is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Events that one reading looks at.
pub const LOOKED_AT_MAX: usize = 1000;

/// What a look at some of a workspace's events found.
#[derive(Debug, Default)]
pub struct KeptPart {
    /// Events that are to be emptied.
    pub erasable: Vec<i64>,
    /// Those that must be kept for now, although they are old enough.
    pub pinned: Vec<i64>,
    /// The last that was looked at and is old enough; `None` where there was none.
    pub looked_to: Option<i64>,
    /// Whether there may be more behind it.
    pub is_cut: bool,
    /// When the next of them will be old enough.
    pub next_at: Option<Timestamp>,
}

/// What may be done to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeptState {
    Erased,
    Young,
    Pinned,
    Erasable,
}

/// The workspaces that keep data for less long than events.
pub fn keeping(conn: &Read<'_>) -> Result<Vec<(i64, KeepData)>, StoreError> {
    conn.rows(
        "SELECT seq, keep_data
         FROM workspaces INDEXED BY workspaces_keeping
         WHERE keep_data IS NOT NULL AND deleted_at IS NULL
         LIMIT -1",
        [],
        |row| Ok((row.get(0)?, KeepData::from_code(row.get(1)?))),
    )
}

/// Looks at published events of a workspace behind row `after`, as far as they are old enough.
pub fn look(
    conn: &Read<'_>,
    workspace_seq: i64,
    keep: KeepData,
    after: i64,
    now: Timestamp,
) -> Result<KeptPart, StoreError> {
    let state = state();
    let sql = format!(
        "SELECT seq, created_at, {state} AS state
         FROM events
         WHERE workspace_seq = :workspace AND kind = 0 AND seq > :after
         ORDER BY seq
         LIMIT :limit"
    );
    let rows = conn.rows(
        &sql,
        named_params! {
            ":workspace": workspace_seq,
            ":until_delivered": long_of(keep).is_none(),
            ":newest": newest_of(keep, now),
            ":after": after,
            ":limit": LOOKED_AT_MAX,
        },
        kept_row,
    )?;
    let mut part = KeptPart {
        is_cut: rows.len() == LOOKED_AT_MAX,
        ..KeptPart::default()
    };
    for (seq, created_at, state) in rows {
        if state == KeptState::Young {
            part.next_at = due_at(keep, created_at);
            part.is_cut = false;
            break;
        }
        part.take(seq, state);
        part.looked_to = Some(seq);
    }
    Ok(part)
}

/// Looks again at events that had to be kept: at most as many as [`LOOKED_AT_MAX`] says.
pub fn look_again(
    conn: &Read<'_>,
    keep: KeepData,
    pinned: &[i64],
    now: Timestamp,
) -> Result<KeptPart, StoreError> {
    let state = state();
    let sql = format!(
        "SELECT seq, created_at, {state} AS state
         FROM events
         WHERE seq IN (SELECT value FROM json_each(:pinned))
         LIMIT :limit"
    );
    let rows = conn.rows(
        &sql,
        named_params! {
            ":until_delivered": long_of(keep).is_none(),
            ":newest": newest_of(keep, now),
            ":pinned": row_list(pinned),
            ":limit": LOOKED_AT_MAX,
        },
        kept_row,
    )?;
    let mut part = KeptPart::default();
    for (seq, created_at, state) in rows {
        if state == KeptState::Young {
            let due_at = due_at(keep, created_at);
            part.next_at = part.next_at.into_iter().chain(due_at).min();
            part.pinned.push(seq);
        } else {
            part.take(seq, state);
        }
    }
    Ok(part)
}

impl KeptPart {
    fn take(&mut self, seq: i64, state: KeptState) {
        match state {
            KeptState::Erased => {}
            KeptState::Erasable => self.erasable.push(seq),
            KeptState::Pinned | KeptState::Young => self.pinned.push(seq),
        }
    }
}

/// 0: erased before; 1: may be erased; 2: must be kept; 3: is not old enough, whatever else it is.
fn state() -> String {
    let is_unread = poll::IS_UNREAD;
    format!(
        "CASE WHEN erased_at IS NOT NULL THEN 0
             WHEN created_at > :newest THEN 3
             WHEN EXISTS (
                 SELECT 1 FROM deliveries
                 WHERE event_seq = events.seq AND status IN (0, 1, 5))
                 OR EXISTS (SELECT 1 FROM poll_plans WHERE event_seq = events.seq) THEN 2
             WHEN :until_delivered AND (
                 EXISTS (
                     SELECT 1 FROM deliveries
                     WHERE event_seq = events.seq AND status = 3 AND discarded_at IS NULL)
                 OR EXISTS (SELECT 1 FROM event_misses WHERE event_seq = events.seq)
                 OR {is_unread}) THEN 2
             ELSE 1 END"
    )
}

fn kept_row(row: &Row<'_>) -> Result<(i64, Timestamp, KeptState), StoreError> {
    let state = match row.get("state")? {
        0 => KeptState::Erased,
        1 => KeptState::Erasable,
        3 => KeptState::Young,
        _ => KeptState::Pinned,
    };
    Ok((row.get("seq")?, row.get("created_at")?, state))
}

fn long_of(keep: KeepData) -> Option<Duration> {
    match keep {
        KeepData::For(long) => Some(long),
        KeepData::Retention | KeepData::UntilDelivered => None,
    }
}

/// When the newest event was accepted that is old enough.
fn newest_of(keep: KeepData, now: Timestamp) -> Timestamp {
    long_of(keep).map_or(Timestamp::MAX, |long| now.before(long))
}

fn due_at(keep: KeepData, created_at: Timestamp) -> Option<Timestamp> {
    long_of(keep).map(|long| created_at.after(long))
}

/// Events whose publishers wanted their data kept until `now` at most, those due first, and when the
/// next of the others is due; at most as many as [`LOOKED_AT_MAX`] says.
pub fn due(conn: &Read<'_>, now: Timestamp) -> Result<KeptPart, StoreError> {
    let rows: Vec<(i64, Timestamp)> = conn.rows(
        "SELECT seq, erase_at
         FROM events INDEXED BY events_to_erase
         WHERE erase_at IS NOT NULL
         ORDER BY erase_at
         LIMIT :limit",
        named_params! { ":limit": LOOKED_AT_MAX },
        |row| Ok((row.get("seq")?, row.get("erase_at")?)),
    )?;
    let next = rows.iter().map(|(_, at)| *at).find(|at| *at > now);
    let due = rows.iter().filter(|(_, at)| *at <= now);
    Ok(KeptPart {
        erasable: due.map(|(seq, _)| *seq).collect(),
        next_at: next,
        ..KeptPart::default()
    })
}

/// Empties events whose time is over; those that a delivery waits for have a little longer.
pub fn erase_due(tx: &mut WriteTx<'_>, events: &[i64]) -> Result<(), StoreError> {
    let left = erase_kept(tx, events)?;
    tx.run(
        "UPDATE events SET erase_at = :later
         WHERE seq IN (SELECT value FROM json_each(:left))",
        named_params! { ":later": tx.now().after(LOOK_AGAIN), ":left": row_list(&left) },
    )?;
    Ok(())
}

/// Empties events, as far as no delivery of theirs waits by now; answers those that were left.
pub fn erase_kept(tx: &mut WriteTx<'_>, events: &[i64]) -> Result<Vec<i64>, StoreError> {
    erasure::begin(tx)?;
    let mut left = Vec::new();
    for seq in events {
        let waits: bool = tx.value(
            "SELECT EXISTS (
                 SELECT 1 FROM deliveries WHERE event_seq = :event AND status IN (0, 1, 5))",
            named_params! { ":event": seq },
        )?;
        if waits || poll::is_planned(tx, *seq)? {
            left.push(*seq);
        } else {
            erasure::empty(tx, *seq)?;
        }
    }
    erasure::end_quietly(tx)?;
    tx.notices().activity = true;
    Ok(left)
}

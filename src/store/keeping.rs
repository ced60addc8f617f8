//! Events whose data their workspace wants to keep no longer.
//!
//! Owns: finding them, a part at a time, and emptying them. Refuses: the time between two looks
//! (`service::keeping`).
//!
//! # What is kept all the same
//! What a delivery waits for. Where data is kept until it is delivered, also what a dead letter or a
//! webhook that missed it may still ask for, and what a reader has not dealt with.

use rusqlite::named_params;

use super::{Read, StoreError, WriteTx, erasure, poll};
use crate::domain::keep_data::KeepData;
use crate::domain::time::Timestamp;

/// Events that one reading looks at.
const LOOKED_AT_MAX: usize = 1000;

/// What a look at a part of a workspace's events found.
#[derive(Debug, Default)]
pub struct KeptPart {
    /// Events that are to be emptied.
    pub erasable: Vec<i64>,
    /// The first that must be kept for now.
    pub first_kept: Option<i64>,
    /// The last that was looked at; `None` where there was none.
    pub looked_to: Option<i64>,
    /// Whether there may be more behind it.
    pub is_cut: bool,
    /// When the next of them will be old enough.
    pub next_at: Option<Timestamp>,
}

/// The workspaces that keep data for less long than events.
///
/// # Errors
/// [`StoreError::Sqlite`].
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

/// Looks at published events of a workspace behind row `after`.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn look(
    conn: &Read<'_>,
    workspace_seq: i64,
    keep: KeepData,
    after: i64,
    now: Timestamp,
) -> Result<KeptPart, StoreError> {
    let for_long = match keep {
        KeepData::For(long) => Some(long),
        KeepData::Retention | KeepData::UntilDelivered => None,
    };
    // 0: erased before; 1: may be erased; 2: must be kept.
    let is_unread = poll::IS_UNREAD;
    let sql = format!(
        "SELECT seq, created_at,
             CASE WHEN erased_at IS NOT NULL THEN 0
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
                 ELSE 1 END
         FROM events
         WHERE workspace_seq = :workspace AND kind = 0 AND seq > :after
         ORDER BY seq
         LIMIT :limit"
    );
    let rows: Vec<(i64, Timestamp, i64)> = conn.rows(
        &sql,
        named_params! {
            ":workspace": workspace_seq,
            ":until_delivered": for_long.is_none(),
            ":after": after,
            ":limit": LOOKED_AT_MAX,
        },
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let mut part = KeptPart {
        is_cut: rows.len() == LOOKED_AT_MAX,
        ..KeptPart::default()
    };
    for (seq, created_at, state) in rows {
        let due_at = for_long.map_or(created_at, |long| created_at.after(long));
        if state != 0 && due_at > now {
            part.first_kept.get_or_insert(seq);
            part.next_at = Some(due_at);
            part.is_cut = false;
            break;
        }
        match state {
            0 => {}
            1 => part.erasable.push(seq),
            _ => {
                part.first_kept.get_or_insert(seq);
            }
        }
        part.looked_to = Some(seq);
    }
    Ok(part)
}

/// Empties events, as far as no delivery of theirs waits by now; answers the first that was left.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn erase_kept(tx: &mut WriteTx<'_>, events: &[i64]) -> Result<Option<i64>, StoreError> {
    erasure::begin(tx)?;
    let mut left = None;
    for seq in events {
        let waits: bool = tx.value(
            "SELECT EXISTS (
                 SELECT 1 FROM deliveries WHERE event_seq = :event AND status IN (0, 1, 5))",
            named_params! { ":event": seq },
        )?;
        if waits || poll::is_planned(tx, *seq)? {
            left.get_or_insert(*seq);
        } else {
            erasure::empty(tx, *seq)?;
        }
    }
    erasure::end_quietly(tx)?;
    tx.notices().activity = true;
    Ok(left)
}

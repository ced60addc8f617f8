//! Deliveries whose event is not what was once published, or that cannot be read themselves.
//!
//! Owns: finding those that wait, and ending the others. Refuses: deciding what becomes of them.

use rusqlite::named_params;

use crate::domain::delivery::Status;
use crate::store::{Read, StoreError, WriteTx, events};

/// Deliveries that are looked at in one go.
const LOOKED_AT_MAX: i64 = 500;

/// The first waiting deliveries of a webhook that carry a damaged event, found in one stretch of
/// [`LOOKED_AT_MAX`]; none where all are sound.
pub fn damaged(conn: &Read<'_>, webhook_seq: i64) -> Result<Vec<i64>, StoreError> {
    let mut after = 0;
    loop {
        let rows = waiting(conn, webhook_seq, after)?;
        let Some((last, _)) = rows.last() else {
            return Ok(Vec::new());
        };
        after = *last;
        let mut found = Vec::new();
        let mut judged = None;
        for (seq, event_seq) in rows {
            let is_sound = match judged {
                Some((event, is_sound)) if event == event_seq => is_sound,
                Some(_) | None => is_sound(conn, event_seq)?,
            };
            judged = Some((event_seq, is_sound));
            found.extend((!is_sound).then_some(seq));
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
}

/// Gives up a scheduled delivery whose row cannot be understood, whatever else stands in it; `error` says
/// so on it.
pub fn give_up_unreadable(tx: &mut WriteTx<'_>, seq: i64, error: &str) -> Result<(), StoreError> {
    let webhook_seq: Option<i64> = tx.optional(
        "UPDATE deliveries
         SET status = :exhausted, next_attempt_at = NULL, manual_fallback = NULL, fallback_at = NULL,
             completed_at = :now, last_error = :error
         WHERE seq = :seq AND status = :scheduled
         RETURNING webhook_seq",
        named_params! {
            ":seq": seq,
            ":exhausted": Status::Exhausted,
            ":scheduled": Status::Scheduled,
            ":error": error,
            ":now": tx.now(),
        },
    )?;
    if let Some(webhook_seq) = webhook_seq {
        let (old, new) = (Some(Status::Scheduled), Some(Status::Exhausted));
        tx.effects.count(webhook_seq, old, new);
        tx.notices().activity = true;
    }
    Ok(())
}

fn waiting(conn: &Read<'_>, webhook_seq: i64, after: i64) -> Result<Vec<(i64, i64)>, StoreError> {
    conn.rows(
        "SELECT seq, event_seq
         FROM deliveries
         WHERE webhook_seq = :webhook AND status IN (0, 1) AND seq > :after
         ORDER BY seq
         LIMIT :limit",
        named_params! { ":webhook": webhook_seq, ":after": after, ":limit": LOOKED_AT_MAX },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn is_sound(conn: &Read<'_>, event_seq: i64) -> Result<bool, StoreError> {
    match events::find(conn, event_seq) {
        Ok(found) => Ok(found.is_some()),
        Err(StoreError::Damaged(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

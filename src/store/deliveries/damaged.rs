//! Deliveries whose event is not what was once published.
//!
//! Owns: finding those that wait. Refuses: deciding what becomes of them.

use rusqlite::named_params;

use crate::store::{Read, StoreError, events};

/// Deliveries that are looked at in one go.
const LOOKED_AT_MAX: i64 = 500;

/// The first waiting deliveries of a webhook that carry a damaged event, found in one stretch of
/// [`LOOKED_AT_MAX`]; none where all are sound.
///
/// # Errors
/// [`StoreError::Sqlite`].
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

//! How often deliveries were attempted so far, as their rows show it.
//!
//! Owns: reading just that of many. Refuses: what the attempts came to ([`super::find`]).

use rusqlite::{Row, named_params};

use crate::store::{Read, StoreError, row_list};

/// A delivery and how often it was attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptedSoFar {
    /// Its row.
    pub seq: i64,
    /// The row of its webhook.
    pub webhook_seq: i64,
    /// The row of its event.
    pub event_seq: i64,
    /// How many attempts its row shows.
    pub attempts: u32,
}

/// Of the deliveries in these rows.
pub fn attempted_so_far(conn: &Read<'_>, rows: &[i64]) -> Result<Vec<AttemptedSoFar>, StoreError> {
    conn.rows(
        "SELECT seq, webhook_seq, event_seq, attempt_count
         FROM deliveries
         WHERE seq IN (SELECT value FROM json_each(:rows))
         ORDER BY seq
         LIMIT -1",
        named_params! { ":rows": row_list(rows) },
        so_far,
    )
}

/// Of all deliveries of the events in these rows.
pub fn attempted_so_far_of(
    conn: &Read<'_>,
    events: &[i64],
) -> Result<Vec<AttemptedSoFar>, StoreError> {
    conn.rows(
        "SELECT seq, webhook_seq, event_seq, attempt_count
         FROM deliveries INDEXED BY deliveries_by_event
         WHERE event_seq IN (SELECT value FROM json_each(:events))
         LIMIT -1",
        named_params! { ":events": row_list(events) },
        so_far,
    )
}

pub(super) fn so_far(row: &Row<'_>) -> Result<AttemptedSoFar, StoreError> {
    Ok(AttemptedSoFar {
        seq: row.get("seq")?,
        webhook_seq: row.get("webhook_seq")?,
        event_seq: row.get("event_seq")?,
        attempts: row.get("attempt_count")?,
    })
}

//! Events by the row, for bulk work.
//!
//! Owns: finding the next that match a filter and still carry something. Refuses: reading what they
//! carry.

use rusqlite::Row;

use super::list::{EventColumns, each_row};
use crate::domain::event::EventFilter;
use crate::domain::event_type::Pattern;
use crate::domain::page::{Cursor, List, Order};
use crate::store::{Read, StoreError};

/// Rows that one reading looks at.
pub const SCANNED_EVENTS_MAX: usize = 10_000;

/// What is read of each.
const COLUMNS: EventColumns = EventColumns {
    select: "SELECT events.seq, events.type, events.erased_at IS NOT NULL AS is_erased",
    joins: "",
};

/// Which events are to be found.
#[derive(Clone, Debug)]
pub struct EventScan {
    /// The workspace, the consumer, the labels and the span of time.
    pub filter: EventFilter,
    /// Only of types that fit.
    pub pattern: Option<Pattern>,
    /// Only behind this row.
    pub after: i64,
    /// Only before this row.
    pub end: i64,
}

/// What a reading found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScannedEvents {
    /// Their rows, oldest first.
    pub rows: Vec<i64>,
    /// The row behind which the next reading goes on; `None` where all were looked at.
    pub next: Option<i64>,
}

/// The next published events that match and were not erased, at most `limit` of them, among
/// [`SCANNED_EVENTS_MAX`] rows.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn unerased(
    conn: &Read<'_>,
    scan: &EventScan,
    limit: usize,
) -> Result<ScannedEvents, StoreError> {
    let filter = EventFilter {
        order: Order::Ascending,
        cursor: Some(Cursor::behind(List::Events, scan.after)),
        ..scan.filter.clone()
    };
    let (mut found, mut looked_at, mut last) = (ScannedEvents::default(), 0, scan.after);
    let mut is_over = false;
    let each = |row: &Row<'_>| {
        let seq: i64 = row.get("seq")?;
        if seq >= scan.end {
            is_over = true;
            return Ok(false);
        }
        (looked_at, last) = (looked_at + 1, seq);
        let is_erased: bool = row.get("is_erased")?;
        let fits = match &scan.pattern {
            Some(pattern) => pattern.fits(&row.get::<_, String>("type")?),
            None => true,
        };
        if fits && !is_erased {
            found.rows.push(seq);
        }
        Ok(found.rows.len() < limit)
    };
    each_row(conn, &filter, COLUMNS, SCANNED_EVENTS_MAX, each)?;
    let is_cut = looked_at == SCANNED_EVENTS_MAX || found.rows.len() == limit;
    found.next = (is_cut && !is_over).then_some(last);
    Ok(found)
}

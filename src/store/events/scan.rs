//! Events by the row: for bulk work, and for what no index leads to.
//!
//! Owns: finding the next rows that match a filter, its pattern included, within a bound. Refuses: reading
//! what they carry.

use rusqlite::Row;

use super::rows::{EventColumns, each_row};
use crate::domain::event::EventFilter;
use crate::domain::page::{Cursor, List, Order};
use crate::store::{Read, StoreError};

/// Rows that one reading looks at.
pub const SCANNED_EVENTS_MAX: usize = 10_000;

/// What is read of each.
const COLUMNS: EventColumns = EventColumns {
    select: "SELECT events.seq, events.type, events.erased_at IS NOT NULL AS is_erased",
    joins: "",
};

/// Which events bulk work is done to.
#[derive(Clone, Debug)]
pub struct EventScan {
    /// The workspace, the consumer, the types, the labels and the span of time.
    pub filter: EventFilter,
    /// Only behind this row.
    pub after: i64,
    /// Only before this row.
    pub end: i64,
}

/// What a reading found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScannedEvents {
    /// Their rows, in the order of the filter.
    pub rows: Vec<i64>,
    /// The last row that was looked at; `None` where there was none.
    pub last: Option<i64>,
    /// The row behind which the next reading goes on; `None` where all were looked at.
    pub next: Option<i64>,
}

/// The next published events that match and were not erased, oldest first: at most `limit` of them, among
/// [`SCANNED_EVENTS_MAX`] rows.
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
    let is_wanted = |row: &Row<'_>| Ok(!row.get::<_, bool>("is_erased")?);
    found(conn, &filter, limit, scan.end, is_wanted)
}

/// The published events that match, in the order of the filter: at most `limit` of them, among
/// [`SCANNED_EVENTS_MAX`] rows.
pub(super) fn fitting(
    conn: &Read<'_>,
    filter: &EventFilter,
    limit: usize,
) -> Result<ScannedEvents, StoreError> {
    found(conn, filter, limit, i64::MAX, |_| Ok(true))
}

fn found(
    conn: &Read<'_>,
    filter: &EventFilter,
    limit: usize,
    end: i64,
    is_wanted: impl Fn(&Row<'_>) -> Result<bool, StoreError>,
) -> Result<ScannedEvents, StoreError> {
    let (mut found, mut looked_at, mut is_over) = (ScannedEvents::default(), 0, false);
    let each = |row: &Row<'_>| {
        let seq: i64 = row.get("seq")?;
        if seq >= end {
            is_over = true;
            return Ok(false);
        }
        (looked_at, found.last) = (looked_at + 1, Some(seq));
        let fits = match &filter.pattern {
            Some(pattern) => row
                .get_ref("type")?
                .as_str()
                .is_ok_and(|name| pattern.fits(name)),
            None => true,
        };
        if fits && is_wanted(row)? {
            found.rows.push(seq);
        }
        Ok(found.rows.len() < limit)
    };
    each_row(conn, filter, COLUMNS, SCANNED_EVENTS_MAX, each)?;
    let is_cut = looked_at == SCANNED_EVENTS_MAX || found.rows.len() == limit;
    found.next = found.last.filter(|_| is_cut && !is_over);
    Ok(found)
}

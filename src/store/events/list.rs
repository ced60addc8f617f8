//! Lists of events for browsing and polling.
//!
//! Owns: a list's page, and where it goes on. Refuses: choosing what leads it ([`super::rows`]).
//!
//! # Why a page may be short
//! No index has the events below a prefix in their order. They are looked for row by row, among a bounded
//! number ([`super::scan`]), and the cursor says where to go on.

use rusqlite::Row;

use super::rows::{EventColumns, bounds, each_row};
use super::{COLUMNS, JOINS, in_rows, scan, stored};
use crate::domain::event::{EventFilter, StoredEvent};
use crate::domain::page::{Cursor, Limit, List, Order, Page, is_backwards};
use crate::store::found::Found;
use crate::store::{Read, StoreError};

/// A page of published events; one that is not what was once published is left out, and the log says
/// so. In ascending order the page always says where to go on: row numbers
/// are given in commit order, so that a poller that goes on from there never skips or repeats one. What
/// lies before a cursor of the descending order is read upwards.
pub fn list(
    conn: &Read<'_>,
    filter: &EventFilter,
    limit: Limit,
) -> Result<Page<StoredEvent>, StoreError> {
    if filter.order == Order::Descending && is_backwards(filter.cursor) {
        let filter = EventFilter {
            order: Order::Ascending,
            cursor: filter.cursor.map(Cursor::turned),
            ..filter.clone()
        };
        return Ok(read(conn, &filter, limit)?.0.turned());
    }
    let (mut page, last) = read(conn, filter, limit)?;
    if filter.order == Order::Ascending {
        page.next = Some(Cursor::behind(List::Events, last));
    }
    Ok(page)
}

/// A page that says where to go on if there is more, and the last row that was looked at.
fn read(
    conn: &Read<'_>,
    filter: &EventFilter,
    limit: Limit,
) -> Result<(Page<StoredEvent>, i64), StoreError> {
    if filter.pattern.is_some() {
        return read_fitting(conn, filter, limit);
    }
    let columns = EventColumns {
        select: COLUMNS,
        joins: JOINS,
    };
    let mut found = Found::new(limit);
    let each = |row: &Row<'_>| {
        let bytes = |event: &StoredEvent| event.event.data.len();
        found.take(row.get("seq")?, stored(row), bytes)?;
        Ok(found.has_room())
    };
    let start = each_row(conn, filter, columns, limit.rows() + 1, each)?;
    let last = found.last().unwrap_or(start);
    Ok((found.paged(List::Events), last))
}

/// As [`read`], of types that fit the filter's pattern.
fn read_fitting(
    conn: &Read<'_>,
    filter: &EventFilter,
    limit: Limit,
) -> Result<(Page<StoredEvent>, i64), StoreError> {
    let scanned = scan::fitting(conn, filter, limit.rows())?;
    let rows = in_rows(conn, &scanned.rows)?;
    let (last, next) = match rows.last() {
        // As many bytes as a page bears: it goes on behind what it holds.
        Some((seq, _)) if rows.len() < scanned.rows.len() => (Some(*seq), Some(*seq)),
        Some(_) | None => (scanned.last, scanned.next),
    };
    let page = Page {
        items: rows.into_iter().filter_map(|(_, event)| event).collect(),
        next: next.map(|next| Cursor::behind(List::Events, next)),
    };
    let start = || bounds(conn, filter).map(|(_, _, start)| start);
    Ok((page, last.map_or_else(start, Ok)?))
}

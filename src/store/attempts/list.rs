//! Lists of attempts, the latest deliveries' first.
//!
//! Owns: walking from deliveries to their attempts, a page at a time. Refuses: choosing deliveries
//! (`deliveries::scan`).
//!
//! # Why the cursor names an attempt
//! A delivery may have thousands of attempts. A page ends behind any of them, and the next one begins
//! with the attempt before it.

use rusqlite::named_params;

use super::{SELECT, attempt, bytes_of};
use crate::domain::attempt::{ATTEMPTS_MAX, Attempt, delivery_row, row_number};
use crate::domain::delivery::{AttemptFilter, AttemptOutcome};
use crate::domain::page::{Cursor, Limit, List, Order, Page, is_backwards};
use crate::store::deliveries::{self, SCAN_ROWS_MAX};
use crate::store::found::Found;
use crate::store::{Read, StoreError};

/// A page of attempts with the rows of their deliveries: those of the newest delivery first, and of each
/// the latest first. It looks at the attempts of [`SCAN_ROWS_MAX`] deliveries at most, and is short
/// where it finds fewer than asked. Before a cursor the same way is gone upwards.
pub fn list(
    conn: &Read<'_>,
    filter: &AttemptFilter,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<(i64, Attempt)>, StoreError> {
    let order = match is_backwards(cursor) {
        false => Order::Descending,
        true => Order::Ascending,
    };
    let walked = walk(conn, filter, cursor.map(Cursor::seq), order, limit)?;
    Ok(match order {
        Order::Descending => walked,
        Order::Ascending => walked.turned(),
    })
}

/// As [`list`], from row `start` on in an order; in ascending order oldest first.
fn walk(
    conn: &Read<'_>,
    filter: &AttemptFilter,
    start: Option<i64>,
    order: Order,
    limit: Limit,
) -> Result<Page<(i64, Attempt)>, StoreError> {
    // The delivery of the attempt at which the page before ended may have more.
    let (between, aside) = match order {
        Order::Descending => ((0, start.unwrap_or(i64::MAX)), 1),
        Order::Ascending => ((start.unwrap_or_default(), i64::MAX), -1),
    };
    let mut next = start.map(|start| behind(delivery_row(start) + aside));
    let mut found = Found::new(limit);
    let mut looked_at = 0;
    loop {
        let rows = limit.rows();
        let page = deliveries::scan(conn, &filter.deliveries, next, rows, order)?;
        for delivery_seq in &page.items {
            take(conn, filter, *delivery_seq, (between, order), &mut found)?;
            if !found.has_room() {
                return Ok(found.paged(List::Attempts));
            }
        }
        looked_at += rows.max(page.items.len());
        next = page.next;
        let Some(last) = next else {
            return Ok(found.paged(List::Attempts));
        };
        if looked_at >= SCAN_ROWS_MAX {
            let mut page = found.paged(List::Attempts);
            let number = match order {
                Order::Descending => 0,
                Order::Ascending => ATTEMPTS_MAX,
            };
            page.next = Some(Cursor::behind(
                List::Attempts,
                row_number(last.seq(), number),
            ));
            return Ok(page);
        }
    }
}

fn behind(delivery_seq: i64) -> Cursor {
    Cursor::behind(List::Deliveries, delivery_seq)
}

/// Takes the attempts of a delivery that are wanted and lie between two rows, in an order.
fn take(
    conn: &Read<'_>,
    filter: &AttemptFilter,
    delivery_seq: i64,
    ((low, high), order): ((i64, i64), Order),
    found: &mut Found<(i64, Attempt)>,
) -> Result<(), StoreError> {
    let direction = match order {
        Order::Descending => "DESC",
        Order::Ascending => "ASC",
    };
    let sql = format!(
        "{SELECT}
         WHERE seq > :first AND seq <= :last AND seq > :low AND seq < :high
             AND (:failed IS NULL OR (error_kind IS NOT NULL) = :failed)
             AND (:class IS NULL OR coalesce(status_code, 0) / 100 = :class)
         ORDER BY seq {direction}
         LIMIT -1"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! {
        ":first": row_number(delivery_seq, 0),
        ":last": row_number(delivery_seq, ATTEMPTS_MAX),
        ":low": low,
        ":high": high,
        ":failed": filter.outcome.map(|outcome| outcome == AttemptOutcome::Failed),
        ":class": filter.status_class.map(|class| class / 100),
    })?;
    while found.has_room()
        && let Some(row) = rows.next()?
    {
        let read = attempt(row).map(|own| (delivery_seq, own));
        found.take(row.get("seq")?, read, |(_, own)| bytes_of(own))?;
    }
    Ok(())
}

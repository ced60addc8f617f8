//! Lists of deliveries: any filter, any depth, a bounded cost per page.
//!
//! Owns: choosing the index that leads, filtering what it yields. Refuses: unbounded scans.
//!
//! # Why a page may be short
//! One index leads each list; the filters that it does not cover are checked row by row. A rare
//! combination (the one failure among a million deliveries of one type) would make a page look at
//! all of them. So a page looks at [`SCAN_ROWS_MAX`] rows at most; if it has not found enough by
//! then, it is short, and its cursor says where to go on.

use rusqlite::{Row, named_params};

use super::in_rows;
use crate::domain::delivery::{
    Delivery, DeliveryFilter, DeliveryScope, JobPart, Status, TestsShown, Trigger,
};
use crate::domain::event_type::{EventTypeName, Pattern};
use crate::domain::page::{Cursor, Limit, List, Order, Page, is_backwards};
use crate::domain::time::Timestamp;
use crate::store::events::context::is_marked;
use crate::store::setbacks::{self, DatedTable};
use crate::store::{Read, StoreError, profiles};

/// Rows that one page looks at.
pub const SCAN_ROWS_MAX: usize = 10_000;

/// Every candidate with what filters look at: a statement of its own for each row would take three
/// times as long.
const CANDIDATES: &str = "SELECT seq, workspace_seq, webhook_seq, event_type, status, trigger,
         created_at, discarded_at, profile_seq, last_status_code, last_error_kind, consumer_seq,
         event_seq, job_seq, completed_at, manual_fallback
     FROM deliveries";

/// A page of deliveries, newest first.
pub fn list(
    conn: &Read<'_>,
    filter: &DeliveryFilter,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<Delivery>, StoreError> {
    if is_backwards(cursor) {
        let cursor = cursor.map(Cursor::turned);
        return Ok(list_in(conn, filter, Order::Ascending, cursor, limit)?.turned());
    }
    list_in(conn, filter, Order::Descending, cursor, limit)
}

/// As [`list`], in `order`.
pub fn list_in(
    conn: &Read<'_>,
    filter: &DeliveryFilter,
    order: Order,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<Delivery>, StoreError> {
    let scanned = scan(conn, filter, cursor, limit.rows(), order)?;
    let mut items = in_rows(conn, &scanned.items)?;
    if order == Order::Descending {
        items.reverse();
    }
    Ok(Page {
        items,
        next: scanned.next,
    })
}

/// How many deliveries a filter matches, all of them looked at: for bulk actions, not for pages.
pub fn count(conn: &Read<'_>, filter: &DeliveryFilter) -> Result<u64, StoreError> {
    let mut total = 0;
    let mut cursor = None;
    loop {
        let page = scan(conn, filter, cursor, SCAN_ROWS_MAX, Order::Ascending)?;
        total += u64::try_from(page.items.len()).unwrap_or(u64::MAX);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(total);
        }
    }
}

/// The row numbers of up to `rows` matching deliveries behind `cursor`, in `order`; looks at
/// [`SCAN_ROWS_MAX`] rows at most.
pub fn scan(
    conn: &Read<'_>,
    filter: &DeliveryFilter,
    cursor: Option<Cursor>,
    rows: usize,
    order: Order,
) -> Result<Page<i64>, StoreError> {
    scan_for(conn, filter, cursor, rows, order, |row| Ok(row.get(0)?))
}

/// How up to `rows` matching deliveries stand, in `order`; looks no further than [`scan`].
pub(super) fn scan_statuses(
    conn: &Read<'_>,
    filter: &DeliveryFilter,
    rows: usize,
    order: Order,
) -> Result<Vec<Status>, StoreError> {
    Ok(scan_for(conn, filter, None, rows, order, |row| Ok(row.get(4)?))?.items)
}

/// As [`scan`], with what `item` takes from each row of [`CANDIDATES`].
fn scan_for<T>(
    conn: &Read<'_>,
    filter: &DeliveryFilter,
    cursor: Option<Cursor>,
    rows: usize,
    order: Order,
    item: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Page<T>, StoreError> {
    let (low, high) = bounds(conn, filter)?;
    let (low, high) = match (order, cursor) {
        (_, None) => (low, high),
        (Order::Ascending, Some(cursor)) => (low.max(cursor.seq()), high),
        (Order::Descending, Some(cursor)) => (low, high.min(cursor.seq())),
    };
    let list = match filter.scope {
        DeliveryScope::DeadLetters | DeliveryScope::Discarded => List::DeadLetters,
        DeliveryScope::All | DeliveryScope::Undiscarded => List::Deliveries,
    };
    let sql = leading(filter, order);
    let mut statement = conn.prepare_cached(&sql)?;
    let budget = i64::try_from(SCAN_ROWS_MAX + 1).expect("a small bound");
    let mut candidates = statement.query(named_params! {
        ":lead": lead_value(filter),
        ":low": low,
        ":high": high,
        ":budget": budget,
    })?;
    let versions = filter
        .profile
        .as_deref()
        .map(|name| profiles::versions(conn, name));
    let versions = versions.transpose()?;
    let mut found = Vec::new();
    let mut looked_at = 0;
    let mut last = None;
    while let Some(row) = candidates.next()? {
        if found.len() == rows || looked_at == SCAN_ROWS_MAX {
            return Ok(Page {
                items: found,
                next: last.map(|last| Cursor::behind(list, last)),
            });
        }
        let seq: i64 = row.get(0)?;
        looked_at += 1;
        last = Some(seq);
        if matches(filter, versions.as_deref(), row)? && carries(conn, filter, row)? {
            found.push(item(row)?);
        }
    }
    Ok(Page {
        items: found,
        next: None,
    })
}

/// The statement that yields candidates from the one index that narrows most.
fn leading(filter: &DeliveryFilter, order: Order) -> String {
    let direction = match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    let range = "seq > :low AND seq < :high";
    let one = |condition: &str| format!("{CANDIDATES} WHERE {condition} AND {range}");
    let select = if filter.event_seq.is_some() {
        one("event_seq = :lead")
    } else if filter.job_seq.is_some() {
        by_status(filter, "job_seq", range)
    } else if filter.scope == DeliveryScope::DeadLetters {
        // Left to itself, SQLite takes an index that holds the discarded ones as well.
        let (column, index) = if filter.webhook_seq.is_some() {
            ("webhook_seq", "dead_letters_of")
        } else if filter.consumer_seq.is_some() {
            ("consumer_seq", "dead_letters_of_consumer")
        } else {
            ("workspace_seq", "dead_letters")
        };
        format!(
            "{CANDIDATES} INDEXED BY {index}
             WHERE {column} = :lead AND status = 3 AND discarded_at IS NULL AND {range}"
        )
    } else if filter.webhook_seq.is_some() {
        by_status(filter, "webhook_seq", range)
    } else if filter.consumer_seq.is_some() {
        by_status(filter, "consumer_seq", range)
    } else if exact_type(filter).is_some() {
        // The workspace is checked row by row: a type's name is its best index.
        format!(
            "{CANDIDATES}
             WHERE workspace_seq = {} AND event_type = :lead AND {range}",
            filter.workspace_seq
        )
    } else {
        by_status(filter, "workspace_seq", range)
    };
    format!("{select} ORDER BY seq {direction} LIMIT :budget")
}

/// The index holds rows by status; a list of several statuses merges one ordered scan of each.
fn by_status(filter: &DeliveryFilter, column: &str, range: &str) -> String {
    let wanted = |status: &Status| {
        let in_scope = match filter.scope {
            DeliveryScope::All | DeliveryScope::Undiscarded => true,
            DeliveryScope::DeadLetters | DeliveryScope::Discarded => *status == Status::Exhausted,
        };
        in_scope
            && filter.job_part.is_none_or(|part| part.has(*status))
            && (filter.statuses.is_empty() || filter.statuses.contains(status))
    };
    let scan = |status: Status| {
        let code = status.code();
        format!("{CANDIDATES} WHERE {column} = :lead AND status = {code} AND {range}")
    };
    let scans: Vec<String> = Status::ALL.into_iter().filter(wanted).map(scan).collect();
    match scans.is_empty() {
        // States that the scope does not have: nothing of it will fit.
        true => scan(Status::Exhausted),
        false => scans.join(" UNION ALL "),
    }
}

fn lead_value(filter: &DeliveryFilter) -> rusqlite::types::Value {
    let seqs = [
        filter.event_seq,
        filter.job_seq,
        filter.webhook_seq,
        filter.consumer_seq,
    ];
    if let Some(seq) = seqs.into_iter().flatten().next() {
        return seq.into();
    }
    match exact_type(filter) {
        Some(name) if filter.scope != DeliveryScope::DeadLetters => name.as_str().to_owned().into(),
        _ => filter.workspace_seq.into(),
    }
}

/// The one event type that is wanted, where it is one.
fn exact_type(filter: &DeliveryFilter) -> Option<&EventTypeName> {
    match &filter.event_type {
        Some(Pattern::Exact(name)) => Some(name),
        Some(Pattern::All | Pattern::Below(_)) | None => None,
    }
}

/// Whether a row of [`CANDIDATES`] is wanted; its columns are read only as far as that takes.
fn matches(
    filter: &DeliveryFilter,
    versions: Option<&[i64]>,
    row: &Row<'_>,
) -> Result<bool, StoreError> {
    let webhook = filter.webhook_seq;
    let wanted_type = || match &filter.event_type {
        Some(wanted) => Ok(row.get_ref(3)?.as_str().is_ok_and(|name| wanted.fits(name))),
        None => Ok::<_, StoreError>(true),
    };
    Ok(row.get::<_, i64>(1)? == filter.workspace_seq
        && (webhook.is_none() || webhook == row.get(2)?)
        && (filter.consumer_seq.is_none() || filter.consumer_seq == row.get(11)?)
        && (filter.job_seq.is_none() || filter.job_seq == row.get(13)?)
        && wanted_type()?
        && is_in_state(filter, row)?
        && is_in_part(filter, row)?
        && row.get::<_, i64>(5)? != Trigger::Alert.code()
        && is_in_time(filter, row.get(6)?)
        && has_ended(filter, row)?
        && (filter.tests == TestsShown::All || is_counted(row)?)
        && match filter.result {
            Some(result) => result.fits(row.get(9)?, row.get(10)?),
            None => true,
        }
        && match versions {
            Some(versions) => versions.contains(&row.get(8)?),
            None => true,
        })
}

/// Whether the event of a row of [`CANDIDATES`] is one that is wanted. Only its channels and tags cost a
/// statement of their own, where they are asked for.
fn carries(conn: &Read<'_>, filter: &DeliveryFilter, row: &Row<'_>) -> Result<bool, StoreError> {
    let Some(wanted) = &filter.carried else {
        return Ok(true);
    };
    let name = row.get_ref(3)?.as_str().unwrap_or_default();
    if !wanted.types.is_empty() && !wanted.types.iter().any(|one| one == name) {
        return Ok(false);
    }
    if wanted.channel.is_none() && wanted.tag.is_none() {
        return Ok(true);
    }
    let event_seq: i64 = row.get(12)?;
    is_marked(
        conn,
        event_seq,
        wanted.channel.as_deref(),
        wanted.tag.as_deref(),
    )
}

fn is_in_state(filter: &DeliveryFilter, row: &Row<'_>) -> Result<bool, StoreError> {
    let status: i64 = row.get(4)?;
    let discarded: Option<i64> = row.get(7)?;
    let of_sort = match filter.scope {
        DeliveryScope::All => true,
        DeliveryScope::Undiscarded => discarded.is_none(),
        DeliveryScope::DeadLetters => status == Status::Exhausted.code() && discarded.is_none(),
        // A failed test is put away by hookpost, not by a person.
        DeliveryScope::Discarded => {
            status == Status::Exhausted.code()
                && discarded.is_some()
                && row.get::<_, i64>(5)? != Trigger::Test.code()
        }
    };
    let is_wanted = |wanted: &Status| wanted.code() == status;
    Ok(of_sort && (filter.statuses.is_empty() || filter.statuses.iter().any(is_wanted)))
}

fn is_in_time(filter: &DeliveryFilter, created_at: Timestamp) -> bool {
    filter.since.is_none_or(|since| created_at >= since)
        && filter.until.is_none_or(|until| created_at < until)
}

/// Whether the sums count a row of [`CANDIDATES`] as ended since then: a failed test is not among them.
fn has_ended(filter: &DeliveryFilter, row: &Row<'_>) -> Result<bool, StoreError> {
    let Some(since) = filter.ended_since else {
        return Ok(true);
    };
    let ended_at: Option<Timestamp> = row.get(14)?;
    Ok(is_counted(row)? && ended_at.is_some_and(|at| at >= since))
}

/// Whether a row of [`CANDIDATES`] enters sums and rates.
fn is_counted(row: &Row<'_>) -> Result<bool, StoreError> {
    let trigger: Trigger = row.get(5)?;
    Ok(!trigger.is_failed_test(row.get(4)?))
}

/// Whether a row of [`CANDIDATES`] is of the part of a job's deliveries that is wanted.
fn is_in_part(filter: &DeliveryFilter, row: &Row<'_>) -> Result<bool, StoreError> {
    match filter.job_part {
        Some(part) => Ok(JobPart::of(row.get(4)?, row.get(15)?) == part),
        None => Ok(true),
    }
}

/// The row numbers that `since` and `until` leave, exclusive at both ends. Where the
/// clock went back there are others between them: each row is looked at besides.
fn bounds(conn: &Read<'_>, filter: &DeliveryFilter) -> Result<(i64, i64), StoreError> {
    let low = filter.since.map_or(Ok(0), |since| {
        setbacks::first_since(conn, DatedTable::Deliveries, since).map(|seq| seq - 1)
    })?;
    let high = filter.until.map_or(Ok(i64::MAX), |until| {
        setbacks::end_until(conn, DatedTable::Deliveries, until)
    })?;
    Ok((low, high))
}

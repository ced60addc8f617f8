//! Lists of events below a prefix: what they walk, and how far one page looks.

use super::*;
use crate::domain::event::EventFilter;
use crate::domain::page::{Cursor, Limit, List, Order};
use crate::store::tests::new_event;
use crate::store::tests::samples::{Office, event, office, pattern};

fn below(prefix: &str, order: Order, cursor: Option<Cursor>) -> EventFilter {
    EventFilter {
        workspace_seq: 1,
        pattern: Some(pattern(prefix)),
        order,
        cursor,
        ..EventFilter::default()
    }
}

/// The rows of each page from the first to the last.
fn walk(office: &Office, prefix: &str, order: Order, limit: u32) -> Vec<Vec<i64>> {
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let filter = below(prefix, order, cursor);
        let page = office.read(|conn| list(conn, &filter, Limit::clamped(limit)));
        let rows: Vec<i64> = page.items.iter().map(|one| one.event.id.seq()).collect();
        // A poller's page always says where to go on.
        let is_over = page.next.is_none() || (order == Order::Ascending && page.next == cursor);
        cursor = page.next;
        if !rows.is_empty() || !is_over {
            pages.push(rows);
        }
        if is_over {
            return pages;
        }
    }
}

#[test]
fn a_list_below_a_prefix_holds_what_fits_and_nothing_else() {
    let office = office();
    let types = ["a", "a.b", "ab.c", "a.c.d"];
    office.write(move |tx| {
        for name in types.iter().cycle().take(40) {
            event(tx, name)?;
        }
        Ok(())
    });
    let fitting: Vec<i64> = (1..=40).filter(|seq| seq % 2 == 0).collect();
    let newest: Vec<i64> = fitting.iter().rev().copied().collect();
    let all = |order, limit| walk(&office, "a.*", order, limit).concat();
    for limit in [1, 7, 20, 50] {
        assert_eq!(all(Order::Ascending, limit), fitting, "{limit}");
        assert_eq!(all(Order::Descending, limit), newest, "{limit}");
    }
    // A page before a cursor is read upwards.
    let cursor = Cursor::before(List::Events, 20);
    let filter = below("a.*", Order::Descending, Some(cursor));
    let page = office.read(|conn| list(conn, &filter, Limit::clamped(3)));
    let rows: Vec<i64> = page.items.iter().map(|one| one.event.id.seq()).collect();
    assert_eq!(rows, [26, 24, 22]);
}

#[test]
fn a_page_looks_at_a_bounded_number_and_says_where_to_go_on() {
    let office = office();
    office.write(|tx| {
        event(tx, "rare.one")?;
        for _ in 0..SCANNED_EVENTS_MAX + 50 {
            event(tx, "common")?;
        }
        Ok(())
    });
    let pages = walk(&office, "rare.*", Order::Descending, 50);
    assert_eq!(pages, [vec![], vec![1]]);
    let polled = walk(&office, "rare.*", Order::Ascending, 50);
    assert_eq!(polled, [vec![1], vec![]]);
}

#[test]
fn a_page_below_a_prefix_bears_no_more_bytes_than_any() {
    let office = office();
    office.write(|tx| {
        let workspace = event(tx, "other")?.workspace;
        let data = format!("\"{}\"", "x".repeat(PAGE_BYTES_MAX / 2));
        for _ in 0..5 {
            let new = NewEvent {
                event_type: "a.b".into(),
                ..new_event(&data)
            };
            insert(tx, workspace, new, 0)?;
        }
        Ok(())
    });
    for (order, expect) in [
        (Order::Ascending, [vec![2, 3], vec![4, 5], vec![6]]),
        (Order::Descending, [vec![6, 5], vec![4, 3], vec![2]]),
    ] {
        assert_eq!(walk(&office, "a.*", order, 50), expect);
    }
}

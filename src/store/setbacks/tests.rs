//! What `since` and `until` find where the clock went back.

use super::*;
use crate::domain::breaker::DisabledReason;
use crate::domain::delivery::{DeliveryFilter, Trigger};
use crate::domain::event::MissedEvents;
use crate::domain::page::Order;
use crate::domain::webhook::WebhookKind;
use crate::store::tests::options;
use crate::store::tests::samples::{Office, delivery, event, office, webhook};
use crate::store::{OpenOptions, Store, deliveries, events};

const START_MS: i64 = 1_773_655_500_000;

/// Makes an event with a delivery, which its webhook also missed, at each of these seconds.
fn make(office: &Office, seconds: &[i64]) {
    for at in seconds {
        office
            .clock
            .set(Timestamp::from_millis(START_MS + at * 1000));
        office.write(|tx| {
            let event = event(tx, "a.b")?;
            events::insert_miss(tx, event.id.seq(), 1, DisabledReason::Manual)?;
            delivery(tx, &event, 1, Trigger::Event).map(drop)
        });
    }
}

fn filled(seconds: &[i64]) -> Office {
    let office = office();
    office.write(|tx| webhook(tx, WebhookKind::Registered));
    make(&office, seconds);
    office
}

/// For every span, lists, jobs and missed events find exactly the rows of these times.
fn check(office: &Office, seconds: &[i64]) {
    let mut ends: Vec<Option<i64>> = seconds
        .iter()
        .flat_map(|at| [Some(*at), Some(at + 1)])
        .collect();
    ends.push(None);
    for (since, until) in ends.iter().flat_map(|a| ends.iter().map(move |b| (*a, *b))) {
        let rows = (1..).zip(seconds).filter(|(_, at)| {
            since.is_none_or(|since| **at >= since) && until.is_none_or(|until| **at < until)
        });
        let expect: Vec<i64> = rows.map(|(row, _)| row).collect();
        let at = |seconds: i64| Timestamp::from_millis(START_MS + seconds * 1000);
        let filter = DeliveryFilter {
            workspace_seq: 1,
            since: since.map(at),
            until: until.map(at),
            ..DeliveryFilter::default()
        };
        let found = office.read(|conn| {
            let listed = deliveries::scan(conn, &filter, None, 1000, Order::Ascending)?.items;
            let which = MissedEvents {
                webhook_seq: 1,
                after: since.map_or(Ok(0), |since| {
                    events::first_since(conn, at(since)).map(|row| row - 1)
                })?,
                end: until.map_or_else(
                    || events::end(conn),
                    |until| events::end_until(conn, at(until)),
                )?,
                since: filter.since,
                until: filter.until,
            };
            Ok((listed, events::missed(conn, &which, 1000)?))
        });
        assert_eq!(found, (expect.clone(), expect), "{since:?} to {until:?}");
    }
}

#[test]
fn a_span_of_time_is_found_whole_though_the_clock_went_back() {
    for seconds in [
        &[0, 10, 20, 30][..],
        &[100, 200, 10, 20, 150, 160],
        &[500, 400, 300, 300, 200, 600, 100],
    ] {
        check(&filled(seconds), seconds);
    }
}

#[test]
fn a_clock_that_was_set_back_while_hookpost_was_stopped_is_noticed() {
    let office = filled(&[100, 200]);
    let dir = office.dir.path().to_owned();
    office.store.close();
    let Office {
        store,
        clock,
        dir: kept,
    } = office;
    drop(store);
    let store = Store::open(&OpenOptions {
        clock: clock.clone(),
        ..options(&dir)
    })
    .unwrap();
    let office = Office {
        store,
        clock,
        dir: kept,
    };
    make(&office, &[50, 60, 150]);
    check(&office, &[100, 200, 50, 60, 150]);
}

#[test]
fn more_setbacks_than_are_kept_are_slow_and_right() {
    let seconds: Vec<i64> = (0..80).rev().collect();
    let office = filled(&seconds);
    assert_eq!(office.read(read).marks.len(), MARKS_MAX);
    let few: Vec<i64> = vec![0, 15, 16, 40, 79];
    for since in few {
        let at = Timestamp::from_millis(START_MS + since * 1000);
        let filter = DeliveryFilter {
            workspace_seq: 1,
            since: Some(at),
            ..DeliveryFilter::default()
        };
        let found = office.read(|conn| deliveries::count(conn, &filter));
        assert_eq!(i64::try_from(found).unwrap(), 80 - since);
    }
}

#[test]
fn a_setback_costs_one_mark_however_often_the_clock_wavers() {
    let office = filled(&[100]);
    for at in [90, 95, 80, 94, 70] {
        office
            .clock
            .set(Timestamp::from_millis(START_MS + at * 1000));
        office.write(|_| Ok(()));
    }
    assert_eq!(office.read(read).marks.len(), 1);
}

#[test]
fn what_a_lost_transaction_noticed_is_noticed_again() {
    let office = filled(&[100]);
    let mut stamps = office.read(Stamps::resume);
    let later = Timestamp::from_millis(START_MS + 50_000);
    let conn = rusqlite::Connection::open(office.dir.path().join("hookpost.db")).unwrap();
    conn.execute_batch("BEGIN").unwrap();
    stamps.take(&Read::new(&conn), later).unwrap();
    conn.execute_batch("ROLLBACK").unwrap();
    stamps.undo();
    stamps.take(&Read::new(&conn), later).unwrap();
    assert_eq!(read(&Read::new(&conn)).unwrap().marks.len(), 1);
}

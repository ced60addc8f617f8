//! How SQLite answers the questions that are asked all the time: always by an index, never by
//! looking at every delivery or event.
//!
//! The statements are taken from the functions themselves while they run, so that what is checked
//! here is what is asked in earnest.

use std::cell::RefCell;
use std::time::Duration;

use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::samples::{BATCH, DAY, Office, attempt, delivery, event, office, pattern, webhook};
use crate::domain::consumer::Purview;
use crate::domain::delivery::{DeliveryFilter, DeliveryScope, Status, Trigger};
use crate::domain::event::{EventFilter, MissedEvents};
use crate::domain::job::JobOutcome;
use crate::domain::page::{Cursor, Limit, List, Order};
use crate::domain::stats::{HOUR_MS, MINUTE_MS, Period, WHOLE_WORKSPACE};
use crate::domain::time::Timestamp;
use crate::domain::webhook::WebhookKind;
use crate::store::retention::{self, Sweep};
use crate::store::{Read, deliveries, events, idempotency, jobs, stats, webhooks};

mod owners;

/// All of the default workspace.
const ALL: Purview = Purview {
    workspace_seq: 1,
    consumer_seq: None,
};

thread_local! {
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note(traced: TraceEvent<'_>) {
    if let TraceEvent::Stmt(statement, _) = traced {
        let sql = statement.sql().into_owned();
        SEEN.with_borrow_mut(|seen| seen.push(sql));
    }
}

/// The plans of all that `ask` asks, a step a line.
fn plans(conn: &Read<'_>, ask: impl FnOnce(&Read<'_>)) -> Vec<String> {
    conn.connection()
        .trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note));
    ask(conn);
    conn.connection().trace_v2(TraceEventCodes::empty(), None);
    let statements = SEEN.with_borrow_mut(std::mem::take);
    let plain = |sql: &String| !sql.starts_with("PRAGMA") && !sql.starts_with("--");
    let mut lines = Vec::new();
    for sql in statements.iter().filter(|sql| plain(sql)) {
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().unwrap() {
            lines.push(row.get::<_, String>("detail").unwrap());
        }
    }
    lines
}

fn is_bad(line: &str) -> bool {
    // What is scanned there is the page's own list of rows, a row for each table, or cut to a page's length.
    let given = ["CONSTANT", "json_each", "sqlite_sequence"];
    let of = line.split(' ').nth(1).unwrap_or_default();
    let is_given = given.contains(&of) || of.starts_with("(subquery-");
    let scans = line.starts_with("SCAN") && !is_given;
    scans || line.contains("TEMP B-TREE")
}

/// Whatever `ask` asks is answered by `index`, and nothing is scanned or sorted.
fn check(office: &Office, index: &str, ask: impl FnOnce(&Read<'_>)) {
    office.read(|conn| {
        let lines = plans(conn, ask);
        assert!(
            lines.iter().any(|line| line.contains(index)),
            "{index} is not used: {lines:#?}"
        );
        assert!(
            !lines.iter().any(|line| is_bad(line)),
            "{index}: {lines:#?}"
        );
        Ok(())
    });
}

/// An office with a webhook and a delivery in each state.
fn filled() -> Office {
    let office = office();
    office.write(|tx| {
        let webhook = webhook(tx, WebhookKind::Registered)?;
        let event = event(tx, "a")?;
        for status in Status::ALL {
            let place = delivery(tx, &event, webhook, Trigger::Event)?;
            if status != Status::Pending {
                attempt(tx, place, status)?;
            }
        }
        Ok(())
    });
    office
}

#[test]
fn what_is_due_is_found_by_an_index() {
    let office = filled();
    let now = office.clock.now();
    check(&office, "deliveries_by_webhook", |conn| {
        assert_eq!(deliveries::pending(conn, 1, 0, BATCH).unwrap().len(), 1);
    });
    check(&office, "deliveries_due", |conn| {
        assert_eq!(deliveries::due(conn, 1, now, BATCH).unwrap().len(), 1);
    });
    check(&office, "deliveries_due", |conn| {
        assert!(
            deliveries::next_due(conn, 1, Timestamp::default())
                .unwrap()
                .is_some()
        );
    });
    check(&office, "deliveries_by_webhook", |conn| {
        assert!(deliveries::oldest_retrying(conn, 1).unwrap().is_some());
    });
    check(&office, "deliveries_by_event", |conn| {
        assert_eq!(deliveries::of_event(conn, 1, 10).unwrap().len(), 6);
    });
    check(&office, "deliveries_by_webhook", |conn| {
        assert_eq!(deliveries::waiting_of(conn, 1, 10).unwrap().len(), 3);
    });
}

fn check_list(office: &Office, index: &str, filter: &DeliveryFilter) {
    for order in [Order::Ascending, Order::Descending] {
        for cursor in [None, Some(Cursor::behind(List::Deliveries, 3))] {
            check(office, index, |conn| {
                deliveries::scan(conn, filter, cursor, 10, order).unwrap();
            });
        }
    }
    check(office, index, |conn| {
        deliveries::list(conn, filter, None, Limit::clamped(10)).unwrap();
    });
}

#[test]
fn every_list_of_deliveries_is_led_by_an_index() {
    let office = filled();
    let all = DeliveryFilter {
        workspace_seq: 1,
        ..DeliveryFilter::default()
    };
    check_list(&office, "deliveries_by_workspace", &all);
    let dated = DeliveryFilter {
        since: Some(Timestamp::from_millis(1)),
        until: Some(Timestamp::MAX),
        ..all.clone()
    };
    check_list(&office, "deliveries_by_workspace", &dated);
    let of_status = DeliveryFilter {
        statuses: vec![Status::Exhausted, Status::Canceled],
        ..all.clone()
    };
    check_list(&office, "deliveries_by_workspace", &of_status);
    let of_webhook = DeliveryFilter {
        webhook_seq: Some(1),
        ..of_status.clone()
    };
    check_list(&office, "deliveries_by_webhook", &of_webhook);
    let of_event = DeliveryFilter {
        event_seq: Some(1),
        ..of_webhook.clone()
    };
    check_list(&office, "deliveries_by_event", &of_event);
    let of_job = DeliveryFilter {
        job_seq: Some(1),
        ..of_status.clone()
    };
    check_list(&office, "deliveries_of_job", &of_job);
    check(&office, "COVERING INDEX deliveries_of_job", |conn| {
        assert_eq!(jobs::outcome(conn, 1).unwrap(), JobOutcome::default());
    });
    let of_type = DeliveryFilter {
        event_type: Some(pattern("a")),
        ..all.clone()
    };
    check_list(&office, "deliveries_by_type", &of_type);
    let dead = DeliveryFilter {
        scope: DeliveryScope::DeadLetters,
        ..of_type
    };
    check_list(&office, "dead_letters", &dead);
    let dead_of = DeliveryFilter {
        scope: DeliveryScope::DeadLetters,
        ..of_webhook
    };
    check_list(&office, "dead_letters_of", &dead_of);
}

#[test]
fn a_page_asks_once_however_many_rows_it_looks_at() {
    let office = filled();
    let rare = DeliveryFilter {
        workspace_seq: 1,
        event_type: Some(pattern("unheard.of")),
        scope: DeliveryScope::DeadLetters,
        ..DeliveryFilter::default()
    };
    office.read(|conn| {
        let asked = |conn: &Read<'_>| {
            let found = deliveries::list(conn, &rare, None, Limit::clamped(10)).unwrap();
            assert!(found.items.is_empty());
        };
        assert_eq!(plans(conn, asked).len(), 1);
        Ok(())
    });
}

#[test]
fn a_page_takes_as_many_statements_for_many_rows_as_for_one() {
    let office = filled();
    let all = DeliveryFilter {
        workspace_seq: 1,
        ..DeliveryFilter::default()
    };
    office.read(|conn| {
        let statements = |rows: u32| {
            SEEN.with_borrow_mut(Vec::clear);
            let watched = conn.connection();
            watched.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note));
            let page = deliveries::list(conn, &all, None, Limit::clamped(rows)).unwrap();
            let latest = deliveries::latest(conn, 1, 1, page.items.len()).unwrap();
            let seqs: Vec<i64> = page.items.iter().map(|one| one.webhook.seq()).collect();
            webhooks::names_of(conn, &seqs).unwrap();
            watched.trace_v2(TraceEventCodes::empty(), None);
            assert_eq!(latest.len(), page.items.len());
            SEEN.with_borrow_mut(std::mem::take).len()
        };
        assert_eq!(statements(1), statements(5));
        Ok(())
    });
}

#[test]
fn durations_are_read_in_the_order_in_which_they_are_stored() {
    let office = filled();
    let now = office.clock.now();
    let period = Period {
        workspace_seq: 1,
        webhook_seq: WHOLE_WORKSPACE,
        width_ms: MINUTE_MS,
        since: now.before(DAY),
        until: now.after(DAY),
    };
    check(&office, "PRIMARY KEY", |conn| {
        assert!(
            stats::durations(conn, &period)
                .unwrap()
                .quantile_ms(0.5)
                .is_some()
        );
    });
    for step_ms in [MINUTE_MS, HOUR_MS] {
        check(&office, "PRIMARY KEY", |conn| {
            assert_eq!(stats::latencies(conn, &period, step_ms).unwrap().len(), 1);
        });
    }
}

#[test]
fn every_list_of_events_is_led_by_an_index() {
    let office = filled();
    for (event_type, fitting, index) in [
        (None, None, "events_listed"),
        (None, Some("*"), "events_listed"),
        (Some("a"), None, "events_by_type"),
    ] {
        for order in [Order::Ascending, Order::Descending] {
            let filter = EventFilter {
                workspace_seq: 1,
                event_types: event_type.map(str::to_owned).into_iter().collect(),
                pattern: fitting.map(pattern),
                order,
                ..EventFilter::default()
            };
            check(&office, index, |conn| {
                let page = events::list(conn, &filter, Limit::clamped(10)).unwrap();
                assert_eq!(page.items.len(), 1);
            });
        }
    }
    check(&office, "events_given_id", |conn| {
        assert!(events::find_public(conn, ALL, "mine").unwrap().is_none());
    });
    check(&office, "event_misses_of", |conn| {
        assert!(events::misses(conn, 1, 10).unwrap().is_empty());
    });
    let missed = MissedEvents {
        webhook_seq: 1,
        after: 0,
        end: 9,
        since: Some(Timestamp::default()),
        until: None,
    };
    check(&office, "PRIMARY KEY", |conn| {
        assert!(events::missed(conn, &missed, 10).unwrap().is_empty());
    });
}

#[test]
fn a_sweep_finds_what_is_old_by_indexes() {
    let office = filled();
    office.clock.advance(DAY * 400);
    let limits = retention::RetentionLimits {
        delivered: DAY,
        exhausted: DAY,
        sessions: DAY,
    };
    let lines = office.write(move |tx| {
        idempotency::insert(tx, 1, "k", &[0; 32], 202, b"{}")?;
        let conn = **tx;
        Ok(plans(&conn, |_| {
            let mut next = Some(Sweep::start());
            while let Some(from) = next {
                next = retention::step(tx, &limits, from).unwrap().next;
            }
        }))
    });
    for index in [
        "deliveries_by_workspace",
        "deliveries_by_event",
        "events_listed",
        "webhooks_leaving",
        "stats_age",
        "idempotency_age",
        "sessions_idle",
        "webhook_secrets_expiring",
    ] {
        assert!(
            lines.iter().any(|line| line.contains(index)),
            "{index} is not used: {lines:#?}"
        );
    }
    // The few workspaces, and the oldest entries of two small tables, are read by row number.
    let harmless = ["workspaces", "audit_log", "jobs", "(subquery"];
    let bad = |line: &&String| is_bad(line) && !harmless.iter().any(|name| line.contains(name));
    let bad: Vec<&String> = lines.iter().filter(bad).collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn the_newest_of_a_webhook_are_found_without_sorting() {
    let office = filled();
    office.write(|tx| {
        tx.connection()
            .execute("UPDATE workspaces SET retention_keep_latest = 3", [])?;
        Ok(())
    });
    office.clock.advance(Duration::from_secs(400 * 24 * 3600));
    let limits = retention::RetentionLimits {
        delivered: DAY,
        exhausted: DAY,
        sessions: DAY,
    };
    let lines = office.write(move |tx| {
        let conn = **tx;
        Ok(plans(&conn, |_| {
            retention::step(tx, &limits, Sweep::start()).unwrap();
        }))
    });
    assert!(lines.iter().any(|line| line.contains("MERGE (UNION ALL)")));
    assert!(
        !lines.iter().any(|line| line.contains("TEMP B-TREE")),
        "{lines:#?}"
    );
}

#[test]
fn the_numbers_of_a_scrape_look_at_webhooks_and_never_through_history() {
    let office = filled();
    let lines = office.read(|conn| {
        Ok(plans(conn, |conn| {
            assert!(stats::oldest_due(conn).unwrap().is_some());
            assert_eq!(stats::dead_letters_up_to(conn, 10).unwrap(), 1);
            assert_eq!(stats::webhooks_by_status(conn).unwrap().len(), 1);
            stats::instance_counts(conn).unwrap();
            webhooks::foremost(conn, 10).unwrap();
        }))
    });
    let whole = |line: &&String| line.starts_with("SCAN");
    for line in lines.iter().filter(whole) {
        let small = ["SCAN counts", "SCAN delivery_counts", "SCAN webhooks"];
        let is_small = small.iter().any(|table| line.starts_with(table));
        let is_bounded = line.contains("INDEX dead_letters"); // Cut off by its limit.
        let is_inner = line.starts_with("SCAN (subquery");
        assert!(is_small || is_bounded || is_inner, "{line}");
    }
    let searched = |index: &str| lines.iter().any(|line| line.contains(index));
    assert!(searched("deliveries_due"), "{lines:#?}");
    assert!(searched("deliveries_by_webhook"), "{lines:#?}");
}

//! What leaves, what stays, and that each step is bounded.

use super::*;
use crate::domain::delivery::{DeliveryFilter, Trigger};
use crate::domain::secret::Secret;
use crate::domain::webhook::WebhookKind;
use crate::domain::workspace::Retention;
use crate::store::tests::samples::{
    DAY, Office, assert_counts_are_right, attempt, delivery, event, office, webhook,
};
use crate::store::{deliveries, events, secrets, webhooks, workspaces};

const LIMITS: RetentionLimits = RetentionLimits {
    delivered: Duration::from_secs(30 * 24 * 3600),
    exhausted: Duration::from_secs(90 * 24 * 3600),
    sessions: Duration::from_secs(24 * 3600),
};

/// Sweeps to the end; answers the steps.
fn sweep(office: &Office) -> Vec<Pruned> {
    let mut steps = Vec::new();
    let mut next = Some(Sweep::start());
    while let Some(from) = next {
        let step = office.write(move |tx| step(tx, &LIMITS, from));
        steps.push(step.pruned);
        next = step.next;
        assert!(steps.len() < 10_000, "the sweep does not end");
    }
    assert_counts_are_right(office);
    steps
}

fn register(office: &Office) -> i64 {
    office.write(|tx| webhook(tx, WebhookKind::Registered))
}

/// Stores an event with one delivery for each state; answers the event's row.
fn deliver(office: &Office, webhook_seq: i64, statuses: &'static [Status]) -> i64 {
    office.write(move |tx| {
        let event = event(tx, "a")?;
        for status in statuses {
            let place = delivery(tx, &event, webhook_seq, Trigger::Event)?;
            if *status != Status::Pending {
                attempt(tx, place, *status)?;
            }
        }
        Ok(event.id.seq())
    })
}

fn left(office: &Office) -> (i64, i64, i64) {
    (
        office.number("SELECT count(*) FROM deliveries"),
        office.number("SELECT count(*) FROM attempts"),
        office.number("SELECT count(*) FROM events"),
    )
}

fn keep(office: &Office, retention: Retention) {
    office.write(move |tx| {
        let found = workspaces::find(tx, 1)?.unwrap();
        let changed = crate::domain::workspace::Workspace { retention, ..found };
        workspaces::update(tx, &changed)
    });
}

#[test]
fn history_leaves_by_its_own_age_and_what_waits_stays() {
    let office = office();
    let webhook = register(&office);
    deliver(&office, webhook, &Status::ALL);
    let check = |days: u32, expect: (i64, i64, i64)| {
        office.clock.advance(DAY * days);
        sweep(&office);
        assert_eq!(left(&office), expect, "after {days} days more");
    };
    check(29, (6, 5, 1));
    check(2, (4, 3, 1));
    check(58, (4, 3, 1));
    check(2, (3, 2, 1));
}

#[test]
fn an_event_stays_until_its_last_delivery_has_left() {
    let office = office();
    let webhook = register(&office);
    deliver(&office, webhook, &[Status::Delivered, Status::Exhausted]);
    deliver(&office, webhook, &[Status::Delivered]);
    deliver(&office, webhook, &[]);
    office.clock.advance(DAY * 31);
    let steps = sweep(&office);
    assert_eq!(left(&office), (1, 1, 1));
    let events: u32 = steps.iter().map(|step| step.events).sum();
    assert_eq!(events, 2);
    office.clock.advance(DAY * 60);
    sweep(&office);
    assert_eq!(left(&office), (0, 0, 0));
}

#[test]
fn a_delivery_that_was_completed_late_is_kept_from_then_on() {
    let office = office();
    let webhook = register(&office);
    let place = office.write(move |tx| {
        let event = event(tx, "a")?;
        let place = delivery(tx, &event, webhook, Trigger::Event)?;
        attempt(tx, place, Status::Exhausted)?;
        Ok(place)
    });
    deliver(&office, webhook, &[Status::Delivered]);
    office.clock.advance(DAY * 40);
    office.write(move |tx| attempt(tx, place, Status::Delivered));
    sweep(&office);
    assert_eq!(
        left(&office),
        (1, 2, 1),
        "the later one left, the late one not"
    );
    office.clock.advance(DAY * 31);
    sweep(&office);
    assert_eq!(left(&office), (0, 0, 0));
}

#[test]
fn the_newest_of_each_webhook_stay_whatever_their_age() {
    let office = office();
    let (busy, quiet) = (register(&office), register(&office));
    for _ in 0..20 {
        deliver(&office, busy, &[Status::Delivered]);
    }
    deliver(&office, quiet, &[Status::Exhausted]);
    deliver(&office, quiet, &[Status::Delivered]);
    let retention = Retention {
        keep_latest: Some(3),
        ..Retention::default()
    };
    keep(&office, retention);
    office.clock.advance(DAY * 100);
    sweep(&office);
    let of = |seq| {
        office.number(&format!(
            "SELECT count(*) FROM deliveries WHERE webhook_seq = {seq}"
        ))
    };
    assert_eq!((of(busy), of(quiet)), (3, 2));
    assert_eq!(office.number("SELECT min(event_seq) FROM deliveries"), 18);
}

#[test]
fn a_workspace_may_keep_its_history_longer_or_shorter() {
    let office = office();
    let webhook = register(&office);
    deliver(&office, webhook, &[Status::Delivered, Status::Exhausted]);
    let retention = Retention {
        delivered: Some(DAY * 50),
        exhausted: Some(DAY * 10),
        ..Retention::default()
    };
    keep(&office, retention);
    office.clock.advance(DAY * 40);
    sweep(&office);
    assert_eq!(left(&office), (1, 1, 1));
    office.clock.advance(DAY * 11);
    sweep(&office);
    assert_eq!(left(&office), (0, 0, 0));
}

#[test]
fn a_step_is_bounded_and_a_sweep_reaches_the_end() {
    let office = office();
    let webhook = register(&office);
    for _ in 0..30 {
        deliver(&office, webhook, &[Status::Delivered; 40]);
    }
    for _ in 0..10 {
        deliver(&office, webhook, &[Status::Pending; 50]);
    }
    office.clock.advance(DAY * 31);
    for _ in 0..5 {
        deliver(&office, webhook, &[Status::Delivered; 10]);
    }
    let steps = sweep(&office);
    let most = steps.iter().map(|step| step.deliveries).max();
    assert_eq!(most, Some(500));
    let all: u32 = steps.iter().map(|step| step.deliveries).sum();
    assert_eq!(all, 1200);
    assert_eq!(left(&office), (550, 50, 15));
    assert!(sweep(&office).iter().all(Pruned::is_nothing));
}

#[test]
fn hidden_and_deleted_webhooks_leave_after_their_last_delivery() {
    let office = office();
    let kept = register(&office);
    let (deleted, hidden, alert) = office.write(|tx| {
        let deleted = webhook(tx, WebhookKind::Registered)?;
        secrets::insert(tx, deleted, &Secret::new("whsec_abc".to_owned()))?;
        webhooks::delete(tx, 1, deleted)?;
        let hidden = webhook(tx, WebhookKind::OneOff)?;
        let alert = webhook(tx, WebhookKind::Alert)?;
        let found = workspaces::find(tx, 1)?.unwrap();
        let changed = crate::domain::workspace::Workspace {
            alert_webhook_seq: Some(alert),
            ..found
        };
        workspaces::update(tx, &changed)?;
        Ok((deleted, hidden, alert))
    });
    deliver(&office, deleted, &[Status::Delivered]);
    deliver(&office, hidden, &[Status::Delivered]);
    let webhooks = || {
        let list = "SELECT group_concat(seq) FROM (SELECT seq FROM webhooks ORDER BY seq)";
        office.read(|conn| {
            Ok(conn
                .connection()
                .query_row(list, [], |row| row.get::<_, String>(0))?)
        })
    };
    office.clock.advance(DAY * 29);
    sweep(&office);
    assert_eq!(webhooks(), format!("{kept},{deleted},{hidden},{alert}"));
    assert_eq!(office.number("SELECT count(*) FROM attempt_targets"), 2);
    office.clock.advance(DAY * 2);
    sweep(&office);
    sweep(&office);
    assert_eq!(webhooks(), format!("{kept},{alert}"));
    assert_eq!(office.number("SELECT count(*) FROM webhook_secrets"), 0);
    assert_eq!(office.number("SELECT count(*) FROM delivery_counts"), 0);
    assert_eq!(office.number("SELECT count(*) FROM attempt_targets"), 0);
}

#[test]
fn what_a_deleted_webhook_missed_leaves_in_several_steps() {
    let office = office();
    let webhook = register(&office);
    office.write(move |tx| {
        let reason = crate::domain::breaker::DisabledReason::Manual;
        for _ in 0..4500 {
            let seq = event(tx, "a")?.id.seq();
            events::insert_miss(tx, seq, webhook, reason)?;
        }
        webhooks::delete(tx, 1, webhook)
    });
    office.clock.advance(DAY * 2);
    let steps = sweep(&office);
    assert!(steps.iter().all(|step| step.others <= 2000));
    assert_eq!(office.number("SELECT count(*) FROM event_misses"), 0);
    assert_eq!(office.number("SELECT count(*) FROM webhooks"), 0);
    assert_eq!(left(&office), (0, 0, 4500));
}

#[test]
fn sums_answers_secrets_and_jobs_leave_by_their_age() {
    let office = office();
    let hook = register(&office);
    deliver(&office, hook, &[Status::Delivered]);
    office.write(move |tx| {
        crate::store::idempotency::insert(tx, 1, "k", &[0; 32], 202, b"{}")?;
        let secret = |text: &str| Secret::new(text.to_owned());
        secrets::insert(tx, hook, &secret("whsec_a"))?;
        secrets::rotate(tx, hook, &secret("whsec_b"), tx.now().after(DAY))
    });
    let rows = || {
        [
            "SELECT count(*) FROM stats WHERE width_ms = 60000",
            "SELECT count(*) FROM duration_stats WHERE width_ms = 60000",
            "SELECT count(*) FROM stats WHERE width_ms = 3600000",
            "SELECT count(*) FROM duration_stats WHERE width_ms = 3600000",
            "SELECT count(*) FROM idempotency",
            "SELECT count(*) FROM webhook_secrets",
        ]
        .map(|sql| office.number(sql))
    };
    sweep(&office);
    assert_eq!(rows(), [2, 2, 2, 2, 1, 2]);
    office.clock.advance(DAY * 2 + Duration::from_secs(120));
    sweep(&office);
    assert_eq!(rows(), [0, 0, 2, 2, 0, 1]);
    office.clock.advance(DAY * 90);
    sweep(&office);
    assert_eq!(rows(), [0, 0, 0, 0, 0, 1]);
}

#[test]
fn empty_pages_go_back_to_the_disk_once_there_are_many() {
    let office = office();
    let webhook = register(&office);
    for _ in 0..30 {
        office.write(move |tx| {
            let workspace = crate::store::tests::default_workspace(tx);
            let data = format!("\"{}\"", crate::store::tests::noise(300_000));
            let new = crate::store::tests::new_event(&data);
            let event = std::sync::Arc::new(events::insert(tx, workspace, new, 1)?);
            let place = delivery(tx, &event, webhook, Trigger::Event)?;
            attempt(tx, place, Status::Delivered)
        });
    }
    let before = office.number("PRAGMA page_count");
    office.clock.advance(DAY * 31);
    let steps = sweep(&office);
    let pages: u32 = steps.iter().map(|step| step.pages).sum();
    let after = office.number("PRAGMA page_count");
    assert!(
        after <= before - i64::from(pages),
        "{before} {after} {pages}"
    );
    assert!(pages > 500, "{pages}");
    assert!(office.number("PRAGMA freelist_count") <= 1024);
    assert_eq!(
        office.read(|conn| Ok(conn.connection().query_row(
            "PRAGMA integrity_check",
            [],
            |row| row.get::<_, String>(0)
        )?)),
        "ok"
    );
}

#[test]
fn what_left_is_gone_from_lists() {
    let office = office();
    let webhook = register(&office);
    deliver(&office, webhook, &[Status::Delivered]);
    office.clock.advance(DAY * 31);
    deliver(&office, webhook, &[Status::Delivered]);
    sweep(&office);
    let filter = DeliveryFilter {
        workspace_seq: 1,
        ..DeliveryFilter::default()
    };
    let limit = crate::domain::page::Limit::clamped(50);
    let page = office.read(|conn| deliveries::list(conn, &filter, None, limit));
    assert_eq!(page.items.len(), 1);
}

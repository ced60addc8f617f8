//! Lists of deliveries against a naive reading of the same filters.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::domain::delivery::{
    DeliveryFilter, DeliveryPlace, DeliveryScope, JobPart, LastResult, Status, TestsShown,
};
use crate::domain::event_type::Pattern;
use crate::domain::outcome::FailureKind;
use crate::domain::page::{Cursor, Limit, Order};
use crate::domain::secret::Secret;
use crate::domain::webhook::WebhookKind;
use crate::domain::workspace::{NewWorkspace, Plan};
use crate::store::tests::samples;
use crate::store::tests::samples::{
    Office, answer_before, assert_counts_are_right, attempt, delivery, event, office,
};
use crate::store::workspaces;

const TYPES: [&str; 4] = ["a", "a.b", "a.c", "rare"];
const PATTERNS: [&str; 5] = ["a", "a.b", "a.*", "*", "rare"];
const RESULTS: [LastResult; 4] = [
    LastResult::Code(503),
    LastResult::Class(2),
    LastResult::Failure(FailureKind::Timeout),
    LastResult::Failure(FailureKind::Status),
];
const WEBHOOKS: i64 = 5;
const EVENTS: i64 = 150;

/// A delivery as the model remembers it.
#[derive(Clone, Debug)]
struct Remembered {
    place: DeliveryPlace,
    event_seq: i64,
    event_type: String,
    status: Status,
    trigger: Trigger,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    discarded: bool,
    answer: (Option<u16>, Option<FailureKind>),
}

impl Remembered {
    fn matches(&self, filter: &DeliveryFilter) -> bool {
        let any_or = |wanted: Option<i64>, own| wanted.is_none_or(|wanted| wanted == own);
        self.trigger != Trigger::Alert
            && self.place.workspace_seq == filter.workspace_seq
            && (filter.consumer_seq).is_none_or(|own| own > 0 && own == self.place.webhook_seq % 3)
            && any_or(filter.webhook_seq, self.place.webhook_seq)
            && any_or(filter.event_seq, self.event_seq)
            && any_or(filter.job_seq, job_of(self.place.seq))
            && filter
                .job_part
                .is_none_or(|part| JobPart::of(self.status, self.fallback()) == part)
            && (filter.tests == TestsShown::All || !self.is_failed_test())
            && (filter.event_type.as_ref()).is_none_or(|wanted| wanted.fits(&self.event_type))
            && filter
                .result
                .is_none_or(|wanted| wanted.fits(self.answer.0, self.answer.1))
            && (filter.statuses.is_empty() || filter.statuses.contains(&self.status))
            && filter.since.is_none_or(|since| self.created_at >= since)
            && filter.until.is_none_or(|until| self.created_at < until)
            && filter
                .ended_since
                .is_none_or(|since| self.ended_at >= Some(since) && !self.is_failed_test())
            && match filter.scope {
                DeliveryScope::All => true,
                DeliveryScope::Undiscarded => !self.discarded,
                DeliveryScope::DeadLetters => self.status == Status::Exhausted && !self.discarded,
                DeliveryScope::Discarded => {
                    self.status == Status::Exhausted
                        && self.discarded
                        && self.trigger != Trigger::Test
                }
            }
    }

    fn fallback(&self) -> Option<i64> {
        (self.status == Status::Retrying && self.place.seq % 2 == 0).then_some(0)
    }

    fn is_failed_test(&self) -> bool {
        self.trigger == Trigger::Test && self.status == Status::Exhausted
    }
}

/// A cheap sequence of numbers that is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % sides
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// Two workspaces with a few thousand deliveries in every state, made over a few hours.
fn filled() -> (Office, Vec<Remembered>) {
    let office = office();
    office.write(|tx| {
        for _ in 0..WEBHOOKS {
            samples::webhook(tx, WebhookKind::Registered)?;
        }
        let secret = Secret::new("whsec_abc".to_owned());
        let new = NewWorkspace {
            name: "other",
            plan: Plan::Pro,
            profile: "standard",
            strict_event_types: false,
        };
        workspaces::insert(tx, &new, &secret)
    });
    let mut dice = Dice(7);
    let mut remembered = Vec::new();
    for _ in 0..EVENTS {
        office
            .clock
            .advance(std::time::Duration::from_millis(dice.below(60_000)));
        let mut batch = Dice(dice.below(u64::MAX));
        let made = office.write(move |tx| publish(tx, &mut batch));
        remembered.extend(made);
    }
    // Some end long after they were made.
    for row in remembered
        .iter_mut()
        .filter(|row| !row.discarded)
        .step_by(5)
    {
        office
            .clock
            .advance(std::time::Duration::from_millis(dice.below(60_000)));
        let (place, status) = (row.place, dice.of(&Status::ALL));
        (row.ended_at, row.status) = office.write(move |tx| {
            attempt(tx, place, status)?;
            Ok((ended_at(tx, status), status))
        });
        row.answer = answer_before(status);
    }
    office.write(|tx| {
        tx.run(
            "UPDATE deliveries SET consumer_seq = webhook_seq % 3 WHERE webhook_seq % 3 > 0",
            [],
        )?;
        tx.run("UPDATE deliveries SET job_seq = nullif(seq % 5, 0)", [])?;
        tx.run(
            "UPDATE deliveries SET manual_fallback = 0, next_attempt_at = :now
             WHERE status = :retrying AND seq % 2 = 0",
            rusqlite::named_params! { ":now": tx.now(), ":retrying": Status::Retrying },
        )
    });
    (office, remembered)
}

/// When a delivery came to its end that comes to `status` now.
fn ended_at(tx: &WriteTx<'_>, status: Status) -> Option<Timestamp> {
    (!status.is_waiting()).then(|| tx.now())
}

/// The job that is said to have touched a delivery last; 0 for none.
fn job_of(delivery_seq: i64) -> i64 {
    delivery_seq % 5
}

fn publish(tx: &mut WriteTx<'_>, dice: &mut Dice) -> Result<Vec<Remembered>, StoreError> {
    let event_type = if dice.below(100) == 0 {
        "rare"
    } else {
        dice.of(&TYPES[..3])
    };
    let mut event = (*event(tx, event_type)?).clone();
    if dice.below(4) == 0 {
        event.workspace = crate::domain::id::WorkspaceId::new(tx.now(), 2);
    }
    let event = Arc::new(event);
    let mut made = Vec::new();
    for _ in 0..dice.below(36) {
        let trigger = dice.of(&[
            Trigger::Event,
            Trigger::Event,
            Trigger::Replay,
            Trigger::Test,
            Trigger::Alert,
        ]);
        let webhook_seq = 1 + i64::try_from(dice.below(5)).unwrap();
        let place = delivery(tx, &event, webhook_seq, trigger)?;
        let mut status = Status::Pending;
        let (mut answer, mut ended) = ((None, None), None);
        for _ in 0..dice.below(3) {
            status = dice.of(&Status::ALL);
            attempt(tx, place, status)?;
            (answer, ended) = (answer_before(status), ended_at(tx, status));
        }
        let discarded = status == Status::Exhausted && dice.below(3) == 0;
        if discarded {
            discard(tx, place.seq)?;
        }
        made.push(Remembered {
            place,
            event_seq: event.id.seq(),
            event_type: event_type.to_owned(),
            status,
            trigger,
            created_at: tx.now(),
            ended_at: ended,
            discarded,
            answer,
        });
    }
    Ok(made)
}

/// Walks a list from its first page to its last.
fn walk(office: &Office, filter: &DeliveryFilter, limit: Limit) -> Vec<i64> {
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = office.read(|conn| list(conn, filter, cursor, limit));
        assert!(page.items.len() <= limit.rows());
        seen.extend(page.items.iter().map(|delivery| delivery.id.seq()));
        cursor = page.next;
        if cursor.is_none() {
            return seen;
        }
    }
}

fn walk_rows(office: &Office, filter: &DeliveryFilter, rows: usize, order: Order) -> Vec<i64> {
    let mut seen = Vec::new();
    let mut cursor: Option<Cursor> = None;
    loop {
        let page = office.read(|conn| scan(conn, filter, cursor, rows, order));
        seen.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return seen;
        }
    }
}

fn filters(first: Timestamp, last: Timestamp) -> impl Strategy<Value = DeliveryFilter> {
    use proptest::option::weighted;
    let at = move || (first.millis() - 5..last.millis() + 5).prop_map(Timestamp::from_millis);
    (
        1..3_i64,
        prop_oneof![
            Just(DeliveryScope::All),
            Just(DeliveryScope::Undiscarded),
            Just(DeliveryScope::DeadLetters),
            Just(DeliveryScope::Discarded)
        ],
        weighted(0.3, 0..=3_i64),
        weighted(0.3, 1..=WEBHOOKS),
        weighted(0.1, 1..=EVENTS),
        (
            weighted(0.3, proptest::sample::select(&PATTERNS[..])),
            weighted(0.2, proptest::sample::select(&RESULTS[..])),
            weighted(0.2, 1..=4_i64),
            weighted(0.2, proptest::sample::select(&JobPart::ALL[..])),
            prop_oneof![Just(TestsShown::All), Just(TestsShown::Counted)],
        ),
        proptest::collection::vec(proptest::sample::select(&Status::ALL[..]), 0..4),
        weighted(0.3, at()),
        weighted(0.3, at()),
        weighted(0.3, at()),
    )
        .prop_map(
            |(
                workspace_seq,
                scope,
                consumer_seq,
                webhook_seq,
                event_seq,
                (event_type, result, job_seq, job_part, tests),
                statuses,
                since,
                until,
                ended_since,
            )| {
                DeliveryFilter {
                    workspace_seq,
                    consumer_seq,
                    scope,
                    webhook_seq,
                    event_seq,
                    job_seq,
                    job_part,
                    event_type: event_type.map(|text| Pattern::parse(text).unwrap()),
                    result,
                    carried: None,
                    profile: None,
                    statuses,
                    since,
                    until,
                    ended_since,
                    tests,
                }
            },
        )
}

#[test]
fn every_list_walks_exactly_what_its_filter_matches() {
    let (office, remembered) = filled();
    assert!(remembered.len() > 2000, "{}", remembered.len());
    assert_counts_are_right(&office);
    let first = remembered.first().unwrap().created_at;
    let last = remembered
        .iter()
        .filter_map(|row| row.ended_at)
        .max()
        .unwrap();
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(200)
    };
    let check = |filter: DeliveryFilter, rows: u32| {
        let matching = remembered.iter().filter(|row| row.matches(&filter));
        let ascending: Vec<i64> = matching.map(|row| row.place.seq).collect();
        let descending: Vec<i64> = ascending.iter().rev().copied().collect();
        let limit = Limit::clamped(rows);
        prop_assert_eq!(&walk(&office, &filter, limit), &descending);
        let rows = limit.rows();
        let walked = walk_rows(&office, &filter, rows, Order::Ascending);
        prop_assert_eq!(&walked, &ascending);
        let counted = office.read(|conn| count(conn, &filter));
        prop_assert_eq!(counted, ascending.len() as u64);
        Ok(())
    };
    TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    )
    .run(&(filters(first, last), 1..251_u32), |(filter, rows)| {
        check(filter, rows)
    })
    .unwrap();
}

#[test]
fn a_page_that_finds_little_is_short_and_says_where_to_go_on() {
    let office = office();
    office.write(|tx| {
        let webhook = samples::webhook(tx, WebhookKind::Registered)?;
        let rare = event(tx, "rare")?;
        let common = event(tx, "common")?;
        delivery(tx, &rare, webhook, Trigger::Event)?;
        for _ in 0..SCAN_ROWS_MAX + 500 {
            delivery(tx, &common, webhook, Trigger::Event)?;
        }
        Ok(())
    });
    let filter = DeliveryFilter {
        workspace_seq: 1,
        webhook_seq: Some(1),
        event_type: Some(Pattern::parse("rare").unwrap()),
        ..DeliveryFilter::default()
    };
    let first = office.read(|conn| list(conn, &filter, None, Limit::clamped(50)));
    assert!(first.items.is_empty() && first.next.is_some());
    assert_eq!(walk(&office, &filter, Limit::clamped(50)), [1]);
}

#[test]
fn counts_follow_every_change_of_progress() {
    let (office, remembered) = filled();
    let mut dice = Dice(11);
    for _ in 0..20 {
        let changes: Vec<(DeliveryPlace, Status)> = (0..50)
            .map(|_| {
                let row = usize::try_from(dice.below(remembered.len() as u64)).unwrap();
                (remembered[row].place, dice.of(&Status::ALL))
            })
            .collect();
        office.write(move |tx| {
            changes
                .into_iter()
                .try_for_each(|(place, status)| attempt(tx, place, status))
        });
        assert_counts_are_right(&office);
    }
    let failed = office.store.write_blocking(move |tx| {
        attempt(tx, remembered[0].place, Status::Canceled)?;
        Err::<(), _>(StoreError::Overloaded)
    });
    assert!(failed.is_err());
    assert_counts_are_right(&office);
}

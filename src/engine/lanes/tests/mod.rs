//! The scheduler's step, called by hand.

use super::lane::QUEUE_MAX;
use super::*;
use crate::domain::batch::Gathered;
use crate::domain::delivery::{Progress, QueuedDelivery, Trigger};
use crate::domain::event::{Event, EventKind};
use crate::domain::format::Format;
use crate::domain::id::{DeliveryId, EventId, WorkspaceId};
use crate::domain::webhook::WebhookKind;

mod bytes;
mod fairness;
mod wakes;
mod world;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000 + seconds * 1000)
}

fn delivery(webhook_seq: i64, seq: i64) -> QueuedDelivery {
    delivery_of(webhook_seq, seq, &event(seq, "{}"))
}

fn event(seq: i64, data: &str) -> Arc<Event> {
    Arc::new(Event {
        id: EventId::new(at(0), seq),
        given_id: None,
        workspace: WorkspaceId::new(at(0), 1),
        consumer: None,
        kind: EventKind::Published,
        event_type: "a".into(),
        occurred_at: at(0),
        data: data.into(),
        context: None,
    })
}

fn delivery_of(webhook_seq: i64, seq: i64, event: &Arc<Event>) -> QueuedDelivery {
    QueuedDelivery {
        id: DeliveryId::new(at(0), seq),
        webhook_seq,
        event: Arc::clone(event),
        profile_seq: 1,
        format: Format::Json,
        shape_seq: None,
        trigger: Trigger::Event,
        order_key: None,
        batch: None,
        progress: Progress::new(at(0)),
    }
}

fn found(order: LoadOrder, target: Target, first: &[i64], retries: &[i64]) -> Loaded {
    let webhook_seq = order.webhook_seq;
    let all = |seqs: &[i64]| seqs.iter().map(|seq| delivery(webhook_seq, *seq)).collect();
    Loaded {
        order,
        target: Some(Arc::new(target)),
        first: all(first),
        first_cut: Cut::All,
        retries: all(retries),
        retries_cut: Cut::All,
        retry_at: None,
        order_blocked: false,
        looked_to: None,
        gathered: Gathered::default(),
    }
}

/// Lanes for webhooks 1 to `webhooks`, each read once and found empty. Their receivers have earned
/// all slots that their webhooks allow.
fn lanes(webhooks: i64, slots: usize, target: impl Fn() -> Target) -> Lanes {
    let mut lanes = Lanes::new(slots);
    for webhook_seq in 1..=webhooks {
        lanes.wake(webhook_seq);
        let order = lanes
            .step(at(0))
            .load
            .pop()
            .expect("an unread lane wants to be read");
        lanes.loaded(found(order, target(), &[], &[]), at(0));
        assert!(lanes.step(at(0)).start.is_empty());
        lanes.lanes.get_mut(&webhook_seq).unwrap().record.earn(256);
    }
    lanes
}

fn open(max_in_flight: u32) -> impl Fn() -> Target {
    move || Target::sample(max_in_flight)
}

fn closed() -> Target {
    let mut target = Target::sample(16);
    target.open = false;
    target
}

fn ordered() -> Target {
    let mut target = Target::sample(16);
    target.ordered = true;
    target
}

fn started(step: &Step) -> Vec<(i64, i64)> {
    step.start
        .iter()
        .map(|s| (s.ticket.webhook_seq, s.ticket.seq))
        .collect()
}

/// The only attempt that a step starts.
fn only(step: &Step) -> Ticket {
    assert_eq!(step.start.len(), 1, "{step:?}");
    step.start[0].ticket
}

/// Whether the scheduler looks: it was woken, or what it sleeps until has come.
fn is_awake(lanes: &Lanes, now: Timestamp) -> bool {
    lanes.wants_step() || lanes.next_step_at.is_some_and(|next| next <= now)
}

fn end(lanes: &mut Lanes, ticket: Ticket, settled: Settled) {
    let ended = match settled {
        Settled::Over => Ended::Taken,
        Settled::Again(_) | Settled::Unknown => Ended::Answered,
    };
    lanes.exchanged(ticket, ended, at(0));
    lanes.settled(ticket, settled, at(0));
}

#[test]
fn webhooks_take_turns() {
    let mut lanes = lanes(3, 100, open(16));
    for webhook_seq in 1..=3 {
        for number in 0..2 {
            lanes.offer(delivery(webhook_seq, webhook_seq * 10 + number));
        }
    }
    let order = started(&lanes.step(at(0)));
    assert_eq!(
        order,
        [(1, 10), (2, 20), (3, 30), (1, 11), (2, 21), (3, 31)]
    );
}

#[test]
fn a_webhook_has_no_more_under_way_than_it_allows() {
    let mut lanes = lanes(1, 100, open(2));
    for seq in 1..=5 {
        lanes.offer(delivery(1, seq));
    }
    let step = lanes.step(at(0));
    assert_eq!(started(&step), [(1, 1), (1, 2)]);
    assert_eq!(started(&lanes.step(at(0))), []);
    end(&mut lanes, step.start[0].ticket, Settled::Over);
    assert_eq!(started(&lanes.step(at(0))), [(1, 3)]);
}

#[test]
fn all_webhooks_together_have_no_more_under_way_than_the_house_allows() {
    let mut lanes = lanes(4, 3, open(16));
    for webhook_seq in 1..=4 {
        lanes.offer(delivery(webhook_seq, webhook_seq));
    }
    let step = lanes.step(at(0));
    assert_eq!(step.start.len(), 3);
    assert_eq!(started(&lanes.step(at(0))), []);
    end(&mut lanes, step.start[0].ticket, Settled::Over);
    assert_eq!(started(&lanes.step(at(0))), [(4, 4)]);
}

#[test]
fn many_retries_leave_room_for_new_events() {
    let mut lanes = lanes(1, 8, open(8));
    lanes.wake(1);
    let order = lanes.step(at(0)).load.pop().unwrap();
    let retries: Vec<i64> = (1..=100).collect();
    lanes.loaded(found(order, open(8)(), &[], &retries), at(0));
    assert_eq!(started(&lanes.step(at(0))).len(), 4, "half of the slots");
    lanes.offer(delivery(1, 1000));
    assert_eq!(started(&lanes.step(at(0))), [(1, 1000)]);
}

#[test]
fn a_webhook_that_only_fails_gets_a_fraction_of_its_slots() {
    let mut lanes = lanes(1, 100, open(16));
    for seq in 1..=60 {
        lanes.offer(delivery(1, seq));
    }
    let first = lanes.step(at(0));
    assert_eq!(first.start.len(), 16);
    for own in first.start {
        end(&mut lanes, own.ticket, Settled::Again(at(5)));
    }
    assert_eq!(started(&lanes.step(at(0))).len(), 2);
}

#[test]
fn what_is_offered_while_a_lane_is_read_is_not_forgotten() {
    let mut lanes = Lanes::new(10);
    lanes.offer(delivery(1, 1));
    let order = lanes.step(at(0)).load.pop().unwrap();
    // Committed after the read's snapshot, offered before its result came.
    lanes.offer(delivery(1, 2));
    lanes.loaded(found(order, open(16)(), &[1], &[]), at(0));
    let step = lanes.step(at(0));
    assert_eq!(started(&step), [(1, 1)]);
    let order = lanes.step(at(0)).load.pop().or(step.load.first().copied());
    assert_eq!(order.unwrap().first_after, Some(1));
}

#[test]
fn what_ended_while_a_lane_was_read_is_not_attempted_again() {
    let mut lanes = lanes(1, 10, open(16));
    lanes.offer(delivery(1, 7));
    let ticket = only(&lanes.step(at(0)));
    lanes.wake(1);
    let order = lanes.step(at(0)).load.pop().unwrap();
    end(&mut lanes, ticket, Settled::Over);
    lanes.loaded(found(order, open(16)(), &[], &[7]), at(0));
    assert_eq!(started(&lanes.step(at(0))), []);
}

#[test]
fn a_lane_read_before_its_webhook_changed_is_read_again() {
    let mut lanes = lanes(1, 10, open(16));
    lanes.wake(1);
    let order = lanes.step(at(0)).load.pop().unwrap();
    lanes.webhook_changed(1, at(0));
    lanes.loaded(found(order, open(16)(), &[], &[3]), at(0));
    let step = lanes.step(at(0));
    assert_eq!(started(&step), []);
    assert_eq!(step.load.len(), 1);
}

#[test]
fn a_closed_webhook_starts_nothing_but_what_a_person_asks_for() {
    let mut lanes = lanes(1, 10, closed);
    lanes.offer(delivery(1, 1));
    lanes.offer_urgent(delivery(1, 2));
    let step = lanes.step(at(0));
    assert_eq!(started(&step), [(1, 2)]);
}

#[test]
fn an_ordered_webhook_waits_for_its_failed_head() {
    let mut lanes = lanes(1, 10, ordered);
    for seq in 1..=3 {
        lanes.offer(delivery(1, seq));
    }
    let ticket = only(&lanes.step(at(0)));
    assert_eq!(ticket.seq, 1);
    lanes.exchanged(ticket, Ended::Answered, at(0));
    assert_eq!(
        started(&lanes.step(at(0))),
        [],
        "its result is not written yet"
    );
    lanes.settled(ticket, Settled::Again(at(5)), at(0));
    let step = lanes.step(at(0));
    assert_eq!((started(&step), step.wake_at), (vec![], Some(at(5))));
    let order = lanes.step(at(5)).load.pop().unwrap();
    let head = Loaded {
        order_blocked: true,
        ..found(order, ordered(), &[], &[1])
    };
    lanes.loaded(head, at(5));
    let ticket = only(&lanes.step(at(5)));
    assert_eq!((ticket.seq, ticket.priority), (1, Priority::Retry));
    lanes.exchanged(ticket, Ended::Taken, at(5));
    lanes.settled(ticket, Settled::Over, at(5));
    let order = lanes
        .step(at(5))
        .load
        .pop()
        .expect("it makes sure that nothing older waits");
    lanes.loaded(found(order, ordered(), &[], &[]), at(5));
    assert_eq!(started(&lanes.step(at(5))), [(1, 2)]);
}

#[test]
fn memory_is_bounded_and_the_rest_stays_in_the_database() {
    let mut lanes = lanes(1, 10, open(1));
    let offered = i64::try_from(QUEUE_MAX).unwrap() + 50;
    for seq in 1..=offered {
        lanes.offer(delivery(1, seq));
    }
    assert_eq!(lanes.queued(), QUEUE_MAX);
}

#[test]
fn an_idle_house_sleeps_until_something_happens() {
    let mut lanes = lanes(3, 10, open(16));
    let step = lanes.step(at(0));
    assert!(step.start.is_empty() && step.load.is_empty() && !step.again);
    assert_eq!(step.wake_at, None);
}

#[test]
fn a_retry_wakes_the_house_when_it_is_due() {
    let mut lanes = lanes(1, 10, open(16));
    lanes.offer(delivery(1, 1));
    let ticket = only(&lanes.step(at(0)));
    end(&mut lanes, ticket, Settled::Again(at(30)));
    let step = lanes.step(at(0));
    assert_eq!((step.load.len(), step.wake_at), (0, Some(at(30))));
    assert_eq!(lanes.step(at(30)).load.len(), 1);
}

#[test]
fn a_result_that_could_not_be_written_is_looked_for_again() {
    let mut lanes = lanes(1, 10, open(16));
    lanes.offer(delivery(1, 1));
    let ticket = only(&lanes.step(at(0)));
    end(&mut lanes, ticket, Settled::Unknown);
    let order = lanes.step(at(1)).load.pop().unwrap();
    assert_eq!((order.first_after, order.retries), (Some(0), true));
}

#[test]
fn while_results_are_lost_one_delivery_at_a_time_finds_out_whether_they_still_are() {
    let mut lanes = lanes(3, 10, open(16));
    for webhook_seq in 1..=3 {
        lanes.offer(delivery(webhook_seq, webhook_seq));
    }
    lanes.offer(delivery(1, 4));
    let step = lanes.step(at(0));
    assert_eq!(step.start.len(), 4);
    for own in step.start {
        end(&mut lanes, own.ticket, Settled::Unknown);
    }
    let held = lanes.step(at(0));
    assert!(held.start.is_empty() && held.load.is_empty());
    assert_eq!(held.wake_at, Some(at(1)));
    let mut probe = lanes.step(at(1));
    assert!(!probe.load.is_empty());
    for order in probe.load.drain(..) {
        let webhook_seq = order.webhook_seq;
        lanes.loaded(found(order, open(16)(), &[webhook_seq], &[]), at(1));
    }
    let probe = only(&lanes.step(at(1)));
    let waiting = lanes.step(at(1));
    assert!(waiting.start.is_empty() && waiting.wake_at.is_none());
    end(&mut lanes, probe, Settled::Over);
    assert_eq!(lanes.step(at(1)).start.len(), 2);
}

#[test]
fn an_ordered_webhook_keeps_its_order_when_a_result_is_lost() {
    let mut lanes = lanes(1, 10, ordered);
    for seq in 1..=3 {
        lanes.offer(delivery(1, seq));
    }
    let ticket = only(&lanes.step(at(0)));
    assert_eq!(ticket.seq, 1);
    lanes.exchanged(ticket, Ended::Answered, at(0));
    lanes.settled(ticket, Settled::Unknown, at(0));
    assert_eq!(lanes.queued(), 0);
    let order = lanes.step(at(1)).load.pop().unwrap();
    lanes.loaded(found(order, ordered(), &[1, 2, 3], &[]), at(1));
    assert_eq!(started(&lanes.step(at(1))), [(1, 1)]);
}

//! What waits is held in memory by its bytes, and each event once.

use super::memory::{LOAD_BYTES_MAX, QUEUED_BYTES_MAX};
use super::world::{Receiver, World};
use super::*;

const LARGE: usize = 250 * 1024;
/// What a few loads may bring beyond the bound.
const OVERSHOOT: usize = 8 * LOAD_BYTES_MAX;

fn bytes(world: &World) -> usize {
    world.lanes.memory.bytes()
}

#[test]
fn an_event_is_held_once_for_all_its_deliveries_whatever_the_lane() {
    let mut lanes = lanes(20, 2, open(1));
    for webhook_seq in 1..=20 {
        // As a load brings it: a copy of its own.
        let own = event(1, &"x".repeat(LARGE));
        lanes.offer(delivery_of(webhook_seq, webhook_seq, &own));
    }
    assert_eq!(lanes.memory.bytes(), LARGE);
    let held: Vec<_> = lanes.lanes.values().flat_map(|lane| &lane.first).collect();
    assert!(
        held.iter()
            .all(|own| Arc::ptr_eq(&own.event, &held[0].event))
    );
    assert_eq!(held.len(), 20);
}

#[test]
fn a_start_does_not_depend_on_how_much_waits() {
    let mut world = World::new(512);
    world.data_bytes(LARGE);
    for workspace in 0..60 {
        let webhook = world.webhook(workspace, 16, Receiver::Answers(50));
        world.store(webhook, 300);
    }
    let mut most = 0;
    world.run(2000, 1, |world| most = most.max(bytes(world)));
    assert!(most <= QUEUED_BYTES_MAX + OVERSHOOT, "{most}");
    world.run(30_000, 1000, |_| ());
    let left: usize = (1..=60).map(|webhook| world.pending(webhook)).sum();
    assert_eq!(left, 0, "and all of it goes on");
}

#[test]
fn large_events_that_wait_for_hanging_receivers_leave_room_for_others() {
    let mut world = World::new(512);
    world.data_bytes(LARGE);
    for workspace in 0..80 {
        let webhook = world.webhook(workspace, 16, Receiver::Hangs(60_000));
        world.publish(webhook, 20);
    }
    let healthy = world.webhook(1, 16, Receiver::Answers(5));
    let mut most = 0;
    world.run(20_000, 250, |world| {
        world.publish(healthy, 1);
        most = most.max(bytes(world));
    });
    assert!(most <= QUEUED_BYTES_MAX + OVERSHOOT, "{most}");
    assert!(world.p99(healthy) <= 1000, "{} ms", world.p99(healthy));
}

#[test]
fn what_is_under_way_is_bounded_in_bytes_too() {
    let mut lanes = lanes(64, 64, open(16));
    for webhook_seq in 1..=64 {
        let own = event(webhook_seq, &"x".repeat(LARGE));
        lanes.offer(delivery_of(webhook_seq, webhook_seq, &own));
    }
    let step = lanes.step(at(0));
    let under_way: usize = step
        .start
        .iter()
        .map(|own| own.delivery.event.data.len())
        .sum();
    assert!(under_way <= 64 * SLOT_BYTES + LARGE, "{under_way}");
    assert!(step.start.len() >= 16);
}

#[test]
fn what_is_forgotten_or_started_is_no_longer_counted() {
    let mut lanes = lanes(2, 10, open(1));
    for seq in 1..=6 {
        let own = event(seq, &"x".repeat(1000));
        lanes.offer(delivery_of(1 + seq % 2, seq, &own));
    }
    assert_eq!((lanes.queued(), lanes.memory.bytes()), (6, 6000));
    lanes.step(at(0));
    assert_eq!((lanes.queued(), lanes.memory.bytes()), (4, 4000));
    lanes.remove(1, 4);
    assert_eq!((lanes.queued(), lanes.memory.bytes()), (3, 3000));
    lanes.clock_jumped(5000, at(5));
    assert_eq!((lanes.queued(), lanes.memory.bytes()), (0, 0));
}

#[test]
fn a_thousand_long_queues_read_no_more_than_they_can_hold() {
    let mut world = World::new(512);
    for _ in 0..1000 {
        let webhook = world.webhook(1, 16, Receiver::Answers(5));
        world.store(webhook, 60);
    }
    world.run(1000, 1000, |_| {});
    let started: usize = world.starts.values().sum();
    let held = world.lanes.queued();
    assert!(started > 30_000, "{started}");
    // A load is asked for a little more than fits, for what is under way may be among it.
    let most = (started + held) * 5 / 4;
    assert!(world.rows_read <= most, "{} of {most}", world.rows_read);
}

//! Whatever hangs, whoever answers is served: each case is played through in a world of numbers.

use super::world::{Receiver, World};
use super::*;

const SLOTS: usize = 512;
const QUICK: Receiver = Receiver::Answers(5);
/// The longest that a healthy webhook's events may wait, but for one in a hundred.
const P99_MAX_MS: i64 = 1000;

/// Publishes an event every 250 ms to a healthy webhook in a workspace of its own and to one in
/// workspace 1, beside whatever `each` does each second; answers nothing if both are served.
fn check(mut world: World, mut each: impl FnMut(&mut World)) {
    let elsewhere = world.webhook(99, 16, QUICK);
    let beside = world.webhook(1, 16, QUICK);
    world.run(60_000, 250, |world| {
        if world.now % 1000 == 0 {
            each(world);
        }
        world.publish(elsewhere, 1);
        world.publish(beside, 1);
    });
    for webhook in [elsewhere, beside] {
        let p99 = world.p99(webhook);
        assert!(p99 <= P99_MAX_MS, "{p99} ms at webhook {webhook}");
    }
}

#[test]
fn two_hanging_webhooks_that_may_have_all_slots_hold_up_nobody() {
    let mut world = World::new(SLOTS);
    for workspace in [1, 2] {
        let hanging = world.webhook(workspace, 256, Receiver::Hangs(60_000));
        world.publish(hanging, 1000);
    }
    check(world, |_| ());
}

#[test]
fn a_hundred_hanging_webhooks_hold_up_nobody() {
    let mut world = World::new(SLOTS);
    for workspace in 0..100 {
        let hanging = world.webhook(workspace, 16, Receiver::Hangs(10_000));
        world.publish(hanging, 100);
    }
    check(world, |_| ());
}

#[test]
fn a_hundred_hanging_webhooks_in_the_same_workspace_hold_up_nobody() {
    for count in [40, 100, 150] {
        let mut world = World::new(SLOTS);
        for _ in 0..count {
            let hanging = world.webhook(1, 16, Receiver::Hangs(30_000));
            world.publish(hanging, 100);
        }
        check(world, |_| ());
    }
}

#[test]
fn a_hundred_new_hanging_one_off_receivers_a_second_hold_up_nobody() {
    check(World::new(SLOTS), |world| {
        for _ in 0..100 {
            let hangs = Receiver::Hangs(10_000);
            let one_off = world.webhook_of(WebhookKind::OneOff, 1, 16, hangs);
            world.publish(one_off, 1);
        }
    });
}

#[test]
fn receivers_that_answered_well_and_then_hang_all_at_once_hold_up_nobody() {
    let mut world = World::new(SLOTS);
    let all: Vec<i64> = (0..20).map(|_| world.webhook(1, 256, QUICK)).collect();
    world.run(2000, 10, |world| {
        for webhook in &all {
            world.publish(*webhook, 20);
        }
    });
    for webhook in &all {
        world.behaves(*webhook, Receiver::Hangs(60_000));
        world.publish(*webhook, 1000);
    }
    check(world, |_| ());
}

#[test]
fn hanging_webhooks_with_new_events_every_second_hold_up_nobody_for_long_either() {
    let mut world = World::new(SLOTS);
    let all: Vec<i64> = (0..200)
        .map(|at| world.webhook(at % 7, 64, Receiver::Hangs(60_000)))
        .collect();
    check(world, |world| {
        for webhook in &all {
            world.publish(*webhook, 5);
        }
    });
}

#[test]
fn what_hangs_is_down_to_a_probe() {
    let mut world = World::new(SLOTS);
    let hanging = world.webhook(1, 256, Receiver::Hangs(5000));
    world.publish(hanging, 1000);
    world.run(30_000, 1000, |_| ());
    assert_eq!(world.in_flight(hanging), 1);
    assert!(world.starts[&hanging] <= 8);
}

#[test]
fn a_receiver_that_answers_again_gets_its_slots_back() {
    let mut world = World::new(SLOTS);
    let webhook = world.webhook(1, 64, Receiver::Hangs(5000));
    world.publish(webhook, 3000);
    world.run(12_000, 1000, |_| ());
    world.behaves(webhook, QUICK);
    world.run(18_000, 1000, |_| ());
    assert_eq!(world.pending(webhook), 0);
}

#[test]
fn one_healthy_webhook_alone_uses_all_that_it_may() {
    let mut world = World::new(SLOTS);
    let webhook = world.webhook(1, 64, Receiver::Answers(10));
    world.publish(webhook, 200);
    world.run(1000, 1, |world| world.publish(webhook, 6));
    assert!(world.p99(webhook) <= 100, "{} ms", world.p99(webhook));
    assert!(world.starts[&webhook] >= 6000);
}

#[test]
fn a_receiver_that_takes_seconds_for_each_answer_is_served_as_it_can_bear() {
    let mut world = World::new(SLOTS);
    let webhook = world.webhook(1, 128, Receiver::Answers(3000));
    world.publish(webhook, 2000);
    world.run(60_000, 1000, |_| ());
    assert!(world.in_flight(webhook) > 100 || world.pending(webhook) == 0);
}

#[test]
fn a_large_backlog_does_not_starve_who_has_little_waiting() {
    let mut world = World::new(SLOTS);
    for at in 0..1000 {
        let webhook = world.webhook(at % 10, 16, Receiver::Answers(60));
        world.store(webhook, 100);
    }
    let quiet = world.webhook(1, 16, QUICK);
    world.run(10_000, 250, |world| world.publish(quiet, 1));
    assert!(world.p99(quiet) <= P99_MAX_MS, "{} ms", world.p99(quiet));
    let waiting: usize = (1..=1000).map(|webhook| world.pending(webhook)).sum();
    assert!(waiting < 40_000, "{waiting} still wait");
}

#[test]
fn who_publishes_after_a_start_does_not_wait_for_all_that_the_start_reads() {
    let mut lanes = Lanes::new(SLOTS);
    for webhook in 1..=1000 {
        lanes.wake(webhook);
    }
    let read = lanes.step(at(0)).load[0].webhook_seq;
    lanes.offer(delivery(2000, 1));
    lanes.load_failed(read, at(60));
    let next = lanes.step(at(0)).load;
    assert_eq!(next.len(), 1, "one load ended");
    assert_eq!(next[0].webhook_seq, 2000);
}

#[test]
fn a_receiver_that_asks_to_wait_is_asked_a_handful_of_times() {
    let mut world = World::new(SLOTS);
    let webhook = world.webhook(1, 64, Receiver::AsksToWait(20));
    world.publish(webhook, 300);
    world.run(10_000, 1000, |_| ());
    assert!(world.starts[&webhook] <= 2);
    world.run(45_000, 1000, |_| ());
    assert!(world.starts[&webhook] <= 4, "one probe behind each pause");
    world.behaves(webhook, QUICK);
    world.run(63_000, 1000, |_| ());
    assert_eq!(world.pending(webhook), 0, "and then it grows again");
}

#[test]
fn what_a_person_wants_is_attempted_although_the_receiver_asked_to_wait() {
    let mut lanes = lanes(1, 10, open(16));
    lanes.offer(delivery(1, 1));
    let ticket = only(&lanes.step(at(0)));
    let wait = Ended::AskedToWait(Duration::from_secs(60));
    lanes.exchanged(ticket, wait, at(0));
    lanes.settled(ticket, Settled::Again(at(60)), at(0));
    lanes.offer(delivery(1, 2));
    assert_eq!(started(&lanes.step(at(1))), []);
    lanes.offer_urgent(delivery(1, 3));
    assert_eq!(started(&lanes.step(at(1))), [(1, 3)]);
}

#[test]
fn lanes_without_a_slot_wake_nobody_until_one_is_freed() {
    let mut lanes = lanes(3, 2, open(16));
    for webhook_seq in 1..=3 {
        lanes.offer(delivery(webhook_seq, webhook_seq));
    }
    let held = lanes.step(at(0));
    assert_eq!(held.start.len(), 2);
    let waiting = lanes.step(at(0));
    assert!(waiting.start.is_empty() && !waiting.again);
    assert_eq!(waiting.wake_at, Some(at(1)), "a look at what is under way");
}

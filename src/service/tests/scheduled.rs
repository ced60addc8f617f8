//! Events that are for later, through restarts, pauses and clocks that are set.

use std::time::Duration;

use super::house::{House, fresh, numbered};
use super::receiver::{Arrived, Receiver};
use crate::clock::Clock;
use crate::domain::delivery::Status;
use crate::domain::id::WebhookId;
use crate::service::Idempotency;
use crate::service::events::PublishInput;
use crate::service::webhooks::WebhookInput;

const DAY_MS: i64 = 24 * 3600 * 1000;
const MONTH_MS: i64 = 30 * DAY_MS;

async fn webhook(house: &House, url: &str, ordered: Option<bool>) -> WebhookId {
    let input = WebhookInput {
        url: Some(url.to_owned()),
        event_types: Some(vec!["score.*".to_owned()]),
        ordered,
        ..WebhookInput::default()
    };
    let made = house
        .service
        .create_webhook(&house.caller, input, Idempotency::unkeyed())
        .await;
    fresh(made.unwrap()).webhook.id
}

async fn publish(house: &House, number: u64, deliver_at: Option<String>, delay: Option<&str>) {
    let input = PublishInput {
        deliver_at,
        delay: delay.map(str::to_owned),
        ..numbered(number)
    };
    let published = house
        .service
        .publish(&house.caller, input, Idempotency::unkeyed())
        .await;
    assert_eq!(fresh(published.unwrap()).deliveries, 1);
}

/// Makes the engine look at its clock and take in what it finds; `number` is delivered.
async fn nudge(house: &House, receiver: &Receiver, number: u64, arrived: usize) {
    publish(house, number, None, None).await;
    receiver.wait_for(arrived).await;
}

fn numbers(receiver: &Receiver) -> Vec<u64> {
    receiver.arrived().iter().map(Arrived::number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_forgets_nothing_and_sends_what_fell_due_meanwhile_once() {
    let clock = Clock::manual(Clock::System.now());
    let house = House::start_at(clock.clone());
    let receiver = Receiver::start().await;
    webhook(&house, &receiver.url, None).await;
    publish(&house, 1, None, Some("1h")).await;
    publish(&house, 2, None, Some("3h")).await;
    let later = |clock: &Clock| clock.advance(Duration::from_secs(2 * 3600));
    let house = house.restart_after(later).await;
    receiver.wait_for(1).await;
    house.counted(Status::Delivered, 1).await;
    let house = house.restart().await;
    nudge(&house, &receiver, 3, 2).await;
    assert_eq!(numbers(&receiver), [1, 3]);
    clock.advance(Duration::from_secs(3601));
    nudge(&house, &receiver, 4, 4).await;
    house.counted(Status::Delivered, 4).await;
    assert_eq!(
        house
            .number("SELECT count(*) FROM scheduled_deliveries")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_sends_nothing_early_and_a_delay_not_late_either() {
    let hour = Duration::from_secs(3600);
    for by_ms in [MONTH_MS, -MONTH_MS] {
        for is_stopped in [false, true] {
            let clock = Clock::manual(Clock::System.now());
            let mut house = House::start_at(clock.clone());
            let receiver = Receiver::start().await;
            webhook(&house, &receiver.url, None).await;
            let at = clock.now().after(hour);
            publish(&house, 1, Some(at.rfc3339()), None).await;
            publish(&house, 2, None, Some("1h")).await;
            let set = |clock: &Clock| clock.set(clock.now().shifted(by_ms));
            if is_stopped {
                house = house.restart_after(set).await;
            } else {
                set(&clock);
            }
            // Published on the new clock, before anybody has noticed it.
            publish(&house, 3, None, Some("2h")).await;
            nudge(&house, &receiver, 4, 1).await;
            clock.advance(Duration::from_secs(3599));
            nudge(&house, &receiver, 5, 2).await;
            assert_eq!(numbers(&receiver), [4, 5], "{by_ms} {is_stopped}");
            clock.advance(Duration::from_secs(2));
            // An hour has passed. The clock shows the instant too, unless it was set back.
            let due = if by_ms > 0 { 2 } else { 1 };
            nudge(&house, &receiver, 6, 3 + due).await;
            house
                .counted(Status::Scheduled, 3 - i64::try_from(due).unwrap())
                .await;
            clock.advance(hour);
            nudge(&house, &receiver, 7, 3 + due + 2).await;
            if by_ms < 0 {
                // And set right again.
                clock.set(at.shifted(-1));
                nudge(&house, &receiver, 8, 7).await;
                house.counted(Status::Scheduled, 1).await;
                // The time has passed long ago; now the clock shows it too.
                clock.advance(Duration::from_millis(1));
                nudge(&house, &receiver, 9, 9).await;
            }
            house.counted(Status::Scheduled, 0).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_ahead_and_back_again_changes_nothing() {
    let clock = Clock::manual(Clock::System.now());
    let house = House::start_at(clock.clone());
    let receiver = Receiver::start().await;
    webhook(&house, &receiver.url, None).await;
    let at = clock.now().after(Duration::from_secs(3600));
    publish(&house, 1, Some(at.rfc3339()), None).await;
    for (number, by_ms) in [(2, MONTH_MS), (3, -MONTH_MS), (4, -DAY_MS), (5, DAY_MS)] {
        clock.set(clock.now().shifted(by_ms));
        nudge(
            &house,
            &receiver,
            number,
            usize::try_from(number - 1).unwrap(),
        )
        .await;
    }
    let planned = house.deliveries().await;
    let mut planned = planned.iter().map(|own| own.progress);
    let planned = planned.find(|own| own.status == Status::Scheduled);
    let planned = planned.and_then(|own| own.next.at());
    assert_eq!(planned, Some(at));
    clock.set(clock.now().after(Duration::ZERO));
    clock.advance(Duration::from_secs(3600));
    nudge(&house, &receiver, 6, 6).await;
    assert!(numbers(&receiver).contains(&1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_falls_due_takes_its_place_in_an_ordered_webhook_and_waits_for_a_disabled_one() {
    let clock = Clock::manual(Clock::System.now());
    let house = House::start_at(clock.clone());
    let receiver = Receiver::start().await;
    let id = webhook(&house, &receiver.url, Some(true)).await;
    for number in 1..=3 {
        publish(&house, number, None, Some("1h")).await;
    }
    nudge(&house, &receiver, 4, 1).await;
    house.disable(id).await;
    clock.advance(Duration::from_secs(3601));
    // The engine looks at its clock with whatever is written.
    house.service.engine().set_paused(crate::engine::Paused::No);
    house.counted(Status::Pending, 3).await;
    assert_eq!(numbers(&receiver), [4]);
    house.enable(id).await;
    receiver.wait_for(4).await;
    assert_eq!(numbers(&receiver), [4, 1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_read_keeps_no_other_from_its_time() {
    let clock = Clock::manual(Clock::System.now());
    let house = House::start_at(clock.clone());
    let receiver = Receiver::start().await;
    webhook(&house, &receiver.url, None).await;
    publish(&house, 1, None, Some("1h")).await;
    publish(&house, 2, None, Some("1h")).await;
    let damaged = "UPDATE deliveries SET format = 'unheard of' WHERE seq = 1";
    let house = house.restart_tampered(damaged).await;
    clock.advance(Duration::from_secs(3601));
    nudge(&house, &receiver, 3, 2).await;
    let mut arrived = numbers(&receiver);
    arrived.sort_unstable();
    assert_eq!(arrived, [2, 3]);
    let given_up = "SELECT count(*) FROM deliveries WHERE seq = 1 AND status = 3
        AND next_attempt_at IS NULL AND last_error LIKE 'corrupt:%'";
    assert_eq!(house.number(given_up).await, 1);
    let counted = "SELECT coalesce(sum(deliveries), 0) FROM delivery_counts WHERE status = 5";
    assert_eq!(house.number(counted).await, 0);
}

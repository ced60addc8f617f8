//! Deliveries that keep the order of those with the same value, through failures and restarts.

use std::collections::HashMap;

use super::house::{House, exact, fresh, numbered};
use super::receiver::{Arrived, Receiver};
use crate::domain::delivery::Status;
use crate::service::Idempotency;
use crate::service::events::PublishInput;
use crate::service::webhooks::WebhookInput;

fn ordered_by(url: &str, pointer: &str, delays: &[&str]) -> WebhookInput {
    WebhookInput {
        url: Some(url.to_owned()),
        event_types: Some(vec!["score.*".to_owned()]),
        ordered_by: Some(Some(pointer.to_owned())),
        retry_policy: Some(Some(exact(delays))),
        ..WebhookInput::default()
    }
}

async fn register(house: &House, input: WebhookInput) {
    let made = house
        .service
        .create_webhook(&house.caller, input, Idempotency::unkeyed())
        .await;
    fresh(made.unwrap());
}

/// Event `number`, with the value `key`.
async fn publish(house: &House, number: u64, key: u64) {
    let input = PublishInput {
        data: format!(r#"{{"number":{number},"key":{key}}}"#),
        ..numbered(number)
    };
    house
        .service
        .publish(&house.caller, input, Idempotency::unkeyed())
        .await
        .unwrap();
}

/// What arrived, without repetitions of what was tried again, by the value of each.
fn by_key(arrived: &[Arrived], key_of: impl Fn(u64) -> u64) -> HashMap<u64, Vec<u64>> {
    let mut found: HashMap<u64, Vec<u64>> = HashMap::new();
    for number in arrived.iter().map(Arrived::number) {
        let own = found.entry(key_of(number)).or_default();
        if own.last() != Some(&number) {
            own.push(number);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_holds_up_those_with_its_value_and_nobody_else() {
    let house = House::start();
    let receiver = Receiver::start().await;
    register(&house, ordered_by(&receiver.url, "/data/key", &["1h"])).await;
    receiver.script(&[500]);
    publish(&house, 1, 7).await;
    house.counted(Status::Retrying, 1).await;
    for (number, key) in [(2, 7), (3, 8), (4, 7), (5, 8), (6, 9)] {
        publish(&house, number, key).await;
    }
    house.counted(Status::Delivered, 3).await;
    let mut numbers: Vec<u64> = receiver.arrived().iter().map(Arrived::number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 3, 5, 6]);
    // Whoever gives it up lets the next one go.
    let all = house.deliveries().await;
    let head = all
        .iter()
        .find(|own| own.progress.status == Status::Retrying);
    house
        .service
        .cancel_delivery(&house.caller, head.unwrap().id)
        .await
        .unwrap();
    house.counted(Status::Delivered, 5).await;
    let numbers: Vec<u64> = receiver.arrived().iter().map(Arrived::number).collect();
    assert_eq!(numbers[4..], [2, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_value_there_waits_for_nobody() {
    let house = House::start();
    let receiver = Receiver::start().await;
    register(&house, ordered_by(&receiver.url, "/data/nothing", &["1h"])).await;
    receiver.script(&[500]);
    publish(&house, 1, 7).await;
    house.counted(Status::Retrying, 1).await;
    publish(&house, 2, 7).await;
    house.counted(Status::Delivered, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_value_keeps_event_order_whatever_fails_and_however_often_it_restarts() {
    const EVENTS: u64 = 240;
    let mut dice = 0x2545_f491_4f6c_dd1d_u64;
    let mut roll = move |below: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice % below
    };
    let keys: Vec<u64> = (0..EVENTS).map(|_| roll(12)).collect();
    let key_of = |number: u64| keys[usize::try_from(number).unwrap()];
    let mut house = House::start();
    let receiver = Receiver::start().await;
    let delays = ["1ms"; 20];
    register(&house, ordered_by(&receiver.url, "/data/key", &delays)).await;
    for part in 0..4 {
        let failures: Vec<u16> = (0..80)
            .map(|_| if roll(3) == 0 { 500 } else { 200 })
            .collect();
        receiver.script(&failures);
        for number in part * EVENTS / 4..(part + 1) * EVENTS / 4 {
            publish(&house, number, key_of(number)).await;
        }
        house = house.restart().await;
    }
    house
        .counted(Status::Delivered, i64::try_from(EVENTS).unwrap())
        .await;
    for (key, numbers) in by_key(&receiver.arrived(), key_of) {
        let expect: Vec<u64> = (0..EVENTS)
            .filter(|number| key_of(*number) == key)
            .collect();
        assert_eq!(numbers, expect, "of key {key}");
    }
    let left = "SELECT count(*) FROM deliveries WHERE status IN (0, 1)";
    assert_eq!(house.number(left).await, 0);
}

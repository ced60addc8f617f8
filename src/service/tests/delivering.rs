//! The life of single deliveries, and what single actions do to them.

use super::house::House;
use super::receiver::{Arrived, Receiver};
use crate::domain::delivery::Status;
use crate::domain::id::DeliveryId;
use crate::service::Refusal;
use crate::service::webhooks::WebhookInput;

#[tokio::test(flavor = "multi_thread")]
async fn a_published_event_is_delivered() {
    let house = House::start();
    let receiver = Receiver::start().await;
    house.webhook(&receiver.url, &["1s"]).await;
    house.publish(1).await;
    let arrived = receiver.wait_for(1).await;
    assert!(arrived[0].body.contains(r#""data":{"number":1}"#));
    let delivery = house.settled(Status::Delivered).await;
    assert_eq!(
        (delivery.progress.attempt_count, delivery.last_status_code),
        (1, Some(200))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_receiver_gets_the_same_body_again_until_it_takes_it() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.script(&[500, 302, 429]);
    house
        .webhook(&receiver.url, &["10ms", "10ms", "10ms"])
        .await;
    house.publish(1).await;
    let delivery = house.settled(Status::Delivered).await;
    assert_eq!(delivery.progress.attempt_count, 4);
    let arrived = receiver.arrived();
    assert_eq!(arrived.len(), 4);
    assert!(arrived.iter().all(|own| own.body == arrived[0].body));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_can_be_retried() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.script(&[500, 500]);
    house.webhook(&receiver.url, &["1ms"]).await;
    house.publish(1).await;
    let dead = house.settled(Status::Exhausted).await;
    house
        .service
        .retry_dead_letter(&house.caller, dead.id)
        .await
        .unwrap();
    house.settled(Status::Delivered).await;
    assert_eq!(receiver.arrived().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordered_webhook_never_sees_a_later_event_before_an_earlier_one() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.script(&[500, 200, 500, 500, 200]);
    let ordered = WebhookInput {
        ordered: Some(true),
        ..WebhookInput::default()
    };
    house
        .webhook_with(&receiver.url, &["5ms", "5ms", "5ms"], ordered)
        .await;
    for number in 0..20 {
        house.publish(number).await;
    }
    house.counted(Status::Delivered, 20).await;
    let seen: Vec<u64> = receiver.arrived().iter().map(Arrived::number).collect();
    assert!(seen.is_sorted(), "{seen:?}");
    assert_eq!(seen.len(), 23);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_webhook_gets_nothing_until_it_is_enabled_and_the_event_says_who_missed_it() {
    let house = House::start();
    let receiver = Receiver::start().await;
    let webhook = house.webhook(&receiver.url, &["1s"]).await.webhook;
    house.disable(webhook.id).await;
    house.publish(1).await;
    house.enable(webhook.id).await;
    house.publish(2).await;
    let arrived = receiver.wait_for(1).await;
    assert_eq!(arrived[0].number(), 2);
    assert_eq!(house.number("SELECT count(*) FROM event_misses").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_far_beyond_memory_bounds_is_delivered_once_each() {
    let house = House::start();
    let receiver = Receiver::start().await;
    house.webhook(&receiver.url, &["1s"]).await;
    house.publish_many(1000).await;
    house.counted(Status::Delivered, 1000).await;
    let seen: std::collections::BTreeSet<u64> =
        receiver.arrived().iter().map(Arrived::number).collect();
    assert_eq!((seen.len(), receiver.arrived().len()), (1000, 1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_is_attempted_once_and_recorded_and_waits_for_nobody() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.answer(503);
    let webhook = house.webhook(&receiver.url, &["1ms"]).await.webhook;
    let tested = house
        .service
        .test_webhook(&house.caller, webhook.id, None, None)
        .await
        .unwrap();
    assert_eq!(tested.attempt.status_code, Some(503));
    let delivery = house.settled(Status::Exhausted).await;
    assert_eq!(delivery.id, tested.delivery);
    assert!(!delivery.is_dead_letter());
    let refused = house
        .service
        .retry_delivery(&house.caller, delivery.id)
        .await;
    assert!(matches!(refused, Err(Refusal::Conflict(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_deliveries_are_not_found() {
    let house = House::start();
    let id = DeliveryId::new(house.service.clock().now(), 7);
    let refused = house.service.delivery(&house.caller, id).await;
    assert!(matches!(refused, Err(Refusal::NotFound("delivery"))));
}

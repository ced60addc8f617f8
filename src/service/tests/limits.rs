//! What a webhook's limits promise its receiver, measured at the receiver.

use std::time::Duration;

use super::house::{House, numbered};
use super::receiver::{Arrived, Receiver};
use crate::domain::delivery::Status;
use crate::service::Idempotency;
use crate::service::consumers::{ConsumerInput, NamedConsumer};
use crate::service::events::PublishInput;
use crate::service::webhooks::WebhookInput;

fn limited(rate: f64) -> WebhookInput {
    WebhookInput {
        rate_limit: Some(Some(rate)),
        ..WebhookInput::default()
    }
}

/// Requests per second between the first and the last.
fn rate_of(arrived: &[Arrived]) -> f64 {
    let mut times: Vec<_> = arrived.iter().map(|own| own.at).collect();
    times.sort();
    let span = times[times.len() - 1] - times[0];
    (times.len() - 1) as f64 / span.as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_kept_within_a_tenth() {
    for (rate, count) in [(10.0, 31), (100.0, 301)] {
        let house = House::start();
        let receiver = Receiver::start().await;
        house
            .webhook_with(&receiver.url, &["1s"], limited(rate))
            .await;
        house.publish_many(count).await;
        let arrived = receiver.wait_for(usize::try_from(count).unwrap()).await;
        let measured = rate_of(&arrived);
        let off = (measured / rate - 1.0).abs();
        assert!(off <= 0.1, "{measured} instead of {rate} per second");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_share_the_rate_with_first_attempts() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.script(&[500; 60]);
    house
        .webhook_with(&receiver.url, &["10ms", "10ms"], limited(50.0))
        .await;
    house.publish_many(60).await;
    house.counted(Status::Delivered, 60).await;
    let arrived = receiver.arrived();
    assert_eq!(arrived.len(), 120);
    let measured = rate_of(&arrived);
    assert!((45.0..=55.0).contains(&measured), "{measured} per second");
}

#[tokio::test(flavor = "multi_thread")]
async fn never_more_are_under_way_than_a_webhook_allows() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.delay(Duration::from_millis(5));
    receiver.script(&[500; 40]);
    let three = WebhookInput {
        max_in_flight: Some(Some(3)),
        ..WebhookInput::default()
    };
    house
        .webhook_with(&receiver.url, &["1ms", "1ms", "1ms", "1ms"], three)
        .await;
    house.publish_many(150).await;
    house.counted(Status::Delivered, 150).await;
    assert_eq!(receiver.most_at_once(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_limit_holds_for_what_waits() {
    let house = House::start();
    let receiver = Receiver::start().await;
    let webhook = house
        .webhook_with(&receiver.url, &["1s"], limited(0.1))
        .await
        .webhook;
    house.publish_many(20).await;
    receiver.wait_for(1).await;
    let free = WebhookInput {
        rate_limit: Some(None),
        ..WebhookInput::default()
    };
    house
        .service
        .update_webhook(&house.caller, webhook.id, free)
        .await
        .unwrap();
    receiver.wait_for(20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumers_rate_holds_over_all_of_its_webhooks_and_changes_live() {
    let house = House::start();
    let receiver = Receiver::start().await;
    let rate = |rate_limit| ConsumerInput {
        uid: Some("acme".to_owned()),
        rate_limit: Some(rate_limit),
        ..ConsumerInput::default()
    };
    let service = &house.service;
    let made = service.create_consumer(&house.caller, rate(Some(50.0)), Idempotency::unkeyed());
    made.await.unwrap();
    for _ in 0..3 {
        let of_acme = WebhookInput {
            consumer: Some(Some("acme".to_owned())),
            ..WebhookInput::default()
        };
        house.webhook_with(&receiver.url, &["1s"], of_acme).await;
    }
    let publish = async |count: u64| {
        for number in 0..count {
            let input = PublishInput {
                consumer: Some(NamedConsumer::Known("acme".to_owned())),
                ..numbered(number)
            };
            service
                .publish(&house.caller, input, Idempotency::unkeyed())
                .await
                .unwrap();
        }
    };
    publish(20).await;
    let arrived = receiver.wait_for(60).await;
    let measured = rate_of(&arrived);
    assert!((45.0..=55.0).contains(&measured), "{measured} per second");
    let slow = service.update_consumer(&house.caller, "acme", rate(Some(0.1)));
    slow.await.unwrap();
    publish(20).await;
    let free = service.update_consumer(&house.caller, "acme", rate(None));
    free.await.unwrap();
    receiver.wait_for(120).await;
}

//! The ends of webhooks and of history.

use std::time::Duration;

use super::house::House;
use super::receiver::Receiver;
use crate::clock::Clock;
use crate::domain::breaker::DisabledReason;
use crate::domain::delivery::Status;
use crate::domain::webhook::WebhookState;
use crate::service::events::WhyNot;
use crate::service::webhooks::{RotationInput, WebhookInput};
use crate::service::{Idempotency, Refusal, jobs::Selection};
use crate::store::webhooks;

#[tokio::test(flavor = "multi_thread")]
async fn revoking_stops_a_webhook_at_once_and_calls_off_what_waits() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.answer(500);
    let webhook = house.webhook(&receiver.url, &["1h"]).await.webhook;
    house.publish_many(600).await;
    house.counted(Status::Retrying, 600).await;
    let revoked = house
        .service
        .revoke_webhook(&house.caller, webhook.id)
        .await
        .unwrap();
    assert_eq!(revoked.state, WebhookState::Revoked);
    house.counted(Status::Canceled, 600).await;
    assert_eq!(house.publish(1).await.deliveries, 0);
    let service = &house.service;
    let (caller, id) = (&house.caller, webhook.id);
    let refused = |refusal: Refusal| assert!(matches!(refusal, Refusal::Revoked), "{refusal}");
    refused(service.enable_webhook(caller, id).await.unwrap_err());
    refused(service.disable_webhook(caller, id).await.unwrap_err());
    refused(service.revoke_webhook(caller, id).await.unwrap_err());
    refused(
        service
            .rotate_secret(caller, id, RotationInput::default(), Idempotency::unkeyed())
            .await
            .unwrap_err(),
    );
    refused(
        service
            .test_webhook(caller, id, None, None)
            .await
            .unwrap_err(),
    );
    refused(
        service
            .update_webhook(caller, id, WebhookInput::default())
            .await
            .unwrap_err(),
    );
    let delivery = house.deliveries().await[0].id;
    refused(service.retry_delivery(caller, delivery).await.unwrap_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_waiting_for_a_revoked_webhook_is_called_off_at_the_next_start() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.answer(500);
    let webhook = house.webhook(&receiver.url, &["1h"]).await.webhook;
    house.publish_many(3).await;
    house.counted(Status::Retrying, 3).await;
    let (workspace, seq) = (house.caller.workspace.seq(), webhook.id.seq());
    house
        .service
        .store()
        .write(move |tx| webhooks::set_state(tx, workspace, seq, WebhookState::Revoked))
        .await
        .unwrap();
    let house = house.restart().await;
    house.counted(Status::Canceled, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_webhook_is_not_found_and_its_history_is_still_there() {
    let house = House::start();
    let receiver = Receiver::start().await;
    let webhook = house.webhook(&receiver.url, &["1s"]).await.webhook;
    house.publish(1).await;
    let delivery = house.settled(Status::Delivered).await;
    let (caller, id) = (&house.caller, webhook.id);
    house.service.delete_webhook(caller, id).await.unwrap();
    let gone = house.service.webhook(caller, id).await;
    assert!(matches!(gone, Err(Refusal::NotFound(_))));
    house.service.delivery(caller, delivery.id).await.unwrap();
    let again = house.service.retry_delivery(caller, delivery.id).await;
    assert!(matches!(again, Err(Refusal::Revoked)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_disabled_webhook_is_held_and_goes_on_when_it_is_enabled() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.answer(500);
    let webhook = house
        .webhook(&receiver.url, &["20ms", "20ms", "1h"])
        .await
        .webhook;
    house.publish(1).await;
    house.counted(Status::Retrying, 1).await;
    house.disable(webhook.id).await;
    // It waits for a person, not for a time that passes without anything happening.
    assert_eq!(house.deliveries().await[0].next_attempt_at(), None);
    let house = house.restart().await;
    receiver.answer(200);
    house.counted(Status::Retrying, 1).await;
    house.enable(webhook.id).await;
    house.settled(Status::Delivered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_breaker_disables_after_so_many_failures_and_a_passing_test_offers_to_enable() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.answer(500);
    let breaker = WebhookInput {
        disable_after_failures: Some(Some(3)),
        ..WebhookInput::default()
    };
    let id = house
        .webhook_with(&receiver.url, &["1ms", "1ms", "1ms", "1ms"], breaker)
        .await
        .webhook
        .id;
    house.publish(1).await;
    let disabled = house
        .until(async || {
            let webhook = house.service.webhook(&house.caller, id).await.unwrap();
            (webhook.state != WebhookState::Active).then_some(webhook)
        })
        .await;
    let reason = disabled.state.disabled_reason();
    assert_eq!(reason, Some(DisabledReason::CircuitBreaker));
    assert_eq!(disabled.health.consecutive_failures, 3);
    assert_eq!(receiver.arrived().len(), 3);
    let test = async || {
        house
            .service
            .test_webhook(&house.caller, id, None, None)
            .await
            .unwrap()
    };
    assert!(!test().await.may_enable);
    receiver.answer(200);
    assert!(test().await.may_enable);
    let enabled = house.enable(id).await;
    assert_eq!(enabled.health.consecutive_failures, 0);
    house.counted(Status::Retrying, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_test_is_held_against_nobody() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.answer(500);
    let breaker = WebhookInput {
        disable_after_failures: Some(Some(1)),
        ..WebhookInput::default()
    };
    let made = house.webhook_with(&receiver.url, &[], breaker).await;
    let (caller, id) = (&house.caller, made.webhook.id);
    let tested = house.service.test_webhook(caller, id, None, None).await;
    assert!(!tested.unwrap().may_enable);
    assert_eq!(receiver.arrived().len(), 1);
    let webhook = house.service.webhook(caller, id).await.unwrap();
    assert_eq!(webhook.state, WebhookState::Active);
    let health = &webhook.health;
    assert_eq!(
        (health.consecutive_failures, health.failing_since),
        (0, None)
    );
    // What is published and fails is.
    house.publish(1).await;
    house
        .until(async || {
            let webhook = house.service.webhook(caller, id).await.unwrap();
            (webhook.state != WebhookState::Active).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_failures_for_long_enough_disables_too() {
    let clock = Clock::manual(Clock::System.now());
    let house = House::start_at(clock.clone());
    let receiver = Receiver::start().await;
    receiver.answer(500);
    let breaker = WebhookInput {
        disable_after: Some(Some("2h".to_owned())),
        ..WebhookInput::default()
    };
    let id = house
        .webhook_with(&receiver.url, &["1h"], breaker)
        .await
        .webhook
        .id;
    house.publish(1).await;
    house.counted(Status::Retrying, 1).await;
    clock.advance(Duration::from_secs(2 * 3600 - 1));
    house.publish(2).await;
    house.counted(Status::Exhausted, 1).await;
    let reason = async || {
        let webhook = house.service.webhook(&house.caller, id).await.unwrap();
        webhook.state.disabled_reason()
    };
    assert_eq!(reason().await, None);
    clock.advance(Duration::from_secs(1));
    house.publish(3).await;
    house
        .until(async || (reason().await == Some(DisabledReason::CircuitBreaker)).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_says_of_each_webhook_whether_and_why_not() {
    let clock = Clock::manual(Clock::System.now());
    let house = House::start_at(clock.clone());
    let receiver = Receiver::start().await;
    let given = house.webhook(&receiver.url, &["1s"]).await.webhook.id;
    let disabled = house.webhook(&receiver.url, &["1s"]).await.webhook.id;
    let revoked = house.webhook(&receiver.url, &["1s"]).await.webhook.id;
    let other = |types: &str| WebhookInput {
        event_types: Some(vec![types.to_owned()]),
        ..WebhookInput::default()
    };
    let elsewhere = house.webhook(&receiver.url, &["1s"]).await.webhook.id;
    let caller = &house.caller;
    let service = &house.service;
    service
        .update_webhook(caller, elsewhere, other("agent.*"))
        .await
        .unwrap();
    service.disable_webhook(caller, disabled).await.unwrap();
    service.revoke_webhook(caller, revoked).await.unwrap();
    let event = house.publish(1).await;
    clock.advance(Duration::from_secs(1));
    let later = house.webhook(&receiver.url, &["1s"]).await.webhook.id;
    let detail = service.event(caller, &event.id).await.unwrap();
    let told: Vec<_> = detail
        .webhooks
        .iter()
        .map(|own| (own.id, own.why_not.clone()))
        .collect();
    assert_eq!(
        told,
        [
            (later, Some(WhyNot::RegisteredLater)),
            (elsewhere, Some(WhyNot::NotSubscribed)),
            (revoked, Some(WhyNot::Revoked)),
            (disabled, Some(WhyNot::Disabled(DisabledReason::Manual))),
            (given, None),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn history_leaves_step_by_step_once_it_is_old_and_open_work_stays() {
    let clock = Clock::manual(Clock::System.now());
    let house = House::start_at(clock.clone());
    let (receiver, failing) = (Receiver::start().await, Receiver::start().await);
    house.webhook(&receiver.url, &["1s"]).await;
    failing.answer(500);
    house.webhook(&failing.url, &[]).await;
    house.publish_many(700).await;
    house.counted(Status::Delivered, 700).await;
    house.counted(Status::Exhausted, 700).await;
    let sweep = async || house.service.sweep().await.unwrap().steps;
    clock.advance(Duration::from_secs(29 * 24 * 3600));
    sweep().await;
    house.counted(Status::Delivered, 700).await;
    clock.advance(Duration::from_secs(2 * 24 * 3600));
    assert!(sweep().await > 1);
    house.counted(Status::Delivered, 0).await;
    house.counted(Status::Exhausted, 700).await;
    let chosen = Selection::Filter(house.filter());
    let begun = house
        .service
        .retry_dead_letters(&house.caller, chosen, Idempotency::unkeyed())
        .await
        .unwrap();
    drop(begun);
    failing.answer(200);
    house.counted(Status::Delivered, 700).await;
}

//! A payload that somebody changed on the disk.

use std::time::Duration;

use super::house::{House, fresh, numbered};
use super::receiver::Receiver;
use crate::domain::breaker::DisabledReason;
use crate::domain::delivery::Status;
use crate::domain::page::{Limit, Order};
use crate::engine::Paused;
use crate::service::events::PublishInput;
use crate::service::webhooks::{RotationInput, WebhookInput};
use crate::service::{Idempotency, Refusal, inspection};
use crate::store::tests::noise;

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_payload_is_set_apart_and_the_others_of_its_webhook_go_on() {
    let house = House::start();
    house.service.engine().set_paused(Paused::Yes);
    let receiver = Receiver::start().await;
    house.webhook(&receiver.url, &["1s"]).await;
    house.publish_many(20).await;
    let changed = r#"UPDATE events SET data = '{"number":8}' WHERE data = '{"number":7}'"#;
    let house = house.restart_tampered(changed).await;
    house.counted(Status::Delivered, 19).await;
    house.counted(Status::Exhausted, 1).await;
    assert_eq!(receiver.arrived().len(), 19);
    let all = house.deliveries().await;
    let corrupt = all
        .iter()
        .find(|own| own.progress.status == Status::Exhausted)
        .unwrap();
    let shown = house
        .service
        .delivery(&house.caller, corrupt.id)
        .await
        .unwrap();
    assert!(shown.delivery.last_error.unwrap().starts_with("corrupt"));
    assert!(shown.request_body.is_empty() && shown.attempts.is_empty());
    let refused = house
        .service
        .retry_delivery(&house.caller, corrupt.id)
        .await;
    assert!(matches!(refused, Err(Refusal::Conflict(_))));
    let listed = house
        .events(Order::Descending, None, Limit::clamped(250))
        .await;
    assert_eq!(listed.items.len(), 19);
    house.publish(7).await;
    house.counted(Status::Delivered, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_cannot_be_read_keeps_nobody_else_from_anything() {
    for sql in [
        "UPDATE webhooks SET headers_sealed = x'00' WHERE label = 'first'",
        "UPDATE webhooks SET event_types = '[\"' WHERE label = 'first'",
        "UPDATE webhooks SET status = 'unheard of' WHERE label = 'first'",
        "UPDATE webhooks SET format = CAST(x'ff' AS TEXT) WHERE label = 'first'",
    ] {
        let house = House::start();
        let receiver = Receiver::start().await;
        let input = WebhookInput {
            label: Some("first".to_owned()),
            url: Some(receiver.url.clone()),
            event_types: Some(vec!["*".to_owned()]),
            ..WebhookInput::default()
        };
        let made = house
            .service
            .create_webhook(&house.caller, input, Idempotency::unkeyed());
        let first = fresh(made.await.unwrap()).webhook.id;
        let second = house.webhook(&receiver.url, &["1s"]).await.webhook.id;
        let house = house.restart_tampered(sql).await;
        let corrupt = house.service.webhook(&house.caller, first).await.unwrap();
        let reason = corrupt.state.disabled_reason();
        assert_eq!(reason, Some(DisabledReason::Corrupt), "{sql}");
        house.service.webhook(&house.caller, second).await.unwrap();
        house.publish(1).await;
        house.counted(Status::Delivered, 1).await;
        let listed = house
            .service
            .webhooks(&house.caller, None, None, Limit::clamped(9));
        let listed = listed.await.unwrap().items;
        assert_eq!(listed.len(), 2, "{sql}");
        assert_eq!(receiver.arrived().len(), 1, "only the sound one is sent to");
        // Nothing is written back over what could not be read, and it can be got rid of.
        let input = WebhookInput {
            label: Some("another".to_owned()),
            ..WebhookInput::default()
        };
        let changed = house.service.update_webhook(&house.caller, first, input);
        assert!(matches!(changed.await, Err(Refusal::Conflict(_))), "{sql}");
        let tested = house.service.test_webhook(&house.caller, first, None, None);
        assert!(matches!(tested.await, Err(Refusal::Conflict(_))), "{sql}");
        house
            .service
            .delete_webhook(&house.caller, first)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_whose_signing_secret_is_damaged_is_disabled_as_corrupt_until_it_has_another() {
    let house = House::start();
    house.service.engine().set_paused(Paused::Yes);
    let receiver = Receiver::start().await;
    let id = house.webhook(&receiver.url, &["1s"]).await.webhook.id;
    house.publish(1).await;
    let house = house
        .restart_tampered("UPDATE webhook_secrets SET sealed = x'00' WHERE webhook_seq = 1")
        .await;
    let reason = async || {
        let webhook = house.service.webhook(&house.caller, id).await.unwrap();
        webhook.state.disabled_reason()
    };
    house
        .until(async || (reason().await == Some(DisabledReason::Corrupt)).then_some(()))
        .await;
    let logged = "SELECT count(*) FROM audit_log WHERE action = 'webhook.disable'";
    assert_eq!(house.number(logged).await, 1);
    assert_eq!(receiver.arrived().len(), 0);
    house
        .service
        .rotate_secret(
            &house.caller,
            id,
            RotationInput::default(),
            Idempotency::unkeyed(),
        )
        .await
        .unwrap();
    house.enable(id).await;
    house.counted(Status::Delivered, 1).await;
}

/// Breaks the chain of pages that a large value goes on in, as a disk that forgets would.
fn break_a_chain(database: &std::path::Path) {
    let conn = rusqlite::Connection::open(database).unwrap();
    let bytes: usize = conn
        .query_row("PRAGMA page_size", [], |row| row.get(0))
        .unwrap();
    drop(conn);
    let mut file = std::fs::read(database).unwrap();
    let inner = file
        .chunks_exact_mut(bytes)
        .find(|page| page[4..].iter().all(u8::is_ascii_graphic));
    inner.unwrap()[..4].fill(0xff);
    std::fs::write(database, file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_page_that_nobody_asked_for_is_found_by_the_slow_look() {
    let house = House::start();
    inspection::look(&house.service, Duration::ZERO)
        .await
        .unwrap();
    let large = PublishInput {
        data: format!(r#""{}""#, noise(100_000)),
        ..numbered(1)
    };
    let made = house
        .service
        .publish(&house.caller, large, Idempotency::unkeyed());
    made.await.unwrap();
    house.publish_many(3).await;
    let database = house.database();
    let house = house.restart_after(|_| break_a_chain(&database)).await;
    house.service.check_ready().await.unwrap();
    let looked = inspection::look(&house.service, Duration::ZERO).await;
    assert!(looked.is_err());
    assert!(house.service.check_ready().await.is_err(), "health says so");
}

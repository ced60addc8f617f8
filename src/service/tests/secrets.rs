//! Rotation: whoever holds a live secret can verify, and not a moment longer.

use std::time::Duration;

use super::house::{House, field_of};
use super::receiver::{Arrived, Receiver};
use crate::clock::Clock;
use crate::domain::id::WebhookId;
use crate::domain::secret::Secret;
use crate::service::webhooks::{Rotated, RotationInput};
use crate::service::{Idempotency, Refusal};
use crate::store::secrets::LIVE_SECRETS_MAX;

impl House {
    async fn rotate(&self, id: WebhookId, overlap: &str) -> Rotated {
        self.try_rotate(id, None, Some(overlap)).await.unwrap()
    }

    async fn try_rotate(
        &self,
        id: WebhookId,
        secret: Option<&str>,
        overlap: Option<&str>,
    ) -> Result<Rotated, Refusal> {
        let input = RotationInput {
            secret: secret.map(str::to_owned),
            overlap: overlap.map(str::to_owned),
            signature: None,
        };
        let rotated = self
            .service
            .rotate_secret(&self.caller, id, input, Idempotency::unkeyed())
            .await;
        rotated.map(|done| done.fresh().unwrap())
    }
}

/// Whether one of the signatures was made with this secret.
pub(super) fn verifies(arrived: &Arrived, secret: &Secret) -> bool {
    let verifier = standardwebhooks::Webhook::new(secret.expose()).unwrap();
    let at = arrived.header("webhook-timestamp").parse().unwrap();
    let id = arrived.header("webhook-id");
    let expected = verifier.sign(id, at, arrived.body.as_bytes()).unwrap();
    let signatures = arrived.header("webhook-signature");
    signatures.split(' ').any(|own| own == expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_live_secret_verifies_until_the_instant_it_expires() {
    let clock = Clock::manual(Clock::System.now());
    let house = House::start_at(clock.clone());
    let receiver = Receiver::start().await;
    let registered = house.webhook(&receiver.url, &["1s"]).await;
    let id = registered.webhook.id;
    let first = registered.secret;
    let second = house.rotate(id, "2h").await.secret;
    let third = house.rotate(id, "1h").await.secret;
    let check = async |number: usize, expect: [bool; 3]| {
        house.publish(number as u64).await;
        let arrived = receiver.wait_for(number).await;
        let last = &arrived[number - 1];
        let verified = [&first, &second, &third].map(|secret| verifies(last, secret));
        assert_eq!(verified, expect, "delivery {number}");
        let signatures = last.header("webhook-signature").split(' ').count();
        assert_eq!(signatures, expect.iter().filter(|live| **live).count());
    };
    check(1, [true, true, true]).await;
    clock.advance(Duration::from_millis(3_599_999));
    check(2, [true, true, true]).await;
    clock.advance(Duration::from_millis(1));
    // The later rotation allowed an hour, and shortened what an earlier one had allowed.
    check(3, [false, false, true]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_overlap_the_old_secret_ends_at_once() {
    let house = House::start();
    let receiver = Receiver::start().await;
    let registered = house.webhook(&receiver.url, &["1s"]).await;
    let rotated = house.rotate(registered.webhook.id, "0s").await;
    assert_eq!(rotated.previous_secret_expires_at, None);
    house.publish(1).await;
    let arrived = receiver.wait_for(1).await;
    assert!(verifies(&arrived[0], &rotated.secret));
    assert!(!verifies(&arrived[0], &registered.secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overlap_out_of_range_and_an_unfit_or_known_secret_are_refused() {
    let house = House::start();
    let receiver = Receiver::start().await;
    let registered = house.webhook(&receiver.url, &["1s"]).await;
    let id = registered.webhook.id;
    let check = async |secret: Option<&str>, overlap: Option<&str>, field: &str| {
        let refused = house.try_rotate(id, secret, overlap).await;
        assert_eq!(field_of(refused), field);
    };
    check(None, Some("169h"), "overlap").await;
    check(None, Some("-1h"), "overlap").await;
    check(None, Some("soon"), "overlap").await;
    check(Some("whsec_short"), None, "secret").await;
    check(Some(registered.secret.expose()), None, "secret").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_ends_early_because_there_are_many() {
    let house = House::start();
    let receiver = Receiver::start().await;
    let id = house.webhook(&receiver.url, &["1s"]).await.webhook.id;
    for _ in 1..LIVE_SECRETS_MAX {
        house.rotate(id, "1h").await;
    }
    assert!(matches!(
        house.try_rotate(id, None, Some("1h")).await,
        Err(Refusal::Conflict(_))
    ));
    house.publish(1).await;
    let signatures = receiver.wait_for(1).await[0]
        .header("webhook-signature")
        .to_owned();
    assert_eq!(signatures.split(' ').count(), LIVE_SECRETS_MAX);
    house.rotate(id, "0s").await;
    house.publish(2).await;
    let signatures = receiver.wait_for(2).await[1]
        .header("webhook-signature")
        .to_owned();
    assert_eq!(signatures.split(' ').count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_loses_no_delivery() {
    let house = House::start();
    let receiver = Receiver::start().await;
    let registered = house.webhook(&receiver.url, &["1ms", "1ms"]).await;
    let mut live = vec![registered.secret];
    for round in 0..5 {
        house.publish_many(20).await;
        live.push(house.rotate(registered.webhook.id, "24h").await.secret);
        receiver.wait_for((round + 1) * 20).await;
    }
    let arrived = receiver.arrived();
    assert_eq!(arrived.len(), 100);
    for own in &arrived {
        assert!(live.iter().any(|secret| verifies(own, secret)));
    }
    // The first secret still verifies the last delivery: nobody had to hurry.
    assert!(verifies(&arrived[99], &live[0]));
}

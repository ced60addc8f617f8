//! Recovering a webhook: what was missed or given up comes once, in order, and nothing else.

use super::house::{House, field_of, fresh};
use super::receiver::Receiver;
use crate::domain::delivery::Status;
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::job::JobStatus;
use crate::service::jobs::{Begun, RecoverInput, Selection};
use crate::service::{Idempotency, Refusal};

impl House {
    async fn recover(&self, id: WebhookId, include: &[&str]) -> Begun {
        let input = RecoverInput {
            since: Some("2020-01-01T00:00:00Z".to_owned()),
            until: None,
            include: Some(include.iter().map(|&word| word.to_owned()).collect()),
        };
        let done = self
            .service
            .recover_webhook(&self.caller, id, input, Idempotency::unkeyed())
            .await;
        fresh(done.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recovering_what_was_exhausted_leaves_what_was_called_off_alone() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.script(&[500, 500, 500]);
    let webhook = house.webhook(&receiver.url, &["1h"]).await.webhook;
    for number in 0..4 {
        house.publish(number).await;
    }
    house.counted(Status::Retrying, 3).await;
    house.counted(Status::Delivered, 1).await;
    let retrying: Vec<DeliveryId> = house
        .deliveries()
        .await
        .iter()
        .filter(|own| own.progress.status == Status::Retrying)
        .map(|own| own.id)
        .collect();
    house
        .service
        .cancel_delivery(&house.caller, retrying[0])
        .await
        .unwrap();
    assert_eq!(house.recover(webhook.id, &["exhausted"]).await.matched, 0);
    let begun = house.recover(webhook.id, &["undelivered"]).await;
    assert_eq!(begun.matched, 3);
    house.counted(Status::Delivered, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_missed_while_disabled_can_be_recovered_once_and_in_order() {
    let house = House::start();
    let receiver = Receiver::start().await;
    let webhook = house.webhook(&receiver.url, &["1s"]).await.webhook;
    house.disable(webhook.id).await;
    house.publish_many(600).await;
    house.enable(webhook.id).await;
    let begun = house.recover(webhook.id, &["missed"]).await;
    assert_eq!(begun.matched, 600);
    let job = house.ended(begun.job).await;
    assert_eq!((job.status, job.done), (JobStatus::Done, 600));
    house.counted(Status::Delivered, 600).await;
    assert_eq!(house.number("SELECT count(*) FROM event_misses").await, 0);
    assert_eq!(house.recover(webhook.id, &["missed"]).await.matched, 0);
    let events: Vec<i64> = house
        .read(|conn| {
            let mut statement = conn
                .connection()
                .prepare("SELECT event_seq FROM deliveries ORDER BY seq")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await;
    assert!(events.is_sorted());
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_names_its_faults_and_refuses_a_revoked_webhook() {
    let house = House::start();
    let receiver = Receiver::start().await;
    let webhook = house.webhook(&receiver.url, &[]).await.webhook;
    let check = async |since: Option<&str>, until: Option<&str>, include: &[&str], field| {
        let input = RecoverInput {
            since: since.map(str::to_owned),
            until: until.map(str::to_owned),
            include: Some(include.iter().map(|&word| word.to_owned()).collect()),
        };
        let refused = house
            .service
            .recover_webhook(&house.caller, webhook.id, input, Idempotency::unkeyed())
            .await;
        assert_eq!(field_of(refused), field);
    };
    let (early, late) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    check(None, None, &["missed"], "since").await;
    check(Some("yesterday"), None, &["missed"], "since").await;
    check(Some(late), Some(early), &["missed"], "until").await;
    check(Some(early), Some(late), &[], "include").await;
    check(Some(early), None, &["missed", "lost"], "include[1]").await;
    house
        .service
        .revoke_webhook(&house.caller, webhook.id)
        .await
        .unwrap();
    let input = RecoverInput {
        since: Some(early.to_owned()),
        ..RecoverInput::default()
    };
    let refused = house
        .service
        .recover_webhook(&house.caller, webhook.id, input, Idempotency::unkeyed())
        .await;
    assert!(matches!(refused, Err(Refusal::Revoked)));
    let filter = house.filter_of(webhook.id);
    let refused = house
        .service
        .retry_deliveries(
            &house.caller,
            Selection::Filter(filter),
            Idempotency::unkeyed(),
        )
        .await;
    assert!(matches!(refused, Err(Refusal::Revoked)));
}

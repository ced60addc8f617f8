//! Running what waits, and the summary of it.

use std::time::Duration;

use super::house::{House, field_of};
use super::receiver::{Arrived, Receiver};
use crate::domain::attempt::AttemptTrigger;
use crate::domain::delivery::{Next, Status};
use crate::engine::Paused;
use crate::service::Refusal;
use crate::service::retries::Ran;
use crate::store::attempts;

fn ran(delivered: u64, failed: u64) -> Ran {
    Ran {
        processed: delivered + failed,
        delivered,
        failed,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_attempted_now_and_answered_for() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.answer(500);
    house.webhook(&receiver.url, &["1h", "2h"]).await;
    house.publish_many(5).await;
    house.counted(Status::Retrying, 5).await;
    receiver.answer(200);
    receiver.script(&[503]);
    let done = house.service.run_retries(&house.caller, 100).await.unwrap();
    assert_eq!(done, ran(4, 1));
    assert_eq!(receiver.arrived().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_run_leaves_the_schedule_as_it_was() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.answer(500);
    house.webhook(&receiver.url, &["1h", "2h"]).await;
    house.publish(1).await;
    let before = house.settled(Status::Retrying).await;
    let done = house.service.run_retries(&house.caller, 100).await.unwrap();
    assert_eq!(done, ran(0, 1));
    let after = house.settled(Status::Retrying).await;
    assert_eq!(after.progress.next, before.progress.next);
    assert_eq!(after.progress.failed_in_run, 1);
    let seq = after.id.seq();
    let attempts = house
        .read(move |conn| attempts::latest_of(conn, seq, None))
        .await;
    assert_eq!(attempts.items[1].trigger, AttemptTrigger::Manual);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_takes_the_soonest_over_all_webhooks() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.answer(500);
    house.webhook(&receiver.url, &["3h"]).await;
    house.publish(1).await;
    house.counted(Status::Retrying, 1).await;
    let sooner = Receiver::start().await;
    sooner.answer(500);
    house.webhook(&sooner.url, &["1h"]).await;
    house.publish(2).await;
    house.counted(Status::Retrying, 3).await;
    let done = house.service.run_retries(&house.caller, 1).await.unwrap();
    assert_eq!(done, ran(0, 1));
    assert_eq!((sooner.arrived().len(), receiver.arrived().len()), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_disabled_webhook_holds_is_not_run() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.answer(500);
    let webhook = house.webhook(&receiver.url, &["1h"]).await.webhook;
    house.publish(1).await;
    house.settled(Status::Retrying).await;
    house.disable(webhook.id).await;
    let done = house.service.run_retries(&house.caller, 100).await.unwrap();
    assert_eq!(done, ran(0, 0));
    let summary = house.service.retry_summary(&house.caller).await.unwrap();
    assert_eq!((summary.retrying, summary.due_now), (1, 0));
    assert_eq!(summary.next_attempt_at, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absurd_limit_and_a_paused_engine_are_refused() {
    let house = House::start();
    for limit in [0, 1001] {
        let refused = house.service.run_retries(&house.caller, limit).await;
        assert_eq!(field_of(refused), "limit");
    }
    house.service.engine().set_paused(Paused::Yes);
    let refused = house.service.run_retries(&house.caller, 1).await;
    assert!(matches!(refused, Err(Refusal::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_counts_what_is_open_and_says_when_it_is_due() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.answer(500);
    let webhook = house.webhook(&receiver.url, &["1h"]).await.webhook;
    let dead = Receiver::start().await;
    dead.answer(500);
    let given_up = house.webhook(&dead.url, &[]).await.webhook;
    house.publish_many(2).await;
    house.counted(Status::Retrying, 2).await;
    house.counted(Status::Exhausted, 2).await;
    house
        .service
        .test_webhook(&house.caller, given_up.id, None, None)
        .await
        .unwrap();
    let first = house.filter_of(given_up.id);
    let page = house
        .service
        .deliveries(
            &house.caller,
            first,
            None,
            crate::domain::page::Limit::clamped(9),
        )
        .await
        .unwrap();
    let oldest = page.items.last().unwrap().id;
    house
        .service
        .discard_dead_letter(&house.caller, oldest)
        .await
        .unwrap();
    let summary = house.service.retry_summary(&house.caller).await.unwrap();
    assert_eq!(
        (summary.pending, summary.retrying, summary.due_now),
        (0, 2, 0)
    );
    assert_eq!(summary.exhausted, 1);
    let next = summary.next_attempt_at.unwrap();
    let wait = next.since(house.service.clock().now());
    assert!((Duration::from_secs(3500)..Duration::from_secs(3601)).contains(&wait));
    let by_webhook: Vec<_> = summary
        .by_webhook
        .iter()
        .map(|own| (own.webhook, own.retrying, own.dead_letters))
        .collect();
    assert_eq!(by_webhook, [(webhook.id, 2, 0), (given_up.id, 0, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_an_ordered_webhook_in_order() {
    let house = House::start();
    let receiver = Receiver::start().await;
    receiver.answer(500);
    let ordered = crate::service::webhooks::WebhookInput {
        ordered: Some(true),
        ..Default::default()
    };
    house
        .webhook_with(&receiver.url, &["1h", "1h"], ordered)
        .await;
    house.publish_many(3).await;
    house.counted(Status::Retrying, 1).await;
    let done = house.service.run_retries(&house.caller, 10).await.unwrap();
    assert_eq!(done, ran(0, 1));
    receiver.answer(200);
    let done = house.service.run_retries(&house.caller, 10).await.unwrap();
    assert_eq!(done, ran(1, 0));
    house.counted(Status::Delivered, 3).await;
    let seen: Vec<u64> = receiver.arrived().iter().map(Arrived::number).collect();
    assert_eq!(seen, [0, 0, 0, 1, 2]);
    let first = house.deliveries().await.pop().unwrap();
    assert_eq!(first.progress.next, Next::Never);
}

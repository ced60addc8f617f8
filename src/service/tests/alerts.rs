//! Alerts: that they arrive, that what came of them is shown, and that they stay out of sight.

use super::house::House;
use super::receiver::Receiver;
use super::secrets::verifies;
use crate::domain::delivery::Status;
use crate::domain::page::{Limit, Order};
use crate::service::stats::PeriodInput;
use crate::service::workspaces::WorkspaceInput;

impl House {
    async fn alert_to(&self, url: Option<&str>) {
        let input = WorkspaceInput {
            alert_url: Some(url.map(str::to_owned)),
            ..WorkspaceInput::default()
        };
        let workspace = self.caller.workspace;
        self.service
            .update_workspace(&self.caller, workspace, input)
            .await
            .unwrap();
    }

    /// A webhook that gives up at once, and an event for it.
    async fn give_up(&self, receiver: &Receiver) {
        receiver.answer(500);
        self.webhook(&receiver.url, &[]).await;
        self.publish(1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_told_of_signed_with_the_workspaces_own_secret() {
    let house = House::start();
    let (alerts, receiver) = (Receiver::start().await, Receiver::start().await);
    house.alert_to(Some(&alerts.url)).await;
    let secret = house
        .service
        .rotate_workspace_secret(&house.caller, house.caller.workspace, None)
        .await
        .unwrap();
    house.give_up(&receiver).await;
    let alert = alerts.wait_for(1).await.remove(0);
    let body: serde_json::Value = serde_json::from_str(&alert.body).unwrap();
    let dead = house.settled(Status::Exhausted).await;
    assert_eq!(body["type"], "delivery.exhausted");
    assert_eq!(body["data"]["delivery_id"], dead.id.to_string());
    assert_eq!(body["data"]["last_status_code"], 500);
    assert!(verifies(&alert, &secret));
    let told = house
        .until(async || {
            let delivery = house.delivery(dead.id).await;
            delivery.alert_sent_at.is_some().then_some(delivery)
        })
        .await;
    assert_eq!(told.alert_error, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_fails_is_shown_on_the_delivery_it_is_about() {
    let house = House::start();
    let (alerts, receiver) = (Receiver::start().await, Receiver::start().await);
    alerts.answer(503);
    house.alert_to(Some(&alerts.url)).await;
    house.give_up(&receiver).await;
    let dead = house.settled(Status::Exhausted).await;
    let told = house
        .until(async || {
            let delivery = house.delivery(dead.id).await;
            delivery.alert_error.is_some().then_some(delivery)
        })
        .await;
    let error = told.alert_error.unwrap();
    assert!(error.contains("503"), "{error}");
    assert_eq!(told.alert_sent_at, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_in_no_list_no_statistics_and_no_summary() {
    let house = House::start();
    let (alerts, receiver) = (Receiver::start().await, Receiver::start().await);
    house.alert_to(Some(&alerts.url)).await;
    alerts.answer(500);
    house.give_up(&receiver).await;
    alerts.wait_for(1).await;
    house
        .until(async || {
            let waiting = "SELECT count(*) FROM deliveries WHERE trigger = 3 AND status = 1";
            (house.number(waiting).await == 1).then_some(())
        })
        .await;
    assert_eq!(house.deliveries().await.len(), 1);
    let polled = house
        .events(Order::Ascending, None, Limit::clamped(9))
        .await;
    assert_eq!(polled.items.len(), 1);
    let stats = house
        .service
        .workspace_stats(&house.caller, None, PeriodInput::default())
        .await
        .unwrap();
    let (_, stats) = stats;
    assert_eq!((stats.total.events, stats.total.attempts), (1, 1));
    assert_eq!((stats.counts.retrying, stats.counts.exhausted), (0, 1));
    let summary = house.service.retry_summary(&house.caller).await.unwrap();
    assert_eq!((summary.retrying, summary.exhausted), (0, 1));
    let ran = house.service.run_retries(&house.caller, 10).await.unwrap();
    assert_eq!(ran.processed, 0);
    let webhooks = house
        .service
        .webhooks(&house.caller, None, None, Limit::clamped(9))
        .await
        .unwrap();
    assert_eq!(webhooks.items.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_disabled_for_its_answers_is_told_of_with_the_reason() {
    let house = House::start();
    let (alerts, receiver) = (Receiver::start().await, Receiver::start().await);
    house.alert_to(Some(&alerts.url)).await;
    receiver.answer(410);
    let webhook = house.webhook(&receiver.url, &["1h"]).await.webhook;
    house.publish(1).await;
    let told: Vec<serde_json::Value> = alerts
        .wait_for(2)
        .await
        .iter()
        .map(|own| serde_json::from_str(&own.body).unwrap())
        .collect();
    let disabled = told.iter().find(|own| own["type"] == "webhook.disabled");
    let disabled = &disabled.unwrap()["data"];
    assert_eq!(disabled["webhook_id"], webhook.id.to_string());
    assert_eq!(disabled["disabled_reason"], "gone");
    assert!(told.iter().any(|own| own["type"] == "delivery.exhausted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_target_nobody_is_told_and_a_new_target_gets_what_comes_after() {
    let house = House::start();
    let (first, second) = (Receiver::start().await, Receiver::start().await);
    let receiver = Receiver::start().await;
    house.alert_to(Some(&first.url)).await;
    house.alert_to(None).await;
    house.give_up(&receiver).await;
    house.counted(Status::Exhausted, 1).await;
    let alerts = "SELECT count(*) FROM deliveries WHERE trigger = 3";
    assert_eq!(house.number(alerts).await, 0);
    house.alert_to(Some(&second.url)).await;
    house.publish(2).await;
    second.wait_for(1).await;
    assert!(first.arrived().is_empty());
}

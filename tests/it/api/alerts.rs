//! Alerts: what they are about, that they come in groups, where they go and how they look there.

use std::time::Duration;

use hookpost::clock::Clock;
use hookpost::domain::time::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::{TestApp, eventually};
use crate::receiver::{Received, Receiver, Reply};

const MINUTE: Duration = Duration::from_secs(60);

/// An instance whose workspace is told at a receiver, and the clock that it goes by.
pub(super) struct Scene {
    pub(super) app: TestApp,
    pub(super) clock: Clock,
    pub(super) alerts: Receiver,
    receiver: Receiver,
    workspace: String,
}

impl Scene {
    pub(super) async fn open() -> Self {
        let clock = Clock::manual(Timestamp::parse("2026-11-21T12:00:00Z").unwrap());
        let app = TestApp::start_at(clock.clone()).await;
        let (alerts, receiver) = (Receiver::start().await, Receiver::start().await);
        let workspace = format!("/api/v1/workspaces/{}", app.default_workspace());
        let told = json!({"alert_url": alerts.url("/alerts")});
        app.patch(&workspace, &told).await.json(StatusCode::OK);
        Self {
            app,
            clock,
            alerts,
            receiver,
            workspace,
        }
    }

    pub(super) async fn webhook(&self, more: &Value) -> String {
        let mut body = json!({"url": self.receiver.url("/"), "event_types": ["*"], "label": "Orders",
            "retry_policy": {"delays": ["24h"], "jitter": false}, "disable_after": null});
        let fields = body.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        let made = self.app.post("/api/v1/webhooks", &body).await;
        made.json(StatusCode::CREATED)["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Publishes, and waits until the receiver has it and that is recorded.
    async fn publish(&self, to: &str) {
        let before = self.attempts(to).await;
        let event = json!({"type": "order.paid", "data": {"n": 1}});
        let sent = self.app.post("/api/v1/events", &event).await;
        sent.json(StatusCode::ACCEPTED);
        eventually(async || match self.attempts(to).await {
            now if now > before => Ok(()),
            now => Err(format!("{now} attempts")),
        })
        .await;
    }

    async fn attempts(&self, webhook: &str) -> u64 {
        let path = format!("/api/v1/deliveries?webhook_id={webhook}&limit=100");
        let page = self.app.get(&path).await.json(StatusCode::OK);
        let rows = page["data"].as_array().unwrap().iter();
        rows.map(|row| row["attempt_count"].as_u64().unwrap()).sum()
    }

    /// The types of the alerts so far, once there are `count`.
    pub(super) async fn told(&self, count: usize) -> Vec<Value> {
        let told = self.alerts.wait_for(count).await;
        let told: Vec<Value> = told.iter().map(Received::json).collect();
        assert_eq!(told.len(), count, "{told:#?}");
        told
    }
}

#[tokio::test]
async fn an_outage_is_one_alert_then_its_end_and_the_recovery() {
    let scene = Scene::open().await;
    let webhook = scene.webhook(&json!({"disable_after_failures": 4})).await;
    scene.receiver.answer(Reply::status(503));
    scene.publish(&webhook).await;
    scene.publish(&webhook).await;
    scene.publish(&webhook).await;
    let failing = scene.told(1).await.remove(0);
    assert_eq!(failing["type"], "webhook.failing");
    let data = &failing["data"];
    assert_eq!(
        (&data["webhook_id"], &data["label"]),
        (&json!(webhook), &json!("Orders"))
    );
    assert_eq!(
        (&data["count"], &data["last_status_code"]),
        (&json!(2), &json!(503))
    );
    let page = format!("https://hooks.example.com/webhooks/{webhook}");
    assert_eq!(data["links"]["webhook"], page);
    let message = data["message"].as_str().unwrap();
    assert!(
        message.contains("Orders") && message.contains("2 failures"),
        "{message}"
    );
    scene.publish(&webhook).await;
    let disabled = scene.told(2).await.remove(1);
    assert_eq!(disabled["type"], "webhook.disabled");
    assert_eq!(disabled["data"]["disabled_reason"], "circuit_breaker");
    scene.receiver.answer(Reply::status(200));
    let enable = format!("/api/v1/webhooks/{webhook}/enable");
    scene
        .app
        .post(&enable, &json!({}))
        .await
        .json(StatusCode::OK);
    scene.publish(&webhook).await;
    let recovered = scene.told(3).await.remove(2);
    assert_eq!(recovered["type"], "webhook.recovered", "{recovered}");
    assert_eq!(recovered["data"]["links"]["webhook"], page);
    // The next outage is another one.
    scene.receiver.answer(Reply::status(503));
    scene.publish(&webhook).await;
    scene.publish(&webhook).await;
    assert_eq!(scene.told(4).await[3]["type"], "webhook.failing");
}

#[tokio::test]
async fn an_hour_of_nothing_but_failures_is_an_outage_and_one_that_lasts_is_reminded_of() {
    let scene = Scene::open().await;
    let webhook = scene.webhook(&json!({})).await;
    scene.receiver.answer(Reply::status(503));
    scene.publish(&webhook).await;
    scene.clock.advance(59 * MINUTE);
    scene.publish(&webhook).await;
    scene.app.service.engine().tell_due().await.unwrap();
    assert!(scene.alerts.received().is_empty());
    scene.clock.advance(MINUTE);
    scene.publish(&webhook).await;
    assert_eq!(scene.told(1).await[0]["data"]["reminder"], false);
    scene.clock.advance(359 * MINUTE);
    scene.app.service.engine().tell_due().await.unwrap();
    scene.clock.advance(MINUTE);
    scene.app.service.engine().tell_due().await.unwrap();
    scene.app.service.engine().tell_due().await.unwrap();
    let again = scene.told(2).await.remove(1);
    assert_eq!(again["type"], "webhook.failing");
    assert_eq!(again["data"]["reminder"], true);
    let disable = format!("/api/v1/webhooks/{webhook}/disable");
    scene
        .app
        .post(&disable, &json!({}))
        .await
        .json(StatusCode::OK);
    scene.clock.advance(2 * 361 * MINUTE);
    scene.app.service.engine().tell_due().await.unwrap();
    assert_eq!(scene.alerts.received().len(), 2);
}

#[tokio::test]
async fn dead_letters_of_a_webhook_come_in_groups_at_most_one_a_quarter_of_an_hour() {
    let scene = Scene::open().await;
    let webhook = scene
        .webhook(&json!({"retry_policy": {"delays": []}}))
        .await;
    scene.receiver.answer(Reply::status(500));
    for _ in 0..4 {
        scene.publish(&webhook).await;
    }
    let first = scene.told(1).await.remove(0);
    assert_eq!(first["type"], "delivery.exhausted");
    assert_eq!(
        (&first["data"]["count"], &first["data"]["last_status_code"]),
        (&json!(1), &json!(500))
    );
    let delivery = first["data"]["delivery_id"].as_str().unwrap();
    let link = format!("https://hooks.example.com/deliveries/{delivery}");
    assert_eq!(first["data"]["links"]["delivery"], link);
    scene.clock.advance(14 * MINUTE);
    scene.app.service.engine().tell_due().await.unwrap();
    assert_eq!(scene.alerts.received().len(), 1);
    scene.clock.advance(MINUTE);
    scene.app.service.engine().tell_due().await.unwrap();
    let group = scene.told(2).await.remove(1);
    assert_eq!(
        (&group["type"], &group["data"]["count"]),
        (&json!("delivery.exhausted"), &json!(3))
    );
    scene.app.service.engine().tell_due().await.unwrap();
    scene.clock.advance(16 * MINUTE);
    scene.app.service.engine().tell_due().await.unwrap();
    assert_eq!(scene.alerts.received().len(), 2);
}

#[tokio::test]
async fn a_chat_gets_a_message_in_which_nobody_is_mentioned() {
    let scene = Scene::open().await;
    let chat = json!({"alert_format": "slack"});
    let changed = scene
        .app
        .patch(&scene.workspace, &chat)
        .await
        .json(StatusCode::OK);
    assert_eq!(changed["alert_format"], "slack");
    let label = json!({"label": "<!channel> & co", "retry_policy": {"delays": []}});
    let webhook = scene.webhook(&label).await;
    scene.receiver.answer(Reply::status(500));
    scene.publish(&webhook).await;
    let message = scene.told(1).await.remove(0);
    assert_eq!(message.as_object().unwrap().len(), 1, "{message}");
    let text = message["text"].as_str().unwrap();
    assert!(text.contains("&lt;!channel&gt; &amp; co"), "{text}");
    assert!(
        text.contains("<https://hooks.example.com/deliveries/dlv_"),
        "{text}"
    );
    let wrong = json!({"alert_format": "telegram"});
    scene
        .app
        .patch(&scene.workspace, &wrong)
        .await
        .invalid("alert_format");
    let plain = json!({"alert_format": null});
    let changed = scene
        .app
        .patch(&scene.workspace, &plain)
        .await
        .json(StatusCode::OK);
    assert_eq!(changed["alert_format"], Value::Null);
    scene.clock.advance(16 * MINUTE);
    scene.publish(&webhook).await;
    assert_eq!(scene.told(2).await[1]["type"], "delivery.exhausted");
}

#[tokio::test]
async fn a_test_says_what_came_of_it_and_asks_for_a_target() {
    let scene = Scene::open().await;
    let test = format!("{}/test-alert", scene.workspace);
    let tested = scene.app.post(&test, &json!({})).await.json(StatusCode::OK);
    assert_eq!(
        (&tested["success"], &tested["status"]),
        (&json!(true), &json!(200))
    );
    let told = scene.told(1).await.remove(0);
    assert_eq!(told["type"], "alert.test");
    assert!(
        !scene.alerts.received()[0]
            .header("webhook-signature")
            .is_empty()
    );
    scene.alerts.answer(Reply::status(404));
    let tested = scene.app.post(&test, &json!({})).await.json(StatusCode::OK);
    assert_eq!(
        (&tested["success"], &tested["status"]),
        (&json!(false), &json!(404))
    );
    assert_eq!(tested["error_kind"], "status");
    let nobody = json!({"alert_url": null});
    scene
        .app
        .patch(&scene.workspace, &nobody)
        .await
        .json(StatusCode::OK);
    scene.app.post(&test, &json!({})).await.invalid("alert_url");
}

#[tokio::test]
async fn a_consumer_is_told_of_its_own_webhooks_and_of_nothing_else() {
    let scene = Scene::open().await;
    let theirs = Receiver::start().await;
    let consumer = json!({"uid": "acme", "alert_url": theirs.url("/theirs")});
    let made = scene.app.post("/api/v1/consumers", &consumer).await;
    let made = made.json(StatusCode::CREATED);
    assert_eq!(made["alert_url"], theirs.url("/theirs"));
    let inside = json!({"uid": "b", "alert_url": "https://10.0.0.1/"});
    scene
        .app
        .post("/api/v1/consumers", &inside)
        .await
        .invalid("alert_url");
    scene.receiver.answer(Reply::status(500));
    let own = scene
        .webhook(&json!({"retry_policy": {"delays": []}}))
        .await;
    scene.publish(&own).await;
    scene.told(1).await;
    let more = json!({"retry_policy": {"delays": []}, "consumer": "acme"});
    let webhook = scene.webhook(&more).await;
    let event = json!({"type": "order.paid", "data": {}, "consumer": "acme"});
    let sent = scene.app.post("/api/v1/events", &event).await;
    sent.json(StatusCode::ACCEPTED);
    let told = theirs.wait_for(1).await;
    let told = &told[0].json()["data"];
    assert_eq!(told["webhook_id"], webhook);
    // The dashboard is the platform's, and so is where it lies.
    assert_eq!(told["links"]["webhook"], Value::Null, "{told}");
    assert!(!told.to_string().contains("hooks.example.com"), "{told}");
    let all = scene.told(2).await;
    let platforms = &all[1]["data"];
    assert_eq!(platforms["webhook_id"], webhook);
    assert!(platforms["links"]["webhook"].is_string(), "{platforms}");
    let quiet = json!({"alert_url": null});
    let path = "/api/v1/consumers/acme";
    let changed = scene.app.patch(path, &quiet).await.json(StatusCode::OK);
    assert_eq!(changed["alert_url"], Value::Null);
    scene.clock.advance(16 * MINUTE);
    let sent = scene.app.post("/api/v1/events", &event).await;
    sent.json(StatusCode::ACCEPTED);
    scene.alerts.wait_for(3).await;
    assert_eq!(theirs.received().len(), 1);
}

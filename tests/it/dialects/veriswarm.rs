//! VeriSwarm.

use hookpost::domain::api_key::Scope;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Client, Publish, publish};
use crate::app::TestApp;
use crate::dialects::verify::accepted_everywhere;
use crate::receiver::{Receiver, Reply};

const DELIVERIES: &str = "/v1/public/providers/webhooks/deliveries";

async fn client(app: &TestApp) -> Client<'_> {
    let key = app
        .key(&[Scope::WebhooksWrite, Scope::DeliveriesWrite])
        .await;
    Client::new(app, "/veriswarm", "x-account-access-token", key)
}

async fn register(client: &Client<'_>, receiver: &Receiver) -> (String, Value) {
    let created = client
        .create_for("callback_url", &receiver.url("/hook"))
        .await;
    (created["id"].to_string(), created)
}

async fn publish_documented(client: &Client<'_>) {
    let documented = client.example("delivery");
    let event = Publish {
        event_type: documented["event_type"].as_str().unwrap(),
        data: &documented["data"],
        id: None,
        occurred_at: documented["occurred_at"].as_str(),
    };
    publish(client.app, &event).await;
}

/// The newest delivery, once it satisfies `done`.
async fn newest(client: &Client<'_>, done: impl Fn(&Value) -> bool) -> Value {
    let listed = client.poll(DELIVERIES, |listed| done(&listed[0])).await;
    listed[0].clone()
}

#[tokio::test]
async fn the_documented_requests_work_as_printed() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let created = client.replay("create", &[]).await;
    let request = &client.example("create")["request"]["body"];
    for field in ["label", "callback_url", "event_types"] {
        assert_eq!(created[field], request[field], "{field}");
    }
    let id = created["id"].to_string();
    let rotated = client.replay("rotate", &[("webhook", &id)]).await;
    assert_eq!(rotated["status"], "rotated");
    assert_ne!(rotated["signing_secret"], created["signing_secret"]);
    let revoked = client.replay("revoke", &[("webhook", &id)]).await;
    assert_eq!(revoked["status"], "revoked");
}

#[tokio::test]
async fn a_delivery_is_what_the_document_shows_and_passes_its_check() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    let (id, created) = register(&client, &receiver).await;
    publish_documented(&client).await;
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(&received.json(), client.example("delivery"));
    let sent_at: i64 = received.header("x-veriswarm-timestamp").parse().unwrap();
    assert!(sent_at > 1_700_000_000 && sent_at < 100_000_000_000);
    let secret = created["signing_secret"].as_str().unwrap();
    accepted_everywhere("veriswarm", secret, &received);
    newest(&client, |delivery| delivery["status"] == "delivered").await;
    let listed = client.replay("list", &[]).await;
    assert_eq!(listed[0]["id"], created["id"]);
    let deliveries = client.replay("deliveries", &[]).await;
    assert_eq!(deliveries.as_array().unwrap().len(), 1);
    let of_it = client.replay("deliveries_of", &[("webhook", &id)]).await;
    assert_eq!(of_it, deliveries);
    let of_none = client
        .replay("deliveries_of", &[("webhook", "999999")])
        .await;
    assert_eq!(of_none, json!([]));
}

#[tokio::test]
async fn what_native_calls_retrying_has_failed_here_and_says_when_it_is_tried_again() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let (_, _) = register(&client, &receiver).await;
    publish_documented(&client).await;
    let failed = newest(&client, |delivery| delivery["status"] == "failed").await;
    assert_eq!(failed["status_code"], 500);
    assert_eq!(failed["attempt_number"], 1);
    assert!(failed["next_retry_at"].is_string());
    let max = failed["max_attempts"].as_i64().unwrap();
    let id = failed["id"].to_string();
    // However often a person retries, the number stays within the limit.
    for attempt in 2..=max + 2 {
        client.replay("retry", &[("delivery", &id)]).await;
        let now = newest(&client, |delivery| delivery["attempt_number"] == attempt).await;
        let (number, max) = (&now["attempt_number"], &now["max_attempts"]);
        assert!(number.as_i64() <= max.as_i64(), "{now:#}");
    }
    receiver.answer(Reply::status(200));
    client.replay("retry", &[("delivery", &id)]).await;
    let delivered = newest(&client, |delivery| delivery["status"] == "delivered").await;
    assert!(delivered["next_retry_at"].is_null());
}

#[tokio::test]
async fn a_test_sends_decision_checked_and_is_recorded() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    let (id, _) = register(&client, &receiver).await;
    let tested = client.replay("test", &[("webhook", &id)]).await;
    assert_eq!(
        (&tested["status"], &tested["status_code"]),
        (&json!("delivered"), &json!(200))
    );
    assert_eq!(
        receiver.received()[0].json()["event_type"],
        "decision.checked"
    );
    let recorded = newest(&client, |delivery| delivery["id"] == tested["delivery_id"]).await;
    assert_eq!(recorded["event_type"], "decision.checked");
}

#[tokio::test]
async fn revoking_stops_a_webhook_and_abandons_what_waits() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let (id, _) = register(&client, &receiver).await;
    publish_documented(&client).await;
    newest(&client, |delivery| delivery["status"] == "failed").await;
    client.replay("revoke", &[("webhook", &id)]).await;
    let abandoned = newest(&client, |delivery| delivery["status"] == "exhausted").await;
    assert!(abandoned["next_retry_at"].is_null());
    let path = format!("/v1/public/providers/webhooks/{id}/test");
    client.refused((Method::POST, &path), None, 409).await;
    publish_documented(&client).await;
    let listed = client
        .send(Method::GET, DELIVERIES, None)
        .await
        .json(StatusCode::OK);
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn ten_failures_in_a_row_make_a_webhook_inactive() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    register(&client, &receiver).await;
    for _ in 0..10 {
        publish_documented(&client).await;
    }
    receiver.wait_for(10).await;
    let path = "/v1/public/providers/webhooks";
    let inactive = |listed: &Value| listed[0]["is_active"] == json!(false);
    let listed = client.poll(path, inactive).await;
    assert_eq!(listed[0]["last_status_code"], 500);
}

#[tokio::test]
async fn all_events_may_be_subscribed_to_with_a_star() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    let body = json!({
        "label": "All",
        "callback_url": receiver.url("/all"),
        "event_types": ["*"],
    });
    let path = "/v1/public/providers/webhooks";
    client
        .send(Method::POST, path, Some(&body))
        .await
        .json(StatusCode::CREATED);
    publish_documented(&client).await;
    receiver.wait_for(1).await;
}

#[tokio::test]
async fn what_waits_is_summed_up_and_attempted_in_one_batch() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let (_, created) = register(&client, &receiver).await;
    for _ in 0..3 {
        publish_documented(&client).await;
    }
    let failed = |delivery: &Value| delivery["status"] == "failed";
    let all_failed = |listed: &Value| listed.as_array().unwrap().iter().all(failed);
    client.poll(DELIVERIES, all_failed).await;
    let summary = client.replay("summary", &[]).await;
    assert_eq!(
        (&summary["retrying"], &summary["due_now"]),
        (&json!(3), &json!(0))
    );
    assert!(summary["next_retry_at"].is_string());
    assert_eq!(summary["by_webhook"][0]["webhook_id"], created["id"]);
    receiver.answer(Reply::status(204));
    let ran = client.replay("run", &[]).await;
    assert_eq!(ran, json!({ "processed": 3, "delivered": 3, "failed": 0 }));
    let again = client.replay("run", &[]).await;
    assert_eq!(again["processed"], 0);
    let path = "/v1/public/providers/webhooks/retries/run?limit=lots";
    client.refused((Method::POST, path), None, 422).await;
}

//! `batch`: several events in one request.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Received, Receiver};

pub(super) const WEBHOOKS: &str = "/api/v1/webhooks";

pub(super) async fn register(app: &TestApp, receiver: &Receiver, more: Value) -> Value {
    let mut webhook = json!({"url": receiver.url("/"), "event_types": ["*"],
        "batch": {"max": 3, "wait": "1h"},
        "retry_policy": {"delays": ["100ms"], "jitter": false}});
    let members = webhook.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    app.post(WEBHOOKS, &webhook).await.json(StatusCode::CREATED)
}

pub(super) async fn publish(app: &TestApp, ids: &[&str]) {
    let events: Vec<Value> = ids
        .iter()
        .map(|id| json!({"type": "order.paid", "id": id, "data": {"id": id}}))
        .collect();
    let body = json!({ "events": events });
    let answer = app.post("/api/v1/events/batch", &body).await;
    answer.json(StatusCode::ACCEPTED);
}

/// What stands at `/data/id` of each envelope.
pub(super) fn ids(received: &Received) -> Vec<String> {
    let body = received.json();
    let envelopes = body.as_array().unwrap().iter();
    let id = |one: &Value| one["data"]["id"].as_str().unwrap().to_owned();
    envelopes.map(id).collect()
}

pub(super) async fn settled(app: &TestApp, status: &str, count: usize) -> Vec<Value> {
    let path = format!("/api/v1/deliveries?status={status}");
    let all = |page: &Value| page["data"].as_array().unwrap().len() == count;
    let page = app.poll(&path, all).await;
    page["data"].as_array().unwrap().clone()
}

pub(super) async fn detail(app: &TestApp, delivery: &Value) -> Value {
    let path = format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    app.get(&path).await.json(StatusCode::OK)
}

#[tokio::test]
async fn it_is_set_read_back_changed_and_taken_away() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let made = register(
        &app,
        &receiver,
        json!({"batch": {"max": 100, "wait": "5s"}}),
    )
    .await;
    assert_eq!(made["batch"], json!({"max": 100, "wait": "5s"}));
    let path = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
    let patched = async |body: Value| app.patch(&path, &body).await.json(StatusCode::OK);
    let labeled = patched(json!({"label": "x"})).await;
    assert_eq!(labeled["batch"], json!({"max": 100, "wait": "5s"}));
    let changed = patched(json!({"batch": {"max": 1, "wait": "100ms"}})).await;
    assert_eq!(changed["batch"], json!({"max": 1, "wait": "100ms"}));
    let read = app.get(&path).await.json(StatusCode::OK);
    assert_eq!(read["batch"], changed["batch"]);
    let without = patched(json!({"batch": null})).await;
    assert_eq!(without["batch"], Value::Null);
}

#[tokio::test]
async fn what_is_out_of_bounds_or_fits_no_array_is_refused_with_its_place() {
    let app = TestApp::start().await;
    let check = async |more: Value, field: &str| {
        let mut webhook = json!({"url": "http://127.0.0.1:9000/", "event_types": ["*"],
            "batch": {"max": 10, "wait": "1s"}});
        let members = webhook.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        app.post(WEBHOOKS, &webhook).await.invalid(field);
    };
    for max in [0, -1, 1_001, i64::MAX] {
        check(json!({"batch": {"max": max, "wait": "1s"}}), "batch.max").await;
    }
    for wait in ["", "5", "99ms", "61m", "-1s", "soon"] {
        check(json!({"batch": {"max": 10, "wait": wait}}), "batch.wait").await;
    }
    check(json!({"batch": {"wait": "1s"}}), "batch.max").await;
    check(json!({"batch": {"max": 10}}), "batch.wait").await;
    check(json!({"batch": {"max": 1.5, "wait": "1s"}}), "batch.max").await;
    check(json!({"batch": {"max": 10, "wait": 5}}), "batch.wait").await;
    check(
        json!({"batch": {"max": 10, "wait": "1s", "size": 1}}),
        "batch.size",
    )
    .await;
    check(json!({"batch": []}), "batch").await;
    check(
        json!({"content_type": "application/x-www-form-urlencoded"}),
        "batch",
    )
    .await;
    check(json!({"format": "slack"}), "batch").await;
    check(
        json!({"headers": {"x-id": "{{ /data/id }}"}}),
        "headers.x-id",
    )
    .await;
}

#[tokio::test]
async fn a_full_batch_goes_out_at_once_and_each_delivery_shows_the_attempt() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    register(&app, &receiver, json!({})).await;
    publish(&app, &["a", "b"]).await;
    publish(&app, &["c"]).await;
    let received = receiver.wait_for(1).await;
    assert_eq!(ids(&received[0]), ["a", "b", "c"]);
    let envelope = &received[0].json()[0];
    assert_eq!(envelope["type"], "order.paid");
    assert!(envelope["timestamp"].is_string());
    let id = received[0].header("webhook-id").to_owned();
    assert!(id.starts_with("bat_"), "{id}");
    let delivered = settled(&app, "delivered", 3).await;
    let mut named: Vec<&str> = delivered
        .iter()
        .map(|own| own["id"].as_str().unwrap())
        .collect();
    named.reverse();
    for delivery in &delivered {
        let shown = detail(&app, delivery).await;
        assert_eq!(shown["batch"], json!({"id": id, "delivery_ids": named}));
        assert_eq!(
            shown["request_body"].as_str().unwrap().as_bytes(),
            received[0].body
        );
        assert_eq!(shown["request_headers"]["webhook-id"], *id);
        assert_eq!(shown["attempts"].as_array().unwrap().len(), 1);
        assert_eq!(shown["attempts"][0]["status_code"], 200);
    }
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn what_fills_no_batch_goes_out_when_its_first_event_has_waited() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    register(
        &app,
        &receiver,
        json!({"batch": {"max": 100, "wait": "300ms"}}),
    )
    .await;
    let began = Instant::now();
    publish(&app, &["a"]).await;
    publish(&app, &["b"]).await;
    let received = receiver.wait_for(1).await;
    assert_eq!(ids(&received[0]), ["a", "b"]);
    assert!(began.elapsed() >= Duration::from_millis(300));
    publish(&app, &["c"]).await;
    assert_eq!(ids(&receiver.wait_for(2).await[1]), ["c"]);
}

#[tokio::test]
async fn what_is_left_behind_full_batches_waits_for_others() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    register(&app, &receiver, json!({})).await;
    publish(&app, &["a", "b", "c", "d", "e", "f", "g"]).await;
    settled(&app, "delivered", 6).await;
    let left = settled(&app, "pending", 1).await;
    assert_eq!(left[0]["event_id"], "g");
    publish(&app, &["h", "i"]).await;
    let received = receiver.wait_for(3).await;
    assert_eq!(ids(&received[2]), ["g", "h", "i"]);
    assert_eq!(receiver.received().len(), 3);
}

#[tokio::test]
async fn a_batch_is_signed_once_over_the_whole_array() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let made = register(&app, &receiver, json!({})).await;
    publish(&app, &["a", "b", "c"]).await;
    let received = receiver.wait_for(1).await;
    let secret = made["secret"].as_str().unwrap();
    let verify = standardwebhooks::Webhook::new(secret).unwrap();
    let mut headers = reqwest::header::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, received[0].header(name).parse().unwrap());
    }
    verify.verify(&received[0].body, &headers).unwrap();
}

#[tokio::test]
async fn each_event_is_shaped_by_itself_and_one_that_fits_no_template_leaves_the_others() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let more = json!({"template": {"text": "{{ /data/id }}", "n": "{{ /data/n }}"}});
    register(&app, &receiver, more).await;
    let events = json!({"events": [
        {"type": "t", "data": {"id": "a", "n": 1.0}},
        {"type": "t", "data": {"id": "b"}},
        {"type": "t", "data": {"id": "c", "n": 12345678901234567890_u64}},
    ]});
    let answer = app.post("/api/v1/events/batch", &events).await;
    answer.json(StatusCode::ACCEPTED);
    let received = receiver.wait_for(1).await;
    let body = String::from_utf8(received[0].body.clone()).unwrap();
    assert_eq!(
        body,
        r#"[{"text":"a","n":1.0},{"text":"c","n":12345678901234567890}]"#
    );
    let unsent = settled(&app, "exhausted", 1).await;
    assert_eq!(unsent[0]["error_kind"], "template");
    assert_eq!(unsent[0]["attempt_count"], 0);
    settled(&app, "delivered", 2).await;
}

#[tokio::test]
async fn a_filter_decides_what_comes_into_a_batch() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let more = json!({"filter": {"data.id": {"$ne": "b"}}});
    register(&app, &receiver, more).await;
    publish(&app, &["a", "b", "c", "d"]).await;
    assert_eq!(ids(&receiver.wait_for(1).await[0]), ["a", "c", "d"]);
}

#[tokio::test]
async fn a_body_ends_where_it_holds_a_mebibyte() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let more = json!({"batch": {"max": 100, "wait": "1s"}});
    register(&app, &receiver, more).await;
    let text = "x".repeat(200 * 1024);
    for number in 0..6 {
        let id = number.to_string();
        let event = json!({"type": "t", "data": {"id": id, "text": text}});
        let answer = app.post("/api/v1/events", &event).await;
        answer.json(StatusCode::ACCEPTED);
    }
    let received = receiver.wait_for(2).await;
    let mut all: Vec<String> = received.iter().flat_map(ids).collect();
    all.sort_unstable();
    assert_eq!(all, ["0", "1", "2", "3", "4", "5"]);
    assert!(received.iter().all(|own| own.body.len() <= 1024 * 1024));
}

#[tokio::test]
async fn a_test_and_a_preview_are_an_array_of_one() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let made = register(&app, &receiver, json!({})).await;
    let path = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
    let tested = app
        .post(&format!("{path}/test"), &json!({"data": {"id": "t"}}))
        .await;
    assert_eq!(tested.json(StatusCode::OK)["success"], true);
    assert_eq!(ids(&receiver.wait_for(1).await[0]), ["t"]);
    let event = json!({"event": {"type": "t", "data": {"id": "p"}}});
    let shown = app.post(&format!("{path}/preview"), &event).await;
    let shown = shown.json(StatusCode::OK);
    let body: Value = serde_json::from_str(shown["request"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(body[0]["data"]["id"], "p");
    let id = shown["request"]["headers"]["webhook-id"].as_str().unwrap();
    assert!(id.starts_with("bat_"), "{id}");
}

#[tokio::test]
async fn several_cloud_events_have_a_content_type_of_their_own() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    register(&app, &receiver, json!({"format": "cloudevents"})).await;
    publish(&app, &["a", "b", "c"]).await;
    let received = receiver.wait_for(1).await;
    assert_eq!(
        received[0].header("content-type"),
        "application/cloudevents-batch+json"
    );
    assert_eq!(received[0].json()[2]["specversion"], "1.0");
}

//! `template`, `content_type` and `method` on `/api/v1/webhooks`: what the receiver gets.

use hookpost::clock::Clock;
use hookpost::domain::profile::Profile;
use hookpost::domain::secret::Secret;
use hookpost::domain::signing::TOLERANCE_DEFAULT;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Received, Receiver, Reply};

const WEBHOOKS: &str = "/api/v1/webhooks";
const EVENTS: &str = "/api/v1/events";

async fn webhook(app: &TestApp, receiver: &Receiver, more: Value) -> Value {
    let mut body = json!({"url": receiver.url("/hook"), "event_types": ["*"]});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED)
}

fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap())
}

async fn publish(app: &TestApp, data: &Value) -> Value {
    let event = json!({"type": "order.paid", "id": "o-1", "data": data,
        "occurred_at": "2026-03-16T10:05:00Z"});
    app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED)
}

fn text(received: &Received) -> &str {
    std::str::from_utf8(&received.body).unwrap()
}

/// Whether a standard verifier takes the request for genuine.
fn is_signed(webhook: &Value, request: &Received) -> bool {
    let secret = Secret::new(webhook["secret"].as_str().unwrap().to_owned());
    let (headers, body) = (request.headers(), &request.body);
    let now = Clock::System.now();
    let verified = Profile::standard().verify(&secret, headers, body, now, TOLERANCE_DEFAULT);
    verified.is_ok()
}

/// The only delivery, once `done` holds of it.
async fn delivery(app: &TestApp, done: impl Fn(&Value) -> bool) -> Value {
    let page = app
        .poll("/api/v1/deliveries", |page| done(&page["data"][0]))
        .await;
    let id = page["data"][0]["id"].as_str().unwrap();
    let path = format!("/api/v1/deliveries/{id}");
    app.get(&path).await.json(StatusCode::OK)
}

#[tokio::test]
async fn a_template_makes_the_body_and_the_signature_is_over_its_bytes() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let template = json!({
        "text": "{{ /type | upper }}: {{ /data/agent/name }} ({{ /id }})",
        "agent": "{{ /data/agent }}", "when": "{{ /timestamp | date: \"%Y-%m-%d\" }}",
        "rows": {"$each": "/data/items", "$as": {"sku": "{{ /sku }}"}},
        "vip": {"$if": {"data.agent.score": {"$gte": 1}}, "$then": true, "$else": false},
        "none": "{{ /data/x | default: 0 }}",
    });
    let made = webhook(&app, &receiver, json!({"template": template})).await;
    assert_eq!(made["template"], template);
    let data =
        json!({"agent": {"name": "Ada", "score": 1.0}, "items": [{"sku": "a"}, {"sku": "b"}]});
    publish(&app, &data).await;
    let received = receiver.wait_for(1).await;
    let sent: Value = serde_json::from_slice(&received[0].body).unwrap();
    let expected = json!({"text": "ORDER.PAID: Ada (o-1)", "agent": {"name": "Ada", "score": 1.0},
        "when": "2026-03-16", "rows": [{"sku": "a"}, {"sku": "b"}], "vip": true, "none": 0});
    assert_eq!(sent, expected);
    assert_eq!(received[0].header("content-type"), "application/json");
    assert!(is_signed(&made, &received[0]));
    let shown = delivery(&app, |own| own["status"] == "delivered").await;
    assert_eq!(shown["request_body"].as_str().unwrap(), text(&received[0]));
}

#[tokio::test]
async fn a_delivery_repeats_its_bytes_whatever_the_template_became_meanwhile() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let old =
        json!({"template": {"v": 1, "n": "{{ /data/n }}"}, "retry_policy": {"delays": ["1h"]}});
    let made = webhook(&app, &receiver, old).await;
    publish(&app, &json!({"n": 1.0})).await;
    receiver.wait_for(1).await;
    let waiting = delivery(&app, |own| own["status"] == "retrying").await;
    let new = json!({"template": {"v": 2}, "content_type": "application/x-www-form-urlencoded"});
    app.patch(&path(&made), &new).await.json(StatusCode::OK);
    let restarted = app.restart(Clock::System).await;
    receiver.answer(Reply::status(200));
    let retry = format!(
        "/api/v1/deliveries/{}/retry",
        waiting["id"].as_str().unwrap()
    );
    restarted
        .post(&retry, &json!({}))
        .await
        .json(StatusCode::ACCEPTED);
    let received = receiver.wait_for(2).await;
    assert_eq!(text(&received[0]), r#"{"v":1,"n":1.0}"#);
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(received[1].header("content-type"), "application/json");
    // What comes from now on has the new shape.
    let event = json!({"type": "order.paid", "data": {}});
    restarted
        .post(EVENTS, &event)
        .await
        .json(StatusCode::ACCEPTED);
    let received = receiver.wait_for(3).await;
    assert_eq!(text(&received[2]), "v=2");
    let form = "application/x-www-form-urlencoded";
    assert_eq!(received[2].header("content-type"), form);
}

#[tokio::test]
async fn a_template_that_fails_on_an_event_makes_a_dead_letter_without_an_attempt() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let template = json!({"template": {"who": "{{ /data/agent }}"}});
    let made = webhook(&app, &receiver, template).await;
    publish(&app, &json!({"n": 1})).await;
    let dead = delivery(&app, |own| own["status"] == "exhausted").await;
    assert_eq!(
        (&dead["attempt_count"], &dead["attempts"]),
        (&json!(0), &json!([]))
    );
    let error = dead["last_error"].as_str().unwrap();
    assert!(error.contains("who: /data/agent is missing"), "{error}");
    let page = app.get("/api/v1/dead-letters").await.json(StatusCode::OK);
    let listed = &page["data"][0];
    assert_eq!(listed["error_kind"], "template", "{page}");
    assert!(
        listed["hint"].as_str().unwrap().contains("default"),
        "{page}"
    );
    assert_eq!(receiver.received().len(), 0);
    let shown = app.get(&path(&made)).await.json(StatusCode::OK);
    assert_eq!(shown["consecutive_failures"], 0);
    assert_eq!(shown["status"], "active");
    // Mended, it is sent with the template as it is now: nothing was sent that must be repeated.
    let mended = json!({"template": {"who": "{{ /data/agent | default: \"nobody\" }}"}});
    app.patch(&path(&made), &mended).await.json(StatusCode::OK);
    let retry = format!(
        "/api/v1/dead-letters/{}/retry",
        dead["id"].as_str().unwrap()
    );
    app.post(&retry, &json!({}))
        .await
        .json(StatusCode::ACCEPTED);
    let received = receiver.wait_for(1).await;
    assert_eq!(text(&received[0]), r#"{"who":"nobody"}"#);
}

#[tokio::test]
async fn a_test_of_a_template_that_fails_says_what_is_missing() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let made = webhook(&app, &receiver, json!({"template": ["{{ /data/agent }}"]})).await;
    let test = format!("{}/test", path(&made));
    let failed = app
        .post(&test, &json!({"data": {"n": 1}}))
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&failed["success"], &failed["error_kind"]),
        (&json!(false), &json!("template"))
    );
    let passed = app
        .post(&test, &json!({"data": {"agent": 1}}))
        .await
        .json(StatusCode::OK);
    assert_eq!(passed["success"], true);
    assert_eq!(text(&receiver.wait_for(1).await[0]), "[1]");
}

#[tokio::test]
async fn a_test_with_a_template_needs_no_data_that_the_profile_could_flatten() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let flattening = json!({"profile": "indigiarmor", "template": {"n": "{{ /data/0 }}"}});
    let made = webhook(&app, &receiver, flattening).await;
    let test = format!("{}/test", path(&made));
    let tested = app.post(&test, &json!({"data": [7]})).await;
    assert_eq!(tested.json(StatusCode::OK)["success"], true);
    assert_eq!(text(&receiver.wait_for(1).await[0]), r#"{"n":7}"#);
}

#[tokio::test]
async fn a_form_and_another_method_reach_the_receiver() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    for method in ["PUT", "PATCH", "POST"] {
        let form = json!({"method": method, "content_type": "application/x-www-form-urlencoded"});
        let made = webhook(&app, &receiver, form).await;
        assert_eq!(made["method"], method);
        let before = receiver.received().len();
        let test = format!("{}/test", path(&made));
        let data = json!({"data": {"a b": [1.5]}, "event_type": "x.y"});
        app.post(&test, &data).await.json(StatusCode::OK);
        let received = receiver.wait_for(before + 1).await;
        let request = &received[before];
        assert_eq!(request.method, method);
        let sent = text(request);
        assert!(sent.starts_with("type=x.y&timestamp="), "{sent}");
        assert!(
            sent.ends_with("&data=%7B%22a+b%22%3A%5B1.5%5D%7D"),
            "{sent}"
        );
        assert!(is_signed(&made, request));
    }
}

#[tokio::test]
async fn faulty_shapes_are_refused_with_the_place() {
    let app = TestApp::start().await;
    for (more, field) in [
        (json!({"template": {"a": [1, "{{ /x"]}}), "template.a[1]"),
        (json!({"template": "{{ x }}"}), "template"),
        (json!({"template": ["{{ /x | reverse }}"]}), "template[0]"),
        (json!({"template": {"a": {"$each": "/x"}}}), "template.a"),
        (
            json!({"template": {"a": {"$if": {"x": {"$y": 1}}, "$then": 1}}}),
            "template.a.$if.x.$y",
        ),
        (json!({"method": "GET"}), "method"),
        (json!({"content_type": "text/plain"}), "content_type"),
    ] {
        let mut body = json!({"url": "https://example.com/", "event_types": ["*"]});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        app.post(WEBHOOKS, &body).await.invalid(field);
    }
}

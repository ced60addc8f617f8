//! `/api/v1/deliveries`

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

const DELIVERIES: &str = "/api/v1/deliveries";

/// A webhook at `receiver` whose deliveries are retried after an hour.
async fn webhook(app: &TestApp, receiver: &Receiver) -> String {
    let body = json!({"url": receiver.url("/hook"), "event_types": ["*"],
        "retry_policy": {"delays": ["1h"], "jitter": false}});
    let created = app.post("/api/v1/webhooks", &body).await;
    let created = created.json(StatusCode::CREATED);
    created["id"].as_str().unwrap().to_owned()
}

/// Publishes an event and answers the path of its one delivery.
async fn publish(app: &TestApp, event_type: &str) -> String {
    let body = json!({"type": event_type, "data": {"n": 1}});
    let event = app.post("/api/v1/events", &body).await;
    let event = event.json(StatusCode::ACCEPTED);
    let path = format!("/api/v1/events/{}", event["id"].as_str().unwrap());
    let event = app.get(&path).await.json(StatusCode::OK);
    format!(
        "{DELIVERIES}/{}",
        event["deliveries"][0]["id"].as_str().unwrap()
    )
}

fn is(status: &'static str) -> impl Fn(&Value) -> bool {
    move |delivery| delivery["status"] == status
}

#[tokio::test]
async fn one_delivery_shows_what_was_sent_and_what_came_back() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500).header("x-trace", "t-1").body("broken"));
    let webhook = webhook(&app, &receiver).await;
    let path = publish(&app, "score.changed").await;
    let delivery = app.poll(&path, is("retrying")).await;
    let sent = &receiver.wait_for(1).await[0];
    assert_eq!(delivery["webhook_id"], webhook);
    assert_eq!(delivery["event_type"], "score.changed");
    assert_eq!(delivery["trigger"], "event");
    assert_eq!(delivery["attempt_count"], 1);
    assert_eq!(delivery["max_attempts"], 2);
    assert_eq!(delivery["last_status_code"], 500);
    assert!(delivery["next_attempt_at"].is_string());
    assert_eq!(delivery["url"], receiver.url("/hook"));
    assert_eq!(
        delivery["request_body"],
        String::from_utf8_lossy(&sent.body).as_ref()
    );
    let headers = &delivery["request_headers"];
    assert_eq!(
        headers["webhook-id"],
        sent.header("webhook-id"),
        "{headers:#}"
    );
    let attempt = &delivery["attempts"][0];
    assert_eq!(attempt["number"], 1);
    assert_eq!(attempt["trigger"], "schedule");
    assert_eq!(attempt["status_code"], 500);
    assert_eq!(attempt["error_kind"], "status");
    assert_eq!(attempt["response_headers"]["x-trace"], "t-1");
    assert_eq!(attempt["response_body"], "broken");
    assert_eq!(attempt["response_truncated"], false);
}

#[tokio::test]
async fn a_retry_attempts_at_once_and_a_cancel_calls_off() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(503), Reply::status(200)]);
    webhook(&app, &receiver).await;
    let path = publish(&app, "a.b").await;
    app.poll(&path, is("retrying")).await;
    let retry = app
        .call(Method::POST, &format!("{path}/retry"))
        .send()
        .await;
    assert_eq!(retry.status, StatusCode::ACCEPTED, "{}", retry.text);
    let delivered = app.poll(&path, is("delivered")).await;
    assert_eq!(delivered["attempts"][1]["trigger"], "manual");
    let cancel = app
        .call(Method::POST, &format!("{path}/cancel"))
        .send()
        .await;
    cancel.problem(409, "conflict");

    receiver.answer(Reply::status(500));
    let path = publish(&app, "a.b").await;
    app.poll(&path, is("retrying")).await;
    let cancel = app
        .call(Method::POST, &format!("{path}/cancel"))
        .send()
        .await;
    assert_eq!(cancel.json(StatusCode::OK)["status"], "canceled");
    app.get("/api/v1/deliveries/dlv_x")
        .await
        .problem(404, "not_found");
    let nothing = app.post("/api/v1/deliveries/dlv_x/retry", &json!({})).await;
    nothing.problem(404, "not_found");
}

#[tokio::test]
async fn a_delivery_under_way_is_neither_retried_nor_attempted_twice() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::hang());
    let body = json!({"url": receiver.url("/"), "event_types": ["*"], "timeout": "30s"});
    let created = app.post("/api/v1/webhooks", &body).await;
    created.json(StatusCode::CREATED);
    let path = publish(&app, "a.b").await;
    receiver.wait_for(1).await;
    let retry = app.post(&format!("{path}/retry"), &json!({})).await;
    retry.problem(409, "conflict");
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn every_filter_narrows_the_list_and_nonsense_is_refused_by_name() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(200), Reply::status(500)]);
    let webhook = webhook(&app, &receiver).await;
    let first = publish(&app, "a.b").await;
    app.poll(&first, is("delivered")).await;
    let second = publish(&app, "c.d").await;
    let second = app.poll(&second, is("retrying")).await;
    let event = second["event_id"].as_str().unwrap();
    let made_at = second["created_at"].as_str().unwrap();
    for (query, expected) in [
        (String::new(), 2),
        (format!("?webhook_id={webhook}"), 2),
        (format!("?event_id={event}"), 1),
        ("?event_id=nothing".to_owned(), 0),
        ("?event_type=a.b".to_owned(), 1),
        ("?status=delivered".to_owned(), 1),
        ("?status=delivered,retrying".to_owned(), 2),
        ("?status=canceled".to_owned(), 0),
        (format!("?since={made_at}"), 1),
        (format!("?until={made_at}"), 1),
        (format!("?since={made_at}&status=delivered"), 0),
        (
            format!("?webhook_id={webhook}&status=retrying&event_type=c.d"),
            1,
        ),
    ] {
        let page = app
            .get(&format!("{DELIVERIES}{query}"))
            .await
            .json(StatusCode::OK);
        let found = page["data"].as_array().unwrap().len();
        assert_eq!(found, expected, "{query}: {page:#}");
    }
    for (query, field) in [
        ("?webhook_id=x", "webhook_id"),
        ("?status=lost", "status"),
        ("?event_type=a..b", "event_type"),
        ("?since=yesterday", "since"),
        (
            "?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
            "until",
        ),
        ("?state=delivered", "state"),
    ] {
        app.get(&format!("{DELIVERIES}{query}"))
            .await
            .invalid(field);
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_is_a_timeout_and_a_slow_one_is_not() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let slow = Reply::status(200).after(Duration::from_millis(50));
    receiver.script([Reply::hang(), slow]);
    let body = json!({"url": receiver.url("/"), "event_types": ["*"], "timeout": "300ms",
        "retry_policy": {"delays": ["1ms"], "jitter": false}});
    app.post("/api/v1/webhooks", &body)
        .await
        .json(StatusCode::CREATED);
    let path = publish(&app, "a.b").await;
    let delivery = app.poll(&path, is("delivered")).await;
    let attempts = &delivery["attempts"];
    assert_eq!(attempts[0]["error_kind"], "timeout");
    assert_eq!(attempts[0]["status_code"], Value::Null);
    assert!(attempts[0]["duration_ms"].as_u64().unwrap() >= 300);
    assert!(attempts[1]["duration_ms"].as_u64().unwrap() >= 50);
}

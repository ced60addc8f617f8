//! How a receiver learns of which version an event is: by header, envelope, template.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Received, Receiver};

const EVENTS: &str = "/api/v1/events";
const VERSIONS: &str = "/api/v1/event-types/order.paid/versions";
const WEBHOOKS: &str = "/api/v1/webhooks";

/// With an event type of a version, and a profile that tells of versions in both ways.
async fn shop() -> TestApp {
    let app = TestApp::start().await;
    app.post("/api/v1/event-types", &json!({"name": "order.paid"}))
        .await
        .json(StatusCode::CREATED);
    app.post(VERSIONS, &json!({"version": "2026-03-16"}))
        .await
        .json(StatusCode::CREATED);
    let profile = json!({
        "name": "versioned",
        "envelope": [
            {"name": "event", "from": "type"},
            {"name": "api_version", "from": "event_version"},
            {"name": "data", "from": "data"},
        ],
        "headers": {"X-Api-Version": "{event_version}", "X-Event": "{event_type}; v={event_version}"},
        "signature": {"header": "X-Signature", "encoding": "hex", "content": "{body}", "key": "utf8"},
        "secret": {"generate": "hex64"},
    });
    app.put("/api/v1/profiles/versioned", &profile)
        .await
        .json(StatusCode::CREATED);
    app
}

/// What a webhook with these settings is sent of an event with a version, and of one without.
async fn sent(app: &TestApp, settings: Value) -> [Received; 2] {
    let receiver = Receiver::start().await;
    let mut body = json!({"url": receiver.url("/"), "event_types": ["order.*"], "ordered": true});
    let own = body.as_object_mut().unwrap();
    own.extend(settings.as_object().unwrap().clone());
    let made = app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED);
    for name in ["order.paid", "order.sent"] {
        let event = json!({"type": name, "data": {"n": 1}});
        app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED);
    }
    let got = receiver.wait_for(2).await;
    let path = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
    assert_eq!(app.delete(&path).await.status, StatusCode::NO_CONTENT);
    [got[0].clone(), got[1].clone()]
}

fn has(sent: &Received, name: &str) -> bool {
    let mut headers = sent.headers().iter();
    headers.any(|(own, _)| own.eq_ignore_ascii_case(name))
}

#[tokio::test]
async fn a_header_says_it_and_is_not_sent_where_there_is_nothing_to_say() {
    let app = shop().await;
    let [with, without] = sent(&app, json!({})).await;
    assert_eq!(with.header("webhook-event-version"), "2026-03-16");
    assert!(!has(&without, "webhook-event-version"));
    let [with, without] = sent(&app, json!({"profile": "versioned"})).await;
    assert_eq!(with.header("x-api-version"), "2026-03-16");
    assert_eq!(with.header("x-event"), "order.paid; v=2026-03-16");
    for name in ["x-api-version", "x-event", "webhook-event-version"] {
        assert!(!has(&without, name), "{name}");
    }
}

#[tokio::test]
async fn an_envelope_says_it_and_leaves_the_field_out_where_there_is_nothing_to_say() {
    let app = shop().await;
    let bodies = async |settings: Value| sent(&app, settings).await.map(|one| one.json());
    let [with, without] = bodies(json!({"profile": "versioned"})).await;
    assert_eq!(
        with,
        json!({"event": "order.paid", "api_version": "2026-03-16", "data": {"n": 1}})
    );
    assert_eq!(without, json!({"event": "order.sent", "data": {"n": 1}}));
    let [with, without] = bodies(json!({"format": "cloudevents"})).await;
    assert_eq!(with["eventversion"], "2026-03-16");
    assert!(without.get("eventversion").is_none());
    let [with, _] = bodies(json!({})).await;
    let members: Vec<_> = with.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["type", "timestamp", "data"], "the standard's own");
}

#[tokio::test]
async fn templates_and_filters_read_it() {
    let app = shop().await;
    let shaped = json!({
        "template": {"v": "{{ /version | default: \"none\" }}"},
        "headers": {"X-V": "v{{ /version | default: \"\" }}"},
    });
    let [with, without] = sent(&app, shaped).await;
    assert_eq!(with.json(), json!({"v": "2026-03-16"}));
    assert_eq!(without.json(), json!({"v": "none"}));
    assert_eq!(
        (with.header("x-v"), without.header("x-v")),
        ("v2026-03-16", "v")
    );

    let receiver = Receiver::start().await;
    let body = json!({"url": receiver.url("/"), "event_types": ["*"],
        "filter": {"version": {"$startsWith": "2026"}}});
    app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED);
    for (name, reached) in [("order.paid", 1), ("order.sent", 0)] {
        let event = json!({"type": name, "data": 1});
        let made = app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED);
        assert_eq!(made["deliveries"], reached, "{name}");
    }
}

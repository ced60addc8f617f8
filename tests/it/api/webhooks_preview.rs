//! `POST /api/v1/webhooks/{id}/preview`.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::Receiver;

const WEBHOOKS: &str = "/api/v1/webhooks";

async fn webhook(app: &TestApp, receiver: &Receiver, more: Value) -> Value {
    let mut body = json!({"url": receiver.url("/hook?a=b"), "event_types": ["order.*"]});
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED)
}

fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}/{}/preview", webhook["id"].as_str().unwrap())
}

async fn previewed(app: &TestApp, webhook: &Value, body: &Value) -> Value {
    app.post(&path(webhook), body).await.json(StatusCode::OK)
}

#[tokio::test]
async fn a_preview_shows_what_goes_out_and_sends_nothing() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let more = json!({
        "method": "PUT",
        "auth": {"type": "bearer", "token": "t-1"},
        "headers": {"x-order": "{{ /data/id }}", "x-api-key": "k-1"},
        "template": {"n": "{{ /data/n }}", "who": "{{ /data/who | upper }}"},
    });
    let made = webhook(&app, &receiver, more).await;
    let event =
        json!({"type": "order.paid", "id": "evt-1", "data": {"id": 7, "n": 1.0, "who": "é"}});
    let shown = previewed(&app, &made, &json!({"event": event})).await;
    assert_eq!(
        (&shown["fits"], &shown["why_not"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(shown["errors"], json!([]));
    assert_eq!(receiver.received().len(), 0);
    let published = app.post("/api/v1/events", &event).await;
    published.json(StatusCode::ACCEPTED);
    let received = receiver.wait_for(1).await;
    let request = &shown["request"];
    assert_eq!(request["method"], *received[0].method);
    assert_eq!(request["url"], receiver.url("/hook?a=b"));
    assert_eq!(
        request["body"].as_str().unwrap().as_bytes(),
        received[0].body
    );
    let headers = request["headers"].as_object().unwrap();
    for (name, value) in received[0].headers() {
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "authorization" | "x-api-key" => assert_eq!(headers[&name], "***"),
            "webhook-timestamp" | "webhook-signature" => assert!(headers.contains_key(&name)),
            _ => assert_eq!(headers[&name], **value, "{name}"),
        }
    }
    assert_eq!(headers.len(), received[0].headers().len());
    let stored = previewed(&app, &made, &json!({"event_id": "evt-1"})).await;
    assert_eq!(stored["request"]["body"], request["body"]);
}

#[tokio::test]
async fn a_preview_says_why_an_event_does_not_fit() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let filter = json!({"filter": {"data.n": {"$gte": 5}}, "channels": ["a"]});
    let made = webhook(&app, &receiver, filter).await;
    let check = async |event: Value, reason: &str| {
        let shown = previewed(&app, &made, &json!({"event": event})).await;
        assert_eq!(shown["fits"], reason.is_empty(), "{shown}");
        let found = shown["why_not"]["reason"].as_str().unwrap_or_default();
        assert_eq!(found, reason, "{shown}");
        assert!(shown["request"]["body"].is_string());
        shown
    };
    check(json!({"type": "user.made", "data": {}}), "not_subscribed").await;
    check(
        json!({"type": "order.paid", "data": {"n": 7}}),
        "other_channels",
    )
    .await;
    let event = json!({"type": "order.paid", "data": {"n": 4}, "channels": ["a"]});
    let shown = check(event, "filtered").await;
    assert_eq!(shown["why_not"]["condition"], "data.n.$gte");
    assert!(shown["why_not"]["detail"].is_string());
    let fitting = json!({"type": "order.paid", "data": {"n": 5}, "channels": ["a"]});
    check(fitting.clone(), "").await;
    let disable = path(&made).replace("preview", "disable");
    app.post(&disable, &json!({})).await.json(StatusCode::OK);
    let shown = check(fitting, "disabled").await;
    assert_eq!(shown["why_not"]["disabled_reason"], "manual");
}

#[tokio::test]
async fn a_template_that_fails_is_named_with_its_place() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let template = json!({"template": {"blocks": [{"text": "{{ /data/missing }}"}]}});
    let made = webhook(&app, &receiver, template).await;
    let event = json!({"event": {"type": "order.paid", "data": {}}});
    let shown = previewed(&app, &made, &event).await;
    assert_eq!(shown["request"], Value::Null);
    assert_eq!(shown["errors"][0]["field"], "template.blocks[0].text");
    let mended = json!({"template": null, "headers": {"x-a": "{{ /data/missing }}"}});
    let settings = path(&made).replace("/preview", "");
    app.patch(&settings, &mended).await.json(StatusCode::OK);
    let shown = previewed(&app, &made, &event).await;
    assert_eq!(shown["errors"][0]["field"], "headers", "{shown}");
    // Of nothing that is said, the test event is shown.
    let plain = json!({"headers": {}});
    app.patch(&settings, &plain).await.json(StatusCode::OK);
    let shown = previewed(&app, &made, &json!({})).await;
    assert_eq!(shown["why_not"]["reason"], "not_subscribed");
    assert!(
        shown["request"]["body"]
            .as_str()
            .unwrap()
            .contains("\"type\":\"test\"")
    );
}

#[tokio::test]
async fn an_event_that_can_be_none_is_refused_with_the_field() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let made = webhook(&app, &receiver, json!({})).await;
    for (body, field) in [
        (json!({"event": {"type": "a b"}}), "event.type"),
        (
            json!({"event": {"timestamp": "yesterday"}}),
            "event.timestamp",
        ),
        (json!({"event": {"channels": ["a b"]}}), "event.channels"),
        (json!({"event_id": "x", "event": {"data": 1}}), "event_id"),
    ] {
        app.post(&path(&made), &body).await.invalid(field);
    }
    let unknown = json!({"event_id": "evt-unknown"});
    app.post(&path(&made), &unknown)
        .await
        .problem(404, "not_found");
}

//! What an event carries beside its data: the trace, channels, tags.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

const EVENTS: &str = "/api/v1/events";
const WEBHOOKS: &str = "/api/v1/webhooks";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

async fn webhook(app: &TestApp, receiver: &Receiver, more: Value) -> Value {
    let mut body = json!({
        "url": receiver.url("/hook"), "event_types": ["*"],
        "retry_policy": {"delays": ["10ms"], "jitter": false},
    });
    let fields = body.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED)
}

#[tokio::test]
async fn the_publishers_trace_goes_on_in_every_attempt_and_a_malformed_one_does_not() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(500)]);
    webhook(&app, &receiver, json!({})).await;
    let publish = |path: &str, parent: &str, body: Value| {
        let call = app.call(Method::POST, path).json(&body);
        call.header("traceparent", parent)
            .header("tracestate", "congo=t61rcWkgMzE")
    };
    let event = json!({"type": "score.changed", "data": 1});
    let call = publish(EVENTS, PARENT, event.clone()).send().await;
    call.json(StatusCode::ACCEPTED);
    for sent in receiver.wait_for(2).await {
        assert_eq!(sent.header("traceparent"), PARENT);
        assert_eq!(sent.header("tracestate"), "congo=t61rcWkgMzE");
    }
    let call = publish(EVENTS, "00-nonsense-01", event.clone())
        .send()
        .await;
    call.json(StatusCode::ACCEPTED);
    let sent = receiver.wait_for(3).await.remove(2);
    assert_eq!(
        (sent.header("traceparent"), sent.header("tracestate")),
        ("", "")
    );
    let batch = json!({"events": [event]});
    let call = publish("/api/v1/events/batch", PARENT, batch).send().await;
    call.json(StatusCode::ACCEPTED);
    assert_eq!(receiver.wait_for(4).await[3].header("traceparent"), PARENT);
    let hook =
        json!({"url": receiver.url("/"), "event_types": ["*"], "headers": {"TraceParent": PARENT}});
    app.post(WEBHOOKS, &hook)
        .await
        .invalid("headers.TraceParent");
}

#[tokio::test]
async fn a_webhook_with_channels_gets_what_is_said_in_one_of_them_and_the_event_says_why_not() {
    let app = TestApp::start().await;
    let (all, some) = (Receiver::start().await, Receiver::start().await);
    webhook(&app, &all, json!({})).await;
    let listening = webhook(&app, &some, json!({"channels": ["project_1", "project:2"]})).await;
    assert_eq!(listening["channels"], json!(["project_1", "project:2"]));
    let mut published = Vec::new();
    for (channels, reached) in [
        (json!(["project:2", "x"]), 2),
        (json!(["x"]), 1),
        (json!(null), 1),
    ] {
        let event = json!({"type": "t", "data": {}, "channels": channels, "tags": ["a/b"]});
        let event = app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED);
        assert_eq!(event["deliveries"], reached, "{channels}");
        published.push(event["id"].as_str().unwrap().to_owned());
    }
    let shown = app
        .get(&format!("{EVENTS}/{}", published[1]))
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&shown["channels"], &shown["tags"]),
        (&json!(["x"]), &json!(["a/b"]))
    );
    let of = |webhook: &&Value| webhook["webhook_id"] == listening["id"];
    let told = shown["webhooks"]
        .as_array()
        .unwrap()
        .iter()
        .find(of)
        .unwrap();
    assert_eq!(
        (&told["given"], &told["reason"]),
        (&json!(false), &json!("other_channels"))
    );

    for (query, expect) in [
        ("channel=x", &published[..2]),
        ("channel=project:2", &published[..1]),
        ("channel=project", &[]),
        ("tag=a/b", &published[..]),
        ("tag=a", &[]),
    ] {
        let page = app
            .get(&format!("{EVENTS}?{query}&order=asc"))
            .await
            .json(StatusCode::OK);
        let found = page["data"].as_array().unwrap().iter();
        let found: Vec<&str> = found.map(|event| event["id"].as_str().unwrap()).collect();
        assert_eq!(found, expect, "{query}");
    }
    let path = format!("{WEBHOOKS}/{}", listening["id"].as_str().unwrap());
    let opened = app.patch(&path, &json!({"channels": null})).await;
    assert_eq!(opened.json(StatusCode::OK)["channels"], json!(null));
    let event = json!({"type": "t", "data": {}});
    let event = app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED);
    assert_eq!(event["deliveries"], 2);
}

#[tokio::test]
async fn channels_and_tags_have_bounds() {
    let app = TestApp::start().await;
    let many: Vec<String> = (0..11).map(|n| n.to_string()).collect();
    for (field, value) in [
        ("channels", json!(many[..6])),
        ("channels", json!(["a b"])),
        ("channels", json!(["x".repeat(129)])),
        ("tags", json!(many)),
        ("tags", json!([""])),
    ] {
        let mut event = json!({"type": "t", "data": {}});
        event[field] = value;
        app.post(EVENTS, &event).await.invalid(field);
    }
    for value in [json!([]), json!(many), json!(["a/b"])] {
        let hook = json!({"url": "https://example.com/", "event_types": ["*"], "channels": value});
        app.post(WEBHOOKS, &hook).await.invalid("channels");
    }
    let event = json!({"type": "t", "id": "e-1", "data": {}, "channels": ["a"]});
    app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED);
    app.post(EVENTS, &event).await.json(StatusCode::OK);
    let other = json!({"type": "t", "id": "e-1", "data": {}, "channels": ["b"]});
    app.post(EVENTS, &other).await.problem(409, "conflict");
}

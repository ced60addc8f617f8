//! `ordered_by`: event order for each value by itself.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

const WEBHOOKS: &str = "/api/v1/webhooks";

#[tokio::test]
async fn it_is_set_read_back_changed_and_taken_away() {
    let app = TestApp::start().await;
    let webhook = json!({"url": "http://127.0.0.1:9000/", "event_types": ["*"],
        "ordered_by": "/data/customer"});
    let made = app.post(WEBHOOKS, &webhook).await.json(StatusCode::CREATED);
    assert_eq!(made["ordered_by"], "/data/customer");
    assert_eq!(made["ordered"], false);
    let path = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
    let patched = async |body: Value| app.patch(&path, &body).await.json(StatusCode::OK);
    let relabeled = patched(json!({"label": "x"})).await;
    assert_eq!(relabeled["ordered_by"], "/data/customer");
    let moved = patched(json!({"ordered_by": "/type"})).await;
    assert_eq!(moved["ordered_by"], "/type");
    let whole = patched(json!({"ordered": true, "ordered_by": null})).await;
    assert_eq!(
        (&whole["ordered"], &whole["ordered_by"]),
        (&json!(true), &Value::Null)
    );
    app.patch(&path, &json!({"ordered_by": "/type"}))
        .await
        .invalid("ordered_by");
    let by_value = patched(json!({"ordered": false, "ordered_by": "/data/a~1b"})).await;
    assert_eq!(by_value["ordered_by"], "/data/a~1b");
}

#[tokio::test]
async fn what_is_no_pointer_or_stands_beside_ordered_is_refused() {
    let app = TestApp::start().await;
    for wrong in ["", "/", "data.customer", "$.data", "/data/~2"] {
        let webhook = json!({"url": "http://127.0.0.1:9000/", "event_types": ["*"],
            "ordered_by": wrong});
        app.post(WEBHOOKS, &webhook).await.invalid("ordered_by");
    }
    let both = json!({"url": "http://127.0.0.1:9000/", "event_types": ["*"],
        "ordered": true, "ordered_by": "/data/customer"});
    app.post(WEBHOOKS, &both).await.invalid("ordered_by");
}

#[tokio::test]
async fn a_failing_one_holds_up_those_with_its_value_until_it_is_exhausted() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"],
        "ordered_by": "/data/customer", "retry_policy": {"delays": ["1s"], "jitter": false}});
    app.post(WEBHOOKS, &webhook).await.json(StatusCode::CREATED);
    receiver.script([Reply::status(500), Reply::status(200), Reply::status(500)]);
    let publish = async |id: &str, customer: &str| {
        let event = json!({"type": "order.paid", "id": id, "data": {"customer": customer}});
        app.post("/api/v1/events", &event)
            .await
            .json(StatusCode::ACCEPTED);
    };
    publish("a1", "a").await;
    receiver.wait_for(1).await;
    publish("a2", "a").await;
    publish("b1", "b").await;
    let arrived = receiver.wait_for(4).await;
    let ids: Vec<&str> = arrived.iter().map(|own| own.header("webhook-id")).collect();
    assert_eq!(ids, ["a1", "b1", "a1", "a2"]);
}

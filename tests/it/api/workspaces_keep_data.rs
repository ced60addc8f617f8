//! `keep_data`: what events carry leaves before they do.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

async fn keep(app: &TestApp, keep_data: Value) -> Value {
    let path = format!("/api/v1/workspaces/{}", app.default_workspace());
    app.patch(&path, &json!({"keep_data": keep_data}))
        .await
        .json(StatusCode::OK)
}

async fn subscribe(app: &TestApp, receiver: &Receiver) {
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"],
        "retry_policy": {"delays": []}});
    app.post("/api/v1/webhooks", &webhook)
        .await
        .json(StatusCode::CREATED);
}

async fn publish(app: &TestApp, id: &str) {
    let event = json!({"type": "order.paid", "id": id, "data": {"n": 1}});
    app.post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn it_is_a_word_or_a_duration_and_reads_back() {
    let app = TestApp::start().await;
    let path = format!("/api/v1/workspaces/{}", app.default_workspace());
    let fresh = app.get(&path).await.json(StatusCode::OK);
    assert_eq!(fresh["keep_data"], "retention");
    for text in ["until_delivered", "24h", "retention"] {
        assert_eq!(keep(&app, json!(text)).await["keep_data"], text);
    }
    keep(&app, json!("1h")).await;
    let retention = json!({"retention": null});
    let same = app.patch(&path, &retention).await.json(StatusCode::OK);
    assert_eq!(same["keep_data"], "1h");
    assert_eq!(keep(&app, Value::Null).await["keep_data"], "retention");
    for wrong in ["forever", "", "0s"] {
        app.patch(&path, &json!({"keep_data": wrong}))
            .await
            .invalid("keep_data");
    }
}

#[tokio::test]
async fn until_delivered_means_until_everybody_has_it_and_no_dead_letter_is_left() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    subscribe(&app, &receiver).await;
    keep(&app, json!("until_delivered")).await;
    receiver.script([Reply::status(500)]);
    publish(&app, "given-up").await;
    let exhausted = |own: &Value| own["deliveries"][0]["status"] == "exhausted";
    app.poll("/api/v1/events/given-up", exhausted).await;
    publish(&app, "delivered").await;
    let erased = |own: &Value| own["erased_at"].is_string();
    let gone = app.poll("/api/v1/events/delivered", erased).await;
    assert_eq!(gone["data"], Value::Null);
    assert_eq!(gone["deliveries"][0]["status"], "delivered");
    // There is nothing left to send again.
    let delivery = gone["deliveries"][0]["id"].as_str().unwrap();
    app.post(&format!("/api/v1/deliveries/{delivery}/retry"), &json!({}))
        .await
        .problem(409, "conflict");
    app.post("/api/v1/events/delivered/replay", &json!({}))
        .await
        .problem(409, "conflict");
    // A dead letter may still be asked for; once it arrives it goes too.
    let kept = app
        .get("/api/v1/events/given-up")
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&kept["data"], &kept["erased_at"]),
        (&json!({"n": 1}), &Value::Null)
    );
    let letter = kept["deliveries"][0]["id"].as_str().unwrap();
    app.post(&format!("/api/v1/dead-letters/{letter}/retry"), &json!({}))
        .await
        .json(StatusCode::ACCEPTED);
    app.poll("/api/v1/events/given-up", erased).await;
}

#[tokio::test]
async fn after_its_time_data_leaves_unless_a_delivery_waits_for_it() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    subscribe(&app, &receiver).await;
    publish(&app, "now").await;
    let later = json!({"type": "order.paid", "id": "later", "data": {"n": 1}, "delay": "1h"});
    app.post("/api/v1/events", &later)
        .await
        .json(StatusCode::ACCEPTED);
    keep(&app, json!("1s")).await;
    let erased = |own: &Value| own["erased_at"].is_string();
    app.poll("/api/v1/events/now", erased).await;
    let kept = app.get("/api/v1/events/later").await.json(StatusCode::OK);
    assert_eq!(kept["erased_at"], Value::Null);
    assert_eq!(kept["deliveries"][0]["status"], "scheduled");
}

#[tokio::test]
async fn an_event_may_keep_its_data_for_less_long_but_not_while_a_delivery_waits() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    subscribe(&app, &receiver).await;
    for (id, keep_data, delay) in [
        ("waits", json!("1s"), json!("1h")),
        ("short", json!("1s"), Value::Null),
        ("usual", Value::Null, Value::Null),
    ] {
        let event = json!({"type": "order.paid", "id": id, "data": {"n": 1},
            "keep_data": keep_data, "delay": delay});
        let sent = app.post("/api/v1/events", &event).await;
        sent.json(StatusCode::ACCEPTED);
    }
    let shown = async |id: &str| {
        let answer = app.get(&format!("/api/v1/events/{id}")).await;
        answer.json(StatusCode::OK)
    };
    let until = shown("waits").await["keep_data_until"].take();
    assert!(until.is_string());
    assert_eq!(shown("usual").await["keep_data_until"], Value::Null);
    let erased = |own: &Value| own["erased_at"].is_string();
    let gone = app.poll("/api/v1/events/short", erased).await;
    assert_eq!(
        (&gone["data"], &gone["keep_data_until"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(
        receiver.wait_for(2).await[0].json()["data"],
        json!({"n": 1})
    );
    let put_off = |own: &Value| own["keep_data_until"] != until;
    let kept = app.poll("/api/v1/events/waits", put_off).await;
    assert_eq!(
        (&kept["data"], &kept["erased_at"]),
        (&json!({"n": 1}), &Value::Null)
    );
    let usual = shown("usual").await;
    assert_eq!(
        (&usual["data"], &usual["erased_at"]),
        (&json!({"n": 1}), &Value::Null)
    );
    for wrong in ["forever", "", "0s", "until_delivered"] {
        let event = json!({"type": "other", "data": 1, "keep_data": wrong});
        app.post("/api/v1/events", &event)
            .await
            .invalid("keep_data");
    }
}

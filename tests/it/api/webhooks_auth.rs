//! `auth` and templates in `headers` on `/api/v1/webhooks`.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::Receiver;

const WEBHOOKS: &str = "/api/v1/webhooks";

fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap())
}

async fn webhook(app: &TestApp, receiver: &Receiver, more: Value) -> Value {
    let mut body = json!({"url": receiver.url("/hook"), "event_types": ["*"]});
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED)
}

/// Sends a test and answers the delivery that records it.
async fn tested(app: &TestApp, webhook: &Value, data: Value) -> Value {
    let test = format!("{}/test", path(webhook));
    let body = json!({"data": data});
    let tested = app.post(&test, &body).await.json(StatusCode::OK);
    let delivery = format!(
        "/api/v1/deliveries/{}",
        tested["delivery_id"].as_str().unwrap()
    );
    app.get(&delivery).await.json(StatusCode::OK)
}

#[tokio::test]
async fn a_proof_goes_with_every_request_and_is_never_shown() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let basic = json!({"type": "basic", "username": "Aladdin", "password": "open sesame"});
    let made = webhook(&app, &receiver, json!({"auth": basic})).await;
    let shown = json!({"type": "basic", "username": "Aladdin", "password": "***"});
    assert_eq!(made["auth"], shown);
    let delivery = tested(&app, &made, json!({})).await;
    let header = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].header("authorization"), header);
    assert!(!delivery.to_string().contains("QWxhZGRpbj"), "{delivery}");
    // Sent back as it was shown, it stays.
    let same = json!({"auth": shown, "label": "x"});
    app.patch(&path(&made), &same).await.json(StatusCode::OK);
    tested(&app, &made, json!({})).await;
    assert_eq!(
        receiver.wait_for(2).await[1].header("authorization"),
        header
    );
    let bearer = json!({"auth": {"type": "bearer", "token": "t-1"}});
    let changed = app.patch(&path(&made), &bearer).await.json(StatusCode::OK);
    assert_eq!(changed["auth"], json!({"type": "bearer", "token": "***"}));
    tested(&app, &made, json!({})).await;
    assert_eq!(
        receiver.wait_for(3).await[2].header("authorization"),
        "Bearer t-1"
    );
    // It does not follow to another origin by itself.
    let other = Receiver::start().await;
    let moved = json!({"url": other.url("/hook")});
    app.patch(&path(&made), &moved).await.invalid("auth");
    let none = json!({"auth": null});
    let changed = app.patch(&path(&made), &none).await.json(StatusCode::OK);
    assert_eq!(changed["auth"], Value::Null);
    tested(&app, &made, json!({})).await;
    assert_eq!(receiver.wait_for(4).await[3].header("authorization"), "");
}

#[tokio::test]
async fn faulty_proofs_are_refused_with_the_field() {
    let app = TestApp::start().await;
    for (auth, field) in [
        (json!({"type": "magic"}), "auth.type"),
        (json!({"type": "basic", "username": "a"}), "auth.password"),
        (
            json!({"type": "basic", "username": "a:b", "password": "c"}),
            "auth.username",
        ),
        (
            json!({"type": "basic", "username": "a", "password": "***"}),
            "auth.password",
        ),
        (json!({"type": "bearer", "token": "a b"}), "auth.token"),
        (
            json!({"type": "bearer", "token": "a", "username": "b"}),
            "auth.username",
        ),
    ] {
        let body = json!({"url": "https://example.com/", "event_types": ["*"], "auth": auth});
        app.post(WEBHOOKS, &body).await.invalid(field);
    }
    let both = json!({"url": "https://example.com/", "event_types": ["*"],
        "auth": {"type": "bearer", "token": "a"}, "headers": {"Authorization": "Bearer b"}});
    app.post(WEBHOOKS, &both).await.invalid("auth");
}

#[tokio::test]
async fn headers_are_filled_in_and_must_still_be_headers() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let headers = json!({"headers": {"x-order": "order-{{ /data/id }}", "x-env": "prod"}});
    let made = webhook(&app, &receiver, headers).await;
    assert_eq!(made["headers"]["x-order"], "order-{{ /data/id }}");
    tested(&app, &made, json!({"id": 17.0})).await;
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].header("x-order"), "order-17.0");
    assert_eq!(received[0].header("x-env"), "prod");
    for data in [json!({}), json!({"id": "two\nlines"})] {
        let failed = tested(&app, &made, data).await;
        assert_eq!(failed["error_kind"], "template", "{failed}");
        let error = failed["last_error"].as_str().unwrap();
        assert!(error.contains("the header x-order"), "{error}");
    }
    assert_eq!(receiver.received().len(), 1);
    let faulty = json!({"headers": {"x-order": "{{ data.id }}"}});
    app.patch(&path(&made), &faulty)
        .await
        .invalid("headers.x-order");
}

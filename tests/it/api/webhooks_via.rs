//! `via` on `/api/v1/webhooks`: who may lead a webhook's requests around the egress proxy.

use hookpost::domain::api_key::Scope;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;

const WEBHOOKS: &str = "/api/v1/webhooks";

fn direct(via: &Value) -> Value {
    json!({"url": "https://example.com/hook", "event_types": ["*"], "via": via})
}

#[tokio::test]
async fn only_operators_choose_the_way_and_it_does_not_follow_a_url_that_others_move() {
    let app = TestApp::start().await;
    let made = app.post(WEBHOOKS, &direct(&json!("direct"))).await;
    let made = made.json(StatusCode::CREATED);
    assert_eq!(made["via"], "direct");
    app.post(WEBHOOKS, &direct(&json!("tunnel")))
        .await
        .invalid("via");
    let key = app.key(&[Scope::WebhooksWrite, Scope::WebhooksRead]).await;
    let call = |method: Method, path: &str, body: &Value| {
        app.anonymous(method, path).bearer(&key).json(body).send()
    };
    let refused = call(Method::POST, WEBHOOKS, &direct(&json!("direct"))).await;
    refused.problem(403, "forbidden");
    let usual = call(Method::POST, WEBHOOKS, &direct(&Value::Null)).await;
    assert_eq!(usual.json(StatusCode::CREATED)["via"], Value::Null);
    let path = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
    let same = json!({"via": "direct", "label": "as it was"});
    let same = call(Method::PATCH, &path, &same).await.json(StatusCode::OK);
    assert_eq!(same["via"], "direct");
    let other = json!({"via": null});
    call(Method::PATCH, &path, &other)
        .await
        .problem(403, "forbidden");
    let moved = json!({"url": "https://elsewhere.example.com/"});
    let moved = call(Method::PATCH, &path, &moved)
        .await
        .json(StatusCode::OK);
    assert_eq!(moved["via"], Value::Null);
    let again = app.patch(&path, &json!({"via": "direct"})).await;
    assert_eq!(again.json(StatusCode::OK)["via"], "direct");
}

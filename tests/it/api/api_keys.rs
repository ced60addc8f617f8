//! `/api/v1/api-keys`

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;

const KEYS: &str = "/api/v1/api-keys";

async fn create(app: &TestApp, body: &Value) -> Value {
    app.post(KEYS, body).await.json(StatusCode::CREATED)
}

#[tokio::test]
async fn a_new_key_shows_its_text_once_works_at_once_and_stops_when_revoked() {
    let app = TestApp::start().await;
    let mut made = create(&app, &json!({"name": "ci", "scopes": ["events:read"]})).await;
    let text = made.as_object_mut().unwrap().remove("key").unwrap();
    let text = text.as_str().unwrap();
    assert!(text.starts_with("hpk_"));
    assert_eq!(made["workspace_id"], app.default_workspace().to_string());
    assert_eq!(made["scopes"], json!(["events:read"]));
    let page = app.get(KEYS).await.json(StatusCode::OK);
    assert_eq!(page["data"][0], made);
    assert!(!page.to_string().contains(text));

    let read = async || {
        let call = app.anonymous(Method::GET, "/api/v1/events").bearer(text);
        call.send().await
    };
    assert_eq!(read().await.status, StatusCode::OK);
    app.poll(KEYS, |page| page["data"][0]["last_used_at"].is_string())
        .await;
    let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    assert_eq!(app.delete(&path).await.status, StatusCode::NO_CONTENT);
    read().await.problem(401, "unauthorized");
    app.delete(&path).await.problem(404, "not_found");
    app.delete("/api/v1/api-keys/key_x")
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn a_key_belongs_to_one_workspace_or_with_admin_to_the_instance() {
    let app = TestApp::start().await;
    let other = app
        .post("/api/v1/workspaces", &json!({"name": "other"}))
        .await;
    let other = other.json(StatusCode::CREATED);
    let all = create(&app, &json!({"name": "all"})).await;
    assert_eq!(all["scopes"].as_array().unwrap().len(), 9);
    assert_eq!(all["workspace_id"], app.default_workspace().to_string());
    let named = create(&app, &json!({"name": "named", "workspace": "other"})).await;
    assert_eq!(named["workspace_id"], other["id"]);
    let call = app
        .call(Method::POST, KEYS)
        .header("hookpost-workspace", "other");
    let by_header = call.json(&json!({"name": "header"})).send().await;
    assert_eq!(
        by_header.json(StatusCode::CREATED)["workspace_id"],
        other["id"]
    );
    let admin = create(&app, &json!({"name": "root", "scopes": ["admin"]})).await;
    assert_eq!(admin["workspace_id"], Value::Null);
    let page = app.get("/api/v1/api-keys?workspace=other").await;
    assert_eq!(
        page.json(StatusCode::OK)["data"].as_array().unwrap().len(),
        2
    );
    app.get("/api/v1/api-keys?workspace=nowhere")
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn bad_keys_are_refused_with_the_field_and_nothing_is_stored() {
    let app = TestApp::start().await;
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": "x".repeat(101)}), "name"),
        (json!({"name": "a", "scopes": []}), "scopes"),
        (
            json!({"name": "a", "scopes": ["events:read", "everything"]}),
            "scopes[1]",
        ),
        (json!({"name": "a", "scopes": "admin"}), "scopes"),
        (
            json!({"name": "a", "scopes": ["admin"], "workspace": "default"}),
            "workspace",
        ),
        (json!({"name": "a", "workspace": "nowhere"}), "workspace"),
        (json!({"name": "a", "rate_limit": 0}), "rate_limit"),
        (json!({"name": "a", "expires": "never"}), "expires"),
    ] {
        app.post(KEYS, &body).await.invalid(field);
    }
    let page = app.get(KEYS).await.json(StatusCode::OK);
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_with_a_rate_limit_is_told_when_to_come_again() {
    let app = TestApp::start().await;
    let made = create(&app, &json!({"name": "slow", "rate_limit": 0.1})).await;
    let read = async || {
        let call = app.anonymous(Method::GET, "/api/v1/events");
        call.bearer(made["key"].as_str().unwrap()).send().await
    };
    let first = read().await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.header("ratelimit-limit"), "1");
    assert_eq!(first.header("ratelimit-remaining"), "0");
    let second = read().await;
    second.problem(429, "rate_limited");
    assert_eq!(second.header("retry-after"), "10");
    assert_eq!(second.header("ratelimit-reset"), "10");
    let unlimited = app.get("/api/v1/events").await;
    assert_eq!(unlimited.header("ratelimit-limit"), "");
}

#[tokio::test]
async fn every_change_leaves_a_line_in_the_audit_log() {
    let app = TestApp::start().await;
    let made = create(&app, &json!({"name": "ci"})).await;
    let body = json!({"url": "https://example.com/", "event_types": ["*"]});
    app.post("/api/v1/webhooks", &body)
        .await
        .json(StatusCode::CREATED);
    let page = app.get("/api/v1/audit-log").await.json(StatusCode::OK);
    let actions: Vec<&str> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["webhook.create", "api_key.create"]);
    let line = &page["data"][1];
    assert_eq!(line["target"], made["id"]);
    assert_eq!(line["actor"]["kind"], "key");
    assert!(line["actor"]["id"].as_str().unwrap().starts_with("key_"));
    assert_eq!(line["detail"]["name"], "ci");
    let page = app.get("/api/v1/audit-log?workspace=default").await;
    assert_eq!(
        page.json(StatusCode::OK)["data"].as_array().unwrap().len(),
        1
    );
    assert!(!page.text.contains("hpk_"));
}

//! `/api/v1/audit-log`: what its entries show, and to whom. That every change leaves one is proved
//! in `audit.rs`.

use hookpost::domain::api_key::Scope;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn entries_hold_no_secrets_and_cannot_be_changed_by_anybody() {
    let app = TestApp::start().await;
    let secret = "whsec_U0VOVElORUxzaWduaW5nc2VjcmV0MDEyMzQ1Njc4OTA=";
    let webhook = json!({
        "url": "http://127.0.0.1:9001/hook?token=hidden-in-query", "event_types": ["*"],
        "secret": secret, "headers": {"authorization": "Bearer hidden-in-header"},
    });
    let made = app.post("/api/v1/webhooks", &webhook).await;
    let id = made.json(StatusCode::CREATED)["id"].take();
    let path = format!("/api/v1/webhooks/{}", id.as_str().unwrap());
    let changed = json!({"headers": {"x-api-key": "hidden-in-header"}, "label": "new"});
    app.patch(&path, &changed).await.json(StatusCode::OK);
    let rotate = format!("{path}/rotate-secret");
    let rotated = app.post(&rotate, &json!({})).await.json(StatusCode::OK);
    let log = app.get("/api/v1/audit-log").await;
    for hidden in [secret, "hidden-in", rotated["secret"].as_str().unwrap()] {
        assert!(!log.text.contains(hidden), "{hidden} in {}", log.text);
    }
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = app.call(method, "/api/v1/audit-log").send().await;
        answer.problem(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn entries_are_listed_newest_first_a_page_at_a_time() {
    let app = TestApp::start().await;
    for name in ["first", "second", "third"] {
        let described = json!({"name": format!("type.{name}")});
        let made = app.post("/api/v1/event-types", &described).await;
        made.json(StatusCode::CREATED);
    }
    let page = app.get("/api/v1/audit-log?limit=2").await;
    let page = page.json(StatusCode::OK);
    let targets = |page: &serde_json::Value| -> Vec<String> {
        let entries = page["data"].as_array().unwrap().iter();
        entries
            .map(|entry| entry["target"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(targets(&page), ["type.third", "type.second"]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let older = format!("/api/v1/audit-log?limit=1&cursor={cursor}");
    let older = app.get(&older).await.json(StatusCode::OK);
    assert_eq!(targets(&older), ["type.first"]);
    app.get("/api/v1/audit-log?cursor=nonsense")
        .await
        .invalid("cursor");
}

#[tokio::test]
async fn only_keys_of_the_instance_read_the_log() {
    let app = TestApp::start().await;
    let key = app.key(&[Scope::EventsRead, Scope::WebhooksWrite]).await;
    let call = app.anonymous(Method::GET, "/api/v1/audit-log").bearer(&key);
    call.send().await.problem(403, "forbidden");
}

//! `/api-keys`, `/workspaces`, `/settings`, `/audit-log` and `/system`

use hookpost::domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Desk, between};
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn a_key_is_made_shown_once_used_and_revoked() {
    let desk = Desk::open().await;
    let fields = [
        ("name", "billing <b>"),
        ("scope", "events:read"),
        ("scope", "events:write"),
    ];
    let answer = desk.post("/api-keys", &fields).await;
    let (_, page) = desk.follow(&answer).await;
    let key = between(&page, "data-copy=\"hpk_", "\"");
    let key = format!("hpk_{key}");
    assert!(page.contains("billing &#60;b&#62;"), "{page}");
    let call = desk
        .app
        .anonymous(Method::GET, "/api/v1/events")
        .bearer(&key);
    assert_eq!(call.send().await.status, StatusCode::OK);
    let page = desk.get("/api-keys").await;
    assert!(!page.contains(&key));
    let path = format!(
        "/api-keys/{}/revoke",
        between(&page, "formaction=\"/api-keys/", "/")
    );
    // When it was used is noted a little later.
    let is_noted = |keys: &Value| {
        let mut keys = keys["data"].as_array().unwrap().iter();
        let own = keys.find(|key| key["name"].as_str().unwrap().starts_with("billing"));
        !own.unwrap()["last_used_at"].is_null()
    };
    desk.app.poll("/api/v1/api-keys", is_noted).await;
    let asked = desk.post(&path, &[]).await.text;
    assert!(asked.contains("Revoke 1 key, billing"), "{asked}");
    assert!(asked.contains("It was last used at "), "{asked}");
    let call = desk
        .app
        .anonymous(Method::GET, "/api/v1/events")
        .bearer(&key);
    assert_eq!(call.send().await.status, StatusCode::OK);
    let answer = desk.post(&path, &[("confirmed", "yes")]).await;
    assert!(desk.follow(&answer).await.1.contains("was revoked"));
    let call = desk
        .app
        .anonymous(Method::GET, "/api/v1/events")
        .bearer(&key);
    assert_eq!(call.send().await.status, StatusCode::UNAUTHORIZED);
    let answer = desk
        .post("/api-keys", &[("name", ""), ("rate_limit", "fast")])
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("rate_limit-fault"), "{}", answer.text);
}

#[tokio::test]
async fn a_workspace_is_made_looked_at_and_has_settings_of_its_own() {
    let desk = Desk::open().await;
    let fields = [("name", "second"), ("plan", "pro"), ("profile", "standard")];
    let answer = desk.post("/workspaces", &fields).await;
    let (place, page) = desk.follow(&answer).await;
    assert!(
        place == "/" && page.contains("Workspace second, switch"),
        "{page}"
    );
    let answer = desk
        .post("/settings", &[("name", "second"), ("delivered", "soon")])
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("delivered-fault"), "{}", answer.text);
    let fields = [("name", "renamed"), ("delivered", "48h"), ("strict", "on")];
    let answer = desk.post("/settings", &fields).await;
    let (_, page) = desk.follow(&answer).await;
    assert!(
        page.contains("value=\"renamed\"") && page.contains("value=\"48h\""),
        "{page}"
    );
    let answer = desk.post("/workspace", &[("workspace", "default")]).await;
    assert!(
        desk.follow(&answer)
            .await
            .1
            .contains("Workspace default, switch")
    );
    let log = desk.get("/audit-log").await;
    for action in ["workspace.create", "workspace.update", "ada@example.com"] {
        assert!(log.contains(action), "no {action} in {log}");
    }
}

#[tokio::test]
async fn sending_is_paused_and_resumed_by_owners_only() {
    let desk = Desk::open().await;
    let page = desk.get("/system").await;
    assert!(page.contains("running") && page.contains("KiB"), "{page}");
    let asked = desk.post("/system/pause", &[]).await.text;
    assert!(asked.contains("Pause all sending?") && asked.contains("0 deliveries"));
    assert!(!desk.get("/").await.contains("Sending is paused"));
    let sure = [("confirmed", "yes")];
    let answer = desk.post("/system/pause", &sure).await;
    assert!(desk.follow(&answer).await.1.contains("Resume sending"));
    assert!(desk.get("/").await.contains("Sending is paused"));
    let answer = desk.post("/system/resume", &[]).await;
    assert!(desk.follow(&answer).await.1.contains("Sending goes on"));
    let viewer = Desk::open_as(Role::Viewer).await;
    let page = viewer.get("/system").await;
    assert!(!page.contains("Pause all sending"), "{page}");
    for path in [
        "/",
        "/deliveries",
        "/webhooks",
        "/events",
        "/event-types",
        "/workspaces",
        "/settings",
    ] {
        let page = viewer.get(path).await;
        assert!(!page.contains("href=\"/api-keys\" "), "{path}");
    }
}

#[tokio::test]
async fn the_button_of_a_test_alert_says_whether_it_arrived() {
    let desk = Desk::open().await;
    let button = "action=\"/settings/test-alert\"";
    let page = desk.get("/settings").await;
    assert!(!page.contains(button), "{page}");
    let alerts = Receiver::start().await;
    let workspace = format!("/api/v1/workspaces/{}", desk.app.default_workspace());
    let told = json!({"alert_url": alerts.url("/alerts")});
    desk.app.patch(&workspace, &told).await.json(StatusCode::OK);
    let page = desk.get("/settings").await;
    assert!(page.contains(button), "{page}");
    let sent = desk.post("/settings/test-alert", &[]).await;
    let (place, page) = desk.follow(&sent).await;
    assert_eq!(place, "/settings");
    assert!(page.contains("The test arrived where alerts go."), "{page}");
    assert_eq!(alerts.wait_for(1).await.len(), 1);
    alerts.answer(Reply::status(500));
    let sent = desk.post("/settings/test-alert", &[]).await;
    let (_, page) = desk.follow(&sent).await;
    assert!(
        page.contains("The test did not arrive: ") && page.contains("500"),
        "{page}"
    );
}

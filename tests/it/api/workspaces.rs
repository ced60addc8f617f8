//! `/api/v1/workspaces`

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

const WORKSPACES: &str = "/api/v1/workspaces";

async fn create(app: &TestApp, body: &Value) -> Value {
    app.post(WORKSPACES, body).await.json(StatusCode::CREATED)
}

fn path(workspace: &Value) -> String {
    format!("{WORKSPACES}/{}", workspace["id"].as_str().unwrap())
}

/// Sends a request in another workspace than the default.
async fn within(app: &TestApp, workspace: &str, method: Method, path: &str, body: &Value) -> Value {
    let call = app
        .call(method, path)
        .header("hookpost-workspace", workspace);
    let answer = call.json(body).send().await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text);
    serde_json::from_str(&answer.text).unwrap_or_default()
}

#[tokio::test]
async fn an_installation_begins_with_one_workspace_that_stays() {
    let app = TestApp::start().await;
    let page = app.get(WORKSPACES).await.json(StatusCode::OK);
    let default = &page["data"][0];
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_eq!(default["name"], "default");
    assert_eq!(default["plan"], "pro");
    assert_eq!(default["profile"], "standard");
    app.delete(&path(default)).await.problem(409, "conflict");
    let renamed = app.patch(&path(default), &json!({"name": "other"})).await;
    renamed.problem(409, "conflict");
}

#[tokio::test]
async fn a_workspace_of_a_built_in_profile_knows_its_event_types_and_no_others() {
    let app = TestApp::start().await;
    let made = create(&app, &json!({"name": "vs", "profile": "veriswarm"})).await;
    assert_eq!(made["strict_event_types"], true);
    let catalogue = within(&app, "vs", Method::GET, "/api/v1/event-types", &json!({})).await;
    assert!(!catalogue["data"].as_array().unwrap().is_empty());
    let known = catalogue["data"][0]["name"].as_str().unwrap();
    let call = || {
        app.call(Method::POST, "/api/v1/events")
            .header("hookpost-workspace", "vs")
    };
    let typo = format!("{known}x");
    let refused = call().json(&json!({"type": typo, "data": {}})).send().await;
    let problem = refused.invalid("type");
    assert!(
        problem["detail"].as_str().unwrap().contains(known),
        "{problem:#}"
    );
    let accepted = call()
        .json(&json!({"type": known, "data": {}}))
        .send()
        .await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.text);
    let hook = json!({"url": "https://example.com/", "event_types": ["nothing.of.that"]});
    let call = app
        .call(Method::POST, "/api/v1/webhooks")
        .header("hookpost-workspace", "vs");
    call.json(&hook).send().await.invalid("event_types[0]");
    let loose = json!({"name": "loose", "profile": "veriswarm", "strict_event_types": false});
    assert_eq!(create(&app, &loose).await["strict_event_types"], false);
    assert_eq!(
        create(&app, &json!({"name": "plain"})).await["strict_event_types"],
        false
    );
}

#[tokio::test]
async fn workspaces_do_not_see_each_other() {
    let app = TestApp::start().await;
    let other = create(&app, &json!({"name": "ünder wörld"})).await;
    let hook = json!({"url": "https://example.com/", "event_types": ["*"]});
    let hook = app
        .post("/api/v1/webhooks", &hook)
        .await
        .json(StatusCode::CREATED);
    let hook_path = format!("/api/v1/webhooks/{}", hook["id"].as_str().unwrap());
    for name in ["ünder wörld", other["id"].as_str().unwrap()] {
        let page = within(&app, name, Method::GET, "/api/v1/webhooks", &json!({})).await;
        assert_eq!(page["data"], json!([]));
        let call = app
            .call(Method::GET, &hook_path)
            .header("hookpost-workspace", name);
        call.send().await.problem(404, "not_found");
    }
    for unknown in ["nowhere", "ws_0", ""] {
        let call = app
            .call(Method::GET, &hook_path)
            .header("hookpost-workspace", unknown);
        call.send().await.problem(404, "not_found");
    }
    let body = json!({"name": "bound", "workspace": "ünder wörld"});
    let key = app
        .post("/api/v1/api-keys", &body)
        .await
        .json(StatusCode::CREATED);
    let call = || {
        app.anonymous(Method::GET, &hook_path)
            .bearer(key["key"].as_str().unwrap())
    };
    call().send().await.problem(404, "not_found");
    let elsewhere = call().header("hookpost-workspace", "default").send().await;
    elsewhere.problem(404, "not_found");
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name() {
    let app = TestApp::start().await;
    let made = create(
        &app,
        &json!({"name": "a", "plan": "free", "retention": {"delivered": "48h"}}),
    )
    .await;
    assert_eq!(
        made["retention"],
        json!({"delivered": "48h", "exhausted": null, "keep_latest": null})
    );
    let body =
        json!({"name": "b", "retention": {"keep_latest": 5}, "alert_url": "https://example.com/a"});
    let changed = app.patch(&path(&made), &body).await.json(StatusCode::OK);
    assert_eq!(
        (&changed["name"], &changed["plan"]),
        (&json!("b"), &json!("free"))
    );
    assert_eq!(
        changed["retention"],
        json!({"delivered": "48h", "exhausted": null, "keep_latest": 5})
    );
    assert_eq!(changed["alert_url"], "https://example.com/a");
    let cleared = app
        .patch(&path(&made), &json!({"retention": null, "alert_url": null}))
        .await;
    let cleared = cleared.json(StatusCode::OK);
    assert_eq!(cleared["retention"]["delivered"], Value::Null);
    assert_eq!(cleared["alert_url"], Value::Null);
    assert_eq!(app.get(&path(&made)).await.json(StatusCode::OK), cleared);
}

#[tokio::test]
async fn bad_workspaces_are_refused_with_the_field_and_nothing_is_stored() {
    let app = TestApp::start().await;
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": " a"}), "name"),
        (json!({"name": "a\nb"}), "name"),
        (json!({"name": "x".repeat(101)}), "name"),
        (json!({"name": app.default_workspace().to_string()}), "name"),
        (json!({"name": "a", "plan": "gold"}), "plan"),
        (json!({"name": "a", "profile": "nothing"}), "profile"),
        (
            json!({"name": "a", "strict_event_types": "yes"}),
            "strict_event_types",
        ),
        (
            json!({"name": "a", "alert_url": "https://10.0.0.1/"}),
            "alert_url",
        ),
        (
            json!({"name": "a", "retention": {"delivered": "soon"}}),
            "retention.delivered",
        ),
        (
            json!({"name": "a", "retention": {"exhausted": "1s"}}),
            "retention.exhausted",
        ),
        (
            json!({"name": "a", "retention": {"keep_latest": -1}}),
            "retention.keep_latest",
        ),
        (
            json!({"name": "a", "retention": {"kept": 1}}),
            "retention.kept",
        ),
        (json!({"name": "a", "nam": 1}), "nam"),
    ] {
        app.post(WORKSPACES, &body).await.invalid(field);
    }
    let page = app.get(WORKSPACES).await.json(StatusCode::OK);
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    app.post(WORKSPACES, &json!({"name": "default"}))
        .await
        .problem(409, "conflict");
}

#[tokio::test]
async fn a_deleted_workspace_takes_its_keys_and_webhooks_with_it() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let made = create(&app, &json!({"name": "gone"})).await;
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    within(&app, "gone", Method::POST, "/api/v1/webhooks", &hook).await;
    let key = json!({"name": "k", "workspace": "gone"});
    let key = app
        .post("/api/v1/api-keys", &key)
        .await
        .json(StatusCode::CREATED);
    let event = json!({"type": "a.b", "data": 1});
    within(&app, "gone", Method::POST, "/api/v1/events", &event).await;
    receiver.wait_for(1).await;
    assert_eq!(
        app.delete(&path(&made)).await.status,
        StatusCode::NO_CONTENT
    );
    let call = app
        .anonymous(Method::GET, "/api/v1/events")
        .bearer(key["key"].as_str().unwrap());
    call.send().await.problem(401, "unauthorized");
    let call = app
        .call(Method::GET, "/api/v1/events")
        .header("hookpost-workspace", "gone");
    call.send().await.problem(404, "not_found");
    app.delete(&path(&made)).await.problem(404, "not_found");
    create(&app, &json!({"name": "gone"})).await;
}

#[tokio::test]
async fn a_free_plan_publishes_and_polls_but_registers_no_webhooks() {
    let app = TestApp::start().await;
    create(&app, &json!({"name": "free", "plan": "free"})).await;
    let hook = json!({"url": "https://example.com/", "event_types": ["*"]});
    let call = app
        .call(Method::POST, "/api/v1/webhooks")
        .header("hookpost-workspace", "free");
    call.json(&hook).send().await.problem(403, "plan_required");
    // A receiver is a receiver, registered or not.
    let one_off = json!({"type": "a.b", "data": 1, "webhook_url": "https://example.com/"});
    let call = app
        .call(Method::POST, "/api/v1/events")
        .header("hookpost-workspace", "free");
    let refused = call.json(&one_off).send().await;
    refused.problem(403, "plan_required");
    let call = app
        .call(Method::POST, "/api/v1/events/batch")
        .header("hookpost-workspace", "free");
    let batch = json!({"events": [one_off, {"type": "a.b", "data": 0}]});
    let answer = call.json(&batch).send().await;
    assert!(answer.text.contains("plan_required"), "{}", answer.text);
    let event = json!({"type": "a.b", "data": 1});
    within(&app, "free", Method::POST, "/api/v1/events", &event).await;
    let page = within(
        &app,
        "free",
        Method::GET,
        "/api/v1/events?order=asc",
        &json!({}),
    )
    .await;
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn alerts_go_to_the_workspaces_alert_url() {
    let app = TestApp::start().await;
    let (receiver, alerts) = (Receiver::start().await, Receiver::start().await);
    receiver.answer(Reply::status(500));
    let made = create(
        &app,
        &json!({"name": "alerted", "alert_url": alerts.url("/alerts")}),
    )
    .await;
    assert_eq!(made["alert_url"], alerts.url("/alerts"));
    let hook =
        json!({"url": receiver.url("/"), "event_types": ["*"], "retry_policy": {"delays": []}});
    within(&app, "alerted", Method::POST, "/api/v1/webhooks", &hook).await;
    let event = json!({"type": "a.b", "data": 1});
    within(&app, "alerted", Method::POST, "/api/v1/events", &event).await;
    let told = alerts.wait_for(1).await;
    assert_eq!(told[0].json()["type"], "delivery.exhausted");
    assert!(!told[0].header("webhook-signature").is_empty());
    let hooks = within(&app, "alerted", Method::GET, "/api/v1/webhooks", &json!({})).await;
    assert_eq!(hooks["data"].as_array().unwrap().len(), 1);
}

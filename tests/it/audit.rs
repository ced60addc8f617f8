//! Everything that a key or a person changes is in the audit log, whichever route it came by.

use std::collections::BTreeSet;

use hookpost::web::endpoint::{Access, Endpoint};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::receiver::{Receiver, Reply};
use crate::world::{World, api, body, method, with_credential};

/// What the log does not repeat: an event is its own record, with its publisher's time.
const RECORDED_ELSEWHERE: [&str; 3] = [
    "/api/v1/events",
    "/api/v1/events/batch",
    "/svix/api/v1/app/{app_id}/msg",
];

async fn last_entry(app: &TestApp) -> Value {
    let page = app.get("/api/v1/audit-log?limit=1").await;
    page.json(StatusCode::OK)["data"][0].take()
}

async fn act(app: &TestApp, receiver: &Receiver, route: &Endpoint, world: &World) -> Answer {
    let path = world.path(route);
    let call = app.anonymous(method(route), &path);
    let call = with_credential(call, route.path, &app.admin);
    let call = call.header("hookpost-workspace", &world.workspace);
    match body(route, world, &receiver.url("/")) {
        Value::Null => call.send().await,
        body => call.json(&body).send().await,
    }
}

/// The first entry of `action`, once there is one.
async fn entry_of(app: &TestApp, action: &str) -> Value {
    let path = "/api/v1/audit-log?limit=250";
    let find = |page: &Value| {
        let entries = page["data"].as_array().unwrap();
        entries.iter().find(|own| own["action"] == action).cloned()
    };
    let page = app.poll(path, |page| find(page).is_some()).await;
    find(&page).unwrap()
}

#[tokio::test]
async fn what_hookpost_itself_does_to_a_webhook_is_in_the_audit_log() {
    for (status, settings, reason) in [
        (410, json!({}), "gone"),
        (500, json!({"disable_after_failures": 1}), "circuit_breaker"),
        (
            503,
            json!({"disable_after": "1s", "retry_policy": {"delays": ["500ms", "600ms", "700ms"], "jitter": false}}),
            "circuit_breaker",
        ),
    ] {
        let app = TestApp::start().await;
        let receiver = Receiver::start().await;
        receiver.answer(Reply::status(status));
        let mut hook = json!({"url": receiver.url("/"), "event_types": ["*"]});
        for (name, value) in settings.as_object().unwrap() {
            hook[name] = value.clone();
        }
        let hook = app.post("/api/v1/webhooks", &hook).await;
        let hook = hook.json(StatusCode::CREATED);
        let event = json!({"type": "a.b", "data": {}});
        app.post("/api/v1/events", &event)
            .await
            .json(StatusCode::ACCEPTED);
        let entry = entry_of(&app, "webhook.disable").await;
        assert_eq!(entry["actor"]["kind"], "system", "{entry:#}");
        assert_eq!(entry["target"], hook["id"], "{entry:#}");
        assert_eq!(entry["workspace_id"], hook["workspace_id"]);
        assert_eq!(entry["detail"]["reason"], reason, "{entry:#}");
    }
}

#[tokio::test]
async fn running_the_retries_is_in_the_audit_log_even_where_nothing_waits() {
    let app = TestApp::start().await;
    let ran = app.post("/api/v1/retries/run?limit=5", &json!({})).await;
    ran.json(StatusCode::OK);
    let entry = entry_of(&app, "retries.run").await;
    assert_eq!(entry["detail"]["deliveries"], 0, "{entry:#}");
}

#[tokio::test]
async fn whatever_a_route_changes_is_in_the_audit_log_with_who_did_it() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let (mut done, mut refused) = (BTreeSet::new(), BTreeSet::new());
    let mut actions = BTreeSet::new();
    for route in api() {
        let is_change = method(route) != Method::GET && route.access != Access::Session;
        if !is_change || route.access == Access::Public || RECORDED_ELSEWHERE.contains(&route.path)
        {
            continue;
        }
        let world = World::make(&app, &receiver, "plain").await;
        receiver.answer(Reply::status(200));
        // Its receiver said that it was gone.
        let enable = format!("/api/v1/webhooks/{}/enable", world.webhook);
        app.call(Method::POST, &enable)
            .header("hookpost-workspace", &world.workspace)
            .send()
            .await
            .json(StatusCode::OK);
        let before = last_entry(&app).await;
        let answer = act(&app, &receiver, route, &world).await;
        let what = format!("{} {}", route.method, route.path);
        assert!(answer.status.as_u16() < 500, "{what}: {answer:?}");
        if !answer.status.is_success() {
            refused.insert(format!("{what}: {}", answer.status.as_u16()));
            continue;
        }
        let after = last_entry(&app).await;
        if answer.text.contains("\"processed\":0") && before == after {
            refused.insert(format!("{what}: nothing was due"));
            continue;
        }
        assert_ne!(before["id"], after["id"], "{what} left no entry");
        assert_eq!(after["actor"]["kind"], "key", "{what}: {after:#}");
        actions.insert(after["action"].as_str().unwrap().to_owned());
        done.insert(what);
    }
    println!(
        "audit log: {} routes, {} actions: {actions:?}; refused: {refused:?}",
        done.len(),
        actions.len()
    );
    assert!(done.len() >= 41, "{refused:?}");
}

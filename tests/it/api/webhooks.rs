//! `/api/v1/webhooks`

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

const WEBHOOKS: &str = "/api/v1/webhooks";

async fn create(app: &TestApp, body: &Value) -> Value {
    app.post(WEBHOOKS, body).await.json(StatusCode::CREATED)
}

async fn count(app: &TestApp) -> usize {
    let page = app.get(WEBHOOKS).await.json(StatusCode::OK);
    page["data"].as_array().unwrap().len()
}

fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_new_webhook_has_the_documented_shape_and_shows_its_secret_once() {
    let app = TestApp::start().await;
    let body = json!({
        "url": "https://EXAMPLE.com/hook", "label": "Production",
        "event_types": ["score.changed", "agent.*"],
        "headers": {"X-Env": "prod", "X-Api-Key": "k-123"},
    });
    let mut created = create(&app, &body).await;
    let secret = created.as_object_mut().unwrap().remove("secret").unwrap();
    assert!(secret.as_str().unwrap().starts_with("whsec_"));
    for changing in ["id", "workspace_id", "created_at", "updated_at"] {
        assert!(created[changing].is_string(), "{changing}");
    }
    let found = app.get(&path(&created)).await.json(StatusCode::OK);
    assert_eq!(found, created);
    let page = app.get(WEBHOOKS).await.json(StatusCode::OK);
    assert_eq!(page, json!({"data": [created], "next_cursor": null}));
    let fields = created.as_object_mut().unwrap();
    for changing in ["id", "workspace_id", "created_at", "updated_at"] {
        fields.remove(changing);
    }
    let mut expected = json!({
        "consumer_id": null, "label": "Production", "kind": "push", "url": "https://example.com/hook",
        "event_types": ["score.changed", "agent.*"], "pinned_versions": {}, "profile": "standard", "format": "json",
        "headers": {"x-env": "prod", "x-api-key": "***"}, "aliases": null,
        "signature": "hmac", "public_key": null, "channels": null,
        "status": "active", "disabled_reason": null,
        "retry_policy": {"delays": ["1s", "5s", "30s", "2m", "10m", "1h"], "then_every": "1h",
            "give_up_after": "24h", "jitter": true},
        "timeout": "10s", "max_in_flight": 16, "rate_limit": null, "ordered": false, "ordered_by": null, "batch": null,
        "disable_after_failures": null, "disable_after": "120h", "consecutive_failures": 0,
        "last_attempted_at": null, "last_success_at": null, "last_status_code": null, "last_error": null,
        "secret_rotated_at": null, "previous_secret_expires_at": null, "metadata": {},
    });
    let shaping = json!({"filter": null, "template": null, "auth": null, "ca": null,
        "ca_expires_at": null, "via": null, "method": "POST",
        "content_type": "application/json"});
    let shaping = shaping.as_object().unwrap().clone();
    expected.as_object_mut().unwrap().extend(shaping);
    assert_eq!(created, expected);
}

#[tokio::test]
async fn bad_webhooks_are_refused_with_the_field_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let with = |field: &str, value: Value| {
        let mut body = json!({"url": "https://example.com/", "event_types": ["*"]});
        body[field] = value;
        body
    };
    let many: Vec<String> = (0..101).map(|n| format!("type.{n}")).collect();
    for (body, field) in [
        (json!({"event_types": ["*"]}), "url"),
        (with("url", json!(null)), "url"),
        (with("url", json!("ftp://example.com/")), "url"),
        (with("url", json!("https://user:pass@example.com/")), "url"),
        (with("url", json!("https://localhost.local/")), "url"),
        (with("url", json!("https://169.254.169.254/")), "url"),
        (with("url", json!("https://[::ffff:10.0.0.1]/")), "url"),
        (json!({"url": "https://example.com/"}), "event_types"),
        (with("event_types", json!([])), "event_types"),
        (with("event_types", json!(["a.*.b"])), "event_types[0]"),
        (with("event_types", json!(["*", 7])), "event_types[1]"),
        (with("event_types", json!(many)), "event_types"),
        (with("label", json!("x".repeat(101))), "label"),
        (with("profile", json!("nothing")), "profile"),
        (with("format", json!("xml")), "format"),
        (with("secret", json!("short")), "secret"),
        (with("headers", json!({"host": "x"})), "headers.host"),
        (with("headers", json!({"x-a": "b\nc"})), "headers.x-a"),
        (with("headers", json!({"x-a": 1})), "headers.x-a"),
        (with("headers", json!(["x-a"])), "headers"),
        (with("retry_policy", json!("nothing")), "retry_policy"),
        (
            with("retry_policy", json!({"delays": ["soon"]})),
            "retry_policy.delays[0]",
        ),
        (
            with("retry_policy", json!({"delays": [], "then_every": "1h"})),
            "retry_policy.give_up_after",
        ),
        (
            with("retry_policy", json!({"delay": []})),
            "retry_policy.delay",
        ),
        (with("retry_policy", json!({})), "retry_policy.delays"),
        (with("retry_policy", json!(7)), "retry_policy"),
        (with("timeout", json!("1h")), "timeout"),
        (with("timeout", json!("fast")), "timeout"),
        (with("timeout", json!(10)), "timeout"),
        (with("max_in_flight", json!(0)), "max_in_flight"),
        (with("max_in_flight", json!(1.5)), "max_in_flight"),
        (with("rate_limit", json!(-1)), "rate_limit"),
        (with("ordered", json!("yes")), "ordered"),
        (
            with("disable_after_failures", json!(0)),
            "disable_after_failures",
        ),
        (with("disable_after", json!("1ms")), "disable_after"),
        (with("active", json!(null)), "active"),
        (with("metadata", json!([])), "metadata"),
        (with("metadata", json!({"a": "x".repeat(5000)})), "metadata"),
        (with("evnt_types", json!(["*"])), "evnt_types"),
    ] {
        let answer = app.post(WEBHOOKS, &body).await;
        assert_eq!(answer.status.as_u16(), 422, "{body}: {}", answer.text);
        answer.invalid(field);
    }
    assert_eq!(count(&app).await, 0);
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name_and_null_means_the_default() {
    let app = TestApp::start().await;
    let created = create(
        &app,
        &json!({"url": "https://example.com/", "event_types": ["a.b"], "timeout": "3s",
            "headers": {"authorization": "Bearer x", "x-env": "prod"}, "metadata": {"n": 1},
            "retry_policy": {"delays": ["1s"], "jitter": false}}),
    )
    .await;
    let path = path(&created);
    let changed = app
        .patch(&path, &json!({"label": "New", "rate_limit": 2.5}))
        .await;
    let changed = changed.json(StatusCode::OK);
    assert_eq!(changed["label"], "New");
    assert_eq!(changed["rate_limit"], 2.5);
    for same in [
        "url",
        "event_types",
        "timeout",
        "headers",
        "retry_policy",
        "metadata",
    ] {
        assert_eq!(changed[same], created[same], "{same}");
    }
    let masked = json!({"headers": {"authorization": "***"}, "timeout": null, "rate_limit": null,
        "retry_policy": null, "metadata": null, "disable_after": null});
    let changed = app.patch(&path, &masked).await.json(StatusCode::OK);
    assert_eq!(changed["headers"], json!({"authorization": "***"}));
    assert_eq!(changed["timeout"], "10s");
    assert_eq!(changed["rate_limit"], Value::Null);
    assert_eq!(changed["disable_after"], Value::Null);
    assert_eq!(changed["metadata"], json!({}));
    assert_eq!(changed["retry_policy"]["give_up_after"], "24h");
    app.patch(&path, &json!({"secret": "x"}))
        .await
        .invalid("secret");
    app.patch(&path, &json!({"url": "https://10.0.0.1/"}))
        .await
        .invalid("url");
    app.patch(&path, &json!({"status": "active"}))
        .await
        .invalid("status");
}

#[tokio::test]
async fn a_webhook_is_disabled_enabled_revoked_and_deleted() {
    let app = TestApp::start().await;
    let body = json!({"url": "https://example.com/", "event_types": ["*"]});
    let path = path(&create(&app, &body).await);
    let act = async |action: &str| {
        let path = format!("{path}/{action}");
        app.call(Method::POST, &path).send().await
    };
    let disabled = act("disable").await.json(StatusCode::OK);
    assert_eq!(disabled["status"], "disabled");
    assert_eq!(disabled["disabled_reason"], "manual");
    let enabled = act("enable").await.json(StatusCode::OK);
    assert_eq!(
        (&enabled["status"], &enabled["disabled_reason"]),
        (&json!("active"), &Value::Null)
    );
    let revoked = act("revoke").await.json(StatusCode::OK);
    assert_eq!(revoked["status"], "revoked");
    act("enable").await.problem(409, "revoked");
    act("revoke").await.problem(409, "revoked");
    app.patch(&path, &json!({"label": "x"}))
        .await
        .problem(409, "revoked");
    let odd = app
        .post(&format!("{path}/enable"), &json!({"now": true}))
        .await;
    odd.invalid("now");
    let gone = app.delete(&path).await;
    assert_eq!(
        (gone.status, gone.text.as_str()),
        (StatusCode::NO_CONTENT, "")
    );
    app.get(&path).await.problem(404, "not_found");
    app.delete(&path).await.problem(404, "not_found");
    assert_eq!(count(&app).await, 0);
}

#[tokio::test]
async fn a_repeated_rotation_shows_the_same_secret_again() {
    let app = TestApp::start().await;
    let body = json!({"url": "https://example.com/", "event_types": ["*"]});
    let created = create(&app, &body).await;
    let path = format!(
        "{WEBHOOKS}/{}/rotate-secret",
        created["id"].as_str().unwrap()
    );
    let rotate = async || {
        let call = app.call(Method::POST, &path);
        call.header("idempotency-key", "once").send().await
    };
    let (first, again) = (rotate().await, rotate().await);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(first.json(StatusCode::OK), again.json(StatusCode::OK));
}

#[tokio::test]
async fn headers_are_named_once_and_there_are_at_most_twenty() {
    let app = TestApp::start().await;
    let many: BTreeMap<_, _> = (0..21).map(|n| (format!("x-{n}"), "")).collect();
    for (headers, field) in [
        (json!({"X-A": "1", "x-a": "2"}), "headers.x-a"),
        (json!(many), "headers"),
    ] {
        let hook = json!({"url": "https://example.com/", "event_types": ["*"], "headers": headers});
        app.post(WEBHOOKS, &hook).await.invalid(field);
    }
    assert_eq!(count(&app).await, 0);
}

#[tokio::test]
async fn a_mask_that_stands_for_nothing_is_no_header() {
    let app = TestApp::start().await;
    let masked = json!({"authorization": "***", "x-env": "***"});
    let mut body = json!({"url": "https://example.com/", "event_types": ["*"], "headers": masked});
    let refused = app.post(WEBHOOKS, &body).await;
    refused.invalid("headers.authorization");
    body["headers"] = json!({"x-env": "***"});
    create(&app, &body).await;
}

#[tokio::test]
async fn ids_that_are_foreign_malformed_or_unknown_name_nothing() {
    let app = TestApp::start().await;
    let body = json!({"url": "https://example.com/", "event_types": ["*"]});
    let created = create(&app, &body).await;
    let id = created["id"].as_str().unwrap();
    let other_kind = id.replace("wh_", "dlv_");
    for odd in ["x", "wh_", &other_kind, &id.to_uppercase(), "%00", "..%2f"] {
        let path = format!("{WEBHOOKS}/{odd}");
        app.get(&path).await.problem(404, "not_found");
        app.patch(&path, &json!({})).await.problem(404, "not_found");
        app.delete(&path).await.problem(404, "not_found");
    }
    assert_eq!(count(&app).await, 1);
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat() {
    let app = TestApp::start().await;
    for n in 0..5 {
        let body = json!({"url": format!("https://example.com/{n}"), "event_types": ["*"]});
        create(&app, &body).await;
    }
    let mut seen = Vec::new();
    let mut path = format!("{WEBHOOKS}?limit=2");
    loop {
        let page = app.get(&path).await.json(StatusCode::OK);
        for webhook in page["data"].as_array().unwrap() {
            seen.push(webhook["url"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("{WEBHOOKS}?limit=2&cursor={cursor}");
    }
    let expected: Vec<String> = (0..5)
        .rev()
        .map(|n| format!("https://example.com/{n}"))
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn creating_with_an_idempotency_key_shows_the_same_secret_again() {
    let app = TestApp::start().await;
    let body = json!({"url": "https://example.com/", "event_types": ["*"]});
    let call = || {
        app.call(Method::POST, WEBHOOKS)
            .header("idempotency-key", "one")
    };
    let first = call().json(&body).send().await.json(StatusCode::CREATED);
    let again = call().json(&body).send().await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json(StatusCode::CREATED), first);
    assert_eq!(count(&app).await, 1);
}

#[tokio::test]
async fn a_rotation_gives_a_new_secret_once() {
    let app = TestApp::start().await;
    let body = json!({"url": "https://example.com/", "event_types": ["*"]});
    let created = create(&app, &body).await;
    let path = format!("{}/rotate-secret", path(&created));
    let rotated = app
        .call(Method::POST, &path)
        .send()
        .await
        .json(StatusCode::OK);
    assert_eq!(rotated["webhook_id"], created["id"]);
    assert_ne!(rotated["secret"], created["secret"]);
    assert!(rotated["previous_secret_expires_at"].is_string());
    let at_once = app
        .post(&path, &json!({"overlap": "0s"}))
        .await
        .json(StatusCode::OK);
    assert_eq!(at_once["previous_secret_expires_at"], Value::Null);
    app.post(&path, &json!({"overlap": "8d"}))
        .await
        .invalid("overlap");
    app.post(&path, &json!({"overlap": "long"}))
        .await
        .invalid("overlap");
    app.post(&path, &json!({"secret": "x"}))
        .await
        .invalid("secret");
}

#[tokio::test]
async fn a_test_says_whether_the_receiver_was_reached() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(204), Reply::status(500)]);
    let body = json!({"url": receiver.url("/"), "event_types": ["*"]});
    let path = format!("{}/test", path(&create(&app, &body).await));
    let reached = app
        .call(Method::POST, &path)
        .send()
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&reached["success"], &reached["status"]),
        (&json!(true), &json!(204))
    );
    let failed = app
        .post(&path, &json!({"event_type": "a.b", "data": {"n": 1}}))
        .await;
    let failed = failed.json(StatusCode::OK);
    assert_eq!(
        (&failed["success"], &failed["status"]),
        (&json!(false), &json!(500))
    );
    assert!(failed["error"].is_string());
    assert_eq!(receiver.received()[1].json()["data"], json!({"n": 1}));
    let id = failed["delivery_id"].as_str().unwrap();
    let delivery = app
        .get(&format!("/api/v1/deliveries/{id}"))
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&delivery["trigger"], &delivery["status"]),
        (&json!("test"), &json!("exhausted"))
    );
    app.post(&path, &json!({"event_type": "a b"}))
        .await
        .invalid("event_type");
}

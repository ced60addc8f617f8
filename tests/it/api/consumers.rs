//! `/api/v1/consumers`

use hookpost::domain::api_key::Scope;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;

const CONSUMERS: &str = "/api/v1/consumers";

async fn made(app: &TestApp, uid: &str, name: &str) -> Value {
    let body = json!({"uid": uid, "name": name});
    app.post(CONSUMERS, &body).await.json(StatusCode::CREATED)
}

fn uids(page: &Value) -> Vec<&str> {
    let items = page["data"].as_array().unwrap().iter();
    items.map(|one| one["uid"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_consumer_is_added_changed_and_deleted_by_id_or_uid() {
    let app = TestApp::start().await;
    let body = json!({"uid": "acme-42", "name": "Acme", "metadata": {"plan": "pro"}});
    let made = app.post(CONSUMERS, &body).await.json(StatusCode::CREATED);
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("con_"));
    assert_eq!(
        made,
        json!({"id": id, "uid": "acme-42", "name": "Acme", "metadata": {"plan": "pro"},
            "rate_limit": null, "alert_url": null, "alert_email": null, "webhooks": 0,
            "created_at": made["created_at"],
            "updated_at": made["created_at"]})
    );
    app.post(CONSUMERS, &body).await.problem(409, "conflict");
    for named in [id, "acme-42"] {
        let path = format!("{CONSUMERS}/{named}");
        assert_eq!(app.get(&path).await.json(StatusCode::OK)["id"], *id);
        let changed = app.patch(&path, &json!({"rate_limit": 2.5})).await;
        let changed = changed.json(StatusCode::OK);
        assert_eq!(
            (&changed["rate_limit"], &changed["name"]),
            (&json!(2.5), &json!("Acme"))
        );
        let put = app.put(&path, &json!({"name": "Acme"})).await;
        let put = put.json(StatusCode::OK);
        assert_eq!(
            (&put["rate_limit"], &put["metadata"], &put["uid"]),
            (&Value::Null, &json!({}), &json!("acme-42"))
        );
        app.patch(&path, &json!({"metadata": {"plan": "pro"}}))
            .await;
    }
    let path = format!("{CONSUMERS}/acme-42");
    let moved = app.patch(&path, &json!({"uid": "acme-43"})).await;
    assert_eq!(moved.json(StatusCode::OK)["id"], *id);
    app.get(&path).await.problem(404, "not_found");
    let path = format!("{CONSUMERS}/acme-43");
    assert_eq!(app.delete(&path).await.status, StatusCode::NO_CONTENT);
    for named in [id, "acme-43"] {
        let path = format!("{CONSUMERS}/{named}");
        app.get(&path).await.problem(404, "not_found");
        app.delete(&path).await.problem(404, "not_found");
        app.patch(&path, &json!({})).await.problem(404, "not_found");
    }
    let again = app.post(CONSUMERS, &json!({"uid": "acme-43"})).await;
    assert_ne!(again.json(StatusCode::CREATED)["id"], *id);
}

#[tokio::test]
async fn putting_adds_what_is_named_by_its_uid_only() {
    let app = TestApp::start().await;
    let path = format!("{CONSUMERS}/acme");
    let added = app.put(&path, &json!({"uid": "acme", "name": "A"})).await;
    let added = added.json(StatusCode::CREATED);
    assert_eq!(added["uid"], "acme");
    app.put(&format!("{CONSUMERS}/b"), &json!({"uid": "c"}))
        .await
        .invalid("uid");
    app.put(&format!("{CONSUMERS}/a%20b"), &json!({}))
        .await
        .invalid("uid");
    let nobody = format!("{CONSUMERS}/con_01m7yzpc30e008000000000001");
    app.put(&nobody, &json!({})).await.problem(404, "not_found");
    made(&app, "other", "").await;
    app.put(&path, &json!({"uid": "other"}))
        .await
        .problem(409, "conflict");
    app.patch(&path, &json!({"uid": "other"}))
        .await
        .problem(409, "conflict");
}

#[tokio::test]
async fn bad_consumers_are_refused_with_the_field_and_nothing_is_stored() {
    let app = TestApp::start().await;
    for (body, field) in [
        (json!({}), "uid"),
        (json!({"uid": null}), "uid"),
        (json!({"uid": ""}), "uid"),
        (json!({"uid": "con_1"}), "uid"),
        (json!({"uid": "a b"}), "uid"),
        (json!({"uid": "x".repeat(257)}), "uid"),
        (json!({"uid": "a", "name": "a\nb"}), "name"),
        (json!({"uid": "a", "name": "x".repeat(257)}), "name"),
        (
            json!({"uid": "a", "metadata": {"a": {"b": "c"}}}),
            "metadata.a",
        ),
        (json!({"uid": "a", "metadata": {"a": 1}}), "metadata.a"),
        (json!({"uid": "a", "metadata": ["a"]}), "metadata"),
        (
            json!({"uid": "a", "metadata": {"a": "x".repeat(4100)}}),
            "metadata",
        ),
        (json!({"uid": "a", "rate_limit": 0}), "rate_limit"),
        (json!({"uid": "a", "colour": "red"}), "colour"),
    ] {
        app.post(CONSUMERS, &body).await.invalid(field);
    }
    let page = app.get(CONSUMERS).await.json(StatusCode::OK);
    assert_eq!(page["data"], json!([]));
}

#[tokio::test]
async fn a_search_finds_by_the_beginning_of_uid_or_name() {
    let app = TestApp::start().await;
    for (uid, name) in [("acme-1", "Widgets"), ("b", "Acme East"), ("c_x", "zacme")] {
        made(&app, uid, name).await;
    }
    let find = async |q: &str| {
        app.get(&format!("{CONSUMERS}?q={q}"))
            .await
            .json(StatusCode::OK)
    };
    assert_eq!(uids(&find("acme").await), ["b", "acme-1"]);
    assert_eq!(uids(&find("ACME%20").await), ["b"]);
    assert_eq!(uids(&find("acme-1").await), ["acme-1"]);
    for nobody in ["cme", "%25", "c%25", "con_"] {
        assert_eq!(uids(&find(nobody).await), [] as [&str; 0], "{nobody}");
    }
    let first = app.get(&format!("{CONSUMERS}?q=acme&limit=1")).await;
    let first = first.json(StatusCode::OK);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = app
        .get(&format!("{CONSUMERS}?q=acme&limit=1&cursor={cursor}"))
        .await;
    let rest = rest.json(StatusCode::OK);
    assert_eq!((uids(&first), uids(&rest)), (vec!["b"], vec!["acme-1"]));
    assert_eq!(rest["next_cursor"], Value::Null);
    let all = app.get(CONSUMERS).await.json(StatusCode::OK);
    assert_eq!(uids(&all), ["c_x", "b", "acme-1"]);
}

#[tokio::test]
async fn keys_of_before_there_were_consumers_look_after_them_too() {
    let app = TestApp::start().await;
    made(&app, "acme", "").await;
    let ask = async |scope: Scope, method: Method| {
        let key = app.key(&[scope]).await;
        let call = app.anonymous(method, &format!("{CONSUMERS}/acme"));
        call.bearer(&key).json(&json!({})).send().await.status
    };
    for scope in [Scope::ConsumersRead, Scope::WebhooksRead] {
        assert_eq!(ask(scope, Method::GET).await, StatusCode::OK, "{scope}");
        assert_eq!(ask(scope, Method::PATCH).await, StatusCode::FORBIDDEN);
    }
    for scope in [Scope::ConsumersWrite, Scope::WebhooksWrite] {
        assert_eq!(ask(scope, Method::PATCH).await, StatusCode::OK, "{scope}");
    }
    assert_eq!(
        ask(Scope::EventsWrite, Method::GET).await,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn what_becomes_of_consumers_is_in_the_audit_log() {
    let app = TestApp::start().await;
    let made = made(&app, "acme", "").await;
    let path = format!("{CONSUMERS}/acme");
    app.patch(&path, &json!({"name": "A"}))
        .await
        .json(StatusCode::OK);
    assert_eq!(
        app.delete(&format!("{path}?erase=maybe")).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        app.delete(&format!("{path}?erase=true")).await.status,
        StatusCode::NO_CONTENT
    );
    let log = app.get("/api/v1/audit-log").await.json(StatusCode::OK);
    let of_it = |entry: &&Value| entry["target"] == made["id"];
    let entries = log["data"].as_array().unwrap().iter().filter(of_it);
    let actions: Vec<&Value> = entries.map(|entry| &entry["action"]).collect();
    assert_eq!(
        actions,
        ["consumer.delete", "consumer.update", "consumer.create"]
    );
}

//! `/api/v1/consumers/{consumer}/portal-links`

use std::time::Duration;

use hookpost::clock::Clock;
use hookpost::domain::time::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::receiver::{Receiver, Reply};

const LINKS: &str = "/api/v1/consumers/acme/portal-links";

async fn with_consumer(app: &TestApp) {
    let made = app.post("/api/v1/consumers", &json!({"uid": "acme"})).await;
    made.json(StatusCode::CREATED);
}

async fn token(app: &TestApp, asked: &Value) -> String {
    let made = app.post(LINKS, asked).await.json(StatusCode::CREATED);
    made["token"].as_str().unwrap().to_owned()
}

async fn ask(app: &TestApp, token: &str, method: Method, path: &str, body: &Value) -> Answer {
    let call = app
        .anonymous(method, &format!("/api/v1{path}"))
        .bearer(token);
    match body {
        Value::Null => call.send().await,
        body => call.json(body).send().await,
    }
}

async fn look(app: &TestApp, token: &str) -> Answer {
    ask(app, token, Method::GET, "/webhooks", &Value::Null).await
}

#[tokio::test]
async fn a_link_is_shown_once_and_its_token_is_a_key_of_the_consumer() {
    let app = TestApp::start().await;
    with_consumer(&app).await;
    let made = app.post(LINKS, &json!({})).await.json(StatusCode::CREATED);
    let token = made["token"].as_str().unwrap();
    let url = made["url"].as_str().unwrap();
    assert!(token.starts_with("hpl_"), "{made:#}");
    assert!(
        url.starts_with("http://127.0.0.1:") && url.contains(token),
        "{made:#}"
    );
    let ends = Timestamp::parse(made["expires_at"].as_str().unwrap()).unwrap();
    let left = ends.since(app.service.clock().now());
    let hour = Duration::from_secs(3600);
    assert!(
        left <= hour && left > hour - Duration::from_secs(60),
        "{left:?}"
    );
    assert_eq!(made.as_object().unwrap().len(), 3);

    let page = look(&app, token).await.json(StatusCode::OK);
    assert_eq!(page["data"], json!([]));
    let consumers = ask(&app, token, Method::GET, "/consumers", &Value::Null).await;
    assert_eq!(consumers.json(StatusCode::OK)["data"][0]["uid"], "acme");
    let links = ask(
        &app,
        token,
        Method::POST,
        "/consumers/acme/portal-links",
        &json!({}),
    )
    .await;
    links.problem(404, "not_found");
    // The audit log names the deed and the link, and never the token.
    let log = app.get("/api/v1/audit-log").await;
    assert!(!log.text.contains(token));
    let entry = log.json(StatusCode::OK)["data"][0].take();
    assert_eq!(entry["action"], "portal_link.create");
    assert_eq!(entry["detail"]["can"], "view manage secrets retry test");
}

#[tokio::test]
async fn what_is_asked_of_a_link_is_checked_field_by_field() {
    let app = TestApp::start().await;
    with_consumer(&app).await;
    for good in [
        json!({"expires_in": "5m"}),
        json!({"expires_in": "168h"}),
        json!({"expires_in": "7d", "can": ["view"], "theme": "dark", "locale": "pt-BR"}),
        json!({"can": ["test", "secrets", "retry", "manage", "view"], "theme": "auto"}),
    ] {
        app.post(LINKS, &good).await.json(StatusCode::CREATED);
    }
    for (bad, field) in [
        (json!({"expires_in": "299s"}), "expires_in"),
        (json!({"expires_in": "169h"}), "expires_in"),
        (json!({"expires_in": "soon"}), "expires_in"),
        (json!({"expires_in": 3600}), "expires_in"),
        (json!({"expires_in": null}), "expires_in"),
        (json!({"can": []}), "can"),
        (json!({"can": "view"}), "can"),
        (json!({"can": ["view", "admin"]}), "can[1]"),
        (json!({"can": ["View"]}), "can[0]"),
        (json!({"theme": "pink"}), "theme"),
        (json!({"locale": "en_US"}), "locale"),
        (json!({"locale": ""}), "locale"),
        (json!({"color": "red"}), "color"),
    ] {
        app.post(LINKS, &bad).await.invalid(field);
    }
    let unknown = "/api/v1/consumers/nobody/portal-links";
    app.post(unknown, &json!({}))
        .await
        .problem(404, "not_found");
    app.delete(unknown).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_link_ends_by_itself_by_order_and_with_its_consumer() {
    let clock = Clock::manual(Timestamp::from_millis(1_773_655_500_000));
    let app = TestApp::start_at(clock.clone()).await;
    with_consumer(&app).await;
    let short = token(&app, &json!({"expires_in": "5m"})).await;
    let long = token(&app, &json!({"expires_in": "7d"})).await;
    clock.advance(Duration::from_secs(299));
    look(&app, &short).await.json(StatusCode::OK);
    clock.advance(Duration::from_secs(1));
    look(&app, &short).await.problem(401, "unauthorized");
    look(&app, &long).await.json(StatusCode::OK);
    assert_eq!(app.delete(LINKS).await.status, StatusCode::NO_CONTENT);
    look(&app, &long).await.problem(401, "unauthorized");
    assert_eq!(app.delete(LINKS).await.status, StatusCode::NO_CONTENT);
    let last = token(&app, &json!({})).await;
    look(&app, &last).await.json(StatusCode::OK);
    let gone = app.delete("/api/v1/consumers/acme").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    look(&app, &last).await.problem(401, "unauthorized");
    let swapped = last.replace("hpl_", "hpk_");
    look(&app, &swapped).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn secrets_are_shown_only_where_the_link_says_so_and_the_consumer_is_the_actor() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(200));
    with_consumer(&app).await;
    let manage = token(&app, &json!({"can": ["view", "manage"]})).await;
    let seeing = token(&app, &json!({"can": ["view", "manage", "secrets"]})).await;
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    for (token, shown) in [(&seeing, true), (&manage, false)] {
        let call = app
            .anonymous(Method::POST, "/api/v1/webhooks")
            .bearer(token);
        let call = call.header("idempotency-key", "same").json(&webhook);
        let made = call.send().await.json(StatusCode::CREATED);
        assert_eq!(made["secret"].is_string(), shown, "{made:#}");
        let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
        let rotate = format!("{path}/rotate-secret");
        let rotated = ask(&app, token, Method::POST, &rotate, &json!({})).await;
        let rotated = rotated.json(StatusCode::OK);
        assert_eq!(rotated["secret"].is_string(), shown, "{rotated:#}");
        let moved = json!({"url": receiver.url("/").replace("127.0.0.1", "localhost")});
        let moved = ask(&app, token, Method::PATCH, &path, &moved).await;
        assert_eq!(moved.json(StatusCode::OK)["secret"].is_string(), shown);
    }
    let consumer = app.get("/api/v1/consumers/acme").await.json(StatusCode::OK);
    let log = app.get("/api/v1/audit-log").await.json(StatusCode::OK);
    let by = |action: &str| {
        let entries = log["data"].as_array().unwrap();
        let found = entries.iter().find(|entry| entry["action"] == action);
        found.unwrap()["actor"].clone()
    };
    for action in ["webhook.create", "webhook.update", "webhook.rotate_secret"] {
        let actor = by(action);
        assert_eq!(actor["kind"], "consumer", "{action}: {actor:#}");
        assert_eq!(actor["id"], consumer["id"], "{action}: {actor:#}");
    }
}

#[tokio::test]
async fn one_link_too_many_ends_the_oldest() {
    let app = TestApp::start().await;
    with_consumer(&app).await;
    let first = token(&app, &json!({})).await;
    let second = token(&app, &json!({})).await;
    for _ in 0..hookpost::store::portal_links::PORTAL_LINKS_OF_CONSUMER_MAX - 1 {
        token(&app, &json!({})).await;
    }
    look(&app, &first).await.problem(401, "unauthorized");
    look(&app, &second).await.json(StatusCode::OK);
}

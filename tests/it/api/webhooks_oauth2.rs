//! `auth` of the type `oauth2` on `/api/v1/webhooks`, against a token endpoint on loopback.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::{NAMES_A_PRIVATE_ADDRESS, TURNS_AFTER, TestApp};
use crate::receiver::{Receiver, Reply};

const WEBHOOKS: &str = "/api/v1/webhooks";
const CLIENT_SECRET: &str = "a-client-secret";
/// `a-client:a-client-secret`, as HTTP Basic writes it.
const BASIC: &str = "Basic YS1jbGllbnQ6YS1jbGllbnQtc2VjcmV0";

fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap())
}

fn token(value: &str, expires_in: i64) -> Reply {
    let answer = json!({"access_token": value, "token_type": "Bearer", "expires_in": expires_in});
    Reply::status(200).body(&answer.to_string())
}

fn auth(token_url: &str) -> Value {
    json!({"type": "oauth2", "token_url": token_url, "client_id": "a-client",
        "client_secret": CLIENT_SECRET, "scope": "hooks read"})
}

async fn webhook(app: &TestApp, receiver: &Receiver, auth: &Value) -> Value {
    let body = json!({"url": receiver.url("/hook"), "event_types": ["*"], "auth": auth});
    app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED)
}

/// Sends a test and answers the delivery that records it, with its attempts.
async fn tested(app: &TestApp, webhook: &Value) -> Value {
    let test = format!("{}/test", path(webhook));
    let tested = app.post(&test, &json!({})).await.json(StatusCode::OK);
    let id = tested["delivery_id"].as_str().unwrap();
    let delivery = format!("/api/v1/deliveries/{id}");
    app.get(&delivery).await.json(StatusCode::OK)
}

#[tokio::test]
async fn a_token_is_fetched_once_and_goes_with_every_request() {
    let app = TestApp::start().await;
    let (receiver, endpoint) = (Receiver::start().await, Receiver::start().await);
    endpoint.script([token("t-1", 3600)]);
    let made = webhook(&app, &receiver, &auth(&endpoint.url("/token"))).await;
    let mut shown = auth(&endpoint.url("/token"));
    shown["client_secret"] = json!("***");
    assert_eq!(made["auth"], shown);
    let delivery = tested(&app, &made).await;
    assert_eq!(delivery["status"], "delivered", "{delivery}");
    tested(&app, &made).await;
    let received = receiver.wait_for(2).await;
    for request in &received {
        assert_eq!(request.header("authorization"), "Bearer t-1");
    }
    let asked = endpoint.received();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!((&*asked[0].method, &*asked[0].path), ("POST", "/token"));
    assert_eq!(asked[0].header("authorization"), BASIC);
    let form = "application/x-www-form-urlencoded";
    assert_eq!(asked[0].header("content-type"), form);
    let body = String::from_utf8(asked[0].body.clone()).unwrap();
    assert_eq!(body, "grant_type=client_credentials&scope=hooks+read");
    let shown = delivery.to_string();
    assert!(
        !shown.contains("t-1") && !shown.contains(CLIENT_SECRET),
        "{shown}"
    );
    assert!(
        shown.contains("authorization: ***") || shown.contains("\"***\""),
        "{shown}"
    );
}

#[tokio::test]
async fn attempts_that_begin_together_wait_for_one_token() {
    let app = TestApp::start().await;
    let (receiver, endpoint) = (Receiver::start().await, Receiver::start().await);
    endpoint.answer(token("t-1", 3600).after(Duration::from_millis(300)));
    webhook(&app, &receiver, &auth(&endpoint.url("/token"))).await;
    for n in 0..8 {
        let event = json!({"type": "order.paid", "data": {"n": n}});
        let status = StatusCode::ACCEPTED;
        app.post("/api/v1/events", &event).await.json(status);
    }
    for request in receiver.wait_for(8).await {
        assert_eq!(request.header("authorization"), "Bearer t-1");
    }
    assert_eq!(endpoint.received().len(), 1);
}

#[tokio::test]
async fn a_refused_token_is_fetched_anew_once_within_the_attempt() {
    let app = TestApp::start().await;
    let (receiver, endpoint) = (Receiver::start().await, Receiver::start().await);
    endpoint.script([token("t-1", 3600), token("t-2", 3600), token("t-3", 3600)]);
    let made = webhook(&app, &receiver, &auth(&endpoint.url("/token"))).await;
    receiver.script([Reply::status(401)]);
    let delivery = tested(&app, &made).await;
    assert_eq!(delivery["status"], "delivered", "{delivery}");
    assert_eq!(delivery["attempt_count"], 1);
    let seen = |requests: Vec<crate::receiver::Received>| -> Vec<String> {
        let headers = requests
            .iter()
            .map(|one| one.header("authorization").to_owned());
        headers.collect()
    };
    assert_eq!(seen(receiver.received()), ["Bearer t-1", "Bearer t-2"]);
    receiver.script([Reply::status(401), Reply::status(401)]);
    let failed = tested(&app, &made).await;
    assert_eq!(failed["last_error_kind"], "status", "{failed}");
    assert_eq!(failed["last_status_code"], 401);
    assert_eq!(receiver.received().len(), 4);
    assert_eq!(endpoint.received().len(), 3);
}

#[tokio::test]
async fn a_token_without_time_is_used_once_and_a_client_may_stand_in_the_form() {
    let app = TestApp::start().await;
    let (receiver, endpoint) = (Receiver::start().await, Receiver::start().await);
    endpoint.script([Reply::status(401), token("t-1", 0), token("t-2", -1)]);
    let made = webhook(&app, &receiver, &auth(&endpoint.url("/token"))).await;
    for expected in ["Bearer t-1", "Bearer t-2"] {
        assert_eq!(tested(&app, &made).await["status"], "delivered");
        let received = receiver.received();
        assert_eq!(received.last().unwrap().header("authorization"), expected);
    }
    let asked = endpoint.received();
    assert_eq!(asked.len(), 3);
    for request in &asked[1..] {
        assert_eq!(request.header("authorization"), "");
        let body = String::from_utf8(request.body.clone()).unwrap();
        let proof = "client_id=a-client&client_secret=a-client-secret";
        assert!(body.contains(proof), "{body}");
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_sent_and_the_attempt_says_why() {
    let app = TestApp::start().await;
    let (receiver, endpoint) = (Receiver::start().await, Receiver::start().await);
    let made = webhook(&app, &receiver, &auth(&endpoint.url("/token"))).await;
    let long = format!("{{\"access_token\": \"{}\"}}", "x".repeat(20_000));
    let refused = "{\"error\": \"invalid_scope\", \"error_description\": \"a-client-secret\"}";
    for (reply, words) in [
        (Reply::status(503), "the token endpoint answered 503"),
        (
            Reply::status(400).body(refused),
            "the token endpoint answered 400 (invalid_scope)",
        ),
        (
            Reply::status(302).header("location", "https://example.com/"),
            "the token endpoint answered 302, a redirect, which is never followed",
        ),
        (
            Reply::status(200).body("welcome"),
            "the token endpoint answered 200 with something else than a JSON object",
        ),
        (
            Reply::status(200).body("{}"),
            "the token endpoint answered without an access_token",
        ),
        (
            Reply::status(200).body(&long),
            "the token endpoint answered with more than can be a token",
        ),
    ] {
        endpoint.script([reply]);
        let failed = tested(&app, &made).await;
        let found = (&failed["last_error_kind"], &failed["last_error"]);
        assert_eq!(found, (&json!("oauth2"), &json!(words)), "{failed}");
    }
    let slow = json!({"timeout": "200ms"});
    app.patch(&path(&made), &slow).await.json(StatusCode::OK);
    endpoint.answer(Reply::hang());
    let failed = tested(&app, &made).await;
    assert_eq!(failed["last_error_kind"], "oauth2", "{failed}");
    let words = failed["last_error"].as_str().unwrap();
    assert!(words.ends_with("no answer came within 200ms"), "{words}");
    assert_eq!(receiver.received().len(), 0);
}

#[tokio::test]
async fn an_endpoint_that_is_down_fails_the_attempt_and_is_tried_again() {
    let app = TestApp::start().await;
    let (receiver, endpoint) = (Receiver::start().await, Receiver::start().await);
    endpoint.script([Reply::status(500)]);
    endpoint.answer(token("t-1", 3600));
    let mut body = json!({"url": receiver.url("/hook"), "event_types": ["*"],
        "retry_policy": {"delays": ["100ms"], "jitter": false}});
    body["auth"] = auth(&endpoint.url("/token"));
    app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED);
    let event = json!({"type": "order.paid", "data": {}});
    let published = app.post("/api/v1/events", &event).await;
    let id = published.json(StatusCode::ACCEPTED)["id"].clone();
    let list = format!("/api/v1/deliveries?event_id={}", id.as_str().unwrap());
    let done = |page: &Value| page["data"][0]["status"] == "delivered";
    let page = app.poll(&list, done).await;
    assert_eq!(page["data"][0]["attempt_count"], 2, "{page}");
    assert_eq!(receiver.received()[0].header("authorization"), "Bearer t-1");
}

#[tokio::test]
async fn the_token_url_passes_the_guard_when_it_is_saved_and_when_it_is_called() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let private = format!("http://{NAMES_A_PRIVATE_ADDRESS}/token");
    for refused in ["http://10.0.0.1/token", "ftp://example.com/", &private] {
        let body =
            json!({"url": receiver.url("/hook"), "event_types": ["*"], "auth": auth(refused)});
        app.post(WEBHOOKS, &body).await.invalid("auth.token_url");
    }
    let turning = format!("http://{TURNS_AFTER}1.example.com/token");
    let made = webhook(&app, &receiver, &auth(&turning)).await;
    let failed = tested(&app, &made).await;
    assert_eq!(failed["last_error_kind"], "blocked", "{failed}");
    let words = failed["last_error"].as_str().unwrap();
    assert!(
        words.contains("token endpoint") && !words.contains("10.77"),
        "{words}"
    );
    assert_eq!(receiver.received().len(), 0);
}

#[tokio::test]
async fn the_client_secret_follows_neither_url_to_another_origin() {
    let app = TestApp::start().await;
    let (receiver, endpoint) = (Receiver::start().await, Receiver::start().await);
    let other = Receiver::start().await;
    let made = webhook(&app, &receiver, &auth(&endpoint.url("/token"))).await;
    let masked = |url: String| {
        let mut masked = auth(&url);
        masked["client_secret"] = json!("***");
        json!({"auth": masked})
    };
    let same = masked(endpoint.url("/other"));
    app.patch(&path(&made), &same).await.json(StatusCode::OK);
    let moved = masked(other.url("/token"));
    app.patch(&path(&made), &moved)
        .await
        .invalid("auth.client_secret");
    let mut moved = masked(endpoint.url("/token"));
    moved["url"] = json!(other.url("/hook"));
    app.patch(&path(&made), &moved).await.invalid("auth");
    endpoint.answer(token("t-1", 3600));
    assert_eq!(tested(&app, &made).await["status"], "delivered");
    assert_eq!(endpoint.received()[0].header("authorization"), BASIC);
    let full = json!({"auth": auth(&other.url("/token"))});
    app.patch(&path(&made), &full).await.json(StatusCode::OK);
    other.answer(token("t-2", 3600));
    assert_eq!(tested(&app, &made).await["status"], "delivered");
    assert_eq!(receiver.received()[1].header("authorization"), "Bearer t-2");
}

#[tokio::test]
async fn faulty_clients_are_refused_with_the_field() {
    let app = TestApp::start().await;
    let check = async |member: &str, value: Value, field: &str| {
        let mut auth = auth("https://id.example.com/token");
        auth[member] = value;
        let body = json!({"url": "https://example.com/", "event_types": ["*"], "auth": auth});
        app.post(WEBHOOKS, &body).await.invalid(field);
    };
    check("client_id", Value::Null, "auth.client_id").await;
    check("client_id", json!(""), "auth.client_id").await;
    check("client_secret", Value::Null, "auth.client_secret").await;
    check("client_secret", json!("***"), "auth.client_secret").await;
    check("client_secret", json!("a\nb"), "auth.client_secret").await;
    check("token_url", Value::Null, "auth.token_url").await;
    check("scope", json!("é"), "auth.scope").await;
    check("password", json!("x"), "auth.password").await;
    let both = json!({"url": "https://example.com/", "event_types": ["*"],
        "auth": auth("https://id.example.com/token"), "headers": {"authorization": "Bearer b"}});
    app.post(WEBHOOKS, &both).await.invalid("auth");
}

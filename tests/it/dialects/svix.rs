//! Svix, as its document tells it. What its published clients make of it is in `svix_clients`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn whatever_is_refused_is_json_of_the_documented_form() {
    let app = TestApp::start().await;
    let ask = async |method: Method, path: &str, body: &str| {
        let call = app.call(method, &format!("/svix/api/v1{path}"));
        let call = call.header("content-type", "application/json");
        let answer = call.body(body.to_owned()).send().await;
        let told: Value =
            serde_json::from_str(&answer.text).unwrap_or_else(|_| panic!("{answer:?}"));
        (answer.status.as_u16(), told)
    };
    let (status, told) = ask(Method::POST, "/app", "{\"uid\":\"a\"}").await;
    assert_eq!(status, 422);
    assert_eq!(told["detail"][0]["loc"], json!(["body", "name"]));
    for (method, path, body, expect, code) in [
        (Method::GET, "/nowhere", "", 404, "not_found"),
        (Method::PATCH, "/app", "{}", 405, "method_not_allowed"),
        (Method::POST, "/app", "{", 400, "generic_error"),
        (Method::GET, "/app/nobody", "", 404, "not_found"),
    ] {
        let (status, told) = ask(method, path, body).await;
        assert_eq!((status, &told["code"]), (expect, &json!(code)), "{path}");
        assert!(told["detail"].is_string(), "{told}");
    }
    ask(
        Method::POST,
        "/app",
        "{\"name\":\"A\",\"uid\":\"a\",\"later\":1}",
    )
    .await;
    for given in [
        json!({"rawPayload": "x", "headers": {"content-type": "text\r\nx: y"}}),
        json!({"rawPayload": 1}),
    ] {
        let message = json!({"eventType": "t", "payload": {}, "transformationsParams": given});
        let (status, told) = ask(Method::POST, "/app/a/msg", &message.to_string()).await;
        assert_eq!(status, 422, "{told}");
        let place = told["detail"][0]["loc"][1].as_str().unwrap();
        assert!(place.starts_with("transformationsParams"), "{told}");
    }
    let big = json!({"eventType": "t", "payload": {"x": "y".repeat(300 * 1024)}});
    let (status, told) = ask(Method::POST, "/app/a/msg", &big.to_string()).await;
    assert_eq!((status, &told["code"]), (413, &json!("payload_too_large")));
}

/// An app with one application `a` and a key of its workspace.
pub(super) async fn with_application() -> (TestApp, Receiver) {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let made = svix(&app, Method::POST, "/app", json!({"name": "A", "uid": "a"})).await;
    made.json(StatusCode::CREATED);
    (app, receiver)
}

/// A call below `/svix/api/v1`; null is no body.
pub(super) async fn svix(app: &TestApp, method: Method, path: &str, body: Value) -> Answer {
    let call = app.call(method, &format!("/svix/api/v1{path}"));
    match body {
        Value::Null => call.send().await,
        body => call.json(&body).send().await,
    }
}

#[tokio::test]
async fn what_the_clients_know_and_nobody_does_here_is_501() {
    let app = TestApp::start().await;
    let lines = include_str!("../../dialects/svix-undone.txt").lines();
    let mut tried = 0;
    for line in lines {
        let (method, path) = line.split_once(' ').unwrap();
        let path = path.replace(['{', '}'], "");
        let call = app.call(method.parse().unwrap(), &format!("/svix{path}"));
        let answer = call.json(&json!({"x": "y".repeat(1000)})).send().await;
        let told = answer.json(StatusCode::NOT_IMPLEMENTED);
        assert_eq!(told["code"], "not_implemented", "{line}");
        assert!(told["detail"].is_string(), "{line}");
        tried += 1;
    }
    assert!(tried > 150, "{tried}");
}

#[tokio::test]
async fn a_slash_at_the_end_of_a_path_changes_nothing() {
    let (app, _receiver) = with_application().await;
    let shown = svix(&app, Method::GET, "/app/a/", Value::Null).await;
    assert_eq!(shown.json(StatusCode::OK)["uid"], "a");
    let made = svix(
        &app,
        Method::POST,
        "/app/a/msg/",
        json!({"eventType": "t", "payload": {}}),
    );
    made.await.json(StatusCode::ACCEPTED);
    let health = app
        .anonymous(Method::GET, "/svix/api/v1/health/")
        .send()
        .await;
    assert_eq!(health.status, StatusCode::NO_CONTENT);
    let wrong = svix(&app, Method::PATCH, "/app/", json!({})).await;
    assert_eq!(
        wrong.json(StatusCode::METHOD_NOT_ALLOWED)["code"],
        "method_not_allowed"
    );
}

#[tokio::test]
async fn a_message_and_its_attempts_are_read_whole_and_erased_on_demand() {
    let (app, receiver) = with_application().await;
    receiver.answer(Reply::status(500).header("x-said", "no").body("hush"));
    let hook = json!({"url": receiver.url("/"), "headers": {"authorization": "Bearer hush", "x-foo": "bar"}});
    let made = svix(&app, Method::POST, "/app/a/endpoint", hook).await;
    let endpoint = made.json(StatusCode::CREATED)["id"].take();
    let sent = json!({"eventType": "t", "payload": {"n": 1.50}});
    let sent = svix(&app, Method::POST, "/app/a/msg", sent).await;
    let message = sent.json(StatusCode::ACCEPTED)["id"].take();
    let message = message.as_str().unwrap();
    let found = app
        .poll(
            &format!("/svix/api/v1/app/a/attempt/msg/{message}"),
            |page| page["data"].as_array().is_some_and(|all| !all.is_empty()),
        )
        .await;
    let attempt = &found["data"][0];
    assert_eq!(attempt["response"], "hush");
    let path = format!(
        "/app/a/msg/{message}/attempt/{}",
        attempt["id"].as_str().unwrap()
    );
    let get = async |path: &str| {
        let answer = svix(&app, Method::GET, path, Value::Null).await;
        answer.json(StatusCode::OK)
    };
    let headers = get(&format!("{path}/headers")).await;
    assert_eq!(headers["sensitive"], json!(["authorization"]));
    assert_eq!(headers["sentHeaders"]["x-foo"], "bar");
    assert_eq!(headers["sentHeaders"]["svix-id"], message);
    let said = headers["responseHeaders"].as_array().unwrap();
    assert!(said.contains(&json!(["x-said", "no"])), "{headers:#}");
    let raw = get(&format!("/app/a/msg/{message}/raw")).await;
    assert_eq!(raw["payload"], "{\"n\":1.5}");
    let gone = svix(
        &app,
        Method::DELETE,
        &format!("{path}/content"),
        Value::Null,
    )
    .await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{gone:?}");
    assert_eq!(get(&path).await["response"], "");
    let gone = svix(
        &app,
        Method::DELETE,
        &format!("/app/a/msg/{message}/content"),
        Value::Null,
    )
    .await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{gone:?}");
    assert_eq!(
        get(&format!("/app/a/msg/{message}")).await["payload"],
        json!({"expired": true})
    );
    assert_eq!(attempt["endpointId"], endpoint);
    for path in [
        "/app/a/msg/order/raw",
        "/app/a/msg/order/attempt/atmpt_x/headers",
    ] {
        let answer = svix(&app, Method::GET, path, Value::Null).await;
        assert_eq!(answer.json(StatusCode::NOT_FOUND)["code"], "not_found");
    }
}

#[tokio::test]
async fn examples_are_sent_and_whatever_was_sent_is_sent_again_in_bulk() {
    let (app, receiver) = with_application().await;
    let known = json!({"name": "order.paid", "example": {"order": 7}});
    app.post("/api/v1/event-types", &known)
        .await
        .json(StatusCode::CREATED);
    let made = svix(
        &app,
        Method::POST,
        "/app/a/endpoint",
        json!({"url": receiver.url("/")}),
    );
    let endpoint = made.await.json(StatusCode::CREATED)["id"].take();
    let endpoint = format!("/app/a/endpoint/{}", endpoint.as_str().unwrap());
    let ask = async |path: &str, body: Value| {
        svix(&app, Method::POST, &format!("{endpoint}{path}"), body).await
    };
    let sent = ask("/send-example", json!({"eventType": "order.paid"})).await;
    assert_eq!(sent.json(StatusCode::OK)["payload"], json!({"order": 7}));
    let unknown = ask("/send-example", json!({"eventType": "order.lost"})).await;
    assert_eq!(unknown.json(StatusCode::NOT_FOUND)["code"], "not_found");
    receiver.wait_for(1).await;
    for (kind, tag) in [("a", "x"), ("a", "y"), ("b", "x")] {
        let message = json!({"eventType": kind, "payload": {}, "tags": [tag]});
        let sent = svix(&app, Method::POST, "/app/a/msg", message).await;
        sent.json(StatusCode::ACCEPTED);
    }
    receiver.wait_for(4).await;
    let success = format!("{endpoint}/stats");
    app.poll(&format!("/svix/api/v1{success}"), |stats| {
        stats["success"] == 4
    })
    .await;
    let wanted = json!({
        "since": "2020-01-01T00:00:00Z", "eventTypes": ["a", "c"], "tag": "x", "status": 0,
        "statusCodeClass": 200, "later": true,
    });
    let task = ask("/bulk-replay", wanted).await.json(StatusCode::ACCEPTED);
    assert_eq!(task["task"], "endpoint.bulk-replay");
    let again = receiver.wait_for(5).await.remove(4);
    assert_eq!(again.json(), json!({}));
    let path = format!(
        "/svix/api/v1/background-task/{}",
        task["id"].as_str().unwrap()
    );
    let task = app.poll(&path, |task| task["status"] == "finished").await;
    assert_eq!(task["data"], json!({"total": 1, "done": 1}));
    let page = svix(&app, Method::GET, "/background-task", Value::Null).await;
    assert_eq!(page.json(StatusCode::OK)["data"], json!([task]));
    let none = svix(
        &app,
        Method::GET,
        "/background-task?status=failed",
        Value::Null,
    )
    .await;
    assert_eq!(none.json(StatusCode::OK)["data"], json!([]));
    for wrong in [
        json!({"since": "yesterday"}),
        json!({}),
        json!({"since": "2020-01-01T00:00:00Z", "status": 5}),
        json!({"since": "2020-01-01T00:00:00Z", "statusCodeClass": 204}),
        json!({"since": "2020-01-01T00:00:00Z", "until": "2019-01-01T00:00:00Z"}),
    ] {
        let refused = ask("/bulk-replay", wrong).await;
        let told = refused.json(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(told["detail"][0]["loc"].is_array(), "{told}");
    }
}

#[tokio::test]
async fn a_key_of_one_application_looks_after_it_and_reaches_no_other() {
    let (app, receiver) = with_application().await;
    svix(&app, Method::POST, "/app", json!({"name": "B", "uid": "b"})).await;
    let key = json!({"name": "a", "consumer": "a", "workspace": "default"});
    let key = app
        .post("/api/v1/api-keys", &key)
        .await
        .json(StatusCode::CREATED);
    let ask = async |method: Method, path: &str, body: Value| {
        let call = app.anonymous(method, &format!("/svix/api/v1{path}"));
        let call = call.bearer(key["key"].as_str().unwrap());
        match body {
            Value::Null => call.send().await,
            body => call.json(&body).send().await,
        }
    };
    let me = ask(Method::GET, "/auth/whoami", Value::Null)
        .await
        .json(StatusCode::OK);
    let shown = ask(Method::GET, "/app/a", Value::Null)
        .await
        .json(StatusCode::OK);
    assert_eq!(me["appId"], shown["id"]);
    assert!(me["envId"].as_str().unwrap().starts_with("org_"));
    let hook = json!({"url": receiver.url("/"), "uid": "main"});
    ask(Method::POST, "/app/a/endpoint", hook.clone())
        .await
        .json(StatusCode::CREATED);
    for path in [
        "/app/a/endpoint",
        "/app/a/endpoint/main/secret",
        "/app/a/msg",
        "/event-type",
    ] {
        ask(Method::GET, path, Value::Null)
            .await
            .json(StatusCode::OK);
    }
    for (method, path, body) in [
        (Method::GET, "/app/b", Value::Null),
        (Method::GET, "/app/b/endpoint", Value::Null),
        (Method::POST, "/app/b/endpoint", hook),
        (
            Method::POST,
            "/app/a/msg",
            json!({"eventType": "t", "payload": {}}),
        ),
        (Method::PATCH, "/app/a", json!({"name": "other"})),
        (Method::DELETE, "/app/a", Value::Null),
    ] {
        let answer = ask(method, path, body).await;
        assert_eq!(
            answer.json(StatusCode::NOT_FOUND)["code"],
            "not_found",
            "{path}"
        );
    }
    let made = ask(Method::POST, "/app", json!({"name": "C"})).await;
    assert_eq!(
        made.json(StatusCode::FORBIDDEN)["code"],
        "insufficient access"
    );
}

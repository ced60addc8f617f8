//! Attempts and where messages stand, below `/svix`; access to the portal.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::svix::{svix, with_application};
use crate::app::{Answer, TestApp};
use crate::receiver::{Receiver, Reply};

/// One application with one endpoint `main`, and a message that was delivered to it.
struct Sent {
    app: TestApp,
    receiver: Receiver,
    message: String,
}

impl Sent {
    async fn one() -> Self {
        let (app, receiver) = with_application().await;
        let hook = json!({"url": receiver.url("/"), "uid": "main"});
        let made = svix(&app, Method::POST, "/app/a/endpoint", hook).await;
        made.json(StatusCode::CREATED);
        let message = json!({"eventType": "t", "payload": {}, "tags": ["x"]});
        let sent = svix(&app, Method::POST, "/app/a/msg", message).await;
        let message = sent.json(StatusCode::ACCEPTED)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let sent = Self {
            app,
            receiver,
            message,
        };
        sent.attempts(1).await;
        sent
    }

    async fn get(&self, path: &str) -> Value {
        let answer = svix(&self.app, Method::GET, path, Value::Null).await;
        answer.json(StatusCode::OK)
    }

    /// The attempts of the endpoint, once there are so many.
    async fn attempts(&self, count: usize) -> Value {
        let path = "/svix/api/v1/app/a/attempt/endpoint/main?limit=250";
        let is_all = |page: &Value| page["data"].as_array().unwrap().len() == count;
        self.app.poll(path, is_all).await["data"].take()
    }

    async fn resend(&self) {
        let path = format!("/app/a/msg/{}/endpoint/main/resend", self.message);
        let done = svix(&self.app, Method::POST, &path, json!({})).await;
        done.json(StatusCode::ACCEPTED);
    }
}

fn ids(page: &Value) -> Vec<String> {
    let all = page["data"].as_array().unwrap().iter();
    all.map(|own| own["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn every_attempt_is_on_one_page_and_found_by_its_id() {
    let sent = Sent::one().await;
    sent.receiver.answer(Reply::status(500));
    for count in 2..=5 {
        sent.resend().await;
        sent.attempts(count).await;
    }
    let all: Vec<String> = ids(&json!({"data": sent.attempts(5).await}));
    let mut walked = Vec::new();
    let mut from = String::new();
    loop {
        let page = sent
            .get(&format!(
                "/app/a/attempt/msg/{}?limit=2{from}",
                sent.message
            ))
            .await;
        assert!(page["data"].as_array().unwrap().len() <= 2);
        walked.extend(ids(&page));
        if page["done"] == true {
            break;
        }
        from = format!("&iterator={}", page["iterator"].as_str().unwrap());
    }
    assert_eq!(walked, all);
    assert_eq!(walked.iter().collect::<BTreeSet<_>>().len(), 5);
    for id in &all {
        let shown = sent
            .get(&format!("/app/a/msg/{}/attempt/{id}", sent.message))
            .await;
        assert_eq!(shown["id"], **id);
    }
    for (query, expect) in [
        ("status=0", 1),
        ("status=2", 4),
        ("status=1", 0),
        ("status_code_class=500", 4),
        ("status_code_class=200&status=2", 0),
        ("tag=x", 5),
        ("tag=y", 0),
        ("event_types=t,u", 5),
        ("event_types=u", 0),
        ("before=2020-01-01T00:00:00Z", 0),
    ] {
        for path in ["endpoint/main".to_owned(), format!("msg/{}", sent.message)] {
            let page = sent.get(&format!("/app/a/attempt/{path}?{query}")).await;
            assert_eq!(ids(&page).len(), expect, "{path} {query}");
        }
    }
    let wrong = "/app/a/attempt/endpoint/main?status_code_class=204";
    let told = svix(&sent.app, Method::GET, wrong, Value::Null).await;
    told.json(StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_example_is_listed_with_its_message_beside_what_was_published() {
    let sent = Sent::one().await;
    sent.app
        .post(
            "/api/v1/event-types",
            &json!({"name": "t", "example": {"n": 7}}),
        )
        .await
        .json(StatusCode::CREATED);
    let example = json!({"eventType": "t"});
    let path = "/app/a/endpoint/main/send-example";
    let example = svix(&sent.app, Method::POST, path, example)
        .await
        .json(StatusCode::OK);
    sent.attempts(2).await;
    let page = sent.get("/app/a/attempt/endpoint/main?with_msg=true").await;
    assert_eq!(page["data"][0]["msg"]["payload"], json!({"n": 7}));
    assert_eq!(page["data"][0]["msgId"], example["id"]);
    assert_eq!(page["data"][1]["msg"]["id"], *sent.message);
    let tagged = sent
        .get("/app/a/attempt/endpoint/main?with_msg=true&tag=x")
        .await;
    assert_eq!(tagged["data"].as_array().unwrap().len(), 1);
    let messages = sent.get("/app/a/endpoint/main/msg").await;
    assert_eq!(messages["data"].as_array().unwrap().len(), 2);
    let path = format!("/app/a/msg/{}", example["id"].as_str().unwrap());
    assert_eq!(sent.get(&path).await["payload"], json!({"n": 7}));
}

#[tokio::test]
async fn where_a_message_went_is_told_once_and_of_its_application_alone() {
    let sent = Sent::one().await;
    let own = json!({"url": sent.receiver.url("/platform"), "event_types": ["*"]});
    sent.app
        .post("/api/v1/webhooks", &own)
        .await
        .json(StatusCode::CREATED);
    let message = json!({"eventType": "t", "eventId": "second", "payload": {}});
    svix(&sent.app, Method::POST, "/app/a/msg", message).await;
    sent.receiver.wait_for(3).await;
    let shown = sent.get("/app/a/msg/second").await;
    let replay = format!("/api/v1/events/{}/replay", shown["id"].as_str().unwrap());
    let replayed = sent.app.post(&replay, &json!({})).await;
    replayed.json(StatusCode::ACCEPTED);
    sent.attempts(3).await;
    let places = sent.get("/app/a/msg/second/endpoint").await;
    let places = places["data"].as_array().unwrap();
    assert_eq!(places.len(), 1, "{places:#?}");
    assert_eq!(
        (&places[0]["uid"], &places[0]["status"]),
        (&json!("main"), &json!(0))
    );
    let attempts = sent.get("/app/a/attempt/msg/second").await;
    assert_eq!(ids(&attempts).len(), 2);
    let by_uid = sent.get("/app/a/attempt/msg/second?endpoint_id=main").await;
    assert_eq!(ids(&by_uid), ids(&attempts));
    let nobody = "/app/a/attempt/msg/second?endpoint_id=nobody";
    let told = svix(&sent.app, Method::GET, nobody, Value::Null).await;
    told.json(StatusCode::NOT_FOUND);
    let messages = sent.get("/app/a/endpoint/main/msg").await;
    assert_eq!(ids(&messages).len(), 2);
    let page = sent.get("/app/a/endpoint/main/msg?limit=1").await;
    let next = page["iterator"].as_str().unwrap();
    let rest = sent
        .get(&format!("/app/a/endpoint/main/msg?limit=5&iterator={next}"))
        .await;
    assert_eq!([ids(&page), ids(&rest)].concat(), ids(&messages));
}

#[tokio::test]
async fn statistics_of_an_endpoint_are_those_of_the_period_that_is_asked_for() {
    let sent = Sent::one().await;
    let stats = async |query: &str| {
        let stats = sent
            .get(&format!("/app/a/endpoint/main/stats{query}"))
            .await;
        stats["success"].as_u64().unwrap()
    };
    assert_eq!(stats("").await, 1);
    assert_eq!(stats("?since=2025-01-01T00:00:00Z").await, 1);
    let past = "?since=2025-01-01T00:00:00Z&until=2025-02-01T00:00:00Z";
    assert_eq!(stats(past).await, 0);
}

/// Asks for access to the portal of `application`.
async fn access(app: &TestApp, application: &str, body: Value) -> Answer {
    let path = format!("/auth/app-portal-access/{application}");
    svix(app, Method::POST, &path, body).await
}

/// What somebody with a token is answered; null is no body.
async fn ask(app: &TestApp, access: &Value, method: Method, path: &str, body: Value) -> u16 {
    let call = app.anonymous(method, &format!("/svix/api/v1{path}"));
    let call = call.bearer(access["token"].as_str().unwrap());
    match body {
        Value::Null => call.send().await.status.as_u16(),
        body => call.json(&body).send().await.status.as_u16(),
    }
}

const ENDPOINTS: &str = "/app/a/endpoint";

#[tokio::test]
async fn access_to_the_portal_permits_what_was_asked_for() {
    let (app, receiver) = with_application().await;
    let given = async |body: Value| access(&app, "a", body).await.json(StatusCode::OK);
    let whole = given(json!({"expiry": 3600, "featureFlags": []})).await;
    assert!(
        whole["url"].as_str().unwrap().contains("/portal/"),
        "{whole}"
    );
    let read = given(json!({"readOnly": true})).await;
    let manage = given(json!({"capabilities": ["ViewBase", "ManageEndpoint"]})).await;
    let hook = json!({"url": receiver.url("/"), "uid": "main"});
    let secret = "/app/a/endpoint/main/secret";
    for (token, method, path, body, expect) in [
        (&whole, Method::POST, ENDPOINTS, hook.clone(), 201),
        (&whole, Method::GET, "/auth/whoami", Value::Null, 200),
        (&whole, Method::GET, secret, Value::Null, 200),
        (&read, Method::GET, ENDPOINTS, Value::Null, 200),
        (&read, Method::POST, ENDPOINTS, hook, 403),
        (&manage, Method::GET, secret, Value::Null, 403),
    ] {
        assert_eq!(ask(&app, token, method, path, body).await, expect, "{path}");
    }
    for (wrong, field) in [
        (json!({"expiry": 1}), "expiry"),
        (json!({"capabilities": ["Fly"]}), "capabilities"),
    ] {
        let told = access(&app, "a", wrong).await;
        let told = told.json(StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(told["detail"][0]["loc"], json!(["body", field]));
    }
}

#[tokio::test]
async fn access_to_the_portal_ends_by_itself_and_for_all() {
    let (app, _receiver) = with_application().await;
    let given = async || access(&app, "a", json!({})).await.json(StatusCode::OK);
    let (one, other) = (given().await, given().await);
    let logout = "/auth/logout";
    assert_eq!(
        ask(&app, &one, Method::POST, logout, Value::Null).await,
        204
    );
    assert_eq!(
        ask(&app, &one, Method::GET, ENDPOINTS, Value::Null).await,
        401
    );
    assert_eq!(
        ask(&app, &other, Method::GET, ENDPOINTS, Value::Null).await,
        200
    );
    let key = svix(&app, Method::POST, logout, Value::Null).await;
    assert_eq!(key.json(StatusCode::BAD_REQUEST)["code"], "generic_error");
    let gone = svix(&app, Method::POST, "/auth/app/a/expire-all", json!({})).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(
        ask(&app, &other, Method::GET, ENDPOINTS, Value::Null).await,
        401
    );
    access(&app, "b", json!({}))
        .await
        .json(StatusCode::NOT_FOUND);
    let made = json!({"application": {"name": "B", "uid": "b"}});
    access(&app, "b", made).await.json(StatusCode::OK);
}

//! Operational webhooks below `/svix`: what they are told, and in which form.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::svix::{svix, with_application};
use super::verify::accepted_everywhere;
use crate::app::TestApp;
use crate::receiver::{Received, Receiver, Reply};

const ENDPOINTS: &str = "/operational-webhook/endpoint";

async fn made(app: &TestApp, path: &str, body: Value) -> Value {
    let answer = svix(app, Method::POST, path, body).await;
    answer.json(StatusCode::CREATED)
}

async fn shown(app: &TestApp, path: &str) -> Value {
    let answer = svix(app, Method::GET, path, Value::Null).await;
    answer.json(StatusCode::OK)
}

async fn status(app: &TestApp, method: Method, path: &str, body: Value) -> u16 {
    svix(app, method, path, body).await.status.as_u16()
}

/// The types of what was told, in alphabetical order.
fn told(received: &[Received]) -> Vec<String> {
    let types = received.iter().map(|own| own.json()["type"].take());
    let mut types: Vec<String> = types.map(|own| own.as_str().unwrap().to_owned()).collect();
    types.sort_unstable();
    types
}

/// An application's endpoint `main`, and a receiver that is told of it.
async fn watched(app: &TestApp, receiver: &Receiver) -> (Value, Receiver) {
    let listener = Receiver::start().await;
    let own = json!({"url": listener.url("/ops"), "uid": "ops", "description": "Ops"});
    let own = made(app, ENDPOINTS, own).await;
    assert_eq!(
        (&own["uid"], &own["disabled"]),
        (&json!("ops"), &json!(false))
    );
    let hook = json!({"url": receiver.url("/hook"), "uid": "main"});
    (made(app, "/app/a/endpoint", hook).await, listener)
}

#[tokio::test]
async fn a_new_endpoint_is_told_in_the_documented_form_and_signed() {
    let (app, receiver) = with_application().await;
    let (hook, listener) = watched(&app, &receiver).await;
    let first = listener.wait_for(1).await.remove(0);
    let body = first.json();
    let application = shown(&app, "/app/a").await;
    let data = json!({"appId": application["id"], "appUid": "a", "endpointId": hook["id"],
        "endpointUid": "main"});
    assert_eq!(
        (&body["type"], &body["data"]),
        (&json!("endpoint.created"), &data)
    );
    let secret = shown(&app, &format!("{ENDPOINTS}/ops/secret")).await;
    let secret = secret["key"].as_str().unwrap();
    accepted_everywhere("svix", secret, &first.without("webhook-"));
}

#[tokio::test]
async fn a_message_that_fails_often_gives_up_or_arrives_after_all_is_told() {
    let (app, receiver) = with_application().await;
    let (hook, listener) = watched(&app, &receiver).await;
    receiver.answer(Reply::status(500));
    let id = hook["id"].as_str().unwrap().replace("ep_", "wh_");
    // Six attempts: the fourth is news, and so is the last.
    let quick = json!({"disable_after_failures": 6, "disable_after": null,
        "retry_policy": {"delays": ["10ms", "10ms", "10ms", "10ms", "10ms"], "jitter": false}});
    let path = format!("/api/v1/webhooks/{id}");
    app.patch(&path, &quick).await.json(StatusCode::OK);
    let message = json!({"eventType": "t", "payload": {}, "eventId": "order.1"});
    let sent = svix(&app, Method::POST, "/app/a/msg", message).await;
    let sent = sent.json(StatusCode::ACCEPTED);
    let received = listener.wait_for(5).await;
    let expected = [
        "endpoint.created",
        "endpoint.disabled",
        "endpoint.updated",
        "message.attempt.exhausted",
        "message.attempt.failing",
    ];
    assert_eq!(told(&received), expected);
    let of = |name: &str| {
        let mut bodies = received.iter().map(Received::json);
        bodies.find(|own| own["type"] == name).unwrap()["data"].take()
    };
    let failing = of("message.attempt.failing");
    assert_eq!(
        (&failing["msgId"], &failing["msgEventId"]),
        (&sent["id"], &json!("order.1"))
    );
    assert_eq!(failing["endpointId"], hook["id"]);
    assert_eq!(failing["lastAttempt"]["responseStatusCode"], 500);
    let attempt = failing["lastAttempt"]["id"].as_str().unwrap();
    shown(&app, &format!("/app/a/msg/order.1/attempt/{attempt}")).await;
    assert!(of("endpoint.disabled")["failSince"].is_string());
    receiver.answer(Reply::status(200));
    let main = "/app/a/endpoint/main";
    let enabled = json!({"disabled": false});
    assert_eq!(status(&app, Method::PATCH, main, enabled).await, 200);
    let resend = "/app/a/msg/order.1/endpoint/main/resend";
    assert_eq!(status(&app, Method::POST, resend, json!({})).await, 202);
    let received = listener.wait_for(7).await;
    let after = told(&received[5..]);
    assert_eq!(after, ["endpoint.updated", "message.attempt.recovered"]);
}

#[tokio::test]
async fn they_are_found_changed_and_deleted() {
    let (app, receiver) = with_application().await;
    let url = receiver.url("/");
    made(&app, ENDPOINTS, json!({"url": url})).await;
    let own = json!({"url": url, "uid": "own"});
    let known = made(&app, ENDPOINTS, own.clone()).await;
    let id = known["id"].as_str().unwrap();
    assert_eq!(status(&app, Method::POST, ENDPOINTS, own).await, 409);
    let list = shown(&app, &format!("{ENDPOINTS}?limit=1")).await;
    assert_eq!(
        (&list["data"][0]["id"], &list["done"]),
        (&json!(id), &json!(false))
    );
    let path = format!("{ENDPOINTS}/own");
    let put = json!({"url": url, "uid": "own", "description": "Own"});
    assert_eq!(status(&app, Method::PUT, &path, put).await, 200);
    assert_eq!(shown(&app, &path).await["description"], "Own");
    let headers = format!("{path}/headers");
    let set = json!({"headers": {"x-a": "b"}});
    assert_eq!(status(&app, Method::PUT, &headers, set.clone()).await, 204);
    assert_eq!(shown(&app, &headers).await["headers"], set["headers"]);
    let rotate = format!("{path}/secret/rotate");
    assert_eq!(status(&app, Method::POST, &rotate, json!({})).await, 200);
    let fresh = format!("{ENDPOINTS}/fresh");
    let put = json!({"url": url, "uid": "fresh"});
    assert_eq!(status(&app, Method::PUT, &fresh, put).await, 201);
    assert_eq!(status(&app, Method::DELETE, &fresh, Value::Null).await, 204);
    assert_eq!(status(&app, Method::GET, &fresh, Value::Null).await, 404);
    // They are no application's.
    let path = format!("/app/a/endpoint/{id}");
    assert_eq!(status(&app, Method::GET, &path, Value::Null).await, 404);
    let bound = json!({"kind": "operational", "url": "https://example.com/", "event_types": ["*"],
        "consumer": "a"});
    app.post("/api/v1/webhooks", &bound).await.invalid("kind");
}

#[tokio::test]
async fn they_hear_what_they_asked_for_and_no_events() {
    let (app, receiver) = with_application().await;
    let quiet = Receiver::start().await;
    let asked = json!({"url": quiet.url("/"), "eventTypes": ["endpoint.deleted"]});
    made(&app, ENDPOINTS, asked).await;
    let (_, loud) = watched(&app, &receiver).await;
    let event = json!({"type": "endpoint.deleted", "id": "mine", "data": 1});
    app.post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
    let mine = app.get("/api/v1/events/mine").await.json(StatusCode::OK);
    assert_eq!(
        (&mine["deliveries"], &mine["webhooks"]),
        (&json!([]), &json!([]))
    );
    let main = "/app/a/endpoint/main";
    assert_eq!(status(&app, Method::DELETE, main, Value::Null).await, 204);
    let heard = loud.wait_for(2).await;
    assert_eq!(told(&heard), ["endpoint.created", "endpoint.deleted"]);
    let heard = quiet.wait_for(1).await;
    assert_eq!(
        (told(&heard), heard.len()),
        (vec!["endpoint.deleted".to_owned()], 1)
    );
}

//! Keys that are bound to a consumer: every route × ids of the platform and of another consumer.

use hookpost::domain::api_key::Scope;
use hookpost::web::endpoint::{Access, BoundKeys, Endpoint};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Neighbours;
use crate::app::Answer;
use crate::receiver::Reply;
use crate::world::{api, ask, body, method, with_credential};

/// A consumer of their workspace, with a key that may do anything but look after the instance.
struct Bound {
    id: String,
    token: String,
}

impl Neighbours {
    async fn bound(&self, uid: &str) -> Bound {
        let post = async |path: &str, body: &Value| {
            let workspace = &self.theirs.name;
            let answer = ask(&self.app, workspace, Method::POST, path, body).await;
            answer.json(StatusCode::CREATED)
        };
        let made = post("/api/v1/consumers", &json!({"uid": uid})).await;
        let of_instance = [Scope::Admin, Scope::MetricsRead];
        let own = Scope::ALL
            .into_iter()
            .filter(|own| !of_instance.contains(own));
        let scopes: Vec<&str> = own.map(Scope::as_str).collect();
        let key = json!({"name": uid, "consumer": uid, "scopes": scopes});
        let key = post("/api/v1/api-keys", &key).await;
        assert_eq!(key["consumer_id"], made["id"]);
        Bound {
            id: made["id"].as_str().unwrap().to_owned(),
            token: key["key"].as_str().unwrap().to_owned(),
        }
    }
}

impl Neighbours {
    async fn ask_bound(&self, who: &Bound, method: Method, path: &str, body: &Value) -> Answer {
        let call = self.app.anonymous(method, &format!("/api/v1{path}"));
        let call = call.bearer(&who.token);
        match body {
            Value::Null => call.send().await,
            body => call.json(body).send().await,
        }
    }
}

/// The catalogue is what a consumer subscribes to.
fn is_catalogue(route: &Endpoint) -> bool {
    let of = |beginning| route.path.starts_with(beginning);
    let is_one = of("/api/v1/event-types") || of("/svix/api/v1/event-type");
    route.method.as_str() == "GET" && is_one
}

#[tokio::test]
async fn a_bound_key_sees_and_touches_only_what_is_its_consumers() {
    let near = Neighbours::meet().await;
    let bound = near.bound("bound").await;
    let url = near.receiver.url("/");
    let before = near.theirs_as_they_are().await;
    let (mut hidden, mut lists, mut refused) = (0, 0, 0);
    for route in api() {
        if matches!(route.access, Access::Public | Access::Session) || is_catalogue(route) {
            continue;
        }
        let path = near.theirs.path(route);
        let sent = body(route, &near.theirs, &url);
        let call = near.app.anonymous(method(route), &path);
        let call = match &sent {
            Value::Null => call,
            sent => call.json(sent),
        };
        let answer = with_credential(call, route.path, &bound.token).send().await;
        let what = format!("{} {}", route.method, route.path);
        near.assert_silent(&what, &format!("{path} {sent}"), &answer);
        if route.path.contains('{') {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{what}: {answer:?}");
            hidden += 1;
        } else if route.bound_keys == BoundKeys::Admitted {
            assert!(answer.status.is_success(), "{what}: {answer:?}");
            lists += 1;
        } else {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}: {answer:?}");
            refused += 1;
        }
    }
    let mut after = near.theirs_as_they_are().await;
    let own = |one: &Value| one["consumer_id"] == *bound.id;
    let is_list = |page: &Value| page["data"].is_array();
    for page in after.iter_mut().filter(|page| is_list(page)) {
        page["data"].as_array_mut().unwrap().retain(|one| !own(one));
    }
    // The last is the list of jobs, in which the platform sees what its consumers began.
    assert_eq!(after[..after.len() - 1], before[..before.len() - 1]);
    assert!(
        hidden >= 45 && lists >= 13 && refused >= 20,
        "{hidden} {lists} {refused}"
    );
}

#[tokio::test]
async fn a_bound_key_looks_after_its_consumers_own_webhooks() {
    let near = Neighbours::meet().await;
    let (bound, other) = (near.bound("bound").await, near.bound("other").await);
    let call = async |who: &Bound, method: Method, path: &str, body: &Value| {
        near.ask_bound(who, method, path, body).await
    };
    near.receiver.answer(Reply::status(200));
    let webhook = json!({"url": near.receiver.url("/"), "event_types": ["*"]});
    let made = call(&bound, Method::POST, "/webhooks", &webhook).await;
    let made = made.json(StatusCode::CREATED);
    assert_eq!(made["consumer_id"], *bound.id);
    let foreign = json!({"url": near.receiver.url("/"), "event_types": ["*"], "consumer": "other"});
    let answer = call(&bound, Method::POST, "/webhooks", &foreign).await;
    answer.invalid("consumer");
    let event = json!({"type": "job.completed", "data": {"own": true}, "consumer": "bound"});
    let workspace = &near.theirs.name;
    let published = ask(&near.app, workspace, Method::POST, "/api/v1/events", &event).await;
    let published = published.json(StatusCode::ACCEPTED);
    let id = published["id"].as_str().unwrap();
    let path = format!("/events/{id}");
    let shown = call(&bound, Method::GET, &path, &Value::Null).await;
    let shown = shown.json(StatusCode::OK);
    assert_eq!(shown["deliveries"].as_array().unwrap().len(), 1);
    assert_eq!(shown["webhooks"].as_array().unwrap().len(), 1);
    assert_eq!(shown["missed"], json!([]));
    let hook = format!("/webhooks/{}", made["id"].as_str().unwrap());
    for (who, status) in [(&bound, StatusCode::OK), (&other, StatusCode::NOT_FOUND)] {
        for path in [
            &hook,
            &path,
            &format!("{hook}/stats"),
            &"/consumers/bound".to_owned(),
            &"/consumers/bound/stats".to_owned(),
        ] {
            let answer = call(who, Method::GET, path, &Value::Null).await;
            assert_eq!(answer.status, status, "{path}: {answer:?}");
        }
    }
    for (who, count) in [(&bound, 1), (&other, 0)] {
        for list in [
            "events",
            "webhooks",
            "deliveries",
            "deliveries?consumer=bound",
        ] {
            let page = call(who, Method::GET, &format!("/{list}"), &Value::Null).await;
            let page = page.json(StatusCode::OK);
            assert_eq!(page["data"].as_array().unwrap().len(), count, "{list}");
        }
    }
    let page = call(&bound, Method::GET, "/consumers", &Value::Null).await;
    let page = page.json(StatusCode::OK);
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    let replayed = call(&bound, Method::POST, &format!("{path}/replay"), &json!({})).await;
    assert_eq!(replayed.json(StatusCode::ACCEPTED)["deliveries"], 1);
    let gone = ask(
        &near.app,
        workspace,
        Method::DELETE,
        "/api/v1/consumers/bound",
        &Value::Null,
    );
    assert_eq!(gone.await.status, StatusCode::NO_CONTENT);
    let answer = call(&bound, Method::GET, &hook, &Value::Null).await;
    answer.problem(401, "unauthorized");
}

#[tokio::test]
async fn an_answer_to_the_platform_is_not_repeated_to_a_consumer() {
    let near = Neighbours::meet().await;
    let bound = near.bound("bound").await;
    let webhook = json!({"url": near.receiver.url("/"), "event_types": ["*"]});
    let ask_as = async |token: &str| {
        let call = near
            .app
            .anonymous(Method::POST, "/api/v1/webhooks")
            .bearer(token);
        let call = call.header("idempotency-key", "same").json(&webhook);
        call.send().await.json(StatusCode::CREATED)
    };
    let (platform, consumer) = (ask_as(&near.theirs.token).await, ask_as(&bound.token).await);
    assert_ne!(platform["id"], consumer["id"]);
    assert_ne!(platform["secret"], consumer["secret"]);
    assert_eq!(ask_as(&bound.token).await, consumer);
}

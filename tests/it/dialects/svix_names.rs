//! What a platform calls endpoints and messages, below `/svix`; and lists of messages.

use std::time::Duration;

use hookpost::clock::Clock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::svix::{svix, with_application};
use crate::app::{Answer, TestApp};

/// A call with an `idempotency-key`, as the published clients send one with every POST.
async fn keyed(app: &TestApp, path: &str, key: &str, body: &Value) -> Answer {
    let call = app.call(Method::POST, &format!("/svix/api/v1{path}"));
    call.header("idempotency-key", key).json(body).send().await
}

#[tokio::test]
async fn the_uid_of_an_endpoint_is_unique_with_its_application_whoever_changes_it() {
    let (app, receiver) = with_application().await;
    svix(&app, Method::POST, "/app", json!({"name": "B", "uid": "b"})).await;
    let ask = async |method: Method, path: &str, body: Value| {
        let answer = svix(&app, method, path, body).await;
        (answer.status.as_u16(), answer)
    };
    let main = json!({"url": receiver.url("/"), "uid": "main", "metadata": {"svix.uid": "own"}});
    let first = keyed(&app, "/app/a/endpoint", "one", &main).await;
    let made = first.json(StatusCode::CREATED);
    assert_eq!(
        (&made["uid"], &made["metadata"]),
        (&json!("main"), &main["metadata"])
    );
    let again = keyed(&app, "/app/a/endpoint", "one", &main).await;
    assert_eq!(again.json(StatusCode::CREATED), made);
    let (status, told) = ask(Method::POST, "/app/a/endpoint", main.clone()).await;
    assert_eq!(
        (status, &told.json(StatusCode::CONFLICT)["code"]),
        (409, &json!("conflict"))
    );
    assert_eq!(
        ask(Method::POST, "/app/b/endpoint", main.clone()).await.0,
        201
    );
    let other = json!({"url": receiver.url("/other")});
    let (status, answer) = ask(Method::PUT, "/app/a/endpoint/other", other).await;
    assert_eq!(status, 201);
    let other = answer.json(StatusCode::CREATED);
    assert_eq!(other["uid"], "other");
    let path = format!("/app/a/endpoint/{}", other["id"].as_str().unwrap());
    for (method, body) in [
        (Method::PATCH, json!({"uid": "main"})),
        (
            Method::PUT,
            json!({"uid": "main", "url": receiver.url("/other")}),
        ),
    ] {
        assert_eq!(ask(method, &path, body).await.0, 409);
    }
    let (_, shown) = ask(Method::GET, "/app/a/endpoint/main", Value::Null).await;
    assert_eq!(shown.json(StatusCode::OK)["id"], made["id"]);
    assert_eq!(
        ask(Method::PATCH, "/app/a/endpoint/main", json!({"uid": null}))
            .await
            .0,
        200
    );
    assert_eq!(
        ask(Method::GET, "/app/a/endpoint/main", Value::Null)
            .await
            .0,
        404
    );
    assert_eq!(
        ask(Method::PATCH, &path, json!({"uid": "main"})).await.0,
        200
    );
    assert_eq!(
        ask(Method::DELETE, "/app/a/endpoint/main", Value::Null)
            .await
            .0,
        204
    );
    assert_eq!(ask(Method::POST, "/app/a/endpoint", main).await.0, 201);
}

#[tokio::test]
async fn a_uid_is_plain_and_looks_like_no_id() {
    let (app, receiver) = with_application().await;
    for bad in ["ep_own", "a b", "", &"x".repeat(257)] {
        let hook = json!({"url": receiver.url("/"), "uid": bad});
        let told = svix(&app, Method::POST, "/app/a/endpoint", hook).await;
        let told = told.json(StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(told["detail"][0]["loc"], json!(["body", "uid"]), "{bad}");
    }
}

#[tokio::test]
async fn an_endpoint_goes_on_being_called_by_the_id_that_it_had_elsewhere() {
    let (app, receiver) = with_application().await;
    let old = "ep_1srOrx2ZWZBpBUvZwXKQmoEYga2";
    let hook = json!({"url": receiver.url("/"), "uid": old});
    let made = svix(&app, Method::POST, "/app/a/endpoint", hook).await;
    let id = made.json(StatusCode::CREATED)["id"].take();
    let path = format!("/app/a/endpoint/{old}");
    let found = svix(&app, Method::GET, &path, Value::Null).await;
    assert_eq!(found.json(StatusCode::OK)["id"], id);
}

#[tokio::test]
async fn an_event_id_is_unique_with_its_application_and_no_tag_is_lost_to_it() {
    let (app, _receiver) = with_application().await;
    svix(&app, Method::POST, "/app", json!({"name": "B", "uid": "b"})).await;
    let tags: Vec<String> = (0..9).map(|number| format!("t{number}")).collect();
    let mut tags = json!(tags);
    tags.as_array_mut().unwrap().push(json!("event-id:mine"));
    let name = "x".repeat(200);
    let message = json!({"eventType": "t", "eventId": name, "payload": {}, "tags": tags});
    let made = keyed(&app, "/app/a/msg", "one", &message).await;
    let made = made.json(StatusCode::ACCEPTED);
    assert_eq!((&made["eventId"], &made["tags"]), (&json!(name), &tags));
    let again = keyed(&app, "/app/a/msg", "one", &message).await;
    assert_eq!(again.json(StatusCode::ACCEPTED), made);
    let other = keyed(&app, "/app/a/msg", "two", &message).await;
    assert_eq!(other.json(StatusCode::CONFLICT)["code"], "conflict");
    let elsewhere = svix(&app, Method::POST, "/app/b/msg", message.clone()).await;
    elsewhere.json(StatusCode::ACCEPTED);
    let shown = svix(
        &app,
        Method::GET,
        &format!("/app/a/msg/{name}"),
        Value::Null,
    )
    .await;
    assert_eq!(shown.json(StatusCode::OK), made);
    let found = svix(
        &app,
        Method::GET,
        "/app/a/msg?tag=event-id:mine",
        Value::Null,
    )
    .await;
    assert_eq!(found.json(StatusCode::OK)["data"], json!([made]));
    for bad in ["msg_own", "a b", ""] {
        let message = json!({"eventType": "t", "eventId": bad, "payload": {}});
        let told = svix(&app, Method::POST, "/app/a/msg", message).await;
        let told = told.json(StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            told["detail"][0]["loc"],
            json!(["body", "eventId"]),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn what_was_published_natively_is_a_message_by_either_id() {
    let (app, _receiver) = with_application().await;
    svix(&app, Method::POST, "/app", json!({"name": "B", "uid": "b"})).await;
    let event = json!({"type": "t", "id": "order-1", "consumer": "a", "data": {"n": 1}});
    app.post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
    let event = json!({"type": "t", "consumer": "a", "data": {"n": 2}});
    let unnamed = app
        .post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
    let page = svix(&app, Method::GET, "/app/a/msg", Value::Null).await;
    let page = page.json(StatusCode::OK);
    let [second, first] = page["data"].as_array().unwrap().as_slice() else {
        panic!("{page:#}");
    };
    assert_eq!(
        (&first["eventId"], &second["eventId"]),
        (&json!("order-1"), &Value::Null)
    );
    let own = unnamed["id"].as_str().unwrap();
    for (name, expect) in [
        (first["id"].as_str().unwrap(), first),
        ("order-1", first),
        (second["id"].as_str().unwrap(), second),
        (own, second),
    ] {
        let shown = svix(
            &app,
            Method::GET,
            &format!("/app/a/msg/{name}"),
            Value::Null,
        )
        .await;
        assert_eq!(shown.json(StatusCode::OK), *expect, "{name}");
        let foreign = svix(
            &app,
            Method::GET,
            &format!("/app/b/msg/{name}"),
            Value::Null,
        )
        .await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{name}");
    }
}

#[tokio::test]
async fn a_page_of_messages_is_filled_whatever_lies_between() {
    let (app, _receiver) = with_application().await;
    let send = async |kind: &str, channel: &str, tag: &str| {
        let message =
            json!({"eventType": kind, "payload": {}, "channels": [channel], "tags": [tag]});
        let sent = svix(&app, Method::POST, "/app/a/msg", message).await;
        sent.json(StatusCode::ACCEPTED)
    };
    let first = send("a", "c1", "t1").await;
    send("b", "c1", "t2").await;
    for _ in 0..5 {
        send("x", "c2", "t1").await;
    }
    let list = async |query: &str| {
        let page = svix(
            &app,
            Method::GET,
            &format!("/app/a/msg?{query}"),
            Value::Null,
        )
        .await;
        page.json(StatusCode::OK)
    };
    let ids = |page: &Value| -> Vec<Value> {
        let all = page["data"].as_array().unwrap().iter();
        all.map(|own| own["eventType"].clone()).collect()
    };
    let at = first["timestamp"].as_str().unwrap();
    for (query, expect) in [
        ("event_types=a,b&limit=2", json!(["b", "a"])),
        ("event_types=a&limit=2", json!(["a"])),
        ("channel=c1&limit=2", json!(["b", "a"])),
        ("tag=t1&channel=c1&limit=2", json!(["a"])),
        ("tag=t1&event_types=a&limit=2", json!(["a"])),
        ("tag=nobody", json!([])),
        (&format!("before={at}&limit=2"), json!([])),
        (&format!("after={at}&event_types=a"), json!(["a"])),
        ("after=2999-01-01T00:00:00Z", json!([])),
    ] {
        let page = list(query).await;
        assert_eq!(json!(ids(&page)), expect, "{query}");
        assert_eq!(page["done"], true, "{query}");
    }
    let page = list("tag=t1&limit=4").await;
    assert_eq!((ids(&page).len(), &page["done"]), (4, &json!(false)));
    let next = page["iterator"].as_str().unwrap();
    let rest = list(&format!("tag=t1&limit=4&iterator={next}")).await;
    assert_eq!(json!(ids(&rest)), json!(["x", "a"]));
    let native = app.get("/api/v1/events?tag=t1&limit=2&order=asc").await;
    assert_eq!(native.json(StatusCode::OK)["data"][0]["id"], first["id"]);
}

#[tokio::test]
async fn a_schema_reads_back_as_it_was_written() {
    let (app, _receiver) = with_application().await;
    let schema =
        r#"{"type":"object","properties":{"z":{"maximum":10000000000000000000000.5},"a":{}}}"#;
    let body = format!(r#"{{"name":"t","description":"","schemas":{{"1":{{}},"2":{schema}}}}}"#);
    let call = app.call(Method::POST, "/svix/api/v1/event-type");
    let made = call
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert!(made.text.contains(schema), "{}", made.text);
    let shown = svix(&app, Method::GET, "/event-type/t", Value::Null).await;
    assert!(shown.text.contains(schema), "{}", shown.text);
}

#[tokio::test]
async fn a_message_is_delivered_when_its_publisher_says_and_tells_so() {
    let (app, receiver) = with_application().await;
    let hook = json!({"url": receiver.url("/"), "uid": "main"});
    svix(&app, Method::POST, "/app/a/endpoint", hook)
        .await
        .json(StatusCode::CREATED);
    let later = Clock::System
        .now()
        .after(Duration::from_secs(3600))
        .rfc3339();
    let message = json!({"eventType": "t", "eventId": "late", "payload": {}, "deliverAt": later});
    let made = svix(&app, Method::POST, "/app/a/msg", message).await;
    assert_eq!(made.json(StatusCode::ACCEPTED)["deliverAt"], *later);
    let shown = svix(&app, Method::GET, "/app/a/msg/late", Value::Null).await;
    assert_eq!(shown.json(StatusCode::OK)["deliverAt"], *later);
    let messages = svix(&app, Method::GET, "/app/a/endpoint/main/msg", Value::Null).await;
    let messages = messages.json(StatusCode::OK);
    assert_eq!(messages["data"][0]["statusText"], "pending");
    assert!(receiver.received().is_empty());
    let far = json!({"eventType": "t", "payload": {}, "deliverAt": "2999-01-01T00:00:00Z"});
    let told = svix(&app, Method::POST, "/app/a/msg", far).await;
    let told = told.json(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(told["detail"][0]["loc"], json!(["body", "deliverAt"]));
}

#[tokio::test]
async fn several_event_types_at_once_are_listed_together_in_the_order_of_the_list() {
    let (app, _receiver) = with_application().await;
    svix(&app, Method::POST, "/app", json!({"name": "B", "uid": "b"})).await;
    let mut sent = Vec::new();
    for (number, kind) in ["x", "y", "z", "x", "z", "y", "x"].into_iter().enumerate() {
        let name = format!("{kind}.{number}");
        let message = json!({"eventType": kind, "eventId": name, "payload": {}});
        for application in ["a", "b"] {
            let path = format!("/app/{application}/msg");
            svix(&app, Method::POST, &path, message.clone()).await;
        }
        sent.insert(0, name);
    }
    let wanted = |kinds: &[&str]| -> Vec<String> {
        let of = |name: &&String| kinds.iter().any(|kind| name.starts_with(kind));
        sent.iter().filter(of).cloned().collect()
    };
    for kinds in [
        &["x", "z"][..],
        &["z", "x", "z", "nobody"],
        &["x", "y", "z"],
    ] {
        let (mut seen, mut from) = (Vec::new(), String::new());
        loop {
            let asked = kinds.join(",");
            let path = format!("/app/a/msg?limit=2&event_types={asked}{from}");
            let page = svix(&app, Method::GET, &path, Value::Null).await;
            let page = page.json(StatusCode::OK);
            let names = page["data"].as_array().unwrap().iter();
            seen.extend(names.map(|own| own["eventId"].as_str().unwrap().to_owned()));
            if page["done"] == true {
                break;
            }
            from = format!("&iterator={}", page["iterator"].as_str().unwrap());
        }
        assert_eq!(seen, wanted(kinds), "{kinds:?}");
    }
    let many: Vec<String> = (0..101).map(|number| format!("t{number}")).collect();
    let path = format!("/app/a/msg?event_types={}", many.join(","));
    let told = svix(&app, Method::GET, &path, Value::Null).await;
    told.json(StatusCode::UNPROCESSABLE_ENTITY);
}

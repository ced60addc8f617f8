//! Lists below `/svix`, walked to their end and back.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::svix::{svix, with_application};
use crate::app::TestApp;
use crate::receiver::Receiver;

/// How many there are of everything: with two on a page the last page is not full.
const COUNT: usize = 5;

/// So many applications, endpoints, event types, messages with attempts, and tasks; answers a message.
async fn filled(app: &TestApp, receiver: &Receiver) -> String {
    let make = async |path: &str, body: Value| {
        let made = svix(app, Method::POST, path, body).await;
        assert!(made.status.is_success(), "{path} {made:?}");
        let made: Value = serde_json::from_str(&made.text).unwrap();
        made["id"].as_str().unwrap_or_default().to_owned()
    };
    let mut message = String::new();
    for number in 0..COUNT {
        if number > 0 {
            make("/app", json!({"name": format!("{number}")})).await;
        }
        let hook = json!({"url": receiver.url("/"), "uid": format!("e{number}")});
        make("/app/a/endpoint", hook.clone()).await;
        make("/operational-webhook/endpoint", hook).await;
        let kind = json!({"name": format!("t{number}"), "description": ""});
        make("/event-type", kind).await;
    }
    for number in 0..COUNT {
        let sent = json!({"eventType": "t", "payload": {"n": number}});
        message = make("/app/a/msg", sent).await;
        let since = json!({"since": format!("2026-01-0{}T00:00:00Z", number + 1)});
        make("/app/a/endpoint/e0/bulk-replay", since).await;
    }
    let path = "/svix/api/v1/app/a/attempt/endpoint/e1?limit=250";
    let is_all = |page: &Value| page["data"].as_array().unwrap().len() >= COUNT;
    app.poll(path, is_all).await;
    let tasks = "/svix/api/v1/background-task?status=finished";
    app.poll(tasks, is_all).await;
    message
}

/// One page below `/svix/api/v1`, with an iterator if there is one.
async fn page(app: &TestApp, path: &str, iterator: Option<&str>) -> Value {
    let sign = if path.contains('?') { '&' } else { '?' };
    let from = iterator.map(|text| format!("&iterator={text}"));
    let path = format!("{path}{sign}limit=2{}", from.unwrap_or_default());
    let answer = svix(app, Method::GET, &path, Value::Null).await;
    answer.json(StatusCode::OK)
}

fn items(page: &Value) -> Vec<Value> {
    page["data"].as_array().unwrap().clone()
}

/// Walks a list to its end, back to its beginning, and a page to its end again.
async fn check(app: &TestApp, path: &str) -> Vec<Value> {
    let mut there = vec![page(app, path, None).await];
    while !there.last().unwrap()["done"].as_bool().unwrap() {
        let next = there.last().unwrap()["iterator"]
            .as_str()
            .unwrap()
            .to_owned();
        there.push(page(app, path, Some(&next)).await);
        assert!(there.len() < 20, "{path} does not end");
    }
    let all: Vec<Value> = there.iter().flat_map(items).collect();
    assert!(all.len() >= COUNT, "{path}: {all:?}");
    let mut back = Vec::new();
    let mut last = there.last().unwrap().clone();
    loop {
        let prev = last["prevIterator"]
            .as_str()
            .unwrap_or_else(|| panic!("{path} {last}"));
        assert!(prev.starts_with('-'), "{prev}");
        last = page(app, path, Some(prev)).await;
        back.splice(..0, items(&last));
        if last["done"] == true {
            break;
        }
        assert!(back.len() < 2 * all.len(), "{path} does not begin");
    }
    let before = all.len() - items(there.last().unwrap()).len();
    assert_eq!(back, all[..before], "{path}, backwards");
    let on = page(app, path, last["iterator"].as_str()).await;
    let shown = items(&last).len();
    assert_eq!(
        items(&on),
        all[shown..(shown + 2).min(all.len())],
        "{path}, and on"
    );
    // Beyond either end nothing is lost.
    let none = page(app, path, there[0]["prevIterator"].as_str()).await;
    assert_eq!(
        (&none["data"], &none["done"]),
        (&json!([]), &json!(true)),
        "{path}"
    );
    let again = page(app, path, none["iterator"].as_str()).await;
    assert_eq!(
        items(&again),
        items(&there[0]),
        "{path}, from before its beginning"
    );
    let end = there.last().unwrap();
    let none = page(app, path, end["iterator"].as_str()).await;
    assert_eq!(none["data"], json!([]), "{path}");
    let again = page(app, path, none["prevIterator"].as_str()).await;
    assert_eq!(
        items(&again).last(),
        all.last(),
        "{path}, from behind its end"
    );
    all
}

#[tokio::test]
async fn every_list_is_walked_to_its_end_and_back() {
    let (app, receiver) = with_application().await;
    let message = filled(&app, &receiver).await;
    for path in [
        "/app".to_owned(),
        "/app/a/endpoint".to_owned(),
        "/operational-webhook/endpoint".to_owned(),
        "/event-type".to_owned(),
        "/event-type?with_content=true".to_owned(),
        "/app/a/msg".to_owned(),
        "/app/a/msg?event_types=t,u".to_owned(),
        "/app/a/endpoint/e1/msg".to_owned(),
        "/app/a/attempt/endpoint/e1".to_owned(),
        "/app/a/attempt/endpoint/e1?with_msg=true".to_owned(),
        format!("/app/a/attempt/msg/{message}"),
        format!("/app/a/msg/{message}/endpoint"),
        "/background-task".to_owned(),
    ] {
        check(&app, &path).await;
    }
}

#[tokio::test]
async fn lists_of_what_is_kept_come_in_either_order() {
    let (app, receiver) = with_application().await;
    filled(&app, &receiver).await;
    for path in ["/app", "/app/a/endpoint", "/event-type", "/background-task"] {
        let newest = check(&app, &format!("{path}?order=descending")).await;
        let mut oldest = check(&app, &format!("{path}?order=ascending")).await;
        oldest.reverse();
        assert_eq!(newest, oldest, "{path}");
        let wrong = svix(&app, Method::GET, &format!("{path}?order=up"), Value::Null).await;
        let told = wrong.json(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(told["detail"][0]["msg"].is_string(), "{told}");
    }
}

#[tokio::test]
async fn applications_are_listed_without_those_that_have_nothing_or_nothing_in_use() {
    let (app, receiver) = with_application().await;
    for (uid, hooks) in [
        ("none", vec![]),
        ("off", vec![true]),
        ("on", vec![true, false]),
    ] {
        let made = svix(&app, Method::POST, "/app", json!({"name": uid, "uid": uid})).await;
        made.json(StatusCode::CREATED);
        for disabled in hooks {
            let hook = json!({"url": receiver.url("/"), "disabled": disabled});
            let path = format!("/app/{uid}/endpoint");
            svix(&app, Method::POST, &path, hook)
                .await
                .json(StatusCode::CREATED);
        }
    }
    let names = async |query: &str| {
        let page = svix(&app, Method::GET, &format!("/app?{query}"), Value::Null).await;
        let page = page.json(StatusCode::OK);
        let names = items(&page)
            .into_iter()
            .map(|one| one["uid"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let (empty, off) = (
        "exclude_apps_with_no_endpoints",
        "exclude_apps_with_disabled_endpoints",
    );
    assert_eq!(names("").await, ["on", "off", "none", "a"]);
    assert_eq!(names(&format!("{empty}=true")).await, ["on", "off"]);
    assert_eq!(names(&format!("{off}=true")).await, ["on", "none", "a"]);
    assert_eq!(names(&format!("{off}=true&{empty}=true")).await, ["on"]);
    assert_eq!(names(&format!("{off}=false&{empty}=false")).await.len(), 4);
}

#[tokio::test]
async fn an_iterator_that_is_none_is_refused() {
    let (app, _receiver) = with_application().await;
    for iterator in ["-", "--cc_1", "-x", "cw_1", "-cw_1", "cc_1-"] {
        let path = format!("/app?iterator={iterator}");
        let told = svix(&app, Method::GET, &path, Value::Null).await;
        let told = told.json(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(told["detail"][0]["loc"].is_array(), "{iterator} {told}");
    }
}

//! `/api/v1/dead-letters`

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

const DEAD_LETTERS: &str = "/api/v1/dead-letters";

#[tokio::test]
async fn a_dead_letter_is_listed_retried_or_discarded() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"],
        "retry_policy": {"delays": []}});
    app.post("/api/v1/webhooks", &hook)
        .await
        .json(StatusCode::CREATED);
    for _ in 0..2 {
        let event = json!({"type": "a.b", "data": 1});
        app.post("/api/v1/events", &event)
            .await
            .json(StatusCode::ACCEPTED);
    }
    let both = |page: &Value| page["data"].as_array().unwrap().len() == 2;
    let page = app.poll(DEAD_LETTERS, both).await;
    let id = |at: usize| page["data"][at]["id"].as_str().unwrap().to_owned();
    assert_eq!(page["data"][0]["status"], "exhausted");

    receiver.answer(Reply::status(200));
    let retry = app.call(Method::POST, &format!("{DEAD_LETTERS}/{}/retry", id(0)));
    let retried = retry.send().await.json(StatusCode::ACCEPTED);
    assert_eq!(retried["id"], id(0));
    let path = format!("/api/v1/deliveries/{}", id(0));
    app.poll(&path, |delivery| delivery["status"] == "delivered")
        .await;

    let path = format!("{DEAD_LETTERS}/{}", id(1));
    assert_eq!(app.delete(&path).await.status, StatusCode::NO_CONTENT);
    app.delete(&path).await.problem(404, "not_found");
    let page = app.get(DEAD_LETTERS).await.json(StatusCode::OK);
    assert_eq!(page["data"], json!([]));
    let kept = app.get(&format!("/api/v1/deliveries/{}", id(1))).await;
    assert_eq!(kept.json(StatusCode::OK)["status"], "exhausted");
    let path = format!("{DEAD_LETTERS}/{}/retry", id(0));
    let delivered = app.post(&path, &json!({})).await;
    delivered.problem(404, "not_found");
    app.get(&format!("{DEAD_LETTERS}?status=odd"))
        .await
        .invalid("status");
}

/// Dead letters, as many as asked for, and their ids, newest first.
async fn letters(app: &TestApp, count: usize) -> Vec<String> {
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"],
        "retry_policy": {"delays": []}});
    app.post("/api/v1/webhooks", &hook)
        .await
        .json(StatusCode::CREATED);
    for _ in 0..count {
        app.post("/api/v1/events", &json!({"type": "a.b", "data": 1}))
            .await
            .json(StatusCode::ACCEPTED);
    }
    let page = app.poll(DEAD_LETTERS, |page| ids(page).len() == count);
    ids(&page.await)
}

fn ids(page: &Value) -> Vec<String> {
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn listed(app: &TestApp, path: &str) -> Vec<String> {
    ids(&app.get(path).await.json(StatusCode::OK))
}

#[tokio::test]
async fn discarding_one_can_be_taken_back() {
    let app = TestApp::start().await;
    let made = letters(&app, 2).await;
    let path = format!("{DEAD_LETTERS}/{}", made[0]);
    let restore = format!("{path}/restore");
    app.post(&restore, &json!({}))
        .await
        .problem(409, "conflict");
    app.delete(&path).await;
    let discarded = format!("{DEAD_LETTERS}?discarded=true");
    assert_eq!(listed(&app, &discarded).await, made[..1]);
    assert_eq!(listed(&app, DEAD_LETTERS).await, made[1..]);
    let restored = app.post(&restore, &json!({})).await.json(StatusCode::OK);
    assert_eq!(restored["status"], "exhausted");
    assert_eq!(listed(&app, DEAD_LETTERS).await, made);
    assert_eq!(listed(&app, &discarded).await, [""; 0]);
    app.get(&format!("{DEAD_LETTERS}?discarded=maybe"))
        .await
        .invalid("discarded");
    let unknown = format!("{DEAD_LETTERS}/dlv_nonsense/restore");
    app.post(&unknown, &json!({}))
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn discarding_many_can_be_taken_back() {
    let app = TestApp::start().await;
    let made = letters(&app, 3).await;
    let begin = async |action: &str, chosen: &Value| {
        let begun = app.post(&format!("{DEAD_LETTERS}/{action}"), chosen).await;
        let begun = begun.json(StatusCode::ACCEPTED);
        let path = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
        app.poll(&path, |job| job["status"] == "done").await
    };
    let job = begin("discard", &json!({"ids": made[..2]})).await;
    assert_eq!((&job["done"], &job["delivered"]), (&json!(2), &Value::Null));
    assert_eq!(listed(&app, DEAD_LETTERS).await, made[2..]);
    // One that was never discarded is passed over.
    let job = begin("restore", &json!({"ids": made[1..]})).await;
    assert_eq!((&job["kind"], &job["done"]), (&json!("restore"), &json!(1)));
    assert_eq!(listed(&app, DEAD_LETTERS).await, made[1..]);
    let job = begin("restore", &json!({"filter": {}})).await;
    assert_eq!(job["done"], 1);
    assert_eq!(listed(&app, DEAD_LETTERS).await, made);
}

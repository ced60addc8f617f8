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

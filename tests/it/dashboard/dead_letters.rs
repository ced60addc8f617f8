//! `/dead-letters` and `/deliveries/{id}`

use reqwest::StatusCode;
use serde_json::json;

use super::{Desk, between};
use crate::receiver::{Receiver, Reply};

/// A webhook whose deliveries give up at once, and `events` of them.
async fn give_up(desk: &Desk, receiver: &Receiver, events: usize) -> String {
    receiver.answer(Reply::status(500).body("<b>broken</b>"));
    let body = json!({"url": receiver.url("/"), "event_types": ["*"], "label": "Shop",
        "retry_policy": {"delays": []}});
    let made = desk
        .app
        .post("/api/v1/webhooks", &body)
        .await
        .json(StatusCode::CREATED);
    for n in 0..events {
        let body = json!({"type": "order.paid", "data": {"n": n}});
        desk.app
            .post("/api/v1/events", &body)
            .await
            .json(StatusCode::ACCEPTED);
    }
    let all = |list: &serde_json::Value| list["data"].as_array().unwrap().len() == events;
    desk.app.poll("/api/v1/dead-letters", all).await;
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn dead_letters_are_grouped_by_webhook_and_cause_and_retried_in_bulk() {
    let desk = Desk::open().await;
    assert!(desk.get("/dead-letters").await.contains("No dead letters"));
    let receiver = Receiver::start().await;
    let webhook = give_up(&desk, &receiver, 3).await;
    let page = desk.get("/dead-letters").await;
    assert!(
        page.contains("3 dead letters") && page.contains("HTTP 500"),
        "{page}"
    );
    receiver.answer(Reply::status(200));
    let fields = [
        ("choose", "group"),
        ("webhook_id", webhook.as_str()),
        ("cause", "status:500"),
        ("action", "retry"),
    ];
    let answer = desk.post("/dead-letters", &fields).await;
    let (place, page) = desk.follow(&answer).await;
    assert!(
        place.starts_with("/jobs/job_") && page.contains("<progress"),
        "{page}"
    );
    let done = |list: &serde_json::Value| list["data"].as_array().unwrap().len() == 3;
    desk.app
        .poll("/api/v1/deliveries?status=delivered", done)
        .await;
    assert!(desk.get("/dead-letters").await.contains("No dead letters"));
}

#[tokio::test]
async fn ticked_letters_are_discarded_and_none_ticked_is_told() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    give_up(&desk, &receiver, 2).await;
    let answer = desk
        .post(
            "/dead-letters",
            &[("choose", "ticked"), ("action", "discard")],
        )
        .await;
    let (_, page) = desk.follow(&answer).await;
    assert!(page.contains("Nothing was ticked"), "{page}");
    let id = between(&page, "name=\"id\" value=\"", "\"").to_owned();
    let answer = desk
        .post(
            "/dead-letters",
            &[("id", &id), ("action", "discard"), ("choose", "ticked")],
        )
        .await;
    desk.follow(&answer).await;
    let one = |list: &serde_json::Value| list["data"].as_array().unwrap().len() == 1;
    desk.app.poll("/api/v1/dead-letters", one).await;
}

#[tokio::test]
async fn a_delivery_shows_what_was_sent_what_came_back_and_why_it_failed() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    give_up(&desk, &receiver, 1).await;
    let list = desk
        .app
        .get("/api/v1/dead-letters")
        .await
        .json(StatusCode::OK);
    let id = list["data"][0]["id"].as_str().unwrap();
    let page = desk.get(&format!("/deliveries/{id}")).await;
    for shown in [
        "Attempt 1",
        "HTTP 500",
        "&#60;b&#62;broken&#60;/b&#62;",
        "webhook-signature",
        "The receiver failed while it worked",
        "curl -sS",
    ] {
        assert!(page.contains(shown), "no {shown} in {page}");
    }
    assert!(!page.contains("<b>broken"));
    receiver.answer(Reply::status(200));
    let answer = desk.post(&format!("/deliveries/{id}/retry"), &[]).await;
    desk.follow(&answer).await;
    let path = format!("/api/v1/deliveries/{id}");
    desk.app
        .poll(&path, |one| one["status"] == "delivered")
        .await;
    let page = desk
        .get(&format!("/deliveries/{id}?attempt=1&bodies=raw"))
        .await;
    assert!(
        page.contains("Attempt 2") && page.contains("Send again"),
        "{page}"
    );
    let body = desk
        .ask(reqwest::Method::GET, &format!("/deliveries/{id}/body"))
        .await;
    assert!(body.header("content-disposition").starts_with("attachment"));
    assert!(
        body.text.contains("\"type\":\"order.paid\""),
        "{}",
        body.text
    );
}

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
        ("webhook_id", webhook.as_str()),
        ("cause", "status:500"),
        ("action", "retry"),
    ];
    let asked = desk.post("/dead-letters", &fields).await.text;
    assert!(asked.contains("Retry 3 dead letters?"), "{asked}");
    let sure = [&fields[..], &[("confirmed", "yes")]].concat();
    let answer = desk.post("/dead-letters", &sure).await;
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
    let mut fields = vec![
        ("id", id.as_str()),
        ("action", "discard"),
        ("choose", "ticked"),
    ];
    let asked = desk.post("/dead-letters", &fields).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(asked.text.contains("Discard 1 dead letter?"));
    assert!(asked.text.contains(&format!("name=\"id\" value=\"{id}\"")));
    fields.push(("confirmed", "yes"));
    let answer = desk.post("/dead-letters", &fields).await;
    let (job, _) = desk.follow(&answer).await;
    let left = |count: usize| {
        move |list: &serde_json::Value| list["data"].as_array().unwrap().len() == count
    };
    desk.app.poll("/api/v1/dead-letters", left(1)).await;
    let done = |job: &serde_json::Value| job["status"] == "done";
    desk.app.poll(&format!("/api/v1{job}"), done).await;
    assert!(desk.get(&job).await.contains("Take it back"));
    let answer = desk.post(&format!("{job}/restore"), &[]).await;
    desk.follow(&answer).await;
    desk.app.poll("/api/v1/dead-letters", left(2)).await;
    let jobs = desk.get("/jobs").await;
    for words in [
        "Discarding dead letters",
        "Restoring dead letters",
        "1 of 1 item",
    ] {
        assert!(jobs.contains(words), "no {words} in {jobs}");
    }
}

#[tokio::test]
async fn one_letter_is_discarded_on_a_second_thought_and_taken_back_on_its_page() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    give_up(&desk, &receiver, 1).await;
    let list = desk.app.get("/api/v1/dead-letters").await;
    let list = list.json(StatusCode::OK);
    let id = list["data"][0]["id"].as_str().unwrap();
    let discard = format!("/dead-letters/{id}/discard");
    let asked = desk.post(&discard, &[]).await;
    assert!(
        asked.text.contains("Discard 1 dead letter?"),
        "{}",
        asked.text
    );
    let still = desk.app.get("/api/v1/dead-letters").await;
    assert_eq!(still.json(StatusCode::OK), list);
    let answer = desk.post(&discard, &[("confirmed", "yes")]).await;
    desk.follow(&answer).await;
    let page = desk.get(&format!("/deliveries/{id}")).await;
    assert!(page.contains("Take it back"), "{page}");
    let answer = desk.post(&format!("/dead-letters/{id}/restore"), &[]).await;
    let (_, page) = desk.follow(&answer).await;
    assert!(page.contains("It is a dead letter again"), "{page}");
    let again = desk.app.get("/api/v1/dead-letters").await;
    assert_eq!(again.json(StatusCode::OK), list);
}

/// Ticks two of the three deliveries, which fail again, and no other.
async fn retry_two(desk: &Desk) {
    let list = desk
        .app
        .get("/api/v1/deliveries")
        .await
        .json(StatusCode::OK);
    let id = |place: usize| list["data"][place]["id"].as_str().unwrap();
    let ticked = [("choose", "ticked"), ("id", id(0)), ("id", id(2))];
    let asked = desk.post("/deliveries", &ticked).await;
    assert!(asked.text.contains("Retry 2 deliveries?"), "{}", asked.text);
    let fields = [&ticked[..], &[("confirmed", "yes")]].concat();
    let answer = desk.post("/deliveries", &fields).await;
    let (job, _) = desk.follow(&answer).await;
    let both = |job: &serde_json::Value| job["failed"] == 2;
    desk.app.poll(&format!("/api/v1{job}"), both).await;
    for (place, attempts) in [(0, 2), (1, 1), (2, 2)] {
        let shown = desk
            .app
            .get(&format!("/api/v1/deliveries/{}", id(place)))
            .await;
        assert_eq!(
            shown.json(StatusCode::OK)["attempt_count"],
            attempts,
            "{place}"
        );
    }
}

#[tokio::test]
async fn all_that_match_are_retried_after_the_count_was_told_and_the_job_says_what_became_of_them()
{
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    give_up(&desk, &receiver, 3).await;
    for (page, fields) in [
        (
            "/dead-letters",
            vec![("choose", "all"), ("action", "retry")],
        ),
        (
            "/deliveries",
            vec![("choose", "all"), ("event_type", "order.*")],
        ),
    ] {
        let asked = desk.post(page, &fields).await;
        assert!(asked.text.contains("Retry 3 de"), "{page}: {}", asked.text);
        assert!(asked.text.contains("name=\"confirmed\""), "{}", asked.text);
    }
    let none = desk.post("/deliveries", &[("choose", "ticked")]).await;
    assert!(desk.follow(&none).await.1.contains("Nothing to retry"));
    retry_two(&desk).await;
    receiver.answer(Reply::status(200));
    let fields = [("choose", "all"), ("confirmed", "yes")];
    let answer = desk.post("/deliveries", &fields).await;
    let (job, _) = desk.follow(&answer).await;
    let all = |job: &serde_json::Value| job["delivered"] == 3;
    desk.app.poll(&format!("/api/v1{job}"), all).await;
    let page = desk.get(&job).await;
    assert!(page.contains("3 delivered</a>"), "{page}");
    let own = between(&page, "<p><a href=\"", "\"").replace("&#38;", "&");
    let list = desk.get(&own).await;
    assert_eq!(list.matches("href=\"/deliveries/dlv_").count(), 3, "{list}");
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

//! Finding one webhook among many, and what is wrong with it.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Desk, between};
use crate::app::PATIENCE;
use crate::receiver::{Receiver, Reply};

/// More than two pages of webhooks hold.
const MANY: usize = 45;

async fn make(desk: &Desk, receiver: &Receiver, label: &str) -> Value {
    let body = json!({
        "url": receiver.url(&format!("/hooks/{}", label.replace(' ', "-"))),
        "event_types": ["order.*"], "label": label,
        "retry_policy": {"delays": ["1h"]},
    });
    let answer = desk.app.post("/api/v1/webhooks", &body).await;
    answer.json(StatusCode::CREATED)
}

/// A workspace of many webhooks: the oldest fails, the second oldest is disabled.
async fn many(desk: &Desk, receiver: &Receiver) -> String {
    let broken = make(desk, receiver, "Broken Ärger").await;
    receiver.answer(Reply::status(500));
    let event = json!({"type": "order.paid", "data": {}});
    desk.app
        .post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
    let id = broken["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/webhooks/{id}");
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while desk.app.get(&path).await.json(StatusCode::OK)["consecutive_failures"] == 0 {
        assert!(tokio::time::Instant::now() < deadline, "it never failed");
        tokio::task::yield_now().await;
    }
    let asleep = make(desk, receiver, "Asleep").await;
    let path = format!(
        "/api/v1/webhooks/{}/disable",
        asleep["id"].as_str().unwrap()
    );
    desk.app.post(&path, &json!({})).await.json(StatusCode::OK);
    for number in 2..MANY {
        make(desk, receiver, &format!("Customer {number:02}")).await;
    }
    id
}

/// The labels of a page's rows, in order.
fn labels(page: &str) -> Vec<&str> {
    let rows = page.split("class=\"open main cut\"").skip(1);
    rows.map(|row| between(row, ">", "</a>")).collect()
}

#[tokio::test]
async fn webhooks_are_searched_and_counted_and_failing_ones_come_first() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let broken = many(&desk, &receiver).await;
    let page = desk.get("/webhooks").await;
    let first = labels(&page);
    assert_eq!((first.len(), first[0]), (20, "Broken Ärger"), "{page}");
    assert_eq!(first[1], format!("Customer {:02}", MANY - 1));
    assert!(page.contains(&format!("1–20 of {MANY}")), "{page}");
    for (tab, count) in [
        ("failing", "1"),
        ("disabled", "1"),
        ("active", "43"),
        ("revoked", "0"),
    ] {
        let address = format!("href=\"/webhooks?state={tab}\"");
        let told = between(between(&page, &address, "</a>"), "soft\">", "<").to_owned();
        assert_eq!(told, count, "{tab}");
    }
    let last = desk.get("/webhooks?page=3").await;
    assert_eq!(labels(&last).last(), Some(&"Asleep"), "{last}");
    assert!(
        last.contains("41–45 of 45") && !last.contains("rel=\"next\""),
        "{last}"
    );
    for (query, expect) in [
        ("q=rger", vec!["Broken Ärger"]),
        ("q=br%C3%B6", vec![]),
        ("q=%C3%A4rger", vec!["Broken Ärger"]),
        ("q=hooks/asleep", vec!["Asleep"]),
        ("q=customer+44", vec!["Customer 44"]),
        ("q=_ustomer", vec![]),
        ("state=disabled", vec!["Asleep"]),
        ("state=failing&q=customer", vec![]),
        ("state=attention", vec!["Broken Ärger"]),
        (&format!("q={broken}"), vec!["Broken Ärger"]),
    ] {
        let page = desk.get(&format!("/webhooks?{query}")).await;
        assert_eq!(labels(&page), expect, "{query}");
        assert!(
            !expect.is_empty() || page.contains("No webhook matches"),
            "{query}"
        );
    }
    let by_name = desk.get("/webhooks?sort=name").await;
    assert_eq!(labels(&by_name)[..2], ["Asleep", "Broken Ärger"]);
    for wrong in ["state=broken", "sort=colour", "page=0", "page=x", "limit=5"] {
        let answer = desk.ask(Method::GET, &format!("/webhooks?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

#[tokio::test]
async fn the_one_that_fails_among_five_thousand_is_on_the_first_page_at_once() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    many(&desk, &receiver).await;
    let later = (MANY..5000).map(|number| {
        let label = format!("Later {number}");
        let (desk, receiver) = (&desk, &receiver);
        async move { make(desk, receiver, &label).await }
    });
    let made = futures_util::stream::iter(later).buffer_unordered(64);
    assert_eq!(made.count().await, 5000 - MANY);
    let began = std::time::Instant::now();
    let page = desk.get("/webhooks").await;
    assert_eq!(labels(&page)[0], "Broken Ärger");
    assert!(page.contains("1–20 of 5\u{202f}000"), "{page}");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    let page = desk.get("/").await;
    assert!(page.contains("Broken Ärger"), "{page}");
}

#[tokio::test]
async fn the_names_that_complete_a_field_are_escaped_and_few() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    for number in 0..25 {
        make(&desk, &receiver, &format!("\"><b> {number:02}")).await;
    }
    let options = desk.get("/webhooks/names?q=%3Cb%3E").await;
    assert_eq!(options.matches("<option").count(), 20, "{options}");
    assert!(!options.contains("<b>"), "{options}");
    assert_eq!(desk.get("/webhooks/names?q=nobody").await, "");
}

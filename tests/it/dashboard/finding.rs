//! Finding one webhook among many, and what is wrong with it.

use std::time::Duration;

use futures_util::StreamExt;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Desk, between};
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
    let has_failed = |webhook: &Value| webhook["consecutive_failures"] != 0;
    desk.app.poll(&path, has_failed).await;
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
    for wrong in ["state=broken", "sort=colour", "page=0", "page=x"] {
        let answer = desk.ask(Method::GET, &format!("/webhooks?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        let said = between(&answer.text, "id=\"amiss\"", "</p>");
        let (field, _) = wrong.split_once('=').unwrap();
        assert!(
            said.contains(&format!("<strong>{field}</strong> must be")),
            "{said}"
        );
    }
    let unknown = desk.ask(Method::GET, "/webhooks?limit=5").await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
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

async fn publish(desk: &Desk, event_type: &str, id: &str) {
    let event = json!({"type": event_type, "id": id, "data": {}});
    desk.app
        .post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
}

/// The event types of a list's rows, in order.
async fn listed(desk: &Desk, query: &str) -> Vec<String> {
    let page = desk.get(&format!("/deliveries?{query}")).await;
    labels(&page).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn deliveries_are_found_by_result_pattern_and_time_in_page_and_api_alike() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    make(&desk, &receiver, "Shop").await;
    publish(&desk, "order.paid", "a-1").await;
    receiver.wait_for(1).await;
    receiver.answer(Reply::status(503));
    publish(&desk, "order.paid.late", "a-2").await;
    publish(&desk, "order.sent", "a-3").await;
    let none = |page: &Value| page["data"].as_array().unwrap().is_empty();
    desk.app
        .poll("/api/v1/deliveries?status=pending", none)
        .await;
    for (query, expect) in [
        ("", vec!["order.sent", "order.paid.late", "order.paid"]),
        (
            "order=oldest",
            vec!["order.paid", "order.paid.late", "order.sent"],
        ),
        ("result=503", vec!["order.sent", "order.paid.late"]),
        (
            "result=5xx&event_type=order.paid.*",
            vec!["order.paid.late"],
        ),
        ("result=2xx", vec!["order.paid"]),
        (
            "result=status&order=oldest",
            vec!["order.paid.late", "order.sent"],
        ),
        ("result=timeout", vec![]),
        ("event_type=order.*&status=delivered", vec!["order.paid"]),
        (
            "status=pending,retrying&order=oldest",
            vec!["order.paid.late", "order.sent"],
        ),
        ("event_id=a-2", vec!["order.paid.late"]),
        ("until=2020-01-01T00:00:00Z", vec![]),
        ("since=2020-01-01T00:00:00Z&result=200", vec!["order.paid"]),
    ] {
        assert_eq!(listed(&desk, query).await, expect, "{query}");
        if query.contains("order=") {
            continue;
        }
        let path = format!("/api/v1/deliveries?{query}");
        let answer = desk.app.get(&path).await.json(StatusCode::OK);
        let rows = answer["data"].as_array().unwrap().iter();
        let types: Vec<&str> = rows
            .map(|row| row["event_type"].as_str().unwrap())
            .collect();
        assert_eq!(types, expect, "{query}");
    }
    let bulk = json!({"filter": {"result": "5xx", "event_type": "order.sent"}});
    let begun = desk.app.post("/api/v1/deliveries/retry", &bulk).await;
    assert_eq!(begun.json(StatusCode::ACCEPTED)["matched"], 1);
}

#[tokio::test]
async fn events_are_found_by_a_pattern_in_page_and_api_alike() {
    let desk = Desk::open().await;
    for (event_type, id) in [
        ("order.paid", "a-1"),
        ("orders", "a-2"),
        ("order.paid.late", "a-3"),
        ("order", "a-4"),
    ] {
        publish(&desk, event_type, id).await;
    }
    for (pattern, expect) in [
        ("order.*", vec!["order.paid.late", "order.paid"]),
        ("order.paid.*", vec!["order.paid.late"]),
        ("order", vec!["order"]),
        (
            "*",
            vec!["order", "order.paid.late", "orders", "order.paid"],
        ),
        ("shop.*", vec![]),
    ] {
        let page = desk.get(&format!("/events?type={pattern}")).await;
        assert_eq!(labels(&page), expect, "{pattern}");
        assert!(page.contains(&format!("value=\"{pattern}\"")), "{page}");
        for (order, wanted) in [
            ("desc", expect.clone()),
            ("asc", expect.iter().rev().copied().collect()),
        ] {
            let path = format!("/api/v1/events?type={pattern}&order={order}");
            let answer = desk.app.get(&path).await.json(StatusCode::OK);
            let rows = answer["data"].as_array().unwrap().iter();
            let types: Vec<&str> = rows.map(|row| row["type"].as_str().unwrap()).collect();
            assert_eq!(types, wanted, "{path}");
        }
    }
    let wrong = desk.app.get("/api/v1/events?type=order*").await;
    wrong.invalid("type");
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_says_so_in_place() {
    let desk = Desk::open().await;
    for list in ["/deliveries", "/dead-letters"] {
        for (query, words) in [
            ("result=50x", "a class such as 5xx"),
            ("event_type=order+paid", "event_type"),
            ("webhook_id=nonsense", "must be a webhook"),
            ("webhook=nobody", "no webhook is called so"),
            ("since=yesterday", "since"),
            (
                "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z",
                "later than since",
            ),
        ] {
            let answer = desk.ask(Method::GET, &format!("{list}?{query}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
            let page = &answer.text;
            let said = between(page, "id=\"amiss\"", "</form>")
                .split("</div></div>")
                .next();
            assert!(said.unwrap().contains(words), "{query}: {page}");
            let typed = query.split('=').nth(1).unwrap().split('&').next().unwrap();
            assert!(
                page.contains(&format!("value=\"{}\"", typed.replace('+', " "))),
                "{page}"
            );
            assert!(
                page.contains("aria-invalid=\"true\"") && page.contains("<nav"),
                "{page}"
            );
        }
    }
}

#[tokio::test]
async fn what_an_address_alone_can_get_wrong_is_not_passed_over() {
    let desk = Desk::open().await;
    for (query, words) in [
        ("last=9y", "<strong>last</strong> must be 1h, 24h, 7d, 30d"),
        ("order=sideways", "must be oldest"),
    ] {
        for list in ["/deliveries", "/dead-letters"] {
            let answer = desk.ask(Method::GET, &format!("{list}?{query}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
            let said = between(&answer.text, "id=\"amiss\"", "</p>");
            assert!(said.contains(words), "{said}");
        }
    }
    for (place, words) in [
        ("/audit-log?of=everything", "must be all or workspace"),
        ("/audit-log?consumer=nobody", "must be a consumer"),
        ("/webhooks?state=odd", "state"),
    ] {
        let answer = desk.ask(Method::GET, place).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{place}");
        let said = between(&answer.text, "id=\"amiss\"", "</p>");
        assert!(said.contains(words), "{place}: {said}");
    }
    let all = [("last", "9y"), ("choose", "all"), ("confirmed", "yes")];
    let refused = desk.post("/deliveries", &all).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_webhook_is_named_in_a_filter_as_people_call_it() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let shop = make(&desk, &receiver, "Shop").await;
    let other = make(&desk, &receiver, "Shop two").await;
    publish(&desk, "order.paid", "a-1").await;
    let id = |webhook: &Value| webhook["id"].as_str().unwrap().to_owned();
    for (typed, webhook) in [
        ("shop", &shop),
        ("TWO", &other),
        (&format!("Anything {}", id(&other)), &other),
        (&id(&shop), &shop),
    ] {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("webhook", typed)
            .finish();
        let answer = desk
            .ask(Method::GET, &format!("/deliveries?{query}&last=1h"))
            .await;
        let (place, page) = desk.follow(&answer).await;
        let expect = format!("/deliveries?webhook_id={}&last=1h", id(webhook));
        assert_eq!(place, expect, "{typed}");
        let shown = format!(
            "value=\"{} {}\"",
            webhook["label"].as_str().unwrap(),
            id(webhook)
        );
        assert!(page.contains(&shown), "{typed}: {page}");
    }
    let answer = desk.ask(Method::GET, "/dead-letters?webhook=sho").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("fits 2 webhooks"), "{}", answer.text);
    let link = format!("href=\"/dead-letters?webhook_id={}\"", id(&other));
    assert!(answer.text.contains(&link), "{}", answer.text);
    let listed = desk
        .app
        .get("/api/v1/deliveries")
        .await
        .json(StatusCode::OK);
    let delivery = id(&listed["data"][0]);
    let answer = desk
        .ask(Method::GET, &format!("/deliveries?event_id={delivery}"))
        .await;
    assert_eq!(answer.header("location"), format!("/deliveries/{delivery}"));
    let answer = desk.ask(Method::GET, &format!("/events?id={delivery}"));
    let place = answer.await.header("location").to_owned();
    assert_eq!(place, format!("/deliveries/{delivery}"));
}

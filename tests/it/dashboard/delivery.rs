//! `/deliveries/{id}` and `/events/{id}`: what became of one delivery, and of one event everywhere.

use std::time::Duration;

use hookpost::clock::Clock;
use hookpost::domain::role::Role;
use hookpost::domain::time::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Desk, between, sign_in};
use crate::receiver::{Receiver, Reply};

/// Registers a webhook for everything and publishes an event to it; answers the delivery's id.
async fn deliver(desk: &Desk, receiver: &Receiver) -> String {
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "label": "Shop"});
    let made = desk.app.post("/api/v1/webhooks", &hook).await;
    made.json(StatusCode::CREATED);
    let event = json!({"type": "order.paid", "data": {"id": 7, "lines": [{"sku": "tea"}]}});
    let accepted = desk.app.post("/api/v1/events", &event).await;
    accepted.json(StatusCode::ACCEPTED);
    receiver.wait_for(1).await;
    let list = desk.app.get("/api/v1/deliveries").await;
    let list = list.json(StatusCode::OK);
    list["data"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn two_attempts_stand_side_by_side_with_what_differs() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let first = Reply::status(503)
        .header("x-node", "a")
        .body("{\"at\":1,\"why\":\"full\"}");
    let second = Reply::status(500)
        .header("x-node", "b")
        .body("{\"at\":1,\"why\":\"<b>\"}");
    receiver.script([first, second]);
    let id = deliver(&desk, &receiver).await;
    let path = format!("/api/v1/deliveries/{id}");
    let tried = |count: u64| move |one: &Value| one["attempt_count"] == count;
    desk.app.poll(&path, tried(1)).await;
    desk.app.post(&format!("{path}/retry"), &json!({})).await;
    desk.app.poll(&path, tried(2)).await;
    let page = desk.get(&format!("/deliveries/{id}")).await;
    let choice = between(&page, "name=\"with\"", "</select>");
    assert!(choice.contains("value=\"1\" selected"), "{choice}");
    let page = desk
        .get(&format!("/deliveries/{id}?attempt=2&with=1"))
        .await;
    let card = between(&page, "Attempts 1 and 2", "</section>");
    for shown in [
        "<strong>HTTP 503</strong>",
        "<strong>HTTP 500</strong>",
        "x-node, answer",
        "&#34;why&#34;: &#34;full&#34;",
        "&#34;why&#34;: &#34;&#60;b&#62;&#34;",
    ] {
        assert!(card.contains(shown), "{shown} in {card}");
    }
    assert!(!card.contains("webhook-id, request"), "{card}");
    assert!(card.contains("The same in both"), "{card}");
    assert!(!page.contains("Answer to attempt"), "{page}");
    // An attempt that there is not is not compared with.
    let page = desk
        .get(&format!("/deliveries/{id}?attempt=2&with=9"))
        .await;
    assert!(page.contains("Answer to attempt 2"), "{page}");
}

#[tokio::test]
async fn an_attempt_under_way_is_called_so_and_not_planned_for_a_time_that_has_passed() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::hang());
    let id = deliver(&desk, &receiver).await;
    let page = desk.get(&format!("/deliveries/{id}")).await;
    assert!(page.contains("Attempt 1 is under way"), "{page}");
    assert!(!page.contains("Next attempt"), "{page}");
}

#[tokio::test]
async fn json_is_coloured_and_what_is_within_can_be_folded() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let id = deliver(&desk, &receiver).await;
    let page = desk.get(&format!("/deliveries/{id}")).await;
    let body = between(&page, "aria-label=\"the request&#39;s body\">", "</div>");
    assert!(
        body.contains("<b>&#34;sku&#34;</b>: <i>&#34;tea&#34;</i>"),
        "{body}"
    );
    assert!(body.contains("<var>7</var>"), "{body}");
    assert!(body.contains("<details open><summary>"), "{body}");
    assert_eq!(
        body.matches("<details").count(),
        body.matches("</details>").count()
    );
    let raw = desk.get(&format!("/deliveries/{id}?bodies=raw")).await;
    let body = between(&raw, "aria-label=\"the request&#39;s body\">", "</pre>");
    assert!(!body.contains("<b>"), "{body}");
}

#[tokio::test]
async fn an_events_way_is_told_for_each_of_its_webhooks() {
    let desk = Desk::open().await;
    let (shop, crm) = (Receiver::start().await, Receiver::start().await);
    crm.answer(Reply::status(500));
    let hook = json!({"url": crm.url("/"), "event_types": ["*"], "label": "CRM",
        "retry_policy": {"delays": []}});
    let made = desk.app.post("/api/v1/webhooks", &hook).await;
    made.json(StatusCode::CREATED);
    deliver(&desk, &shop).await;
    let ended = |list: &Value| {
        let rows = list["data"].as_array().unwrap().iter();
        rows.filter(|one| one["completed_at"].is_string()).count() == 2
    };
    let list = desk.app.poll("/api/v1/deliveries", ended).await;
    let event = list["data"][0]["event_id"].as_str().unwrap();
    let page = desk.get(&format!("/events/{event}")).await;
    assert!(page.contains("delivered after"), "{page}");
    assert!(page.contains("gave up after"), "{page}");
    assert!(page.contains("class=\"s-bad\" x=\""), "{page}");
}

/// Where each mark of the axis in `html` lies that has this class.
fn marks(html: &str, class: &str) -> Vec<u64> {
    let start = format!("class=\"{class}\" x=\"");
    let place = |rest: &str| rest.split('"').next().unwrap().parse().unwrap();
    html.split(&start).skip(1).map(place).collect()
}

#[tokio::test]
async fn the_timeline_has_an_axis_with_gaps_and_all_tries_that_are_planned() {
    let clock = Clock::manual(Timestamp::parse("2026-11-21T12:00:00Z").unwrap());
    let desk = Desk::open_at(clock.clone()).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(503));
    let policy = json!({"delays": ["1h", "2h", "4h"], "jitter": false});
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "retry_policy": policy});
    let made = desk.app.post("/api/v1/webhooks", &hook).await;
    made.json(StatusCode::CREATED);
    let event = json!({"type": "order.paid", "data": {}});
    let accepted = desk.app.post("/api/v1/events", &event).await;
    accepted.json(StatusCode::ACCEPTED);
    let tried = |count: u64| move |list: &Value| list["data"][0]["attempt_count"] == count;
    let list = desk.app.poll("/api/v1/deliveries", tried(1)).await;
    let page = format!("/deliveries/{}", list["data"][0]["id"].as_str().unwrap());
    // The first failed at once; the others follow after 1, 3 and 7 hours, and the axis ends with the last.
    let shown = desk.get(&page).await;
    let line = between(&shown, "<ol class=\"line\">", "</ol>");
    assert_eq!(marks(line, "s-warn"), [142, 428, 992], "{line}");
    assert_eq!(marks(line, "s-bad"), [0], "{line}");
    assert!(line.contains("should it fail, then"), "{line}");
    assert!(line.contains("2026-11-21T19:00:00"), "{line}");
    clock.advance(Duration::from_secs(3600));
    // Whoever was idle for so long signs in anew.
    let cookie = sign_in(&desk.app, "bob@example.com", Role::Owner).await;
    let desk = Desk { cookie, ..desk };
    desk.app.poll("/api/v1/deliveries", tried(2)).await;
    let shown = desk.get(&page).await;
    let line = between(&shown, "<ol class=\"line\">", "</ol>");
    assert_eq!(marks(line, "s-warn"), [428, 992], "{line}");
    assert_eq!(marks(line, "s-bad"), [142, 0], "{line}");
    assert!(line.contains("after 1 h"), "{line}");
}

//! `deliver_at` and `delay`: events that are for later.

use std::time::Duration;

use hookpost::clock::Clock;
use hookpost::domain::time::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::Receiver;

const EVENTS: &str = "/api/v1/events";

async fn subscribe(app: &TestApp, receiver: &Receiver) -> String {
    let webhook = json!({"url": receiver.url("/hook"), "event_types": ["order.*"]});
    let made = app.post("/api/v1/webhooks", &webhook).await;
    let id = made.json(StatusCode::CREATED)["id"].take();
    id.as_str().unwrap().to_owned()
}

fn later(after: Duration) -> String {
    Clock::System.now().after(after).rfc3339()
}

fn event(id: &str, with: &Value) -> Value {
    let mut event = json!({"type": "order.paid", "id": id, "data": {"n": 1}});
    let more = with.as_object().unwrap().clone();
    event.as_object_mut().unwrap().extend(more);
    event
}

async fn accept(app: &TestApp, event: &Value) -> Value {
    app.post(EVENTS, event).await.json(StatusCode::ACCEPTED)
}

async fn show(app: &TestApp, id: &str) -> Value {
    app.get(&format!("{EVENTS}/{id}"))
        .await
        .json(StatusCode::OK)
}

#[tokio::test]
async fn an_event_for_later_is_accepted_now_waits_as_scheduled_and_is_delivered_then() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let webhook = subscribe(&app, &receiver).await;
    let at = later(Duration::from_secs(2));
    let made = accept(&app, &event("later", &json!({"deliver_at": at}))).await;
    assert_eq!(
        (&made["deliver_at"], &made["deliveries"]),
        (&json!(at), &json!(1))
    );
    let shown = show(&app, "later").await;
    assert_eq!(shown["deliver_at"], at);
    let delivery = &shown["deliveries"][0];
    assert_eq!(
        (&delivery["status"], &delivery["next_attempt_at"]),
        (&json!("scheduled"), &json!(at))
    );
    let scheduled = app.get("/api/v1/deliveries?status=scheduled").await;
    let scheduled = scheduled.json(StatusCode::OK);
    assert_eq!(scheduled["data"][0]["id"], delivery["id"]);
    let stats = app.get(&format!("/api/v1/webhooks/{webhook}/stats")).await;
    assert_eq!(stats.json(StatusCode::OK)["counts"]["scheduled"], 1);
    let summary = app.get("/api/v1/retries/summary").await;
    assert_eq!(summary.json(StatusCode::OK)["due_now"], 0);
    // What comes meanwhile does not wait for it.
    accept(&app, &event("now", &json!({}))).await;
    receiver.wait_for(1).await;
    let arrived = receiver.wait_for(2).await;
    assert_eq!(arrived[1].header("webhook-id"), "later");
    assert!(Clock::System.now() >= Timestamp::parse(&at).unwrap());
    let delivered = |own: &Value| own["deliveries"][0]["status"] == "delivered";
    let over = app.poll(&format!("{EVENTS}/later"), delivered).await;
    assert_eq!(over["deliver_at"], at);
}

#[tokio::test]
async fn a_delay_and_a_time_that_is_past_are_understood_in_batches_too() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    subscribe(&app, &receiver).await;
    let batch = json!({"events": [
        event("past", &json!({"deliver_at": "2026-01-01T00:00:00Z"})),
        event("delayed", &json!({"delay": "1h"})),
        event("both", &json!({"delay": "1h", "deliver_at": later(Duration::from_secs(60))})),
        event("far", &json!({"delay": "31d"})),
    ]});
    let answer = app.post(&format!("{EVENTS}/batch"), &batch).await;
    let results = answer.json(StatusCode::ACCEPTED)["results"].take();
    let statuses: Vec<_> = (0..4).map(|at| results[at]["status"].clone()).collect();
    assert_eq!(statuses, [202, 202, 422, 422]);
    assert_eq!(results[2]["errors"][0]["field"], "delay");
    assert_eq!(results[3]["errors"][0]["field"], "delay");
    let arrived = receiver.wait_for(1).await;
    assert_eq!(arrived[0].header("webhook-id"), "past");
    let delayed = show(&app, "delayed").await;
    assert_eq!(delayed["deliveries"][0]["status"], "scheduled");
    let of = |field: &str| Timestamp::parse(delayed[field].as_str().unwrap()).unwrap();
    let hour = Duration::from_secs(3600);
    assert_eq!(of("deliver_at"), of("created_at").after(hour));
}

#[tokio::test]
async fn what_makes_no_sense_names_its_field() {
    let app = TestApp::start().await;
    for (with, field) in [
        (json!({"deliver_at": "tomorrow"}), "deliver_at"),
        (
            json!({"deliver_at": later(Duration::from_secs(31 * 24 * 3600))}),
            "deliver_at",
        ),
        (json!({"delay": "-5s"}), "delay"),
        (json!({"delay": "721h"}), "delay"),
        (
            json!({"delay": "1h", "deliver_at": later(Duration::from_secs(9))}),
            "delay",
        ),
    ] {
        app.post(EVENTS, &event("bad", &with)).await.invalid(field);
    }
    let month = json!({"deliver_at": later(Duration::from_secs(30 * 24 * 3600 - 60))});
    accept(&app, &event("month", &month)).await;
    accept(&app, &event("delayed", &json!({"delay": "30d"}))).await;
}

#[tokio::test]
async fn the_same_event_again_is_the_first_and_another_time_is_another_event() {
    let app = TestApp::start().await;
    let at = later(Duration::from_secs(3600));
    for (id, with, other) in [
        (
            "at",
            json!({"deliver_at": at}),
            json!({"deliver_at": later(Duration::from_secs(60))}),
        ),
        ("after", json!({"delay": "1h"}), json!({"delay": "2h"})),
        ("now", json!({}), json!({"delay": "2h"})),
    ] {
        let first = accept(&app, &event(id, &with)).await;
        let again = app.post(EVENTS, &event(id, &with)).await;
        assert_eq!(again.json(StatusCode::OK), first);
        app.post(EVENTS, &event(id, &other))
            .await
            .problem(409, "conflict");
    }
    app.post(EVENTS, &event("at", &json!({})))
        .await
        .problem(409, "conflict");
}

#[tokio::test]
async fn an_event_is_given_another_time_until_it_is_due_and_then_no_more() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    subscribe(&app, &receiver).await;
    accept(&app, &event("later", &json!({"delay": "1h"}))).await;
    let path = format!("{EVENTS}/later");
    let at = later(Duration::from_secs(24 * 3600));
    let moved = app.patch(&path, &json!({"deliver_at": at})).await;
    let moved = moved.json(StatusCode::OK);
    assert_eq!(
        (
            &moved["deliver_at"],
            &moved["deliveries"][0]["next_attempt_at"]
        ),
        (&json!(at), &json!(at))
    );
    // Its publisher's repetition is still the same event.
    let again = app
        .post(EVENTS, &event("later", &json!({"delay": "1h"})))
        .await;
    again.json(StatusCode::OK);
    app.patch(&path, &json!({})).await.invalid("deliver_at");
    app.patch(&path, &json!({"delay": "31d"}))
        .await
        .invalid("delay");
    app.patch(&path, &json!({"when": "now"}))
        .await
        .invalid("when");
    app.patch(&format!("{EVENTS}/nobody"), &json!({"delay": "1h"}))
        .await
        .problem(404, "not_found");
    app.patch(&path, &json!({"deliver_at": "2026-01-01T00:00:00Z"}))
        .await
        .json(StatusCode::OK);
    receiver.wait_for(1).await;
    let delivered = |own: &Value| own["deliveries"][0]["status"] == "delivered";
    app.poll(&path, delivered).await;
    app.patch(&path, &json!({"delay": "1h"}))
        .await
        .problem(409, "conflict");
}

#[tokio::test]
async fn a_scheduled_delivery_is_canceled_or_sent_now() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    subscribe(&app, &receiver).await;
    for id in ["alone", "whole", "sent"] {
        accept(&app, &event(id, &json!({"delay": "1h"}))).await;
    }
    let delivery_of = async |id: &str| {
        let shown = show(&app, id).await["deliveries"][0]["id"].take();
        format!("/api/v1/deliveries/{}", shown.as_str().unwrap())
    };
    let alone = delivery_of("alone").await;
    let canceled = app.post(&format!("{alone}/cancel"), &json!({})).await;
    assert_eq!(canceled.json(StatusCode::OK)["status"], "canceled");
    let whole = format!("{EVENTS}/whole/cancel");
    let canceled = app.post(&whole, &json!({})).await.json(StatusCode::OK);
    assert_eq!(canceled, json!({"id": "whole", "canceled": 1}));
    app.post(&whole, &json!({})).await.problem(409, "conflict");
    let sent = delivery_of("sent").await;
    app.post(&format!("{sent}/retry"), &json!({}))
        .await
        .json(StatusCode::ACCEPTED);
    let arrived = receiver.wait_for(1).await;
    assert_eq!(arrived[0].header("webhook-id"), "sent");
    let over = |own: &Value| own["deliveries"][0]["status"] == "delivered";
    app.poll(&format!("{EVENTS}/sent"), over).await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn erasing_an_event_or_revoking_its_webhook_calls_it_off() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let webhook = subscribe(&app, &receiver).await;
    for id in ["erased", "revoked"] {
        accept(&app, &event(id, &json!({"delay": "1h"}))).await;
    }
    let erased = app.delete(&format!("{EVENTS}/erased/data")).await;
    assert_eq!(erased.json(StatusCode::OK)["canceled"], 1);
    app.post(&format!("/api/v1/webhooks/{webhook}/revoke"), &json!({}))
        .await
        .json(StatusCode::OK);
    let canceled = |page: &Value| page["data"].as_array().unwrap().len() == 2;
    app.poll("/api/v1/deliveries?status=canceled", canceled)
        .await;
    let left = |conn: &hookpost::store::Read<'_>| hookpost::store::deliveries::next_planned(conn);
    crate::app::eventually(async || match app.store.read(left).await.unwrap() {
        None => Ok(()),
        Some(at) => Err(format!("one is planned for {at}")),
    })
    .await;
}

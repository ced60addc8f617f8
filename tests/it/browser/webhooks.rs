//! A receiver's life: registered, tested, used, given a new secret, ended.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Seat;
use super::accessible::check;
use super::chromium::Scripts;
use super::reader::{Colours, Width};
use crate::portal::{link, path_of};
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn a_webhook_is_registered_tested_used_rotated_and_revoked() {
    live(Scripts::On).await;
}

#[tokio::test]
async fn a_webhooks_life_needs_no_scripts() {
    live(Scripts::Off).await;
}

async fn live(scripts: Scripts) {
    let seat = Seat::owner(scripts).await;
    let receiver = Receiver::start().await;
    register(&seat, &receiver.url("/hooks")).await;
    let place = seat.reader.place().await;
    test(&seat, &place).await;
    publish(&seat, &receiver).await;
    recover(&seat, &receiver, &place).await;
    rotate(&seat, &place).await;
    revoke(&seat, &place).await;
    let reader = &seat.reader;
    reader.open("/audit-log").await;
    for action in ["create", "test", "rotate_secret", "revoke"] {
        reader.see(&format!("webhook.{action}")).await;
    }
    seat.reader.leave().await;
}

async fn register(seat: &Seat, url: &str) {
    let reader = &seat.reader;
    reader.open("/webhooks").await.see("No webhook yet").await;
    reader.press("Register the first").await;
    reader.type_into("Label", "Shop").await;
    reader.type_into("URL", "ftp://shop.example").await;
    reader.type_into("Event types", "order.*").await;
    reader.press("Register webhook").await;
    reader.see("What you typed is kept").await;
    check(reader, "/webhooks/new with faults").await;
    let beside = "const field = document.querySelector('[name=url]'); return \
        field.getAttribute('aria-invalid') === 'true' && field.getAttribute('aria-describedby')\
        .split(' ').some((id) => document.getElementById(id)?.textContent.includes('URL:'));";
    reader.until("the fault beside its field", beside).await;
    assert_eq!(reader.typed("Label").await, "Shop");
    assert_eq!(reader.typed("URL").await, "ftp://shop.example");
    assert_eq!(reader.typed("Event types").await, "order.*");
    reader.type_into("URL", url).await;
    reader.press("Register webhook").await;
    reader.see("Shown only now").await.see("whsec_").await;
    check(reader, "/webhooks/{id} with a new secret").await;
    reader.reload().await.see("Latest deliveries").await;
    let shown = reader.text().await;
    assert!(!shown.contains("whsec_"), "{shown}");
    let place = reader.place().await;
    reader.press_in("Sections of this webhook", "Verify").await;
    reader.arrive(&format!("{place}/verify")).await;
    reader.press_in("Check signatures", "Python").await;
    reader.see("hmac").await;
    reader
        .press_in("With a published library", "Python, standardwebhooks")
        .await;
    reader.see("pip install standardwebhooks").await;
    reader
        .press_in("Sections of this webhook", "Activity")
        .await;
    reader.see("Latest deliveries").await;
}

async fn test(seat: &Seat, place: &str) {
    let reader = &seat.reader;
    reader.press("Send test").await;
    reader
        .see("The test arrived. The receiver answered 200")
        .await;
    assert!(reader.place().await.starts_with(place));
    reader.type_into_in("Send a test", "Data", "{").await;
    reader.press_in("Send a test", "Send test").await;
    reader.see("is not JSON").await;
}

async fn publish(seat: &Seat, receiver: &Receiver) {
    let kind = json!({"name": "order.paid", "example": {"id": 7},
        "schema": {"type": "object", "required": ["id"]}});
    let made = seat.app.post("/api/v1/event-types", &kind).await;
    made.json(StatusCode::CREATED);
    let reader = &seat.reader;
    reader.open("/events/new").await.press("order.paid").await;
    reader.see("with example").await;
    assert!(reader.typed("Data").await.contains("\"id\": 7"));
    reader.type_into("Data", "{\"total\": 12}").await;
    reader.press("Publish").await;
    reader.see("Not published").await.see("required").await;
    assert_eq!(reader.typed("Data").await, "{\"total\": 12}");
    reader.type_into("Data", "{\"id\": 8, \"total\": 12}").await;
    reader.press("Publish").await;
    reader.see("Published, with 1 delivery.").await;
    receiver.wait_for(2).await;
    reader.reload().await.see("Webhook Result").await;
    let deliveries = "Deliveries of this event, newest first";
    reader.press_in(deliveries, "Shop").await;
    reader.arrive("/deliveries/").await.see("Attempt 1").await;
    for shown in ["webhook-signature", "\"total\": 12", "Answer to attempt 1"] {
        reader.see(shown).await;
    }
    reader
        .press("Show raw")
        .await
        .see("\"data\":{\"id\": 8")
        .await;
    reader
        .press("As a curl command")
        .await
        .see("curl -sS")
        .await;
}

async fn recover(seat: &Seat, receiver: &Receiver, place: &str) {
    let reader = &seat.reader;
    reader.open(place).await.press("Disable").await;
    reader.see("0 deliveries that are waiting").await;
    reader.press("Disable it").await;
    reader.see("It gets nothing new").await;
    let event = json!({"type": "order.paid", "data": {"id": 9}});
    let accepted = seat.app.post("/api/v1/events", &event).await;
    accepted.json(StatusCode::ACCEPTED);
    reader.open("/events").await;
    reader
        .press_in("Events, newest first", "order.paid")
        .await
        .see("Webhooks that did not get it")
        .await
        .see("Replay to it")
        .await;
    reader.open(place).await.press("Enable").await;
    reader.miss("It gets nothing new").await;
    reader.press_in("Sections of this webhook", "Recover").await;
    reader
        .press_in("Recover", "Recover")
        .await
        .arrive("/jobs/")
        .await;
    receiver.wait_for(3).await;
    let done = |job: &Value| job["data"][0]["status"] == "done";
    seat.app.poll("/api/v1/jobs", done).await;
    reader.reload().await.see("1 of 1 item").await;
}

async fn rotate(seat: &Seat, place: &str) {
    let reader = &seat.reader;
    reader.open(place).await;
    reader.press_in("Sections of this webhook", "Secret").await;
    reader.see("never rotated").await;
    reader.choose("Old secret stays valid for", "1 hour").await;
    reader.press("Rotate secret").await;
    reader.see("The secret was rotated.").await;
    reader.see("Shown only now").await.see("whsec_").await;
    reader.see("The previous secret is valid until").await;
}

async fn revoke(seat: &Seat, place: &str) {
    let reader = &seat.reader;
    reader.open(place).await;
    reader
        .press_in("Sections of this webhook", "Settings")
        .await;
    reader.type_into_in("Danger zone", "Name", "Shup").await;
    reader.press("Revoke").await.see("Nothing was done").await;
    reader.type_into_in("Danger zone", "Name", "Shop").await;
    reader.press("Revoke").await.see("Revoked for good").await;
    assert!(!reader.offers("", "Enable").await);
    for section in ["Test", "Secret", "Recover"] {
        assert!(!reader.offers("Sections of this webhook", section).await);
    }
}

#[tokio::test]
async fn what_failed_is_recovered_from_within_the_banner() {
    recover_from_the_banner(Scripts::On).await;
}

#[tokio::test]
async fn recovering_from_the_banner_needs_no_scripts() {
    recover_from_the_banner(Scripts::Off).await;
}

async fn recover_from_the_banner(scripts: Scripts) {
    let seat = Seat::owner(scripts).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "label": "Shop",
        "retry_policy": {"delays": []}});
    let made = seat.app.post("/api/v1/webhooks", &hook).await;
    let made = made.json(StatusCode::CREATED);
    let event = json!({"type": "order.paid", "data": {"id": 1}});
    let accepted = seat.app.post("/api/v1/events", &event).await;
    accepted.json(StatusCode::ACCEPTED);
    let dead = |list: &Value| list["data"].as_array().unwrap().len() == 1;
    seat.app.poll("/api/v1/dead-letters", dead).await;
    let reader = &seat.reader;
    let place = format!("/webhooks/{}", made["id"].as_str().unwrap());
    reader
        .open(&place)
        .await
        .see("1 failed attempt in a row")
        .await;
    check(reader, "/webhooks/{id} while it fails").await;
    reader.press("Choose what").await;
    reader.arrive(&format!("{place}/recover")).await;
    assert_eq!(reader.typed("Created").await, "1h");
    receiver.answer(Reply::status(200));
    reader.open(&format!("{place}/settings")).await;
    reader.press("Recover the last hour").await;
    reader.arrive("/jobs/").await;
    receiver.wait_for(2).await;
    seat.reader.leave().await;
}

#[tokio::test]
async fn event_types_are_picked_narrowed_and_kept() {
    pick(Scripts::On).await;
}

#[tokio::test]
async fn picking_event_types_needs_no_scripts() {
    pick(Scripts::Off).await;
}

/// The smallest part of the page that holds all fifty boxes is no taller than a screen.
const FIFTY_IN_LITTLE_ROOM: &str = "
const boxes = [...document.querySelectorAll('input[value^=\"order.kind_\"]')];
let part = boxes[0].parentElement;
while (!boxes.every((box) => part.contains(box))) part = part.parentElement;
return boxes.length === 50 && part.getBoundingClientRect().height < 700;";

async fn pick(scripts: Scripts) {
    let seat = Seat::owner(scripts).await;
    let receiver = Receiver::start().await;
    for n in 0..50 {
        let kind = json!({"name": format!("order.kind_{n}"), "group": "Shop"});
        let made = seat.app.post("/api/v1/event-types", &kind).await;
        made.json(StatusCode::CREATED);
    }
    let reader = &seat.reader;
    reader
        .open("/webhooks/new")
        .await
        .see("order.kind_13")
        .await;
    reader
        .until("fifty types in little room", FIFTY_IN_LITTLE_ROOM)
        .await;
    reader.type_into("URL", &receiver.url("/")).await;
    reader.type_into("Event types", "invoice.*").await;
    if scripts == Scripts::On {
        reader.type_into("Narrow event types", "_12").await;
        reader.miss("order.kind_13").await;
    }
    reader.tick("order.kind_12").await;
    check(reader, "/webhooks/new with types to pick").await;
    reader
        .press("Register webhook")
        .await
        .see("Shown only now")
        .await;
    let place = reader.place().await;
    let stored = async || {
        let answer = seat.app.get(&format!("/api/v1{place}")).await;
        answer.json(StatusCode::OK)["event_types"].clone()
    };
    assert_eq!(stored().await, json!(["invoice.*", "order.kind_12"]));
    reader.open(&format!("{place}/edit")).await;
    assert_eq!(reader.typed("Event types").await, "invoice.*");
    reader.tick("order.kind_12").await.tick("order.*").await;
    reader.press("Save").await.see("Saved").await;
    assert_eq!(stored().await, json!(["invoice.*", "order.*"]));
    seat.reader.leave().await;
}

/// Whether the rate has the colour of its class, and not that of a link.
const COLOURED: &str = "const probe = (name, kind) => { \
        const one = document.createElement(name); \
        one.className = kind; \
        if (name === 'a') one.href = '/'; \
        document.querySelector('main').append(one); \
        const { color } = getComputedStyle(one); \
        one.remove(); \
        return color; \
    }; \
    const { color } = getComputedStyle(document.querySelector('td.warn a')); \
    return color === probe('span', 'warn') && color !== probe('a', '');";

#[tokio::test]
async fn a_rate_that_is_worth_a_look_has_its_colour_although_it_leads_on() {
    let seat = Seat::owner(Scripts::On).await;
    let receiver = Receiver::start().await;
    receiver.script([500, 500].map(Reply::status));
    let acme = json!({"uid": "acme"});
    seat.app.post("/api/v1/consumers", &acme).await;
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "consumer": "acme",
        "retry_policy": {"delays": []}});
    let made = seat.app.post("/api/v1/webhooks", &hook).await;
    made.json(StatusCode::CREATED);
    let event = json!({"type": "order.paid", "data": {}, "consumer": "acme"});
    let events = json!({"events": vec![event; 11]});
    let accepted = seat.app.post("/api/v1/events/batch", &events).await;
    assert!(accepted.status.is_success(), "{}", accepted.text);
    receiver.wait_for(11).await;
    let tried = |stats: &Value| stats["counts"]["delivered"] == 9;
    seat.app.poll("/api/v1/stats", tried).await;
    let reader = &seat.reader;
    for colours in [Colours::Light, Colours::Dark] {
        reader.look(Width::Desk, colours).await;
        reader.open("/webhooks").await.see("81.8 %").await;
        reader.until("the rate in its colour", COLOURED).await;
    }
    let link = link(&seat.app, "acme", &json!({})).await;
    reader.open(&path_of(&link)).await.arrive("/portal").await;
    reader.open("/portal/webhooks").await.see("81.8 %").await;
    reader
        .until("the customer's rate in its colour", COLOURED)
        .await;
    seat.reader.leave().await;
}

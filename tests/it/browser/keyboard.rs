//! Without a mouse: from the first page to a mended delivery.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Seat;
use super::accessible::check;
use super::chromium::Scripts;
use super::reader::{ENTER, ESCAPE};
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn a_webhook_is_registered_tested_and_looked_after_by_keyboard_only() {
    let seat = Seat::owner(Scripts::On).await;
    let receiver = Receiver::start().await;
    let reader = &seat.reader;
    reader.open("/").await.tab_to("Skip to content").await;
    reader.keys(ENTER).await;
    reader.tab_to("Register").await.keys(ENTER).await;
    reader.arrive("/webhooks/new").await.see("Receiver").await;
    reader
        .tab_to("URL")
        .await
        .keys(receiver.url("/hooks"))
        .await;
    reader.tab_to("Label").await.keys("Shop").await;
    reader.tab_to("Event types").await.keys("order.*").await;
    reader.tab_to("Register webhook").await.keys(ENTER).await;
    reader.see("Shown only now").await;
    reader.tab_to("Send test").await.keys(ENTER).await;
    reader.see("The test arrived.").await;
    receiver.answer(Reply::status(500));
    let event = json!({"type": "order.paid", "data": {}});
    let accepted = seat.app.post("/api/v1/events", &event).await;
    accepted.json(StatusCode::ACCEPTED);
    let failed = |list: &Value| list["data"].as_array().unwrap().len() == 1;
    let path = "/api/v1/deliveries?status=retrying";
    seat.app.poll(path, failed).await;
    retry_by_shortcuts(&seat, &receiver).await;
    seat.reader.leave().await;
}

async fn retry_by_shortcuts(seat: &Seat, receiver: &Receiver) {
    let reader = &seat.reader;
    reader.keys("?").await.see("next, previous row").await;
    check(reader, "the list of shortcuts").await;
    reader.keys(ESCAPE).await.miss("next, previous row").await;
    reader.arrive_by("gd", "/deliveries").await;
    reader.see("retrying order.paid").await;
    reader.keys("j").await.keys(ENTER).await;
    reader
        .arrive("/deliveries/dlv_")
        .await
        .see("Attempt 1")
        .await;
    receiver.answer(Reply::status(200));
    reader.tab_to("Retry now").await.keys(ENTER).await;
    reader.see("Attempt 2").await.see("delivered").await;
}

/// Presses a key without letting it go, then lets it go; which of the two leaves the page.
const WHEN_IT_LEAVES: &str = r#"
let leaves = false;
navigation.addEventListener("navigate", () => { leaves = true; });
const press = (name, keys) => document.body.dispatchEvent(new KeyboardEvent(name, { bubbles: true, ...keys }));
press("keydown", arguments[0]);
const early = leaves;
press("keyup", arguments[0]);
return [early, leaves];
"#;

/// What a key types after the page was left would stand in the next page's field.
#[tokio::test]
async fn a_page_is_left_when_the_key_is_up() {
    let seat = Seat::owner(Scripts::On).await;
    let reader = &seat.reader;
    let slash = json!({"key": "/"});
    let held = json!({"key": "k", "ctrlKey": true});
    // Also from lists that have fields of their own.
    let places = [
        "/",
        "/deliveries",
        "/dead-letters",
        "/events",
        "/webhooks",
        "/consumers",
    ];
    let from_lists = places.map(|place| (slash.clone(), place));
    for (keys, place) in from_lists.into_iter().chain([(held, "/")]) {
        reader.open(place).await.see("Overview").await;
        let left = reader
            .script(WHEN_IT_LEAVES, std::slice::from_ref(&keys))
            .await;
        assert_eq!(left, Some(json!([false, true])), "{keys}");
        reader
            .arrive("/search")
            .await
            .see_focus("Id, name or text")
            .await;
    }
    seat.reader.leave().await;
}

#[tokio::test]
async fn single_keys_do_nothing_once_they_are_turned_off() {
    let seat = Seat::owner(Scripts::On).await;
    let reader = &seat.reader;
    reader
        .open("/")
        .await
        .press("ada@example.com, account")
        .await;
    reader
        .press("Turn shortcuts off")
        .await
        .see("Overview")
        .await;
    reader.keys("gd").await.keys("?").await;
    assert_eq!(reader.place().await, "/");
    assert!(!reader.text().await.contains("next, previous row"));
    reader.press("ada@example.com, account").await;
    reader
        .press("Turn shortcuts on")
        .await
        .see("Overview")
        .await;
    reader.arrive_by("gd", "/deliveries").await;
    seat.reader.leave().await;
}

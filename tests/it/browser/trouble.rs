//! Something fails: it is found, understood, mended and sent again.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Seat;
use super::accessible::check;
use super::chromium::Scripts;
use super::first_run::enrol;
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn a_failing_receiver_is_two_presses_away_and_mended_with_a_fresh_code() {
    mend(Scripts::On).await;
}

#[tokio::test]
async fn trouble_is_found_and_mended_without_scripts() {
    mend(Scripts::Off).await;
}

#[tokio::test]
async fn all_dead_letters_are_retried_with_a_bar_that_survives_a_reload() {
    let mut seat = Seat::owner(Scripts::On).await;
    let receiver = Receiver::start().await;
    give_up(&seat, &receiver, 300).await;
    seat.app.rest();
    let reader = &seat.reader;
    reader.open("/dead-letters").await.see("HTTP 500").await;
    reader.tick("Tick all on this page").await;
    reader.tick("All 300 that match").await;
    reader
        .press("Retry")
        .await
        .see("Retry 300 dead letters?")
        .await;
    reader.press("Retry them").await.arrive("/jobs/").await;
    reader.see("300 items found").await;
    reader.see("0 of 300 items").await;
    // Seen without a reload, and after one.
    seat.app.service.step_jobs(0).await.unwrap();
    reader.see("250 of 300 items").await;
    reader.reload().await.see("250 of 300 items").await;
    let bar = "const bar = document.querySelector('progress'); return bar.value === 250 && \
        bar.max === 300;";
    reader.until("the bar to stand at 250", bar).await;
    check(reader, "/jobs/{id} under way").await;
    seat.app.work_on();
    reader.see("300 of 300 items").await.see("done").await;
    reader.open("/dead-letters").await;
    reader.see("No dead letters").await;
    let delivered = |list: &Value| list["data"].as_array().unwrap().len() == 250;
    let path = "/api/v1/deliveries?status=delivered&limit=250";
    seat.app.poll(path, delivered).await;
    reader.open("/audit-log").await;
    reader.see("dead_letter.retry_many").await;
    seat.reader.leave().await;
}

#[tokio::test]
async fn ticked_dead_letters_are_discarded_without_scripts() {
    let seat = Seat::owner(Scripts::Off).await;
    let receiver = Receiver::start().await;
    give_up(&seat, &receiver, 3).await;
    let reader = &seat.reader;
    reader.open("/dead-letters").await;
    reader.press("Discard").await;
    reader.see("Nothing was ticked").await;
    reader.tick("Tick row 1").await;
    reader
        .press("Discard")
        .await
        .see("Discard 1 dead letter?")
        .await;
    reader.press("Discard them").await.arrive("/jobs/").await;
    let two = |list: &Value| list["data"].as_array().unwrap().len() == 2;
    seat.app.poll("/api/v1/dead-letters", two).await;
    reader.reload().await.see("1 of 1 item").await;
    seat.reader.leave().await;
}

#[tokio::test]
async fn deliveries_are_narrowed_down_by_the_address_and_one_is_canceled() {
    narrow_down(Scripts::On).await;
}

#[tokio::test]
async fn narrowing_down_works_without_scripts() {
    narrow_down(Scripts::Off).await;
}

#[tokio::test]
async fn the_overview_changes_by_itself_and_can_be_held() {
    let seat = Seat::owner(Scripts::On).await;
    let receiver = Receiver::start().await;
    webhook(&seat, &receiver, "Shop").await;
    let reader = &seat.reader;
    reader.open("/").await.see("Events accepted 0").await;
    publish(&seat, 1).await;
    reader
        .see("Events accepted 1")
        .await
        .see("Delivered 1")
        .await;
    reader.press("Live").await.see("Paused").await;
    publish(&seat, 1).await;
    receiver.wait_for(2).await;
    assert!(reader.text().await.contains("Events accepted 1 "));
    reader.press("Paused").await.see("Events accepted 2").await;
    seat.reader.leave().await;
}

async fn narrow_down(scripts: Scripts) {
    let seat = Seat::owner(scripts).await;
    let (crm, shop) = (Receiver::start().await, Receiver::start().await);
    crm.answer(Reply::status(500));
    webhook(&seat, &crm, "CRM").await;
    webhook(&seat, &shop, "Shop").await;
    publish(&seat, 2).await;
    let tried = |stats: &Value| stats["counts"]["pending"] == 0;
    seat.app.poll("/api/v1/stats", tried).await;
    let reader = &seat.reader;
    reader.open("/deliveries").await;
    reader.press_in("Status", "retrying").await;
    reader.arrive("/deliveries?status=retrying").await;
    let only_crm = "const rows = [...document.querySelectorAll('tbody tr')]; return \
        rows.length === 2 && rows.every((row) => row.textContent.includes('CRM'));";
    reader.until("the two that fail", only_crm).await;
    reader.type_into("Webhook", "sho").await;
    if scripts == Scripts::On {
        let offered = "const all = [...document.querySelectorAll('#names option')]; return \
            all.length === 1 && all[0].value.startsWith('Shop wh_');";
        reader.until("the one that is offered", offered).await;
    }
    reader.press("Filter").await;
    reader.see("No delivery matches").await;
    let place = reader.place().await;
    assert!(place.contains("webhook_id=wh_"), "{place}");
    // The address says it all: who gets it by mail sees the same.
    reader.open("/").await.open(&place).await;
    reader.see("No delivery matches").await;
    reader.press("Show all deliveries").await.see("Shop").await;
    let failing = "Deliveries, newest first";
    reader.open("/deliveries?status=retrying").await;
    reader.press_in(failing, "order.paid").await;
    reader.see("HTTP 500").await.press("Cancel").await;
    reader.see("canceled").await;
    assert!(!reader.offers("", "Cancel").await);
    seat.reader.leave().await;
}

async fn mend(scripts: Scripts) {
    let seat = Seat::owner(scripts).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(503).body("{\"error\":\"down for maintenance\"}"));
    webhook(&seat, &receiver, "CRM").await;
    let phone = enrol(&seat).await;
    publish(&seat, 1).await;
    let failed = |list: &Value| list["data"].as_array().unwrap().len() == 1;
    let path = "/api/v1/deliveries?status=retrying";
    seat.app.poll(path, failed).await;
    let reader = &seat.reader;
    reader.open("/").await.see("Needs attention").await;
    reader.see("1 failure in a row; HTTP 503").await;
    reader.press_in("Needs attention", "CRM").await;
    reader.see("1 failed attempt in a row").await;
    reader.press_in("Latest deliveries", "order.paid").await;
    reader
        .see("HTTP 503")
        .await
        .see("down for maintenance")
        .await;
    reader.see("Next attempt").await;
    // The code shown at enrolment is no longer fresh.
    seat.clock.advance(Duration::from_secs(16 * 60));
    receiver.answer(Reply::status(200));
    let place = reader.place().await;
    reader.press("Retry now").await.arrive("/confirm").await;
    reader.see("Show that it is you").await;
    check(reader, "/confirm").await;
    reader
        .type_into("Code", &phone.code(seat.clock.now()))
        .await;
    reader.press("Confirm").await.arrive(&place).await;
    reader.press("Retry now").await;
    receiver.wait_for(2).await;
    if scripts == Scripts::Off {
        let path = "/api/v1/deliveries?status=delivered";
        seat.app.poll(path, failed).await;
        reader.reload().await;
    }
    reader.see("Attempt 2").await.see("delivered").await;
    reader.open("/audit-log").await.see("delivery.retry").await;
    reader.open("/").await.see("All is well").await;
    seat.reader.leave().await;
}

async fn webhook(seat: &Seat, receiver: &Receiver, label: &str) {
    let body = json!({"url": receiver.url("/"), "event_types": ["*"], "label": label,
        "retry_policy": {"delays": ["1h"], "jitter": false}});
    let made = seat.app.post("/api/v1/webhooks", &body).await;
    made.json(StatusCode::CREATED);
}

async fn publish(seat: &Seat, count: usize) {
    let event = |n: usize| json!({"type": "order.paid", "data": {"order": n}});
    let events: Vec<Value> = (0..count).map(event).collect();
    let body = json!({ "events": events });
    let accepted = seat.app.post("/api/v1/events/batch", &body).await;
    assert!(accepted.status.is_success(), "{}", accepted.text);
}

/// So many dead letters of a receiver that answers again.
async fn give_up(seat: &Seat, receiver: &Receiver, count: usize) {
    receiver.answer(Reply::status(500));
    let body = json!({"url": receiver.url("/"), "event_types": ["*"], "label": "Shop",
        "retry_policy": {"delays": []}});
    let made = seat.app.post("/api/v1/webhooks", &body).await;
    made.json(StatusCode::CREATED);
    publish(seat, count).await;
    let open = |stats: &Value| {
        let counts = &stats["counts"];
        counts["pending"] == 0 && counts["exhausted"] == count
    };
    seat.app.poll("/api/v1/stats", open).await;
    receiver.answer(Reply::status(200));
}

//! What takes a platform's customer how many clicks and seconds, from opening the link on.
//!
//! As the operators' journeys ([`super::journeys`]): walked as a person would, counted, printed with the
//! seconds (`--no-capture`); the clicks are bound, seconds are this machine's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

use super::Seat;
use super::chromium::Scripts;
use super::journeys::Walk;
use super::reader::Reader;
use crate::portal::{link, path_of};
use crate::receiver::{Received, Receiver, Reply};

/// Events that the broken webhook did not get.
const LOST: usize = 12;

/// The text that the page shows there.
async fn shown(reader: &Reader, selector: &str) -> String {
    let text = "return document.querySelector(arguments[0]).textContent;";
    let shown = reader.script(text, &[json!(selector)]).await.unwrap();
    shown.as_str().unwrap().to_owned()
}

/// Checks a signature as a receiver does, with nothing but the secret.
fn assert_verified(received: &Received, secret: &str) {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, at) = (
        received.header("webhook-id"),
        received.header("webhook-timestamp"),
    );
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(&received.body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(
        received.header("webhook-signature"),
        expected,
        "{received:?}"
    );
}

#[tokio::test]
async fn from_the_link_to_a_verified_delivery_and_from_a_failure_to_its_recovery() {
    let seat = Seat::nobody(Scripts::On).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(200));
    seat.describe().await;
    let link = link(&seat.app, "acme", &json!({})).await;
    let link = path_of(&link);
    add_the_first(&seat, &link, &receiver).await;
    let hooks = seat.app.get("/api/v1/webhooks").await.json(StatusCode::OK);
    let hook = format!(
        "/api/v1/webhooks/{}",
        hooks["data"][0]["id"].as_str().unwrap()
    );
    let rash = json!({"retry_policy": {"delays": []}});
    seat.app.patch(&hook, &rash).await.json(StatusCode::OK);
    receiver.answer(Reply::status(503).body("maintenance window"));
    for id in 0..LOST {
        seat.publish(u32::try_from(id).unwrap()).await;
    }
    let lost = |stats: &Value| stats["counts"]["exhausted"] == LOST;
    seat.app.poll("/api/v1/stats", lost).await;
    let host = receiver.url("");
    let host = host.trim_start_matches("http://");
    find_the_failure(&seat, &link, host).await;
    receiver.answer(Reply::status(200));
    recover(&seat, &link, host, &receiver).await;
    seat.reader.leave().await;
}

/// What a customer does who has a URL and has just opened the link: reads what there is, registers, copies
/// the secret and the code that checks with it, and sees a test arrive.
async fn add_the_first(seat: &Seat, link: &str, receiver: &Receiver) {
    let reader = &seat.reader;
    let mut walk = Walk::from_here(
        reader,
        "first webhook, from the link to a verified delivery",
    );
    reader.open(link).await.arrive("/portal").await;
    walk.press("See which events there are").await;
    walk.press("order.paid").await.see("Money has come.").await;
    reader.see("Example").await.see("Schema").await;
    walk.press("New webhook for it").await;
    walk.type_into("URL", &receiver.url("/hooks")).await;
    walk.press("Register webhook").await.see("whsec_").await;
    let secret = shown(reader, ".secret code").await;
    walk.press("Copy the secret")
        .await
        .see_copied(&secret)
        .await;
    walk.press("Python").await;
    let snippet = shown(reader, "[aria-label=Python]").await;
    assert!(snippet.contains("def "), "{snippet}");
    walk.press("Copy the snippet for Python").await;
    reader.see_copied(&snippet).await;
    walk.press("Send test").await.see("The test arrived.").await;
    let received = receiver.wait_for(1).await;
    assert_verified(&received[0], &secret);
    walk.end(8);
}

/// A month later something failed: the attempt, its answer and why.
async fn find_the_failure(seat: &Seat, link: &str, host: &str) {
    let reader = &seat.reader;
    let mut walk = Walk::from_here(reader, "find the failed attempt");
    reader.open(link).await.arrive("/portal").await;
    walk.press_in("Needs attention", host).await;
    walk.press_in("Latest deliveries", "order.paid").await;
    reader.see("maintenance window").await;
    reader.see("can't take this now").await;
    walk.end(2);
}

/// The receiver is mended: what it did not get since then goes to it, and is seen to arrive.
async fn recover(seat: &Seat, link: &str, host: &str, receiver: &Receiver) {
    let reader = &seat.reader;
    let before = receiver.received().len();
    let mut walk = Walk::from_here(reader, "recover since it began to fail");
    reader.open(link).await.arrive("/portal").await;
    walk.press_in("Needs attention", host).await;
    assert!(reader.typed("Created").await.contains('T'));
    walk.press_in("Recover", "Recover").await;
    reader.arrive("/portal/jobs/").await;
    reader.see(&format!("{LOST} of {LOST} items")).await;
    walk.end(2);
    receiver.wait_for(before + LOST).await;
}

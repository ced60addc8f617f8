//! Pictures of the main pages, in light and dark, wide and narrow, with a day of history on them.
//!
//! They are drawn by every run, into `target/pictures`, so that they never stop working. With
//! `HOOKPOST_PICTURES` set to a directory, those of the README are also written there.

use std::path::{Path, PathBuf};

use hookpost::domain::role::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Seat;
use super::chromium::Scripts;
use super::reader::{Colours, Width};
use super::story::Story;
use crate::portal::{link, path_of};
use crate::receiver::{Receiver, Reply};

/// What is drawn: the file's name and the page.
const PAGES: [(&str, &str); 20] = [
    ("overview", "/"),
    ("webhooks", "/webhooks"),
    ("webhook", "/webhooks/{webhook}"),
    ("webhook-verify", "/webhooks/{webhook}/verify"),
    ("webhook-new", "/webhooks/new"),
    ("deliveries", "/deliveries"),
    ("delivery", "/deliveries/{delivery}"),
    ("dead-letters", "/dead-letters"),
    ("events", "/events"),
    ("event", "/events/{event}"),
    ("event-new", "/events/new?type=order.paid"),
    ("event-types", "/event-types"),
    ("event-type", "/event-types/order.paid"),
    ("api-keys", "/api-keys"),
    ("workspaces", "/workspaces"),
    ("settings", "/settings"),
    ("people", "/people"),
    ("profile", "/profile"),
    ("audit-log", "/audit-log"),
    ("system", "/system"),
];
/// What is drawn where there are many webhooks.
const CROWDED: [(&str, &str); 7] = [
    ("overview", "/"),
    ("webhooks", "/webhooks"),
    ("deliveries", "/deliveries"),
    ("dead-letters", "/dead-letters"),
    ("jobs", "/jobs"),
    ("search", "/search?q=branch"),
    ("consumers", "/consumers"),
];
/// How many there are then, and of how many customers.
const WEBHOOKS: u32 = 200;
const CONSUMERS: u32 = 40;
const COLOURS: [(&str, Colours); 2] = [("light", Colours::Light), ("dark", Colours::Dark)];
/// The pictures of the README.
const SHOWN: [&str; 3] = [
    "overview-light.png",
    "delivery-dark.png",
    "portal-light.png",
];
/// The most bytes of a picture of the README: it lives in the repository for ever.
const SHOWN_BYTES_MAX: usize = 150 * 1024;
/// Steps of the day; enough that no bar of a chart stays empty.
const STEPS: u32 = 72;
/// Events that a customer's webhook took before it failed.
const CUSTOMERS_EVENTS: u32 = 6;

#[tokio::test]
async fn the_main_pages_are_drawn_in_light_and_dark() {
    let seat = Seat::a_day_ago(Scripts::On).await;
    let story = Story::tell(&seat, STEPS).await;
    seat.sign_in(Role::Owner).await;
    let folder = folder();
    for (name, sample) in PAGES {
        draw(&seat, &folder, name, &story.place(sample)).await;
    }
    seat.reader.leave().await;
}

/// Draws the page at `place`, wide and narrow, in light and dark.
async fn draw(seat: &Seat, folder: &Path, name: &str, place: &str) {
    seat.reader.open(place).await;
    for (colour, colours) in COLOURS {
        seat.reader.look(Width::Desk, colours).await;
        let file = format!("{name}-{colour}.png");
        let picture = seat.reader.chromium.driver.screenshot_as_png().await;
        keep(folder, &file, &picture.unwrap());
        seat.reader.look(Width::Handset, colours).await;
        let file = format!("{name}-{colour}-phone.png");
        let picture = seat.reader.chromium.driver.screenshot_as_png().await;
        keep(folder, &file, &picture.unwrap());
    }
}

#[tokio::test]
async fn lists_are_drawn_beside_two_hundred_webhooks() {
    let seat = Seat::owner(Scripts::On).await;
    let receiver = Receiver::start().await;
    for n in 0..WEBHOOKS {
        let consumer = format!("customer-{:02}", n % CONSUMERS);
        if n < CONSUMERS {
            let body = json!({"uid": consumer, "name": format!("Customer {n:02}")});
            let made = seat.app.post("/api/v1/consumers", &body).await;
            made.json(StatusCode::CREATED);
        }
        let hook = json!({"url": receiver.url("/hooks"), "event_types": ["order.*"],
            "label": format!("Branch {n:03}"), "consumer": consumer, "retry_policy": {"delays": []}});
        let made = seat.app.post("/api/v1/webhooks", &hook).await;
        made.json(StatusCode::CREATED);
    }
    receiver.answer(Reply::status(503).body("{\"error\": \"maintenance\"}"));
    let event = json!({"type": "order.paid", "data": {"branch": 7}, "consumer": "customer-07"});
    let accepted = seat.app.post("/api/v1/events", &event).await;
    accepted.json(StatusCode::ACCEPTED);
    let dead = (WEBHOOKS / CONSUMERS) as usize;
    let all = |page: &Value| page["data"].as_array().unwrap().len() == dead;
    seat.app.poll("/api/v1/dead-letters", all).await;
    let retried = json!({"filter": {}});
    let begun = seat.app.post("/api/v1/dead-letters/retry", &retried).await;
    begun.json(StatusCode::ACCEPTED);
    let over = |page: &Value| page["data"][0]["status"] == "done";
    seat.app.poll("/api/v1/jobs", over).await;
    for (name, place) in CROWDED {
        draw(&seat, &folder(), &format!("crowd-{name}"), place).await;
    }
    seat.reader.leave().await;
}

#[tokio::test]
async fn the_portal_is_drawn_in_the_platforms_colours() {
    let seat = Seat::nobody(Scripts::On).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(200));
    seat.describe().await;
    let branding = json!({"name": "Acme Pay", "accent": "#6d28d9"});
    seat.say(&json!({ "branding": branding })).await;
    let link = link(&seat.app, "acme", &json!({})).await;
    let webhook = json!({"url": receiver.url("/hooks"), "event_types": ["order.*"],
        "label": "Shop", "consumer": "acme"});
    let made = seat.app.post("/api/v1/webhooks", &webhook).await;
    let made = made.json(StatusCode::CREATED);
    for id in 1..=CUSTOMERS_EVENTS {
        seat.publish(id).await;
    }
    let all = |status: &'static str, count: u32| {
        move |page: &Value| {
            let rows = page["data"].as_array().unwrap().iter();
            rows.filter(|row| row["status"] == status).count() == count as usize
        }
    };
    let delivered = all("delivered", CUSTOMERS_EVENTS);
    seat.app.poll("/api/v1/deliveries", delivered).await;
    receiver.answer(Reply::status(503).body("{\"error\": \"maintenance\"}"));
    seat.publish(CUSTOMERS_EVENTS + 1).await;
    let retrying = all("retrying", 1);
    seat.app.poll("/api/v1/deliveries", retrying).await;
    let reader = &seat.reader;
    reader.open(&path_of(&link)).await.arrive("/portal").await;
    let place = format!("/portal/webhooks/{}", made["id"].as_str().unwrap());
    reader.open(&place).await;
    for (colour, colours) in COLOURS {
        reader.look(Width::Desk, colours).await;
        let picture = reader.chromium.driver.screenshot_as_png().await;
        let file = format!("portal-{colour}.png");
        keep(&folder(), &file, &picture.unwrap());
    }
    seat.reader.leave().await;
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn keep(folder: &Path, file: &str, picture: &[u8]) {
    std::fs::write(folder.join(file), picture).unwrap();
    if SHOWN.contains(&file) {
        assert!(
            picture.len() <= SHOWN_BYTES_MAX,
            "{file}: {}",
            picture.len()
        );
        if let Some(place) = std::env::var_os("HOOKPOST_PICTURES") {
            std::fs::write(PathBuf::from(place).join(file), picture).unwrap();
        }
    }
}

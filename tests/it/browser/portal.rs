//! A platform's customer in the portal: alone, in a frame of another site, in the platform's colours.

use std::collections::BTreeSet;

use hookpost::portal;
use hookpost::web::audience::Audience;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Seat;
use super::accessible::check;
use super::chromium::Scripts;
use super::reader::Reader;
use crate::portal::{PNG, link, path_of};
use crate::receiver::{Receiver, Reply};

/// Every page of the portal, and where to find one with something on it.
#[rustfmt::skip]
const PAGES: [(&str, &str); 15] = [
    ("/portal", "/portal"),
    ("/portal/ended", "/portal/ended"),
    ("/portal/webhooks", "/portal/webhooks"),
    ("/portal/alerts", "/portal/alerts"),
    ("/portal/webhooks/new", "/portal/webhooks/new"),
    ("/portal/webhooks/{id}", "/portal/webhooks/{webhook}"),
    ("/portal/webhooks/{id}/edit", "/portal/webhooks/{webhook}/edit"),
    ("/portal/webhooks/{id}/verify", "/portal/webhooks/{webhook}/verify"),
    ("/portal/webhooks/{id}/secret", "/portal/webhooks/{webhook}/secret"),
    ("/portal/deliveries", "/portal/deliveries"),
    ("/portal/deliveries/{id}", "/portal/deliveries/{delivery}"),
    ("/portal/dead-letters", "/portal/dead-letters"),
    ("/portal/event-types", "/portal/event-types"),
    ("/portal/event-types/{name}", "/portal/event-types/order.paid"),
    ("/portal/event-types/{name}/versions/{version}", "/portal/event-types/order.paid/versions/1"),
];
/// The pages that need something to have happened, and what is no page.
const OTHERS: [&str; 5] = [
    "/portal/open",
    "/portal/events/{id}",
    "/portal/jobs/{id}",
    "/portal/looks.css",
    "/portal/logo",
];

/// A colour on which white cannot be read, and which cannot be read on white.
pub(super) const DIFFICULT: &str = "#ffd400";

impl Seat {
    pub(super) async fn say(&self, settings: &Value) {
        let path = format!("/api/v1/workspaces/{}", self.app.default_workspace());
        let call = self.app.call(Method::PATCH, &path).json(settings);
        call.send().await.json(StatusCode::OK);
    }

    pub(super) async fn describe(&self) {
        let kind = json!({"name": "order.paid", "description": "Money has come.",
            "example": {"id": 7}, "schema": {"type": "object", "required": ["id"]}});
        let made = self.app.post("/api/v1/event-types", &kind).await;
        made.json(StatusCode::CREATED);
        let version = json!({"example": {"id": 7}, "schema": {"type": "object"}});
        let path = "/api/v1/event-types/order.paid/versions";
        let made = self.app.post(path, &version).await;
        made.json(StatusCode::CREATED);
    }

    pub(super) async fn publish(&self, id: u32) -> Value {
        let event = json!({"type": "order.paid", "data": {"id": id}, "consumer": "acme"});
        let accepted = self.app.post("/api/v1/events", &event).await;
        accepted.json(StatusCode::ACCEPTED)
    }
}

#[test]
fn no_page_of_the_portal_is_left_out() {
    let gets = portal::AUDIENCE.endpoints().into_iter();
    let gets = gets.filter(|route| route.method.as_str() == "GET");
    let known: BTreeSet<&str> = gets.map(|route| route.path).collect();
    let pages = PAGES.iter().map(|(route, _)| *route);
    assert_eq!(known, pages.chain(OTHERS).collect());
}

#[tokio::test]
async fn a_customer_adds_a_webhook_and_mends_what_failed() {
    live(Scripts::On).await;
}

#[tokio::test]
async fn a_customer_needs_no_scripts() {
    live(Scripts::Off).await;
}

async fn live(scripts: Scripts) {
    let seat = Seat::nobody(scripts).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(200));
    seat.describe().await;
    let link = link(&seat.app, "acme", &json!({})).await;
    let reader = &seat.reader;
    reader.open(&path_of(&link)).await.arrive("/portal").await;
    assert_eq!(reader.place().await, "/portal");
    assert_not_behind(reader, link["token"].as_str().unwrap()).await;
    register(reader, &receiver.url("/hooks")).await;
    reader
        .press("Send test")
        .await
        .see("The test arrived.")
        .await;
    let place = reader.place().await;
    let place = place.split('?').next().unwrap().to_owned();

    receiver.answer(Reply::status(410).body("no such shop"));
    seat.publish(8).await;
    let gone = |page: &Value| page["data"][0]["status"] == "exhausted";
    seat.app.poll("/api/v1/deliveries", gone).await;
    // Three clicks from the link to the attempt.
    reader.open(&path_of(&link)).await.arrive("/portal").await;
    reader.press_in("Needs attention", "Shop").await;
    reader.press_in("Latest deliveries", "order.paid").await;
    reader
        .arrive("/portal/deliveries/")
        .await
        .see("no such shop")
        .await;
    check(reader, "/portal/deliveries/{id} that failed").await;
    reader
        .press("order.paid")
        .await
        .arrive("/portal/events/")
        .await;
    check(reader, "/portal/events/{id}").await;
    receiver.answer(Reply::status(200));
    reader.open(&place).await.press("Enable").await;
    reader.see("Enabled").await.press("Recover").await;
    reader.arrive("/portal/jobs/").await;
    let done = |jobs: &Value| jobs["data"][0]["status"] == "done";
    seat.app.poll("/api/v1/jobs", done).await;
    // The open page follows by itself, where it may.
    if scripts == Scripts::Off {
        reader.press("Reload").await;
    }
    reader.see("1 of 1 item").await;
    check(reader, "/portal/jobs/{id}").await;
    receiver.wait_for(3).await;
    reader
        .press("Leave")
        .await
        .see("This session has ended")
        .await;
    seat.reader.leave().await;
}

/// What the browser goes back to holds no token.
async fn assert_not_behind(reader: &Reader, token: &str) {
    let whole = json!({});
    let history = reader.protocol("Page.getNavigationHistory", &whole).await;
    for entry in history["entries"].as_array().unwrap() {
        let url = entry["url"].as_str().unwrap();
        assert!(!url.contains(token), "{history:#}");
    }
}

#[tokio::test]
async fn the_token_of_a_link_that_was_pressed_is_told_to_nobody_and_not_in_the_history() {
    let seat = Seat::nobody(Scripts::On).await;
    let platform = Receiver::start().await;
    let html = |body: &str| {
        let page = format!("<!doctype html><html lang=en><title>Shop</title>{body}</html>");
        Reply::status(200)
            .header("content-type", "text/html")
            .body(&page)
    };
    let help = platform.url("/help");
    seat.say(&json!({"branding": {"footer_link": {"text": "Help", "url": help}}}))
        .await;
    let link = link(&seat.app, "acme", &json!({})).await;
    let (url, token) = (
        link["url"].as_str().unwrap(),
        link["token"].as_str().unwrap(),
    );
    // As a platform's page leads there that says in every Referer where somebody was.
    platform.answer(html(&format!(
        "<a href=\"{url}\" referrerpolicy=unsafe-url>Webhooks</a>"
    )));
    let reader = &seat.reader;
    let driver = &reader.chromium.driver;
    driver.goto(platform.url("/settings")).await.unwrap();
    reader.press("Webhooks").await.arrive("/portal").await;
    let referrer = "return document.referrer;";
    assert_eq!(reader.script(referrer, &[]).await, Some(json!("")));
    assert_not_behind(reader, token).await;
    platform.answer(html("<h1>How we help</h1>"));
    reader.press("Help").await.see("How we help").await;
    let received = platform.received();
    let asked = received.iter().find(|one| one.path == "/help").unwrap();
    assert_eq!(asked.header("referer"), "", "{asked:?}");
    for one in &received {
        let told = one.headers.iter().any(|(_, value)| value.contains(token));
        assert!(!told && !one.path.contains(token), "{one:?}");
    }
    assert_eq!(reader.complaints().await, [""; 0]);
    let visited = reader.chromium.visited().await;
    let is_shown = |end: &str| {
        visited
            .iter()
            .any(|one| one.shown && one.url.ends_with(end))
    };
    assert!(is_shown("/portal") && is_shown("/help"), "{visited:#?}");
    // The browser notes by which redirect it came, and shows that to nobody: the link ends by itself.
    let with_token: Vec<_> = visited
        .iter()
        .filter(|one| one.url.contains(token))
        .collect();
    assert!(
        with_token.iter().all(|one| !one.shown && one.url == url),
        "{visited:#?}"
    );
}

async fn register(reader: &Reader, url: &str) {
    reader.press("See which events there are").await;
    reader
        .press("order.paid")
        .await
        .see("Money has come.")
        .await;
    reader.press("New webhook for it").await;
    reader.type_into("URL", "ftp://shop.example").await;
    reader
        .press("Register webhook")
        .await
        .see("Not saved")
        .await;
    check(reader, "/portal/webhooks/new with a fault").await;
    reader.type_into("URL", url).await;
    reader.type_into("Label", "Shop").await;
    reader.press("Register webhook").await;
    reader
        .see("The webhook is registered.")
        .await
        .see("whsec_")
        .await;
}

#[tokio::test]
async fn every_page_of_the_portal_is_for_everybody_in_any_colour() {
    let seat = Seat::nobody(Scripts::On).await;
    let receiver = Receiver::start().await;
    seat.describe().await;
    seat.say(
        &json!({"branding": {"name": "Acme Pay", "accent": DIFFICULT, "logo": PNG,
        "footer_link": {"text": "Help", "url": "https://example.com/help"}}}),
    )
    .await;
    let link = link(&seat.app, "acme", &json!({})).await;
    let reader = &seat.reader;
    reader.open(&path_of(&link)).await.arrive("/portal").await;
    for (route, sample) in PAGES.iter().filter(|(route, _)| !route.contains('{')) {
        reader.open(sample).await;
        check(reader, &format!("empty {route}")).await;
    }
    receiver.answer(Reply::status(410).body("{\"why\": \"gone\"}"));
    let webhook = json!({"url": receiver.url("/"), "event_types": ["order.*"], "label": "Shop",
        "consumer": "acme", "headers": {"x-env": "production"}});
    let made = seat.app.post("/api/v1/webhooks", &webhook).await;
    let made = made.json(StatusCode::CREATED);
    seat.publish(8).await;
    let gone = |page: &Value| page["data"][0]["status"] == "exhausted";
    let page = seat.app.poll("/api/v1/deliveries", gone).await;
    for (route, sample) in PAGES {
        let path = sample.replace("{webhook}", made["id"].as_str().unwrap());
        let path = path.replace("{delivery}", page["data"][0]["id"].as_str().unwrap());
        reader.open(&path).await;
        check(reader, route).await;
    }
    look_further(reader, made["id"].as_str().unwrap()).await;
    seat.reader.leave().await;
}

/// Pages that are come to only by doing something, or by mistake.
async fn look_further(reader: &Reader, webhook: &str) {
    reader.open("/portal/nothing").await;
    check(reader, "what is not there").await;
    reader.open(&format!("/portal/webhooks/{webhook}")).await;
    reader.press("Enable").await.see("Enabled").await;
    reader.press("Disable").await.see("No, go back").await;
    check(reader, "the question of disabling").await;
    reader.open("/portal/dead-letters").await;
    reader.press("order.paid").await;
    reader
        .press("order.paid")
        .await
        .arrive("/portal/events/")
        .await;
    check(reader, "/portal/events/{id}").await;
    reader.open("/portal/dead-letters").await;
    reader.tick("Tick row 1").await.press("Discard").await;
    reader.see("Discard 1 dead letter?").await;
    check(reader, "the question of discarding").await;
    reader.press("Discard them").await;
    reader
        .arrive("/portal/jobs/")
        .await
        .see("1 of 1 item")
        .await;
    check(reader, "/portal/jobs/{id}").await;
}

#[tokio::test]
async fn the_portal_speaks_its_links_language_with_scripts() {
    speak(Scripts::On, "vor ").await;
}

#[tokio::test]
async fn the_portal_speaks_its_links_language_without_scripts() {
    speak(Scripts::Off, " UTC").await;
}

/// Looks around in German; `ago` is in how an instant is shown.
async fn speak(scripts: Scripts, ago: &str) {
    let seat = Seat::nobody(scripts).await;
    let receiver = Receiver::start().await;
    seat.describe().await;
    let link = link(&seat.app, "acme", &json!({"locale": "de"})).await;
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"], "label": "Laden",
        "consumer": "acme"});
    let made = seat.app.post("/api/v1/webhooks", &webhook).await;
    made.json(StatusCode::CREATED);
    seat.publish(8).await;
    let came = |page: &Value| page["data"][0]["status"] == "delivered";
    seat.app.poll("/api/v1/deliveries", came).await;
    let reader = &seat.reader;
    reader.open(&path_of(&link)).await.arrive("/portal").await;
    reader.see("Letzte Zustellungen").await;
    check(reader, "/portal in German").await;
    reader.press("Zustellungen").await.see("zugestellt").await;
    let lang = "return document.documentElement.lang;";
    assert_eq!(reader.script(lang, &[]).await, Some(json!("de")));
    let shown = "return document.querySelector('td time[data-ago]').textContent;";
    let shown = reader.script(shown, &[]).await.unwrap();
    let shown = shown.as_str().unwrap().to_owned();
    assert!(shown.contains(ago) || shown == "jetzt", "{shown}");
    reader
        .press("order.paid")
        .await
        .see("Antwort auf Versuch 1")
        .await;
    seat.reader.leave().await;
}

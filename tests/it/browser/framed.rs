//! The portal in a frame of another site, whose browser keeps no other site's cookies.

use hookpost::domain::role::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Seat;
use super::accessible::check;
use super::chromium::Scripts;
use super::portal::DIFFICULT;
use super::reader::{Colours, Reader, Width};
use crate::portal::link;
use crate::receiver::{Receiver, Reply};

/// A platform's page with the portal in it.
struct Framing {
    seat: Seat,
    platform: Receiver,
    /// Where that page is; of another site than the portal's.
    place: String,
}

impl Framing {
    async fn start(scripts: Scripts) -> Self {
        let platform = Receiver::start().await;
        Self {
            seat: Seat::strict(scripts).await,
            place: platform.url("/settings").replace("127.0.0.1", "localhost"),
            platform,
        }
    }

    /// Lets the page be framed by the platform, as its workspace says.
    async fn list(&self) {
        let origin = self.place.trim_end_matches("/settings");
        self.seat.say(&json!({"portal_origins": [origin]})).await;
    }

    /// Opens the platform's page with this in its frame, and looks into that.
    async fn show(&self, address: &str) -> &Reader {
        let page = format!(
            "<!doctype html><html lang=en><meta name=viewport content=\"width=device-width\">\
             <title>Shop</title><style>body{{margin:0}}iframe{{width:100%;height:600px;border:0}}\
             </style><iframe title=Webhooks src=\"{address}\"></iframe></html>"
        );
        let html = Reply::status(200).header("content-type", "text/html");
        self.platform.answer(html.body(&page));
        let driver = &self.seat.reader.chromium.driver;
        driver.goto(&self.place).await.unwrap();
        driver.enter_frame(0).await.unwrap();
        &self.seat.reader
    }

    /// The portal's own address.
    fn portal(&self) -> String {
        format!("{}/portal", self.seat.app.base)
    }

    /// The cookies of the portal, and of which site's pages each is a part.
    async fn kept(&self) -> Vec<(String, Value)> {
        let reader = &self.seat.reader;
        let all = reader.protocol("Storage.getCookies", &json!({})).await;
        let all = all["cookies"].as_array().unwrap().iter();
        let named = all.map(|one| (one["name"].as_str().unwrap(), &one["partitionKey"]));
        let portals = named.filter(|(name, _)| name.starts_with("hookpost-"));
        portals
            .map(|(name, key)| (name.to_owned(), key.clone()))
            .collect()
    }
}

/// Adds a webhook and tests it, within the frame.
async fn register(reader: &Reader, receiver: &Receiver) {
    reader.see("Add your first webhook").await;
    reader.press("Add your first webhook").await;
    reader.type_into("URL", &receiver.url("/hooks")).await;
    reader.tick("Every event").await;
    reader.press("Register webhook").await;
    reader
        .see("The webhook is registered.")
        .await
        .see("whsec_")
        .await;
    reader
        .press("Send test")
        .await
        .see("The test arrived.")
        .await;
}

#[tokio::test]
async fn the_portal_lives_in_a_frame_of_another_site_that_the_workspace_lists() {
    live(Scripts::On).await;
}

#[tokio::test]
async fn the_portal_lives_in_a_frame_without_scripts() {
    live(Scripts::Off).await;
}

async fn live(scripts: Scripts) {
    let framing = Framing::start(scripts).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(200));
    let link = link(&framing.seat.app, "acme", &json!({})).await;
    let url = link["url"].as_str().unwrap();
    // Nobody is listed yet, so the browser shows nothing of it.
    let reader = framing.show(url).await;
    assert!(!reader.text().await.contains("Webhooks of"));
    reader.complaints().await;
    framing.list().await;
    register(framing.show(url).await, &receiver).await;
    // The cookie is one of the platform's pages only, and no page of its own has it.
    let kept = framing.kept().await;
    let sessions = kept.iter().filter(|(name, _)| name == "hookpost-frame");
    let sites: Vec<&Value> = sessions.map(|(_, key)| &key["topLevelSite"]).collect();
    assert_eq!(sites, ["http://localhost"], "{kept:?}");
    assert!(
        !kept.iter().any(|(name, _)| name == "hookpost-portal"),
        "{kept:?}"
    );
    let driver = &reader.chromium.driver;
    driver.enter_default_frame().await.unwrap();
    reader
        .open("/portal")
        .await
        .see("This session has ended")
        .await;
    // In the frame the session goes on meanwhile, without the link.
    framing.show(&framing.portal()).await.see("127.0.0.1").await;
    // Once it is ended, the frame says so instead of staying blank.
    let links = "/api/v1/consumers/acme/portal-links";
    let ended = framing.seat.app.delete(links).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    reader
        .press("Overview")
        .await
        .see("This session has ended")
        .await;
}

#[tokio::test]
async fn a_platform_dresses_and_frames_the_portal_and_sees_what_its_customer_did() {
    follow(Scripts::On).await;
}

#[tokio::test]
async fn a_platform_needs_no_scripts() {
    follow(Scripts::Off).await;
}

async fn follow(scripts: Scripts) {
    let framing = Framing::start(scripts).await;
    framing.seat.sign_in(Role::Owner).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(200));
    dress(&framing).await;
    let link = link(&framing.seat.app, "acme", &json!({})).await;
    let reader = framing.show(link["url"].as_str().unwrap()).await;
    reader
        .see("Acme Pay")
        .await
        .see("Add your first webhook")
        .await;
    let colour =
        "return getComputedStyle(document.querySelector('a.button.main')).backgroundColor;";
    let colour = reader.script(colour, &[]).await.unwrap();
    assert_eq!(colour, "rgb(255, 212, 0)");
    assert!(!reader.text().await.contains("hookpost"));
    register(reader, &receiver).await;
    reader.press("Disable").await.press("Disable it").await;
    reader.see("Disabled").await;
    let driver = &reader.chromium.driver;
    driver.enter_default_frame().await.unwrap();
    reader.open("/consumers").await.press("Acme").await;
    reader.see("What they did").await;
    for deed in ["webhook.create", "webhook.test", "webhook.disable"] {
        reader.see(deed).await;
    }
    reader.see("consumer Acme").await;
    let host = receiver.url("");
    let host = host.trim_start_matches("http://");
    reader.press_in("What they did", host).await;
    reader.arrive("/webhooks/wh_").await.see("Disabled").await;
}

/// Gives the portal the platform's looks, and says who may frame it.
async fn dress(framing: &Framing) {
    let reader = &framing.seat.reader;
    reader.open("/settings").await;
    reader
        .type_into_in("Consumer portal", "Name", "Acme Pay")
        .await;
    reader.type_into("Colour", DIFFICULT).await;
    let origin = framing.place.trim_end_matches("/settings");
    reader.type_into("May be framed by", origin).await;
    reader.tick("Leave out that this is hookpost").await;
    reader.press("Save").await.see("Saved.").await;
}

#[tokio::test]
async fn the_portal_is_for_everybody_in_a_frame_too() {
    let framing = Framing::start(Scripts::On).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(200));
    framing.list().await;
    let link = link(&framing.seat.app, "acme", &json!({"theme": "dark"})).await;
    let reader = framing.show(link["url"].as_str().unwrap()).await;
    check(reader, "the empty overview in a frame").await;
    register(reader, &receiver).await;
    check(reader, "a webhook in a frame").await;
    for (path, what) in [
        ("/portal", "the overview in a frame"),
        ("/portal/webhooks/new", "a form in a frame"),
        ("/portal/deliveries", "a list in a frame"),
    ] {
        let address = framing.portal().replace("/portal", path);
        check(framing.show(&address).await, what).await;
    }
    reader.look(Width::Phone, Colours::Dark).await;
    reader
        .until("the frame to be narrow", "return innerWidth === 320;")
        .await;
    let dark = "return getComputedStyle(document.documentElement).colorScheme === 'dark';";
    reader.until("the frame to be dark", dark).await;
}

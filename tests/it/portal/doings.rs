//! What a customer did, as the audit log and the platform's dashboard tell it.

use hookpost::domain::role::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Guest, link};
use crate::app::TestApp;
use crate::dashboard::{Desk, between, sign_in};
use crate::receiver::{Receiver, Reply};

/// The card of a consumer's page, and nothing beside it.
async fn card(desk: &Desk, consumer: &str) -> String {
    let page = desk.get(&format!("/consumers/{consumer}")).await;
    between(&page, "aria-label=\"What they did\"", "</section>").to_owned()
}

#[tokio::test]
async fn the_dashboard_shows_what_a_customer_did_in_the_portal_and_with_its_own_key() {
    let guest = Guest::come_in().await;
    let app = &guest.app;
    link(app, "other", &json!({})).await;
    let cookie = sign_in(app, "ada@example.com", Role::Owner).await;
    let fields = [
        ("url", "https://example.com/"),
        ("event_types", "*"),
        ("label", "Shop"),
    ];
    let made = guest.post("/portal/webhooks", &fields).await;
    let hook = between(made.header("location"), "/portal/webhooks/", "/").to_owned();
    guest
        .post(
            &format!("/portal/webhooks/{hook}/disable"),
            &[("confirmed", "yes")],
        )
        .await;
    let key = json!({"name": "acme's own", "consumer": "acme"});
    let key = app
        .post("/api/v1/api-keys", &key)
        .await
        .json(StatusCode::CREATED);
    let call = app.anonymous(
        reqwest::Method::POST,
        &format!("/api/v1/webhooks/{hook}/enable"),
    );
    let call = call.bearer(key["key"].as_str().unwrap());
    call.json(&json!({})).send().await.json(StatusCode::OK);
    let Guest { app, .. } = guest;
    let desk = Desk { app, cookie };
    let shown = card(&desk, "acme").await;
    for part in [
        "webhook.create",
        "webhook.disable",
        "webhook.enable",
        "consumer Acme",
        "key acme&#39;s own",
        &format!("href=\"/webhooks/{hook}\""),
        "<time",
        "/audit-log?consumer=con_",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // Not what the platform did to them, and not what others did.
    assert!(!shown.contains("portal_link.create"), "{shown}");
    let other = card(&desk, "other").await;
    assert!(
        other.contains("Nothing was done") && !other.contains("webhook."),
        "{other}"
    );
    let log = desk.get("/audit-log?consumer=acme").await;
    assert!(
        log.contains("webhook.disable") && !log.contains("portal_link.create"),
        "{log}"
    );
    let unknown = desk
        .ask(reqwest::Method::GET, "/audit-log?consumer=nobody")
        .await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    // The log itself is for owners; a viewer sees what happened here.
    let cookie = sign_in(&desk.app, "vi@example.com", Role::Viewer).await;
    let viewer = Desk { cookie, ..desk };
    let shown = card(&viewer, "acme").await;
    assert!(
        shown.contains("consumer Acme") && !shown.contains("/audit-log"),
        "{shown}"
    );
}

async fn hook(app: &TestApp, url: &str, delays: &Value) -> String {
    let hook = json!({"url": url, "event_types": ["*"], "consumer": "acme",
        "retry_policy": {"delays": delays}});
    let made = app.post("/api/v1/webhooks", &hook).await;
    let made = made.json(StatusCode::CREATED);
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_tested_canceled_recovered_discarded_and_taken_back_is_told_with_the_consumer_as_actor()
 {
    let guest = Guest::come_in().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let patient = hook(&guest.app, &receiver.url("/a"), &json!(["1h"])).await;
    let rash = hook(&guest.app, &receiver.url("/b"), &json!([])).await;
    let event = json!({"type": "order.paid", "data": {}, "consumer": "acme"});
    guest.app.post("/api/v1/events", &event).await;
    let mut ids = Vec::new();
    for status in ["retrying", "exhausted"] {
        let path = format!("/api/v1/deliveries?status={status}");
        let found = |page: &Value| !page["data"].as_array().unwrap().is_empty();
        let page = guest.app.poll(&path, found).await;
        ids.push(page["data"][0]["id"].as_str().unwrap().to_owned());
    }
    let include = [("last", "24h"), ("include", "exhausted")];
    let discard = [
        ("action", "discard"),
        ("id", ids[1].as_str()),
        ("confirmed", "yes"),
    ];
    let deeds: [(String, &[(&str, &str)]); 4] = [
        (format!("/portal/webhooks/{patient}/test"), &[]),
        (format!("/portal/deliveries/{}/cancel", ids[0]), &[]),
        (format!("/portal/webhooks/{rash}/recover"), &include),
        ("/portal/dead-letters".to_owned(), &discard),
    ];
    let mut last = String::new();
    for (path, fields) in deeds {
        let done = guest.post(&path, fields).await;
        let (place, told) = guest.follow(&done).await;
        assert!(!told.contains("Not done"), "{path}: {told}");
        last = place;
    }
    // The discarding is taken back, and what is back is sent again.
    let taken_back = guest.post(&format!("{last}/restore"), &[]).await;
    let (place, _) = guest.follow(&taken_back).await;
    assert_ne!(place, last);
    let retry = [("action", "retry"), ("id", ids[1].as_str())];
    let retried = guest.post("/portal/dead-letters", &retry).await;
    guest.follow(&retried).await;
    let log = guest.app.get("/api/v1/audit-log?limit=250").await;
    let log = log.json(StatusCode::OK);
    let own = log["data"].as_array().unwrap().iter();
    let own = own.filter(|entry| entry["actor"]["kind"] == "consumer");
    let own: Vec<&str> = own.map(|entry| entry["action"].as_str().unwrap()).collect();
    for action in [
        "webhook.test",
        "delivery.cancel",
        "webhook.recover",
        "dead_letter.discard_many",
        "dead_letter.restore_many",
        "dead_letter.retry_many",
    ] {
        assert!(own.contains(&action), "{action} is not among {own:?}");
    }
}

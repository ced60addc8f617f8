//! What customers are not told: the platform's way out, and what the portal is made with.

use hookpost::net::EgressProxy;
use hookpost::portal::AUDIENCE;
use hookpost::ui::speech::Language;
use hookpost::web::audience::Audience;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Guest, link, nobody};
use crate::app::{Answer, TestApp};
use crate::receiver::{Receiver, Reply};

/// What is recorded of a proxy that is not there.
const RECORDED: &str = "egress proxy";
const SAID: [(Language, &str); 4] = [
    (Language::English, "The way out to your receiver was closed"),
    (Language::German, "Der Weg zu Ihrem Empfänger war versperrt"),
    (
        Language::French,
        "La voie vers votre destinataire était fermée",
    ),
    (
        Language::Spanish,
        "El camino hacia su receptor estaba cerrado",
    ),
];

impl Guest {
    async fn hook_at(&self, url: &str) -> String {
        let hook = json!({"url": url, "event_types": ["*"], "label": "Shop", "consumer": "acme",
            "retry_policy": {"delays": []}});
        let made = self.app.post("/api/v1/webhooks", &hook).await;
        let made = made.json(StatusCode::CREATED);
        made["id"].as_str().unwrap().to_owned()
    }

    /// Publishes, and answers the event's id and its delivery once that gave up.
    async fn give_up(&self) -> (String, String) {
        let event = json!({"type": "order.paid", "data": {"id": 1}, "consumer": "acme"});
        let sent = self.app.post("/api/v1/events", &event).await;
        let sent = sent.json(StatusCode::ACCEPTED);
        let dead = |page: &Value| !page["data"].as_array().unwrap().is_empty();
        let page = self.app.poll("/api/v1/dead-letters", dead).await;
        let delivery = page["data"][0]["id"].as_str().unwrap().to_owned();
        (sent["id"].as_str().unwrap().to_owned(), delivery)
    }

    async fn in_language(&self, path: &str, language: Language) -> String {
        let call = self.app.anonymous(Method::GET, path);
        let call = call.header("accept-language", language.tag());
        let answer = call.header("cookie", &self.cookie).send().await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        answer.text
    }
}

/// Behind a proxy that nobody runs.
async fn behind_nothing() -> Guest {
    let proxy = EgressProxy::parse(nobody().trim_end_matches('/')).unwrap();
    let app = TestApp::start_behind(proxy).await;
    Guest::come_to(app, &["view", "manage", "secrets", "retry", "test"]).await
}

#[tokio::test]
async fn a_closed_way_out_is_told_in_a_customers_words_and_in_every_language() {
    let guest = behind_nothing().await;
    let hook = guest.hook_at(&nobody()).await;
    let (event, delivery) = guest.give_up().await;
    let tested = guest
        .post(&format!("/portal/webhooks/{hook}/test"), &[])
        .await;
    let place = tested.header("location").replace("#test", "");
    let pages = [place, format!("/portal/deliveries/{delivery}")];
    for path in &pages {
        for (language, said) in SAID {
            let page = guest.in_language(path, language).await;
            assert!(page.contains(said), "{path} in {language:?}: {page}");
            assert!(!page.contains(RECORDED), "{path} in {language:?}: {page}");
        }
    }
    let hook = format!("/portal/webhooks/{hook}");
    for path in [
        "/portal",
        "/portal/deliveries",
        "/portal/dead-letters",
        &hook,
    ] {
        assert!(!guest.get(path).await.contains(RECORDED), "{path}");
    }
    let page = guest.get(&format!("/portal/events/{event}")).await;
    assert!(!page.contains(RECORDED), "{page}");
}

#[tokio::test]
async fn a_customers_key_reads_no_more_of_a_failure_than_its_pages_say() {
    let guest = behind_nothing().await;
    let token = link(&guest.app, "acme", &json!({})).await["token"].take();
    let token = token.as_str().unwrap();
    let hook = guest.hook_at(&nobody()).await;
    let (event, delivery) = guest.give_up().await;
    let calls = [
        (Method::GET, "/api/v1/deliveries".to_owned()),
        (Method::GET, format!("/api/v1/deliveries/{delivery}")),
        (Method::GET, "/api/v1/dead-letters".to_owned()),
        (Method::GET, format!("/api/v1/events/{event}")),
        (Method::POST, format!("/api/v1/webhooks/{hook}/test")),
        (Method::POST, format!("/api/v1/deliveries/{delivery}/retry")),
    ];
    let mut told = 0;
    for (method, path) in &calls {
        let ask = async |call: crate::app::Call| -> Answer {
            match *method {
                Method::POST => call.json(&json!({})).send().await,
                _ => call.send().await,
            }
        };
        let theirs = guest.app.anonymous(method.clone(), path).bearer(token);
        let theirs = ask(theirs).await;
        assert!(theirs.status.is_success(), "{path}: {theirs:?}");
        assert!(!theirs.text.contains(RECORDED), "{path}: {theirs:?}");
        told += usize::from(theirs.text.contains(SAID[0].1));
        if *method == Method::GET {
            let ours = guest.app.get(path).await;
            let is_told = ours.text.contains("\"last_error\"");
            assert_eq!(ours.text.contains(RECORDED), is_told, "{path}: {ours:?}");
        }
    }
    assert!(told >= 4, "{told}");
}

/// What the portal's maker is called, wherever a person reads.
fn names_maker(page: &str) -> bool {
    // What the receiver got is shown as it got it, with the header that says who sent it.
    let agent = format!("hookpost/{}", env!("CARGO_PKG_VERSION"));
    page.to_lowercase().replace(&agent, "").contains("hookpost")
}

#[tokio::test]
async fn no_page_names_its_maker_where_the_platform_hides_it() {
    let guest = Guest::come_in().await;
    let receiver = Receiver::start().await;
    let body = "x".repeat(200_000);
    receiver.answer(Reply::status(500).body(&body));
    let kind =
        json!({"name": "order.paid", "description": "Money has come.", "example": {"id": 7}});
    guest.app.post("/api/v1/event-types", &kind).await;
    let version = json!({"example": {"id": 7}, "schema": {"type": "object"}});
    let versions = "/api/v1/event-types/order.paid/versions";
    guest
        .app
        .post(versions, &version)
        .await
        .json(StatusCode::CREATED);
    let hook = guest.hook_at(&receiver.url("/")).await;
    let (event, delivery) = guest.give_up().await;
    let recover = format!("/portal/webhooks/{hook}/recover");
    let begun = guest
        .post(&recover, &[("last", "24h"), ("include", "exhausted")])
        .await;
    let (job, _) = guest.follow(&begun).await;
    let job = job.rsplit('/').next().unwrap().to_owned();
    assert!(names_maker(&guest.get("/portal").await));
    let path = format!("/api/v1/workspaces/{}", guest.app.default_workspace());
    let hidden = json!({"branding": {"name": "Acme", "accent": "#123456", "hide_brand": true}});
    guest.app.patch(&path, &hidden).await.json(StatusCode::OK);
    let mut seen = 0;
    for route in AUDIENCE.endpoints() {
        if route.method.as_str() != "GET" || route.path == "/portal/open" {
            continue;
        }
        let id = match route.path.split('/').nth(2) {
            Some("deliveries") => &delivery,
            Some("events") => &event,
            Some("jobs") => &job,
            _ => &hook,
        };
        let path = route
            .path
            .replace("{id}", id)
            .replace("{name}", "order.paid");
        let path = path.replace("{version}", "1");
        let page = guest.ask(Method::GET, &path).await;
        assert!(!names_maker(&page.text), "{path}: {}", page.text);
        seen += usize::from(page.status == StatusCode::OK);
    }
    assert!(seen > 15, "{seen}");
    // Nor does what is said of a fault.
    let own = guest.app.base.clone();
    for fields in [
        [("url", own.as_str()), ("event_types", "*"), ("headers", "")],
        [
            ("url", "https://example.com/"),
            ("event_types", "*"),
            ("headers", "webhook-signature: x"),
        ],
    ] {
        let refused = guest.post("/portal/webhooks", &fields).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{fields:?}"
        );
        assert!(!names_maker(&refused.text), "{}", refused.text);
    }
    let missing = guest.ask(Method::GET, "/portal/webhooks/wh_x").await;
    assert!(!names_maker(&missing.text), "{}", missing.text);
}

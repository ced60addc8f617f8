//! The portal in the languages of the platform's customers.

use std::collections::BTreeSet;

use hookpost::ui::speech::Language;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Guest, cookies, link, pair, path_of};
use crate::app::{Answer, TestApp};
use crate::receiver::{Receiver, Reply};

/// A page in the language that a browser asks for.
async fn ask(app: &TestApp, cookie: &str, path: &str, accepted: &str) -> Answer {
    let call = app.anonymous(Method::GET, path);
    let call = call.header("accept-language", accepted);
    call.header("cookie", cookie).send().await
}

/// Comes in as `acme`, by a link that asks for `locale`.
async fn come_in(app: &TestApp, locale: Option<&str>) -> String {
    let link = link(
        app,
        "acme",
        &locale.map_or(json!({}), |locale| json!({"locale": locale})),
    )
    .await;
    let opened = app.anonymous(Method::GET, &path_of(&link)).send().await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{opened:?}");
    pair(&cookies(&opened)[0]).to_owned()
}

#[tokio::test]
async fn the_link_says_which_language_else_the_browser_does_else_it_is_english() {
    let app = TestApp::start().await;
    for (locale, accepted, lang, said) in [
        (Some("de-AT"), "fr", "de", "Übersicht"),
        (Some("FR"), "de", "fr", "Vue d’ensemble"),
        (Some("pt-BR"), "pt-BR, es;q=0.4, de;q=0.3", "es", "Resumen"),
        (Some("pt-BR"), "pt-BR", "en", "Overview"),
        (None, "de-CH;q=0.9, en;q=0.1", "de", "Übersicht"),
        (None, "", "en", "Overview"),
    ] {
        let cookie = come_in(&app, locale).await;
        let page = ask(&app, &cookie, "/portal", accepted).await;
        let at = format!("{locale:?} {accepted:?}");
        assert!(
            page.text.contains(&format!("<html lang=\"{lang}\"")),
            "{at}: {}",
            page.text
        );
        assert!(page.text.contains(said), "{at}: {}", page.text);
    }
    // Who has no session is answered in their browser's language.
    let ended = ask(&app, "", "/portal", "de").await;
    assert!(
        ended.text.contains("Diese Sitzung ist beendet"),
        "{}",
        ended.text
    );
    assert!(ended.text.contains("<html lang=\"de\""), "{}", ended.text);
}

/// What a page says: its texts, and what it says to those who listen. Code is nobody's to translate.
fn texts(html: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for piece in html.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        let is_code = [
            "code",
            "pre",
            "title",
            "option",
            "time",
            "button type=\"button\" data-copy=\"\"",
        ];
        let is_json = ["b", "i", "var"].contains(&tag);
        if !is_json && !is_code.iter().any(|name| tag.starts_with(name)) {
            found.insert(text.trim().to_owned());
        }
        if let Some((_, label)) = tag.split_once("aria-label=\"") {
            found.insert(label.split('"').next().unwrap().to_owned());
        }
    }
    found.retain(|text| text.chars().filter(|c| c.is_alphabetic()).count() > 2);
    found
}

/// What is the same in every language: names that people gave, words of the trade, addresses.
fn is_of_all(text: &str) -> bool {
    let names = [
        "Acme",
        "Laden",
        "order.",
        "127.0.0.1",
        "http",
        "Shell",
        "hookpost",
        "whsec_",
        "dlv_",
        "wh_",
        "evt_",
        "HTTP ",
        "hmac",
        "JSON",
        "p95",
        "Node",
        "Python",
        "Ruby",
        "Rust",
        "PHP",
        "Java",
        "Go",
        "C#",
        "Webhook",
        "Status",
        "URL",
        "Name",
        "Test",
        "Schema",
        "Filter",
        "test",
        "Actions",
        "Pages",
        "Description",
        "Type",
        "Signature",
        "Signatures",
        "Secret",
        "order",
        "Money",
        "0.",
        "Menu",
        "Label",
    ];
    names.iter().any(|name| text.starts_with(name))
}

#[tokio::test]
async fn no_page_leaves_anything_in_english() {
    let guest = Guest::come_in().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(410).body("{\"no\": 1}"));
    let kind =
        json!({"name": "order.paid", "description": "Money has come.", "example": {"id": 7}});
    guest.app.post("/api/v1/event-types", &kind).await;
    let hook = json!({"url": receiver.url("/"), "event_types": ["order.*"], "label": "Laden",
        "consumer": "acme"});
    let made = guest.app.post("/api/v1/webhooks", &hook).await;
    let hook = made.json(StatusCode::CREATED)["id"].take();
    let empty = ["/portal/deliveries", "/portal/dead-letters", "/portal"];
    let mut pages: Vec<String> = empty.map(str::to_owned).to_vec();
    let mut left_over = left(&guest, &pages).await;
    let event = json!({"type": "order.paid", "data": {"id": 1}, "consumer": "acme"});
    let accepted = guest.app.post("/api/v1/events", &event).await;
    let event = accepted.json(StatusCode::ACCEPTED)["id"].take();
    let dead = |page: &serde_json::Value| page["data"][0]["status"] == "exhausted";
    let page = guest.app.poll("/api/v1/deliveries", dead).await;
    let delivery = page["data"][0]["id"].as_str().unwrap();
    let hook = format!("/portal/webhooks/{}", hook.as_str().unwrap());
    pages.extend([
        "/portal/webhooks".to_owned(),
        "/portal/webhooks/new".to_owned(),
        "/portal/alerts".to_owned(),
        hook.clone(),
        format!("{hook}/edit"),
        format!("{hook}/verify"),
        format!("{hook}/secret"),
        format!("/portal/deliveries/{delivery}"),
        format!("/portal/events/{}", event.as_str().unwrap()),
        "/portal/event-types".to_owned(),
        "/portal/event-types/order.paid".to_owned(),
    ]);
    left_over.extend(left(&guest, &pages).await);
    let enabled = guest.post(&format!("{hook}/enable"), &[]).await;
    guest.follow(&enabled).await;
    let recover = format!("{hook}/recover");
    let fields = [("last", "24h"), ("include", "exhausted")];
    let begun = guest.post(&recover, &fields);
    let (job, _) = guest.follow(&begun.await).await;
    left_over.extend(left(&guest, &[job, hook]).await);
    assert!(left_over.is_empty(), "{left_over:#?}");
}

/// What pages leave as it is in English.
async fn left(guest: &Guest, pages: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for path in pages {
        let english = texts(&guest.get(path).await);
        for language in Language::ALL.iter().skip(1) {
            let page = ask(&guest.app, &guest.cookie, path, language.tag()).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            let bytes = page.text.len();
            assert!(bytes <= 50 * 1024, "{path}: {bytes} bytes");
            let same = texts(&page.text);
            let same = same.intersection(&english).filter(|text| !is_of_all(text));
            all.extend(same.map(|text| format!("{path} in {language:?}: {text}")));
        }
    }
    all
}

#[tokio::test]
async fn what_a_form_says_of_a_fault_and_what_came_of_a_deed_are_said_too() {
    let app = TestApp::start().await;
    let link = link(&app, "acme", &json!({"locale": "de"})).await;
    let opened = app.anonymous(Method::GET, &path_of(&link)).send().await;
    let cookie = pair(&cookies(&opened)[0]).to_owned();
    let guest = Guest { app, cookie };
    let receiver = Receiver::start().await;
    let wrong = guest
        .post(
            "/portal/webhooks",
            &[("url", "nowhere"), ("label", "Laden")],
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong
            .text
            .contains("Nicht gespeichert: etwas stimmt noch nicht."),
        "{}",
        wrong.text
    );
    let fields = [
        ("url", receiver.url("/")),
        ("label", "Delete".to_owned()),
        ("event_types", "*".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let made = guest.post("/portal/webhooks", &fields).await;
    let (place, page) = guest.follow(&made).await;
    assert!(page.contains("Der Webhook ist angelegt."), "{page}");
    let own = place.trim_end_matches("/secret");
    let page = guest.get(own).await;
    // What somebody called it stays as it is, though a button is called so too.
    assert!(
        page.contains("<h1>Delete <span") && page.contains("Löschen</button>"),
        "{page}"
    );
    let refused = guest
        .post(&format!("{own}/delete"), &[("confirm", "x")])
        .await;
    let (_, page) = guest.follow(&refused).await;
    assert!(
        page.contains("geben Sie zur Bestätigung den Namen des Webhooks ein, Delete"),
        "{page}"
    );
}

//! How the portal looks, who may frame it, and how large its pages are.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::Guest;
use crate::app::TestApp;

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

async fn set(app: &TestApp, settings: &serde_json::Value) {
    let path = format!("/api/v1/workspaces/{}", app.default_workspace());
    let call = app.call(Method::PATCH, &path).json(settings);
    call.send().await.json(StatusCode::OK);
}

#[tokio::test]
async fn a_page_is_framed_by_whom_the_workspace_lists_and_by_nobody_else() {
    let guest = Guest::come_in().await;
    let page = guest.ask(Method::GET, "/portal").await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("x-frame-options"), "DENY");
    let origins = ["https://app.example.com", "http://localhost:3000"];
    set(&guest.app, &json!({"portal_origins": origins})).await;
    for path in ["/portal", "/portal/webhooks/wh_x"] {
        let page = guest.ask(Method::GET, path).await;
        let policy = page.header("content-security-policy");
        let listed = format!("frame-ancestors {}", origins.join(" "));
        assert!(policy.ends_with(&listed), "{path}: {policy}");
        assert_eq!(page.header("x-frame-options"), "", "{path}");
        for loose in ["unsafe", "*", "data:"] {
            assert!(!policy.contains(loose), "{policy}");
        }
    }
    let stranger = guest.app.anonymous(Method::GET, "/portal");
    let stranger = stranger.send().await;
    let policy = stranger.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    // In a frame it may say that the session has ended; there is nothing on it to be pressed.
    let framed = guest.app.anonymous(Method::GET, "/portal");
    let framed = framed.header("sec-fetch-dest", "iframe").send().await;
    assert_eq!(framed.status, StatusCode::UNAUTHORIZED);
    assert!(
        framed
            .header("content-security-policy")
            .ends_with("frame-ancestors *")
    );
    assert_eq!(framed.header("x-frame-options"), "");
    for control in ["<form", "<button", "<a "] {
        assert!(!framed.text.contains(control), "{}", framed.text);
    }
}

#[tokio::test]
async fn the_platforms_looks_are_on_every_page_and_hookposts_name_may_go() {
    let guest = Guest::come_in().await;
    let plain = guest.get("/portal").await;
    assert!(plain.contains("Made with hookpost") && !plain.contains("/portal/logo"));
    let looks = json!({"branding": {
        "name": "Acme <b>Pay</b>", "logo": PNG, "accent": "#ffd400", "hide_brand": true,
        "footer_link": {"text": "Help & more", "url": "https://example.com/?a=1&b=2"},
    }});
    set(&guest.app, &looks).await;
    let page = guest.get("/portal").await;
    assert!(!page.contains("Made with hookpost"), "{page}");
    assert!(
        page.contains("Acme &#60;b&#62;Pay") && !page.contains("<b>Pay"),
        "{page}"
    );
    assert!(page.contains("https://example.com/?a=1&#38;b=2"), "{page}");
    let logo = guest.ask(Method::GET, "/portal/logo").await;
    assert_eq!(logo.header("content-type"), "image/png");
    let sheet = guest.get("/portal/looks.css").await;
    assert!(
        sheet.contains("--accent-fill:#ffd400;--on-accent:#000000"),
        "{sheet}"
    );
    for path in ["/portal/logo", "/portal/looks.css"] {
        let stranger = guest.app.anonymous(Method::GET, path).send().await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn a_page_with_much_on_it_stays_within_fifty_kilobytes() {
    let guest = Guest::come_in().await;
    for number in 0..100 {
        let kind = json!({"name": format!("group-{number}.{}", "x".repeat(80)),
            "description": "<d>".repeat(300), "group": "<g>".repeat(30)});
        guest.app.post("/api/v1/event-types", &kind).await;
    }
    for number in 0..25 {
        let webhook = json!({"url": format!("http://127.0.0.1:9000/{number}"), "label": "<l>".repeat(30),
            "event_types": ["*"], "consumer": "acme"});
        let made = guest.app.post("/api/v1/webhooks", &webhook).await;
        made.json(StatusCode::CREATED);
    }
    let data = json!({"type": "a.b", "consumer": "acme", "data": {"x": "<".repeat(20_000)}});
    for _ in 0..3 {
        guest.app.post("/api/v1/events", &data).await;
    }
    for path in [
        "/portal",
        "/portal/webhooks",
        "/portal/webhooks/new",
        "/portal/deliveries",
        "/portal/dead-letters",
        "/portal/event-types",
    ] {
        let page = guest.get(path).await;
        assert!(page.len() <= 50 * 1024, "{path}: {} bytes", page.len());
    }
}

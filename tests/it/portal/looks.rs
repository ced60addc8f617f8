//! How the portal looks, who may frame it, and how large its pages are.

use hookpost::domain::branding::WEBHOOKS_PER_CONSUMER_DEFAULT;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Guest, PNG};
use crate::app::TestApp;
use crate::dashboard::between;

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

/// As much as a customer with the most webhooks that a link lets it make may come to have.
#[tokio::test]
async fn a_page_with_much_on_it_stays_within_fifty_kilobytes() {
    let guest = Guest::come_in().await;
    for number in 0..100 {
        let kind = json!({"name": format!("group-{number}.{}", "x".repeat(80)),
            "description": "<d>".repeat(300), "group": "<g>".repeat(30)});
        guest.app.post("/api/v1/event-types", &kind).await;
    }
    for number in 0..WEBHOOKS_PER_CONSUMER_DEFAULT {
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
        small(&guest, path).await;
    }
}

/// A page, which must be within the bound.
async fn small(guest: &Guest, path: &str) -> String {
    let page = guest.get(path).await;
    assert!(page.len() <= 50 * 1024, "{path}: {} bytes", page.len());
    page
}

#[tokio::test]
async fn a_webhook_with_many_settings_is_shown_and_changed_on_small_pages() {
    let guest = Guest::come_in().await;
    let patterns: Vec<String> = (0..100)
        .map(|number| format!("group-{number}.{}", "x".repeat(100)))
        .collect();
    for name in patterns.iter().step_by(2) {
        let kind = json!({"name": name, "description": "<d>".repeat(300)});
        let made = guest.app.post("/api/v1/event-types", &kind).await;
        made.json(StatusCode::CREATED);
    }
    let headers: serde_json::Map<_, _> = (0..20)
        .map(|number| (format!("x-header-{number}"), json!("<v>".repeat(100))))
        .collect();
    let webhook = json!({"url": "http://127.0.0.1:9000/", "label": "<l>".repeat(30), "consumer": "acme",
        "event_types": patterns, "headers": headers,
        "filter": {"data.a": {"$in": (0..60).map(|n| format!("{n}{}", "<".repeat(150)))
            .collect::<Vec<_>>()}}});
    let made = guest.app.post("/api/v1/webhooks", &webhook).await;
    let made = made.json(StatusCode::CREATED);
    let path = format!("/portal/webhooks/{}", made["id"].as_str().unwrap());
    let page = small(&guest, &path).await;
    assert!(page.contains("and 70 more"), "{page}");
    // What the form does not offer for a tick is in the field beside it: saving it as it is loses nothing.
    let form = guest.get(&format!("{path}/edit")).await;
    let typed = between(&form, "name=\"more_types\"", ">");
    for pattern in &patterns {
        let is_ticked = form.contains(&format!("value=\"{pattern}\" checked"));
        assert!(
            is_ticked != typed.contains(pattern.as_str()),
            "{pattern}: {form}"
        );
    }
}

#[tokio::test]
async fn a_long_schema_is_shown_whole_and_a_longer_one_says_that_it_is_cut() {
    let guest = Guest::come_in().await;
    let schema = |properties: usize| {
        let properties: serde_json::Map<_, _> = (0..properties)
            .map(|n| {
                (
                    format!("property_{n}"),
                    json!({"type": "string", "description": "What it is."}),
                )
            })
            .collect();
        json!({"type": "object", "properties": properties})
    };
    for number in 0..51 {
        let kind = json!({"name": "a.many"});
        let version = json!({"version": format!("v{number}"), "description": "<d>".repeat(300),
            "schema": schema(600), "example": schema(600)});
        let (path, body) = match number {
            0 => ("/api/v1/event-types".to_owned(), kind),
            _ => ("/api/v1/event-types/a.many/versions".to_owned(), version),
        };
        guest.app.post(&path, &body).await.json(StatusCode::CREATED);
    }
    let page = small(&guest, "/portal/event-types/a.many").await;
    assert!(
        page.contains("Version v50") && page.contains("property_0"),
        "{page}"
    );
    for (name, properties, is_cut) in [("a.long", 60, false), ("a.longer", 600, true)] {
        let example = schema(properties);
        let kind = json!({"name": name, "schema": schema(properties), "example": {"of": example}});
        let made = guest.app.post("/api/v1/event-types", &kind).await;
        made.json(StatusCode::CREATED);
        let page = small(&guest, &format!("/portal/event-types/{name}")).await;
        let said = page.matches("Cut here; the whole has").count();
        let last = page
            .matches(&format!("property_{}&#34;", properties - 1))
            .count();
        assert_eq!(
            (said, last == 0),
            (2 * usize::from(is_cut), is_cut),
            "{page}"
        );
    }
}

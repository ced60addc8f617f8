//! What a workspace says of its portal, in `/api/v1/workspaces/{id}`; and pages of other origins.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::time::{Duration, Instant};

use hookpost::service::ServiceOptions;
use hookpost::web::{HttpOptions, Limits};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, PATIENCE, TestApp};
use crate::receiver::Receiver;

const ORIGIN: &str = "https://app.example.com";

/// The smallest PNG: one transparent pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

fn path(app: &TestApp) -> String {
    format!("/api/v1/workspaces/{}", app.default_workspace())
}

async fn set(app: &TestApp, settings: &Value) -> Answer {
    let call = app.call(Method::PATCH, &path(app));
    call.json(settings).send().await
}

async fn portal_token(app: &TestApp) -> String {
    app.post("/api/v1/consumers", &json!({"uid": "acme"})).await;
    let made = app
        .post("/api/v1/consumers/acme/portal-links", &json!({}))
        .await;
    let made = made.json(StatusCode::CREATED);
    made["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_said_of_the_portal_reads_back_and_null_takes_it_away() {
    let app = TestApp::start().await;
    let fresh = app.get(&path(&app)).await.json(StatusCode::OK);
    assert_eq!(fresh["portal_origins"], json!([]));
    assert_eq!(fresh["webhooks_per_consumer"], 50);
    assert_eq!(fresh["branding"]["hide_brand"], false);
    let said = json!({
        "portal_origins": [ORIGIN, "http://localhost:3000/", ORIGIN],
        "branding": {
            "name": "Acme", "logo": format!("data:image/png;base64,{PNG}"), "accent": "#FD0",
            "footer_link": {"text": "Help", "url": "https://example.com/help"}, "hide_brand": true,
        },
        "webhooks_per_consumer": 3,
    });
    let now = set(&app, &said).await.json(StatusCode::OK);
    assert_eq!(
        now["portal_origins"],
        json!([ORIGIN, "http://localhost:3000"])
    );
    let expect = json!({
        "name": "Acme", "logo_type": "image/png", "accent": "#ffdd00",
        "logo_sha256": "497790947d4666760ce38f3c00e852c71fdb66cae849bae8e9ede352719e1581",
        "footer_link": {"text": "Help", "url": "https://example.com/help"}, "hide_brand": true,
    });
    assert_eq!(now["branding"], expect);
    assert_eq!(now["webhooks_per_consumer"], 3);
    let changed = json!({"branding": {"logo": null, "footer_link": null}});
    let now = set(&app, &changed).await.json(StatusCode::OK);
    assert_eq!(now["branding"]["logo_type"], Value::Null);
    assert_eq!(now["branding"]["logo_sha256"], Value::Null);
    assert_eq!(now["branding"]["footer_link"], Value::Null);
    assert_eq!(now["branding"]["name"], "Acme");
    let none = json!({"portal_origins": null, "branding": null, "webhooks_per_consumer": null});
    let now = set(&app, &none).await.json(StatusCode::OK);
    for property in ["portal_origins", "branding", "webhooks_per_consumer"] {
        assert_eq!(now[property], fresh[property], "{property}");
    }
}

#[tokio::test]
async fn what_no_portal_can_have_is_refused_with_the_field() {
    let app = TestApp::start().await;
    let large = BASE64_STANDARD.encode(vec![0; 65_537]);
    let many: Vec<String> = (0..21)
        .map(|one| format!("https://a{one}.example"))
        .collect();
    for (bad, field) in [
        (
            json!({"portal_origins": ["https://a.example/x"]}),
            "portal_origins[0]",
        ),
        (
            json!({"portal_origins": [ORIGIN, "*"]}),
            "portal_origins[1]",
        ),
        (
            json!({"portal_origins": ["https://*.example.com"]}),
            "portal_origins[0]",
        ),
        (
            json!({"portal_origins": ["javascript:alert(1)"]}),
            "portal_origins[0]",
        ),
        (
            json!({"portal_origins": ["https://a.example; script-src *"]}),
            "portal_origins[0]",
        ),
        (json!({"portal_origins": ["null"]}), "portal_origins[0]"),
        (json!({"portal_origins": many}), "portal_origins"),
        (json!({"branding": {"accent": "red"}}), "branding.accent"),
        (json!({"branding": {"accent": "#12345"}}), "branding.accent"),
        (json!({"branding": {"name": ""}}), "branding.name"),
        (json!({"branding": {"name": "a\nb"}}), "branding.name"),
        (
            json!({"branding": {"logo": "not base64!"}}),
            "branding.logo",
        ),
        (json!({"branding": {"logo": "PHN2Zy8+"}}), "branding.logo"),
        (json!({"branding": {"logo": large}}), "branding.logo"),
        (
            json!({"branding": {"footer_link": {"text": "x", "url": "javascript:alert(1)"}}}),
            "branding.footer_link.url",
        ),
        (
            json!({"branding": {"footer_link": {"text": "", "url": "https://a.example"}}}),
            "branding.footer_link.text",
        ),
        (
            json!({"branding": {"hide_brand": null}}),
            "branding.hide_brand",
        ),
        (json!({"branding": {"colour": "#fff"}}), "branding.colour"),
        (
            json!({"webhooks_per_consumer": -1}),
            "webhooks_per_consumer",
        ),
        (
            json!({"webhooks_per_consumer": 10_001}),
            "webhooks_per_consumer",
        ),
    ] {
        set(&app, &bad).await.invalid(field);
    }
}

#[tokio::test]
async fn a_consumer_registers_as_many_webhooks_as_its_workspace_lets_it() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let token = portal_token(&app).await;
    set(&app, &json!({"webhooks_per_consumer": 1}))
        .await
        .json(StatusCode::OK);
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    let register = async || {
        let call = app
            .anonymous(Method::POST, "/api/v1/webhooks")
            .bearer(&token);
        call.json(&webhook).send().await
    };
    register().await.json(StatusCode::CREATED);
    let refused = register().await.problem(409, "conflict");
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("at most 1 webhook;"), "{detail}");
    // The platform itself may go beyond it.
    let mut own = webhook.clone();
    own["consumer"] = json!("acme");
    app.post("/api/v1/webhooks", &own)
        .await
        .json(StatusCode::CREATED);
}

#[tokio::test]
async fn only_a_consumers_token_may_be_used_from_a_listed_origin() {
    let app = TestApp::start().await;
    let token = portal_token(&app).await;
    let ask = async |credential: &str, origin: &str| {
        let call = app
            .anonymous(Method::GET, "/api/v1/webhooks")
            .bearer(credential);
        call.header("origin", origin).send().await
    };
    let preflight = async |origin: &str| {
        let call = app.anonymous(Method::OPTIONS, "/api/v1/webhooks");
        let call = call.header("origin", origin);
        let call = call.header("access-control-request-method", "POST");
        let call = call.header(
            "access-control-request-headers",
            "authorization,content-type",
        );
        call.send().await
    };
    let allowed = "access-control-allow-origin";
    assert_eq!(ask(&token, ORIGIN).await.header(allowed), "");
    assert_eq!(
        preflight(ORIGIN).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    set(&app, &json!({"portal_origins": [ORIGIN]}))
        .await
        .json(StatusCode::OK);

    let answer = ask(&token, ORIGIN).await;
    answer.json(StatusCode::OK);
    assert_eq!(answer.header(allowed), ORIGIN);
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    assert!(answer.header("vary").contains("origin"));
    for (credential, origin) in [
        (token.as_str(), "https://evil.example"),
        (token.as_str(), "null"),
        (app.admin.as_str(), ORIGIN),
        ("nonsense", ORIGIN),
    ] {
        assert_eq!(
            ask(credential, origin).await.header(allowed),
            "",
            "{origin}"
        );
    }
    let refused = app
        .anonymous(Method::GET, "/api/v1/audit-log")
        .bearer(&token);
    let refused = refused.header("origin", ORIGIN).send().await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.header(allowed), ORIGIN);

    let answer = preflight(ORIGIN).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    assert_eq!(answer.header(allowed), ORIGIN);
    assert!(
        answer
            .header("access-control-allow-methods")
            .contains("POST")
    );
    let headers = answer.header("access-control-allow-headers");
    assert_eq!(headers, "authorization,content-type");
    let other = preflight("https://evil.example").await;
    assert_eq!(other.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(other.header(allowed), "");
}

#[tokio::test]
async fn a_customers_own_key_may_be_used_from_a_listed_origin_as_a_links_token_may() {
    let app = TestApp::start().await;
    portal_token(&app).await;
    let listed = json!({"portal_origins": [ORIGIN]});
    set(&app, &listed).await.json(StatusCode::OK);
    let key = json!({"name": "a customer's own", "consumer": "acme"});
    let key = app.post("/api/v1/api-keys", &key).await;
    let key = key.json(StatusCode::CREATED)["key"].take();
    for (origin, allowed) in [(ORIGIN, ORIGIN), ("https://evil.example", "")] {
        let call = app.anonymous(Method::GET, "/api/v1/webhooks");
        let call = call.bearer(key.as_str().unwrap()).header("origin", origin);
        let answer = call.send().await;
        answer.json(StatusCode::OK);
        assert_eq!(
            answer.header("access-control-allow-origin"),
            allowed,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn a_page_may_read_that_it_asks_too_much() {
    let limits = Limits {
        address_rate: Some(12.0),
        ..Limits::default()
    };
    let http = HttpOptions {
        limits,
        ..HttpOptions::default()
    };
    let app = TestApp::start_as(http, ServiceOptions::default()).await;
    let token = portal_token(&app).await;
    set(&app, &json!({"portal_origins": [ORIGIN]}))
        .await
        .json(StatusCode::OK);
    let ask = async |origin: &str| {
        let call = app.anonymous(Method::GET, "/api/v1/webhooks");
        call.bearer(&token).header("origin", origin).send().await
    };
    let refused = async |origin: &str| {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = ask(origin).await;
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                return answer;
            }
            assert!(Instant::now() < deadline, "no limit");
        }
    };
    let allowed = "access-control-allow-origin";
    assert_eq!(refused("https://evil.example").await.header(allowed), "");
    // The first is let in once there is room, the rest is refused before it is known who asks.
    let deadline = Instant::now() + PATIENCE;
    while ask(ORIGIN).await.status != StatusCode::OK {
        assert!(Instant::now() < deadline, "never let in");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let answer = refused(ORIGIN).await;
    answer.problem(429, "rate_limited");
    assert_eq!(answer.header(allowed), ORIGIN);
    assert!(
        answer
            .header("access-control-expose-headers")
            .contains("retry-after")
    );
}

//! What a link and the settings around it say takes effect, and what a page says of a test.

use hookpost::domain::role::Role;
use hookpost::service::ServiceOptions;
use hookpost::web::HttpOptions;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Guest, cookies, link, nobody, pair, path_of};
use crate::app::{PATIENCE, TestApp};
use crate::dashboard::{Desk, between, sign_in};
use crate::receiver::{Receiver, Reply};

async fn come_by(app: &TestApp, uid: &str, asked: &serde_json::Value) -> String {
    let link = link(app, uid, asked).await;
    let opened = app.anonymous(Method::GET, &path_of(&link)).send().await;
    pair(&cookies(&opened)[0]).to_owned()
}

/// The id of a webhook of a consumer's.
async fn hook_of(app: &TestApp, consumer: &str) -> String {
    let hook = json!({"url": "https://example.com/", "event_types": ["*"], "consumer": consumer});
    let made = app.post("/api/v1/webhooks", &hook).await;
    let made = made.json(StatusCode::CREATED);
    made["id"].as_str().unwrap().to_owned()
}

async fn page(app: &TestApp, cookie: &str, path: &str) -> String {
    let call = app.anonymous(Method::GET, path).header("cookie", cookie);
    let answer = call.send().await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
    answer.text
}

#[tokio::test]
async fn links_lead_to_the_portals_own_address_and_the_dashboard_shows_one_once() {
    let mut http = HttpOptions::default();
    http.proxy.portal_url = Some("https://webhooks.example.com/".parse().unwrap());
    let app = TestApp::start_as(http, ServiceOptions::default()).await;
    let made = link(&app, "acme", &json!({})).await;
    let url = made["url"].as_str().unwrap();
    let base = "https://webhooks.example.com/portal/open?token=hpl_";
    assert!(url.starts_with(base), "{url}");
    let cookie = sign_in(&app, "ada@example.com", Role::Owner).await;
    let desk = Desk { app, cookie };
    let made = desk.post("/consumers/acme/portal-links", &[]).await;
    let (place, shown) = desk.follow(&made).await;
    let token = between(&shown, base, "<");
    let token = token.split(['"', '&']).next().unwrap().to_owned();
    let path = format!("/portal/open?token=hpl_{token}");
    let opened = desk.app.anonymous(Method::GET, &path).send().await;
    assert_eq!(opened.header("location"), "/portal", "{opened:?}");
    let again = desk.get(&place).await;
    assert!(!again.contains("hpl_"), "{again}");
}

#[tokio::test]
async fn a_links_theme_is_that_of_its_pages() {
    let app = TestApp::start().await;
    for (asked, drawn) in [
        (json!({"theme": "dark"}), "data-theme=\"dark\""),
        (json!({"theme": "light"}), "data-theme=\"light\""),
        (json!({}), "data-theme=\"auto\""),
    ] {
        let cookie = come_by(&app, "acme", &asked).await;
        let page = page(&app, &cookie, "/portal").await;
        assert!(page.contains(drawn), "{drawn}: {page}");
    }
}

#[tokio::test]
async fn a_customer_is_shown_the_event_types_whose_flags_its_link_names() {
    let app = TestApp::start().await;
    for (name, flags) in [("plain.one", json!([])), ("beta.one", json!(["beta"]))] {
        let kind = json!({"name": name, "feature_flags": flags, "example": {"id": 1}});
        let made = app.post("/api/v1/event-types", &kind).await;
        made.json(StatusCode::CREATED);
    }
    for (asked, is_shown) in [
        (json!({}), false),
        (json!({"feature_flags": ["beta"]}), true),
    ] {
        let cookie = come_by(&app, "acme", &asked).await;
        for path in ["/portal/event-types", "/portal/webhooks/new"] {
            let page = page(&app, &cookie, path).await;
            assert!(page.contains("plain.one"), "{path}: {page}");
            assert_eq!(page.contains("beta.one"), is_shown, "{path}: {page}");
        }
        let call = app.anonymous(Method::GET, "/portal/event-types/beta.one");
        let one = call.header("cookie", &cookie).send().await;
        assert_eq!(one.status == StatusCode::OK, is_shown, "{one:?}");
    }
}

#[tokio::test]
async fn each_customer_has_tests_of_its_own_to_send() {
    let options = ServiceOptions {
        tests_per_minute: 2,
        ..ServiceOptions::default()
    };
    let app = TestApp::start_as(HttpOptions::default(), options).await;
    let receiver = Receiver::start().await;
    let mut hooks = Vec::new();
    for consumer in [json!("acme"), json!("other"), json!(null)] {
        if let Some(uid) = consumer.as_str() {
            link(&app, uid, &json!({})).await;
        }
        let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "consumer": consumer});
        let made = app.post("/api/v1/webhooks", &hook).await;
        let id = made.json(StatusCode::CREATED)["id"].take();
        hooks.push(id.as_str().unwrap().to_owned());
    }
    let cookie = come_by(&app, "other", &json!({})).await;
    let guest = Guest::come_to(app, &["view", "test"]).await;
    let test = |hook: &str| format!("/portal/webhooks/{hook}/test");
    for _ in 0..2 {
        let tested = guest.post(&test(&hooks[0]), &[]).await;
        assert!(tested.header("location").contains("tested="), "{tested:?}");
    }
    let refused = guest.post(&test(&hooks[0]), &[]).await;
    let (_, told) = guest.follow(&refused).await;
    assert!(told.contains("Not done: too many requests"), "{told}");
    let platforms = format!("/api/v1/webhooks/{}/test", hooks[2]);
    let ours = guest.app.post(&platforms, &json!({})).await;
    ours.json(StatusCode::OK);
    let Guest { app, .. } = guest;
    let other = Guest { app, cookie };
    let tested = other.post(&test(&hooks[1]), &[]).await;
    assert!(tested.header("location").contains("tested="), "{tested:?}");
}

#[tokio::test]
async fn a_test_that_failed_says_why() {
    let guest = Guest::come_in().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(503));
    for (url, why) in [
        (receiver.url("/"), "The receiver answered 503 after"),
        (nobody(), "No connection to the receiver could be made"),
    ] {
        let hook = json!({"url": url, "event_types": ["*"], "consumer": "acme"});
        let made = guest.app.post("/api/v1/webhooks", &hook).await;
        let id = made.json(StatusCode::CREATED)["id"].take();
        let path = format!("/portal/webhooks/{}/test", id.as_str().unwrap());
        let tested = guest.post(&path, &[]).await;
        let place = tested.header("location").replace("#test", "");
        let told = guest.get(&place).await;
        let told = between(&told, "id=\"test\"", "Request and answer");
        assert!(
            told.contains("The test failed.") && told.contains(why),
            "{told}"
        );
    }
}

#[tokio::test]
async fn what_the_dashboard_says_of_the_looks_is_on_the_next_page() {
    let desk = Desk::open().await;
    let cookie = come_by(&desk.app, "acme", &json!({})).await;
    let fields = [
        ("name", "default"),
        ("brand_name", "Acme Pay"),
        ("accent", "#123456"),
        ("footer_text", "Help"),
        ("footer_url", "https://example.com/help"),
        ("portal_origins", "https://app.example.com"),
        ("hide_brand", "on"),
    ];
    let saved = desk.post("/settings", &fields).await;
    let (_, told) = desk.follow(&saved).await;
    assert!(told.contains("Saved"), "{told}");
    let call = desk
        .app
        .anonymous(Method::GET, "/portal")
        .header("cookie", &cookie);
    let shown = call.send().await;
    let policy = shown.header("content-security-policy");
    assert!(
        policy.ends_with("frame-ancestors https://app.example.com"),
        "{policy}"
    );
    for part in [
        "Acme Pay",
        "https://example.com/help",
        "looks.css?as=123456",
    ] {
        assert!(shown.text.contains(part), "{part}: {}", shown.text);
    }
    assert!(!shown.text.contains("Made with"), "{}", shown.text);
}

#[tokio::test]
async fn a_part_of_a_frame_is_of_the_frames_session_also_beside_another_customers_page() {
    let app = TestApp::start().await;
    let page = come_by(&app, "acme", &json!({})).await;
    let other = link(&app, "other", &json!({})).await;
    let call = app.anonymous(Method::GET, &path_of(&other));
    let opened = call.header("sec-fetch-dest", "iframe").send().await;
    let both = format!("{page}; {}", pair(&cookies(&opened)[0]));
    let named = json!({"name": "Other Ltd"});
    app.patch("/api/v1/consumers/other", &named)
        .await
        .json(StatusCode::OK);
    let ask = async |path: &str, headers: &[(&str, &str)]| {
        let call = app.anonymous(Method::GET, path).header("cookie", &both);
        let call = headers
            .iter()
            .fold(call, |call, (name, value)| call.header(name, value));
        call.send().await
    };
    let empty = ("sec-fetch-dest", "empty");
    let (own, others) = (hook_of(&app, "acme").await, hook_of(&app, "other").await);
    for (place, whose, elses) in [("frame", &others, &own), ("page", &own, &others)] {
        let live = [empty, ("hookpost-live", place)];
        for (hook, status) in [(whose, StatusCode::OK), (elses, StatusCode::NOT_FOUND)] {
            let again = ask(&format!("/portal/webhooks/{hook}"), &live).await;
            assert_eq!(again.status, status, "{place}: {again:?}");
        }
    }
    // Its picture and colour say in their addresses that they are the frame's.
    let path = format!("/api/v1/workspaces/{}", app.default_workspace());
    let looks = json!({"branding": {"accent": "#123456"}});
    app.patch(&path, &looks).await.json(StatusCode::OK);
    let framed = ask("/portal", &[("sec-fetch-dest", "iframe")]).await;
    assert!(framed.text.contains("Other Ltd"), "{}", framed.text);
    assert!(
        framed.text.contains("looks.css?as=123456&#38;in=frame"),
        "{}",
        framed.text
    );
    let page = ask("/portal", &[("sec-fetch-dest", "document")]).await;
    assert!(!page.text.contains("in=frame"), "{}", page.text);
    app.delete("/api/v1/consumers/other/portal-links").await;
    let style = ("sec-fetch-dest", "style");
    let own = ask("/portal/looks.css?as=123456&in=frame", &[style]).await;
    // An ended session is not stood in for by the page's.
    assert_eq!(own.status, StatusCode::UNAUTHORIZED, "{own:?}");
}

/// The example of the README, as it stands there.
fn readme_snippet() -> &'static str {
    let readme = include_str!("../../../README.md");
    let (_, section) = readme.split_once("## The consumer portal").unwrap();
    between(section, "```js\n", "```")
}

#[tokio::test]
async fn five_lines_of_a_platforms_backend_make_a_link_that_opens() {
    let app = TestApp::start().await;
    let consumer = json!({"uid": "acme-42"});
    app.post("/api/v1/consumers", &consumer)
        .await
        .json(StatusCode::CREATED);
    let snippet = readme_snippet();
    assert_eq!(snippet.lines().count(), 5, "{snippet}");
    let program = format!(
        "const [hookpost, key] = process.argv.slice(1);
        const response = {{ redirect: (url) => console.log(url) }};
        (async () => {{ {snippet} }})();"
    );
    let mut command = tokio::process::Command::new("node");
    command.arg("-e").arg(program).arg("--");
    command.arg(&app.base).arg(&app.admin).kill_on_drop(true);
    let ran = tokio::time::timeout(PATIENCE, command.output()).await;
    let ran = ran.expect("the snippet ends").unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&ran.stderr);
    let path = said.trim().strip_prefix(&app.base);
    let path = path.unwrap_or_else(|| panic!("{said}{complaint}"));
    let opened = app.anonymous(Method::GET, path).send().await;
    assert_eq!(opened.header("location"), "/portal", "{opened:?}");
}

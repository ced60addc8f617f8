//! What holds on every page and form.

use hookpost::console;
use hookpost::domain::role::Role;
use hookpost::web::audience::Audience;
use hookpost::web::endpoint::Access;
use reqwest::{Method, StatusCode};

use super::{Desk, between, sign_in};
use crate::app::Answer;

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_the_sign_in_page_and_back() {
    let desk = Desk::open().await;
    let call = desk
        .app
        .anonymous(Method::GET, "/deliveries?status=retrying");
    let answer = call.header("accept", "text/html").send().await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let place = answer.header("location");
    assert_eq!(place, "/sign-in?back=%2Fdeliveries%3Fstatus%3Dretrying");
}

#[tokio::test]
async fn every_form_asks_for_its_sessions_token_and_for_its_role() {
    let desk = Desk::open().await;
    let viewer = sign_in(&desk.app, "bob@example.com", Role::Viewer).await;
    for route in console::AUDIENCE.endpoints().into_iter() {
        let Access::Page(needed) = route.access else {
            continue;
        };
        let path = route.path.replace("{id}", "x").replace("{name}", "x");
        let method: Method = route.method.as_str().parse().unwrap();
        if method == Method::POST {
            let answer = desk.post_raw(&path, &[("csrf", "wrong")]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            assert!(answer.text.contains("reload the page"), "{path}");
        }
        if needed > Role::Viewer {
            let call = desk.app.anonymous(method, &path);
            let call = call.header("cookie", &viewer).header("accept", "text/html");
            let answer = call.send().await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            assert!(answer.text.contains(needed.as_str()), "{path}");
        }
    }
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let desk = Desk::open().await;
    let csrf = desk.csrf().await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let call = desk.app.anonymous(Method::POST, "/preferences");
        let call = call.header("cookie", &desk.cookie).header(name, value);
        let answer = call.body(format!("csrf={csrf}&theme=dark")).send().await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
}

#[tokio::test]
async fn pages_forbid_inline_script_and_framing_and_are_not_stored() {
    let desk = Desk::open().await;
    let answer = desk.ask(Method::GET, "/deliveries").await;
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn what_goes_wrong_is_a_page_for_browsers() {
    let desk = Desk::open().await;
    let missing = desk.ask(Method::GET, "/no/such/page").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.text.contains("There is nothing here"));
    assert!(missing.header("content-type").starts_with("text/html"));
    let bad = desk.ask(Method::GET, "/deliveries?since=<script>").await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!bad.text.contains("<script>"), "{}", bad.text);
}

#[tokio::test]
async fn static_files_have_their_digest_in_the_name_and_are_kept_for_good() {
    let desk = Desk::open().await;
    let page = desk.get("/deliveries").await;
    let css = format!("/static/app-{}.css", between(&page, "/static/app-", ".css"));
    let call = desk.app.anonymous(Method::GET, &css);
    let answer = call.header("accept-encoding", "br, gzip").send().await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-encoding"), "br");
    assert_eq!(answer.header("vary"), "accept-encoding");
    let call = desk.app.anonymous(Method::GET, &css);
    let older = call.header("accept-encoding", "gzip").send().await;
    assert_eq!(older.header("content-encoding"), "gzip");
    assert!(answer.header("cache-control").contains("immutable"));
    assert_eq!(answer.header("content-type"), "text/css; charset=utf-8");
    let old = desk.ask(Method::GET, "/static/app-000000000000.css").await;
    assert_eq!(old.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn light_and_dark_are_remembered_before_the_page_is_drawn() {
    let desk = Desk::open().await;
    let answer = desk
        .post(
            "/preferences",
            &[("theme", "dark"), ("back", "/deliveries")],
        )
        .await;
    let (place, page) = desk.follow(&answer).await;
    assert_eq!(place, "/deliveries");
    assert!(page.contains("data-theme=\"dark\""));
    assert!(page.contains("<meta name=\"color-scheme\" content=\"dark\">"));
}

#[tokio::test]
async fn a_refresh_of_an_unchanged_page_is_a_304() {
    let desk = Desk::open().await;
    let ask = |tag: &str| {
        let call = desk.app.anonymous(Method::GET, "/deliveries");
        let call = call
            .header("cookie", &desk.cookie)
            .header("hookpost-live", "1");
        call.header("if-none-match", tag).send()
    };
    let first = ask("\"none\"").await;
    assert_eq!(first.status, StatusCode::OK);
    let second = ask(first.header("etag")).await;
    assert_eq!(second.status, StatusCode::NOT_MODIFIED);
}

/// A page as a browser asks for it that was led there by `site`.
async fn led_by(desk: &Desk, path: &str, site: &str) -> Answer {
    let call = desk.app.anonymous(Method::GET, path);
    let call = call.header("cookie", &desk.cookie);
    let call = call.header("accept-encoding", "gzip, deflate, br");
    call.header("sec-fetch-site", site).send().await
}

#[tokio::test]
async fn pages_are_compressed_for_who_came_from_our_own_and_never_with_a_secret() {
    let desk = Desk::open().await;
    let plain = desk.get("/deliveries").await;
    for own in ["same-origin", "none"] {
        let answer = led_by(&desk, "/deliveries", own).await;
        assert_eq!(answer.header("content-encoding"), "br", "{own}");
        let length: usize = answer.header("content-length").parse().unwrap();
        assert!(length < plain.len() / 3, "{length} of {}", plain.len());
    }
    let call = desk.app.anonymous(Method::GET, "/deliveries");
    let call = call.header("cookie", &desk.cookie);
    let call = call.header("accept-encoding", "gzip");
    let zipped = call.header("sec-fetch-site", "none").send().await;
    assert_eq!(zipped.header("content-encoding"), "gzip");
    // Nobody else's page can have the browser ask for one that is.
    for foreign in ["cross-site", "same-site", ""] {
        let answer = led_by(&desk, "/deliveries", foreign).await;
        assert_eq!(answer.header("content-encoding"), "", "{foreign}");
    }
    let key = [("name", "ci"), ("scope", "events:write")];
    let made = desk.post("/api-keys", &key).await;
    assert_eq!(made.header("location"), "/api-keys");
    let answer = led_by(&desk, "/api-keys", "same-origin").await;
    assert_eq!(answer.header("content-encoding"), "");
    assert!(answer.text.contains("hpk_"), "{}", answer.text);
    let later = led_by(&desk, "/api-keys", "same-origin").await;
    assert_eq!(later.header("content-encoding"), "br");
}

#[tokio::test]
async fn the_reference_and_its_document_are_sent_compressed() {
    let desk = Desk::open().await;
    for path in [
        "/docs",
        "/docs/operations",
        "/docs/publish_event",
        "/docs/EventBody",
        "/docs.css",
        "/api/v1/openapi.json",
    ] {
        let plain = desk.ask(Method::GET, path).await;
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        for coding in ["br", "gzip"] {
            let call = desk.app.anonymous(Method::GET, path);
            let answer = call.header("accept-encoding", coding).send().await;
            assert_eq!(answer.header("content-encoding"), coding, "{path}");
            let length: usize = answer.header("content-length").parse().unwrap();
            assert!(2 * length < plain.text.len(), "{path}: {length}");
        }
    }
}

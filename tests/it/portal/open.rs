//! A link's token becomes a session, and nothing else does.

use std::time::Duration;

use hookpost::clock::Clock;
use hookpost::domain::time::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Guest, cookies, link, pair, path_of};
use crate::app::TestApp;

#[tokio::test]
async fn the_token_is_exchanged_for_a_cookie_and_left_behind() {
    let app = TestApp::start().await;
    let link = link(&app, "acme", &json!({})).await;
    let token = link["token"].as_str().unwrap();
    let open = async |dest: &str| {
        let call = app.anonymous(Method::GET, &path_of(&link));
        call.header("sec-fetch-dest", dest).send().await
    };
    for (dest, expect) in [
        ("document", "SameSite=Lax"),
        ("iframe", "Secure; SameSite=None; Partitioned"),
    ] {
        let opened = open(dest).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER);
        assert_eq!(opened.header("location"), "/portal");
        assert_eq!(opened.header("referrer-policy"), "no-referrer");
        assert_eq!(opened.header("cache-control"), "no-store");
        let set = cookies(&opened);
        assert_eq!(set.len(), 1);
        assert!(set[0].contains(expect), "{dest}: {}", set[0]);
        assert!(set[0].contains("HttpOnly"), "{}", set[0]);
        assert!(!set[0].contains(token) && !opened.text.contains(token));
        let call = app.anonymous(Method::GET, "/portal");
        let page = call.header("cookie", pair(&set[0]));
        let page = page.header("sec-fetch-dest", dest).send().await;
        assert_eq!(page.status, StatusCode::OK, "{dest}: {page:?}");
        assert!(page.text.contains("Acme") && !page.text.contains(token));
        assert_eq!(page.header("cache-control"), "no-store");
    }
    // Each place has a cookie of its own: in a page the frame's counts for nothing.
    let framed = cookies(&open("iframe").await);
    let call = app.anonymous(Method::GET, "/portal");
    let call = call.header("cookie", pair(&framed[0]));
    let page = call.header("sec-fetch-dest", "document").send().await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    // The cookie is no key of the API, and the token is no cookie.
    let value = pair(&framed[0]).split_once('=').unwrap().1;
    let call = app.anonymous(Method::GET, "/api/v1/webhooks").bearer(value);
    call.send().await.problem(401, "unauthorized");
    let call = app.anonymous(Method::GET, "/portal");
    let call = call.header("cookie", &format!("hookpost-portal={token}"));
    assert_eq!(call.send().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_ends_with_its_link_and_a_wrong_link_opens_nothing() {
    let clock = Clock::manual(Timestamp::from_millis(1_773_655_500_000));
    let app = TestApp::start_at(clock.clone()).await;
    let short = link(&app, "acme", &json!({"expires_in": "5m"})).await;
    let long = link(&app, "acme", &json!({"expires_in": "7d"})).await;
    let mut sessions = Vec::new();
    for link in [&short, &long] {
        let opened = app.anonymous(Method::GET, &path_of(link)).send().await;
        sessions.push(pair(&cookies(&opened)[0]).to_owned());
    }
    let look = async |cookie: &str| {
        let call = app.anonymous(Method::GET, "/portal");
        call.header("cookie", cookie).send().await.status
    };
    assert_eq!(look(&sessions[0]).await, StatusCode::OK);
    clock.advance(Duration::from_secs(300));
    assert_eq!(look(&sessions[0]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(look(&sessions[1]).await, StatusCode::OK);
    app.delete("/api/v1/consumers/acme/portal-links").await;
    assert_eq!(look(&sessions[1]).await, StatusCode::UNAUTHORIZED);
    for path in [
        path_of(&short),
        path_of(&long),
        "/portal/open".to_owned(),
        "/portal/open?token=hpl_x".to_owned(),
    ] {
        let opened = app.anonymous(Method::GET, &path).send().await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(opened.header("location"), "/portal/ended");
        assert!(cookies(&opened).is_empty());
    }
    let ended = app.anonymous(Method::GET, "/portal/ended").send().await;
    assert_eq!(ended.status, StatusCode::UNAUTHORIZED);
    assert!(ended.text.contains("This session has ended"));
}

#[tokio::test]
async fn forms_without_the_sessions_token_or_from_another_site_do_nothing() {
    let guest = Guest::come_in().await;
    let body = "url=https%3A%2F%2Fexample.com&event_types=*";
    for (header, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("x-none", "no token"),
    ] {
        let call = guest.app.anonymous(Method::POST, "/portal/webhooks");
        let call = call.header("cookie", &guest.cookie).header(header, value);
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        let answer = call.body(body).send().await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{header}: {answer:?}");
    }
    let page = guest.app.get("/api/v1/webhooks").await.json(StatusCode::OK);
    assert_eq!(page["data"], json!([]));
    let left = guest.post("/portal/leave", &[]).await;
    assert_eq!(left.header("location"), "/portal/ended");
    assert!(cookies(&left)[0].contains("Max-Age=0"), "{left:?}");
}

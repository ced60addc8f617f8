//! Headers that stand on every answer, whatever it answers.

use hookpost::console;
use hookpost::domain::role::Role;
use hookpost::web::audience::Audience;
use hookpost::web::endpoint::{Access, Endpoint};
use reqwest::{Method, StatusCode};

use crate::app::{Answer, TestApp};
use crate::dashboard::sign_in;
use crate::receiver::Receiver;
use crate::world::{World, api, method};

/// Streams for as long as it is listened to.
const STREAMING: &str = "/live";

/// Nothing may be drawn in a frame, guessed to be a script, run from anywhere else, or told to others.
#[track_caller]
fn assert_dressed(what: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'"),
        "{what}: {policy:?} {answer:?}"
    );
    if !policy.contains("sandbox") {
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{what}: {policy}"
        );
    }
    for loose in ["unsafe", "*", "data:", "http:", "https:"] {
        assert!(!policy.contains(loose), "{what}: {policy}");
    }
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(answer.header("x-frame-options"), "DENY", "{what}");
    let referrer = answer.header("referrer-policy");
    assert!(["no-referrer", "same-origin"].contains(&referrer), "{what}");
    let opener = answer.header("cross-origin-opener-policy");
    assert_eq!(opener, "same-origin", "{what}");
    let sharing = answer.header("cross-origin-resource-policy");
    assert_eq!(sharing, "same-origin", "{what}");
    assert!(!answer.header("x-request-id").is_empty(), "{what}");
    assert_eq!(answer.header("server"), "", "{what}");
    assert_eq!(answer.header("access-control-allow-origin"), "", "{what}");
    let kept = answer.header("cache-control");
    let is_static = what.contains("/static/") || what.contains("/docs");
    assert!(
        is_static || kept.contains("no-store") || answer.status == StatusCode::NOT_MODIFIED,
        "{what}: {kept:?}"
    );
}

async fn ask(app: &TestApp, world: &World, route: &Endpoint, cookie: &str, accept: &str) -> Answer {
    let call = app.anonymous(method(route), &world.path(route));
    let call = call.header("cookie", cookie).header("accept", accept);
    call.send().await
}

#[tokio::test]
async fn every_answer_of_every_route_forbids_framing_sniffing_and_foreign_script() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let world = World::make(&app, &receiver, "plain").await;
    let cookie = sign_in(&app, "ada@example.com", Role::Owner).await;
    let mut count = 0;
    for route in api() {
        let what = format!("{} {}", route.method, route.path);
        assert_dressed(&what, &ask(&app, &world, route, "", "*/*").await);
        let call = app.call(method(route), &world.path(route));
        if route.method == Method::GET.as_str() {
            assert_dressed(&what, &call.send().await);
        }
        count += 1;
    }
    for route in console::AUDIENCE.endpoints().into_iter() {
        let what = format!("{} {}", route.method, route.path);
        assert_dressed(&what, &ask(&app, &world, route, "", "text/html").await);
        let is_page = route.method == Method::GET.as_str() && route.path != STREAMING;
        if is_page || matches!(route.access, Access::Page(_)) && route.path != STREAMING {
            // Forms are refused for want of a token.
            let answer = ask(&app, &world, route, &cookie, "text/html").await;
            assert_dressed(&what, &answer);
        }
        count += 1;
    }
    for path in [
        "/nothing",
        "/api/v1/nothing",
        "/airmy/nothing",
        "/webhooks/%00",
    ] {
        for wrong in [Method::GET, Method::DELETE, Method::OPTIONS] {
            let answer = app.anonymous(wrong, path).send().await;
            assert_dressed(path, &answer);
        }
    }
    println!("{count} routes are dressed");
    assert!(count > 150, "{count}");
}

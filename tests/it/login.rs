//! The doors for people: the first run, signing in, and what a browser keeps.

use std::time::Duration;

use hookpost::clock::Clock;
use hookpost::console;
use hookpost::domain::role::Role;
use hookpost::domain::secret::Secret;
use hookpost::domain::time::Timestamp;
use hookpost::service::people::{NewUser, SETUP_LINK_LASTS};
use hookpost::service::{Actor, ServiceOptions};
use hookpost::web::audience::Audience;
use hookpost::web::proxy::{PlainSignIn, ProxyRules, Scheme};
use hookpost::web::{HttpOptions, Limits};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::app::{Answer, Call, TestApp};
use crate::dashboard::{between, sign_in};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "tulip basket engine";

fn form(call: Call, fields: &[(&str, &str)]) -> impl Future<Output = Answer> + use<> {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    let call = call.header("accept", "text/html");
    call.header("content-type", "application/x-www-form-urlencoded")
        .body(body.finish())
        .send()
}

async fn post(app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
    form(app.anonymous(Method::POST, path), fields).await
}

async fn user(app: &TestApp, email: &str) {
    let new = NewUser {
        email: email.to_owned(),
        password: Secret::new(PASSWORD.to_owned()),
        role: Role::Owner,
    };
    app.service.create_user(&Actor::Cli, new).await.unwrap();
}

fn manual() -> Clock {
    Clock::manual(Timestamp::parse("2026-11-21T12:00:00Z").unwrap())
}

/// The token of a new set-up link.
async fn link(app: &TestApp) -> String {
    let link = app.service.setup_link("http://x").await.unwrap().unwrap();
    let (_, token) = link.url.expose().split_once("token=").unwrap();
    token.to_owned()
}

/// Behind something on loopback that speaks for others.
async fn behind_proxy() -> TestApp {
    let proxy = ProxyRules {
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        portal_url: None,
        public_url: None,
        scheme: Scheme::Http,
        plain_sign_in: PlainSignIn::Local,
    };
    let limits = Limits::default();
    TestApp::start_as(
        HttpOptions {
            proxy,
            limits,
            metrics_allow: None,
            metrics_webhooks: 0,
        },
        ServiceOptions::default(),
    )
    .await
}

#[tokio::test]
async fn there_is_no_account_until_somebody_with_the_link_makes_one_and_then_no_set_up() {
    let app = TestApp::start().await;
    let token = link(&app).await;
    let owner = |token: &str| {
        [
            ("token", token.to_owned()),
            ("email", EMAIL.to_owned()),
            ("password", PASSWORD.to_owned()),
        ]
    };
    let set_up = async |token: &str| {
        let fields = owner(token);
        let fields = fields.each_ref().map(|(name, value)| (*name, &value[..]));
        post(&app, "/setup", &fields).await
    };
    for wrong in ["", "x", &token[1..], &format!("{token}x")] {
        let refused = set_up(wrong).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{wrong}");
        assert_eq!(refused.header("set-cookie"), "");
    }
    // A new link ends the one before.
    let fresh = link(&app).await;
    assert_eq!(set_up(&token).await.status, StatusCode::UNAUTHORIZED);
    let weak = [
        ("token", &fresh[..]),
        ("email", EMAIL),
        ("password", "short"),
    ];
    let weak = post(&app, "/setup", &weak).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = app.anonymous(Method::GET, &format!("/setup?token={fresh}"));
    assert_eq!(page.send().await.status, StatusCode::OK);
    let made = set_up(&fresh).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{made:?}");
    assert!(made.header("set-cookie").starts_with("hookpost="));
    // From then on there is no such page, whoever asks.
    assert_eq!(set_up(&fresh).await.status, StatusCode::NOT_FOUND);
    for path in ["/setup", &format!("/setup?token={fresh}")] {
        let page = app.anonymous(Method::GET, path).send().await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(app.service.setup_link("http://x").await.unwrap().is_none());
}

#[tokio::test]
async fn two_people_with_the_link_at_once_make_one_owner() {
    let app = TestApp::start().await;
    let token = link(&app).await;
    let try_as = |email: &'static str| {
        let fields = [
            ("token", &token[..]),
            ("email", email),
            ("password", PASSWORD),
        ];
        form(app.anonymous(Method::POST, "/setup"), &fields)
    };
    let both = futures_util::future::join(try_as("a@example.com"), try_as("b@example.com"));
    let (one, other) = both.await;
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 404]);
}

#[tokio::test]
async fn a_set_up_link_lasts_half_an_hour_and_the_command_line_ends_it_too() {
    let clock = manual();
    let app = TestApp::start_at(clock.clone()).await;
    let token = link(&app).await;
    let path = format!("/setup?token={token}");
    clock.advance(SETUP_LINK_LASTS - Duration::from_secs(1));
    let page = app.anonymous(Method::GET, &path).send().await;
    assert_eq!(page.status, StatusCode::OK);
    clock.advance(Duration::from_secs(1));
    let page = app.anonymous(Method::GET, &path).send().await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    let token = link(&app).await;
    user(&app, EMAIL).await;
    let path = format!("/setup?token={token}");
    let page = app.anonymous(Method::GET, &path).send().await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_cookie_is_for_this_site_and_no_script_and_has_the_host_prefix_over_tls() {
    let app = behind_proxy().await;
    user(&app, EMAIL).await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let plain = post(&app, "/sign-in", &fields).await;
    let cookie = plain.header("set-cookie");
    assert!(cookie.starts_with("hookpost=") && !cookie.contains("Secure"));
    let call = app.anonymous(Method::POST, "/sign-in");
    let call = call.header("x-forwarded-for", "203.0.113.9");
    let secure = form(call.header("x-forwarded-proto", "https"), &fields).await;
    let cookie = secure.header("set-cookie");
    assert!(cookie.starts_with("__Host-hookpost="), "{cookie}");
    for part in ["HttpOnly", "SameSite=Lax", "Secure", "Path=/"] {
        assert!(cookie.contains(part), "{part} is missing: {cookie}");
    }
    assert!(!cookie.contains("Domain") && !cookie.contains("Max-Age"));
    assert!(!secure.header("strict-transport-security").is_empty());
    assert!(plain.header("strict-transport-security").is_empty());
}

#[tokio::test]
async fn over_tls_a_cookie_that_anybody_could_have_planted_is_not_looked_at() {
    let app = behind_proxy().await;
    let planted = sign_in(&app, "mallory@example.com", Role::Viewer).await;
    let ask = |cookie: String| {
        let call = app.anonymous(Method::GET, "/deliveries");
        call.header("x-forwarded-for", "203.0.113.9")
            .header("x-forwarded-proto", "https")
            .header("cookie", &cookie)
            .header("accept", "text/html")
            .send()
    };
    let answer = ask(planted.clone()).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
    assert!(answer.header("location").starts_with("/sign-in"));
    let answer = ask(format!("__Host-{planted}")).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn over_plain_http_from_another_machine_nobody_gets_as_far_as_a_password() {
    let app = behind_proxy().await;
    let cookie = sign_in(&app, EMAIL, Role::Owner).await;
    let from_afar = |method: Method, path: &str| {
        let call = app.anonymous(method, path).header("cookie", &cookie);
        call.header("x-forwarded-for", "203.0.113.9")
    };
    let mut tried = 0;
    for route in console::AUDIENCE.endpoints().into_iter() {
        let path = route.path.replace("{id}", "x").replace("{name}", "x");
        if path.starts_with("/static/") || path == "/live" {
            continue;
        }
        let method: Method = route.method.as_str().parse().unwrap();
        let fields = [("email", EMAIL), ("password", PASSWORD)];
        let answer = form(from_afar(method, &path), &fields).await;
        let what = format!("{} {path}", route.method);
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}: {answer:?}");
        assert!(answer.text.contains("use https"), "{what}");
        tried += 1;
    }
    assert!(tried > 60, "{tried}");
    let session = from_afar(Method::POST, "/api/v1/sessions");
    let session = session.json(&json!({"email": EMAIL, "password": PASSWORD}));
    session.send().await.problem(403, "forbidden");
}

#[tokio::test]
async fn signing_in_gives_a_new_token_whatever_the_browser_had_before() {
    let app = TestApp::start().await;
    user(&app, EMAIL).await;
    let planted = sign_in(&app, "mallory@example.com", Role::Viewer).await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let call = app.anonymous(Method::POST, "/sign-in");
    let signed_in = form(call.header("cookie", &planted), &fields).await;
    let set = signed_in.header("set-cookie").to_owned();
    assert!(!set.starts_with(&planted), "{set}");
    // What was planted is still its owner's, and nobody else's.
    let call = app.anonymous(Method::GET, "/profile");
    let page = call.header("cookie", &planted).send().await;
    assert!(page.text.contains("mallory@example.com"), "{page:?}");
}

#[tokio::test]
async fn forms_that_nobody_is_signed_in_for_are_refused_from_other_sites_too() {
    let app = TestApp::start().await;
    user(&app, EMAIL).await;
    for path in [
        "/sign-in",
        "/sign-in/code",
        "/setup",
        "/profile/second-factor",
        "/profile/second-factor/begin",
    ] {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let fields = [("email", EMAIL), ("password", PASSWORD)];
            let call = app.anonymous(Method::POST, path).header(name, value);
            let answer = form(call, &fields).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{path} {name}: {value}"
            );
            assert_eq!(answer.header("set-cookie"), "", "{path} {name}: {value}");
        }
    }
}

#[tokio::test]
async fn after_signing_in_nobody_is_led_to_another_site() {
    let app = TestApp::start().await;
    user(&app, EMAIL).await;
    for (back, expect) in [
        ("/deliveries?status=retrying", "/deliveries?status=retrying"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\t/evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ] {
        let fields = [("email", EMAIL), ("password", PASSWORD), ("back", back)];
        let answer = post(&app, "/sign-in", &fields).await;
        assert_eq!(answer.header("location"), expect, "{back:?}");
    }
}

#[tokio::test]
async fn guesses_from_one_address_have_to_wait_whatever_account_they_are_for() {
    let app = behind_proxy().await;
    user(&app, EMAIL).await;
    let guess = async |from: &str, email: &str, password: &str| {
        let call = app.anonymous(Method::POST, "/sign-in");
        let call = call.header("x-forwarded-for", from);
        let call = call.header("x-forwarded-proto", "https");
        form(call, &[("email", email), ("password", password)]).await
    };
    for number in 0..20 {
        let email = format!("guess-{number}@example.com");
        let answer = guess("203.0.113.9", &email, "x").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{number}");
    }
    let late = guess("203.0.113.9", EMAIL, PASSWORD).await;
    assert_eq!(late.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!late.header("retry-after").is_empty());
    assert!(late.text.contains("Too many tries"), "{}", late.text);
    let elsewhere = guess("198.51.100.7", EMAIL, PASSWORD).await;
    assert_eq!(elsewhere.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_of_that_person_and_of_nobody_else() {
    let app = TestApp::start().await;
    let here = sign_in(&app, EMAIL, Role::Operator).await;
    let other = sign_in(&app, "bob@example.com", Role::Operator).await;
    let body = json!({"email": EMAIL, "password": crate::dashboard::PASSWORD});
    let program = app.anonymous(Method::POST, "/api/v1/sessions").json(&body);
    let program = program.send().await.json(StatusCode::CREATED);
    let program = program["token"].as_str().unwrap();
    let page = async |cookie: &str| {
        let call = app.anonymous(Method::GET, "/deliveries");
        call.header("cookie", cookie).send().await
    };
    let shown = page(&here).await.text;
    let csrf = between(&shown, "name=\"csrf\" value=\"", "\"");
    let call = app.anonymous(Method::POST, "/profile/sessions/end");
    let ended = form(call.header("cookie", &here), &[("csrf", csrf)]).await;
    assert_eq!(ended.header("location"), "/sign-in");
    assert_eq!(page(&here).await.status, StatusCode::SEE_OTHER);
    assert_eq!(page(&other).await.status, StatusCode::OK);
    let call = app.anonymous(Method::GET, "/api/v1/webhooks");
    call.bearer(program)
        .send()
        .await
        .problem(401, "unauthorized");
    let log = app.get("/api/v1/audit-log").await;
    assert!(log.text.contains("session.end_all"), "{}", log.text);
}

//! `/api/v1/sessions`

use std::time::Duration;

use hookpost::clock::Clock;
use hookpost::domain::role::Role;
use hookpost::domain::secret::Secret;
use hookpost::domain::session::Channel;
use hookpost::domain::time::Timestamp;
use hookpost::service::Actor;
use hookpost::service::people::{NewUser, SignIn};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::second_factor::App as Authenticator;

const SESSIONS: &str = "/api/v1/sessions";
const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "tulip basket engine";

async fn user(app: &TestApp, role: Role) {
    let new = NewUser {
        email: EMAIL.to_owned(),
        password: Secret::new(PASSWORD.to_owned()),
        role,
    };
    app.service.create_user(&Actor::Cli, new).await.unwrap();
}

async fn sign_in(app: &TestApp, body: &Value) -> Answer {
    let call = app.anonymous(Method::POST, SESSIONS);
    call.json(body).send().await
}

async fn token(app: &TestApp) -> String {
    let body = json!({"email": EMAIL, "password": PASSWORD});
    let session = sign_in(app, &body).await.json(StatusCode::CREATED);
    session["token"].as_str().unwrap().to_owned()
}

async fn ask(app: &TestApp, method: Method, path: &str, token: &str) -> Answer {
    app.anonymous(method, path).bearer(token).send().await
}

async fn post(app: &TestApp, path: &str, token: &str, body: &Value) -> Answer {
    let call = app.anonymous(Method::POST, path).bearer(token);
    call.json(body).send().await
}

/// Enrols a second factor from a browser, as people do.
async fn enrol(app: &TestApp) -> Authenticator {
    let asked = SignIn {
        email: EMAIL.to_owned(),
        password: Secret::new(PASSWORD.to_owned()),
        code: None,
        channel: Channel::Browser,
        user_agent: String::new(),
        address: "127.0.0.1".parse().unwrap(),
    };
    let person = app.service.sign_in(asked).await.unwrap().person;
    Authenticator::enrol(&app.service, &person).await
}

#[tokio::test]
async fn a_session_works_where_a_key_works_until_it_is_ended() {
    let app = TestApp::start().await;
    user(&app, Role::Owner).await;
    let body = json!({"email": "ADA@example.com", "password": PASSWORD});
    let session = sign_in(&app, &body).await.json(StatusCode::CREATED);
    assert_eq!(session["mfa_verified_until"], Value::Null);
    let token = session["token"].as_str().unwrap();
    assert!(token.starts_with("hps_"));
    let list = ask(&app, Method::GET, "/api/v1/workspaces", token).await;
    list.json(StatusCode::OK);
    let ended = ask(&app, Method::DELETE, SESSIONS, token).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let list = ask(&app, Method::GET, "/api/v1/workspaces", token).await;
    list.problem(401, "unauthorized");
    let again = ask(&app, Method::DELETE, SESSIONS, token).await;
    again.problem(401, "unauthorized");
}

#[tokio::test]
async fn whatever_is_wrong_about_signing_in_sounds_the_same() {
    let app = TestApp::start().await;
    user(&app, Role::Owner).await;
    let mut told = Vec::new();
    for (email, password) in [
        (EMAIL, "not the password"),
        ("nobody@example.com", PASSWORD),
        ("", ""),
    ] {
        let answer = sign_in(&app, &json!({"email": email, "password": password})).await;
        told.push(answer.problem(401, "unauthorized")["detail"].clone());
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    let half = json!({"email": EMAIL});
    sign_in(&app, &half).await.invalid("password");
    let typo = json!({"email": EMAIL, "password": PASSWORD, "otp": "1"});
    sign_in(&app, &typo).await.invalid("otp");
}

#[tokio::test]
async fn guesses_have_to_wait_and_so_does_the_right_password_then() {
    let clock = Clock::manual(Timestamp::parse("2026-11-21T12:00:00Z").unwrap());
    let app = TestApp::start_at(clock.clone()).await;
    user(&app, Role::Owner).await;
    let wrong = json!({"email": EMAIL, "password": "not the password"});
    let right = json!({"email": EMAIL, "password": PASSWORD});
    for _ in 0..5 {
        sign_in(&app, &wrong).await.problem(401, "unauthorized");
    }
    let answer = sign_in(&app, &right).await;
    answer.problem(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), "1");
    clock.advance(Duration::from_secs(1));
    sign_in(&app, &right).await.json(StatusCode::CREATED);
    sign_in(&app, &wrong).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn roles_are_scopes() {
    let read = [
        (Method::GET, "/api/v1/webhooks"),
        (Method::GET, "/api/v1/deliveries"),
        (Method::GET, "/api/v1/events"),
    ];
    let write = [(Method::POST, "/api/v1/retries/run")];
    let own = [(Method::GET, "/api/v1/api-keys")];
    for (role, allowed) in [(Role::Viewer, 1), (Role::Operator, 2), (Role::Owner, 3)] {
        let app = TestApp::start().await;
        user(&app, role).await;
        let token = token(&app).await;
        let groups = [&read[..], &write[..], &own[..]];
        for (place, group) in groups.into_iter().enumerate() {
            for (method, path) in group {
                let answer = ask(&app, method.clone(), path, &token).await;
                if place < allowed {
                    assert_eq!(answer.status, StatusCode::OK, "{role:?} {path}");
                } else {
                    answer.problem(403, "forbidden");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_session_names_its_workspace_as_a_key_of_the_instance_does() {
    let app = TestApp::start().await;
    user(&app, Role::Operator).await;
    let other = json!({"name": "other"});
    let other = app.post("/api/v1/workspaces", &other).await;
    other.json(StatusCode::CREATED);
    let token = token(&app).await;
    let look = |workspace: &str| {
        let call = app
            .anonymous(Method::GET, "/api/v1/webhooks")
            .bearer(&token);
        call.header("hookpost-workspace", workspace).send()
    };
    look("other").await.json(StatusCode::OK);
    look("none").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_second_factor_is_shown_before_anything_else_and_again_when_it_is_old() {
    let clock = Clock::manual(Timestamp::parse("2026-11-21T12:00:00Z").unwrap());
    let app = TestApp::start_at(clock.clone()).await;
    user(&app, Role::Owner).await;
    let phone = enrol(&app).await;
    clock.advance(Duration::from_secs(60));
    let token = token(&app).await;
    let list = ask(&app, Method::GET, "/api/v1/webhooks", &token).await;
    list.problem(403, "mfa_required");

    let path = format!("{SESSIONS}/mfa");
    let wrong = post(&app, &path, &token, &json!({"totp": "000000"})).await;
    wrong.problem(401, "unauthorized");
    let code = phone.code(clock.now());
    let shown = post(&app, &path, &token, &json!({"totp": code})).await;
    let shown = shown.json(StatusCode::OK);
    assert_eq!(shown["token"], token.as_str());
    assert_eq!(shown["mfa_verified_until"], "2026-11-21T12:16:00.000Z");
    let list = ask(&app, Method::GET, "/api/v1/webhooks", &token).await;
    list.json(StatusCode::OK);

    let made = json!({"url": "http://127.0.0.1:9001/", "event_types": ["*"]});
    let made = post(&app, "/api/v1/webhooks", &token, &made).await;
    let made = made.json(StatusCode::CREATED);
    let id = made["id"].as_str().unwrap();
    let rotate = format!("/api/v1/webhooks/{id}/rotate-secret");
    let rotated = post(&app, &rotate, &token, &json!({})).await;
    rotated.json(StatusCode::OK);
    clock.advance(Duration::from_secs(15 * 60));
    let stale = post(&app, &rotate, &token, &json!({})).await;
    stale.problem(403, "mfa_required");
    let used = post(&app, &path, &token, &json!({"totp": code})).await;
    used.problem(401, "unauthorized");
    let code = phone.code(clock.now());
    let shown = post(&app, &path, &token, &json!({"totp": code})).await;
    shown.json(StatusCode::OK);
    let rotated = post(&app, &rotate, &token, &json!({})).await;
    rotated.json(StatusCode::OK);
}

#[tokio::test]
async fn a_code_at_once_saves_the_second_step_and_opens_only_once() {
    let clock = Clock::manual(Timestamp::parse("2026-11-21T12:00:00Z").unwrap());
    let app = TestApp::start_at(clock.clone()).await;
    user(&app, Role::Owner).await;
    let mut phone = enrol(&app).await;
    clock.advance(Duration::from_secs(60));
    let body = json!({"email": EMAIL, "password": PASSWORD, "totp": phone.code(clock.now())});
    let session = sign_in(&app, &body).await.json(StatusCode::CREATED);
    assert_eq!(session["mfa_verified_until"], "2026-11-21T12:16:00.000Z");
    sign_in(&app, &body).await.problem(401, "unauthorized");
    let body = json!({"email": EMAIL, "password": PASSWORD, "totp": phone.recovery.pop()});
    sign_in(&app, &body).await.json(StatusCode::CREATED);
    sign_in(&app, &body).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn programs_and_browsers_do_not_share_tokens_and_keys_are_not_people() {
    let app = TestApp::start().await;
    user(&app, Role::Owner).await;
    let token = token(&app).await;
    let call = app.anonymous(Method::GET, "/deliveries");
    let cookie = format!("hookpost={token}");
    let call = call.header("cookie", &cookie).header("accept", "text/html");
    assert_eq!(call.send().await.status, StatusCode::SEE_OTHER);
    app.delete(SESSIONS).await.problem(403, "forbidden");
    let answer = app.anonymous(Method::DELETE, SESSIONS).send().await;
    answer.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let clock = Clock::manual(Timestamp::parse("2026-11-21T12:00:00Z").unwrap());
    let app = TestApp::start_at(clock.clone()).await;
    user(&app, Role::Viewer).await;
    let is_live = async |token: &str| {
        let answer = ask(&app, Method::GET, "/api/v1/webhooks", token).await;
        answer.status == StatusCode::OK
    };
    let idle = token(&app).await;
    clock.advance(Duration::from_secs(29 * 60));
    assert!(is_live(&idle).await);
    clock.advance(Duration::from_secs(30 * 60));
    assert!(!is_live(&idle).await);
    let busy = token(&app).await;
    for _ in 0..35 {
        clock.advance(Duration::from_secs(20 * 60));
        assert!(is_live(&busy).await);
    }
    clock.advance(Duration::from_secs(20 * 60));
    assert!(!is_live(&busy).await);
}

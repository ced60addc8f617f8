//! VeriSwarm with the session of a person: what asks for a second factor, and for how long one
//! that was shown counts.

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

use super::Client;
use crate::app::{Answer, TestApp, eventually};
use crate::receiver::{Receiver, Reply};
use crate::second_factor::App as Authenticator;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "tulip basket engine";
const WEBHOOKS: &str = "/v1/public/providers/webhooks";

async fn user(app: &TestApp) {
    let new = NewUser {
        email: EMAIL.to_owned(),
        password: Secret::new(PASSWORD.to_owned()),
        role: Role::Operator,
    };
    app.service.create_user(&Actor::Cli, new).await.unwrap();
}

/// Enrols a second factor as people do, in a browser.
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

/// A client that signs in; `code` is the second factor's.
async fn client<'a>(app: &'a TestApp, code: Option<&str>) -> Client<'a> {
    let mut body = json!({ "email": EMAIL, "password": PASSWORD });
    if let Some(code) = code {
        body["totp"] = code.into();
    }
    let asked = app.anonymous(Method::POST, "/api/v1/sessions").json(&body);
    let session = asked.send().await.json(StatusCode::CREATED);
    let token = session["token"].as_str().unwrap().to_owned();
    Client::new(app, "/veriswarm", "x-account-access-token", token)
}

/// A webhook with a failed delivery, and the four documented requests that need a second factor;
/// revoking comes last.
async fn guarded(client: &Client<'_>, receiver: &Receiver) -> Vec<String> {
    receiver.answer(Reply::status(500));
    let made = client
        .create_for("callback_url", &receiver.url("/hook"))
        .await;
    let event = json!({ "type": "agent.scored", "data": {} });
    let published = client.app.post("/api/v1/events", &event).await;
    published.json(StatusCode::ACCEPTED);
    let failed = |list: &Value| list["data"][0]["status"] == "retrying";
    client.app.poll("/api/v1/deliveries", failed).await;
    let path = format!("{WEBHOOKS}/deliveries");
    let listed = client.send(Method::GET, &path, None).await;
    let delivery = listed.json(StatusCode::OK)[0]["id"].clone();
    let id = &made["id"];
    vec![
        format!("{WEBHOOKS}/deliveries/{delivery}/retry"),
        format!("{WEBHOOKS}/{id}/rotate-secret"),
        format!("{WEBHOOKS}/{id}/test"),
        format!("{WEBHOOKS}/{id}/revoke"),
    ]
}

/// Posts once no attempt is under way: time that passed may have made a retry due.
async fn when_free(client: &Client<'_>, path: &str) -> Answer {
    eventually(async || {
        let answer = client.send(Method::POST, path, None).await;
        match answer.status {
            StatusCode::CONFLICT => Err(answer.text),
            _ => Ok(answer),
        }
    })
    .await
}

#[tokio::test]
async fn a_session_without_a_second_factor_reads_and_registers_but_does_nothing_delicate() {
    let app = TestApp::start().await;
    user(&app).await;
    let client = client(&app, None).await;
    let receiver = Receiver::start().await;
    for path in guarded(&client, &receiver).await {
        let told = client.refused((Method::POST, &path), None, 403).await;
        assert_eq!(told["code"], "mfa_required", "{path}");
    }
    client.replay("run", &[]).await;
    client.replay("summary", &[]).await;
}

#[tokio::test]
async fn a_second_factor_counts_for_fifteen_minutes() {
    let clock = Clock::manual(Timestamp::parse("2026-11-21T12:00:00Z").unwrap());
    let app = TestApp::start_at(clock.clone()).await;
    user(&app).await;
    let phone = enrol(&app).await;
    clock.advance(Duration::from_secs(60));
    let client = client(&app, Some(&phone.code(clock.now()))).await;
    let receiver = Receiver::start().await;
    let paths = guarded(&client, &receiver).await;
    clock.advance(Duration::from_secs(14 * 60));
    for path in &paths[..3] {
        let answer = when_free(&client, path).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
    }
    clock.advance(Duration::from_secs(61));
    for path in &paths {
        let told = client.refused((Method::POST, path), None, 403).await;
        assert_eq!(told["code"], "mfa_required", "{path}");
    }
    let shown = json!({ "totp": phone.code(clock.now()) });
    let mfa = app.anonymous(Method::POST, "/api/v1/sessions/mfa");
    let mfa = mfa.bearer(&client.credential.1).json(&shown).send().await;
    mfa.json(StatusCode::OK);
    let revoked = client.send(Method::POST, &paths[3], None).await;
    assert_eq!(revoked.json(StatusCode::OK)["status"], "revoked");
}

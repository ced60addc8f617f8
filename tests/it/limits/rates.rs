//! Rates of addresses, keys and tests.

use std::time::Instant;

use hookpost::domain::api_key::Scope;
use hookpost::service::ServiceOptions;
use hookpost::web::{HttpOptions, Limits};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{PATIENCE, TestApp};
use crate::receiver::Receiver;

use super::*;

#[tokio::test]
async fn an_address_has_a_rate_whatever_it_asks_for_and_whoever_it_says_it_is() {
    let app = bounded(Limits {
        address_rate: Some(3.0),
        ..Limits::default()
    })
    .await;
    let ask = |path: &str, forwarded: &str| {
        let call = app.anonymous(Method::GET, path).bearer("hpk_guess");
        call.header("x-forwarded-for", forwarded)
            .header("x-account-access-token", "guess")
            .send()
    };
    let deadline = Instant::now() + PATIENCE;
    // Each kind of path in turn, until the bucket is empty at one of them.
    for path in [
        "/api/v1/webhooks",
        "/sign-in",
        "/veriswarm/v1/public/providers/webhooks",
        "/healthz",
    ] {
        let mut count = 0_u32;
        let refused = loop {
            count += 1;
            let answer = ask(path, &format!("203.0.113.{count}")).await;
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                break answer;
            }
            assert!(
                Instant::now() < deadline,
                "{path}: {count} were let through"
            );
        };
        assert_eq!(refused.header("retry-after"), "1", "{path}");
        assert!(refused.header("content-type").contains("json"), "{path}");
    }
}

#[tokio::test]
async fn a_key_has_the_rate_that_the_operator_gives_to_all() {
    let app = bounded(Limits {
        key_rate: Some(2.0),
        ..Limits::default()
    })
    .await;
    let key = app.key(&[Scope::EventsRead]).await;
    let deadline = Instant::now() + PATIENCE;
    let refused = loop {
        let call = app.anonymous(Method::GET, "/api/v1/events").bearer(&key);
        let answer = call.send().await;
        assert_eq!(answer.header("ratelimit-limit"), "2");
        if answer.status != StatusCode::OK {
            break answer;
        }
        assert!(Instant::now() < deadline, "no limit");
    };
    refused.problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("ratelimit-remaining"), "0");
    // Another key has a bucket of its own.
    app.get("/api/v1/events").await.json(StatusCode::OK);
}

#[tokio::test]
async fn tests_of_webhooks_are_counted_by_the_minute_and_by_workspace() {
    let options = ServiceOptions {
        tests_per_minute: 2,
        ..ServiceOptions::default()
    };
    let app = TestApp::start_as(HttpOptions::default(), options).await;
    let receiver = Receiver::start().await;
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"], "profile": "airmy"});
    let made = app
        .post("/api/v1/webhooks", &webhook)
        .await
        .json(StatusCode::CREATED);
    let id = made["id"].as_str().unwrap();
    let path = format!("/api/v1/webhooks/{id}/test");
    for _ in 0..2 {
        app.post(&path, &json!({})).await.json(StatusCode::OK);
    }
    let refused = app.post(&path, &json!({})).await;
    refused.problem(429, "rate_limited");
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    // A dialect is no way around it.
    let theirs = format!("/airmy/webhooks/{id}/test");
    let refused = app.post(&theirs, &json!({})).await;
    assert_eq!(
        refused.status,
        StatusCode::TOO_MANY_REQUESTS,
        "{}",
        refused.text
    );
    assert!(!refused.header("retry-after").is_empty());
    app.post("/api/v1/workspaces", &json!({"name": "second"}))
        .await
        .json(StatusCode::CREATED);
    let in_second = |path: &str, body: &Value| {
        app.call(Method::POST, path)
            .header("hookpost-workspace", "second")
            .json(body)
            .send()
    };
    let made = in_second("/api/v1/webhooks", &webhook)
        .await
        .json(StatusCode::CREATED);
    let path = format!("/api/v1/webhooks/{}/test", made["id"].as_str().unwrap());
    in_second(&path, &json!({})).await.json(StatusCode::OK);
    assert_eq!(receiver.wait_for(3).await.len(), 3);
}

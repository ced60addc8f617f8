//! What one caller may take from all: large answers, costly schemas, bodies of no named kind.

use std::time::{Duration, Instant};

use hookpost::service::ServiceOptions;
use hookpost::web::{HttpOptions, Limits};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;

const EVENTS: &str = "/api/v1/events";
/// The most bytes of an answer with a page: what callers sent, and the words around it.
const ANSWER_BYTES_MAX: usize = 5 * 1024 * 1024;

async fn publish_large(app: &TestApp, events: usize) {
    let text = "x".repeat(250_000);
    for _ in 0..events {
        let body = json!({"type": "a.b", "data": text});
        app.post(EVENTS, &body).await.json(StatusCode::ACCEPTED);
    }
}

/// The ids on all pages of a list, one after another.
async fn walk(app: &TestApp, path: &str, id: &str, go_on: &str) -> (Vec<String>, usize) {
    let mut ids = Vec::new();
    let mut pages = 0;
    let mut next = path.to_owned();
    loop {
        let answer = app.get(&next).await;
        assert!(
            answer.text.len() <= ANSWER_BYTES_MAX,
            "{}",
            answer.text.len()
        );
        let page = answer.json(StatusCode::OK);
        let items = page["data"].as_array().unwrap();
        ids.extend(
            items
                .iter()
                .map(|item| item[id].as_str().unwrap().to_owned()),
        );
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(cursor) if !items.is_empty() => next = format!("{path}&{go_on}={cursor}"),
            Some(_) | None => return (ids, pages),
        }
    }
}

#[tokio::test]
async fn a_page_of_large_events_is_shorter_and_no_event_is_skipped() {
    let app = TestApp::start().await;
    publish_large(&app, 40).await;
    for (path, go_on) in [("?limit=250", "cursor"), ("?limit=250&order=asc", "after")] {
        let (mut ids, pages) = walk(&app, &format!("{EVENTS}{path}"), "id", go_on).await;
        println!("40 events of 250 KB {path}: {pages} pages");
        assert!(pages >= 3, "{pages}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 40);
    }
}

#[tokio::test]
async fn a_page_of_large_event_types_is_shorter_and_none_is_skipped() {
    let app = TestApp::start().await;
    let example = "x".repeat(60_000);
    for n in 0..100 {
        let body = json!({"name": format!("a.t{n}"), "example": example});
        app.post("/api/v1/event-types", &body)
            .await
            .json(StatusCode::CREATED);
    }
    let (mut names, pages) = walk(&app, "/api/v1/event-types?limit=250", "name", "cursor").await;
    assert_eq!(pages, 2);
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 100);
}

#[tokio::test]
async fn answers_beyond_the_budget_are_told_to_come_again() {
    let limits = Limits {
        answer_budget_kib: 512,
        ..Limits::default()
    };
    let http = HttpOptions {
        limits,
        ..HttpOptions::default()
    };
    let app = TestApp::start_as(http, ServiceOptions::default()).await;
    publish_large(&app, 3).await;
    for _ in 0..5 {
        // Each share is given back with its answer.
        app.get("/api/v1/events?limit=1").await.json(StatusCode::OK);
    }
    let refused = app.get("/api/v1/events").await;
    refused.problem(503, "overloaded");
    assert_eq!(refused.header("retry-after"), "1");
}

#[tokio::test]
async fn sixty_million_faults_cost_no_more_than_ten() {
    let app = TestApp::start().await;
    let schema = json!({"items": {"allOf": vec![json!({"type": "string"}); 600]}});
    let body = json!({"name": "a.b", "schema": schema});
    app.post("/api/v1/event-types", &body)
        .await
        .json(StatusCode::CREATED);
    let numbers: Vec<u32> = (0..100_000).map(|n| n % 10).collect();
    let begun = Instant::now();
    let refused = app
        .post(EVENTS, &json!({"type": "a.b", "data": numbers}))
        .await;
    let problem = refused.problem(422, "invalid");
    println!("600 x 100,000 faults: {:?}", begun.elapsed());
    assert_eq!(problem["errors"].as_array().unwrap().len(), 10);
    assert_eq!(problem["errors"][0]["field"], "data[0]");
}

/// How long `/healthz` takes at most until `work` is done.
async fn slowest_answer(app: &TestApp, work: impl Future<Output = ()>) -> Duration {
    let mut slowest = Duration::ZERO;
    tokio::pin!(work);
    loop {
        let begun = Instant::now();
        tokio::select! {
            answer = app.get("/healthz") => {
                assert_eq!(answer.status, StatusCode::OK);
                slowest = slowest.max(begun.elapsed());
            }
            () = &mut work => return slowest,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_much_checking_waits_alone() {
    let app = TestApp::start().await;
    let patterns: Vec<Value> = (0..300)
        .map(|n| json!({"pattern": format!("[ab]*c{n}")}))
        .collect();
    let schema = json!({"items": {"not": {"anyOf": patterns}}});
    let body = json!({"name": "a.b", "schema": schema});
    app.post("/api/v1/event-types", &body)
        .await
        .json(StatusCode::CREATED);
    let event = json!({"type": "a.b", "data": ["ab".repeat(30_000)]});
    let batch = json!({"events": vec![event; 2]});
    let batches = async {
        let (one, other) = tokio::join!(
            app.post("/api/v1/events/batch", &batch),
            app.post("/api/v1/events/batch", &batch)
        );
        for answer in [one, other] {
            assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
        }
    };
    let begun = Instant::now();
    let slowest = slowest_answer(&app, batches).await;
    println!(
        "two batches took {:?}, healthz at most {slowest:?}",
        begun.elapsed()
    );
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}

#[tokio::test]
async fn a_body_whose_kind_nobody_names_is_a_415_at_every_door() {
    let app = TestApp::start().await;
    for path in [
        EVENTS,
        "/api/v1/events/batch",
        "/api/v1/webhooks",
        "/api/v1/event-types",
        "/api/v1/deliveries/retry",
        "/api/v1/retries/run",
        "/api/v1/workspaces",
        "/api/v1/sessions",
    ] {
        let call = app.call(Method::POST, path).body("{}");
        call.send().await.problem(415, "unsupported_media_type");
    }
    // Nothing at all needs no kind.
    let run = app.call(Method::POST, "/api/v1/retries/run").send().await;
    assert_eq!(run.status, StatusCode::OK, "{}", run.text);
}

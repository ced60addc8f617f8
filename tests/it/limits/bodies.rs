//! Bodies: how large, how deep, how many at once.

use std::net::Shutdown;
use std::time::Instant;

use hookpost::web::Limits;
use hookpost::web::extract::{BODY_BYTES_MAX, DATA_DEPTH_MAX};
use hookpost::web::limits::STRANGERS_BODY_BYTES_MAX;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::app::{PATIENCE, TestApp};

use super::*;

#[tokio::test]
async fn bodies_are_bounded_whether_or_not_they_are_announced() {
    let app = TestApp::start().await;
    let large = "x".repeat(BODY_BYTES_MAX + 1);
    let webhooks = || {
        app.call(Method::POST, "/api/v1/webhooks")
            .header("content-type", "application/json")
    };
    let announced = webhooks().body(large.clone()).send().await;
    let told = announced.problem(413, "too_large");
    assert!(told["detail"].as_str().unwrap().contains("1 MiB"), "{told}");
    let pieces = [large[..BODY_BYTES_MAX].to_owned(), "y".to_owned()].map(Ok::<_, std::io::Error>);
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let streamed = webhooks().body(stream).send().await;
    streamed.problem(413, "too_large");
    let data = json!({"type": "a.b", "data": "x".repeat(256 * 1024)});
    let event = app.post("/api/v1/events", &data).await;
    let told = event.problem(413, "too_large");
    assert!(
        told["detail"].as_str().unwrap().contains("262144"),
        "{told}"
    );
    let packed = webhooks().header("content-encoding", "gzip").body("{}");
    packed.send().await.problem(415, "unsupported_media_type");
    let listed = app.get("/api/v1/events").await.json(StatusCode::OK);
    assert_eq!(listed["data"], json!([]));
}

#[tokio::test]
async fn strangers_may_say_little() {
    let app = TestApp::start().await;
    let long = "x".repeat(STRANGERS_BODY_BYTES_MAX + 1);
    let session = app.anonymous(Method::POST, "/api/v1/sessions");
    session
        .json(&json!({"email": long, "password": "x"}))
        .send()
        .await
        .problem(413, "too_large");
    for path in ["/sign-in", "/setup"] {
        let form = app.anonymous(Method::POST, path);
        let answer = form.body(format!("email={long}")).send().await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
}

/// Text, because trees of such depth are what overflows stacks.
fn nested(depth: usize) -> String {
    format!("{}1{}", "[".repeat(depth), "]".repeat(depth))
}

#[tokio::test]
async fn data_may_be_nested_only_so_deep_wherever_it_is_taken() {
    let app = TestApp::start().await;
    let post = |path: &str, body: String| {
        let call = app.call(Method::POST, path);
        call.header("content-type", "application/json")
            .body(body)
            .send()
    };
    let event = |depth| format!(r#"{{"type": "a.b", "data": {}}}"#, nested(depth));
    let fine = post("/api/v1/events", event(DATA_DEPTH_MAX)).await;
    fine.json(StatusCode::ACCEPTED);
    let told = post("/api/v1/events", event(DATA_DEPTH_MAX + 1))
        .await
        .invalid("data");
    assert!(told["detail"].as_str().unwrap().contains("64"), "{told}");
    let very_deep = nested(100_000);
    for (path, body, field) in [
        (
            "/api/v1/events/batch",
            format!(r#"{{"events": [{{"type": "a.b", "data": {very_deep}}}]}}"#),
            "data",
        ),
        (
            "/api/v1/webhooks",
            format!(r#"{{"url": "https://example.com/", "metadata": {very_deep}}}"#),
            "metadata",
        ),
        (
            "/api/v1/event-types",
            format!(r#"{{"name": "a.b", "example": {very_deep}}}"#),
            "example",
        ),
        (
            "/airmy/webhooks",
            format!(r#"{{"url": {very_deep}}}"#),
            "url",
        ),
        (
            "/api/v1/sessions",
            "[".repeat(STRANGERS_BODY_BYTES_MAX),
            "body",
        ),
    ] {
        let answer = post(path, body).await;
        // Each event of a batch is refused on its own.
        assert!(
            answer.text.contains("\"status\":422") || path.starts_with("/airmy"),
            "{path}: {}",
            answer.text
        );
        assert!(answer.text.contains(field), "{path}: {}", answer.text);
        assert!(
            answer.text.contains("nested deeper"),
            "{path}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn bodies_beyond_the_budget_are_told_to_come_again() {
    let app = bounded(Limits {
        body_budget_kib: 256,
        ..Limits::default()
    })
    .await;
    let greedy = unfinished(&app).await;
    let body = json!({"type": "a.b", "data": "x".repeat(200 * 1024)});
    let deadline = Instant::now() + PATIENCE;
    let refused = loop {
        let answer = app.post("/api/v1/events", &body).await;
        if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            break answer;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
    };
    refused.problem(503, "overloaded");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    // Small ones still pass, and once the greedy one is gone so do large ones.
    let small = json!({"type": "a.b", "data": 1});
    app.post("/api/v1/events", &small)
        .await
        .json(StatusCode::ACCEPTED);
    greedy.shutdown(Shutdown::Both).unwrap();
    loop {
        let answer = app.post("/api/v1/events", &body).await;
        if answer.status == StatusCode::ACCEPTED {
            break;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
    }
}

//! Health checks.

use hookpost::clock::Clock;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::app::TestApp;

#[tokio::test]
async fn a_running_instance_is_alive_and_ready_and_says_so_to_anybody() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = app.anonymous(Method::GET, path).send().await;
        assert_eq!(answer.json(StatusCode::OK)["status"], "ok");
        let head = app.anonymous(Method::HEAD, path).send().await;
        assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
    }
}

#[tokio::test]
async fn an_instance_whose_database_takes_no_writes_is_alive_but_not_ready() {
    let app = TestApp::start().await;
    app.store.close();
    let alive = app.anonymous(Method::GET, "/healthz").send().await;
    assert_eq!(alive.status, StatusCode::OK);
    let ready = app.anonymous(Method::GET, "/readyz").send().await;
    ready.problem(503, "unavailable");
    assert!(!ready.header("retry-after").is_empty());
}

#[tokio::test]
async fn what_was_accepted_outlives_the_process() {
    let app = TestApp::start().await;
    let body = json!({"type": "a.b", "id": "kept", "data": {"n": 1}});
    app.post("/api/v1/events", &body)
        .await
        .json(StatusCode::ACCEPTED);
    let app = app.restart(Clock::System).await;
    let kept = app.get("/api/v1/events/kept").await.json(StatusCode::OK);
    assert_eq!(kept["data"], body["data"]);
}

#[tokio::test]
async fn whoever_scrapes_gets_numbers_that_move() {
    let app = TestApp::start().await;
    let body = json!({"type": "a.b", "data": 1});
    app.post("/api/v1/events", &body)
        .await
        .json(StatusCode::ACCEPTED);
    let scraped = app.anonymous(Method::GET, "/metrics").send().await;
    assert_eq!(scraped.status, StatusCode::OK);
    for line in [
        "hookpost_events_accepted_total ",
        "hookpost_http_requests_total{class=\"2xx\"} ",
        "hookpost_deliveries{status=\"pending\"} ",
        "hookpost_attempts_in_flight ",
        "hookpost_attempt_duration_seconds_bucket",
        "hookpost_database_size_bytes ",
    ] {
        assert!(scraped.text.contains(line), "{line}: {}", scraped.text);
    }
    let resident = "\nprocess_resident_memory_bytes 0\n";
    assert!(!scraped.text.contains(resident), "{}", scraped.text);
}

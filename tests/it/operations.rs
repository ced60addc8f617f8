//! Health checks.

use hookpost::clock::Clock;
use hookpost::domain::time::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

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
    for line in [
        "hookpost_sending_paused 0\n",
        "hookpost_oldest_due_seconds ",
        "hookpost_publish_to_attempt_seconds_bucket",
        "hookpost_commit_duration_seconds_bucket",
        "hookpost_webhooks{status=\"active\"} ",
        "hookpost_dead_letters ",
        "hookpost_alert_failures_total ",
        "hookpost_disk_free_bytes ",
        "hookpost_build_info{version=\"",
    ] {
        assert!(scraped.text.contains(line), "{line}: {}", scraped.text);
    }
    let resident = "\nprocess_resident_memory_bytes 0\n";
    assert!(!scraped.text.contains(resident), "{}", scraped.text);
}

/// The value of a metric without labels, in the older form.
async fn number(app: &TestApp, name: &str) -> f64 {
    let call = app.anonymous(Method::GET, "/metrics");
    let scraped = call.header("accept", "text/plain").send().await;
    let line = scraped.text.lines().find_map(|line| {
        let value = line.strip_prefix(name)?.strip_prefix(' ')?;
        value.parse().ok()
    });
    line.unwrap_or_else(|| panic!("{name}: {}", scraped.text))
}

#[tokio::test]
async fn openmetrics_is_there_for_those_who_ask_for_it() {
    let app = TestApp::start().await;
    let call = app.anonymous(Method::GET, "/metrics");
    let accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2";
    let scraped = call.header("accept", accept).send().await;
    assert_eq!(
        scraped.header("content-type"),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(scraped.text.ends_with("# EOF\n"), "{}", scraped.text);
}

#[tokio::test]
async fn the_older_form_is_whole_and_for_everybody_else() {
    let app = TestApp::start().await;
    app.get("/api/v1/events").await.json(StatusCode::OK);
    let scraped = app.anonymous(Method::GET, "/metrics").send().await;
    assert_eq!(
        scraped.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    for absent in ["# EOF", "# UNIT", "application/"] {
        assert!(!scraped.text.contains(absent), "{}", scraped.text);
    }
    // Every sample is described, under the name that it has.
    let described = |what: &str, name: &str| {
        let head = format!("# {what} {name} ");
        scraped.text.lines().any(|line| line.starts_with(&head))
    };
    for line in scraped.text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(name);
        assert!(described("TYPE", family), "{line}");
        assert!(described("HELP", family), "{line}");
    }
}

#[tokio::test]
async fn what_waits_too_long_and_what_is_paused_shows_in_the_numbers() {
    let clock = Clock::manual(Timestamp::parse("2026-03-16T10:05:00Z").unwrap());
    let app = TestApp::start_at(clock.clone()).await;
    let pause = |paused| {
        app.service
            .set_sending(&hookpost::service::Actor::Cli, paused)
    };
    pause(hookpost::engine::Paused::Yes).await.unwrap();
    assert!((number(&app, "hookpost_sending_paused").await - 1.0).abs() < 0.1);
    let ready = app.anonymous(Method::GET, "/readyz").send().await;
    assert_eq!(ready.json(StatusCode::OK)["paused"], true);
    let webhook = json!({"url": "http://127.0.0.1:9000/", "event_types": ["*"]});
    app.post("/api/v1/webhooks", &webhook)
        .await
        .json(StatusCode::CREATED);
    app.post("/api/v1/events", &json!({"type": "a.b", "data": 1}))
        .await
        .json(StatusCode::ACCEPTED);
    clock.advance(std::time::Duration::from_secs(90));
    let waited = number(&app, "hookpost_oldest_due_seconds").await;
    assert!((90.0..91.0).contains(&waited), "{waited}");
    pause(hookpost::engine::Paused::No).await.unwrap();
    assert!(number(&app, "hookpost_sending_paused").await < 0.1);
    let ready = app.anonymous(Method::GET, "/readyz").send().await;
    assert_eq!(ready.json(StatusCode::OK)["paused"], false);
}

#[tokio::test]
async fn the_numbers_can_be_kept_to_a_range_and_the_instances_keys() {
    let only = |range: &str| hookpost::web::HttpOptions {
        metrics_allow: Some(vec![range.parse().unwrap()]),
        ..hookpost::web::HttpOptions::default()
    };
    let options = hookpost::service::ServiceOptions::default;
    let app = TestApp::start_as(only("10.0.0.0/8"), options()).await;
    let stranger = app.anonymous(Method::GET, "/metrics").send().await;
    stranger.problem(401, "unauthorized");
    let key = app
        .key(&[hookpost::domain::api_key::Scope::EventsRead])
        .await;
    let reader = app.anonymous(Method::GET, "/metrics").bearer(&key);
    reader.send().await.problem(403, "forbidden");
    assert_eq!(app.get("/metrics").await.status, StatusCode::OK);
    let key = app
        .key(&[hookpost::domain::api_key::Scope::MetricsRead])
        .await;
    let reader = app.anonymous(Method::GET, "/metrics").bearer(&key);
    assert_eq!(reader.send().await.status, StatusCode::OK);
    let nosy = app.anonymous(Method::GET, "/api/v1/webhooks").bearer(&key);
    nosy.send().await.problem(403, "forbidden");
    let app = TestApp::start_as(only("127.0.0.0/8"), options()).await;
    let neighbour = app.anonymous(Method::GET, "/metrics").send().await;
    assert_eq!(neighbour.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_held_back_or_discarded_is_no_trouble_in_the_numbers() {
    let clock = Clock::manual(Timestamp::parse("2026-03-16T10:05:00Z").unwrap());
    let app = TestApp::start_at(clock.clone()).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let webhook = json!({
        "url": receiver.url("/"), "event_types": ["*"],
        "retry_policy": {"delays": ["1h"], "jitter": false},
    });
    let webhook = app.post("/api/v1/webhooks", &webhook).await;
    let webhook = webhook.json(StatusCode::CREATED);
    let id = webhook["id"].as_str().unwrap();
    app.post("/api/v1/events", &json!({"type": "a.b", "data": 1}))
        .await
        .json(StatusCode::ACCEPTED);
    let retrying = "/api/v1/deliveries?status=retrying";
    let one = |page: &serde_json::Value| page["data"].as_array().unwrap().len() == 1;
    app.poll(retrying, one).await;
    // Its time has not come.
    assert!(number(&app, "hookpost_oldest_due_seconds").await < 0.1);
    app.post(&format!("/api/v1/webhooks/{id}/disable"), &json!({}))
        .await
        .json(StatusCode::OK);
    clock.advance(std::time::Duration::from_secs(2 * 3600));
    assert!(number(&app, "hookpost_oldest_due_seconds").await < 0.1);
    app.post(&format!("/api/v1/webhooks/{id}/enable"), &json!({}))
        .await
        .json(StatusCode::OK);
    let dead = app.poll("/api/v1/dead-letters", one).await;
    assert!((number(&app, "hookpost_dead_letters").await - 1.0).abs() < 0.1);
    let dead = dead["data"][0]["id"].as_str().unwrap();
    let discarded = app.delete(&format!("/api/v1/dead-letters/{dead}")).await;
    assert_eq!(discarded.status, StatusCode::NO_CONTENT);
    assert!(number(&app, "hookpost_dead_letters").await < 0.1);
}

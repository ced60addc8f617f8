//! `/api/v1/stats` and `/api/v1/webhooks/{id}/stats`: attempts, rates and durations.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn attempts_are_counted_by_webhook_and_in_all() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"],
        "retry_policy": {"delays": ["1h"]}});
    let webhook = app.post("/api/v1/webhooks", &hook).await;
    let webhook = webhook.json(StatusCode::CREATED)["id"].clone();
    for _ in 0..2 {
        let event = json!({"type": "a.b", "data": 1});
        let accepted = app.post("/api/v1/events", &event).await;
        accepted.json(StatusCode::ACCEPTED);
    }
    let summary = "/api/v1/retries/summary";
    app.poll(summary, |own| own["retrying"] == 2).await;
    receiver.answer(Reply::status(200));
    let run = app.post("/api/v1/retries/run", &json!({})).await;
    assert_eq!(run.json(StatusCode::OK)["processed"], 2);

    let path = format!("/api/v1/webhooks/{}/stats", webhook.as_str().unwrap());
    let stats = app.get(&path).await.json(StatusCode::OK);
    assert_eq!(
        (&stats["attempts"], &stats["failures"]),
        (&json!(4), &json!(2))
    );
    assert_eq!(stats["success_rate"], 0.5);
    assert_eq!(stats["counts"]["delivered"], 2);
    assert!(stats["p50_duration_ms"].is_number() && stats["p95_duration_ms"].is_number());
    let steps = stats["series"].as_array().unwrap();
    let attempts: u64 = steps
        .iter()
        .filter_map(|own| own["attempts"].as_u64())
        .sum();
    assert_eq!((attempts, &stats["step"]), (4, &json!("5m")));
    let whole = app.get("/api/v1/stats").await.json(StatusCode::OK);
    assert_eq!(whole["webhook_id"], Value::Null);
    app.get(&format!(
        "{path}?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z"
    ))
    .await
    .invalid("until");
}

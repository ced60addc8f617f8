//! `/api/v1/retries`: what waits, in figures, and running it now.

use reqwest::StatusCode;
use serde_json::json;

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn what_waits_is_summed_up_and_run() {
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
    let waiting = app.poll(summary, |own| own["retrying"] == 2).await;
    assert_eq!(
        (
            &waiting["pending"],
            &waiting["due_now"],
            &waiting["exhausted"]
        ),
        (&json!(0), &json!(0), &json!(0))
    );
    let next = waiting["next_attempt_at"].clone();
    assert!(next.is_string());
    assert_eq!(
        waiting["by_webhook"],
        json!([{"webhook_id": webhook, "pending": 0, "retrying": 2, "due_now": 0,
            "next_attempt_at": next, "exhausted": 0}])
    );
    receiver.answer(Reply::status(200));
    let run = app.post("/api/v1/retries/run?limit=1", &json!({})).await;
    assert_eq!(
        run.json(StatusCode::OK),
        json!({"processed": 1, "delivered": 1, "failed": 0})
    );
    let run = app.post("/api/v1/retries/run", &json!({})).await;
    assert_eq!(run.json(StatusCode::OK)["processed"], 1);
    app.post("/api/v1/retries/run?limit=none", &json!({}))
        .await
        .invalid("limit");
    let empty = app.get(summary).await.json(StatusCode::OK);
    assert_eq!(empty["by_webhook"], json!([]));
}

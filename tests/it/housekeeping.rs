//! History leaves when it is old enough, and only then.

use std::time::Duration;

use hookpost::clock::Clock;
use hookpost::domain::time::Timestamp;
use serde_json::json;

use crate::app::TestApp;
use crate::receiver::Receiver;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn delivered_history_leaves_after_thirty_days() {
    let clock = Clock::manual(Timestamp::parse("2026-03-16T10:05:00Z").unwrap());
    let app = TestApp::start_at(clock.clone()).await;
    let receiver = Receiver::start().await;
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    app.post("/api/v1/webhooks", &webhook).await;
    let event = json!({"type": "a.b", "data": {}});
    app.post("/api/v1/events", &event).await;
    let path = "/api/v1/deliveries?status=delivered";
    let count = |page: &serde_json::Value| page["data"].as_array().unwrap().len();
    app.poll(path, |page| count(page) == 1).await;

    clock.advance(29 * DAY);
    app.service.sweep().await.unwrap();
    app.poll(path, |page| count(page) == 1).await;

    clock.advance(2 * DAY);
    let swept = app.service.sweep().await.unwrap();
    assert_eq!((swept.pruned.deliveries, swept.pruned.events), (1, 1));
    app.poll(path, |page| count(page) == 0).await;
    let again = app.service.sweep().await.unwrap();
    assert_eq!((again.pruned.deliveries, again.pruned.events), (0, 0));
}

//! History leaves when it is old enough, and only then.

use std::time::Duration;

use hookpost::clock::Clock;
use hookpost::domain::time::Timestamp;
use reqwest::StatusCode;
use serde_json::json;

use crate::app::{TestApp, eventually, noise};
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

/// The bytes that the database and its log take on the disk.
fn bytes(app: &TestApp) -> u64 {
    let length = |name: &str| {
        let file = std::fs::metadata(app.store.data_dir().join(name));
        file.map_or(0, |file| file.len())
    };
    length("hookpost.db") + length("hookpost.db-wal")
}

#[tokio::test]
async fn the_files_shrink_after_everything_was_pruned() {
    const MIB: u64 = 1024 * 1024;
    let clock = Clock::manual(Timestamp::parse("2026-03-16T10:05:00Z").unwrap());
    let app = TestApp::start_at(clock.clone()).await;
    let receiver = Receiver::start().await;
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    app.post("/api/v1/webhooks", &webhook).await;
    let empty = bytes(&app);
    for _ in 0..100 {
        let event = json!({"type": "a.b", "data": noise(250_000)});
        app.post("/api/v1/events", &event)
            .await
            .json(StatusCode::ACCEPTED);
    }
    let path = "/api/v1/deliveries?status=delivered&limit=250";
    let count = |page: &serde_json::Value| page["data"].as_array().unwrap().len();
    app.poll(path, |page| count(page) == 100).await;
    let full = bytes(&app);
    assert!(full > 25 * MIB, "{full}");
    clock.advance(31 * DAY);
    let swept = app.service.sweep().await.unwrap();
    assert_eq!(swept.pruned.events, 100);
    // A reader may stand in the way for a moment; the next sweep tries again.
    eventually(async || {
        app.service.sweep().await.unwrap();
        let left = bytes(&app);
        (left < empty + 6 * MIB).then_some(()).ok_or(left)
    })
    .await;
    let event = json!({"type": "a.b", "data": {}});
    app.post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
}

#[tokio::test]
async fn somebody_who_reads_neither_stops_the_sweep_nor_publishing() {
    let clock = Clock::manual(Timestamp::parse("2026-03-16T10:05:00Z").unwrap());
    let app = TestApp::start_at(clock.clone()).await;
    for _ in 0..20 {
        let event = json!({"type": "a.b", "data": noise(250_000)});
        app.post("/api/v1/events", &event)
            .await
            .json(StatusCode::ACCEPTED);
    }
    let database = app.store.data_dir().join("hookpost.db");
    let reader = rusqlite::Connection::open(database).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let events = "SELECT count(*) FROM events";
    let read = || -> i64 { reader.query_row(events, [], |row| row.get(0)).unwrap() };
    assert_eq!(read(), 20);
    clock.advance(31 * DAY);
    let begun = std::time::Instant::now();
    let swept = app.service.sweep().await.unwrap();
    assert_eq!(swept.pruned.events, 20);
    let event = json!({"type": "a.b", "data": {}});
    app.post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
    assert!(begun.elapsed() < Duration::from_secs(4), "nobody waited");
    assert_eq!(read(), 20, "the reader still sees what it began with");
}

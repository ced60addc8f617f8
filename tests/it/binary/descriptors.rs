//! Few descriptors make hookpost slower; nobody is blamed for them.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::process::{Server, hookpost_in, stdout_of};
use crate::receiver::Receiver;

/// What a call of the API may take meanwhile.
const CALL_MAX: Duration = Duration::from_secs(5);

/// `hookpost serve` that may have so many descriptors and no more.
fn serve_with(descriptors: u32, data_dir: &Path) -> Server {
    let mut command = hookpost_in("sh");
    let script = format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_hookpost")]);
    command.args(["serve", "--listen", "127.0.0.1:0", "--allow-http"]);
    command.args(["--allow-private", "127.0.0.0/8", "--data-dir"]);
    command.arg(data_dir);
    Server::spawn(&mut command)
}

/// Every delivery to `receivers` receivers that keep their connections arrives in its first attempt.
async fn nobody_is_blamed(descriptors: u32, receivers: usize, events: usize) {
    let dir = tempfile::tempdir().unwrap();
    let server = serve_with(descriptors, dir.path());
    let data_dir = dir.path().to_str().unwrap();
    let key = stdout_of(&["key", "create", "--name=t", "--data-dir", data_dir]);
    let all = join_all((0..receivers).map(|_| Receiver::start())).await;
    for receiver in &all {
        let hook = json!({
            "url": receiver.url("/"), "event_types": ["*"], "disable_after_failures": 10,
        });
        server.post(&key, "/webhooks", &hook, 201).await;
    }
    let batch = json!({"events": vec![json!({"type": "a.b", "data": 1}); events]});
    let begun = Instant::now();
    server.post(&key, "/events/batch", &batch, 202).await;
    let (mut slowest, mut left) = (Duration::ZERO, receivers * events);
    while left > 0 {
        let asked = Instant::now();
        let called = server
            .call(&key, Method::GET, "/deliveries?limit=1", None)
            .await;
        assert_eq!(called.unwrap().0, StatusCode::OK);
        slowest = slowest.max(asked.elapsed());
        let arrived: usize = all.iter().map(|own| own.received().len().min(events)).sum();
        left = receivers * events - arrived;
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{left} did not arrive"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!(
        "{descriptors} descriptors, {receivers} receivers, {events} events: {:?}, a call at most \
         {slowest:?}",
        begun.elapsed()
    );
    assert!(slowest < CALL_MAX, "{slowest:?}");
    let delivered = |page: &Value| {
        let rows = page["data"].as_array().unwrap();
        rows.iter()
            .all(|row| row["status"] == "delivered" && row["attempt_count"] == 1)
    };
    server.poll(&key, "/deliveries?limit=250", delivered).await;
    for status in ["retrying", "exhausted", "pending"] {
        let path = format!("/deliveries?status={status}&limit=1");
        let is_empty = |page: &Value| page["data"].as_array().is_some_and(Vec::is_empty);
        server.poll(&key, &path, is_empty).await;
    }
    let healthy = |page: &Value| {
        let rows = page["data"].as_array().unwrap();
        let is_well = |own: &Value| own["status"] == "active" && own["consecutive_failures"] == 0;
        rows.len() == receivers.min(250) && rows.iter().all(is_well)
    };
    server.poll(&key, "/webhooks?limit=250", healthy).await;
    let asked_once = all.iter().all(|own| own.received().len() == events);
    assert!(asked_once, "some were asked twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_64_descriptors_nothing_fails_and_nobody_is_disabled() {
    nobody_is_blamed(64, 120, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_128_descriptors_nothing_fails_and_nobody_is_disabled() {
    nobody_is_blamed(128, 160, 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_256_descriptors_nothing_fails_and_nobody_is_disabled() {
    nobody_is_blamed(256, 240, 5).await;
}

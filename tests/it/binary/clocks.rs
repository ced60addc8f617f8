//! The machine's clock is set while hookpost is stopped: retries come when they would have come.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::process::{Server, stdout_of};
use super::shim::Shim;
use crate::receiver::{Receiver, Reply};

const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;
/// What a retry waits for.
const DELAY: Duration = Duration::from_secs(4);
/// How late it may come beyond a fifth of its delay, on a machine that has much else to do.
const SLACK: Duration = Duration::from_secs(1);

/// How the first process ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Stopped,
    Killed,
}

/// A delivery fails, hookpost ends, the clock is set from `before` to `after` seconds ahead, hookpost
/// starts.
async fn retried_after(shim: &Shim, before: i64, after: i64, end: End) {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let server = Server::spawn(&mut shim.serve_ahead(dir.path(), before));
    let data_dir = dir.path().to_str().unwrap();
    let key = stdout_of(&["key", "create", "--name=t", "--data-dir", data_dir]);
    let policy = json!({"delays": [format!("{}s", DELAY.as_secs())], "jitter": false});
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "retry_policy": policy});
    let webhook = server.post(&key, "/webhooks", &hook, 201).await;
    let event = json!({"type": "a.b", "data": 1});
    server.post(&key, "/events", &event, 202).await;
    receiver.wait_for(1).await;
    let failed_at = Instant::now();
    let waits = |page: &Value| page["data"][0]["status"] == "retrying";
    server.poll(&key, "/deliveries", waits).await;
    match end {
        End::Stopped => {
            server.signal(Signal::TERM);
            server.exit().await;
        }
        End::Killed => server.kill(),
    }
    receiver.answer(Reply::status(200));
    let server = Server::spawn(&mut shim.serve_ahead(dir.path(), after));
    let ready_at = Instant::now();
    receiver.wait_for(2).await;
    let (waited, since_ready) = (failed_at.elapsed(), ready_at.elapsed());
    println!("{before} to {after}, {end:?}: {waited:?}, {since_ready:?} after the start");
    assert!(
        waited > DELAY - Duration::from_millis(200),
        "early: {waited:?}"
    );
    assert!(
        waited < DELAY.mul_f64(1.2) + SLACK || since_ready < SLACK,
        "late: {waited:?}"
    );
    let path = format!("/webhooks/{}", webhook["id"].as_str().unwrap());
    let now = server.poll(&key, &path, |_| true).await;
    assert_eq!(now["status"], "active", "{now:#}");
    let done = |page: &Value| page["data"][0]["status"] == "delivered";
    server.poll(&key, "/deliveries", done).await;
}

#[tokio::test]
async fn a_clock_that_is_set_while_hookpost_is_stopped_makes_no_retry_early_or_late() {
    let shim = Shim::build();
    let cases = [
        (0, 0, End::Stopped),
        (0, 30 * DAY_S, End::Stopped),
        (0, -30 * DAY_S, End::Killed),
        (0, -HOUR_S, End::Stopped),
        (0, -HOUR_S, End::Killed),
        (0, 6 * DAY_S, End::Killed),
        (HOUR_S, 0, End::Stopped),
    ];
    let all = cases.map(|(before, after, end)| retried_after(&shim, before, after, end));
    join_all(all).await;
}

#[tokio::test]
async fn days_that_a_clock_is_set_ahead_disable_nobody_who_was_failing() {
    let (dir, shim, receiver) = (
        tempfile::tempdir().unwrap(),
        Shim::build(),
        Receiver::start().await,
    );
    receiver.answer(Reply::status(500));
    let server = Server::spawn(&mut shim.serve(dir.path()));
    let data_dir = dir.path().to_str().unwrap();
    let key = stdout_of(&["key", "create", "--name=t", "--data-dir", data_dir]);
    let hook = json!({
        "url": receiver.url("/"), "event_types": ["*"], "retry_policy": {"delays": ["1s", "1h"]},
    });
    let webhook = server.post(&key, "/webhooks", &hook, 201).await;
    let event = json!({"type": "a.b", "data": 1});
    server.post(&key, "/events", &event, 202).await;
    receiver.wait_for(1).await;
    let failed = |own: &Value| own["consecutive_failures"].as_u64() >= Some(1);
    let path = format!("/webhooks/{}", webhook["id"].as_str().unwrap());
    server.poll(&key, &path, failed).await;
    server.kill();
    let server = Server::spawn(&mut shim.serve_ahead(dir.path(), 6 * DAY_S));
    receiver.wait_for(2).await;
    let failed = |own: &Value| own["consecutive_failures"].as_u64() >= Some(2);
    let now = server.poll(&key, &path, failed).await;
    assert_eq!(now["status"], "active", "{now:#}");
}

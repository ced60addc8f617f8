//! What a running server says on standard error.

use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::process::{Server, serve, stdout_of};
use crate::app::eventually;
use crate::receiver::{Receiver, Reply};

fn key(data_dir: &Path) -> String {
    let data_dir = data_dir.to_str().unwrap();
    stdout_of(&["key", "create", "--name", "t", "--data-dir", data_dir])
}

/// The lines of a log, each an object.
fn lines(log: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap();
    // The last line may still be on its way.
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let lines = whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn with(lines: &[Value], message: &str) -> Vec<Value> {
    let found = lines.iter().filter(|line| line["message"] == message);
    found.cloned().collect()
}

async fn until(log: &Path, message: &str, count: usize) -> Vec<Value> {
    eventually(async || {
        let found = with(&lines(log), message);
        (found.len() >= count)
            .then_some(found)
            .ok_or_else(|| std::fs::read_to_string(log).unwrap())
    })
    .await
}

fn started(dir: &Path, level: &str) -> (Server, std::path::PathBuf) {
    let log = dir.join(format!("log-{level}"));
    let mut command = serve(&dir.join("data"));
    command.args(["--listen", "127.0.0.1:0", "--allow-http"]);
    command.args(["--allow-private", "127.0.0.0/8", "--log", level]);
    let server = Server::spawn_into(&mut command, std::fs::File::create(&log).unwrap());
    (server, log)
}

#[tokio::test]
async fn at_night_the_log_alone_says_what_broke() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(503));
    let (server, log) = started(dir.path(), "info");
    let key = key(&dir.path().join("data"));
    let webhook = json!({
        "url": receiver.url("/hook?token=hidden-in-the-query"), "event_types": ["*"],
        "retry_policy": {"delays": []}, "headers": {"authorization": "Bearer hidden-header"},
        // In order: nothing else is under way when one answer ends it, and ends it once more.
        "ordered": true,
    });
    let webhook = server.post(&key, "/webhooks", &webhook, 201).await;
    let failing = webhook["id"].as_str().unwrap();
    // A failed test is no delivery that gave up.
    let test = format!("/webhooks/{failing}/test");
    server.post(&key, &test, &json!({}), 200).await;
    until(&log, "an attempt failed", 1).await;
    assert!(with(&lines(&log), "a delivery gave up").is_empty());
    for _ in 0..40 {
        let event = json!({"type": "a.b", "data": {"note": "hidden-in-the-payload"}});
        server.post(&key, "/events", &event, 202).await;
    }
    let gave_up = until(&log, "a delivery gave up", 5).await;
    assert_eq!(gave_up[0]["webhook"], failing);
    assert_eq!(gave_up[0]["status"], 503);
    assert_eq!(gave_up[0]["failure"], "status");
    assert!(gave_up[0]["delivery"].as_str().unwrap().starts_with("dlv_"));
    let path = "/dead-letters?limit=50";
    let all = |page: &Value| page["data"].as_array().unwrap().len() == 40;
    server.poll(&key, path, all).await;
    // One that is gone, a bulk retry, a pause: each change of state leaves its line.
    retry_all(&server, &key, &log, (&receiver, failing)).await;
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    stdout_of(&["pause", "--data-dir", data]);
    until(&log, "sending.pause", 1).await;
    let actions = until(&log, "webhook.create", 1).await;
    assert_eq!(actions[0]["actor"], "key");
    assert_eq!(actions[0]["what"], failing);
    until(&log, "delivery.retry_many", 1).await;
    server.signal(Signal::TERM);
    server.exit().await;
    let text = std::fs::read_to_string(&log).unwrap();
    // A few lines of each kind stand for all forty.
    assert!(
        with(&lines(&log), "a delivery gave up").len() <= 5,
        "{text}"
    );
    assert!(with(&lines(&log), "delivered").is_empty(), "{text}");
    let secret = webhook["secret"].as_str().unwrap();
    for hidden in ["hidden-", "/hook", secret, key.as_str(), "answered"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    assert_paused_start(dir.path()).await;
}

/// Retries all at once: the webhook is gone with the first, holds the others, and delivers them once somebody
/// enabled it.
async fn retry_all(server: &Server, key: &str, log: &Path, (receiver, failing): (&Receiver, &str)) {
    receiver.answer(Reply::status(410));
    let bulk = json!({"filter": {"status": "exhausted"}});
    server.post(key, "/deliveries/retry", &bulk, 202).await;
    let disabled = until(log, "a webhook was disabled", 1).await;
    assert_eq!(disabled[0]["webhook"], failing);
    assert_eq!(disabled[0]["reason"], "gone");
    let began = &until(log, "a job began", 1).await[0];
    assert_eq!(
        (&began["kind"], &began["items"]),
        (&json!("retry"), &json!(40))
    );
    // It is not over because everything is in line again: what the disabled webhook holds waits.
    let in_line = &until(log, "a job put its deliveries in line", 1).await[0];
    assert_eq!(
        (&in_line["job"], &in_line["deliveries"]),
        (&began["job"], &json!(40))
    );
    let path = format!("/jobs/{}", began["job"].as_str().unwrap());
    let held = |job: &Value| job["waiting"].as_u64() > Some(0);
    assert_eq!(server.poll(key, &path, held).await["status"], "running");
    assert!(with(&lines(log), "a job ended").is_empty());
    receiver.answer(Reply::status(200));
    let enable = format!("/webhooks/{failing}/enable");
    server.post(key, &enable, &json!({}), 200).await;
    let ended = &until(log, "a job ended", 1).await[0];
    assert_eq!(
        (&ended["job"], &ended["status"]),
        (&began["job"], &json!("done"))
    );
    let (delivered, failed) = (&ended["delivered"], &ended["failed"]);
    assert_eq!(delivered.as_u64().unwrap() + failed.as_u64().unwrap(), 40);
    let job = server.poll(key, &path, |job| job["status"] == "done").await;
    assert_eq!((delivered, failed), (&job["delivered"], &job["failed"]));
}

/// Somebody woken at night has nothing but the log: it names who fails, how, and since when, and nobody
/// else.
#[tokio::test]
async fn from_the_log_alone_one_knows_which_receivers_fail_and_how() {
    let dir = tempfile::tempdir().unwrap();
    let (down, gone, well) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    down.answer(Reply::status(503));
    gone.answer(Reply::status(404));
    let (server, log) = started(dir.path(), "info");
    let key = key(&dir.path().join("data"));
    let mut hooks = Vec::new();
    for url in [down.url("/"), gone.url("/"), closed().await, well.url("/")] {
        let hook = json!({"url": url, "event_types": ["*"], "retry_policy": {"delays": ["1h"]}});
        let made = server.post(&key, "/webhooks", &hook, 201).await;
        hooks.push(made["id"].as_str().unwrap().to_owned());
    }
    for _ in 0..20 {
        let event = json!({"type": "a.b", "data": {}});
        server.post(&key, "/events", &event, 202).await;
    }
    well.wait_for(20).await;
    let began = std::time::Instant::now();
    until(&log, "an attempt failed", 15).await;
    let knows_after = began.elapsed();
    let failed = with(&lines(&log), "an attempt failed");
    let of = |id: &str| {
        let own = failed.iter().filter(|line| line["webhook"] == id);
        own.collect::<Vec<_>>()
    };
    for (id, failure, status) in [
        (&hooks[0], "status", json!(503)),
        (&hooks[1], "status", json!(404)),
        (&hooks[2], "connect", Value::Null),
    ] {
        let own = of(id);
        assert!((1..=5).contains(&own.len()), "{own:#?}");
        for line in own {
            assert_eq!(line["failure"], failure, "{line}");
            assert_eq!(
                line.get("status").unwrap_or(&Value::Null),
                &status,
                "{line}"
            );
            assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
            assert!(
                line["delivery"].as_str().unwrap().starts_with("dlv_"),
                "{line}"
            );
        }
    }
    assert!(of(&hooks[3]).is_empty(), "{failed:#?}");
    let all = lines(&log).len();
    assert!(all < 60, "{all} lines are too many to read at night");
    println!(
        "know from the log what broke: clicks 0, lines {all}, of them {} about failures, seconds {:.1}",
        failed.len(),
        knows_after.as_secs_f64()
    );
}

#[tokio::test]
async fn a_recovery_has_its_line_with_what_was_left_out_before() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(503));
    let (server, log) = started(dir.path(), "info");
    let key = key(&dir.path().join("data"));
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"],
        "retry_policy": {"delays": ["1h"]}});
    let hook = server.post(&key, "/webhooks", &hook, 201).await;
    let event = json!({"type": "a.b", "data": {}});
    for _ in 0..12 {
        server.post(&key, "/events", &event, 202).await;
    }
    let tried = |summary: &Value| summary["pending"] == 0;
    server.poll(&key, "/retries/summary", tried).await;
    until(&log, "an attempt failed", 5).await;
    receiver.answer(Reply::status(200));
    server.post(&key, "/events", &event, 202).await;
    let recovered = &until(&log, "a webhook recovered", 1).await[0];
    assert_eq!(recovered["webhook"], hook["id"]);
    assert_eq!(recovered["failures"], 12);
    let failed = with(&lines(&log), "an attempt failed");
    assert_eq!(
        recovered["left_out"].as_u64().unwrap(),
        12 - failed.len() as u64
    );
    // It answers well: there is nothing more to say of it.
    server.post(&key, "/events", &event, 202).await;
    receiver.wait_for(14).await;
    server.signal(Signal::TERM);
    server.exit().await;
    assert_eq!(with(&lines(&log), "a webhook recovered").len(), 1);
}

/// A URL of which nobody listens.
async fn closed() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

/// The next start says that sending is paused, in the log and on standard output.
async fn assert_paused_start(dir: &Path) {
    let (server, log) = started(dir, "info");
    assert_eq!(until(&log, "started", 1).await[0]["paused"], true);
    let mut said = std::iter::from_fn(|| server.next_line());
    let paused = said.find(|line| line.contains("paused"));
    assert!(paused.unwrap().contains("hookpost resume"));
    let data = dir.join("data");
    stdout_of(&["resume", "--data-dir", data.to_str().unwrap()]);
    until(&log, "sending.resume", 1).await;
}

#[tokio::test]
async fn at_debug_every_request_and_delivery_has_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let (server, log) = started(dir.path(), "debug");
    let key = key(&dir.path().join("data"));
    let webhook = json!({"url": receiver.url("/hook?token=hidden"), "event_types": ["*"]});
    let webhook = server.post(&key, "/webhooks", &webhook, 201).await;
    let event = json!({"type": "a.b", "data": {"note": "hidden"}});
    server.post(&key, "/events", &event, 202).await;
    server.poll(&key, "/events?type=hidden", |_| true).await;
    let delivered = until(&log, "delivered", 1).await;
    assert_eq!(delivered[0]["webhook"], webhook["id"]);
    assert_eq!(delivered[0]["status"], 200);
    let answered = until(&log, "answered", 3).await;
    let publish = answered
        .iter()
        .find(|line| line["path"] == "/api/v1/events");
    assert_eq!(publish.unwrap()["method"], "POST");
    assert_eq!(publish.unwrap()["status"], 202);
    let text = std::fs::read_to_string(&log).unwrap();
    for hidden in ["hidden", "/hook", key.as_str()] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

/// At `info` a few lines stand for all; who asks for `debug` gets the others too, one an attempt.
#[tokio::test]
async fn at_debug_each_attempt_that_fails_has_its_line_also_beyond_those_of_info() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(503));
    let (server, log) = started(dir.path(), "debug");
    let key = key(&dir.path().join("data"));
    let policy = json!({"delays": ["1h"]});
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "retry_policy": policy});
    server.post(&key, "/webhooks", &hook, 201).await;
    for _ in 0..20 {
        let event = json!({"type": "a.b", "data": {}});
        server.post(&key, "/events", &event, 202).await;
    }
    let beyond = until(&log, "failed", 15).await;
    let told = with(&lines(&log), "an attempt failed");
    assert_eq!((told.len(), beyond.len()), (5, 15));
    let of = |line: &Value| line["delivery"].as_str().unwrap().to_owned();
    let named: std::collections::BTreeSet<String> = told.iter().chain(&beyond).map(of).collect();
    assert_eq!(named.len(), 20, "one line an attempt");
    for line in &beyond {
        assert_eq!(
            (&line["level"], &line["status"]),
            (&json!("DEBUG"), &json!(503))
        );
        assert_eq!(line["failure"], "status");
    }
}

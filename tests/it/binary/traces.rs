//! Traces as a collector gets them: over real HTTP, read by the published schema.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::process::{Server, serve, stdout_of};
use crate::app::PATIENCE;
use crate::receiver::{Received, Receiver, Reply};

const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-";

fn start(data: &Path, endpoint: &str) -> Server {
    let mut command = serve(data);
    command.args([
        "--listen=127.0.0.1:0",
        "--allow-http",
        "--allow-private=127.0.0.0/8",
    ]);
    command.args(["--otlp-endpoint", endpoint]);
    command.env("HOOKPOST_OTLP_HEADERS", "api-key=for the collector");
    Server::spawn(&mut command)
}

fn key(data: &Path) -> String {
    stdout_of(&[
        "key",
        "create",
        "--name",
        "k",
        "--data-dir",
        data.to_str().unwrap(),
    ])
}

/// What the published schema makes of the bodies that arrived.
fn decoded(bodies: &[Value]) -> Vec<Value> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut child = Command::new(tests.join(".venv/bin/python"))
        .arg("-B")
        .arg(tests.join("snippets/otlp.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tests/run installs the libraries");
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(json!(bodies).to_string().as_bytes())
        .unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The spans once there are `count`.
async fn spans(collector: &Receiver, count: usize) -> Vec<Value> {
    let until = Instant::now() + PATIENCE;
    loop {
        let bodies: Vec<Value> = collector.received().iter().map(Received::json).collect();
        let told = |body: &Value| {
            let spans = &body["resourceSpans"][0]["scopeSpans"][0]["spans"];
            spans.as_array().unwrap().len()
        };
        if bodies.iter().map(told).sum::<usize>() >= count {
            return decoded(&bodies);
        }
        assert!(Instant::now() < until, "{bodies:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn publish(server: &Server, key: &str, id: &str, traceparent: Option<String>) {
    let event = json!({ "type": "a.b", "id": id, "data": {"secret": "of the customer"} });
    let mut call = server
        .request(key, Method::POST, "/api/v1/events")
        .json(&event);
    if let Some(traceparent) = &traceparent {
        call = call.header("traceparent", traceparent);
    }
    assert_eq!(call.send().await.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn an_event_is_followed_from_publishing_to_each_attempt_in_its_publishers_trace() {
    let dir = tempfile::tempdir().unwrap();
    let (collector, receiver) = (Receiver::start().await, Receiver::start().await);
    receiver.script([Reply::status(500)]);
    let server = start(dir.path(), &collector.url(""));
    let key = key(dir.path());
    let webhook = json!({
        "url": receiver.url("/hook?token=1"), "event_types": ["*"],
        "retry_policy": {"delays": ["100ms"], "jitter": false},
    });
    server.post(&key, "/webhooks", &webhook, 201).await;
    // Its publisher says that nobody records this one.
    publish(&server, &key, "unseen", Some(format!("{CALLER}00"))).await;
    receiver.wait_for(2).await;
    receiver.script([Reply::status(503)]);
    publish(&server, &key, "called", Some(format!("{CALLER}01"))).await;
    receiver.wait_for(4).await;
    publish(&server, &key, "own", None).await;
    let all = spans(&collector, 5).await;
    belong_together(&all);
    for request in collector.received() {
        assert_eq!(request.path, "/v1/traces");
        assert_eq!(request.header("api-key"), "for the collector");
        let body = String::from_utf8(request.body).unwrap();
        assert!(
            !body.contains("customer") && !body.contains("token=1"),
            "{body}"
        );
    }
}

/// Checks the spans of an event with a trace of its publisher's, and of one without.
#[track_caller]
fn belong_together(all: &[Value]) {
    assert_eq!(all.len(), 5, "{all:#?}");
    let of = |event: &str| -> Vec<&Value> {
        let spans = all.iter();
        spans
            .filter(|span| span["attributes"]["hookpost.event.id"] == event)
            .collect()
    };
    let (called, own) = (of("called"), of("own"));
    assert_eq!((called.len(), own.len()), (3, 2), "{all:#?}");
    let publish = called
        .iter()
        .find(|span| span["name"] == "publish")
        .unwrap();
    assert_eq!(publish["trace"], CALLER[3..35]);
    assert_eq!(publish["parent"], CALLER[36..52]);
    assert_eq!(
        (&publish["kind"], &publish["service"]),
        (&json!(2), &json!("hookpost"))
    );
    let attempts: Vec<_> = called
        .iter()
        .filter(|span| span["name"] == "attempt")
        .collect();
    for attempt in &attempts {
        assert_eq!(attempt["parent"], publish["id"]);
        assert_eq!(attempt["trace"], publish["trace"]);
        assert_eq!(attempt["kind"], 3);
        assert_eq!(attempt["attributes"]["server.address"], "127.0.0.1");
    }
    assert_ne!(attempts[0]["id"], attempts[1]["id"]);
    let by_number = |number: &str| {
        let numbered = |span: &&&&Value| {
            span["attributes"]["hookpost.attempt.number"]
                .to_string()
                .trim_matches('"')
                == number
        };
        attempts.iter().find(numbered).unwrap()
    };
    let (first, second) = (by_number("1"), by_number("2"));
    assert_eq!(
        (&first["status"], &first["message"]),
        (&json!(2), &json!("status"))
    );
    assert_eq!(second["status"], 0);
    assert_ne!(own[0]["trace"], publish["trace"]);
    assert_eq!(own[0]["trace"], own[1]["trace"]);
}

#[tokio::test]
async fn each_event_of_a_batch_has_its_attempt_in_its_own_trace() {
    let dir = tempfile::tempdir().unwrap();
    let (collector, receiver) = (Receiver::start().await, Receiver::start().await);
    let server = start(dir.path(), &collector.url(""));
    let key = key(dir.path());
    let batch = json!({"max": 2, "wait": "1h"});
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"], "batch": batch});
    server.post(&key, "/webhooks", &webhook, 201).await;
    publish(&server, &key, "called", Some(format!("{CALLER}01"))).await;
    publish(&server, &key, "own", None).await;
    let all = spans(&collector, 4).await;
    assert_eq!((all.len(), receiver.received().len()), (4, 1), "{all:#?}");
    let of = |name: &str, event: &str| {
        let found = all
            .iter()
            .find(|span| span["name"] == name && span["attributes"]["hookpost.event.id"] == event);
        found.unwrap_or_else(|| panic!("no {name} of {event}: {all:#?}"))
    };
    for event in ["called", "own"] {
        let (publish, attempt) = (of("publish", event), of("attempt", event));
        assert_eq!(attempt["trace"], publish["trace"]);
        assert_eq!(attempt["parent"], publish["id"]);
        assert_eq!(
            (&attempt["kind"], &attempt["status"]),
            (&json!(3), &json!(0))
        );
    }
    assert_eq!(of("publish", "called")["trace"], CALLER[3..35]);
    let (called, own) = (of("attempt", "called"), of("attempt", "own"));
    for field in ["id", "trace"] {
        assert_ne!(called[field], own[field]);
    }
}

#[tokio::test]
async fn nothing_is_traced_where_no_collector_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (collector, receiver) = (Receiver::start().await, Receiver::start().await);
    let mut command = serve(dir.path());
    command.args([
        "--listen=127.0.0.1:0",
        "--allow-http",
        "--allow-private=127.0.0.0/8",
    ]);
    // What other programs take for a collector's address is none to hookpost.
    for variable in [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    ] {
        command.env(variable, collector.url(""));
    }
    let server = Server::spawn(&mut command);
    let key = key(dir.path());
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    server.post(&key, "/webhooks", &webhook, 201).await;
    publish(&server, &key, "called", Some(format!("{CALLER}01"))).await;
    receiver.wait_for(1).await;
    // Whatever waits for a collector is sent before it ends.
    server.signal(Signal::TERM);
    assert!(server.exit().await.success());
    assert_eq!(collector.received().len(), 0);
}

#[tokio::test]
async fn what_waits_is_sent_at_the_end_and_a_collector_that_is_away_holds_nothing_up() {
    let dir = tempfile::tempdir().unwrap();
    let collector = Receiver::start().await;
    let server = start(dir.path(), &collector.url(""));
    let key = key(dir.path());
    publish(&server, &key, "last", None).await;
    server.signal(Signal::TERM);
    assert!(server.exit().await.success());
    assert_eq!(spans(&collector, 1).await.len(), 1);
    let silent = Receiver::start().await;
    silent.answer(Reply::hang());
    let server = start(dir.path(), &silent.url(""));
    let receiver = Receiver::start().await;
    let webhook = json!({ "url": receiver.url("/hook"), "event_types": ["*"] });
    server.post(&key, "/webhooks", &webhook, 201).await;
    publish(&server, &key, "delivered", None).await;
    receiver.wait_for(1).await;
    let began = Instant::now();
    server.signal(Signal::TERM);
    assert!(server.exit().await.success());
    assert!(began.elapsed() < PATIENCE);
}

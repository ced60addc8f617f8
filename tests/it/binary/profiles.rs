//! Wire profiles from files in the data directory.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use super::process::{Server, complaint, serve, stdout_of};
use crate::dialects::verify::accepted_everywhere;
use crate::receiver::{Received, Receiver};

const SIXTH: &str = include_str!("../../dialects/sixth.toml");

fn put(data_dir: &Path, file: &str, text: &str) {
    let dir = data_dir.join("profiles");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(file), text).unwrap();
}

fn key(data_dir: &Path) -> String {
    let data_dir = data_dir.to_str().unwrap();
    let name = ["key", "create", "--name", "t", "--workspace", "default"];
    stdout_of(&[name.as_slice(), &["--data-dir", data_dir]].concat())
}

/// Registers a webhook in the profile `sixth`, which subscribes to what the profile says.
async fn register(server: &Server, key: &str, receiver: &Receiver) -> Value {
    let webhook = json!({ "url": receiver.url("/"), "profile": "sixth" });
    server.post(key, "/webhooks", &webhook, 201).await
}

async fn deliver(server: &Server, key: &str, receiver: &Receiver) -> Received {
    let before = receiver.received().len();
    let event = json!({ "type": "parcel.sent", "data": { "weight": 2.5 } });
    server.post(key, "/events", &event, 202).await;
    receiver.wait_for(before + 1).await.remove(before)
}

#[tokio::test]
async fn a_sixth_wire_format_is_a_file_and_its_deliveries_verify() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "sixth.toml", SIXTH);
    put(dir.path(), "notes.txt", "not a profile");
    let server = Server::start(dir.path());
    let key = key(dir.path());
    let receiver = Receiver::start().await;
    let webhook = register(&server, &key, &receiver).await;
    assert_eq!(webhook["event_types"], json!(["parcel.*"]));
    let received = deliver(&server, &key, &receiver).await;
    let mut body = received.json();
    assert!(body["sent"].take().is_i64());
    let expect = json!({
        "kind": "parcel.sent", "version": 3, "sent": null, "payload": { "weight": 2.5 },
    });
    assert_eq!(body, expect);
    assert!(received.header("x-sixth-delivery").starts_with("dlv_"));
    let secret = webhook["secret"].as_str().unwrap();
    accepted_everywhere("sixth", secret, &received);
}

#[tokio::test]
async fn a_changed_file_changes_the_next_deliveries_and_a_removed_one_stays_while_it_is_used() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "sixth.toml", SIXTH);
    let server = Server::start(dir.path());
    let key = key(dir.path());
    let receiver = Receiver::start().await;
    register(&server, &key, &receiver).await;
    server.kill();
    put(
        dir.path(),
        "sixth.toml",
        &SIXTH.replace("value = 3", "value = 4"),
    );
    put(
        dir.path(),
        "unused.toml",
        &SIXTH.replace("\"sixth\"", "\"unused\""),
    );
    let server = Server::start(dir.path());
    let received = deliver(&server, &key, &receiver).await;
    assert_eq!(received.json()["version"], 4);
    server.kill();
    std::fs::remove_dir_all(dir.path().join("profiles")).unwrap();
    let server = Server::start(dir.path());
    let received = deliver(&server, &key, &receiver).await;
    assert_eq!(received.json()["version"], 4);
    let webhook = json!({ "url": receiver.url("/"), "profile": "unused" });
    let answer = server
        .call(&key, Method::POST, "/webhooks", Some(&webhook))
        .await;
    assert_eq!(answer.unwrap().0, 422);
}

#[test]
fn a_file_that_makes_no_sense_stops_the_start_and_is_named_with_the_field() {
    let check = |files: &[(&str, &str)], expect: &[&str]| {
        let dir = tempfile::tempdir().unwrap();
        for (file, text) in files {
            put(dir.path(), file, text);
        }
        let complaint = complaint(&serve(dir.path()).output().unwrap(), 1);
        for part in expect {
            assert!(complaint.contains(part), "{complaint}");
        }
    };
    let changed = |from: &str, to: &str| {
        assert!(SIXTH.contains(from), "{from}");
        SIXTH.replace(from, to)
    };
    let placeholder = changed("{id}:{body}", "{id}:{nonsense}:{body}");
    check(
        &[("sixth.toml", &placeholder)],
        &["sixth.toml", "signature.content", "nonsense"],
    );
    let twice = changed("\"version\"", "\"kind\"");
    check(&[("a.toml", &twice)], &["a.toml", "envelope[1].name"]);
    let reserved = changed("X-Sixth-Delivery", "Content-Length");
    check(&[("a.toml", &reserved)], &["a.toml", "Content-Length"]);
    let unknown = changed("timeout =", "timeoutt =");
    check(&[("a.toml", &unknown)], &["a.toml", "timeoutt"]);
    let built_in = changed("\"sixth\"", "\"armalo\"");
    check(&[("a.toml", &built_in)], &["a.toml", "armalo is built in"]);
    check(
        &[("a.toml", SIXTH), ("b.toml", SIXTH)],
        &["b.toml", "a.toml", "sixth"],
    );
    check(&[("a.toml", "not toml at all")], &["a.toml"]);
    let large = format!("{SIXTH}\n# {}", "x".repeat(70_000));
    check(&[("a.toml", &large)], &["a.toml", "65536 bytes"]);
}

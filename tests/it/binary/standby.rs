//! A warm standby: Litestream's copy of a database that is written to becomes a server.
//!
//! The configuration is the one that the handbook shows.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use reqwest::Method;
use serde_json::{Value, json};

use super::process::{Running, Server, run, workspace_key};
use crate::app::eventually;
use crate::receiver::Receiver;

fn litestream(arguments: &[&str]) -> Command {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut command = Command::new(tests.join(".venv/bin/litestream"));
    command.args(arguments);
    command
}

/// The handbook's configuration, with other paths in it.
fn configuration(database: &str, replica: &str) -> String {
    let page = include_str!("../../../static/docs/operations.md");
    let (_, after) = page.split_once("```yaml\n").unwrap();
    let (shown, _) = after.split_once("```").unwrap();
    let paths = [
        ("/var/lib/hookpost/hookpost.db", database),
        ("/mnt/standby/hookpost", replica),
    ];
    paths.iter().fold(shown.to_owned(), |text, (shown, own)| {
        assert!(text.contains(shown), "{text}");
        text.replace(shown, own)
    })
}

/// What the copy has by now, as a data directory: how many events a check reads in it.
fn restored(replica: &Path, key: &Path, into: &Path) -> Result<u64, Output> {
    if into.exists() {
        std::fs::remove_dir_all(into).unwrap();
    }
    std::fs::create_dir(into).unwrap();
    let from = format!("file://{}", replica.display());
    let database = into.join("hookpost.db");
    let restore = ["restore", "-o", database.to_str().unwrap(), &from];
    let output = litestream(&restore).output().unwrap();
    if !output.status.success() {
        return Err(output);
    }
    std::fs::copy(key, into.join("master.key")).unwrap();
    let output = run(&["check", "--data-dir", into.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let count = said
        .strip_prefix("sound: ")
        .and_then(|rest| rest.split(' ').next());
    count.and_then(|count| count.parse().ok()).ok_or(output)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_litestream_copied_while_events_were_published_goes_on_as_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let [data, replica, standby] = ["data", "replica", "standby"].map(|name| dir.path().join(name));
    let receiver = Receiver::start().await;
    let server = Server::start(&data);
    let key = workspace_key(&data);
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    server.post(&key, "/webhooks", &hook, 201).await;
    let database = data.join("hookpost.db");
    let text = configuration(database.to_str().unwrap(), replica.to_str().unwrap());
    let config = dir.path().join("litestream.yml");
    std::fs::write(&config, text).unwrap();
    let mut replicate = litestream(&["replicate", "-config", config.to_str().unwrap()]);
    let copying = Running::start(replicate.stderr(Stdio::null()));

    const CALLS: usize = 20;
    for call in 0..CALLS {
        let event = |n| json!({"id": format!("e-{call}-{n}"), "type": "a.b", "data": {"n": n}});
        let events: Vec<Value> = (0..100).map(event).collect();
        let batch = json!({ "events": events });
        server.post(&key, "/events/batch", &batch, 202).await;
    }
    receiver.wait_for(CALLS * 100).await;
    let settled = |page: &Value| page["data"].as_array().unwrap().is_empty();
    server
        .poll(&key, "/deliveries?status=pending", settled)
        .await;
    let master = data.join("master.key");
    eventually(async || match restored(&replica, &master, &standby) {
        Ok(count) if count == (CALLS * 100) as u64 => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    server.kill();
    drop(copying);

    let server = Server::start(&standby);
    for id in ["e-0-0", "e-19-99"] {
        let found = server
            .call(&key, Method::GET, &format!("/events/{id}"), None)
            .await;
        assert_eq!(found.unwrap().0.as_u16(), 200, "{id}");
    }
    let event = json!({"type": "a.b", "data": "after"});
    server.post(&key, "/events", &event, 202).await;
    eventually(async || {
        let received = receiver.received();
        let mut data = received.iter().map(|one| one.json()["data"].clone());
        data.any(|data| data == "after")
            .then_some(())
            .ok_or(received.len())
    })
    .await;
}

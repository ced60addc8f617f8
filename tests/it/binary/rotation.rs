//! The master key is replaced, and the process is killed in the middle of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::process::{Running, Server, hookpost, stdout_of};
use crate::app::PATIENCE;
use crate::receiver::Receiver;

/// Enough that sealing them anew takes a while.
const WEBHOOKS: usize = 100;
/// Moments of a rotation at which it is cut off.
const CUTS: u32 = 12;
/// What lies between them.
const APART: Duration = Duration::from_millis(12);
const CREDENTIAL: &str = "Bearer kept-through-everything";

/// A data directory with a key and webhooks, whose first one is answered for.
async fn fill(dir: &Path, receiver: &Receiver) -> (String, String) {
    let server = Server::start(dir);
    let data_dir = dir.to_str().unwrap();
    let key = ["key", "create", "--name=k", "--scope=admin", "--data-dir"];
    let key = stdout_of(&[&key[..], &[data_dir]].concat());
    let mut first = None;
    for number in 0..WEBHOOKS {
        let webhook = json!({
            "url": receiver.url(&format!("/{number}")), "event_types": ["none"],
            "headers": {"authorization": CREDENTIAL},
        });
        let made = server.post(&key, "/webhooks", &webhook, 201).await;
        first.get_or_insert_with(|| made["id"].as_str().unwrap().to_owned());
    }
    (key, first.unwrap())
}

fn rotate(dir: &Path) -> std::process::Command {
    hookpost(&["key", "rotate-master", "--data-dir", dir.to_str().unwrap()])
}

#[tokio::test]
async fn a_rotation_that_is_killed_at_any_moment_loses_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let (key, webhook) = fill(dir.path(), &receiver).await;
    let output = rotate(dir.path()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(" sealed anew"), "{said}");
    let next = dir.path().join("master.key.new");
    let mut keys = BTreeSet::new();
    let mut killed = 0;
    for cut in 0..CUTS {
        let left_over = std::fs::read(&next).ok();
        let mut running = Running::start(&mut rotate(dir.path()));
        let deadline = Instant::now() + PATIENCE;
        // From here on the next key is on the disk and the database has not adopted it.
        while std::fs::read(&next).ok() == left_over && running.0.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the rotation does not begin");
        }
        let until = Instant::now() + APART * cut;
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        killed += u32::from(running.0.try_wait().unwrap().is_none());
        drop(running);
        let server = Server::start(dir.path());
        let path = format!("/webhooks/{webhook}/test");
        let tested = server.post(&key, &path, &json!({}), 200).await;
        assert_eq!(tested["success"], true, "after cut {cut}: {tested:#}");
        let received = receiver.wait_for(cut as usize + 1).await;
        let last = received.last().unwrap();
        assert_eq!(last.header("authorization"), CREDENTIAL, "after cut {cut}");
        drop(server);
        keys.insert(std::fs::read(dir.path().join("master.key")).unwrap());
    }
    println!(
        "{killed} of {CUTS} rotations were cut off, {} keys were in force",
        keys.len()
    );
    assert!(killed >= 3, "{killed} were cut off");
}

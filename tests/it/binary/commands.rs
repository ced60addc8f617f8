//! Commands beside a running server and without one.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use reqwest::Method;
use serde_json::{Value, json};

use super::process::{Server, complaint, hookpost, made, run, stdout_of};
use crate::app::eventually;
use crate::receiver::{Receiver, Reply};

/// The words of `line`, on `data_dir`.
fn on<'a>(data_dir: &'a Path, line: &'a str) -> Vec<&'a str> {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    words.extend(["--data-dir", data_dir.to_str().unwrap()]);
    words
}

#[tokio::test]
async fn a_key_made_beside_a_running_server_works_at_once_until_it_is_revoked() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let create = "key create --name ci --workspace default --scope events:read";
    let key = stdout_of(&on(dir.path(), create));
    assert!(key.starts_with("hpk_"), "{key}");
    assert!(!key.contains(char::is_whitespace), "{key}");
    let read = async || {
        let answer = server.call(&key, Method::GET, "/events", None).await;
        answer.unwrap().0.as_u16()
    };
    assert_eq!(read().await, 200);
    let event = json!({"type": "a.b", "data": {}});
    server.post(&key, "/events", &event, 403).await;
    let list = stdout_of(&on(dir.path(), "key list"));
    assert!(
        list.contains("ci") && list.contains("events:read"),
        "{list}"
    );
    assert!(!list.contains(&key));
    let mut words = list.split_whitespace();
    let id = words.find(|word| word.starts_with("key_")).unwrap();
    stdout_of(&on(dir.path(), &format!("key revoke {id}")));
    assert_eq!(read().await, 401);
}

#[tokio::test]
async fn workspaces_and_keys_can_be_made_while_no_server_runs() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("data");
    made(&data_dir).await;
    let create = "workspace create --name acme --plan free";
    let id = stdout_of(&on(&data_dir, create));
    assert!(id.starts_with("ws_"), "{id}");
    assert!(!id.contains(char::is_whitespace), "{id}");
    let list = stdout_of(&on(&data_dir, "workspace list --json"));
    let list: Value = serde_json::from_str(&list).unwrap();
    let names: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|w| &w["name"])
        .collect();
    assert_eq!(names, ["acme", "default"]);
    let create = format!("key create --name k --workspace {id}");
    let key = stdout_of(&on(&data_dir, &create));
    let server = Server::start(&data_dir);
    let webhook = json!({"url": "http://127.0.0.1:9/", "event_types": ["*"]});
    let refusal = server.post(&key, "/webhooks", &webhook, 403).await;
    assert_eq!(refusal["code"], "plan_required");
}

#[tokio::test]
async fn users_are_added_listed_and_looked_after_by_either_way() {
    let dir = tempfile::tempdir().unwrap();
    made(dir.path()).await;
    let made_up = stdout_of(&on(dir.path(), "user create --email a@example.com"));
    assert!(made_up.starts_with("usr_"), "{made_up}");
    assert_eq!(
        made_up.lines().count(),
        2,
        "the id and a password: {made_up}"
    );
    let server = Server::start(dir.path());
    let create = on(
        dir.path(),
        "user create --email b@example.com --role viewer --password-stdin",
    );
    let mut child = hookpost(&create)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"nine purple trains at dawn\n").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let id = String::from_utf8(output.stdout).unwrap();
    assert_eq!(id.lines().count(), 1, "{id}");
    stdout_of(&on(dir.path(), "user reset-mfa --email B@example.com"));
    let list = stdout_of(&on(dir.path(), "user list --json"));
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list[0]["email"], "b@example.com");
    assert_eq!(list[0]["role"], "viewer");
    assert_eq!(list[1]["role"], "owner");
    let again = run(&on(dir.path(), "user create --email a@example.com"));
    assert!(complaint(&again, 1).contains("user"));
    drop(server);
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_one_line_by_either_way() {
    let dir = tempfile::tempdir().unwrap();
    made(dir.path()).await;
    let check = |line: &str, expect: &str| {
        let complaint = complaint(&run(&on(dir.path(), line)), 1);
        assert!(complaint.contains(expect), "{complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    };
    let check_all = || {
        check("key create --name k --workspace nobody", "workspace");
        check("key create --name k --workspace default --scope fly", "fly");
        check("key revoke key_1", "key");
        check("workspace create --name default", "default");
        check("workspace create --name x --profile none", "none");
        check("workspace create --name x --plan gold", "enterprise");
    };
    check_all();
    let _server = Server::start(dir.path());
    check_all();
}

#[test]
fn no_command_makes_a_second_instance_in_a_directory_without_data() {
    let lines = [
        "key create --name k",
        "key create --name k --workspace default",
        "workspace create --name w",
        "user create --email a@example.com",
        "key list",
        "key revoke key_1",
        "key rotate-master",
        "workspace list",
        "user list",
        "user reset-mfa --email a@example.com",
        "backup copy",
        "check",
        "pause",
        "resume",
    ];
    let dir = tempfile::tempdir().unwrap();
    let (missing, empty) = (dir.path().join("mistyped"), dir.path().join("empty"));
    std::fs::create_dir(&empty).unwrap();
    for place in [&missing, &empty] {
        for line in lines {
            let complaint = complaint(&run(&on(place, line)), 1);
            let expect = format!("no hookpost data in {}", place.display());
            assert!(complaint.contains(&expect), "{line}: {complaint}");
            assert_eq!(complaint.lines().count(), 1, "{complaint}");
        }
    }
    assert!(!missing.exists());
    assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
}

// The receiver answers on another thread while a command is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_can_be_used_from_a_shell() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let receiver = Receiver::start().await;
    let create = "key create --name k --workspace default";
    let key = stdout_of(&on(dir.path(), create));
    let shell = |line: &str| {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words.extend(["--server", &server.url, "--api-key", &key]);
        run(&words)
    };
    let answer = |line: &str| {
        let output = shell(line);
        assert!(output.status.success(), "{line}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let url = receiver.url("/hook");
    let created = answer(&format!(
        "webhooks create --url {url} --event-type a.* --json"
    ));
    let created: Value = serde_json::from_str(&created).unwrap();
    let id = created["id"].as_str().unwrap();
    assert!(answer("webhooks list").contains(id));
    let filter = "{\"data.n\":{\"$gte\":1}}";
    let changed = answer(&format!("webhooks update {id} --filter {filter} --json"));
    assert!(changed.contains(filter), "{changed}");
    let refused = shell(&format!("webhooks update {id} --filter {{\"$x\":1}}"));
    let complaint_of_filter = complaint(&refused, 1);
    assert!(
        complaint_of_filter.contains("filter.$x:"),
        "{complaint_of_filter}"
    );
    assert!(answer(&format!("webhooks disable {id}")).contains("disabled (manual)"));
    assert!(answer(&format!("webhooks enable {id}")).contains("active"));
    let sent = answer("events send --type a.b --data {\"n\":1.0}");
    assert!(sent.starts_with("evt_"), "{sent}");
    assert!(answer("events list --type a.b").contains(sent.trim_end()));
    let deliveries = answer(&format!("deliveries list --json --webhook {id}"));
    let deliveries: Value = serde_json::from_str(&deliveries).unwrap();
    let delivery = deliveries["data"][0]["id"].as_str().unwrap();
    assert!(answer(&format!("deliveries show {delivery}")).contains("\"n\": 1.0"));
    assert!(answer("dead-letters list").starts_with("ID"));
    assert!(answer(&format!("webhooks test {id}")).starts_with("received: 200"));
    answer(&format!("webhooks rotate-secret {id} --overlap 1h"));
    answer(&format!("deliveries retry {delivery}"));
    let delivered = format!("deliveries list --webhook {id} --status delivered");
    eventually(async || match answer(&delivered) {
        list if list.contains(delivery) => Ok(()),
        list => Err(list),
    })
    .await;
    let retried = answer(&format!(
        "deliveries retry --webhook {id} --status delivered"
    ));
    assert!(retried.contains(": "), "{retried}");
    assert!(retried.trim_end().ends_with("delivered"), "{retried}");
    receiver.answer(Reply::status(500));
    let failed = shell(&format!("webhooks test {id}"));
    assert!(
        complaint(&failed, 1).contains("it answered 500"),
        "{failed:?}"
    );
    assert!(answer(&format!("webhooks revoke {id}")).contains("revoked"));
    let refused = shell("webhooks create --url ftp://x --event-type a");
    let complaint = complaint(&refused, 1);
    assert!(complaint.contains("url:"), "{complaint}");
}

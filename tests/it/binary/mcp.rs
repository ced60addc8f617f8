//! `hookpost mcp`, spoken to by the protocol's own client.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::process::{Running, Server, hookpost, stdout_of};
use crate::receiver::{Receiver, Reply};

/// A server with a key, and assistants that look into it.
struct Looked {
    dir: tempfile::TempDir,
    server: Server,
}

impl Looked {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(&dir.path().join("data"));
        Self { dir, server }
    }

    fn key(&self, scopes: &[&str]) -> String {
        let data = self.dir.path().join("data");
        let mut create = vec!["key", "create", "--name", "k", "--data-dir"];
        create.push(data.to_str().unwrap());
        for scope in scopes {
            create.extend(["--scope", scope]);
        }
        stdout_of(&create)
    }

    fn arguments(&self, key: &str, more: &[&str]) -> Vec<String> {
        let own = ["mcp", "--server", &self.server.url, "--api-key", key];
        own.iter().chain(more).map(ToString::to_string).collect()
    }

    /// What the client gets to see, and what its calls are answered.
    fn ask(&self, key: &str, more: &[&str], calls: &Value) -> Value {
        let given = json!({
            "command": env!("CARGO_BIN_EXE_hookpost"), "args": self.arguments(key, more),
            "calls": calls,
        });
        let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snippets/mcp.mjs");
        let mut child = Command::new("node")
            .arg(driver)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("tests/run installs node");
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(given.to_string().as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What the shell's command answers.
    fn shell(&self, key: &str, line: &str) -> Value {
        let mut command = hookpost(&line.split_whitespace().collect::<Vec<_>>());
        command.args(["--server", &self.server.url, "--api-key", key, "--json"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn call(name: &str, arguments: Value) -> Value {
    let mut call = json!({ "name": name });
    call["arguments"] = arguments;
    call
}

fn said(asked: &Value, at: usize) -> Value {
    let answer = &asked["answers"][at];
    assert_eq!(answer["isError"], false, "{answer}");
    serde_json::from_str(answer["text"].as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assistant_finds_out_why_something_did_not_arrive_and_only_looks() {
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(503).body("down for maintenance"));
    let looked = Looked::start();
    let key = looked.key(&[]);
    let url = receiver.url("/hook");
    let made = looked.shell(
        &key,
        &format!("webhooks create --url {url} --event-type a.* --retry-policy {{\"delays\":[]}}"),
    );
    let webhook = made["id"].as_str().unwrap();
    let event = looked.shell(&key, "events send --type a.b --data {\"n\":1}");
    let gave_up = |list: &Value| list["data"].as_array().is_some_and(|dead| !dead.is_empty());
    looked.server.poll(&key, "/dead-letters", gave_up).await;
    let other = looked.shell(&key, "events send --type other --data {\"n\":2}");
    let reading = looked.key(&["events:read", "deliveries:read", "webhooks:read"]);
    let asked = looked.ask(
        &reading,
        &[],
        &json!([
            call("list_dead_letters", json!({"webhook_id": webhook})),
            call("show_event", json!({"event_id": event["id"]})),
            call("show_event", json!({"event_id": "nothing"})),
            call("show_event", json!({})),
            call("retry_delivery", json!({"delivery_id": "dlv_1"})),
            call("nonsense", json!({})),
        ]),
    );
    assert_eq!(asked["server"]["name"], "hookpost");
    assert!(asked["instructions"].as_str().unwrap().contains("why_not"));
    for tool in asked["tools"].as_array().unwrap() {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
    }
    let dead = said(&asked, 0);
    assert_eq!(dead["data"][0]["last_status_code"], 503);
    assert_eq!(said(&asked, 1)["type"], "a.b");
    for (at, words) in [(2, "404"), (3, "event_id must be given")] {
        let answer = &asked["answers"][at];
        assert_eq!(answer["isError"], true, "{answer}");
        assert!(answer["text"].as_str().unwrap().contains(words), "{answer}");
    }
    for (at, words) in [(4, "--allow-actions"), (5, "no tool")] {
        let answer = &asked["answers"][at];
        assert_eq!(answer["code"], -32602, "{answer}");
        assert!(answer["text"].as_str().unwrap().contains(words), "{answer}");
    }
    let delivery = dead["data"][0]["id"].clone();
    let asked = looked.ask(
        &key,
        &[],
        &json!([
            call("show_delivery", json!({"delivery_id": delivery})),
            call(
                "why_not",
                json!({"webhook_id": webhook, "event_id": other["id"]})
            ),
            call("stats", json!({})),
            call("retry_summary", json!({})),
            call("list_events", json!({"limit": 1})),
        ]),
    );
    let shown = said(&asked, 0);
    assert_eq!(
        shown["attempts"][0]["response_body"],
        "down for maintenance"
    );
    assert_eq!(said(&asked, 1)["why_not"]["reason"], "not_subscribed");
    assert_eq!(said(&asked, 4)["data"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_sent_is_not_shown_to_a_key_that_can_only_read() {
    let receiver = Receiver::start().await;
    let looked = Looked::start();
    let key = looked.key(&[]);
    let url = receiver.url("/hook");
    let made = looked.shell(
        &key,
        &format!("webhooks create --url {url} --event-type a.*"),
    );
    let event = looked.shell(&key, "events send --type other --data 1");
    let why_not = json!({"webhook_id": made["id"], "event_id": event["id"]});
    let calls = json!([call("why_not", why_not)]);
    let reading = ["events:read", "deliveries:read", "webhooks:read"];
    let refused = looked.ask(&looked.key(&reading), &[], &calls);
    let answer = &refused["answers"][0];
    assert_eq!(answer["isError"], true, "{answer}");
    let text = answer["text"].as_str().unwrap();
    assert!(text.contains("webhooks:write"), "{text}");
    let trying = looked.key(&[&reading[..], &["webhooks:write"]].concat());
    let told = looked.ask(&trying, &[], &calls);
    assert_eq!(said(&told, 0)["why_not"]["reason"], "not_subscribed");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_acts_only_where_that_was_allowed() {
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(500), Reply::status(500)]);
    let looked = Looked::start();
    let key = looked.key(&[]);
    let url = receiver.url("/hook");
    let made = looked.shell(
        &key,
        &format!("webhooks create --url {url} --event-type a.* --retry-policy {{\"delays\":[]}}"),
    );
    let webhook = made["id"].as_str().unwrap();
    let event = looked.shell(&key, "events send --type a.b --data {\"n\":1}");
    receiver.wait_for(1).await;
    looked.shell(&key, &format!("webhooks disable {webhook}"));
    let asked = looked.ask(
        &key,
        &["--allow-actions"],
        &json!([
            call("enable_webhook", json!({"webhook_id": webhook})),
            call(
                "test_webhook",
                json!({"webhook_id": webhook, "data": {"hello": true}})
            ),
            call(
                "replay_event",
                json!({"event_id": event["id"], "webhook_id": webhook})
            ),
        ]),
    );
    let acts = |tool: &&Value| tool["annotations"]["readOnlyHint"] == false;
    let tools = asked["tools"].as_array().unwrap();
    assert_eq!(tools.iter().filter(acts).count(), 4);
    assert_eq!(said(&asked, 0)["status"], "active");
    assert_eq!(said(&asked, 1)["success"], false);
    assert_eq!(asked["answers"][2]["isError"], false, "{asked}");
    let received = receiver.wait_for(3).await;
    assert_eq!(received[2].json()["data"], json!({"n": 1}));

    // What gave up is attempted once more, now.
    let path = format!(
        "/deliveries?event_id={}&status=exhausted",
        event["id"].as_str().unwrap()
    );
    let gave_up = |list: &Value| list["data"].as_array().is_some_and(|dead| !dead.is_empty());
    let dead = looked.server.poll(&key, &path, gave_up).await;
    let delivery = &dead["data"][0]["id"];
    let retry = json!([call("retry_delivery", json!({ "delivery_id": delivery }))]);
    let asked = looked.ask(&key, &["--allow-actions"], &retry);
    assert_eq!(&said(&asked, 0)["id"], delivery);
    let received = receiver.wait_for(4).await;
    assert_eq!(received[3].header("webhook-id"), event["id"]);
    let path = format!("/deliveries/{}", delivery.as_str().unwrap());
    let arrived = |one: &Value| one["status"] == "delivered";
    looked.server.poll(&key, &path, arrived).await;
    // A key that may only look is refused by the server, whatever the command line allows.
    let reading = looked.key(&["events:read", "deliveries:read", "webhooks:read"]);
    let asked = looked.ask(&reading, &["--allow-actions"], &retry);
    let answer = &asked["answers"][0];
    assert_eq!(answer["isError"], true, "{answer}");
    assert!(
        answer["text"]
            .as_str()
            .unwrap()
            .contains("deliveries:write"),
        "{answer}"
    );
}

#[test]
fn what_is_no_message_is_answered_and_the_conversation_goes_on() {
    let looked = Looked::start();
    let key = looked.key(&[]);
    let arguments = looked.arguments(&key, &[]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut command = hookpost(&arguments);
    let mut child = Running(
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let mut stdin = child.0.stdin.take().unwrap();
    let long = "x".repeat(1024 * 1024 + 10);
    let lines = [
        "nonsense",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
        &long,
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"no/such\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"last\",\"method\":\"ping\"}",
    ];
    stdin
        .write_all((lines.join("\n") + "\n").as_bytes())
        .unwrap();
    drop(stdin);
    let mut said = String::new();
    let mut stdout = child.0.stdout.take().unwrap();
    std::io::Read::read_to_string(&mut stdout, &mut said).unwrap();
    assert!(child.0.wait().unwrap().success());
    let said: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let codes: Vec<&Value> = said.iter().map(|one| &one["error"]["code"]).collect();
    assert_eq!(json!(codes), json!([-32700, -32600, -32601, null]));
    assert_eq!(
        said[3],
        json!({"jsonrpc": "2.0", "id": "last", "result": {}})
    );
}

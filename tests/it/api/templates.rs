//! `/api/v1/templates`

use std::path::Path;

use reqwest::StatusCode;
use serde_json::{Map, Value, json};
use tokio::process::Command;

use crate::app::TestApp;
use crate::generated::{run, tests};
use crate::receiver::Receiver;

#[tokio::test]
async fn every_template_that_is_listed_can_be_saved_and_sent() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let listed = app.get("/api/v1/templates").await.json(StatusCode::OK);
    let all = listed["data"].as_array().unwrap();
    let names: Vec<&str> = all
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    let expected = [
        "slack",
        "discord",
        "teams",
        "mattermost",
        "pagerduty",
        "opsgenie",
        "telegram",
        "ntfy",
    ];
    assert_eq!(names, expected);
    for (number, ready) in all.iter().enumerate() {
        let body = json!({"url": receiver.url("/hook"), "event_types": ["*"],
            "template": ready["template"]});
        let made = app.post("/api/v1/webhooks", &body).await;
        let made = made.json(StatusCode::CREATED);
        let test = format!("/api/v1/webhooks/{}/test", made["id"].as_str().unwrap());
        let data = json!({"data": {"n": 1}, "event_type": "order.paid"});
        let tested = app.post(&test, &data).await.json(StatusCode::OK);
        assert_eq!(tested["success"], true, "{tested}");
        let received = receiver.wait_for(number + 1).await;
        let sent: Value = serde_json::from_slice(&received[number].body).unwrap();
        assert!(sent.to_string().contains("order.paid"), "{sent}");
    }
}

/// What receivers say about lengths in words only: the place of a text, and its most UTF-16 units.
const LENGTHS: [(&str, &str, usize); 9] = [
    ("discord", "/content", 2000),
    ("discord", "/embeds/0/title", 256),
    ("discord", "/embeds/0/description", 4096),
    ("mattermost", "/text", 16_383),
    ("opsgenie", "/message", 130),
    ("opsgenie", "/description", 15_000),
    ("pagerduty", "/dedup_key", 255),
    ("pagerduty", "/payload/summary", 1024),
    ("telegram", "/text", 4096),
];
/// The same in bytes: ntfy makes a file of a longer message, Teams refuses a larger card.
const NTFY_MESSAGE_BYTES_MAX: usize = 4096;
const TEAMS_BODY_BYTES_MAX: usize = 28 * 1024;

/// Events whose data is small, odd and larger than anybody takes.
fn events() -> [Value; 4] {
    let named = json!({"summary": "s".repeat(2000), "dedup_key": "d".repeat(300), "priority": "P1",
        "severity": "critical", "event_action": "resolve"});
    [
        json!({"type": "order.paid", "data": {"n": 1}}),
        json!({"type": "order.paid", "data": null}),
        json!({"type": format!("order.{}", "x".repeat(122)), "data": named}),
        json!({"type": "order.paid", "data": {"text": "```\n\"<&>\u{1F49A}".repeat(8_000)}}),
    ]
}

/// What each ready template makes of each event, as it arrives.
async fn bodies(app: &TestApp) -> Vec<Map<String, Value>> {
    let listed = app.get("/api/v1/templates").await.json(StatusCode::OK);
    let mut receivers = Vec::new();
    for ready in listed["data"].as_array().unwrap() {
        let receiver = Receiver::start().await;
        let hook = json!({"url": receiver.url("/"), "event_types": ["*"],
            "template": ready["template"]});
        app.post("/api/v1/webhooks", &hook)
            .await
            .json(StatusCode::CREATED);
        receivers.push((ready["name"].as_str().unwrap().to_owned(), receiver));
    }
    let mut all = Vec::new();
    for event in events() {
        let published = app.post("/api/v1/events", &event).await;
        published.json(StatusCode::ACCEPTED);
        let mut made = Map::new();
        for (name, receiver) in &receivers {
            let received = receiver.wait_for(all.len() + 1).await;
            let body = serde_json::from_slice(&received[all.len()].body).unwrap();
            made.insert(name.clone(), body);
        }
        all.push(made);
    }
    all
}

#[tokio::test]
async fn what_the_templates_make_is_what_their_receivers_publish_that_they_take() {
    let app = TestApp::start().await;
    let all = bodies(&app).await;
    for made in &all {
        for (name, place, units) in LENGTHS {
            let text = made[name].pointer(place).unwrap().as_str().unwrap();
            assert!(
                text.encode_utf16().count() <= units,
                "{name}{place}: {text}"
            );
        }
        let message = made["ntfy"]["message"].as_str().unwrap();
        assert!(message.len() <= NTFY_MESSAGE_BYTES_MAX, "{message}");
        let card = made["teams"].to_string();
        assert!(card.len() <= TEAMS_BODY_BYTES_MAX, "{}", card.len());
    }
    assert_eq!(all[2]["pagerduty"]["event_action"], "resolve");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bodies.json");
    std::fs::write(&file, json!(all).to_string()).unwrap();
    compiled(dir.path(), &json!(all).to_string()).await;
    let mut validate = Command::new(tests().join(".venv/bin/python"));
    validate.arg(tests().join("snippets/ready_templates.py"));
    assert_eq!(run(validate.arg(&file)).await, "4 bodies\n");
}

/// The compiler holds them against the types, the published libraries what a type cannot say.
async fn compiled(dir: &Path, bodies: &str) {
    let modules = tests().join("node_modules");
    std::os::unix::fs::symlink(&modules, dir.join("node_modules")).unwrap();
    let source = std::fs::read_to_string(tests().join("snippets/ready_templates.mts")).unwrap();
    let source = source.replace("Bodies[] = []", &format!("Bodies[] = {bodies}"));
    std::fs::write(dir.join("check.mts"), source).unwrap();
    let mut compile = Command::new("node");
    compile
        .current_dir(dir)
        .arg(modules.join("typescript/bin/tsc"));
    compile.args(["--strict", "--module", "nodenext", "--target", "es2022"]);
    run(compile.args(["--skipLibCheck", "check.mts"])).await;
    let mut work = Command::new("node");
    work.current_dir(dir).arg("check.mjs");
    assert_eq!(run(&mut work).await, "4 bodies\n");
}

//! The demo, as somebody sees it who types one command.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use rustix::process::Signal;
use serde_json::Value;

use super::process::{Running, hookpost};
use crate::app::{PATIENCE, http_client};

/// The word behind `label` in what the demo printed.
fn word_behind<'a>(printed: &'a str, label: &str) -> &'a str {
    let rest = printed.split_once(label).unwrap().1;
    rest.split_whitespace().next().unwrap()
}

/// When a delivery was made, in a form that sorts.
fn made_at(row: &Value) -> &str {
    row["created_at"].as_str().unwrap()
}

/// The demo opens on a day already lived. Answers when the last of its deliveries was made.
async fn check_past(ask: &impl AsyncFn(&str) -> Value) -> String {
    let page = async |path: &str| ask(path).await["data"].as_array().unwrap().clone();
    let stats = ask("stats").await;
    let early = stats["series"].as_array().unwrap();
    let early = early.iter().take(early.len() / 2);
    let early: u64 = early.map(|step| step["delivered"].as_u64().unwrap()).sum();
    assert!(early > 100, "the day began late: {stats}");
    assert!(stats["counts"]["exhausted"].as_u64() > Some(30), "{stats}");
    for webhook in page("webhooks").await {
        let id = webhook["id"].as_str().unwrap();
        let deliveries = page(&format!("deliveries?webhook_id={id}&limit=5")).await;
        assert!(!deliveries.is_empty(), "{webhook}");
        let late = deliveries
            .iter()
            .filter(|row| made_at(row) < made_at(&webhook));
        assert_eq!(late.count(), 0, "{webhook}");
    }
    for setting in ["ordered", "rate_limit", "consumer_id"] {
        let webhooks = page("webhooks").await;
        let set = |webhook: &Value| !webhook[setting].is_null() && webhook[setting] != false;
        assert!(webhooks.iter().any(set), "{setting}: {webhooks:?}");
    }
    let types = page("event-types").await;
    let told = |known: &Value| known["schema"].is_object() && known["example"].is_object();
    assert!(types.len() == 4 && types.iter().all(told), "{types:?}");
    assert!(!page("dead-letters").await.is_empty());
    let newest = page("deliveries?limit=1").await;
    made_at(&newest[0]).to_owned()
}

#[tokio::test]
async fn the_demo_opens_on_a_day_already_lived_delivers_lets_people_in_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let mut demo = Running::start(
        hookpost(&["demo", "--port", "0", "--pace-ms", "40"]).env("TMPDIR", temporary.path()),
    );
    let mut printed = String::new();
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap());
    while !printed.contains("Ctrl-C") {
        assert_ne!(lines.read_line(&mut printed).unwrap(), 0, "{printed}");
    }
    let url = word_behind(&printed, "dashboard");
    let http = http_client();
    let ask = async |path: &str| -> Value {
        let asked = http.get(format!("{url}/api/v1/{path}"));
        let asked = asked.bearer_auth(word_behind(&printed, "API key"));
        let answer = asked.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&answer).unwrap()
    };
    let newest = check_past(&ask).await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let page = ask("deliveries?status=delivered&limit=10").await;
        let rows = page["data"].as_array().unwrap();
        if rows.iter().all(|row| made_at(row) > newest.as_str()) {
            break;
        }
        assert!(Instant::now() < deadline, "{page}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("email", word_behind(&printed, "sign in"))
        .append_pair("password", word_behind(&printed, "password"))
        .finish();
    let sign_in = http.post(format!("{url}/sign-in")).body(form);
    let entered = sign_in.send().await.unwrap();
    assert_eq!(entered.status(), StatusCode::SEE_OTHER);
    let cookie = entered.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let workspaces = http
        .get(format!("{url}/workspaces"))
        .header("cookie", cookie);
    let workspaces = workspaces.send().await.unwrap().text().await.unwrap();
    assert!(workspaces.contains("sandbox"), "{workspaces}");
    demo.signal(Signal::INT);
    assert_eq!(demo.0.wait().unwrap().code(), Some(0));
    let left: Vec<_> = std::fs::read_dir(temporary.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

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

#[tokio::test]
async fn the_demo_delivers_lets_people_in_and_leaves_nothing_behind() {
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
    let deadline = Instant::now() + PATIENCE;
    loop {
        let list = format!("{url}/api/v1/deliveries?status=delivered&limit=10");
        let asked = http.get(list).bearer_auth(word_behind(&printed, "API key"));
        let answer = asked.send().await.unwrap().text().await.unwrap();
        let page: Value = serde_json::from_str(&answer).unwrap();
        if page["data"].as_array().unwrap().len() == 10 {
            break;
        }
        assert!(Instant::now() < deadline, "{answer}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("email", word_behind(&printed, "sign in"))
        .append_pair("password", word_behind(&printed, "password"))
        .finish();
    let sign_in = http.post(format!("{url}/sign-in")).body(form);
    let entered = sign_in.send().await.unwrap();
    assert_eq!(entered.status(), StatusCode::SEE_OTHER);
    assert!(entered.headers().contains_key("set-cookie"), "{entered:?}");
    demo.signal(Signal::INT);
    assert_eq!(demo.0.wait().unwrap().code(), Some(0));
    let left: Vec<_> = std::fs::read_dir(temporary.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

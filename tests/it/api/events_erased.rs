//! `DELETE /api/v1/events/{id}/data`: what was carried is gone from the files.

use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{TestApp, noise};
use crate::receiver::{Receiver, Reply};

const EVENTS: &str = "/api/v1/events";

/// The files of a data directory that hold `mark`.
pub(super) fn files_with(dir: &Path, mark: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, mark));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            if bytes
                .windows(mark.len())
                .any(|window| window == mark.as_bytes())
            {
                found.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found
}

async fn erase(app: &TestApp, id: &str) -> Value {
    let path = format!("{EVENTS}/{id}/data");
    app.call(Method::DELETE, &path)
        .send()
        .await
        .json(StatusCode::OK)
}

#[tokio::test]
async fn nothing_of_the_data_is_left_in_the_files_and_the_skeleton_stays() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500).body("you sent zebrafish-4711"));
    let body = json!({"url": receiver.url("/hook"), "event_types": ["*"],
        "headers": {"x-about": "{{ /data/who }}"}, "retry_policy": {"delays": ["1h"]}});
    app.post("/api/v1/webhooks", &body)
        .await
        .json(StatusCode::CREATED);
    // Too long for one page of a file, and nothing of it stands for anything else.
    let long = noise(30_000) + "zebrafish-4711";
    let pieces = || (0..30_000).step_by(1000).map(|at| &long[at..at + 16]);
    for (id, who) in [("small", "zebrafish-4711"), ("large", &*long)] {
        let event = json!({"type": "order.paid", "id": id, "data": {"who": who}});
        app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED);
    }
    let settled = |page: &Value| {
        let all = page["data"].as_array().unwrap();
        let over = |own: &Value| own["status"] == "retrying" || own["status"] == "exhausted";
        all.len() == 2 && all.iter().all(over)
    };
    app.poll("/api/v1/deliveries", settled).await;
    assert!(!files_with(app.dir(), "zebrafish-4711").is_empty());
    assert!(pieces().all(|piece| !files_with(app.dir(), piece).is_empty()));
    assert_eq!(erase(&app, "small").await["canceled"], 1);
    let erased = erase(&app, "large").await;
    for piece in pieces() {
        assert_eq!(files_with(app.dir(), piece), Vec::<String>::new());
    }
    assert_eq!(
        files_with(app.dir(), "zebrafish-4711"),
        Vec::<String>::new()
    );
    let shown = app
        .get(&format!("{EVENTS}/small"))
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&shown["data"], &shown["type"]),
        (&Value::Null, &json!("order.paid"))
    );
    assert!(shown["erased_at"].is_string());
    assert_eq!(shown["deliveries"][0]["status"], "canceled");
    let delivery = shown["deliveries"][0]["id"].as_str().unwrap();
    let path = format!("/api/v1/deliveries/{delivery}");
    let detail = app.get(&path).await.json(StatusCode::OK);
    assert_eq!(detail["request_body"], "");
    assert_eq!(detail["attempts"][0]["status_code"], 500);
    // Erased again, nothing changes; and nothing can be sent any more.
    assert_eq!(erase(&app, "large").await["erased_at"], erased["erased_at"]);
    let retried = app.post(&format!("{path}/retry"), &json!({})).await;
    retried.problem(409, "conflict");
    let replayed = app
        .post(&format!("{EVENTS}/small/replay"), &json!({}))
        .await;
    replayed.problem(409, "conflict");
    let unknown = app.call(Method::DELETE, &format!("{EVENTS}/nobody/data"));
    unknown.send().await.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_told_of_a_failure_outlives_the_data_and_repeats_nothing_of_it() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let workspace = format!("/api/v1/workspaces/{}", app.default_workspace());
    let target = json!({"alert_url": receiver.url("/alerts")});
    app.patch(&workspace, &target).await.json(StatusCode::OK);
    for template in [
        json!("{{ /data/who | date: \"%Y\" }}"),
        json!({"$each": "/data/who", "$as": 1}),
        json!("{{ /data/list | upper }}"),
    ] {
        let body =
            json!({"url": receiver.url("/hook"), "event_types": ["*"], "template": template});
        let made = app.post("/api/v1/webhooks", &body).await;
        made.json(StatusCode::CREATED);
    }
    let data = json!({"who": "zebrafish-4711", "list": ["zebrafish-4711"]});
    let event = json!({"type": "order.paid", "id": "one", "data": data});
    app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED);
    let told = receiver.wait_for(3).await;
    for alert in &told {
        assert_eq!(alert.path, "/alerts");
        assert!(!String::from_utf8_lossy(&alert.body).contains("zebrafish"));
    }
    erase(&app, "one").await;
    assert_eq!(
        files_with(app.dir(), "zebrafish-4711"),
        Vec::<String>::new()
    );
}

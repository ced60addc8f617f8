//! `/api/v1/templates`

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
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

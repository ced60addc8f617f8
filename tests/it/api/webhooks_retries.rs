//! `retry_policy.give_up_on` and `retry_on` on `/api/v1/webhooks`.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

const WEBHOOKS: &str = "/api/v1/webhooks";

/// What becomes of a delivery to a webhook with this policy when its receiver answers `status`.
async fn comes_to(app: &TestApp, policy: &Value, status: u16) -> Value {
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(status));
    let body = json!({"url": receiver.url("/hook"), "event_types": ["*"], "retry_policy": policy});
    let webhook = app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED);
    let event = json!({"type": "order.paid", "data": {}});
    let event = app.post("/api/v1/events", &event).await;
    event.json(StatusCode::ACCEPTED);
    let id = webhook["id"].as_str().unwrap();
    let path = format!("/api/v1/deliveries?webhook_id={id}");
    let attempted = |page: &Value| page["data"][0]["attempt_count"] == 1;
    let page = app.poll(&path, attempted).await;
    let ended = app.call(reqwest::Method::DELETE, &format!("{WEBHOOKS}/{id}"));
    ended.send().await;
    page["data"][0]["status"].clone()
}

#[tokio::test]
async fn statuses_that_no_attempt_changes_make_a_dead_letter_at_once() {
    let app = TestApp::start().await;
    let give_up = json!({"delays": ["1h"], "give_up_on": ["4xx", "501"]});
    let retry = json!({"delays": ["1h"], "retry_on": ["5xx", 409]});
    let listed = json!({"give_up_on": ["429"]});
    for (policy, status, expect) in [
        (&give_up, 404, "exhausted"),
        (&give_up, 501, "exhausted"),
        (&give_up, 500, "retrying"),
        (&give_up, 408, "retrying"),
        (&give_up, 429, "retrying"),
        (&retry, 404, "exhausted"),
        (&retry, 302, "exhausted"),
        (&retry, 409, "retrying"),
        (&retry, 503, "retrying"),
        (&retry, 425, "retrying"),
        (&listed, 429, "exhausted"),
        (&listed, 404, "retrying"),
    ] {
        assert_eq!(
            comes_to(&app, policy, status).await,
            expect,
            "{policy} {status}"
        );
    }
}

#[tokio::test]
async fn lists_read_back_as_they_are_kept_and_faulty_ones_name_the_place() {
    let app = TestApp::start().await;
    let with = |policy: &Value| json!({"url": "https://example.com/", "event_types": ["*"], "retry_policy": policy});
    let policy = json!({"give_up_on": ["4XX", 501], "retry_on": ["503"]});
    let made = app.post(WEBHOOKS, &with(&policy)).await;
    let made = made.json(StatusCode::CREATED);
    assert_eq!(made["retry_policy"]["give_up_on"], json!(["4xx", "501"]));
    assert_eq!(made["retry_policy"]["retry_on"], json!(["503"]));
    assert_eq!(made["retry_policy"]["give_up_after"], "24h");
    let path = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
    let plain = json!({"retry_policy": {"delays": ["1s"]}});
    let changed = app.patch(&path, &plain).await.json(StatusCode::OK);
    assert!(changed["retry_policy"].get("give_up_on").is_none());
    for (policy, field) in [
        (
            json!({"give_up_on": ["404", "soon"]}),
            "retry_policy.give_up_on[1]",
        ),
        (json!({"give_up_on": ["2xx"]}), "retry_policy.give_up_on[0]"),
        (json!({"retry_on": [1000]}), "retry_policy.retry_on[0]"),
        (
            json!({"delays": [], "give_up_on": ["4xx"], "retry_on": ["500", "404"]}),
            "retry_policy.retry_on[1]",
        ),
        (
            json!({"give_up_on": ["4xx"], "then_every": "1h"}),
            "retry_policy.delays",
        ),
    ] {
        app.post(WEBHOOKS, &with(&policy)).await.invalid(field);
    }
    for entry in [json!(404.5), json!(-1), json!(null), json!({})] {
        let refused = app
            .post(WEBHOOKS, &with(&json!({"retry_on": [entry]})))
            .await;
        let told = refused.invalid("retry_policy.retry_on[0]");
        let message = told["errors"][0]["message"].as_str().unwrap();
        assert!(
            message.contains("must be a status such as 404"),
            "{message}"
        );
    }
}

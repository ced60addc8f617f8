//! Instants as callers spell them: RFC 3339 to the letter, at every door.

use reqwest::StatusCode;
use serde_json::json;

use crate::app::TestApp;

/// What RFC 3339 does not allow, though other readers do.
const REFUSED: [&str; 8] = [
    "2026-03-16T10:05:00+24:00",
    "2026-03-16T10Z",
    "2026-03-16T10:05Z",
    "20260316T100500Z",
    "2026-03-16T10:05:00+01:00[Europe/Berlin]",
    "2026-03-16 10:05:00Z",
    "2026-03-16T10:05:60Z",
    "9999-12-31T23:59:59-00:01",
];

/// What it allows, and how it reads back.
const TAKEN: [(&str, &str); 6] = [
    ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
    ("9999-12-31T23:59:59.9999Z", "9999-12-31T23:59:59.999Z"),
    ("2026-03-16t10:05:00z", "2026-03-16T10:05:00.000Z"),
    (
        "2026-03-16T10:05:00.123456789-00:00",
        "2026-03-16T10:05:00.123Z",
    ),
    ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z"),
    ("2026-03-16T10:05:00+23:59", "2026-03-15T10:06:00.000Z"),
];

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn an_events_time_is_rfc_3339_and_nothing_else() {
    let app = TestApp::start().await;
    for (given, expect) in TAKEN {
        let event = json!({"type": "a.b", "data": {}, "occurred_at": given});
        let made = app.post("/api/v1/events", &event).await;
        let made = made.json(StatusCode::ACCEPTED);
        assert_eq!(made["occurred_at"], expect, "{given}");
        let path = format!("/api/v1/events/{}", made["id"].as_str().unwrap());
        let read = app.get(&path).await.json(StatusCode::OK);
        assert_eq!(read["occurred_at"], expect, "{given}");
    }
    for given in REFUSED {
        let event = json!({"type": "a.b", "data": {}, "occurred_at": given});
        app.post("/api/v1/events", &event)
            .await
            .invalid("occurred_at");
        let batch = json!({"events": [event]});
        let answer = app.post("/api/v1/events/batch", &batch).await;
        assert!(answer.text.contains("occurred_at"), "{}", answer.text);
    }
}

#[tokio::test]
async fn the_times_of_filters_are_read_by_the_same_rule() {
    let app = TestApp::start().await;
    let webhook = json!({"url": "http://127.0.0.1:9000/", "event_types": ["*"]});
    let webhook = app.post("/api/v1/webhooks", &webhook).await;
    let webhook = webhook.json(StatusCode::CREATED)["id"].take();
    let id = webhook.as_str().unwrap();
    for path in ["/api/v1/deliveries", "/api/v1/dead-letters"] {
        for (given, _) in TAKEN {
            let answer = app.get(&format!("{path}?since={}", encoded(given))).await;
            answer.json(StatusCode::OK);
        }
        for given in REFUSED {
            let answer = app.get(&format!("{path}?until={}", encoded(given))).await;
            answer.invalid("until");
        }
    }
    for given in REFUSED {
        let given_in_path = encoded(given);
        let path = format!("/api/v1/webhooks/{id}/stats?since={given_in_path}");
        app.get(&path).await.invalid("since");
        let bulk = json!({"filter": {"since": given}});
        let answer = app.post("/api/v1/deliveries/retry", &bulk).await;
        answer.invalid("filter.since");
        let recover = json!({"since": given, "include": ["exhausted"]});
        let path = format!("/api/v1/webhooks/{id}/recover");
        app.post(&path, &recover).await.invalid("since");
    }
}

#[tokio::test]
async fn the_last_instant_of_all_is_no_trouble_anywhere() {
    let app = TestApp::start().await;
    let last = "9999-12-31T23:59:59.999Z";
    let webhook = json!({"url": "http://127.0.0.1:9000/", "event_types": ["*"]});
    let webhook = app.post("/api/v1/webhooks", &webhook).await;
    let webhook = webhook.json(StatusCode::CREATED)["id"].take();
    let id = webhook.as_str().unwrap();
    let event = json!({"type": "a.b", "data": {}, "occurred_at": last});
    app.post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
    let deliveries = app.get(&format!("/api/v1/deliveries?until={last}")).await;
    let deliveries = deliveries.json(StatusCode::OK);
    assert_eq!(deliveries["data"].as_array().unwrap().len(), 1);
    let none = app.get(&format!("/api/v1/deliveries?since={last}")).await;
    assert_eq!(none.json(StatusCode::OK)["data"], json!([]));
    let stats = format!("/api/v1/webhooks/{id}/stats?until={last}");
    let stats = app.get(&stats).await.json(StatusCode::OK);
    assert_eq!(stats["until"], last);
    let recover = json!({"since": last, "include": ["undelivered"]});
    let path = format!("/api/v1/webhooks/{id}/recover");
    let answer = app.post(&path, &recover).await;
    assert!(answer.status.as_u16() < 500, "{}", answer.text);
}

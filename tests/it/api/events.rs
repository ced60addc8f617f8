//! `/api/v1/events`

use hookpost::domain::api_key::Scope;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::Receiver;

const EVENTS: &str = "/api/v1/events";

/// How many events the instance has.
async fn count(app: &TestApp) -> usize {
    let page = app.get(EVENTS).await.json(StatusCode::OK);
    page["data"].as_array().unwrap().len()
}

async fn webhook(app: &TestApp, receiver: &Receiver) -> Value {
    let body = json!({"url": receiver.url("/hook"), "event_types": ["*"]});
    app.post("/api/v1/webhooks", &body)
        .await
        .json(StatusCode::CREATED)
}

#[tokio::test]
async fn a_published_event_is_accepted_delivered_and_found_again() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    webhook(&app, &receiver).await;
    let text = r#"{"type":"score.changed","data":{"b": 1.10, "a":"\u00e9"},"occurred_at":"2026-03-16T11:05:00+01:00"}"#;
    let call = app.call(Method::POST, EVENTS);
    let call = call.header("content-type", "application/json").body(text);
    let event = call.send().await.json(StatusCode::ACCEPTED);
    assert_eq!(event["type"], "score.changed");
    assert_eq!(event["occurred_at"], "2026-03-16T10:05:00.000Z");
    assert_eq!(event["deliveries"], 1);
    let id = event["id"].as_str().unwrap();
    assert!(id.starts_with("evt_"), "{id}");

    let received = receiver.wait_for(1).await;
    let sent = String::from_utf8(received[0].body.clone()).unwrap();
    assert!(sent.contains(r#"{"b": 1.10, "a":"\u00e9"}"#), "{sent}");

    let path = format!("{EVENTS}/{id}");
    let delivered = |event: &Value| event["deliveries"][0]["status"] == "delivered";
    let found = app.poll(&path, delivered).await;
    assert_eq!(found["data"]["a"], "é");
    assert_eq!(found["deliveries"][0]["attempt_count"], 1);
    assert_eq!(found["missed"], json!([]));
}

#[tokio::test]
async fn the_same_event_again_changes_nothing_and_another_under_its_id_is_a_conflict() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    webhook(&app, &receiver).await;
    let event = json!({"type": "score.changed", "id": "order-17_a", "data": {"n": 1}});
    let first = app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED);
    assert_eq!(first["id"], "order-17_a");
    let again = app.post(EVENTS, &event).await.json(StatusCode::OK);
    assert_eq!(again, first);
    let other = json!({"type": "score.changed", "id": "order-17_a", "data": {"n": 2}});
    app.post(EVENTS, &other).await.problem(409, "conflict");
    let found = app.get("/api/v1/events/order-17_a").await;
    let found = found.json(StatusCode::OK);
    assert_eq!(found["data"], json!({"n": 1}));
    assert_eq!(found["deliveries"].as_array().unwrap().len(), 1);
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].header("webhook-id"), "order-17_a");
}

#[tokio::test]
async fn an_idempotency_key_gives_the_first_answer_again_and_does_nothing() {
    let app = TestApp::start().await;
    let publish = |key: &str, body: Value| {
        let call = app
            .call(Method::POST, EVENTS)
            .header("idempotency-key", key);
        call.json(&body).send()
    };
    let body = json!({"type": "score.changed", "data": 1});
    let first = publish("k1", body.clone()).await;
    let event = first.json(StatusCode::ACCEPTED);
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = publish("k1", body.clone()).await;
    assert_eq!(again.json(StatusCode::ACCEPTED), event);
    assert_eq!(again.header("idempotent-replayed"), "true");
    let other = json!({"type": "score.changed", "data": 2});
    publish("k1", other).await.problem(409, "conflict");
    publish("k2", body.clone()).await.json(StatusCode::ACCEPTED);
    assert_eq!(count(&app).await, 2);
    for odd in ["", "a b", "ä", &"x".repeat(256)] {
        let Ok(_) = odd.parse::<reqwest::header::HeaderValue>() else {
            continue;
        };
        publish(odd, body.clone()).await.invalid("Idempotency-Key");
    }
    assert_eq!(count(&app).await, 2);
}

#[tokio::test]
async fn bad_events_are_refused_with_the_field_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let long = "x".repeat(129);
    for (body, field) in [
        (json!({"data": 1}), "type"),
        (json!({"type": "a.b"}), "data"),
        (json!({"type": 7, "data": 1}), "type"),
        (json!({"type": "", "data": 1}), "type"),
        (json!({"type": "a..b", "data": 1}), "type"),
        (json!({"type": "a b", "data": 1}), "type"),
        (json!({"type": long, "data": 1}), "type"),
        (json!({"type": "a.b", "data": 1, "extra": 1}), "extra"),
        (json!({"type": "a.b", "data": 1, "id": "a/b"}), "id"),
        (json!({"type": "a.b", "data": 1, "id": ""}), "id"),
        (json!({"type": "a.b", "data": 1, "id": long}), "id"),
        (json!({"type": "a.b", "data": 1, "id": 5}), "id"),
        (
            json!({"type": "a.b", "data": 1, "occurred_at": "now"}),
            "occurred_at",
        ),
        (
            json!({"type": "a.b", "data": 1, "occurred_at": 5}),
            "occurred_at",
        ),
        (
            json!({"type": "a.b", "data": 1, "webhook_url": "no url"}),
            "webhook_url",
        ),
        (
            json!({"type": "a.b", "data": 1, "webhook_url": "https://10.0.0.1/"}),
            "webhook_url",
        ),
        (json!([1]), "body"),
        (json!("text"), "body"),
    ] {
        app.post(EVENTS, &body).await.invalid(field);
    }
    assert_eq!(count(&app).await, 0);
}

#[tokio::test]
async fn bodies_that_are_broken_deep_large_or_encoded_are_problems_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let send = |content_type: &str, body: Vec<u8>| {
        let call = app.call(Method::POST, EVENTS);
        call.header("content-type", content_type).body(body).send()
    };
    let text = |data: &str| format!(r#"{{"type":"a.b","data":{data}}}"#).into_bytes();
    let json_type = "application/json";

    let broken = send(json_type, b"{\"type\":\"a.b\",\n\"data\": [1,}".to_vec()).await;
    let problem = broken.problem(400, "malformed");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("line 2, column 12"), "{detail}");
    send(json_type, Vec::new()).await.problem(400, "malformed");
    send(json_type, text("\"\u{1}\""))
        .await
        .problem(400, "malformed");
    send(json_type, b"\xff\xfe{}".to_vec())
        .await
        .problem(400, "malformed");

    let nested = |levels: usize| text(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
    send(json_type, nested(65)).await.invalid("data");
    send(json_type, nested(100_000)).await.invalid("data");
    let fits = send(json_type, nested(64)).await;
    assert_eq!(fits.status, StatusCode::ACCEPTED, "{}", fits.text);

    let string = |bytes: usize| text(&format!("\"{}\"", "x".repeat(bytes - 2)));
    send(json_type, string(256 * 1024 + 1))
        .await
        .problem(413, "too_large");
    send(json_type, string(400 * 1024))
        .await
        .problem(413, "too_large");
    let fits = send(json_type, string(256 * 1024)).await;
    assert_eq!(fits.status, StatusCode::ACCEPTED, "{}", fits.text);

    for odd in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
    ] {
        send(odd, text("1"))
            .await
            .problem(415, "unsupported_media_type");
    }
    let call = app.call(Method::POST, EVENTS);
    let call = call
        .header("content-type", json_type)
        .header("content-encoding", "gzip");
    call.body(text("1"))
        .send()
        .await
        .problem(415, "unsupported_media_type");
    let spelled = send("Application/JSON; charset=UTF-8", text("1")).await;
    assert_eq!(spelled.status, StatusCode::ACCEPTED);
    assert_eq!(count(&app).await, 3);
}

#[tokio::test]
async fn each_event_of_a_batch_is_accepted_or_refused_on_its_own() {
    let app = TestApp::start().await;
    let deep: Value =
        serde_json::from_str(&format!("{}{}", "[".repeat(80), "]".repeat(80))).unwrap();
    let batch = json!({"events": [
        {"type": "a.b", "data": 1},
        {"type": "a.b"},
        {"type": "a.b", "data": 1, "id": "x"},
        {"type": "a.b", "data": 1, "id": "x"},
        {"type": "a.b", "data": 2, "id": "x"},
        {"type": "a.b", "data": 1, "tyop": 1},
        {"type": "a.b", "data": deep},
        "no event",
    ]});
    let answer = app.post("/api/v1/events/batch", &batch).await;
    let answer = answer.json(StatusCode::ACCEPTED);
    let results = answer["results"].as_array().unwrap();
    let told: Vec<(u64, &str)> = results
        .iter()
        .map(|result| {
            let field = result["errors"][0]["field"].as_str().unwrap_or("");
            (result["status"].as_u64().unwrap(), field)
        })
        .collect();
    let expected = [
        (202, ""),
        (422, "data"),
        (202, ""),
        (200, ""),
        (409, ""),
        (422, "tyop"),
        (422, "data"),
        (422, "body"),
    ];
    assert_eq!(told, expected, "{answer:#}");
    assert_eq!(results[2]["id"], "x");
    assert_eq!(count(&app).await, 2);

    let many: Vec<Value> = vec![json!({"type": "a.b", "data": 1}); 1001];
    let refused = app
        .post("/api/v1/events/batch", &json!({"events": many}))
        .await;
    refused.problem(413, "too_large");
    app.post("/api/v1/events/batch", &json!({}))
        .await
        .invalid("events");
    assert_eq!(count(&app).await, 2);
}

#[tokio::test]
async fn a_list_goes_backwards_by_default_and_a_poll_forwards_for_ever() {
    let app = TestApp::start().await;
    for n in 0..5 {
        let kind = if n % 2 == 0 { "even" } else { "odd" };
        let body = json!({"type": kind, "data": n});
        app.post(EVENTS, &body).await.json(StatusCode::ACCEPTED);
    }
    let numbers = |page: &Value| -> Vec<u64> {
        let events = page["data"].as_array().unwrap();
        events
            .iter()
            .map(|event| event["data"].as_u64().unwrap())
            .collect()
    };
    let first = app.get("/api/v1/events?limit=3").await.json(StatusCode::OK);
    assert_eq!(numbers(&first), [4, 3, 2]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/events?limit=3&cursor={cursor}");
    let second = app.get(&path).await.json(StatusCode::OK);
    assert_eq!(numbers(&second), [1, 0]);
    assert_eq!(second["next_cursor"], Value::Null);

    let odd = app
        .get("/api/v1/events?type=odd")
        .await
        .json(StatusCode::OK);
    assert_eq!(numbers(&odd), [3, 1]);

    let first = app.get("/api/v1/events?order=asc&limit=4").await;
    let first = first.json(StatusCode::OK);
    assert_eq!(numbers(&first), [0, 1, 2, 3]);
    let mut after = first["next_cursor"].as_str().unwrap().to_owned();
    for expected in [vec![4], vec![], vec![]] {
        let page = app.get(&format!("/api/v1/events?after={after}")).await;
        let page = page.json(StatusCode::OK);
        assert_eq!(numbers(&page), expected);
        after = page["next_cursor"].as_str().unwrap().to_owned();
    }
    for (query, field) in [
        ("?order=up", "order"),
        ("?after=c_!", "after"),
        ("?cursor=c_1&after=c_1", "after"),
        ("?cursor=cd_1", "cursor"),
        ("?after=cx_1", "after"),
        ("?types=odd", "types"),
    ] {
        app.get(&format!("{EVENTS}{query}")).await.invalid(field);
    }
}

#[tokio::test]
async fn a_replay_makes_new_deliveries_of_an_old_event() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let hook = webhook(&app, &receiver).await;
    let body = json!({"type": "score.changed", "data": 1});
    let event = app.post(EVENTS, &body).await.json(StatusCode::ACCEPTED);
    receiver.wait_for(1).await;
    let path = format!("{EVENTS}/{}/replay", event["id"].as_str().unwrap());
    let replayed = app.call(Method::POST, &path).send().await;
    assert_eq!(replayed.json(StatusCode::ACCEPTED)["deliveries"], 1);
    let body = json!({"webhook_id": hook["id"]});
    let replayed = app.post(&path, &body).await.json(StatusCode::ACCEPTED);
    let received = receiver.wait_for(3).await;
    assert_eq!(
        received[0].header("webhook-id"),
        received[2].header("webhook-id")
    );
    let id = replayed["delivery_ids"][0].as_str().unwrap();
    let delivery = app.get(&format!("/api/v1/deliveries/{id}")).await;
    let delivery = delivery.json(StatusCode::OK);
    assert_eq!(delivery["trigger"], "replay");
    assert!(
        delivery["retried_from"]
            .as_str()
            .unwrap()
            .starts_with("dlv_")
    );

    app.post(&path, &json!({"webhook_id": "nonsense"}))
        .await
        .invalid("webhook_id");
    app.post(&path, &json!({"webhook": "x"}))
        .await
        .invalid("webhook");
    let foreign = json!({"webhook_id": "wh_00000000000000000000000000"});
    app.post(&path, &foreign).await.invalid("webhook_id");
    app.post("/api/v1/events/nothing/replay", &json!({}))
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn a_publish_call_may_name_a_receiver_of_its_own() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let body = json!({
        "type": "score.changed", "data": {"n": 1},
        "webhook_url": receiver.url("/once"),
        "webhook_secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    });
    let event = app.post(EVENTS, &body).await.json(StatusCode::ACCEPTED);
    assert_eq!(event["deliveries"], 1);
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].path, "/once");
    assert_eq!(received[0].json()["data"], json!({"n": 1}));
    let hooks = app.get("/api/v1/webhooks").await.json(StatusCode::OK);
    assert_eq!(hooks["data"], json!([]));
    let found = app.get("/api/v1/deliveries").await.json(StatusCode::OK);
    assert_eq!(found["data"][0]["webhook_id"], Value::Null);
    let path = format!("{EVENTS}/{}/replay", event["id"].as_str().unwrap());
    for times in [2, 3] {
        let replayed = app.post(&path, &json!({})).await;
        assert_eq!(replayed.json(StatusCode::ACCEPTED)["deliveries"], 1);
        let received = receiver.wait_for(times).await;
        assert_eq!(received[times - 1].path, "/once");
    }
}

#[tokio::test]
async fn a_key_that_only_writes_events_can_neither_read_them_nor_anything_else() {
    let app = TestApp::start().await;
    let key = app.key(&[Scope::EventsWrite]).await;
    let call = app.anonymous(Method::POST, EVENTS).bearer(&key);
    let accepted = call
        .json(&json!({"type": "a.b", "data": null}))
        .send()
        .await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.text);
    let call = app.anonymous(Method::GET, EVENTS).bearer(&key);
    call.send().await.problem(403, "forbidden");
}

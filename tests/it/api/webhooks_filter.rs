//! `filter` on `/api/v1/webhooks`: who gets an event, who does not, and why.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::Receiver;

const WEBHOOKS: &str = "/api/v1/webhooks";
const EVENTS: &str = "/api/v1/events";

fn contract() -> Value {
    json!({"data.amount": {"$gte": 100},
        "$or": [{"data.currency": "EUR"}, {"data.tags": {"$in": ["vip"]}}]})
}

async fn webhook(app: &TestApp, receiver: &Receiver, filter: &Value) -> Value {
    let body = json!({"url": receiver.url("/hook"), "event_types": ["order.*"], "filter": filter});
    app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED)
}

fn path(webhook: &Value) -> String {
    format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap())
}

async fn publish(app: &TestApp, data: &Value) -> Value {
    let event = json!({"type": "order.paid", "data": data});
    app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED)
}

/// What an event says of the only webhook.
async fn told(app: &TestApp, event: &Value) -> Value {
    let path = format!("{EVENTS}/{}", event["id"].as_str().unwrap());
    let mut detail = app.get(&path).await.json(StatusCode::OK);
    detail["webhooks"][0].take()
}

#[tokio::test]
async fn a_webhook_gets_what_fits_its_filter_and_the_rest_says_why_not() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let made = webhook(&app, &receiver, &contract()).await;
    assert_eq!(made["filter"], contract());
    let misses = [
        json!({"amount": 99.99, "currency": "EUR"}),
        json!({"amount": 100, "currency": "USD"}),
        json!("no object at all"),
    ];
    let fits = [
        json!({"amount": 100, "currency": "EUR"}),
        json!({"amount": 1e3, "tags": ["new", "vip"]}),
    ];
    // The first event after a start is judged by the writer, those after it before.
    for _ in 0..2 {
        for data in &misses {
            let event = publish(&app, data).await;
            assert_eq!(event["deliveries"], 0, "{data}");
        }
        for data in &fits {
            let event = publish(&app, data).await;
            assert_eq!(event["deliveries"], 1, "{data}");
            assert_eq!(told(&app, &event).await["given"], true);
        }
    }
    assert_eq!(receiver.wait_for(4).await.len(), 4);
    let event = publish(&app, &misses[0]).await;
    let mut why = told(&app, &event).await;
    why.as_object_mut().unwrap().remove("webhook_id");
    let expected = json!({"label": "", "given": false, "reason": "filtered",
        "disabled_reason": null, "condition": "data.amount.$gte",
        "detail": "data.amount is 99.99, but must be at least 100"});
    assert_eq!(why, expected);
    let page = app.get("/api/v1/deliveries").await.json(StatusCode::OK);
    assert_eq!(page["data"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_filter_counts_from_the_moment_it_is_saved_and_null_takes_it_away() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let made = webhook(&app, &receiver, &json!(null)).await;
    assert_eq!(made["filter"], json!(null));
    let data = json!({"n": 12_345_678_901_234_567_890_u64});
    assert_eq!(publish(&app, &data).await["deliveries"], 1);
    // Not through serde's floats: the digits count.
    let narrow = r#"{"filter": {"data.n": 12345678901234567891}}"#;
    let call = app.call(Method::PATCH, &path(&made));
    let call = call.header("content-type", "application/json").body(narrow);
    call.send().await.json(StatusCode::OK);
    let event = publish(&app, &data).await;
    assert_eq!(event["deliveries"], 0);
    let why = told(&app, &event).await;
    let words = "data.n is 12345678901234567890, but must be 12345678901234567891";
    assert_eq!(why["detail"], words);
    let open = json!({"filter": null});
    let changed = app.patch(&path(&made), &open).await.json(StatusCode::OK);
    assert_eq!(changed["filter"], json!(null));
    assert_eq!(publish(&app, &data).await["deliveries"], 1);
    // What did not fit then is not called filtered now that nothing filters.
    assert_eq!(told(&app, &event).await["reason"], "subscribed_later");
}

#[tokio::test]
async fn a_faulty_filter_is_refused_with_the_place_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let many: Vec<Value> = (0..65).map(|n| json!({ "data.n": n })).collect();
    let deep = (0..8).fold(json!({"data.n": 1}), |inner, _| json!({"$not": inner}));
    for (filter, field) in [
        (json!("x"), "filter"),
        (json!([]), "filter"),
        (
            json!({"$or": [{"type": "a"}, {"data.amount": {"$gte": true}}]}),
            "filter.$or[1].data.amount.$gte",
        ),
        (json!({"data.a": {"$regex": "a+"}}), "filter.data.a.$regex"),
        (json!({"$not": {"data.a[0": 1}}), "filter.$not.data.a[0"),
        (json!({"$or": many}), "filter.$or[64].data.n"),
        (json!({"$or": []}), "filter.$or"),
        (deep, "filter.$not.$not.$not.$not.$not.$not.$not.$not"),
    ] {
        let body = json!({"url": "https://example.com/", "event_types": ["*"], "filter": filter});
        app.post(WEBHOOKS, &body).await.invalid(field);
    }
    let page = app.get(WEBHOOKS).await.json(StatusCode::OK);
    assert_eq!(page["data"], json!([]));
}

#[tokio::test]
async fn an_event_of_a_batch_is_judged_on_its_own() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    webhook(&app, &receiver, &json!({"data.n": {"$gte": 2}})).await;
    let events: Vec<Value> = (0..4)
        .map(|n| json!({"type": "order.paid", "data": {"n": n}}))
        .collect();
    let batch = json!({ "events": events });
    let answer = app.post("/api/v1/events/batch", &batch).await;
    let answer = answer.json(StatusCode::ACCEPTED);
    let results = answer["results"].as_array().unwrap();
    let counts: Vec<_> = results
        .iter()
        .map(|one| one["deliveries"].clone())
        .collect();
    assert_eq!(counts, [0, 0, 1, 1]);
}

#[tokio::test]
async fn replaying_to_all_respects_the_filter_and_naming_one_webhook_overrules_it() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let made = webhook(&app, &receiver, &json!(null)).await;
    let event = publish(&app, &json!({"n": 1})).await;
    receiver.wait_for(1).await;
    let narrow = json!({"filter": {"data.n": {"$gt": 1}}});
    app.patch(&path(&made), &narrow).await.json(StatusCode::OK);
    let replay = format!("{EVENTS}/{}/replay", event["id"].as_str().unwrap());
    let refused = app.post(&replay, &json!({})).await;
    refused.problem(409, "conflict");
    let named = json!({"webhook_id": made["id"]});
    let answer = app.post(&replay, &named).await.json(StatusCode::ACCEPTED);
    assert_eq!(answer["deliveries"], 1);
    receiver.wait_for(2).await;
}

#[tokio::test]
async fn a_disabled_webhook_misses_only_what_fits_and_recovers_only_that() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let made = webhook(&app, &receiver, &json!({"data.n": {"$gte": 2}})).await;
    let act = async |action: &str, body: Value| {
        let path = format!("{}/{action}", path(&made));
        app.post(&path, &body).await
    };
    act("disable", json!({})).await.json(StatusCode::OK);
    let small = publish(&app, &json!({"n": 1})).await;
    let fits = publish(&app, &json!({"n": 2})).await;
    let large = publish(&app, &json!({"n": 3})).await;
    assert_eq!(told(&app, &small).await["reason"], "filtered");
    assert_eq!(told(&app, &large).await["reason"], "disabled");
    act("enable", json!({})).await.json(StatusCode::OK);
    let narrow = json!({"filter": {"data.n": {"$gte": 3}}});
    app.patch(&path(&made), &narrow).await.json(StatusCode::OK);
    let since = json!({"since": "2020-01-01T00:00:00Z", "include": ["missed"]});
    let begun = act("recover", since).await.json(StatusCode::ACCEPTED);
    let job = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
    app.poll(&job, |job| job["status"] == "done").await;
    assert_eq!(receiver.wait_for(1).await.len(), 1);
    assert_eq!(told(&app, &large).await["given"], true);
    assert_eq!(told(&app, &fits).await["given"], false);
}

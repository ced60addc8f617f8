//! `batch`: what goes out together is tried again together, in order, through failures and restarts.

use std::time::{Duration, Instant};

use hookpost::clock::Clock;
use reqwest::StatusCode;
use serde_json::json;

use super::webhooks_batch::{WEBHOOKS, ids, publish, register, settled};
use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn a_failed_batch_is_tried_again_with_the_same_id_and_bytes_and_gives_up_together() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    register(&app, &receiver, json!({})).await;
    publish(&app, &["a", "b", "c"]).await;
    let received = receiver.wait_for(2).await;
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(
        received[0].header("webhook-id"),
        received[1].header("webhook-id")
    );
    let given_up = settled(&app, "exhausted", 3).await;
    assert!(given_up.iter().all(|own| own["attempt_count"] == 2));
    assert_eq!(receiver.received().len(), 2);
    // Whoever retries one retries what was sent with it.
    receiver.answer(Reply::status(200));
    let path = format!(
        "/api/v1/dead-letters/{}/retry",
        given_up[1]["id"].as_str().unwrap()
    );
    app.post(&path, &json!({})).await.json(StatusCode::ACCEPTED);
    let again = receiver.wait_for(3).await;
    assert_eq!(again[2].body, received[0].body);
    assert_eq!(
        again[2].header("webhook-id"),
        received[0].header("webhook-id")
    );
    let delivered = settled(&app, "delivered", 3).await;
    assert!(delivered.iter().all(|own| own["attempt_count"] == 3));
    assert_eq!(receiver.received().len(), 3);
}

#[tokio::test]
async fn dead_letters_in_bulk_go_out_together_and_each_is_counted() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let more = json!({"retry_policy": {"delays": [], "jitter": false}});
    register(&app, &receiver, more).await;
    publish(&app, &["a", "b", "c"]).await;
    settled(&app, "exhausted", 3).await;
    receiver.answer(Reply::status(200));
    let begun = app
        .post("/api/v1/dead-letters/retry", &json!({"filter": {}}))
        .await;
    let begun = begun.json(StatusCode::ACCEPTED);
    assert_eq!(begun["matched"], 3);
    settled(&app, "delivered", 3).await;
    let path = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
    let job = app.poll(&path, |job| job["status"] == "done").await;
    assert_eq!(job["done"], 3);
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
}

#[tokio::test]
async fn who_leaves_a_batch_makes_the_rest_another_one() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(500)]);
    let more = json!({"retry_policy": {"delays": ["1h"], "jitter": false}});
    register(&app, &receiver, more).await;
    publish(&app, &["a", "b", "c"]).await;
    let waiting = settled(&app, "retrying", 3).await;
    let first = waiting[2]["id"].as_str().unwrap();
    let cancel = format!("/api/v1/deliveries/{first}/cancel");
    app.post(&cancel, &json!({})).await.json(StatusCode::OK);
    let second = waiting[1]["id"].as_str().unwrap();
    let retry = format!("/api/v1/deliveries/{second}/retry");
    app.post(&retry, &json!({}))
        .await
        .json(StatusCode::ACCEPTED);
    let received = receiver.wait_for(2).await;
    assert_eq!(ids(&received[1]), ["b", "c"]);
    assert_ne!(
        received[0].header("webhook-id"),
        received[1].header("webhook-id")
    );
    settled(&app, "delivered", 2).await;
}

#[tokio::test]
async fn a_batch_waits_while_its_webhook_is_disabled_and_after_a_restart_is_what_it_was() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(500)]);
    let more = json!({"batch": {"max": 100, "wait": "1s"},
        "retry_policy": {"delays": ["1s"], "jitter": false}});
    let made = register(&app, &receiver, more).await;
    publish(&app, &["a", "b"]).await;
    settled(&app, "retrying", 2).await;
    let path = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
    let disable = app.post(&format!("{path}/disable"), &json!({})).await;
    disable.json(StatusCode::OK);
    app = app.restart(Clock::System).await;
    assert_eq!(receiver.received().len(), 1);
    let enable = app.post(&format!("{path}/enable"), &json!({})).await;
    enable.json(StatusCode::OK);
    publish(&app, &["c"]).await;
    let received = receiver.wait_for(3).await;
    let first = received[0].clone();
    let again = received[1..]
        .iter()
        .find(|own| ids(own) == ["a", "b"])
        .unwrap();
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    settled(&app, "delivered", 3).await;
}

#[tokio::test]
async fn what_waits_for_a_batch_goes_out_after_a_restart_too() {
    let mut app = TestApp::start().await;
    let receiver = Receiver::start().await;
    register(
        &app,
        &receiver,
        json!({"batch": {"max": 100, "wait": "2s"}}),
    )
    .await;
    publish(&app, &["a", "b"]).await;
    app = app.restart(Clock::System).await;
    assert_eq!(ids(&receiver.wait_for(1).await[0]), ["a", "b"]);
    settled(&app, "delivered", 2).await;
}

#[tokio::test]
async fn an_ordered_webhook_sends_one_batch_after_the_other() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(500)]);
    let more = json!({"ordered": true, "batch": {"max": 2, "wait": "1h"}});
    register(&app, &receiver, more).await;
    publish(&app, &["a", "b", "c", "d"]).await;
    let received = receiver.wait_for(3).await;
    let order: Vec<Vec<String>> = received.iter().map(ids).collect();
    assert_eq!(order, [["a", "b"], ["a", "b"], ["c", "d"]]);
}

#[tokio::test]
async fn values_keep_their_order_across_batches() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(500)]);
    let more = json!({"ordered_by": "/data/customer", "batch": {"max": 2, "wait": "200ms"}});
    register(&app, &receiver, more).await;
    let event =
        |id: &str, customer: &str| json!({"type": "t", "data": {"id": id, "customer": customer}});
    let events =
        json!({"events": [event("a1", "a"), event("a2", "a"), event("b1", "b"), event("b2", "b")]});
    let answer = app.post("/api/v1/events/batch", &events).await;
    answer.json(StatusCode::ACCEPTED);
    settled(&app, "delivered", 4).await;
    let order: Vec<Vec<String>> = receiver.received().iter().map(ids).collect();
    assert_eq!(order, [["a1", "b1"], ["a1", "b1"], ["a2", "b2"]]);
}

#[tokio::test]
async fn what_was_sent_alone_before_is_tried_again_alone() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(500)]);
    let more = json!({"batch": null, "retry_policy": {"delays": ["1s"], "jitter": false}});
    let made = register(&app, &receiver, more).await;
    publish(&app, &["a"]).await;
    settled(&app, "retrying", 1).await;
    let path = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
    let batch = json!({"batch": {"max": 10, "wait": "100ms"}});
    app.patch(&path, &batch).await.json(StatusCode::OK);
    let received = receiver.wait_for(2).await;
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(received[1].header("webhook-id"), "a");
}

#[tokio::test]
async fn a_rate_limit_counts_requests() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let more = json!({"batch": {"max": 2, "wait": "1h"}, "rate_limit": 2.0, "max_in_flight": 1});
    register(&app, &receiver, more).await;
    let began = Instant::now();
    publish(&app, &["a", "b", "c", "d", "e", "f", "g", "h"]).await;
    settled(&app, "delivered", 8).await;
    assert_eq!(receiver.received().len(), 4);
    assert!(
        began.elapsed() >= Duration::from_millis(900),
        "{:?}",
        began.elapsed()
    );
}

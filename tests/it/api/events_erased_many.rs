//! `POST /api/v1/events/erase`: what many events carried is gone from the files.

use std::time::Duration;

use hookpost::clock::Clock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::events_erased::files_with;
use crate::app::{TestApp, eventually};
use crate::receiver::{Receiver, Reply};

const ERASE: &str = "/api/v1/events/erase";
const EVENTS: &str = "/api/v1/events";

async fn publish(app: &TestApp, id: &str, more: Value) {
    let mut event = json!({"type": "order.paid", "id": id, "data": {"who": format!("mark-{id}")}});
    let members = event.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED);
}

async fn erase(app: &TestApp, chosen: &Value) -> (String, u64) {
    let begun = app.post(ERASE, chosen).await.json(StatusCode::ACCEPTED);
    let path = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
    (path, begun["matched"].as_u64().unwrap())
}

async fn done(app: &TestApp, job: &str) -> Value {
    app.poll(job, |job| job["status"] == "done").await
}

async fn is_erased(app: &TestApp, id: &str) -> bool {
    let event = app.get(&format!("{EVENTS}/{id}")).await;
    event.json(StatusCode::OK)["erased_at"].is_string()
}

async fn hook(app: &TestApp, receiver: &Receiver, delays: Value) {
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"],
        "retry_policy": {"delays": delays, "jitter": false}});
    app.post("/api/v1/webhooks", &hook)
        .await
        .json(StatusCode::CREATED);
}

#[tokio::test]
async fn a_filter_erases_what_matches_and_nothing_else() {
    let app = TestApp::start().await;
    let consumer = json!({"consumer": {"uid": "acme"}});
    publish(&app, "a", consumer.clone()).await;
    publish(&app, "b", json!({})).await;
    publish(&app, "c", json!({"type": "user.left", "channels": ["x"]})).await;
    publish(&app, "d", json!({"type": "user.came", "tags": ["t"]})).await;
    let check = async |filter: Value, erased: &[&str]| {
        let dry = json!({"filter": filter.clone(), "dry_run": true});
        let counted = app.post(ERASE, &dry).await.json(StatusCode::OK);
        assert_eq!(counted, json!({"matched": erased.len()}), "{filter}");
        let (job, matched) = erase(&app, &json!({ "filter": filter.clone() })).await;
        assert_eq!(matched, erased.len() as u64, "{filter}");
        let job = done(&app, &job).await;
        assert_eq!(
            (&job["kind"], &job["done"]),
            (&json!("erase"), &json!(matched))
        );
        for id in erased {
            assert!(is_erased(&app, id).await, "{id} {filter}");
            let mark = format!("mark-{id}");
            assert_eq!(
                files_with(app.dir(), &mark),
                Vec::<String>::new(),
                "{filter}"
            );
        }
    };
    for nothing in [
        json!({"consumer": "nobody"}),
        json!({"type": "order"}),
        json!({"tag": "x"}),
        json!({"until": "2020-01-01T00:00:00Z"}),
        json!({"since": "2999-01-01T00:00:00Z"}),
    ] {
        check(nothing, &[]).await;
    }
    check(json!({"consumer": "acme", "type": "order.paid"}), &["a"]).await;
    check(json!({"event_type": "user.*", "channel": "x"}), &["c"]).await;
    assert!(!is_erased(&app, "b").await);
    assert!(!files_with(app.dir(), "mark-b").is_empty());
    check(json!({"tag": "t", "since": "2020-01-01T00:00:00Z"}), &["d"]).await;
    check(json!({}), &["b"]).await;
    check(json!({}), &[]).await;
    let log = app.get("/api/v1/audit-log").await.json(StatusCode::OK);
    let entry = |entry: &Value| entry["action"] == "event.erase_many";
    assert!(log["data"].as_array().unwrap().iter().any(entry));
}

#[tokio::test]
async fn named_events_are_erased_and_unknown_ones_passed_over() {
    let app = TestApp::start().await;
    for id in ["a", "b", "c"] {
        publish(&app, id, json!({})).await;
    }
    let (job, matched) = erase(&app, &json!({"ids": ["a", "c", "a", "nobody"]})).await;
    assert_eq!(matched, 2);
    assert_eq!(done(&app, &job).await["done"], 2);
    assert!(is_erased(&app, "a").await && is_erased(&app, "c").await);
    assert!(!is_erased(&app, "b").await);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_place() {
    let app = TestApp::start().await;
    let check = async |chosen: Value, field: &str| {
        app.post(ERASE, &chosen).await.invalid(field);
    };
    check(json!({}), "filter").await;
    check(json!({"ids": ["a"], "filter": {}}), "filter").await;
    check(json!({"filter": {"since": "soon"}}), "filter.since").await;
    check(json!({"filter": {"type": "a b"}}), "filter.event_type").await;
    check(
        json!({"filter": {"type": "a", "event_type": "b"}}),
        "filter.type",
    )
    .await;
    check(json!({"filter": {"status": "exhausted"}}), "filter.status").await;
    let span = json!({"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"});
    check(json!({ "filter": span }), "filter.until").await;
    check(json!({"ids": vec!["a"; 10_001]}), "ids").await;
}

#[tokio::test]
async fn what_waits_is_called_off_and_an_attempt_under_way_is_waited_for() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(500)
        .body("you sent mark-a")
        .after(Duration::from_millis(700))]);
    hook(&app, &receiver, json!(["1h"])).await;
    publish(&app, "a", json!({})).await;
    publish(&app, "b", json!({"delay": "1h"})).await;
    receiver.wait_for(1).await;
    let (job, matched) = erase(&app, &json!({"filter": {}})).await;
    assert_eq!(matched, 2);
    assert!(!is_erased(&app, "a").await, "its attempt is under way");
    assert_eq!(done(&app, &job).await["done"], 2);
    for mark in ["mark-a", "mark-b"] {
        assert_eq!(files_with(app.dir(), mark), Vec::<String>::new());
    }
    let canceled = app.get("/api/v1/deliveries?status=canceled").await;
    let canceled = canceled.json(StatusCode::OK);
    assert_eq!(canceled["data"].as_array().unwrap().len(), 2);
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn a_job_that_was_interrupted_goes_on_after_a_restart() {
    let mut app = TestApp::start().await;
    for number in 0..120 {
        publish(&app, &format!("n{number:03}"), json!({})).await;
    }
    app.rest();
    let (job, matched) = erase(&app, &json!({"filter": {"type": "order.*"}})).await;
    assert_eq!(matched, 120);
    publish(&app, "late", json!({})).await;
    app = app.restart(Clock::System).await;
    let over = done(&app, &job).await;
    assert_eq!((&over["done"], &over["total"]), (&json!(120), &json!(120)));
    assert!(is_erased(&app, "n000").await && is_erased(&app, "n119").await);
    assert!(!is_erased(&app, "late").await, "it came after the call");
}

#[tokio::test]
async fn a_consumers_erasure_waits_for_an_attempt_under_way_too() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(500)
        .body("you sent mark-a")
        .after(Duration::from_millis(700))]);
    hook(&app, &receiver, json!(["1h"])).await;
    publish(&app, "a", json!({"consumer": {"uid": "acme"}})).await;
    receiver.wait_for(1).await;
    let gone = app.call(Method::DELETE, "/api/v1/consumers/acme?erase=true");
    assert_eq!(gone.send().await.status, StatusCode::NO_CONTENT);
    eventually(async || {
        let found = files_with(app.dir(), "mark-a");
        found.is_empty().then_some(()).ok_or(format!("{found:?}"))
    })
    .await;
    assert_eq!(receiver.received().len(), 1);
}

//! `/api/v1/jobs`: how far background work has come, and calling it off.

use hookpost::domain::id::JobId;
use hookpost::domain::time::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn a_job_is_shown_listed_and_done() {
    let app = TestApp::start().await;
    let begin = async || {
        let begun = app
            .post("/api/v1/deliveries/retry", &json!({"filter": {}}))
            .await;
        begun.json(StatusCode::ACCEPTED)["job_id"].take()
    };
    let (first, second) = (begin().await, begin().await);
    for id in [&first, &second] {
        let path = format!("/api/v1/jobs/{}", id.as_str().unwrap());
        let job = app.poll(&path, |job| job["status"] == "done").await;
        assert_eq!(
            (&job["kind"], &job["total"], &job["done"], &job["error"]),
            (&json!("retry"), &json!(0), &json!(0), &Value::Null)
        );
    }
    let page = app.get("/api/v1/jobs?limit=1").await.json(StatusCode::OK);
    assert_eq!(page["data"][0]["id"], second);
    let cursor = page["next_cursor"].as_str().unwrap();
    let older = app.get(&format!("/api/v1/jobs?cursor={cursor}")).await;
    assert_eq!(older.json(StatusCode::OK)["data"][0]["id"], first);
}

#[tokio::test]
async fn a_job_that_has_ended_cannot_be_called_off_and_an_unknown_one_not_be_found() {
    let app = TestApp::start().await;
    let begun = app
        .post("/api/v1/deliveries/retry", &json!({"filter": {}}))
        .await;
    let begun = begun.json(StatusCode::ACCEPTED);
    let path = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
    app.poll(&path, |job| job["status"] == "done").await;
    let cancel = format!("{path}/cancel");
    app.post(&cancel, &json!({})).await.problem(409, "conflict");
    app.get("/api/v1/jobs/job_nonsense")
        .await
        .problem(404, "not_found");
}

/// A webhook to `receiver` that never retries.
async fn webhook_to(app: &TestApp, receiver: &Receiver, event_type: &str) -> String {
    let hook = json!({"url": receiver.url("/"), "event_types": [event_type],
        "retry_policy": {"delays": []}});
    let made = app.post("/api/v1/webhooks", &hook).await;
    let made = made.json(StatusCode::CREATED);
    made["id"].as_str().unwrap().to_owned()
}

async fn publish(app: &TestApp, event_type: &str, count: usize) {
    for _ in 0..count {
        app.post("/api/v1/events", &json!({"type": event_type, "data": 1}))
            .await
            .json(StatusCode::ACCEPTED);
    }
}

fn rows(page: &Value) -> usize {
    page["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_job_tells_what_became_of_its_own_deliveries_and_of_no_others() {
    let app = TestApp::start().await;
    let (good, bad) = (Receiver::start().await, Receiver::start().await);
    good.answer(Reply::status(500));
    bad.answer(Reply::status(500));
    webhook_to(&app, &good, "good").await;
    webhook_to(&app, &bad, "bad").await;
    publish(&app, "good", 3).await;
    publish(&app, "bad", 2).await;
    app.poll("/api/v1/dead-letters", |page| rows(page) == 5)
        .await;
    good.answer(Reply::status(200));
    let begun = app
        .post("/api/v1/dead-letters/retry", &json!({"filter": {}}))
        .await;
    let job_id = begun.json(StatusCode::ACCEPTED)["job_id"].take();
    let job_id = job_id.as_str().unwrap();
    // One more that fails, and is none of the job's.
    publish(&app, "bad", 1).await;
    let path = format!("/api/v1/jobs/{job_id}");
    let settled = |job: &Value| job["delivered"] == 3 && job["failed"] == 2;
    let job = app.poll(&path, settled).await;
    assert_eq!((&job["waiting"], &job["canceled"]), (&json!(0), &json!(0)));
    assert_eq!((&job["status"], &job["done"]), (&json!("done"), &json!(5)));
    let listed = app.get("/api/v1/jobs").await.json(StatusCode::OK);
    assert_eq!(listed["data"][0], job, "what is done stays as it was told");
    app.poll("/api/v1/dead-letters", |page| rows(page) == 3)
        .await;
    let own = format!("/api/v1/deliveries?job_id={job_id}");
    assert_eq!(rows(&app.get(&own).await.json(StatusCode::OK)), 5);
    let failed = format!("{own}&status=exhausted");
    assert_eq!(rows(&app.get(&failed).await.json(StatusCode::OK)), 2);
    let letters = format!("/api/v1/dead-letters?job_id={job_id}");
    assert_eq!(rows(&app.get(&letters).await.json(StatusCode::OK)), 2);
    // The next job takes over what it puts in line.
    let again = json!({"filter": {"job_id": job_id, "status": "exhausted"}});
    let begun = app.post("/api/v1/deliveries/retry", &again).await;
    assert_eq!(begun.json(StatusCode::ACCEPTED)["matched"], 2);
    app.poll(&own, |page| rows(page) == 3).await;
}

#[tokio::test]
async fn a_filter_by_a_job_names_one_or_nothing() {
    let app = TestApp::start().await;
    app.get("/api/v1/deliveries?job_id=nonsense")
        .await
        .invalid("job_id");
    let bulk = json!({"filter": {"job_id": "nonsense"}});
    app.post("/api/v1/deliveries/retry", &bulk)
        .await
        .invalid("filter.job_id");
    let unknown = JobId::new(Timestamp::from_millis(1), 77);
    let page = app
        .get(&format!("/api/v1/deliveries?job_id={unknown}"))
        .await;
    assert_eq!(rows(&page.json(StatusCode::OK)), 0);
}

#[tokio::test]
async fn a_job_is_not_done_as_long_as_its_deliveries_wait_in_line() {
    let app = TestApp::start().await;
    let (good, bad) = (Receiver::start().await, Receiver::start().await);
    good.answer(Reply::status(500));
    bad.answer(Reply::status(500));
    let held = webhook_to(&app, &good, "good").await;
    webhook_to(&app, &bad, "bad").await;
    publish(&app, "good", 3).await;
    publish(&app, "bad", 2).await;
    app.poll("/api/v1/dead-letters", |page| rows(page) == 5)
        .await;
    good.answer(Reply::status(200));
    let act = async |action: &str| {
        let path = format!("/api/v1/webhooks/{held}/{action}");
        app.post(&path, &json!({})).await.json(StatusCode::OK)
    };
    act("disable").await;
    let begun = app
        .post("/api/v1/dead-letters/retry", &json!({"filter": {}}))
        .await;
    let job_id = begun.json(StatusCode::ACCEPTED)["job_id"].take();
    let path = format!("/api/v1/jobs/{}", job_id.as_str().unwrap());
    let in_line = |job: &Value| job["failed"] == 2 && job["waiting"] == 3;
    let job = app.poll(&path, in_line).await;
    assert_eq!(
        (&job["status"], &job["done"]),
        (&json!("running"), &json!(5))
    );
    let listed = app.get("/api/v1/jobs").await.json(StatusCode::OK);
    assert_eq!(listed["data"][0]["status"], "running");
    // Each part leads to its own deliveries, although both are retrying or exhausted.
    for (part, count) in [
        ("waiting", 3),
        ("failed", 2),
        ("delivered", 0),
        ("canceled", 0),
    ] {
        let own = format!(
            "/api/v1/deliveries?job_id={}&job_part={part}",
            job_id.as_str().unwrap()
        );
        let page = app.get(&own).await.json(StatusCode::OK);
        assert_eq!(rows(&page), count, "{part}");
    }
    let cancel = app.post(&format!("{path}/cancel"), &json!({})).await;
    let problem = cancel.problem(409, "conflict");
    let detail = problem["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("in line already"), "{detail}");
    act("enable").await;
    let job = app.poll(&path, |job| job["status"] == "done").await;
    assert_eq!(
        (&job["delivered"], &job["failed"], &job["waiting"]),
        (&json!(3), &json!(2), &json!(0))
    );
    retry_one(&app, &path).await;
}

/// What a person tries again is no longer the job's, so that it is not running again.
async fn retry_one(app: &TestApp, path: &str) {
    let job_id = path.rsplit('/').next().unwrap();
    let failed = format!("/api/v1/deliveries?job_id={job_id}&job_part=failed");
    let page = app.get(&failed).await.json(StatusCode::OK);
    let one = page["data"][0]["id"].as_str().unwrap();
    let retry = format!("/api/v1/deliveries/{one}/retry");
    app.post(&retry, &json!({}))
        .await
        .json(StatusCode::ACCEPTED);
    let job = app.get(path).await.json(StatusCode::OK);
    assert_eq!(
        (&job["status"], &job["failed"]),
        (&json!("done"), &json!(1))
    );
}

#[tokio::test]
async fn a_part_of_a_jobs_deliveries_needs_the_job_and_a_word_that_there_is() {
    let app = TestApp::start().await;
    app.get("/api/v1/deliveries?job_part=failed")
        .await
        .invalid("job_part");
    let unknown = JobId::new(Timestamp::from_millis(1), 77);
    let bulk = json!({"filter": {"job_id": unknown.to_string(), "job_part": "over"}});
    app.post("/api/v1/deliveries/retry", &bulk)
        .await
        .invalid("filter.job_part");
}

//! Armox.

use hookpost::domain::api_key::Scope;
use hookpost::service::events::PublishInput;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Client, publish_input, same_shape};
use crate::app::TestApp;
use crate::dialects::verify::accepted_everywhere;
use crate::receiver::{Receiver, Reply};

const SECRET: &str = "the-secret-of-the-run-request";

async fn client(app: &TestApp) -> Client<'_> {
    let key = app.key(&[Scope::EventsRead]).await;
    Client::bearer(app, "/armox", &key)
}

/// What the job system says when a job has finished.
async fn finish(app: &TestApp, job: &Value, webhook_url: Option<String>) {
    let input = PublishInput {
        consumer: None,
        event_type: "job.completed".to_owned(),
        data: job.to_string(),
        id: job["id"].as_str().map(str::to_owned),
        occurred_at: None,
        webhook_secret: webhook_url.as_ref().map(|_| SECRET.to_owned()),
        profile: webhook_url.as_ref().map(|_| "armox".to_owned()),
        webhook_url,
        ..PublishInput::default()
    };
    publish_input(app, input).await;
}

#[tokio::test]
async fn a_finished_job_goes_to_the_webhook_url_of_its_run_request() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    let documented = client.example("delivery");
    let job = &documented["job"];
    finish(&app, job, Some(receiver.url("/webhooks/armox"))).await;
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(&received.json(), documented);
    assert_eq!(received.header("content-type"), "application/json");
    accepted_everywhere("armox", SECRET, &received);
    // Publishing the same job again delivers nothing.
    finish(&app, job, Some(receiver.url("/webhooks/armox"))).await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn a_job_goes_by_its_own_id_where_its_publisher_gives_none() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    let job = client.example("delivery")["job"].clone();
    let publish = |path: &str| {
        json!({"type": "job.completed", "data": job, "profile": "armox",
            "webhook_url": receiver.url(path), "webhook_secret": SECRET})
    };
    let first = app.post("/api/v1/events", &publish("/run")).await;
    assert_eq!(first.json(StatusCode::ACCEPTED)["id"], job["id"]);
    receiver.wait_for(1).await;
    let again = app.post("/api/v1/events", &publish("/run")).await;
    assert_eq!(again.json(StatusCode::OK)["id"], job["id"]);
    let elsewhere = app.post("/api/v1/events", &publish("/other")).await;
    elsewhere.problem(409, "conflict");
    client.replay("show", &[("job", "job_456")]).await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn every_job_is_found_under_the_id_that_the_list_shows() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let event = json!({"type": "job.completed", "data": {"id": "job_1"}});
    app.post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
    let listed = client.replay("list", &[]).await;
    let id = listed["jobs"][0]["id"].as_str().unwrap();
    let path = format!("/api/v1/jobs/{id}");
    let shown = client.send(Method::GET, &path, None).await;
    assert_eq!(shown.json(StatusCode::OK), listed["jobs"][0]);
}

#[tokio::test]
async fn polling_tells_whether_the_webhook_was_delivered() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let job = client.example("delivery")["job"].clone();
    finish(&app, &job, Some(receiver.url("/failing"))).await;
    receiver.wait_for(1).await;
    let shown = client.replay("show", &[("job", "job_456")]).await;
    let mut expected = job.clone();
    expected["webhook_delivered"] = json!(false);
    assert_eq!(shown, expected);
    receiver.answer(Reply::status(200));
    let path = "/api/v1/jobs/job_456";
    client
        .poll(path, |shown| shown["webhook_delivered"] == json!(true))
        .await;
    let shown = client.replay("show", &[("job", "job_456")]).await;
    assert_eq!(shown["webhook_delivered"], json!(true));
    let listed = client.replay("list", &[]).await;
    expected["webhook_delivered"] = json!(true);
    assert_eq!(listed["jobs"], json!([expected]));
}

#[tokio::test]
async fn jobs_keep_every_digit_and_their_own_word_for_delivered_loses() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let input = PublishInput {
        consumer: None,
        event_type: "job.failed".to_owned(),
        data: r#"{"id":"job_1","cost":1.0,"seed":12345678901234567890123,"webhook_delivered":7}"#
            .to_owned(),
        id: Some("job_1".to_owned()),
        occurred_at: None,
        webhook_url: None,
        webhook_secret: None,
        profile: None,
        ..PublishInput::default()
    };
    publish_input(&app, input).await;
    let shown = client.send(Method::GET, "/api/v1/jobs/job_1", None).await;
    assert_eq!(
        shown.text,
        r#"{"id":"job_1","cost":1.0,"seed":12345678901234567890123,"webhook_delivered":false}"#
    );
}

#[tokio::test]
async fn what_is_no_job_is_not_shown() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let input = PublishInput {
        consumer: None,
        event_type: "order.paid".to_owned(),
        data: "{}".to_owned(),
        id: Some("order_1".to_owned()),
        occurred_at: None,
        webhook_url: None,
        webhook_secret: None,
        profile: None,
        ..PublishInput::default()
    };
    publish_input(&app, input).await;
    for id in ["order_1", "job_456", "evt_nothing"] {
        let path = format!("/api/v1/jobs/{id}");
        client.refused((Method::GET, &path), None, 404).await;
    }
    let listed = client.replay("list", &[]).await;
    same_shape(&json!({ "jobs": [], "next_cursor": null }), &listed, "list");
    assert_eq!(listed["jobs"], json!([]));
    let page = client.send(Method::GET, "/api/v1/jobs?limit=0", None).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_webhook_url_that_the_guard_refuses_stores_nothing() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let event = json!({
        "type": "job.completed",
        "data": client.example("delivery")["job"],
        "id": "job_456",
        "webhook_url": "http://169.254.169.254/latest",
        "profile": "armox",
    });
    app.post("/api/v1/events", &event)
        .await
        .invalid("webhook_url");
    client
        .refused((Method::GET, "/api/v1/jobs/job_456"), None, 404)
        .await;
}

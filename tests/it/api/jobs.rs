//! `/api/v1/jobs`: how far background work has come, and calling it off.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::TestApp;

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

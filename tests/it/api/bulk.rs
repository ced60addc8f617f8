//! Bulk work over REST: `/deliveries/retry`, `/dead-letters/retry`, `/dead-letters/discard`,
//! `/webhooks/{id}/recover`, `/jobs`.

use hookpost::domain::api_key::Scope;
use hookpost::domain::secret::Secret;
use hookpost::domain::workspace::{NewWorkspace, Plan};
use hookpost::store::workspaces;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

/// A webhook whose receiver fails, and so many dead letters.
async fn dead_letters(app: &TestApp, receiver: &Receiver, count: usize) -> String {
    receiver.answer(Reply::status(500));
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"],
        "retry_policy": {"delays": []}});
    let made = app.post("/api/v1/webhooks", &hook).await;
    let made = made.json(StatusCode::CREATED);
    for _ in 0..count {
        let event = json!({"type": "a.b", "data": 1});
        let accepted = app.post("/api/v1/events", &event).await;
        accepted.json(StatusCode::ACCEPTED);
    }
    let all = |page: &Value| page["data"].as_array().unwrap().len() == count;
    app.poll("/api/v1/dead-letters", all).await;
    receiver.answer(Reply::status(200));
    made["id"].as_str().unwrap().to_owned()
}

async fn other_workspace(app: &TestApp) -> String {
    let made = app.store.write(|tx| {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let new = NewWorkspace {
            name: "other",
            plan: Plan::Pro,
            profile: "standard",
            strict_event_types: false,
        };
        workspaces::insert(tx, &new, &secret)
    });
    made.await.unwrap().id.to_string()
}

async fn done(app: &TestApp, begun: &Value) -> Value {
    let path = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
    app.poll(&path, |job| job["status"] == "done").await
}

#[tokio::test]
async fn dead_letters_are_retried_by_filter() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let webhook = dead_letters(&app, &receiver, 3).await;
    let chosen = json!({"filter": {"webhook_id": webhook, "event_type": "a.b"}});
    let begun = app.post("/api/v1/dead-letters/retry", &chosen).await;
    let begun = begun.json(StatusCode::ACCEPTED);
    assert_eq!(begun["matched"], 3);
    let job = done(&app, &begun).await;
    assert_eq!(
        (&job["kind"], &job["total"], &job["done"], &job["error"]),
        (&json!("retry"), &json!(3), &json!(3), &Value::Null)
    );
    let delivered = |page: &Value| page["data"].as_array().unwrap().len() == 3;
    app.poll("/api/v1/deliveries?status=delivered", delivered)
        .await;
    let listed = app.get("/api/v1/jobs").await.json(StatusCode::OK);
    assert_eq!(listed["data"][0]["id"], begun["job_id"]);
    let path = format!("/api/v1/jobs/{}/cancel", begun["job_id"].as_str().unwrap());
    app.post(&path, &json!({})).await.problem(409, "conflict");
}

#[tokio::test]
async fn deliveries_are_retried_by_id_and_dead_letters_discarded() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    dead_letters(&app, &receiver, 3).await;
    let page = app.get("/api/v1/dead-letters").await.json(StatusCode::OK);
    let chosen = json!({"ids": [page["data"][1]["id"]]});
    let begun = app.post("/api/v1/deliveries/retry", &chosen).await;
    assert_eq!(begun.json(StatusCode::ACCEPTED)["matched"], 1);
    let path = format!(
        "/api/v1/deliveries/{}",
        page["data"][1]["id"].as_str().unwrap()
    );
    app.poll(&path, |own| own["status"] == "delivered").await;
    let all = json!({"filter": {}});
    let begun = app.post("/api/v1/dead-letters/discard", &all).await;
    let begun = begun.json(StatusCode::ACCEPTED);
    assert_eq!(begun["matched"], 2);
    assert_eq!(done(&app, &begun).await["kind"], "discard");
    let page = app.get("/api/v1/dead-letters").await.json(StatusCode::OK);
    assert_eq!(page["data"], json!([]));
    let begun = app.post("/api/v1/deliveries/retry", &all).await;
    let begun = begun.json(StatusCode::ACCEPTED);
    assert_eq!(begun["matched"], 0);
    assert_eq!(done(&app, &begun).await["total"], 0);
}

#[tokio::test]
async fn what_is_chosen_must_make_sense() {
    let app = TestApp::start().await;
    let check = async |body: Value, field: &str| {
        for path in [
            "/api/v1/deliveries/retry",
            "/api/v1/dead-letters/retry",
            "/api/v1/dead-letters/discard",
        ] {
            app.post(path, &body).await.invalid(field);
        }
    };
    check(json!({}), "filter").await;
    check(json!({"ids": [], "filter": {}}), "filter").await;
    check(json!({"ids": ["dlv_nonsense"]}), "ids[0]").await;
    check(json!({"filter": {"status": "lost"}}), "filter.status").await;
    check(json!({"filter": {"webhook": "wh_1"}}), "filter.webhook").await;
    check(json!({"filter": {"since": "soon"}}), "filter.since").await;
    check(json!({"all": true}), "all").await;
}

#[tokio::test]
async fn a_webhook_recovers_what_it_missed() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let webhook = dead_letters(&app, &receiver, 1).await;
    let path = |action: &str| format!("/api/v1/webhooks/{webhook}/{action}");
    app.post(&path("disable"), &json!({}))
        .await
        .json(StatusCode::OK);
    let event = json!({"type": "a.b", "data": 2});
    let missed = app.post("/api/v1/events", &event).await;
    assert_eq!(missed.json(StatusCode::ACCEPTED)["deliveries"], 0);
    app.post(&path("enable"), &json!({}))
        .await
        .json(StatusCode::OK);
    let wanted = json!({"since": "2020-01-01T00:00:00Z", "include": ["exhausted", "missed"]});
    let begun = app.post(&path("recover"), &wanted).await;
    let begun = begun.json(StatusCode::ACCEPTED);
    assert_eq!(begun["matched"], 2);
    assert_eq!(done(&app, &begun).await["done"], 2);
    let delivered = |page: &Value| page["data"].as_array().unwrap().len() == 2;
    app.poll("/api/v1/deliveries?status=delivered", delivered)
        .await;
    app.post(&path("recover"), &json!({}))
        .await
        .invalid("since");
    app.post(&path("revoke"), &json!({}))
        .await
        .json(StatusCode::OK);
    app.post(&path("recover"), &wanted)
        .await
        .problem(409, "revoked");
    let chosen = json!({"filter": {"webhook_id": webhook}});
    app.post("/api/v1/deliveries/retry", &chosen)
        .await
        .problem(409, "revoked");
}

#[tokio::test]
async fn another_workspaces_deliveries_and_jobs_are_out_of_reach() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    dead_letters(&app, &receiver, 1).await;
    let page = app.get("/api/v1/dead-letters").await.json(StatusCode::OK);
    let begun = app
        .post("/api/v1/dead-letters/retry", &json!({"filter": {}}))
        .await
        .json(StatusCode::ACCEPTED);
    let other = other_workspace(&app).await;
    let job = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
    let call = app.call(Method::GET, &job);
    let seen = call.header("hookpost-workspace", &other).send().await;
    seen.problem(404, "not_found");
    let chosen = json!({"ids": [page["data"][0]["id"]]});
    let call = app.call(Method::POST, "/api/v1/deliveries/retry");
    let call = call.header("hookpost-workspace", &other).json(&chosen);
    assert_eq!(call.send().await.json(StatusCode::ACCEPTED)["matched"], 0);
}

#[tokio::test]
async fn bulk_work_needs_the_scope_to_write_deliveries() {
    let app = TestApp::start().await;
    let reader = app.key(&[Scope::DeliveriesRead]).await;
    for path in [
        "/api/v1/deliveries/retry",
        "/api/v1/dead-letters/retry",
        "/api/v1/dead-letters/discard",
        "/api/v1/retries/run",
    ] {
        let call = app.anonymous(Method::POST, path).bearer(&reader);
        let refused = call.json(&json!({"filter": {}})).send().await;
        refused.problem(403, "forbidden");
    }
}

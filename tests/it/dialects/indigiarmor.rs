//! IndigiArmor.

use hookpost::domain::api_key::Scope;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Client, Publish, publish, same_shape};
use crate::app::TestApp;
use crate::dialects::verify::accepted_everywhere;
use crate::receiver::{Receiver, Reply};

async fn client(app: &TestApp) -> Client<'_> {
    let key = app.key(&[Scope::WebhooksRead, Scope::WebhooksWrite]).await;
    Client::bearer(app, "/indigiarmor", &key)
}

fn id(answer: &Value) -> &str {
    answer["webhook"]["id"].as_str().unwrap()
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
}

#[tokio::test]
async fn the_documented_requests_work_as_printed() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let created = client.replay("create", &[]).await;
    assert!(is_uuid(id(&created)), "{created}");
    let secret = created["webhook"]["secret"].as_str().unwrap();
    assert!(secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit()));
    let webhook = [("webhook", id(&created))];
    let updated = client.replay("update", &webhook).await;
    assert_eq!(
        updated["webhook"]["events"],
        json!(["red_tier", "yellow_tier"])
    );
    let removed = client.replay("remove", &webhook).await;
    assert_eq!(removed, json!({ "deleted": true }));
    let path = format!("/v1/webhooks/{}", id(&created));
    client.refused((Method::DELETE, &path), None, 404).await;
}

#[tokio::test]
async fn a_test_delivery_is_what_the_document_shows_and_passes_its_check() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    let created = client.create_for("url", &receiver.url("/hook")).await;
    let tested = client.replay("test", &[("webhook", id(&created))]).await;
    assert_eq!(tested, json!({ "success": true, "status": 200 }));
    let received = receiver.wait_for(1).await.remove(0);
    let (documented, mut body) = (client.example("delivery"), received.json());
    same_shape(documented, &body, "delivery");
    body["timestamp"] = documented["timestamp"].clone();
    assert_eq!(&body, documented);
    let secret = created["webhook"]["secret"].as_str().unwrap();
    accepted_everywhere("indigiarmor", secret, &received);
    let listed = client.replay("list", &[]).await;
    assert_eq!(listed["webhooks"][0]["failure_count"], 0);
}

#[tokio::test]
async fn a_receiver_that_cannot_be_reached_fails_the_test_and_counts() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", nobody.local_addr().unwrap());
    drop(nobody);
    let created = client.create_for("url", &url).await;
    let unreached = client
        .replay("unreached", &[("webhook", id(&created))])
        .await;
    assert_eq!(&unreached, &client.example("unreached")["answer"]);
}

#[tokio::test]
async fn a_receiver_that_answers_badly_is_reached_but_no_success() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let created = client.create_for("url", &receiver.url("/hook")).await;
    let path = format!("/v1/webhooks/{}/test", id(&created));
    let tested = client
        .send(Method::POST, &path, None)
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&tested["success"], &tested["status"]),
        (&json!(false), &json!(500))
    );
    assert!(tested["error"].is_string());
    let listed = client
        .send(Method::GET, "/v1/webhooks", None)
        .await
        .json(StatusCode::OK);
    assert!(listed["webhooks"][0]["last_triggered_at"].is_string());
}

#[tokio::test]
async fn failures_in_a_row_are_counted_until_a_success() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(500)]);
    client.create_for("url", &receiver.url("/hook")).await;
    let event = Publish {
        event_type: "red_tier",
        data: &json!({ "tier": "red", "event": "mine", "timestamp": "mine", "cost": 1.5 }),
        id: None,
        occurred_at: Some("2026-01-15T10:00:00Z"),
    };
    publish(&app, &event).await;
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(
        received.json(),
        json!({ "event": "red_tier", "tier": "red", "cost": 1.5, "timestamp": "2026-01-15T10:00:00.000Z" })
    );
    let count = async |wanted: i64| {
        let counted = |listed: &Value| listed["webhooks"][0]["failure_count"] == wanted;
        client.poll("/v1/webhooks", counted).await;
    };
    count(1).await;
    receiver.wait_for(2).await;
    count(0).await;
}

#[tokio::test]
async fn events_and_format_have_defaults_and_other_formats_are_bad_requests() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let url = "https://hooks.example.com/x";
    let path = "/v1/webhooks";
    let answer = client
        .send(Method::POST, path, Some(&json!({ "url": url })))
        .await;
    let created = answer.json(StatusCode::CREATED);
    assert_eq!(created["webhook"]["events"], json!(["red_tier"]));
    assert_eq!(created["webhook"]["format"], "json");
    for format in ["xml", "slack", ""] {
        let body = json!({ "url": url, "format": format });
        let told = client.refused((Method::POST, path), Some(&body), 400).await;
        assert!(told["error"].as_str().unwrap().contains("format"), "{told}");
        let path = format!("{path}/{}", id(&created));
        client
            .refused((Method::PATCH, &path), Some(&body), 400)
            .await;
    }
    let listed = client
        .send(Method::GET, path, None)
        .await
        .json(StatusCode::OK);
    assert_eq!(listed["webhooks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn put_and_patch_change_only_what_they_name() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let created = client.replay("create", &[]).await;
    let path = format!("/v1/webhooks/{}", id(&created));
    for (method, enabled) in [(Method::PUT, false), (Method::PATCH, true)] {
        let body = json!({ "enabled": enabled, "format": "json" });
        let changed = client
            .send(method, &path, Some(&body))
            .await
            .json(StatusCode::OK);
        let mut expected = created["webhook"].clone();
        expected.as_object_mut().unwrap().remove("secret");
        expected["enabled"] = enabled.into();
        assert_eq!(changed["webhook"], expected);
    }
}

#[tokio::test]
async fn a_test_answers_within_ten_seconds_however_patient_the_webhook_is() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::hang());
    let created = client.create_for("url", &receiver.url("/hook")).await;
    let uuid = id(&created);
    let native = app.get("/api/v1/webhooks").await.json(StatusCode::OK);
    let native = native["data"][0]["id"].as_str().unwrap();
    let patient = json!({ "timeout": "60s" });
    let path = format!("/api/v1/webhooks/{native}");
    app.patch(&path, &patient).await.json(StatusCode::OK);
    let asked = std::time::Instant::now();
    let url = format!("{}/indigiarmor/v1/webhooks/{uuid}/test", app.base);
    let answer = crate::app::http_client()
        .post(url)
        .header("authorization", &client.credential.1)
        .send()
        .await
        .unwrap();
    let took = asked.elapsed().as_secs_f64();
    assert!((9.5..11.0).contains(&took), "{took} s");
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(&body, &client.example("unreached")["answer"]);
}

#[tokio::test]
async fn data_that_cannot_be_flattened_is_refused_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    client.replay("create", &[]).await;
    let event = json!({ "type": "red_tier", "data": [1, 2] });
    app.post("/api/v1/events", &event).await.invalid("data");
    let listed = app.get("/api/v1/events").await.json(StatusCode::OK);
    assert_eq!(listed["data"], json!([]));
}

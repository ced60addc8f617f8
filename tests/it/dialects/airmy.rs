//! AIRMY.

use hookpost::domain::api_key::Scope;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Client, Publish, publish, same_shape};
use crate::app::TestApp;
use crate::dialects::verify::accepted_everywhere;
use crate::receiver::{Receiver, Reply};

async fn client(app: &TestApp) -> Client<'_> {
    let scopes = [
        Scope::WebhooksRead,
        Scope::WebhooksWrite,
        Scope::DeliveriesRead,
    ];
    let key = app.key(&scopes).await;
    Client::bearer(app, "/airmy", &key)
}

/// Registers a webhook with a secret of the caller's own.
async fn register(client: &Client<'_>, url: &str, active: bool) -> Value {
    let mut body = client.example("create")["request"]["body"].clone();
    body["url"] = url.into();
    body["secret"] = "whsec_a-secret-of-our-own".into();
    body["active"] = active.into();
    let answer = client.send(Method::POST, "/webhooks", Some(&body)).await;
    answer.json(StatusCode::CREATED)
}

#[tokio::test]
async fn the_documented_requests_work_as_printed() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let created = client.replay("create", &[]).await;
    let request = &client.example("create")["request"]["body"];
    for field in ["url", "events", "active"] {
        assert_eq!(created[field], request[field], "{field}");
    }
    // The example prints dots; nothing is signed with those.
    assert!(created["secret"].as_str().unwrap().len() > 40);
    let listed = client.replay("list", &[]).await;
    let mut expected = created.clone();
    expected.as_object_mut().unwrap().remove("secret");
    assert_eq!(listed["webhooks"], json!([expected]));
}

#[tokio::test]
async fn a_delivery_is_what_the_document_shows_and_passes_its_snippets() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    let created = register(&client, &receiver.url("/hook"), true).await;
    assert_eq!(created["secret"], "whsec_a-secret-of-our-own");
    let documented = client.example("delivery");
    let event = Publish {
        event_type: documented["type"].as_str().unwrap(),
        data: &documented["data"],
        id: documented["id"].as_str(),
        occurred_at: documented["created_at"].as_str(),
    };
    publish(&app, &event).await;
    let received = receiver.wait_for(1).await.remove(0);
    let body = received.json();
    same_shape(documented, &body, "delivery");
    assert_eq!(
        (&body["id"], &body["data"]),
        (&documented["id"], &documented["data"])
    );
    assert_eq!(body["created_at"], "2026-03-22T14:30:00.000Z");
    accepted_everywhere("airmy", "whsec_a-secret-of-our-own", &received);
}

#[tokio::test]
async fn a_test_event_has_the_type_test_and_its_delivery_shows_what_was_said() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    receiver.script([Reply::status(503).body("not now")]);
    let created = register(&client, &receiver.url("/hook"), true).await;
    let id = created["id"].as_str().unwrap();
    let failed = client.replay("test", &[("webhook", id)]).await;
    assert_eq!(
        (&failed["success"], &failed["status_code"]),
        (&json!(false), &json!(503))
    );
    let passed = client.replay("test", &[("webhook", id)]).await;
    assert_eq!(
        (&passed["success"], &passed["status_code"]),
        (&json!(true), &json!(200))
    );
    assert_eq!(receiver.received()[0].json()["type"], "test");
    let shown = client.replay("deliveries", &[("webhook", id)]).await;
    let oldest = &shown["deliveries"][1];
    assert_eq!(oldest["id"], failed["delivery_id"]);
    assert_eq!(oldest["status_code"], 503);
    assert_eq!(oldest["response"], "not now");
    let sent: Value = serde_json::from_str(oldest["request_body"].as_str().unwrap()).unwrap();
    assert_eq!(sent, receiver.received()[0].json());
}

#[tokio::test]
async fn a_webhook_may_start_inactive() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    let created = register(&client, &receiver.url("/hook"), false).await;
    assert_eq!(created["active"], json!(false));
}

//! Armalo.

use hookpost::domain::api_key::Scope;
use serde_json::json;

use super::{Client, Publish, publish, same_shape};
use crate::app::TestApp;
use crate::dialects::verify::accepted_everywhere;
use crate::receiver::Receiver;

async fn client(app: &TestApp) -> Client<'_> {
    let key = app.key(&[Scope::WebhooksWrite]).await;
    Client::new(app, "/armalo", "X-Pact-Key", key)
}

#[tokio::test]
async fn the_documented_requests_work_as_printed() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let created = client.replay("create", &[]).await;
    let listed = client.replay("list", &[]).await;
    let request = &client.example("create")["request"]["body"];
    assert_eq!(created["events"], request["events"]);
    assert_eq!(created["url"], request["url"]);
    assert_eq!(created["isActive"], json!(true));
    assert_eq!(listed["webhooks"][0]["id"], created["id"]);
}

#[tokio::test]
async fn a_delivery_is_what_the_document_shows_and_passes_its_check() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    let created = client.create_for("url", &receiver.url("/hook")).await;
    let documented = client.example("delivery");
    let event = Publish {
        event_type: documented["event"].as_str().unwrap(),
        data: &documented["data"],
        id: None,
        occurred_at: documented["timestamp"].as_str(),
    };
    publish(&app, &event).await;
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(&received.json(), documented);
    assert!(received.header("x-armalo-delivery").starts_with("dlv_"));
    let secret = created["secret"].as_str().unwrap();
    accepted_everywhere("armalo", secret, &received);
}

#[tokio::test]
async fn the_same_delivery_id_comes_with_every_attempt() {
    let app = TestApp::start().await;
    let client = client(&app).await;
    let receiver = Receiver::start().await;
    receiver.script([crate::receiver::Reply::status(500)]);
    client.create_for("url", &receiver.url("/hook")).await;
    let documented = client.example("delivery");
    let event = Publish {
        event_type: "score.changed",
        data: &documented["data"],
        id: None,
        occurred_at: None,
    };
    publish(&app, &event).await;
    let received = receiver.wait_for(2).await;
    let (first, second) = (&received[0], &received[1]);
    let id = "x-armalo-delivery";
    assert_eq!(first.header(id), second.header(id));
    assert_eq!(first.body, second.body);
    same_shape(documented, &second.json(), "delivery");
}

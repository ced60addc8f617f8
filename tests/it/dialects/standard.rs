//! Standard Webhooks 1.0.0, checked by its published libraries.

use hookpost::service::webhooks::{Registered, RotationInput, WebhookInput};
use hookpost::service::{Done, Idempotency};
use reqwest::StatusCode;
use serde_json::json;

use super::verify::{accepted_everywhere, accepted_with_public_key};
use super::{Publish, caller, publish};
use crate::app::TestApp;
use crate::receiver::{Received, Receiver};

async fn register(app: &TestApp, url: String) -> Registered {
    let caller = caller(app);
    let input = WebhookInput {
        url: Some(url),
        event_types: Some(vec!["*".to_owned()]),
        ..WebhookInput::default()
    };
    let created = app
        .service
        .create_webhook(&caller, input, Idempotency::unkeyed());
    match created.await.unwrap() {
        Done::Fresh(registered) => registered,
        Done::Replayed(_) => panic!("nothing was keyed"),
    }
}

async fn deliver(app: &TestApp, receiver: &Receiver) -> Received {
    let event = Publish {
        event_type: "invoice.paid",
        data: &json!({ "amount": 12.5, "currency": "EUR", "customer": "Zoë 🦊" }),
        id: None,
        occurred_at: None,
    };
    publish(app, &event).await;
    receiver.wait_for(1).await.remove(0)
}

#[tokio::test]
async fn the_published_libraries_accept_a_delivery_and_refuse_a_flipped_byte() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let registered = register(&app, receiver.url("/hook")).await;
    let received = deliver(&app, &receiver).await;
    let secret = registered.secret.expose();
    accepted_everywhere("standard", secret, &received);
    accepted_in_rust(secret, &received);
}

#[tokio::test]
async fn during_a_rotation_both_secrets_verify() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let registered = register(&app, receiver.url("/hook")).await;
    let caller = caller(&app);
    let rotated = app.service.rotate_secret(
        &caller,
        registered.webhook.id,
        RotationInput::default(),
        Idempotency::unkeyed(),
    );
    let rotated = rotated.await.unwrap().fresh().unwrap();
    let received = deliver(&app, &receiver).await;
    for secret in [&registered.secret, &rotated.secret] {
        accepted_everywhere("standard", secret.expose(), &received);
        accepted_in_rust(secret.expose(), &received);
    }
}

#[track_caller]
fn accepted_in_rust(secret: &str, received: &Received) {
    let verifier = standardwebhooks::Webhook::new(secret).unwrap();
    let mut headers = reqwest::header::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, received.header(name).parse().unwrap());
    }
    assert!(verifier.verify(&received.body, &headers).is_ok());
    let mut flipped = received.body.clone();
    flipped[7] ^= 1;
    assert!(verifier.verify(&flipped, &headers).is_err());
}

#[tokio::test]
async fn other_formats_are_signed_as_they_are_sent() {
    let app = TestApp::start().await;
    for (format, content_type, expect) in [
        (
            "cloudevents",
            "application/cloudevents+json",
            json!({
                "specversion": "1.0",
                "id": "evt",
                "source": "/workspaces/ws",
                "type": "invoice.paid",
                "time": "2026-03-16T10:05:00.000Z",
                "datacontenttype": "application/json",
                "data": { "amount": 12.5, "currency": "EUR", "customer": "Zoë" },
            }),
        ),
        (
            "slack",
            "application/json",
            json!({ "text": "invoice.paid" }),
        ),
    ] {
        let receiver = Receiver::start().await;
        let hook = json!({ "url": receiver.url("/"), "event_types": ["*"], "format": format });
        let made = app.post("/api/v1/webhooks", &hook).await;
        let made = made.json(StatusCode::CREATED);
        let received = deliver(&app, &receiver).await;
        assert_eq!(received.header("content-type"), content_type);
        super::same_shape(&expect, &received.json(), format);
        let secret = made["secret"].as_str().unwrap();
        accepted_in_rust(secret, &received);
    }
}

#[tokio::test]
async fn with_aliases_both_families_of_headers_verify_and_without_nothing_changes() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let hook = json!({ "url": receiver.url("/"), "event_types": ["*"] });
    let made = app.post("/api/v1/webhooks", &hook).await;
    let made = made.json(StatusCode::CREATED);
    assert_eq!(made["aliases"], json!(null));
    let secret = made["secret"].as_str().unwrap();
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    let svix = ["svix-id", "svix-timestamp", "svix-signature"];
    let has_svix = |received: &Received| received.headers() != received.without("svix-").headers();
    assert!(!has_svix(&deliver(&app, &receiver).await));

    let office = app.get("/api/v1/workspaces").await.json(StatusCode::OK);
    let office = &office["data"][0];
    assert_eq!(office["aliases"], json!(false));
    let office = format!("/api/v1/workspaces/{}", office["id"].as_str().unwrap());
    let said = app.patch(&office, &json!({ "aliases": true })).await;
    assert_eq!(said.json(StatusCode::OK)["aliases"], json!(true));
    deliver(&app, &receiver).await;
    let both = receiver.wait_for(2).await.remove(1);
    for name in svix {
        let own = name.replace("svix", "webhook");
        assert_eq!(both.header(name), both.header(&own));
    }
    accepted_everywhere("svix", secret, &both.without("webhook-"));
    accepted_everywhere("standard", secret, &both.without("svix-"));

    let said = app.patch(&path, &json!({ "aliases": false })).await;
    assert_eq!(said.json(StatusCode::OK)["aliases"], json!(false));
    deliver(&app, &receiver).await;
    assert!(!has_svix(&receiver.wait_for(3).await.remove(2)));
    let taken = json!({ "headers": { "svix-id": "mine" } });
    app.patch(&path, &taken).await.invalid("headers.svix-id");
}

#[tokio::test]
async fn ed25519_verifies_with_the_public_key_and_overlaps_with_hmac_both_ways() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let hook = json!({ "url": receiver.url("/"), "event_types": ["*"], "signature": "ed25519" });
    let made = app.post("/api/v1/webhooks", &hook).await;
    let made = made.json(StatusCode::CREATED);
    let first = made["secret"].as_str().unwrap();
    assert!(first.starts_with("whpk_"), "{first}");
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    let read = app.get(&path).await.json(StatusCode::OK);
    assert_eq!(
        (&read["signature"], &read["public_key"]),
        (&json!("ed25519"), &json!(first))
    );
    let received = deliver(&app, &receiver).await;
    accepted_with_public_key(first, &received);

    let rotate = format!("{path}/rotate-secret");
    let second = app.post(&rotate, &json!({})).await.json(StatusCode::OK);
    let second = second["secret"].as_str().unwrap();
    assert!(second.starts_with("whpk_") && second != first);
    let third = app.post(&rotate, &json!({ "signature": "hmac" })).await;
    let third = third.json(StatusCode::OK);
    let third = third["secret"].as_str().unwrap();
    deliver(&app, &receiver).await;
    let both = receiver.wait_for(2).await.remove(1);
    assert!(both.header("webhook-signature").starts_with("v1,"));
    for key in [first, second] {
        accepted_with_public_key(key, &both);
    }
    accepted_in_rust(third, &both);

    let back = app.patch(&path, &json!({ "signature": "ed25519" })).await;
    let back = back.json(StatusCode::OK);
    assert_eq!(back["public_key"], back["secret"]);
    deliver(&app, &receiver).await;
    let both = receiver.wait_for(3).await.remove(2);
    accepted_with_public_key(back["public_key"].as_str().unwrap(), &both);
    accepted_in_rust(third, &both);

    let other = json!({ "profile": "armox" });
    app.patch(&path, &other).await.invalid("profile");
    let other = json!({ "url": receiver.url("/"), "profile": "armox", "event_types": ["*"], "signature": "ed25519" });
    app.post("/api/v1/webhooks", &other)
        .await
        .invalid("signature");
    let private = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    let given = json!({ "url": receiver.url("/"), "event_types": ["*"], "secret": private });
    let given = app
        .post("/api/v1/webhooks", &given)
        .await
        .json(StatusCode::CREATED);
    assert_eq!(
        given["public_key"],
        "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
    );
    assert_eq!(given["secret"], given["public_key"]);
}

#[tokio::test]
async fn no_door_keeps_more_secrets_alive_than_sign() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let body = json!({"url": receiver.url("/"), "event_types": ["*"]});
    let made = app.post("/api/v1/webhooks", &body).await;
    let made = made.json(StatusCode::CREATED);
    let path = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    // The first one is there already; each change keeps those before it for a day.
    for signature in ["ed25519", "hmac"].into_iter().cycle().take(7) {
        let change = json!({ "signature": signature });
        app.patch(&path, &change).await.json(StatusCode::OK);
    }
    let ninth = app.patch(&path, &json!({"signature": "hmac"})).await;
    ninth.problem(409, "conflict");
    let stands = app.get(&path).await.json(StatusCode::OK);
    assert_eq!(stands["signature"], "ed25519");
}

//! `/webhooks/{id}/check`: a captured request is judged as its receiver would.

use std::fmt::Write;

use reqwest::StatusCode;
use serde_json::json;

use super::Desk;
use crate::receiver::{Received, Receiver};

/// A webhook's page for checking, and a request that its receiver got.
async fn captured(desk: &Desk, more: &[(&str, &str)]) -> (String, Received) {
    let receiver = Receiver::start().await;
    let mut hook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    for (name, value) in more {
        hook[name] = json!(value);
    }
    let made = desk.app.post("/api/v1/webhooks", &hook).await;
    let made = made.json(StatusCode::CREATED);
    let event = json!({"type": "order.paid", "data": {"id": 7}});
    let published = desk.app.post("/api/v1/events", &event).await;
    published.json(StatusCode::ACCEPTED);
    let request = receiver.wait_for(1).await.remove(0);
    (
        format!("/webhooks/{}/check", made["id"].as_str().unwrap()),
        request,
    )
}

fn head(request: &Received) -> String {
    let mut text = String::new();
    for (name, value) in &request.headers {
        writeln!(text, "{name}: {value}").unwrap();
    }
    text
}

#[tokio::test]
async fn a_genuine_request_is_told_from_a_changed_one_and_the_step_is_named() {
    let desk = Desk::open().await;
    for more in [
        &[][..],
        &[("signature", "ed25519")],
        &[("profile", "armalo")],
    ] {
        let (page, request) = captured(&desk, more).await;
        assert!(desk.get(&page).await.contains("Nothing of it is kept"));
        let head = head(&request);
        let body = String::from_utf8(request.body.clone()).unwrap();
        let check = async |headers: &str, body: &str| {
            let answer = desk
                .post(&page, &[("headers", headers), ("body", body)])
                .await;
            answer.text
        };
        let text = check(&head, &body).await;
        assert!(
            text.contains("Genuine: it fits the current secret"),
            "{more:?}: {text}"
        );
        let text = check(&head, &format!("{body}\n")).await;
        assert!(text.contains("line break at the end"), "{text}");
        let text = check(&head, &body.replace('7', "8")).await;
        assert!(text.contains("no signature fits"), "{text}");
        let text = check("x-other: 1", &body).await;
        assert!(text.contains("is missing"), "{text}");
        let text = check("nonsense", &body).await;
        assert!(text.contains("a line without a colon"), "{text}");
    }
}

#[tokio::test]
async fn an_old_secret_that_is_still_valid_is_named_as_such() {
    let desk = Desk::open().await;
    let (page, request) = captured(&desk, &[]).await;
    let rotate = page.replace("/check", "/rotate-secret");
    let rotated = desk.post(&rotate, &[("overlap", "24h")]).await;
    assert_eq!(rotated.status, StatusCode::SEE_OTHER);
    let body = String::from_utf8(request.body.clone()).unwrap();
    let fields = [("headers", &*head(&request)), ("body", &*body)];
    let text = desk.post(&page, &fields).await.text;
    assert!(text.contains("an old secret that is valid until"), "{text}");
}

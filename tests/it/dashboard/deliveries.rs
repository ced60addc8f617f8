//! `/deliveries`

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::Desk;
use crate::receiver::Receiver;

#[tokio::test]
async fn an_empty_list_says_what_to_do_next() {
    let desk = Desk::open().await;
    let page = desk.get("/deliveries").await;
    assert!(page.contains("Nothing was delivered yet"), "{page}");
    let page = desk.get("/deliveries?status=exhausted").await;
    assert!(page.contains("No delivery matches"), "{page}");
}

#[tokio::test]
async fn the_list_is_filtered_by_its_address() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let body = json!({"url": receiver.url("/a"), "event_types": ["*"], "label": "Shop <b>"});
    let webhook = desk.app.post("/api/v1/webhooks", &body).await;
    let webhook = webhook.json(StatusCode::CREATED);
    for event_type in ["order.paid", "order.sent"] {
        let body = json!({"type": event_type, "data": {}});
        desk.app
            .post("/api/v1/events", &body)
            .await
            .json(StatusCode::ACCEPTED);
    }
    let page = desk.get("/deliveries").await;
    assert!(page.contains(">order.paid<") && page.contains(">order.sent<"));
    assert!(page.contains("Shop &#60;b&#62;") && !page.contains("Shop <b>"));
    let page = desk.get("/deliveries?event_type=order.paid").await;
    assert!(page.contains(">order.paid<") && !page.contains(">order.sent<"));
    let id = webhook["id"].as_str().unwrap();
    let page = desk
        .get(&format!("/deliveries?webhook_id={id}&last=1h"))
        .await;
    assert!(page.contains(">order.paid<"));
    let bad = desk
        .ask(Method::GET, "/deliveries?webhook_id=nonsense")
        .await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
}

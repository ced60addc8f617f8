//! `/search`

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Desk;
use crate::receiver::{Receiver, Reply};

/// Where a search leads on to.
async fn leads(desk: &Desk, text: &str) -> String {
    let answer = desk.ask(Method::GET, &format!("/search?q={text}")).await;
    assert_eq!(
        answer.status,
        StatusCode::SEE_OTHER,
        "{text}: {}",
        answer.text
    );
    answer.header("location").to_owned()
}

#[tokio::test]
async fn whatever_somebody_has_in_hand_leads_to_where_it_is() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(200).body("thanks-for-99"));
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "label": "Corner shop"});
    let made = desk.app.post("/api/v1/webhooks", &hook).await;
    let webhook = made.json(StatusCode::CREATED)["id"].take();
    let webhook = webhook.as_str().unwrap();
    let event = json!({"type": "order.paid", "id": "mine-4711", "data": {"note": "needle 77"}});
    let sent = desk.app.post("/api/v1/events", &event).await;
    sent.json(StatusCode::ACCEPTED);
    let kind = json!({"name": "order.paid"});
    let made = desk.app.post("/api/v1/event-types", &kind).await;
    made.json(StatusCode::CREATED);
    let delivered = |page: &Value| page["data"].as_array().unwrap().len() == 1;
    let path = "/api/v1/deliveries?status=delivered";
    let page = desk.app.poll(path, delivered).await;
    let delivery = page["data"][0]["id"].as_str().unwrap();
    let shown = desk
        .app
        .get(&format!("/api/v1/deliveries/{delivery}"))
        .await;
    let shown = shown.json(StatusCode::OK);
    let attempt = shown["attempts"][0]["id"].as_str().unwrap();

    assert_eq!(
        leads(&desk, delivery).await,
        format!("/deliveries/{delivery}")
    );
    assert_eq!(
        leads(&desk, attempt).await,
        format!("/deliveries/{delivery}")
    );
    assert_eq!(leads(&desk, webhook).await, format!("/webhooks/{webhook}"));
    assert_eq!(leads(&desk, "mine-4711").await, "/events/mine-4711");
    let of = async |text: &str| desk.get(&format!("/search?q={text}")).await;
    assert!(of("corner").await.contains(&format!("/webhooks/{webhook}")));
    assert!(of("ORDER.").await.contains("/events?type=order.paid"));
    let page = of("needle%2077").await;
    assert!(page.contains("In what was published") && page.contains("/events/mine-4711"));
    let page = of("thanks-for").await;
    assert!(page.contains("In what was answered"), "{page}");
    assert!(page.contains(&format!("/deliveries/{delivery}")), "{page}");
    let nothing = of("no-such-thing").await;
    assert!(nothing.contains("Nothing was found"), "{nothing}");
    assert!(nothing.contains("newest 1 event and"), "{nothing}");
    assert!(desk.get("/search").await.contains("name=\"q\""));
}

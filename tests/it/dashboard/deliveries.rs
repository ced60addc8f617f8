//! `/deliveries`

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Desk;
use crate::receiver::{Receiver, Reply};

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

#[tokio::test]
async fn a_list_is_fetched_as_a_file_narrowed_as_the_page_is() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let body = json!({"url": receiver.url("/a"), "event_types": ["*"],
        "retry_policy": {"delays": []}});
    let webhook = desk.app.post("/api/v1/webhooks", &body).await;
    let webhook = webhook.json(StatusCode::CREATED);
    for (event_type, status) in [("order.paid", 200), ("order.sent", 503)] {
        receiver.answer(Reply::status(status));
        let body = json!({"type": event_type, "data": {}});
        let published = desk.app.post("/api/v1/events", &body).await;
        published.json(StatusCode::ACCEPTED);
        let path = format!("/api/v1/deliveries?event_type={event_type}");
        let over = |page: &Value| !page["data"][0]["completed_at"].is_null();
        desk.app.poll(&path, over).await;
    }
    let csv = desk.ask(Method::GET, "/deliveries/export").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.header("content-disposition").starts_with("attachment"));
    let lines: Vec<&str> = csv.text.lines().collect();
    assert_eq!(lines.len(), 3, "{}", csv.text);
    assert!(
        lines[0].starts_with("\"id\",\"webhook_id\","),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].contains("\"order.sent\",\"exhausted\""),
        "{}",
        lines[1]
    );
    assert!(
        lines[2].contains("\"order.paid\",\"delivered\""),
        "{}",
        lines[2]
    );

    let path = "/deliveries/export?format=json&status=exhausted";
    let file: Value = serde_json::from_str(&desk.get(path).await).unwrap();
    let row = &file["data"][0];
    assert_eq!(
        (file["data"].as_array().unwrap().len(), &file["cut"]),
        (1, &json!(false))
    );
    assert_eq!(
        (&row["last_status_code"], &row["webhook_id"]),
        (&json!(503), &webhook["id"])
    );
    assert_eq!(row["next_attempt_at"], Value::Null);
    let letters = desk.get("/dead-letters/export?format=csv").await;
    assert_eq!(letters.lines().count(), 2, "{letters}");
    let none = desk.get("/deliveries/export?event_type=user.*").await;
    assert_eq!(none.lines().count(), 1, "{none}");

    for bad in ["format=xml", "webhook_id=nonsense", "unknown=1"] {
        let path = format!("/deliveries/export?{bad}");
        let answer = desk.ask(Method::GET, &path).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
}

#[tokio::test]
async fn a_file_holds_more_than_one_page() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"]});
    desk.app
        .post("/api/v1/webhooks", &hook)
        .await
        .json(StatusCode::CREATED);
    let events = vec![json!({"type": "order.paid", "data": {}}); 600];
    let published = desk
        .app
        .post("/api/v1/events/batch", &json!({ "events": events }))
        .await;
    published.json(StatusCode::ACCEPTED);
    let file: Value =
        serde_json::from_str(&desk.get("/deliveries/export?format=json").await).unwrap();
    let rows = file["data"].as_array().unwrap().iter();
    let ids: BTreeSet<&str> = rows.map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 600);
}

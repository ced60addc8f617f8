//! `/search`

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Desk, between};
use crate::portal::link;
use crate::receiver::{Received, Receiver, Reply};

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

/// The id that a request carries.
fn carried(request: &Received) -> String {
    request.header("webhook-id").to_owned()
}

#[tokio::test]
async fn hosts_and_ids_of_every_kind_are_found() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let acme = json!({"uid": "acme-42", "name": "Acme"});
    let acme = desk.app.post("/api/v1/consumers", &acme).await;
    let acme = acme.json(StatusCode::CREATED)["id"].clone();
    let acme = acme.as_str().unwrap();
    let hook = json!({"url": "https://hooks.corner-shop.example/in", "event_types": ["none"]});
    let made = desk.app.post("/api/v1/webhooks", &hook).await;
    let far = made.json(StatusCode::CREATED)["id"].clone();
    let batched = json!({"url": receiver.url("/"), "event_types": ["*"],
        "batch": {"max": 2, "wait": "1h"}});
    let made = desk.app.post("/api/v1/webhooks", &batched).await;
    made.json(StatusCode::CREATED);
    for n in 0..4 {
        let event = json!({"type": "order.paid", "data": n});
        let sent = desk.app.post("/api/v1/events", &event).await;
        sent.json(StatusCode::ACCEPTED);
    }
    let requests = receiver.wait_for(2).await;
    let delivered = |page: &Value| page["data"].as_array().unwrap().len() == 4;
    let page = desk
        .app
        .poll("/api/v1/deliveries?status=delivered", delivered);
    let page = page.await;
    let of = async |text: &str| desk.get(&format!("/search?q={text}")).await;
    let found = of("corner-shop.example").await;
    assert!(
        found.contains(&format!("/webhooks/{}", far.as_str().unwrap())),
        "{found}"
    );
    // Newest first: the second batch holds the first two rows, the first one the others.
    let rows = page["data"].as_array().unwrap();
    for request in &requests {
        let batch = carried(request);
        assert!(batch.starts_with("bat_"), "{batch}");
        let place = leads(&desk, &batch).await;
        let own = rows
            .iter()
            .find(|row| place.ends_with(row["id"].as_str().unwrap()));
        let shown = desk.app.get(&format!("/api/v1{place}")).await;
        let shown = shown.json(StatusCode::OK);
        assert!(
            own.is_some() && shown["request_headers"]["webhook-id"] == batch,
            "{shown}"
        );
    }
    let unknown = format!("bat_{:032x}", 7);
    assert!(of(&unknown).await.contains("Nothing was found"));
    assert_instance(&desk, acme).await;
    assert_people(&desk, acme).await;
}

#[tokio::test]
async fn what_is_not_shown_of_what_was_found_is_counted() {
    let desk = Desk::open().await;
    for number in 0..12 {
        let hook = json!({"url": format!("https://example.com/{number}"), "label": format!("Customer {number}"),
            "event_types": ["none"]});
        let made = desk.app.post("/api/v1/webhooks", &hook).await;
        made.json(StatusCode::CREATED);
        let kind = json!({"name": format!("customer.kind_{number}")});
        let made = desk.app.post("/api/v1/event-types", &kind).await;
        made.json(StatusCode::CREATED);
        let event = json!({"type": "customer.kind_1", "data": {"note": "customer"}});
        let sent = desk.app.post("/api/v1/events", &event).await;
        sent.json(StatusCode::ACCEPTED);
    }
    let page = desk.get("/search?q=customer").await;
    let further = "<a href=\"/webhooks?q=customer\">and 2 more</a>";
    assert!(page.contains(further), "{page}");
    assert!(page.contains("and 2 more; a longer word"), "{page}");
    assert!(
        page.contains("The newest 10 that hold it are shown"),
        "{page}"
    );
    let page = desk.get("/search?q=kind_11").await;
    assert!(!page.contains("more"), "{page}");
}

/// People, sessions, entries of the log and portal links are found by their ids.
async fn assert_people(desk: &Desk, acme: &str) {
    let ada = desk
        .app
        .service
        .user_by_email("ada@example.com")
        .await
        .unwrap();
    let user = ada.id.to_string();
    assert_eq!(leads(desk, &user).await, format!("/people#{user}"));
    assert!(
        desk.get("/people")
            .await
            .contains(&format!("<li id=\"{user}\">"))
    );
    let log = desk.app.get("/api/v1/audit-log").await.json(StatusCode::OK);
    let entry = log["data"][1]["id"].as_str().unwrap();
    let place = leads(desk, entry).await;
    let (path, part) = place.split_once('#').unwrap();
    assert_eq!(part, entry);
    let page = desk.get(path).await;
    let first = between(&page, "<tbody><tr id=\"", "\"");
    assert_eq!(first, entry);
    // A token carries the digits of its id.
    let digits = |token: &str| token.split('_').nth(1).unwrap().to_owned();
    let session = format!("ses_{}", digits(&desk.cookie));
    assert_eq!(leads(desk, &session).await, format!("/people#{user}"));
    let link = link(&desk.app, "acme-42", &json!({})).await;
    let link = digits(link["token"].as_str().unwrap());
    for id in [format!("ptl_{link}"), format!("pvs_{link}")] {
        assert_eq!(leads(desk, &id).await, format!("/consumers/{acme}"), "{id}");
    }
}

/// Jobs, consumers, keys and workspaces are found by their ids.
async fn assert_instance(desk: &Desk, acme: &str) {
    let begun = desk
        .app
        .post("/api/v1/deliveries/retry", &json!({"filter": {}}))
        .await;
    let job = begun.json(StatusCode::ACCEPTED)["job_id"].clone();
    let job = job.as_str().unwrap();
    assert_eq!(leads(desk, job).await, format!("/jobs/{job}"));
    assert_eq!(leads(desk, acme).await, format!("/consumers/{acme}"));
    assert_eq!(leads(desk, "acme-42").await, format!("/consumers/{acme}"));
    let key = json!({"name": "billing", "scopes": ["events:read"], "workspace": "default"});
    let key = desk.app.post("/api/v1/api-keys", &key).await;
    let key = key.json(StatusCode::CREATED)["id"].clone();
    let key = key.as_str().unwrap();
    assert_eq!(leads(desk, key).await, format!("/api-keys#{key}"));
    assert!(
        desk.get("/api-keys")
            .await
            .contains(&format!("<tr id=\"{key}\">"))
    );
    let workspace = desk.app.default_workspace().to_string();
    let place = format!("/workspaces#{workspace}");
    assert_eq!(leads(desk, &workspace).await, place);
    assert!(
        desk.get("/workspaces")
            .await
            .contains(&format!("<tr id=\"{workspace}\">"))
    );
}

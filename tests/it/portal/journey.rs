//! What a customer's developer does: add a URL, check it, come back when something failed.

use hookpost::web::audience::Audience;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Guest;
use crate::dashboard::between;
use crate::receiver::{Receiver, Reply};

impl Guest {
    async fn register(&self, url: &str) -> String {
        let fields = [
            ("url", url),
            ("label", "Shop"),
            ("event_types", "order.paid"),
        ];
        let made = self.post("/portal/webhooks", &fields).await;
        let (place, page) = self.follow(&made).await;
        assert!(place.ends_with("/secret"), "{place}");
        assert!(page.contains("whsec_") && page.contains("hmac"), "{page}");
        between(&place, "/portal/webhooks/", "/").to_owned()
    }

    async fn publish(&self, data: Value) -> Value {
        let event = json!({"type": "order.paid", "data": data, "consumer": "acme"});
        let accepted = self.app.post("/api/v1/events", &event).await;
        accepted.json(StatusCode::ACCEPTED)
    }

    async fn delivery(&self, status: &str) -> String {
        let path = format!("/api/v1/deliveries?status={status}");
        let found = |page: &Value| !page["data"].as_array().unwrap().is_empty();
        let page = self.app.poll(&path, found).await;
        page["data"][0]["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_developer_adds_a_url_tests_it_and_mends_what_failed() {
    let guest = Guest::come_in().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(200));
    let kind = json!({"name": "order.paid", "description": "Money has come.",
        "example": {"id": 7}, "schema": {"type": "object"}});
    guest.app.post("/api/v1/event-types", &kind).await;
    let empty = guest.get("/portal").await;
    assert!(empty.contains("Add your first webhook"), "{empty}");
    let known = guest.get("/portal/event-types").await;
    assert!(known.contains("Money has come."), "{known}");
    let one = guest.get("/portal/event-types/order.paid").await;
    assert!(
        one.contains("<b>&#34;id&#34;</b>: <var>7</var>") && one.contains("object"),
        "{one}"
    );
    let form = guest
        .get("/portal/webhooks/new?event_type=order.paid")
        .await;
    assert!(form.contains("Money has come."), "{form}");

    let bad = guest
        .post("/portal/webhooks", &[("url", "http://10.0.0.1/")])
        .await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    let hook = guest.register(&receiver.url("/hooks")).await;
    let page = format!("/portal/webhooks/{hook}");
    let tested = guest.post(&format!("{page}/test"), &[]).await;
    let (_, told) = guest.follow(&tested).await;
    assert!(told.contains("The test arrived."), "{told}");
    guest.publish(json!({"id": 8})).await;
    guest.delivery("delivered").await;
    assert!(guest.get("/portal/deliveries").await.contains("order.paid"));

    receiver.answer(Reply::status(410).body("no such shop"));
    guest.publish(json!({"id": 9})).await;
    let failed = guest.delivery("exhausted").await;
    let overview = guest.get("/portal").await;
    assert!(overview.contains("Needs attention"), "{overview}");
    let detail = guest.get(&format!("/portal/deliveries/{failed}")).await;
    assert!(
        detail.contains("no such shop") && detail.contains("410"),
        "{detail}"
    );
    receiver.answer(Reply::status(200));
    let enabled = guest.post(&format!("{page}/enable"), &[]).await;
    guest.follow(&enabled).await;
    let fields = [
        ("last", "24h"),
        ("include", "exhausted"),
        ("include", "missed"),
    ];
    let begun = guest.post(&format!("{page}/recover"), &fields).await;
    let (place, _) = guest.follow(&begun).await;
    assert!(place.starts_with("/portal/jobs/"), "{place}");
    let done = |page: &Value| page["data"][0]["status"] == "done";
    guest.app.poll("/api/v1/jobs", done).await;
    assert!(guest.get(&place).await.contains("100 %"));
    receiver.wait_for(4).await;
}

#[tokio::test]
async fn everything_that_is_done_is_in_the_audit_log_with_the_consumer_as_actor() {
    let guest = Guest::come_in().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(200));
    let hook = guest.register(&receiver.url("/hooks")).await;
    let page = format!("/portal/webhooks/{hook}");
    let event = guest.publish(json!({"id": 8})).await;
    let delivered = guest.delivery("delivered").await;
    let event = event["id"].as_str().unwrap();
    for (path, fields) in [
        (
            format!("{page}/edit"),
            vec![
                ("url", receiver.url("/moved")),
                ("event_types", "*".to_owned()),
                ("label", "Shop".to_owned()),
            ],
        ),
        (
            format!("{page}/rotate-secret"),
            vec![("overlap", "1h".to_owned())],
        ),
        (
            format!("{page}/disable"),
            vec![("confirmed", "yes".to_owned())],
        ),
        (format!("{page}/enable"), Vec::new()),
        (format!("/portal/deliveries/{delivered}/retry"), Vec::new()),
        (format!("/portal/events/{event}/replay"), Vec::new()),
        (
            format!("{page}/delete"),
            vec![("confirm", "Shop".to_owned())],
        ),
    ] {
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let done = guest.post(&path, &fields).await;
        let (_, told) = guest.follow(&done).await;
        assert!(
            !told.contains("Not done") && !told.contains("Nothing was done"),
            "{path}: {told}"
        );
    }
    let log = guest
        .app
        .get("/api/v1/audit-log?limit=250")
        .await
        .json(StatusCode::OK);
    let entries = log["data"].as_array().unwrap();
    let own: Vec<&str> = entries
        .iter()
        .filter(|entry| entry["actor"]["kind"] == "consumer")
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    for action in [
        "webhook.create",
        "webhook.update",
        "webhook.rotate_secret",
        "webhook.disable",
        "webhook.enable",
        "webhook.delete",
        "delivery.retry",
        "event.replay",
    ] {
        assert!(own.contains(&action), "{action} is not among {own:?}");
    }
}

#[tokio::test]
async fn a_page_shows_and_does_what_the_link_permits() {
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(200));
    let guest = Guest::come(&["view"]).await;
    let webhook = json!({"url": receiver.url("/"), "event_types": ["*"], "consumer": "acme"});
    let made = guest.app.post("/api/v1/webhooks", &webhook).await;
    let made = made.json(StatusCode::CREATED);
    let page = guest
        .get(&format!(
            "/portal/webhooks/{}",
            made["id"].as_str().unwrap()
        ))
        .await;
    for hidden in [
        "Send test",
        "Rotate",
        "Delete",
        "Recover",
        "Show secret",
        "Edit",
        "whsec_",
    ] {
        assert!(!page.contains(hidden), "{hidden}: {page}");
    }
    let mut refused = 0;
    for route in hookpost::portal::AUDIENCE.endpoints() {
        let Some(needed) = route.capability else {
            continue;
        };
        let path = route.path.replace("{id}", made["id"].as_str().unwrap());
        let method: Method = route.method.as_str().parse().unwrap();
        let answer = guest.ask(method, &path).await;
        let is_view = needed == hookpost::domain::portal::Capability::View;
        let is_refused = answer.status == StatusCode::FORBIDDEN;
        assert_eq!(
            is_refused, !is_view,
            "{} {}: {answer:?}",
            route.method, route.path
        );
        refused += usize::from(is_refused);
    }
    assert!(refused > 12, "{refused}");
}

#[tokio::test]
async fn a_developer_sees_the_versions_of_an_event_type_and_pins_one() {
    let guest = Guest::come_in().await;
    let kind = json!({"name": "order.paid"});
    guest.app.post("/api/v1/event-types", &kind).await;
    for (archived, example) in [(true, 1), (false, 2)] {
        let version = json!({"description": format!("No {example}"), "archived": archived,
            "example": {"amount": example}});
        let made = guest
            .app
            .post("/api/v1/event-types/order.paid/versions", &version)
            .await;
        made.json(StatusCode::CREATED);
    }
    let page = guest.get("/portal/event-types/order.paid").await;
    assert!(page.contains("No 2") && !page.contains("No 1"), "{page}");
    let one = guest.get("/portal/event-types/order.paid/versions/2").await;
    assert!(
        one.contains("<b>&#34;amount&#34;</b>: <var>2</var>"),
        "{one}"
    );
    let ended = guest
        .ask(Method::GET, "/portal/event-types/order.paid/versions/1")
        .await;
    assert_eq!(ended.status, StatusCode::NOT_FOUND);
    let fields = [
        ("url", "https://example.com/hook"),
        ("event_types", "order.paid"),
        ("pinned_versions", "order.paid 2"),
    ];
    guest.post("/portal/webhooks", &fields).await;
    let hooks = guest.app.get("/api/v1/webhooks").await.json(StatusCode::OK);
    assert_eq!(
        hooks["data"][0]["pinned_versions"]["order.paid"], "2",
        "{hooks}"
    );
}

/// Three events that gave up, and their receiver.
async fn give_up(guest: &Guest) -> Receiver {
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(500));
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "consumer": "acme", "label": "Shop",
        "retry_policy": {"delays": []}});
    let made = guest.app.post("/api/v1/webhooks", &hook).await;
    made.json(StatusCode::CREATED);
    for n in 0..3 {
        guest.publish(json!({"n": n})).await;
    }
    let dead = |list: &Value| list["data"].as_array().unwrap().len() == 3;
    guest.app.poll("/api/v1/dead-letters", dead).await;
    receiver.answer(Reply::status(200));
    receiver
}

#[tokio::test]
async fn discarding_and_retrying_all_ask_with_the_count_and_discarding_is_taken_back() {
    let guest = Guest::come_in().await;
    let receiver = give_up(&guest).await;
    let list = "/portal/dead-letters";
    let discard = [("choose", "all"), ("action", "discard")];
    let asked = guest.post(list, &discard).await.text;
    assert!(asked.contains("Discard 3 dead letters?"), "{asked}");
    assert!(asked.contains("can be taken back"), "{asked}");
    let still = guest.app.get("/api/v1/dead-letters").await;
    assert_eq!(
        still.json(StatusCode::OK)["data"].as_array().unwrap().len(),
        3
    );
    let sure = [&discard[..], &[("confirmed", "yes")]].concat();
    let begun = guest.post(list, &sure).await;
    let (job, _) = guest.follow(&begun).await;
    assert!(job.starts_with("/portal/jobs/"), "{job}");
    let count = |count: usize| move |list: &Value| list["data"].as_array().unwrap().len() == count;
    guest.app.poll("/api/v1/dead-letters", count(0)).await;
    let page = guest.get(&job).await;
    assert!(page.contains("Take it back"), "{page}");
    let begun = guest.post(&format!("{job}/restore"), &[]).await;
    let (restoring, _) = guest.follow(&begun).await;
    assert!(restoring.starts_with("/portal/jobs/"), "{restoring}");
    guest.app.poll("/api/v1/dead-letters", count(3)).await;
    let retry = [("choose", "all"), ("action", "retry")];
    let asked = guest.post(list, &retry).await.text;
    assert!(asked.contains("Retry 3 dead letters?"), "{asked}");
    let sure = [&retry[..], &[("confirmed", "yes")]].concat();
    let begun = guest.post(list, &sure).await;
    let (job, _) = guest.follow(&begun).await;
    let done = |page: &Value| page["data"][0]["status"] == "done";
    guest.app.poll("/api/v1/jobs", done).await;
    let page = guest.get(&job).await;
    assert!(
        page.contains("<dt>delivered</dt><dd class=\"n\">3<"),
        "{page}"
    );
    receiver.wait_for(6).await;
}

#[tokio::test]
async fn disabling_asks_with_what_waits() {
    let guest = Guest::come_in().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(503));
    let hook = guest.register(&receiver.url("/hooks")).await;
    guest.publish(json!({"id": 9})).await;
    guest.delivery("retrying").await;
    let page = format!("/portal/webhooks/{hook}");
    let asked = guest.post(&format!("{page}/disable"), &[]).await.text;
    assert!(
        asked.contains("Held until it is enabled again: 1 delivery."),
        "{asked}"
    );
    let path = format!("/api/v1/webhooks/{hook}");
    let shown = guest.app.get(&path).await.json(StatusCode::OK);
    assert_eq!(shown["status"], "active");
    let sure = [("confirmed", "yes")];
    guest.post(&format!("{page}/disable"), &sure).await;
    let shown = guest.app.get(&path).await.json(StatusCode::OK);
    assert_eq!(shown["status"], "disabled");
}

#[tokio::test]
async fn an_attempt_under_way_is_called_so_to_customers_too() {
    let guest = Guest::come_in().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::hang());
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "consumer": "acme"});
    let made = guest.app.post("/api/v1/webhooks", &hook).await;
    made.json(StatusCode::CREATED);
    let event = json!({"type": "order.paid", "data": {}, "consumer": "acme"});
    guest.app.post("/api/v1/events", &event).await;
    receiver.wait_for(1).await;
    let list = guest.app.get("/api/v1/deliveries").await;
    let list = list.json(StatusCode::OK);
    let page = guest
        .get(&format!(
            "/portal/deliveries/{}",
            list["data"][0]["id"].as_str().unwrap()
        ))
        .await;
    assert!(
        page.contains("<strong>Attempt 1</strong> <span>is under way</span>"),
        "{page}"
    );
    assert!(!page.contains("Next attempt"), "{page}");
}

//! What a customer narrows the list of its deliveries to, and how it is told that this makes no sense.

use std::time::Duration;

use hookpost::clock::Clock;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::Guest;
use crate::dashboard::between;
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn a_filter_that_makes_no_sense_says_so_beside_its_field_in_the_readers_language() {
    let guest = Guest::come_in().await;
    for (query, field, english, german) in [
        (
            "event_type=order+paid",
            "event_type",
            "must be letters, digits",
            "muss aus Buchstaben",
        ),
        (
            "event_type=*.paid",
            "event_type",
            "must be an event type, a prefix",
            "muss ein Ereignistyp sein",
        ),
        (
            "last=9y",
            "last",
            "must be 1h, 24h, 7d, 30d, or absent",
            "muss 1h, 24h, 7d, 30d sein oder fehlen",
        ),
        (
            "webhook_id=mine",
            "webhook_id",
            "no webhook is called so",
            "so heißt kein Webhook",
        ),
    ] {
        for (language, words) in [("en", english), ("de", german)] {
            let path = format!("/portal/deliveries?status=delivered&{query}");
            let call = guest
                .app
                .anonymous(Method::GET, &path)
                .header("cookie", &guest.cookie);
            let answer = call.header("accept-language", language).send().await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
            let said = between(&answer.text, "id=\"amiss\"", "</p>");
            assert!(
                said.contains(&format!("<strong>{field}</strong> {words}")),
                "{said}"
            );
            // The field says which it is, what was chosen stays, and the way on is there.
            let marked = between(&answer.text, &format!("name=\"{field}\""), ">");
            assert!(marked.contains("aria-invalid=\"true\""), "{marked}");
            let kept = "name=\"status\" value=\"delivered\"";
            assert!(
                answer.text.contains(kept) && answer.text.contains("<nav"),
                "{}",
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn a_figure_of_a_day_leads_to_the_deliveries_of_that_day() {
    let guest = Guest::come_in().await;
    let receiver = Receiver::start().await;
    let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "consumer": "acme"});
    let made = guest.app.post("/api/v1/webhooks", &hook).await;
    let id = made.json(StatusCode::CREATED)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let event = json!({"type": "order.paid", "data": {}, "consumer": "acme"});
    guest
        .app
        .post("/api/v1/events", &event)
        .await
        .json(StatusCode::ACCEPTED);
    let done = |list: &serde_json::Value| list["data"].as_array().unwrap().len() == 1;
    guest
        .app
        .poll("/api/v1/deliveries?status=delivered", done)
        .await;
    for (page, address) in [
        (
            "/portal".to_owned(),
            "/portal/deliveries?last=24h&tests=counted".to_owned(),
        ),
        (
            format!("/portal/webhooks/{id}"),
            format!("/portal/deliveries?webhook_id={id}&last=24h&tests=counted"),
        ),
    ] {
        let shown = guest.get(&page).await;
        let link = format!("<a href=\"{}\">100 %</a>", address.replace('&', "&amp;"));
        assert!(shown.contains(&link), "{shown}");
        let list = guest.get(&address).await;
        assert!(list.contains("order.paid"), "{list}");
        assert!(
            list.contains("<option value=\"24h\" selected>last 24 hours"),
            "{list}"
        );
    }
    // A day later it is not in it.
    let later = Clock::System.now().after(Duration::from_secs(25 * 3600));
    let app = guest.app.restart(Clock::manual(later)).await;
    let guest = Guest::come_to(app, &["view"]).await;
    let list = guest.get("/portal/deliveries?last=24h").await;
    assert!(list.contains("No delivery matches"), "{list}");
    let list = guest.get("/portal/deliveries?last=7d").await;
    assert!(list.contains("order.paid"), "{list}");
}

/// Sixty webhooks of `acme`; the oldest two are called alike, and one of these gives up.
async fn sixty(guest: &Guest) -> (Receiver, Vec<String>) {
    let receiver = Receiver::start().await;
    let mut ids = Vec::new();
    for n in 0..60 {
        let (label, types) = match n {
            0 => ("Corner shop".to_owned(), "order.paid"),
            1 => ("Corner store".to_owned(), "none"),
            _ => (format!("Branch {n:02}"), "none"),
        };
        let hook = json!({"url": receiver.url("/"), "event_types": [types], "consumer": "acme",
            "label": label, "retry_policy": {"delays": []}});
        let made = guest.app.post("/api/v1/webhooks", &hook).await;
        let made = made.json(StatusCode::CREATED);
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    receiver.answer(Reply::status(500));
    let event = json!({"type": "order.paid", "data": {}, "consumer": "acme"});
    let accepted = guest.app.post("/api/v1/events", &event).await;
    accepted.json(StatusCode::ACCEPTED);
    let dead = |list: &serde_json::Value| list["data"].as_array().unwrap().len() == 1;
    guest.app.poll("/api/v1/dead-letters", dead).await;
    (receiver, ids)
}

#[tokio::test]
async fn among_many_webhooks_the_failing_one_comes_first_and_any_is_found_by_its_name() {
    let guest = Guest::come_in().await;
    let (_receiver, ids) = sixty(&guest).await;
    let page = guest.get("/portal/webhooks").await;
    let first = between(&page, "<tbody>", "</tr>");
    assert!(first.contains(&ids[0]), "{first}");
    let tabs = between(&page, "<nav class=\"tabs\"", "</nav>");
    for (word, count) in [
        ("all", 60),
        ("needs attention", 1),
        ("failing", 1),
        ("active", 59),
    ] {
        let tab = format!("{word} <span class=\"n soft\">{count}<");
        assert!(tabs.contains(&tab), "{word}: {tabs}");
    }
    let rows = |page: &str| page.matches("href=\"/portal/webhooks/wh_").count();
    let failing = guest.get("/portal/webhooks?state=failing").await;
    assert_eq!(rows(&failing), 1, "{failing}");
    let found = guest.get("/portal/webhooks?q=corner").await;
    assert_eq!(rows(&found), 2, "{found}");
    // Every one of them is on some page.
    let mut all = std::collections::BTreeSet::new();
    for number in 1..=3 {
        let page = guest.get(&format!("/portal/webhooks?page={number}")).await;
        all.extend(ids.iter().filter(|id| page.contains(*id)).cloned());
    }
    assert_eq!(all.len(), 60);
    let amiss = guest
        .ask(Method::GET, "/portal/webhooks?state=asleep")
        .await;
    assert_eq!(amiss.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(amiss.text.contains("<nav class=\"tabs\""), "{}", amiss.text);
    // Deliveries are narrowed to one that is not among the newest fifty.
    let by_name = guest
        .ask(Method::GET, "/portal/deliveries?webhook_id=corner+shop")
        .await;
    let place = by_name.header("location").to_owned();
    assert_eq!(place, format!("/portal/deliveries?webhook_id={}", ids[0]));
    let narrowed = guest.get(&place).await;
    let field = format!("name=\"webhook_id\" value=\"Corner shop {}\"", ids[0]);
    assert!(
        narrowed.contains(&field) && narrowed.contains("order.paid"),
        "{narrowed}"
    );
    let again = format!("/portal/deliveries?webhook_id=Corner+shop+{}", ids[0]);
    assert!(guest.get(&again).await.contains("order.paid"));
    let several = guest
        .ask(Method::GET, "/portal/deliveries?webhook_id=corner")
        .await;
    assert_eq!(several.status, StatusCode::UNPROCESSABLE_ENTITY);
    let said = between(&several.text, "id=\"amiss\"", "<section");
    assert!(said.contains("fits 2 webhooks"), "{said}");
    for id in &ids[..2] {
        assert!(said.contains(&format!("webhook_id={id}")), "{said}");
    }
}

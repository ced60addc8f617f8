//! What a customer narrows the list of its deliveries to, and how it is told that this makes no sense.

use std::time::Duration;

use hookpost::clock::Clock;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::Guest;
use crate::dashboard::between;
use crate::receiver::Receiver;

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
            "must be a webhook&#39;s id",
            "muss die Kennung eines Webhooks sein",
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
            "/portal/deliveries?last=24h".to_owned(),
        ),
        (
            format!("/portal/webhooks/{id}"),
            format!("/portal/deliveries?webhook_id={id}&last=24h"),
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

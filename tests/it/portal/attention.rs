//! What a customer's overview says needs somebody: the same webhooks as the dashboard's.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Guest;
use crate::dashboard::between;
use crate::receiver::{Receiver, Reply};

impl Guest {
    /// A webhook of the customer that is called so, gives up at once, and answers with this.
    async fn hook(&self, label: &str, statuses: &[u16]) -> (String, Receiver) {
        let receiver = Receiver::start().await;
        receiver.script(statuses.iter().map(|status| Reply::status(*status)));
        let hook = json!({"url": receiver.url("/"), "event_types": ["*"], "label": label,
            "consumer": "acme", "retry_policy": {"delays": []}});
        let made = self.app.post("/api/v1/webhooks", &hook).await;
        let id = made.json(StatusCode::CREATED)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        (id, receiver)
    }

    async fn turn(&self, id: &str, how: &str) {
        let path = format!("/api/v1/webhooks/{id}/{how}");
        self.app.post(&path, &json!({})).await.json(StatusCode::OK);
    }
}

/// Newer webhooks than the failing one, more than one look at the newest would see.
const NEWER: usize = 205;

#[tokio::test]
async fn what_fails_is_told_first_however_many_newer_webhooks_there_are() {
    let guest = Guest::come_in().await;
    let (_, _failing) = guest.hook("Oldest", &[500, 500]).await;
    let dead = async |count: usize| {
        let event = json!({"type": "order.paid", "data": {}, "consumer": "acme"});
        let accepted = guest.app.post("/api/v1/events", &event).await;
        accepted.json(StatusCode::ACCEPTED);
        let all = move |list: &Value| list["data"].as_array().unwrap().len() == count;
        guest.app.poll("/api/v1/dead-letters", all).await;
    };
    dead(1).await;
    for number in 0..NEWER {
        let types = if number < 8 { "*" } else { "none.of.these" };
        let nobody = json!({"url": super::nobody(), "event_types": [types], "consumer": "acme",
            "label": format!("Newer {number}"), "retry_policy": {"delays": []}});
        let made = guest.app.post("/api/v1/webhooks", &nobody).await;
        made.json(StatusCode::CREATED);
    }
    dead(10).await;
    let page = guest.get("/portal").await;
    let attention = between(&page, "Needs attention", "</section>");
    let first = between(attention, "class=\"open main\"", "</a>");
    assert!(first.ends_with("Oldest"), "{attention}");
    let further = "<a href=\"/portal/webhooks?state=attention\">and 1 more</a>";
    assert!(attention.contains(further), "{attention}");
}

#[tokio::test]
async fn what_a_person_turned_off_or_ended_needs_nobody_and_what_gave_up_does() {
    let guest = Guest::come_in().await;
    let (turned_off, _) = guest.hook("Turned off", &[]).await;
    let (ended, _ended) = guest.hook("Ended", &[500]).await;
    let (_, _gave_up) = guest.hook("Gave up once", &[500, 200]).await;
    guest.turn(&turned_off, "disable").await;
    let event = json!({"type": "order.paid", "data": {}, "consumer": "acme"});
    let accepted = guest.app.post("/api/v1/events", &event).await;
    accepted.json(StatusCode::ACCEPTED);
    let dead = |list: &Value| list["data"].as_array().unwrap().len() == 2;
    guest.app.poll("/api/v1/dead-letters", dead).await;
    guest.turn(&ended, "revoke").await;
    let accepted = guest.app.post("/api/v1/events", &event).await;
    accepted.json(StatusCode::ACCEPTED);
    let arrived = |list: &Value| list["data"].as_array().unwrap().len() == 1;
    guest
        .app
        .poll("/api/v1/deliveries?status=delivered", arrived)
        .await;
    let page = guest.get("/portal").await;
    let attention = between(&page, "Needs attention", "</section>");
    assert!(attention.contains("Gave up once"), "{attention}");
    assert!(
        attention.contains("deliveries to it gave up"),
        "{attention}"
    );
    assert!(!attention.contains("Turned off"), "{attention}");
    assert!(!attention.contains("Ended"), "{attention}");
}

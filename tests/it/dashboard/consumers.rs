//! `/consumers`: the list, its search, and one of them.

use hookpost::domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Desk, sign_in};
use crate::portal::Guest;
use crate::receiver::{Receiver, Reply};

#[tokio::test]
async fn a_consumer_is_found_and_shown_with_what_is_its_own() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::status(410));
    let empty = desk.get("/consumers").await;
    assert!(empty.contains("No consumer yet"), "{empty}");
    for (uid, name) in [("acme-42", "Acme <b>"), ("other", "")] {
        let body = json!({"uid": uid, "name": name, "metadata": {"plan": "pro"}});
        let made = desk.app.post("/api/v1/consumers", &body).await;
        made.json(StatusCode::CREATED);
        let body = json!({"url": receiver.url("/"), "event_types": ["*"],
            "label": format!("hook of {uid}"), "consumer": uid});
        let made = desk.app.post("/api/v1/webhooks", &body).await;
        made.json(StatusCode::CREATED);
        let event =
            json!({"type": format!("for.{uid}").replace('-', "_"), "data": 1, "consumer": uid});
        let sent = desk.app.post("/api/v1/events", &event).await;
        sent.json(StatusCode::ACCEPTED);
    }
    let two = |page: &serde_json::Value| page["data"].as_array().unwrap().len() == 2;
    desk.app.poll("/api/v1/dead-letters", two).await;
    let found = desk.get("/consumers?q=acme").await;
    assert!(
        found.contains("Acme &#60;b&#62;") && !found.contains("other"),
        "{found}"
    );
    assert!(
        desk.get("/consumers?q=nobody")
            .await
            .contains("No consumer matches")
    );
    let shown = desk.get("/consumers/acme-42").await;
    for part in ["hook of acme-42", "for.acme_42", "410", "<dd>pro</dd>"] {
        assert!(shown.contains(part), "{part} is missing: {shown}");
    }
    assert!(!shown.contains("hook of other"), "{shown}");
    let own = desk.get("/webhooks?consumer=acme-42").await;
    assert!(
        own.contains("hook of acme-42") && !own.contains("hook of other"),
        "{own}"
    );
    let none = desk.get("/webhooks?consumer=nobody").await;
    assert!(none.contains("No webhook matches"), "{none}");
    for list in ["deliveries", "dead-letters", "events"] {
        let page = desk.get(&format!("/{list}?consumer=acme-42")).await;
        assert!(
            page.contains("for.acme_42") && !page.contains("for.other"),
            "{list}: {page}"
        );
    }
}

#[tokio::test]
async fn ending_all_portal_links_asks_first_and_then_puts_visitors_out() {
    let Guest { app, cookie: visit } = Guest::come_in().await;
    let cookie = sign_in(&app, "ada@example.com", Role::Operator).await;
    let desk = Desk { app, cookie };
    let path = "/consumers/acme/portal-links/end";
    let looks = async || {
        let call = desk.app.anonymous(Method::GET, "/portal");
        call.header("cookie", &visit).send().await.status
    };
    let asked = desk.post(path, &[]).await;
    assert!(
        asked.text.contains("End all portal links of Acme?"),
        "{}",
        asked.text
    );
    assert_eq!(looks().await, StatusCode::OK);
    let ended = desk.post(path, &[("confirmed", "yes")]).await;
    let (_, page) = desk.follow(&ended).await;
    assert!(page.contains("All portal links have ended"), "{page}");
    assert_eq!(looks().await, StatusCode::UNAUTHORIZED);
}

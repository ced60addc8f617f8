//! `/`, `/events` and `/event-types`

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Desk, between};
use crate::portal::Guest;
use crate::receiver::Receiver;

/// What a text area holds, as a browser reads it.
fn unescaped(html: &str) -> String {
    let [quote, apostrophe] = [html.replace("&#34;", "\""), "&#39;".to_owned()];
    let text = quote.replace(&apostrophe, "'");
    let text = text.replace("&#60;", "<").replace("&#62;", ">");
    text.trim_start_matches('\n').replace("&#38;", "&")
}

#[tokio::test]
async fn the_overview_leads_through_the_first_steps_and_then_shows_how_it_goes() {
    let desk = Desk::open().await;
    let page = desk.get("/").await;
    assert!(
        page.contains("1. Register a webhook") && page.contains("YOUR_API_KEY"),
        "{page}"
    );
    let fields = [
        ("name", "First steps"),
        ("scope", "events:write"),
        ("first", "1"),
    ];
    let (place, page) = desk.follow(&desk.post("/api-keys", &fields).await).await;
    let key = between(&page, "Bearer ", "&#39;").to_owned();
    assert!(place == "/" && key.starts_with("hpk_"), "{place} {page}");
    assert!(!desk.get("/").await.contains(&key), "it was shown twice");
    let receiver = Receiver::start().await;
    let body = json!({"url": receiver.url("/"), "event_types": ["*"]});
    desk.app
        .post("/api/v1/webhooks", &body)
        .await
        .json(StatusCode::CREATED);
    let publish = desk.app.anonymous(Method::POST, "/api/v1/events");
    let publish = publish
        .bearer(&key)
        .header("content-type", "application/json");
    let published = publish.body(r#"{"type": "a.b", "data": 1}"#).send().await;
    published.json(StatusCode::ACCEPTED);
    let done = |list: &serde_json::Value| !list["data"].as_array().unwrap().is_empty();
    desk.app
        .poll("/api/v1/deliveries?status=delivered", done)
        .await;
    let page = desk.get("/").await;
    let check = page
        .split("href=\"")
        .find(|rest| rest.contains("/check?delivery="));
    let check = check.unwrap().split('"').next().unwrap();
    let form = desk.get(check).await;
    let sent = between(&form, "name=\"headers\"", "</textarea>");
    let headers = unescaped(sent.split_once('>').unwrap().1);
    let body = between(&form, "name=\"body\"", "</textarea>");
    let body = unescaped(body.split_once('>').unwrap().1);
    let forged = [("headers", headers.as_str()), ("body", "{}")];
    let place = check.split('?').next().unwrap();
    let answer = desk.post(place, &forged).await;
    assert!(answer.text.contains("Not genuine"), "{}", answer.text);
    assert!(desk.get("/").await.contains("Five steps"));
    let genuine = [("headers", headers.as_str()), ("body", body.as_str())];
    let answer = desk.post(place, &genuine).await;
    assert!(answer.text.contains("Genuine: "), "{}", answer.text);
    for period in ["1h", "24h", "7d", "30d"] {
        let page = desk.get(&format!("/?period={period}")).await;
        assert!(
            page.contains("All is well") && !page.contains("Five steps"),
            "{page}"
        );
        assert!(page.contains("Outcomes over time: 1 delivered\""), "{page}");
    }
    let bad = desk.ask(Method::GET, "/?period=9y").await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    let said = between(&bad.text, "id=\"amiss\"", "</p>");
    assert!(said.contains("must be 1h, 24h, 7d or 30d"), "{said}");
}

#[tokio::test]
async fn an_event_is_published_found_explained_and_replayed() {
    let desk = Desk::open().await;
    let receiver = Receiver::start().await;
    let webhook = async |label: &str, types: &str, active: bool| {
        let body = json!({"url": receiver.url("/"), "event_types": [types], "label": label,
            "active": active});
        desk.app
            .post("/api/v1/webhooks", &body)
            .await
            .json(StatusCode::CREATED);
    };
    webhook("gets it", "*", true).await;
    webhook("asleep", "order.*", false).await;
    webhook("elsewhere", "user.*", true).await;
    let data = "{\"note\": \"<script>\"}";
    let fields = [("type", "order.paid"), ("data", data), ("id", "mine-1")];
    let answer = desk.post("/events", &fields).await;
    let (place, page) = desk.follow(&answer).await;
    assert_eq!(place, "/events/mine-1");
    for shown in [
        "Published, with 1 delivery",
        "gets it",
        "missed: a person disabled it",
        "does not subscribe to this type",
        "&#60;script&#62;",
    ] {
        assert!(page.contains(shown), "no {shown} in {page}");
    }
    assert!(!page.contains("<script>"));
    let found = desk.ask(Method::GET, "/events?id=mine-1").await;
    assert_eq!(found.header("location"), "/events/mine-1");
    let none = desk.get("/events?id=mine-2").await;
    assert!(none.contains("No event here has the id"), "{none}");
    assert!(desk.get("/events?type=order.paid").await.contains("mine-1"));
    receiver.wait_for(1).await;
    let answer = desk.post("/events/mine-1/replay", &[]).await;
    let (_, page) = desk.follow(&answer).await;
    assert!(page.contains("Replayed: 1 delivery"), "{page}");
    receiver.wait_for(2).await;
}

#[tokio::test]
async fn data_that_is_no_json_or_breaks_its_schema_is_kept_and_explained() {
    let desk = Desk::open().await;
    let fields = [
        ("name", "order.paid"),
        ("schema", "{\"type\": \"object\", \"required\": [\"id\"]}"),
        ("example", "{\"id\": 7}"),
    ];
    let answer = desk.post("/event-types", &fields).await;
    assert!(desk.follow(&answer).await.1.contains("order.paid"));
    let form = desk.get("/events/new?type=order.paid").await;
    assert!(form.contains("&#34;id&#34;: 7"), "{form}");
    for (data, words) in [("{oops", "is not JSON"), ("{}", "required")] {
        let answer = desk
            .post("/events", &[("type", "order.paid"), ("data", data)])
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{data}");
        assert!(answer.text.contains(words), "{}", answer.text);
        assert!(answer.text.contains(data), "{}", answer.text);
    }
    let fields = [("schema", "{\"type\": 5}"), ("description", "Kept")];
    let answer = desk.post("/event-types/order.paid", &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("value=\"Kept\"") && answer.text.contains("schema-fault"));
    let delete = "/event-types/order.paid/delete";
    let asked = desk.post(delete, &[]).await.text;
    assert!(
        asked.contains("Remove order.paid?") && asked.contains("0 webhooks"),
        "{asked}"
    );
    let answer = desk.post(delete, &[("confirmed", "yes")]).await;
    let (_, page) = desk.follow(&answer).await;
    assert!(page.contains("The catalogue is empty"), "{page}");
}

/// More than a form has room for.
const MANY_TYPES: usize = 260;

#[tokio::test]
async fn forms_say_how_many_event_types_they_do_not_offer() {
    let desk = Desk::open().await;
    for number in 0..MANY_TYPES {
        let kind = json!({"name": format!("shop.department.kind_{number:03}"), "description": "d".repeat(80)});
        let made = desk.app.post("/api/v1/event-types", &kind).await;
        made.json(StatusCode::CREATED);
    }
    let Desk { app, cookie } = desk;
    let guest = Guest::come_to(app, &["view", "manage"]).await;
    let portal = guest.get("/portal/webhooks/new").await;
    let Guest { app, .. } = guest;
    let desk = Desk { app, cookie };
    let pages = [
        desk.get("/webhooks/new").await,
        desk.get("/events/new").await,
        portal,
    ];
    for page in pages {
        let offered = (0..MANY_TYPES).filter(|number| {
            let name = format!("shop.department.kind_{number:03}");
            page.contains(&format!("\"{name}\"")) || page.contains(&format!(">{name}</a>"))
        });
        let left_out = MANY_TYPES - offered.count();
        assert!(left_out > 0 && left_out < MANY_TYPES, "{page}");
        assert!(
            page.contains(&format!("and {left_out} more")),
            "{left_out}: {page}"
        );
    }
}

/// The count of who pins a version leads to who that is.
async fn assert_pinned(desk: &Desk, link: &str, id: &str) {
    let page = desk.get("/event-types/order.paid").await;
    assert!(
        page.contains(&format!("href=\"{link}#pinned\">1</a>")),
        "{page}"
    );
    let pinned = desk.get(link).await;
    let pinned = between(&pinned, "id=\"pinned\"", "</section>");
    assert!(
        pinned.contains(&format!("href=\"/webhooks/{id}\"")),
        "{pinned}"
    );
}

#[tokio::test]
async fn a_version_is_added_pinned_ended_and_removed() {
    let desk = Desk::open().await;
    desk.post("/event-types", &[("name", "order.paid")]).await;
    let fields = [
        ("schema", "{\"required\": [\"price\"]}"),
        ("description", "With a price"),
    ];
    let answer = desk.post("/event-types/order.paid/versions", &fields).await;
    let (_, page) = desk.follow(&answer).await;
    let link = "/event-types/order.paid/versions/1";
    assert!(
        page.contains(link) && page.contains("With a price"),
        "{page}"
    );
    let wrong = [("version", "a b"), ("description", "Kept")];
    let answer = desk.post("/event-types/order.paid/versions", &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("version-fault") && answer.text.contains("value=\"Kept\""));

    let hook = [
        ("url", "https://example.com/hook"),
        ("event_types", "*"),
        ("pinned_versions", "order.paid 9"),
    ];
    let answer = desk.post("/webhooks", &hook).await;
    assert!(
        answer.text.contains("9 is not a version of order.paid"),
        "{}",
        answer.text
    );
    let hook = [hook[0], hook[1], ("pinned_versions", "order.paid 1")];
    let made = desk.post("/webhooks", &hook).await;
    desk.follow(&made).await;
    let hooks = desk.app.get("/api/v1/webhooks").await.json(StatusCode::OK);
    let id = hooks["data"][0]["id"].as_str().unwrap();
    assert_eq!(hooks["data"][0]["pinned_versions"]["order.paid"], "1");
    let form = desk.get(&format!("/webhooks/{id}/edit")).await;
    assert!(form.contains("order.paid 1"), "{form}");
    assert_pinned(&desk, link, id).await;

    let event = [
        ("type", "order.paid"),
        ("version", "1"),
        ("data", "{\"price\": 2}"),
    ];
    let answer = desk.post("/events", &event).await;
    let (_, page) = desk.follow(&answer).await;
    assert!(page.contains("<dt>Version</dt><dd>1</dd>"), "{page}");

    let delete = format!("{link}/delete");
    assert!(
        desk.post(&delete, &[])
            .await
            .text
            .contains("Remove version 1")
    );
    let answer = desk.post(&delete, &[("confirmed", "yes")]).await;
    let (_, page) = desk.follow(&answer).await;
    assert!(page.contains("pinned by webhooks"), "{page}");
    let answer = desk.post(link, &[("archived", "on")]).await;
    let (_, page) = desk.follow(&answer).await;
    assert!(page.contains("archived"), "{page}");
    let path = format!("/api/v1/webhooks/{id}");
    desk.app
        .patch(&path, &json!({"pinned_versions": null}))
        .await;
    let answer = desk.post(&delete, &[("confirmed", "yes")]).await;
    let (_, page) = desk.follow(&answer).await;
    assert!(page.contains("Version 1 was removed"), "{page}");
}

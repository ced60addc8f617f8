//! `/api/v1/event-types/{name}/versions`, and what pins do.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::Receiver;

const EVENTS: &str = "/api/v1/events";
const TYPE: &str = "/api/v1/event-types/order.paid";
const TYPES: &str = "/api/v1/event-types";
const VERSIONS: &str = "/api/v1/event-types/order.paid/versions";
const WEBHOOKS: &str = "/api/v1/webhooks";

/// With an event type whose version 1 holds a price, and version 2 an amount.
async fn shop() -> TestApp {
    let app = TestApp::start().await;
    let own = json!({"name": "order.paid", "schema": {"required": ["old"]}});
    app.post(TYPES, &own).await.json(StatusCode::CREATED);
    for (version, needed) in [(json!(1), "price"), (json!("2"), "amount")] {
        let body = json!({"version": version, "description": format!("with {needed}"),
            "schema": {"type": "object", "required": [needed]}, "example": {needed: 1}});
        let made = app.post(VERSIONS, &body).await.json(StatusCode::CREATED);
        for member in ["description", "schema", "example"] {
            assert_eq!(made[member], body[member], "{member}");
        }
        assert_eq!(
            (&made["archived"], &made["pinned_by"]),
            (&json!(false), &json!(0))
        );
    }
    app
}

async fn webhook(app: &TestApp, receiver: &Receiver, pins: Value) -> Value {
    let body = json!({"url": receiver.url("/"), "event_types": ["*"], "pinned_versions": pins});
    app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED)
}

fn names(page: &Value) -> Vec<&str> {
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|one| one["version"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn versions_are_added_listed_read_ended_and_removed() {
    let app = shop().await;
    let page = app.get(VERSIONS).await.json(StatusCode::OK);
    assert_eq!(names(&page), ["2", "1"]);
    let first = app
        .get(&format!("{VERSIONS}?limit=1"))
        .await
        .json(StatusCode::OK);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = app.get(&format!("{VERSIONS}?cursor={cursor}")).await;
    assert_eq!(names(&rest.json(StatusCode::OK)), ["1"]);
    let next = app
        .post(VERSIONS, &json!({}))
        .await
        .json(StatusCode::CREATED);
    assert_eq!(next["version"], "3", "the next number where none is named");
    app.post(VERSIONS, &json!({"version": "3"}))
        .await
        .problem(409, "conflict");

    let path = format!("{VERSIONS}/3");
    assert_eq!(app.get(&path).await.json(StatusCode::OK), next);
    assert_eq!(
        app.get(TYPE).await.json(StatusCode::OK)["latest_version"],
        "3"
    );
    let ended = app
        .put(&path, &json!({"archived": true}))
        .await
        .json(StatusCode::OK);
    assert_eq!(
        (&ended["version"], &ended["archived"]),
        (&json!("3"), &json!(true))
    );
    assert_eq!(
        app.get(TYPE).await.json(StatusCode::OK)["latest_version"],
        "2"
    );
    app.put(
        &format!("{VERSIONS}/2026-03-16"),
        &json!({"version": "2026-03-16"}),
    )
    .await
    .json(StatusCode::CREATED);
    assert_eq!(app.delete(&path).await.status, StatusCode::NO_CONTENT);
    for gone in [
        &path,
        &format!("{VERSIONS}/a%20b"),
        &format!("{TYPES}/none/versions/1"),
    ] {
        app.get(gone).await.problem(404, "not_found");
        app.delete(gone).await.problem(404, "not_found");
    }
    app.get(&format!("{TYPES}/none/versions"))
        .await
        .problem(404, "not_found");
    app.post(&format!("{TYPES}/none/versions"), &json!({}))
        .await
        .problem(404, "not_found");
    assert_eq!(app.delete(TYPE).await.status, StatusCode::NO_CONTENT);
    app.get(VERSIONS).await.problem(404, "not_found");
}

#[tokio::test]
async fn bad_versions_are_refused_with_the_field() {
    let app = shop().await;
    for (body, field) in [
        (json!({"version": "a b"}), "version"),
        (json!({"version": ""}), "version"),
        (json!({"version": "x".repeat(65)}), "version"),
        (json!({"description": "x".repeat(1001)}), "description"),
        (json!({"schema": {"type": 1}}), "schema"),
        (
            json!({"schema": {"required": ["a"]}, "example": {}}),
            "example",
        ),
    ] {
        app.post(VERSIONS, &body).await.invalid(field);
    }
    app.put(&format!("{VERSIONS}/1"), &json!({"version": "2"}))
        .await
        .invalid("version");
    let page = app.get(VERSIONS).await.json(StatusCode::OK);
    assert_eq!(names(&page), ["2", "1"]);
}

#[tokio::test]
async fn an_event_fits_the_schema_of_its_version_and_is_of_the_newest_if_it_names_none() {
    let app = shop().await;
    let publish = async |version: Value, data: Value| {
        let mut body = json!({"type": "order.paid", "data": data});
        if !version.is_null() {
            body["version"] = version;
        }
        app.post(EVENTS, &body).await
    };
    for (version, data, expect) in [
        (json!("1"), json!({"price": 1}), "1"),
        (json!(1), json!({"price": 1}), "1"),
        (json!("2"), json!({"amount": 1}), "2"),
        (Value::Null, json!({"amount": 1}), "2"),
    ] {
        let made = publish(version, data).await.json(StatusCode::ACCEPTED);
        assert_eq!(made["version"], expect);
        let shown = app
            .get(&format!("{EVENTS}/{}", made["id"].as_str().unwrap()))
            .await;
        assert_eq!(shown.json(StatusCode::OK)["version"], expect);
    }
    publish(json!("1"), json!({"amount": 1}))
        .await
        .invalid("data");
    publish(Value::Null, json!({"price": 1}))
        .await
        .invalid("data");
    publish(json!("3"), json!({"price": 1}))
        .await
        .invalid("version");
    publish(json!("a b"), json!({"price": 1}))
        .await
        .invalid("version");
    let other = json!({"type": "order.sent", "data": 1, "version": "1"});
    app.post(EVENTS, &other).await.invalid("version");
}

#[tokio::test]
async fn each_event_of_a_batch_has_its_own_version() {
    let app = shop().await;
    let batch = json!({"events": [
        {"type": "order.paid", "version": "1", "data": {"price": 1}},
        {"type": "order.paid", "version": "9", "data": {"price": 1}},
        {"type": "order.sent", "data": 1},
    ]});
    let done = app
        .post("/api/v1/events/batch", &batch)
        .await
        .json(StatusCode::ACCEPTED);
    assert_eq!(done["results"][0]["version"], "1");
    assert_eq!(done["results"][1]["status"], 422);
    assert_eq!(done["results"][2]["version"], Value::Null);
}

#[tokio::test]
async fn nothing_is_published_as_a_version_that_has_ended() {
    let app = shop().await;
    let publish = async |version: Value, data: Value| {
        let body = json!({"type": "order.paid", "data": data, "version": version});
        app.post(EVENTS, &body).await
    };
    app.put(&format!("{VERSIONS}/2"), &json!({"archived": true}))
        .await
        .json(StatusCode::OK);
    publish(json!("2"), json!({"amount": 1}))
        .await
        .invalid("version");
    let made = publish(Value::Null, json!({"price": 1}))
        .await
        .json(StatusCode::ACCEPTED);
    assert_eq!(made["version"], "1", "the newest that has not ended");
    app.put(&format!("{VERSIONS}/1"), &json!({"archived": true}))
        .await
        .json(StatusCode::OK);
    publish(Value::Null, json!({"price": 1}))
        .await
        .invalid("data");
    let made = publish(Value::Null, json!({"old": 1}))
        .await
        .json(StatusCode::ACCEPTED);
    assert_eq!(
        made["version"],
        Value::Null,
        "the type's own schema counts again"
    );
}

#[tokio::test]
async fn a_webhook_gets_the_version_that_it_pins_and_one_that_pins_none_gets_all() {
    let app = shop().await;
    let (any, first, second) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    webhook(&app, &any, json!(null)).await;
    let pinned = webhook(&app, &first, json!({"order.paid": "1"})).await;
    assert_eq!(pinned["pinned_versions"], json!({"order.paid": "1"}));
    webhook(&app, &second, json!({"order.paid": 2})).await;
    let publish = async |body: Value, reached: u32| {
        let made = app.post(EVENTS, &body).await.json(StatusCode::ACCEPTED);
        assert_eq!(made["deliveries"], reached, "{body}");
        made["id"].as_str().unwrap().to_owned()
    };
    let old = json!({"type": "order.paid", "version": "1", "data": {"price": 1}});
    let new = json!({"type": "order.paid", "data": {"amount": 1}});
    publish(old, 2).await;
    let id = publish(new, 2).await;
    publish(json!({"type": "order.sent", "data": 1}), 3).await;
    any.wait_for(3).await;
    let got = first.wait_for(2).await;
    let types = got.iter().map(|sent| sent.json()["data"].clone());
    assert_eq!(types.collect::<Vec<_>>().len(), 2);
    assert!(
        got.iter()
            .all(|sent| sent.json()["data"]["amount"].is_null())
    );
    second.wait_for(2).await;

    let shown = app
        .get(&format!("{EVENTS}/{id}"))
        .await
        .json(StatusCode::OK);
    let all = shown["webhooks"].as_array().unwrap();
    let told = all
        .iter()
        .find(|one| one["webhook_id"] == pinned["id"])
        .unwrap();
    assert_eq!(
        (&told["given"], &told["reason"]),
        (&json!(false), &json!("other_version"))
    );
    let preview = format!("{WEBHOOKS}/{}/preview", pinned["id"].as_str().unwrap());
    for (version, reason) in [
        (json!("1"), Value::Null),
        (json!("2"), json!("other_version")),
        (Value::Null, json!("other_version")),
    ] {
        let event = json!({"event": {"type": "order.paid", "data": 1, "version": version}});
        let seen = app.post(&preview, &event).await.json(StatusCode::OK);
        assert_eq!(seen["why_not"]["reason"], reason, "{version}");
    }
    let event = json!({"event": {"type": "order.paid", "version": "7"}});
    app.post(&preview, &event).await.invalid("event.version");
}

#[tokio::test]
async fn what_is_pinned_must_be_in_use_and_stays_until_it_is_pinned_no_more() {
    let app = shop().await;
    let receiver = Receiver::start().await;
    for (pins, field) in [
        (json!({"order.paid": "9"}), "pinned_versions.order.paid"),
        (json!({"order.sent": "1"}), "pinned_versions.order.sent"),
        (json!({"order.*": "1"}), "pinned_versions.order.*"),
        (json!({"order.paid": ""}), "pinned_versions.order.paid"),
    ] {
        let body = json!({"url": receiver.url("/"), "event_types": ["*"], "pinned_versions": pins});
        app.post(WEBHOOKS, &body).await.invalid(field);
    }
    let made = webhook(&app, &receiver, json!({"order.paid": "1"})).await;
    let path = format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap());
    let one = format!("{VERSIONS}/1");
    assert_eq!(app.get(&one).await.json(StatusCode::OK)["pinned_by"], 1);
    let page = app.get(VERSIONS).await.json(StatusCode::OK);
    assert_eq!(
        (&page["data"][0]["pinned_by"], &page["data"][1]["pinned_by"]),
        (&json!(0), &json!(1))
    );
    app.delete(&one).await.problem(409, "conflict");
    app.delete(TYPE).await.problem(409, "conflict");

    // Archived, it may stay pinned, but nobody else can begin to.
    app.put(&one, &json!({"archived": true}))
        .await
        .json(StatusCode::OK);
    let same = json!({"label": "other", "pinned_versions": {"order.paid": "1"}});
    app.patch(&path, &same).await.json(StatusCode::OK);
    let body = json!({"url": receiver.url("/"), "event_types": ["*"], "pinned_versions": {"order.paid": "1"}});
    app.post(WEBHOOKS, &body)
        .await
        .invalid("pinned_versions.order.paid");

    let patterns = json!({"event_types": ["order.*"]});
    let kept = app.patch(&path, &patterns).await.json(StatusCode::OK);
    assert_eq!(kept["pinned_versions"], json!({"order.paid": "1"}));
    let moved = app
        .patch(&path, &json!({"pinned_versions": {"order.paid": "2"}}))
        .await;
    assert_eq!(
        moved.json(StatusCode::OK)["pinned_versions"],
        json!({"order.paid": "2"})
    );
    assert_eq!(app.delete(&one).await.status, StatusCode::NO_CONTENT);
    let none = app
        .patch(&path, &json!({"pinned_versions": null}))
        .await
        .json(StatusCode::OK);
    assert_eq!(none["pinned_versions"], json!({}));
    assert_eq!(app.delete(TYPE).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_same_event_again_is_of_the_version_that_it_was_given_first() {
    let app = shop().await;
    let event = json!({"type": "order.paid", "id": "evt-1", "data": {"amount": 1}});
    let made = app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED);
    assert_eq!(made["version"], "2");
    app.post(VERSIONS, &json!({"version": "3"}))
        .await
        .json(StatusCode::CREATED);
    let again = app.post(EVENTS, &event).await.json(StatusCode::OK);
    assert_eq!(again["version"], "2");
    let mut other = event.clone();
    other["version"] = json!("3");
    app.post(EVENTS, &other).await.problem(409, "conflict");
    other["version"] = json!("2");
    app.post(EVENTS, &other).await.json(StatusCode::OK);
}

#[tokio::test]
async fn a_consumer_learns_how_many_of_its_own_webhooks_pin_a_version() {
    let app = shop().await;
    let receiver = Receiver::start().await;
    for uid in ["acme", "other"] {
        let consumer = json!({"uid": uid});
        app.post("/api/v1/consumers", &consumer)
            .await
            .json(StatusCode::CREATED);
        let body = json!({"url": receiver.url("/"), "event_types": ["*"], "consumer": uid,
            "pinned_versions": {"order.paid": "1"}});
        app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED);
    }
    let key = json!({"name": "theirs", "consumer": "acme", "scopes": ["events:read"]});
    let key = app
        .post("/api/v1/api-keys", &key)
        .await
        .json(StatusCode::CREATED);
    let path = format!("{VERSIONS}/1");
    let call = app
        .anonymous(Method::GET, &path)
        .bearer(key["key"].as_str().unwrap());
    assert_eq!(call.send().await.json(StatusCode::OK)["pinned_by"], 1);
    assert_eq!(app.get(&path).await.json(StatusCode::OK)["pinned_by"], 2);
}

#[tokio::test]
async fn a_poller_that_pins_a_version_keeps_only_events_of_it() {
    let app = shop().await;
    let body =
        json!({"kind": "poll", "event_types": ["order.*"], "pinned_versions": {"order.paid": "1"}});
    let made = app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED);
    for event in [
        json!({"type": "order.paid", "data": {"amount": 1}}),
        json!({"type": "order.paid", "version": 1, "data": {"price": 1}}),
    ] {
        app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED);
    }
    let path = format!("{WEBHOOKS}/{}/poll", made["id"].as_str().unwrap());
    let polled = app.get(&path).await.json(StatusCode::OK);
    let kept = polled["data"].as_array().unwrap();
    assert_eq!(kept.len(), 1, "{polled}");
    assert_eq!(kept[0]["data"], json!({"price": 1}));
}

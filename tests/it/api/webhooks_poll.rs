//! Webhooks of kind `poll`: what their receivers fetch.

use std::time::{Duration, Instant};

use hookpost::clock::Clock;
use hookpost::domain::time::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::receiver::Receiver;

const WEBHOOKS: &str = "/api/v1/webhooks";
const EVENTS: &str = "/api/v1/events";

async fn polled(app: &TestApp, more: Value) -> String {
    let mut body = json!({"kind": "poll", "event_types": ["order.*"]});
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    let made = app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED);
    assert_eq!(
        (&made["kind"], &made["url"]),
        (&json!("poll"), &Value::Null)
    );
    assert!(made.get("secret").is_none(), "{made:#}");
    format!("{WEBHOOKS}/{}", made["id"].as_str().unwrap())
}

async fn publish(app: &TestApp, id: &str, data: Value) -> Value {
    let event = json!({"type": "order.paid", "id": id, "data": data});
    app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED)
}

async fn fetch(app: &TestApp, webhook: &str, query: &str) -> Value {
    let path = format!("{webhook}/poll?{query}");
    app.get(&path).await.json(StatusCode::OK)
}

async fn ack(app: &TestApp, webhook: &str, body: Value) -> Value {
    let path = format!("{webhook}/ack");
    app.post(&path, &body).await.json(StatusCode::OK)
}

fn ids(page: &Value) -> Vec<&str> {
    let items = page["data"].as_array().unwrap().iter();
    items.map(|one| one["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_reader_gets_what_it_has_not_acknowledged_in_order_also_after_a_restart() {
    let mut app = TestApp::start().await;
    let hook = polled(&app, json!({"filter": {"data.n": {"$gte": 0}}})).await;
    let other = json!({"type": "user.made", "data": {"n": 1}});
    app.post(EVENTS, &other).await.json(StatusCode::ACCEPTED);
    for (id, n) in [("a", 1), ("b", 2), ("unfit", -1), ("c", 3)] {
        let made = publish(&app, id, json!({"n": n})).await;
        assert_eq!(made["deliveries"], 0);
    }
    let page = fetch(&app, &hook, "").await;
    assert_eq!(ids(&page), ["a", "b", "c"]);
    assert_eq!(page["has_more"], false);
    let first = &page["data"][0];
    assert_eq!(
        (&first["type"], &first["data"]),
        (&json!("order.paid"), &json!({"n": 1}))
    );
    assert_eq!(fetch(&app, &hook, "").await, page);
    let part = fetch(&app, &hook, "limit=2").await;
    assert_eq!(
        (ids(&part), &part["has_more"]),
        (vec!["a", "b"], &json!(true))
    );
    assert_eq!(part["next_cursor"], part["data"][1]["cursor"]);
    let further = format!("cursor={}", part["next_cursor"].as_str().unwrap());
    assert_eq!(ids(&fetch(&app, &hook, &further).await), ["c"]);
    let stands = ack(&app, &hook, json!({"cursor": part["next_cursor"]})).await;
    assert_eq!(
        (&stands["consumer"], &stands["cursor"]),
        (&json!("default"), &part["next_cursor"])
    );
    // A late acknowledgement of what lies before changes nothing.
    let late = ack(&app, &hook, json!({"cursor": part["data"][0]["cursor"]})).await;
    assert_eq!(late["cursor"], part["next_cursor"]);
    assert_eq!(ids(&fetch(&app, &hook, "").await), ["c"]);
    assert_eq!(
        ids(&fetch(&app, &hook, "consumer=audit").await),
        ["a", "b", "c"]
    );
    let whole = json!({"cursor": page["next_cursor"], "consumer": "audit"});
    ack(&app, &hook, whole).await;
    app = app.restart(Clock::System).await;
    assert_eq!(ids(&fetch(&app, &hook, "").await), ["c"]);
    let empty = fetch(&app, &hook, "consumer=audit").await;
    assert_eq!(
        (ids(&empty), &empty["next_cursor"]),
        (vec![], &page["next_cursor"])
    );
    publish(&app, "d", json!({"n": 4})).await;
    assert_eq!(ids(&fetch(&app, &hook, "consumer=audit").await), ["d"]);
    let known = app.get(&format!("{hook}/poll/consumers")).await;
    let known = known.json(StatusCode::OK);
    let of = |at: usize| {
        (
            known["data"][at]["consumer"].clone(),
            known["data"][at]["unread"].clone(),
        )
    };
    assert_eq!(
        [of(0), of(1)],
        [(json!("audit"), json!(1)), (json!("default"), json!(2))]
    );
    let event = app.get(&format!("{EVENTS}/a")).await.json(StatusCode::OK);
    assert_eq!(event["webhooks"][0]["given"], true, "{event:#}");
}

#[tokio::test]
async fn a_place_goes_back_by_seeking_only_and_a_forgotten_reader_begins_anew() {
    let app = TestApp::start().await;
    let hook = polled(&app, json!({})).await;
    publish(&app, "a", json!(1)).await;
    publish(&app, "b", json!(2)).await;
    let page = fetch(&app, &hook, "").await;
    ack(&app, &hook, json!({"cursor": page["next_cursor"]})).await;
    let seek = async |body: Value| {
        let path = format!("{hook}/poll/seek");
        app.post(&path, &body).await.json(StatusCode::OK)
    };
    let created = page["data"][0]["created_at"].as_str().unwrap();
    seek(json!({"since": created})).await;
    assert_eq!(ids(&fetch(&app, &hook, "").await), ["a", "b"]);
    seek(json!({"since": "2999-01-01T00:00:00Z"})).await;
    assert!(ids(&fetch(&app, &hook, "").await).is_empty());
    seek(json!({"cursor": page["data"][0]["cursor"]})).await;
    assert_eq!(ids(&fetch(&app, &hook, "").await), ["b"]);
    let own = format!("{hook}/poll/consumers/default");
    assert_eq!(app.delete(&own).await.status, StatusCode::NO_CONTENT);
    app.delete(&own).await.problem(404, "not_found");
    assert_eq!(ids(&fetch(&app, &hook, "").await), ["a", "b"]);
}

#[tokio::test]
async fn who_waits_is_answered_by_the_next_event_and_else_when_the_time_is_over() {
    let app = TestApp::start().await;
    let hook = polled(&app, json!({})).await;
    let begun = Instant::now();
    let page = fetch(&app, &hook, "wait=300ms").await;
    assert!(ids(&page).is_empty() && begun.elapsed() >= Duration::from_millis(300));
    let begun = Instant::now();
    let (page, _) = tokio::join!(
        fetch(&app, &hook, "wait=9s"),
        publish(&app, "a", json!({"n": 1}))
    );
    assert_eq!(ids(&page), ["a"]);
    assert!(begun.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn the_template_makes_the_body_and_one_that_fails_loses_no_event() {
    let app = TestApp::start().await;
    let template = json!({"text": "{{ /data/name }} ({{ /id }})", "n": "{{ /data/n }}"});
    let hook = polled(&app, json!({"template": template})).await;
    publish(&app, "a", json!({"name": "Ada", "n": 1})).await;
    publish(&app, "b", json!({"n": 1})).await;
    let page = fetch(&app, &hook, "").await;
    let (good, bad) = (&page["data"][0], &page["data"][1]);
    assert_eq!(good["body"], json!({"text": "Ada (a)", "n": 1}));
    assert!(good.get("data").is_none());
    assert_eq!(bad["id"], "b");
    assert!(
        bad["error"].as_str().unwrap().contains("/data/name"),
        "{bad:#}"
    );
    let changed = json!({"template": null});
    app.patch(&hook, &changed).await.json(StatusCode::OK);
    publish(&app, "c", json!(3)).await;
    let page = fetch(&app, &hook, "").await;
    // What was kept before keeps its shape.
    assert_eq!(page["data"][0]["body"]["text"], "Ada (a)");
    assert_eq!(page["data"][2]["data"], 3);
}

#[tokio::test]
async fn what_a_disabled_webhook_missed_can_be_recovered() {
    let app = TestApp::start().await;
    let hook = polled(&app, json!({})).await;
    let act = async |action: &str, body: Value| app.post(&format!("{hook}/{action}"), &body).await;
    act("disable", json!({})).await.json(StatusCode::OK);
    publish(&app, "missed", json!(1)).await;
    let refused = app.get(&format!("{hook}/poll?wait=5s")).await;
    refused.problem(409, "conflict");
    act("enable", json!({})).await.json(StatusCode::OK);
    publish(&app, "later", json!(2)).await;
    let recover = json!({"since": "2026-01-01T00:00:00Z", "include": ["missed"]});
    let begun = act("recover", recover).await.json(StatusCode::ACCEPTED);
    let job = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
    let job = app.poll(&job, |job| job["status"] == "done").await;
    assert_eq!((&job["total"], &job["done"]), (&json!(1), &json!(1)));
    assert_eq!(ids(&fetch(&app, &hook, "").await), ["later", "missed"]);
    let again = app
        .post(&format!("{EVENTS}/later/replay"), &json!({}))
        .await;
    assert_eq!(again.json(StatusCode::ACCEPTED)["deliveries"], 0);
    assert_eq!(
        ids(&fetch(&app, &hook, "").await),
        ["later", "missed", "later"]
    );
    act("revoke", json!({})).await.json(StatusCode::OK);
    app.get(&format!("{hook}/poll"))
        .await
        .problem(409, "revoked");
}

#[tokio::test]
async fn an_event_for_later_is_there_when_it_is_due_and_not_before() {
    let clock = Clock::manual(Timestamp::from_millis(1_773_655_500_000));
    let app = TestApp::start_at(clock.clone()).await;
    let hook = polled(&app, json!({})).await;
    for (id, delay) in [("soon", "1h"), ("never", "1h"), ("late", "2h")] {
        let event = json!({"type": "order.paid", "id": id, "data": 1, "delay": delay});
        app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED);
    }
    publish(&app, "now", json!(1)).await;
    assert_eq!(ids(&fetch(&app, &hook, "").await), ["now"]);
    let cancel = app
        .post(&format!("{EVENTS}/never/cancel"), &json!({}))
        .await;
    cancel.json(StatusCode::OK);
    let moved = app
        .patch(&format!("{EVENTS}/late"), &json!({"delay": "30m"}))
        .await;
    moved.json(StatusCode::OK);
    clock.advance(Duration::from_secs(3600));
    assert_eq!(ids(&fetch(&app, &hook, "").await), ["now", "late", "soon"]);
    app.post(&format!("{EVENTS}/late/cancel"), &json!({}))
        .await
        .problem(409, "conflict");
}

#[tokio::test]
async fn what_is_erased_is_gone_and_data_is_kept_until_every_reader_has_it() {
    let app = TestApp::start().await;
    let hook = polled(&app, json!({})).await;
    publish(&app, "erased", json!({"secret": 1})).await;
    publish(&app, "kept", json!({"n": 1})).await;
    let erased = app.delete(&format!("{EVENTS}/erased/data")).await;
    erased.json(StatusCode::OK);
    assert_eq!(ids(&fetch(&app, &hook, "").await), ["kept"]);
    let workspace = format!("/api/v1/workspaces/{}", app.default_workspace());
    let keep = json!({"keep_data": "until_delivered"});
    app.patch(&workspace, &keep).await.json(StatusCode::OK);
    let nobody = json!({"type": "user.made", "id": "nobody", "data": 1});
    app.post(EVENTS, &nobody).await.json(StatusCode::ACCEPTED);
    let is_erased = |event: &Value| !event["erased_at"].is_null();
    app.poll(&format!("{EVENTS}/nobody"), is_erased).await;
    let page = fetch(&app, &hook, "").await;
    assert_eq!(page["data"][0]["data"], json!({"n": 1}));
    ack(&app, &hook, json!({"cursor": page["next_cursor"]})).await;
    app.poll(&format!("{EVENTS}/kept"), is_erased).await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_place() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let hook = polled(&app, json!({})).await;
    for (field, value) in [
        ("url", json!(receiver.url("/"))),
        ("secret", json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
        ("headers", json!({"x-a": "b"})),
        ("auth", json!({"type": "bearer", "token": "t"})),
        ("timeout", json!("3s")),
        ("retry_policy", json!({"delays": ["1s"]})),
        ("ordered", json!(true)),
        ("method", json!("PUT")),
        ("kind", json!("pull")),
    ] {
        let mut body = json!({"kind": "poll", "event_types": ["*"]});
        body[field] = value.clone();
        app.post(WEBHOOKS, &body).await.invalid(field);
        let mut change = json!({});
        change[field] = value;
        app.patch(&hook, &change).await.invalid(field);
    }
    let no_url = json!({"kind": "push", "event_types": ["*"]});
    app.post(WEBHOOKS, &no_url).await.invalid("url");
    let label = json!({"label": "Nightly", "kind": "poll", "timeout": "10s"});
    let changed = app.patch(&hook, &label).await.json(StatusCode::OK);
    assert_eq!(changed["label"], "Nightly");
    for action in ["test", "rotate-secret", "preview"] {
        let path = format!("{hook}/{action}");
        app.post(&path, &json!({})).await.problem(409, "conflict");
    }
    for (query, field) in [
        ("wait=61s", "wait"),
        ("wait=soon", "wait"),
        ("limit=0", "limit"),
        ("limit=251", "limit"),
        ("cursor=ce_1", "cursor"),
        ("cursor=x", "cursor"),
        ("consumer=a%20b", "consumer"),
        ("since=1", "since"),
    ] {
        app.get(&format!("{hook}/poll?{query}"))
            .await
            .invalid(field);
    }
    let path = format!("{hook}/ack");
    app.post(&path, &json!({})).await.invalid("cursor");
    for cursor in ["", "ce_1", "cq_zzzzzz"] {
        let body = json!({"cursor": cursor});
        app.post(&path, &body).await.invalid("cursor");
    }
    let push = json!({"url": receiver.url("/"), "event_types": ["*"]});
    let push = app.post(WEBHOOKS, &push).await.json(StatusCode::CREATED);
    assert_eq!(push["kind"], "push");
    let push = format!("{WEBHOOKS}/{}", push["id"].as_str().unwrap());
    app.get(&format!("{push}/poll"))
        .await
        .problem(409, "conflict");
    let body = json!({"cursor": "cq_0"});
    app.post(&format!("{push}/ack"), &body)
        .await
        .problem(409, "conflict");
    let unknown = format!("{WEBHOOKS}/wh_01m7yzpc30e008000000000001/poll");
    app.get(&unknown).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_key_of_a_consumer_fetches_from_its_own_webhooks_and_no_others() {
    let app = TestApp::start().await;
    let mut keys = Vec::new();
    for uid in ["acme", "other"] {
        let consumer = json!({"uid": uid});
        app.post("/api/v1/consumers", &consumer)
            .await
            .json(StatusCode::CREATED);
        let key =
            json!({"name": uid, "consumer": uid, "scopes": ["events:read", "deliveries:write"]});
        let key = app.post("/api/v1/api-keys", &key).await;
        keys.push(
            key.json(StatusCode::CREATED)["key"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let hook = polled(&app, json!({"consumer": "acme"})).await;
    let event = json!({"type": "order.paid", "id": "own", "data": 1, "consumer": "acme"});
    app.post(EVENTS, &event).await.json(StatusCode::ACCEPTED);
    publish(&app, "platform", json!(1)).await;
    let path = format!("{hook}/poll");
    let own = app
        .anonymous(Method::GET, &path)
        .bearer(&keys[0])
        .send()
        .await;
    let page = own.json(StatusCode::OK);
    assert_eq!(ids(&page), ["own"]);
    let ack = format!("{hook}/ack");
    let body = json!({"cursor": page["next_cursor"]});
    for (key, status) in [(&keys[1], 404), (&keys[0], 200)] {
        let call = app.anonymous(Method::POST, &ack).bearer(key).json(&body);
        assert_eq!(call.send().await.status.as_u16(), status);
    }
    let other = app
        .anonymous(Method::GET, &path)
        .bearer(&keys[1])
        .send()
        .await;
    other.problem(404, "not_found");
    assert!(ids(&fetch(&app, &hook, "").await).is_empty());
}

//! Webhooks and events of consumers: who gets what.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::receiver::Receiver;

const WEBHOOKS: &str = "/api/v1/webhooks";
const EVENTS: &str = "/api/v1/events";

/// An app with consumers `a` and `b`, a webhook of each and one of the platform's own.
struct Customers {
    app: TestApp,
    receiver: Receiver,
    ids: [String; 2],
    webhooks: [String; 3],
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Customers {
    async fn meet() -> Self {
        let app = TestApp::start().await;
        let receiver = Receiver::start().await;
        let mut ids = Vec::new();
        let mut webhooks = Vec::new();
        for (uid, label) in [(Some("a"), "of a"), (Some("b"), "of b"), (None, "own")] {
            if let Some(uid) = uid {
                let made = app.post("/api/v1/consumers", &json!({"uid": uid})).await;
                ids.push(text(&made.json(StatusCode::CREATED)["id"]));
            }
            let body = json!({"url": receiver.url("/"), "event_types": ["*"],
                "label": label, "consumer": uid, "retry_policy": {"delays": []}});
            let made = app.post(WEBHOOKS, &body).await.json(StatusCode::CREATED);
            assert_eq!(made["consumer_id"], json!(uid.and(ids.last())));
            webhooks.push(text(&made["id"]));
        }
        Self {
            app,
            receiver,
            ids: ids.try_into().unwrap(),
            webhooks: webhooks.try_into().unwrap(),
        }
    }

    async fn publish(&self, consumer: Value) -> Answer {
        let body = json!({"type": "x.y", "data": 1, "consumer": consumer});
        self.app.post(EVENTS, &body).await
    }

    /// The webhooks that have a delivery of an event.
    async fn reached(&self, event: &str) -> Vec<String> {
        let found = self.app.get(&format!("{EVENTS}/{event}")).await;
        let found = found.json(StatusCode::OK);
        let of = |one: &Value| text(&one["webhook_id"]);
        let mut reached: Vec<String> = found["deliveries"]
            .as_array()
            .unwrap()
            .iter()
            .map(of)
            .collect();
        reached.sort();
        reached
    }

    async fn list(&self, path: &str) -> Vec<Value> {
        let page = self.app.get(path).await.json(StatusCode::OK);
        page["data"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn an_event_reaches_its_consumers_webhooks_and_the_platforms_own() {
    let all = Customers::meet().await;
    let [a, b, own] = &all.webhooks;
    for (consumer, expect) in [
        (json!("a"), vec![a, own]),
        (json!(all.ids[1]), vec![b, own]),
        (json!({"uid": "a"}), vec![a, own]),
        (Value::Null, vec![own]),
    ] {
        let published = all.publish(consumer.clone()).await;
        let published = published.json(StatusCode::ACCEPTED);
        assert_eq!(published["deliveries"], expect.len(), "{consumer}");
        let event = text(&published["id"]);
        let mut expect: Vec<String> = expect.into_iter().cloned().collect();
        expect.sort();
        assert_eq!(all.reached(&event).await, expect, "{consumer}");
        let shown = all.app.get(&format!("{EVENTS}/{event}")).await;
        let id = match consumer.as_str() {
            None if consumer.is_null() => Value::Null,
            Some("a") | None => json!(all.ids[0]),
            Some(_) => json!(all.ids[1]),
        };
        assert_eq!(shown.json(StatusCode::OK)["consumer_id"], id, "{consumer}");
    }
    let shown = all.app.get("/api/v1/consumers/a").await;
    assert_eq!(shown.json(StatusCode::OK)["webhooks"], 1);
}

#[tokio::test]
async fn a_consumer_that_is_not_there_is_made_with_its_first_event_or_refused() {
    let all = Customers::meet().await;
    let given = json!({"uid": "new", "name": "New", "metadata": {"plan": "pro"}});
    all.publish(given).await.json(StatusCode::ACCEPTED);
    let path = "/api/v1/consumers/new";
    let made = all.app.get(path).await.json(StatusCode::OK);
    assert_eq!(
        (&made["name"], &made["metadata"]),
        (&json!("New"), &json!({"plan": "pro"}))
    );
    all.publish(json!({"uid": "new", "name": "Other"}))
        .await
        .json(StatusCode::ACCEPTED);
    assert_eq!(all.app.get(path).await.json(StatusCode::OK), made);
    for (consumer, field) in [
        (json!("nobody"), "consumer"),
        (json!("con_01m7yzpc30e008000000000001"), "consumer"),
        (json!("a b"), "consumer"),
        (json!(7), "consumer"),
        (json!({"uid": "con_7"}), "consumer.uid"),
        (json!({"name": "New"}), "consumer.uid"),
        (
            json!({"uid": "n", "metadata": {"a": 1}}),
            "consumer.metadata.a",
        ),
        (json!({"uid": "n", "rate": 1}), "consumer.rate"),
    ] {
        all.publish(consumer).await.invalid(field);
    }
    let batch = json!({"events": [
        {"type": "x.y", "data": 1, "consumer": {"uid": "batched"}},
        {"type": "x.y", "data": 1, "consumer": "nobody"},
        {"type": "x.y", "data": 1, "consumer": "batched"},
        {"type": "not a type", "data": 1, "consumer": {"uid": "n"}},
    ]});
    let results = all.app.post("/api/v1/events/batch", &batch).await;
    let results = results.json(StatusCode::ACCEPTED);
    let statuses: Vec<&Value> = (0..4).map(|n| &results["results"][n]["status"]).collect();
    assert_eq!(statuses, [202, 422, 202, 422]);
    all.app
        .get("/api/v1/consumers/n")
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn an_id_that_was_used_for_another_consumer_is_a_conflict() {
    let all = Customers::meet().await;
    let publish = async |consumer: Value| {
        let body = json!({"type": "x.y", "data": 1, "id": "once", "consumer": consumer});
        all.app.post(EVENTS, &body).await
    };
    publish(json!("a")).await.json(StatusCode::ACCEPTED);
    for same in [json!("a"), json!(all.ids[0]), json!({"uid": "a"})] {
        publish(same).await.json(StatusCode::OK);
    }
    for other in [json!("b"), Value::Null, json!({"uid": "fresh"})] {
        publish(other).await.problem(409, "conflict");
    }
    all.app
        .get("/api/v1/consumers/fresh")
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn a_webhook_belongs_to_whom_it_was_registered_for() {
    let all = Customers::meet().await;
    let [a, _, own] = &all.webhooks;
    let change = async |id: &str, consumer: Value| {
        let path = format!("{WEBHOOKS}/{id}");
        all.app.patch(&path, &json!({"consumer": consumer})).await
    };
    change(a, json!("a")).await.json(StatusCode::OK);
    change(a, json!(all.ids[0])).await.json(StatusCode::OK);
    change(own, Value::Null).await.json(StatusCode::OK);
    for (id, consumer) in [
        (a, json!("b")),
        (a, Value::Null),
        (a, json!("nobody")),
        (own, json!("a")),
    ] {
        change(id, consumer).await.invalid("consumer");
    }
    let body = json!({"url": all.receiver.url("/"), "event_types": ["*"], "consumer": "nobody"});
    all.app.post(WEBHOOKS, &body).await.invalid("consumer");
}

#[tokio::test]
async fn replays_and_recoveries_keep_to_whom_an_event_reaches() {
    let all = Customers::meet().await;
    let [a, b, own] = &all.webhooks;
    for id in [a, b] {
        all.app
            .post(&format!("{WEBHOOKS}/{id}/disable"), &json!({}))
            .await;
    }
    let published = all.publish(json!("a")).await.json(StatusCode::ACCEPTED);
    let event = text(&published["id"]);
    assert_eq!(all.reached(&event).await, std::slice::from_ref(own));
    for id in [a, b] {
        all.app
            .post(&format!("{WEBHOOKS}/{id}/enable"), &json!({}))
            .await;
        let recover = json!({"since": "2026-01-01T00:00:00Z", "include": ["missed"]});
        let begun = all
            .app
            .post(&format!("{WEBHOOKS}/{id}/recover"), &recover)
            .await;
        let expect = usize::from(id == a);
        assert_eq!(begun.json(StatusCode::ACCEPTED)["matched"], expect);
    }
    let path = format!("{EVENTS}/{event}");
    let is_recovered = |found: &Value| found["deliveries"].as_array().unwrap().len() == 2;
    all.app.poll(&path, is_recovered).await;
    let replay = async |webhook: &str| {
        let body = json!({"webhook_id": webhook});
        all.app.post(&format!("{path}/replay"), &body).await
    };
    for id in [a, own] {
        assert_eq!(replay(id).await.status, StatusCode::ACCEPTED);
    }
    replay(b).await.problem(409, "conflict");
    let general = all.publish(Value::Null).await.json(StatusCode::ACCEPTED);
    let body = json!({"webhook_id": a});
    let general = format!("{EVENTS}/{}/replay", text(&general["id"]));
    all.app.post(&general, &body).await.problem(409, "conflict");
    let whole = all.app.post(&format!("{path}/replay"), &json!({})).await;
    assert_eq!(whole.json(StatusCode::ACCEPTED)["deliveries"], 2);
}

#[tokio::test]
async fn lists_and_bulk_work_can_be_about_one_consumer() {
    let all = Customers::meet().await;
    let [a, b, own] = &all.webhooks;
    all.receiver.answer(crate::receiver::Reply::status(500));
    for consumer in [json!("a"), json!("b"), Value::Null] {
        all.publish(consumer).await.json(StatusCode::ACCEPTED);
    }
    all.app
        .poll("/api/v1/dead-letters", |page| {
            page["data"].as_array().unwrap().len() == 5
        })
        .await;
    for (named, webhook, events) in [
        ("a", Some(a), 1),
        (all.ids[1].as_str(), Some(b), 1),
        ("nobody", None, 0),
    ] {
        let of = async |list: &str| all.list(&format!("/api/v1/{list}?consumer={named}")).await;
        assert_eq!(of("events").await.len(), events);
        let listed = of("webhooks").await;
        assert_eq!(listed.first().map(|one| text(&one["id"])), webhook.cloned());
        for list in ["deliveries", "dead-letters"] {
            let found = of(list).await;
            assert_eq!(found.len(), events, "{list} of {named}");
            assert!(
                found
                    .iter()
                    .all(|one| Some(text(&one["webhook_id"])) == webhook.cloned())
            );
        }
        let filter = json!({"filter": {"consumer": named}});
        let begun = all.app.post("/api/v1/dead-letters/discard", &filter).await;
        assert_eq!(begun.json(StatusCode::ACCEPTED)["matched"], events);
    }
    let left = all
        .app
        .poll("/api/v1/dead-letters", |page| {
            page["data"].as_array().unwrap().len() == 3
        })
        .await;
    let of_own = |one: &Value| one["webhook_id"] == **own;
    assert!(left["data"].as_array().unwrap().iter().all(of_own));
}

#[tokio::test]
async fn a_consumer_that_is_deleted_takes_its_webhooks_along() {
    let all = Customers::meet().await;
    let [a, b, own] = &all.webhooks;
    let event = text(&all.publish(json!("a")).await.json(StatusCode::ACCEPTED)["id"]);
    assert_eq!(
        all.app.delete("/api/v1/consumers/a").await.status,
        StatusCode::NO_CONTENT
    );
    all.app
        .get(&format!("{WEBHOOKS}/{a}"))
        .await
        .problem(404, "not_found");
    for id in [b, own] {
        all.app
            .get(&format!("{WEBHOOKS}/{id}"))
            .await
            .json(StatusCode::OK);
    }
    all.publish(json!("a")).await.invalid("consumer");
    let shown = all.app.get(&format!("{EVENTS}/{event}")).await;
    assert_eq!(shown.json(StatusCode::OK)["consumer_id"], all.ids[0]);
    let again = all
        .publish(json!({"uid": "a"}))
        .await
        .json(StatusCode::ACCEPTED);
    assert_ne!(again["consumer_id"], all.ids[0]);
    assert_eq!(again["deliveries"], 1);
}

#[tokio::test]
async fn a_consumers_statistics_are_those_of_its_webhooks() {
    let all = Customers::meet().await;
    for consumer in [json!("a"), json!("a"), json!("b"), Value::Null] {
        all.publish(consumer).await.json(StatusCode::ACCEPTED);
    }
    let whole = |stats: &Value| stats["counts"]["delivered"] == 7;
    all.app.poll("/api/v1/stats", whole).await;
    let get = async |path: &str| all.app.get(&format!("/api/v1{path}")).await;
    let own = get("/consumers/a/stats").await.json(StatusCode::OK);
    assert_eq!(own["consumer_id"], all.ids[0]);
    assert_eq!(
        (&own["counts"]["delivered"], &own["attempts"]),
        (&json!(2), &json!(2))
    );
    let hook = get(&format!("/webhooks/{}/stats", all.webhooks[0])).await;
    let hook = hook.json(StatusCode::OK);
    assert_eq!(
        own["series"].as_array().unwrap().len(),
        hook["series"].as_array().unwrap().len()
    );
    let by_filter = get("/stats?consumer=b").await.json(StatusCode::OK);
    assert_eq!(by_filter["consumer_id"], all.ids[1]);
    assert_eq!(by_filter["counts"]["delivered"], 1);
    let nobody = get("/stats?consumer=nobody").await.json(StatusCode::OK);
    assert_eq!(nobody["counts"]["delivered"], 0);
    get("/consumers/nobody/stats")
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn an_erased_consumer_leaves_nothing_of_what_was_said() {
    const MARK: &str = "a-secret-of-acme";
    let all = Customers::meet().await;
    all.receiver.answer(
        crate::receiver::Reply::status(200)
            .header("x-echo", MARK)
            .body(MARK),
    );
    let body = json!({"type": "x.y", "data": {"said": MARK}, "consumer": "a"});
    let mut events = Vec::new();
    for _ in 0..120 {
        let published = all.app.post(EVENTS, &body).await.json(StatusCode::ACCEPTED);
        events.push(text(&published["id"]));
    }
    let own = json!({"type": "x.y", "data": {"said": "of the platform"}});
    let own = text(&all.app.post(EVENTS, &own).await.json(StatusCode::ACCEPTED)["id"]);
    let all_there = |stats: &Value| stats["counts"]["delivered"] == 241;
    all.app.poll("/api/v1/stats", all_there).await;
    let gone = all.app.delete("/api/v1/consumers/a?erase=true").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    for event in &events {
        let path = format!("{EVENTS}/{event}");
        let shown = all.app.poll(&path, |shown| shown["data"].is_null()).await;
        for delivery in shown["deliveries"].as_array().unwrap() {
            let path = format!("/api/v1/deliveries/{}", text(&delivery["id"]));
            let shown = all.app.get(&path).await;
            assert!(!shown.text.contains(MARK), "{shown:?}");
        }
    }
    // What is empty goes to nobody any more, not even to the platform's own.
    let shown = all.app.get(&format!("{EVENTS}/{}", events[0])).await;
    let shown = shown.json(StatusCode::OK);
    assert!(shown["erased_at"].is_string(), "{shown}");
    let delivery = text(&shown["deliveries"][0]["id"]);
    for again in [
        format!("/api/v1/deliveries/{delivery}/retry"),
        format!("{EVENTS}/{}/replay", events[0]),
    ] {
        let refused = all.app.post(&again, &json!({})).await;
        refused.problem(409, "conflict");
    }
    let shown = all.app.get(&format!("{EVENTS}/{own}")).await;
    assert_eq!(
        shown.json(StatusCode::OK)["data"]["said"],
        "of the platform"
    );
}

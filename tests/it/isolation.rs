//! Who hangs, throttles or has much waiting holds up nobody else: the real binary, real sockets. Each
//! test prints its figures.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::binary::process::{Server, stdout_of};
use crate::receiver::{Receiver, Reply};

/// Events of the healthy webhook that are timed, and what lies between two of them.
const TIMED: usize = 24;
const EVERY: Duration = Duration::from_millis(250);
/// What the slowest of a hundred of them may take.
const P99_MAX: Duration = Duration::from_secs(1);
/// The workspace of the healthy webhook, and the one of all others.
const QUIET: &str = "quiet";
const LOUD: &str = "loud";

struct Scene {
    dir: tempfile::TempDir,
    server: Server,
    key: String,
    healthy: Receiver,
}

impl Scene {
    async fn set() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start(dir.path());
        let data_dir = dir.path().to_str().unwrap();
        let key = ["key", "create", "--name=t", "--scope=admin", "--data-dir"];
        let scene = Self {
            key: stdout_of(&[&key[..], &[data_dir]].concat()),
            server,
            healthy: Receiver::start().await,
            dir,
        };
        for name in [QUIET, LOUD] {
            let made = json!({ "name": name });
            scene
                .server
                .post(&scene.key, "/workspaces", &made, 201)
                .await;
        }
        let hook = json!({"url": scene.healthy.url("/"), "event_types": ["quiet"]});
        scene.post(QUIET, "/webhooks", &hook, 201).await;
        scene
    }

    async fn post(&self, workspace: &str, path: &str, body: &Value, status: u16) -> Value {
        let path = format!("/api/v1{path}");
        let call = self.server.request(&self.key, Method::POST, &path);
        let call = call.header("hookpost-workspace", workspace).json(body);
        let status = StatusCode::from_u16(status).unwrap();
        call.send().await.json(status)
    }

    /// So many webhooks whose receiver is at `url`, for events of the type `loud`.
    async fn webhooks(&self, count: usize, url: &str, more: &Value) {
        for _ in 0..count {
            let mut hook = json!({"url": url, "event_types": ["loud"]});
            let members = more.as_object().unwrap().clone();
            hook.as_object_mut().unwrap().extend(members);
            self.post(LOUD, "/webhooks", &hook, 201).await;
        }
    }

    async fn publish_loud(&self, count: usize) {
        let events = vec![json!({"type": "loud", "data": 1}); count];
        self.post(LOUD, "/events/batch", &json!({ "events": events }), 202)
            .await;
    }

    /// Publishes to the healthy webhook at a steady pace; answers what the slowest of a hundred took
    /// to arrive.
    async fn p99(&self, case: &str) -> Duration {
        let mut tick = tokio::time::interval(EVERY);
        let mut sent = Vec::new();
        for number in 0..TIMED {
            tick.tick().await;
            sent.push(Instant::now());
            let event = json!({"type": "quiet", "data": {"number": number}});
            self.post(QUIET, "/events", &event, 202).await;
        }
        let received = self.healthy.wait_for(TIMED).await;
        let took = |one: &crate::receiver::Received| {
            let number = one.json()["data"]["number"].as_u64().unwrap();
            one.at - sent[usize::try_from(number).unwrap()]
        };
        let mut took: Vec<Duration> = received.iter().map(took).collect();
        took.sort_unstable();
        let p99 = took[(took.len() * 99 / 100).min(took.len() - 1)];
        println!("{case}: p50 {:?}, p99 {p99:?}", took[took.len() / 2]);
        p99
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hanging_webhooks_with_256_in_flight_hold_up_nobody() {
    let (scene, hanging) = (Scene::set().await, Receiver::start().await);
    hanging.answer(Reply::hang());
    let more = json!({"max_in_flight": 256, "timeout": "1m"});
    scene.webhooks(2, &hanging.url("/"), &more).await;
    scene.publish_loud(1000).await;
    hanging.wait_for(2).await;
    let p99 = scene
        .p99("2 hanging webhooks of 256 in flight, 1,000 events")
        .await;
    assert!(p99 < P99_MAX, "{p99:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_hanging_webhooks_with_16_in_flight_hold_up_nobody() {
    let (scene, hanging) = (Scene::set().await, Receiver::start().await);
    hanging.answer(Reply::hang());
    let more = json!({"max_in_flight": 16, "timeout": "1m"});
    scene.webhooks(100, &hanging.url("/"), &more).await;
    scene.publish_loud(20).await;
    hanging.wait_for(100).await;
    let p99 = scene
        .p99("100 hanging webhooks of 16 in flight, 20 events")
        .await;
    assert!(p99 < P99_MAX, "{p99:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_that_hang_after_having_answered_well_hold_up_nobody() {
    let (scene, hanging) = (Scene::set().await, Receiver::start().await);
    let more = json!({"max_in_flight": 256, "timeout": "1m"});
    scene.webhooks(4, &hanging.url("/"), &more).await;
    scene.publish_loud(200).await;
    hanging.wait_for(800).await;
    hanging.answer(Reply::hang());
    scene.publish_loud(1000).await;
    hanging.wait_for(804).await;
    let p99 = scene
        .p99("4 webhooks that earned 256 in flight and hang then")
        .await;
    assert!(p99 < P99_MAX, "{p99:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_off_receivers_that_hang_hold_up_nobody() {
    let (scene, hanging) = (Scene::set().await, Receiver::start().await);
    hanging.answer(Reply::hang());
    let one_offs = (0..300).map(|number| {
        let url = hanging.url(&format!("/{number}"));
        let event = json!({"type": "loud", "data": 1, "webhook_url": url});
        let scene = &scene;
        async move { scene.post(LOUD, "/events", &event, 202).await }
    });
    join_all(one_offs).await;
    let p99 = scene.p99("300 one-off receivers that hang").await;
    assert!(p99 < P99_MAX, "{p99:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_asks_to_wait_gets_a_handful_of_requests() {
    for status in [429, 503] {
        let (scene, throttled) = (Scene::set().await, Receiver::start().await);
        throttled.answer(Reply::status(status).header("retry-after", "20"));
        let more = json!({"max_in_flight": 64});
        scene.webhooks(1, &throttled.url("/"), &more).await;
        scene.publish_loud(300).await;
        throttled.wait_for(1).await;
        let p99 = scene.p99("300 events for one who asks to wait").await;
        let requests = throttled.received().len();
        println!("{status} with Retry-After: 20: {requests} requests of 300");
        assert!(requests <= 5, "{requests}");
        assert!(p99 < P99_MAX, "{p99:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mass_of_deliveries_that_are_due_holds_up_nobody() {
    let (scene, busy) = (Scene::set().await, Receiver::start().await);
    let data_dir = scene.dir.path().to_str().unwrap();
    stdout_of(&["pause", "--data-dir", data_dir]);
    scene.webhooks(100, &busy.url("/"), &json!({})).await;
    scene.publish_loud(250).await;
    stdout_of(&["resume", "--data-dir", data_dir]);
    let p99 = scene.p99("25,000 due on 100 webhooks").await;
    let left = scene.waiting().await;
    println!("{left} or more of them were left then");
    assert!(p99 < P99_MAX, "{p99:?}");
}

impl Scene {
    /// How much waits in the loud workspace, on one page.
    async fn waiting(&self) -> usize {
        let path = "/api/v1/deliveries?status=pending&limit=250";
        let call = self.server.request(&self.key, Method::GET, path);
        let page = call.header("hookpost-workspace", LOUD).send().await;
        page.json(StatusCode::OK)["data"].as_array().unwrap().len()
    }
}

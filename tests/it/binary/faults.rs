//! Writes and flushes of the database's files fail: whoever writes is told so and when to come back,
//! whoever reads notices nothing, nothing accepted is lost, and all goes on as far as it may.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::process::{Server, hookpost, stdout_of};
use super::shim::{EDQUOT, EIO, ENOSPC, Shim};
use crate::app::noise;
use crate::receiver::{Receiver, Reply};

/// The write-ahead log, by the end of its path.
const LOG: &str = "-wal";
/// The database itself.
const DATABASE: &str = "hookpost.db";

struct Scene {
    dir: tempfile::TempDir,
    shim: Shim,
    server: Server,
    key: String,
    webhook: String,
    receiver: Receiver,
}

impl Scene {
    async fn set() -> Self {
        let (dir, shim) = (tempfile::tempdir().unwrap(), Shim::build());
        let receiver = Receiver::start().await;
        let server = Server::spawn(&mut shim.serve(dir.path()));
        let key = stdout_of(&on(dir.path(), &["key", "create", "--name=t"]));
        let webhook = json!({"url": receiver.url("/"), "event_types": ["*"], "profile": "armalo"});
        let made = server.post(&key, "/webhooks", &webhook, 201).await;
        let webhook = made["id"].as_str().unwrap().to_owned();
        Self {
            dir,
            shim,
            server,
            key,
            webhook,
            receiver,
        }
    }

    /// Ended as an operator ends it, and started again.
    async fn restarted(self) -> Self {
        self.server.signal(Signal::TERM);
        self.server.exit().await;
        let server = Server::spawn(&mut self.shim.serve(self.dir.path()));
        Self { server, ..self }
    }

    async fn publish(&self, number: usize) -> String {
        let event = json!({"type": "a.b", "data": {"number": number}});
        let made = self.server.post(&self.key, "/events", &event, 202).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// Every kind of call that writes is refused with this code; reading goes on.
    async fn refuses_writes(&self, code: &str) {
        let hook = json!({"url": self.receiver.url("/"), "event_types": ["*"]});
        let path = format!("/webhooks/{}", self.webhook);
        let event = json!({"type": "a.b", "data": 1, "id": "once"});
        let doors: [(Method, &str, Value); 8] = [
            (Method::POST, "/events", event.clone()),
            (Method::POST, "/events/batch", json!({"events": [event]})),
            (Method::POST, "/webhooks", hook),
            (Method::PATCH, &path, json!({"label": "another"})),
            (Method::DELETE, &path, json!({})),
            (Method::POST, "/event-types", json!({"name": "a.b"})),
            (Method::POST, "/workspaces", json!({"name": "a name"})),
            (Method::POST, &format!("{path}/rotate-secret"), json!({})),
        ];
        // One after the other and all at once: groups of jobs fail together.
        for _ in 0..2 {
            for (method, path, body) in &doors {
                self.refuses(code, method, path, body).await;
            }
        }
        let at_once = doors.iter().cycle().take(64);
        join_all(at_once.map(|(method, path, body)| self.refuses(code, method, path, body))).await;
        for path in ["/events", "/deliveries", "/webhooks"] {
            let read = self.server.call(&self.key, Method::GET, path, None).await;
            assert_eq!(read.unwrap().0, StatusCode::OK, "{path}");
        }
        let ready = self
            .server
            .request(&self.key, Method::GET, "/readyz")
            .send();
        ready.await.problem(503, code);
        let alive = self
            .server
            .request(&self.key, Method::GET, "/healthz")
            .send();
        alive.await.json(StatusCode::OK);
    }

    async fn refuses(&self, code: &str, method: &Method, path: &str, body: &Value) {
        let path = format!("/api/v1{path}");
        let call = self.server.request(&self.key, method.clone(), &path);
        let call = if *method == Method::DELETE {
            call
        } else {
            call.json(body)
        };
        let answer = call.send().await;
        println!("{method} {path}: {}", answer.text);
        answer.problem(503, code);
        assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    }

    /// These events were delivered, and nothing waits.
    async fn delivered(&self, events: &[String]) {
        let done = |page: &Value| {
            let rows = page["data"].as_array().unwrap();
            rows.len() >= events.len() && rows.iter().all(|row| row["status"] == "delivered")
        };
        let path = "/deliveries?limit=250";
        let page = self.server.poll(&self.key, path, done).await;
        let rows = page["data"].as_array().unwrap();
        let found: HashSet<_> = rows.iter().map(|row| row["event_id"].clone()).collect();
        let expect: HashSet<_> = events.iter().map(|id| json!(id)).collect();
        assert!(found.is_superset(&expect), "{found:?} {expect:?}");
    }
}

fn on<'a>(dir: &'a Path, arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--data-dir", dir.to_str().unwrap()]].concat()
}

#[tokio::test]
async fn a_log_that_cannot_grow_refuses_each_write_and_goes_on_once_it_can() {
    for (errno, code) in [
        (ENOSPC, "storage_low"),
        (EDQUOT, "unavailable"),
        (EIO, "unavailable"),
    ] {
        println!("errno {errno}");
        let scene = Scene::set().await;
        let first = scene.publish(1).await;
        scene.delivered(std::slice::from_ref(&first)).await;
        scene.shim.fail("write", LOG, errno);
        scene.refuses_writes(code).await;
        scene.shim.mend();
        let second = scene.publish(2).await;
        scene.delivered(&[first, second]).await;
    }
}

#[tokio::test]
async fn what_was_under_way_while_the_disk_filled_up_is_recorded_once_there_is_room() {
    let scene = Scene::set().await;
    let delay = Duration::from_millis(300);
    scene.receiver.answer(Reply::status(200).after(delay));
    let event = scene.publish(1).await;
    scene.receiver.wait_for(1).await;
    scene.shim.fail("write", LOG, ENOSPC);
    let asked = Instant::now();
    while asked.elapsed() < 3 * delay {
        scene.refuses_writes("storage_low").await;
    }
    scene.shim.mend();
    scene.delivered(&[event]).await;
    // A result that could not be kept is asked for again, with growing pauses.
    assert!(scene.receiver.received().len() <= 3);
}

#[tokio::test]
async fn after_a_failed_flush_nothing_is_promised_until_the_next_start() {
    for errno in [EIO, ENOSPC] {
        println!("errno {errno}");
        let scene = Scene::set().await;
        let first = scene.publish(1).await;
        scene.delivered(std::slice::from_ref(&first)).await;
        scene.shim.fail("sync", LOG, errno);
        scene.refuses_writes("unavailable").await;
        scene.shim.mend();
        scene.refuses_writes("unavailable").await;
        let scene = scene.restarted().await;
        let second = scene.publish(2).await;
        scene.delivered(&[first, second]).await;
    }
}

#[tokio::test]
async fn a_commit_flushes_what_was_written_and_not_the_times_of_the_log_as_well() {
    let scene = Scene::set().await;
    scene.shim.fail("fsync", LOG, EIO);
    let event = scene.publish(1).await;
    scene.delivered(&[event]).await;
}

#[tokio::test]
async fn a_database_that_cannot_grow_is_no_hindrance_as_long_as_the_log_can() {
    for (call, errno) in [("write", ENOSPC), ("sync", EIO)] {
        println!("{call} {errno}");
        let scene = Scene::set().await;
        scene.shim.fail(call, DATABASE, errno);
        let mut events = Vec::new();
        // More than what is written back at once.
        let event = json!({"type": "a.b", "data": noise(100_000)});
        let batch = json!({"events": vec![event; 25]});
        for _ in 0..4 {
            let made = scene.server.post(&scene.key, "/events/batch", &batch, 202);
            let results = made.await["results"].as_array().unwrap().clone();
            let ids = results.iter().map(|one| one["id"].as_str().unwrap());
            events.extend(ids.map(ToOwned::to_owned));
        }
        scene.delivered(&events).await;
        scene.shim.mend();
        events.push(scene.publish(0).await);
        scene.delivered(&events).await;
    }
}

/// Publishes until told to stop; keeps what was accepted.
async fn publish(scene: &Scene, next: &AtomicUsize, over: &AtomicBool) -> Vec<String> {
    let mut accepted = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        // Some are larger than what a transaction keeps in memory.
        let pad = noise(if number.is_multiple_of(7) {
            200_000
        } else {
            10
        });
        let event = json!({"type": "a.b", "data": {"number": number, "pad": pad}});
        let call = scene
            .server
            .request(&scene.key, Method::POST, "/api/v1/events");
        let answer = call.json(&event).send().await;
        if answer.status == StatusCode::ACCEPTED {
            let id = answer.json(StatusCode::ACCEPTED)["id"].clone();
            accepted.push(id.as_str().unwrap().to_owned());
        } else {
            answer.problem(503, "storage_low");
            assert!(!answer.header("retry-after").is_empty());
        }
    }
    accepted
}

#[tokio::test]
async fn room_that_comes_and_goes_under_load_loses_nothing_and_promises_nothing_false() {
    let scene = Scene::set().await;
    let (next, over) = (AtomicUsize::default(), AtomicBool::default());
    let publishers = (0..16).map(|_| publish(&scene, &next, &over));
    let weather = async {
        for _ in 0..12 {
            let so_far = next.load(Ordering::Relaxed);
            while next.load(Ordering::Relaxed) < so_far + 40 {
                tokio::task::yield_now().await;
            }
            scene.shim.fail("write", LOG, ENOSPC);
            let so_far = next.load(Ordering::Relaxed);
            while next.load(Ordering::Relaxed) < so_far + 40 {
                tokio::task::yield_now().await;
            }
            scene.shim.mend();
        }
        over.store(true, Ordering::Relaxed);
    };
    let (accepted, ()) = tokio::join!(join_all(publishers), weather);
    let mut missing: HashSet<String> = accepted.into_iter().flatten().collect();
    let count = missing.len();
    assert!(count > 100, "{count}");
    let mut cursor = String::new();
    while let Some(page) = scene.deliveries(&cursor).await {
        for row in page["data"].as_array().unwrap() {
            missing.remove(row["event_id"].as_str().unwrap());
        }
        let next = page["next_cursor"].as_str().map(ToOwned::to_owned);
        let Some(next) = next else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(missing, HashSet::new());
    for status in ["pending", "retrying"] {
        let path = format!("/deliveries?status={status}&limit=1");
        let is_empty = |page: &Value| page["data"].as_array().is_some_and(Vec::is_empty);
        scene.server.poll(&scene.key, &path, is_empty).await;
    }
}

impl Scene {
    async fn deliveries(&self, cursor: &str) -> Option<Value> {
        let path = format!("/deliveries?limit=250{cursor}");
        let read = self.server.call(&self.key, Method::GET, &path, None).await;
        let (status, page) = read.unwrap();
        (status == StatusCode::OK).then_some(page)
    }
}

#[tokio::test]
async fn commands_say_what_is_wrong_with_the_disk_and_fail() {
    let scene = Scene::set().await;
    let lines: [&[&str]; 3] = [
        &["key", "create", "--name=k"],
        &["workspace", "create", "--name=w"],
        &["user", "create", "--email=a@example.com"],
    ];
    scene.shim.fail("write", LOG, ENOSPC);
    for line in lines {
        let output = hookpost(&on(scene.dir.path(), line)).output().unwrap();
        let complaint = super::process::complaint(&output, 1);
        assert!(complaint.contains("the disk is almost full"), "{complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }
    let arguments = ["events", "send", "--type=a.b", "--data={}", "--server"];
    let arguments = [
        &arguments[..],
        &[&scene.server.url, "--api-key", &scene.key],
    ]
    .concat();
    let complaint = super::process::complaint(&hookpost(&arguments).output().unwrap(), 1);
    assert!(complaint.contains("the disk is almost full"), "{complaint}");
    scene.shim.mend();
    stdout_of(&on(scene.dir.path(), lines[0]));
}

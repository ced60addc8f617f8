//! Every route × every scope and role × ids of another workspace: never somebody else's data.
//!
//! The routes come from the tables that the server is built from, and [`World`] fails for one that
//! it does not know, so that no new route stays outside.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp, eventually};
use crate::receiver::Receiver;
use crate::world::{World, ask};

mod bound;
mod people;
mod portal;
mod portal_pages;
mod programs;

/// What stands in everything of the other workspace.
const THEIRS: &str = "theirs-and-nobody-elses";

/// Two workspaces with one of everything: ours and theirs.
struct Neighbours {
    app: TestApp,
    receiver: Receiver,
    ours: World,
    theirs: World,
}

/// How many requests were refused in which way.
#[derive(Debug, Default)]
struct Counts {
    routes: usize,
    without_credentials: usize,
    without_right: usize,
    foreign: usize,
    lists: usize,
}

impl Counts {
    fn requests(&self) -> usize {
        self.without_credentials + self.without_right + self.foreign + self.lists
    }
}

impl Neighbours {
    async fn meet() -> Self {
        let app = TestApp::start().await;
        let receiver = Receiver::start().await;
        let ours = World::make(&app, &receiver, "ours").await;
        let theirs = World::make(&app, &receiver, THEIRS).await;
        Self {
            app,
            receiver,
            ours,
            theirs,
        }
    }

    /// As [`Neighbours::meet`]; but what their ids stand for is another consumer's, and not the platform's own.
    async fn with_another_customer() -> Self {
        let mut near = Self::meet().await;
        let (app, theirs) = (&near.app, &mut near.theirs);
        let workspace = theirs.name.clone();
        let post = async |path: &str, body: Value, status: u16| {
            let path = format!("/api/v1{path}");
            let answer = ask(app, &workspace, Method::POST, &path, &body).await;
            answer.json(StatusCode::from_u16(status).unwrap())
        };
        let id = |made: &Value| made["id"].as_str().unwrap().to_owned();
        let webhook = json!({"url": near.receiver.url("/customer"), "event_types": ["*"],
            "label": THEIRS, "metadata": {"mark": THEIRS}, "consumer": theirs.consumer});
        theirs.webhook = id(&post("/webhooks", webhook, 201).await);
        let event = json!({"type": "job.completed", "id": "evt-of-a-customer",
            "data": {"mark": THEIRS}, "consumer": theirs.consumer});
        theirs.event = id(&post("/events", event, 202).await);
        let path = format!("/api/v1/dead-letters?webhook_id={}", theirs.webhook);
        theirs.delivery = eventually(async || {
            let page = ask(app, &workspace, Method::GET, &path, &Value::Null).await;
            let page = page.json(StatusCode::OK);
            let found = page["data"][0]["id"].as_str().map(str::to_owned);
            found.ok_or(page)
        })
        .await;
        let recover = json!({"since": "2026-01-01T00:00:00Z", "include": ["missed"]});
        let path = format!("/webhooks/{}/recover", theirs.webhook);
        let begun = post(&path, recover, 202).await;
        theirs.job = begun["job_id"].as_str().unwrap().to_owned();
        near
    }

    /// Fails where something of theirs is not as it was; what `guest` has made is not theirs.
    async fn assert_untouched(&self, before: &[Value], guest: &str) {
        let mut after = self.theirs_as_they_are().await;
        for page in after.iter_mut().filter(|page| page["data"].is_array()) {
            let data = page["data"].as_array_mut().unwrap();
            data.retain(|one| one["consumer_id"] != guest);
        }
        // The last is the list of jobs, in which the platform sees what its consumers began.
        assert_eq!(after[..after.len() - 1], before[..before.len() - 1]);
    }

    /// Every parameter by which some list of the API is narrowed.
    fn parameters() -> BTreeSet<String> {
        let document = hookpost::api::document();
        let paths = document["paths"].as_object().unwrap().values();
        let lists = paths.filter_map(|methods| methods["get"]["parameters"].as_array());
        let named = lists.flatten().filter(|one| one["in"] == "query");
        named
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Whatever may be asked of a list to get at something of theirs: each parameter with each of their ids.
    fn attempts(&self, path: &str) -> Vec<String> {
        let mut asked = vec![path.to_owned()];
        for name in Self::parameters() {
            for id in self.theirs.ids().into_iter().chain(["*"]) {
                asked.push(format!("{path}?{name}={id}"));
            }
        }
        asked
    }

    /// Their things, as they see them.
    async fn theirs_as_they_are(&self) -> Vec<Value> {
        let theirs = &self.theirs;
        let mut seen = Vec::new();
        for path in [
            format!("webhooks/{}", theirs.webhook),
            format!("events/{}", theirs.event),
            format!("deliveries/{}", theirs.delivery),
            format!("event-types/{}", theirs.event_type),
            format!("jobs/{}", theirs.job),
            "webhooks".to_owned(),
            "events".to_owned(),
            "event-types".to_owned(),
            "deliveries".to_owned(),
            "dead-letters".to_owned(),
            "jobs".to_owned(),
        ] {
            let path = format!("/api/v1/{path}");
            let answer = ask(&self.app, &theirs.name, Method::GET, &path, &Value::Null).await;
            seen.push(answer.json(StatusCode::OK));
        }
        seen
    }

    /// Fails where an answer holds something of theirs that the asker did not write themselves.
    #[track_caller]
    fn assert_silent(&self, what: &str, asked: &str, answer: &Answer) {
        assert!(answer.status.as_u16() < 500, "{what}: {answer:?}");
        let location = answer.header("location");
        for id in self.theirs.ids() {
            let told = answer.text.contains(id) || location.contains(id);
            assert!(!told || asked.contains(id), "{what} tells {id}: {answer:?}");
        }
    }
}

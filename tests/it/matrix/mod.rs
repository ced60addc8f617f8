//! Every route × every scope and role × ids of another workspace: never somebody else's data.
//!
//! The routes come from the tables that the server is built from, and [`World`] fails for one that
//! it does not know, so that no new route stays outside.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::app::{Answer, TestApp};
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

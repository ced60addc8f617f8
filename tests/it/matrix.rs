//! Every route of the table × every scope × ids of another workspace: never somebody else's data.

use hookpost::domain::api_key::Scope;
use hookpost::http::routes::{self, Access, Route};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::app::TestApp;
use crate::receiver::{Receiver, Reply};

/// A word that only the other workspace's data holds.
const THEIRS: &str = "theirs-and-nobody-elses";

/// Ids of things that exist, by the resource in whose paths they stand.
struct Foreign {
    webhook: String,
    event: String,
    delivery: String,
}

impl Foreign {
    /// Fills the default workspace with something of everything.
    async fn make(app: &TestApp, receiver: &Receiver) -> Self {
        receiver.answer(Reply::status(410));
        let url = receiver.url("/");
        let body = json!({"url": url, "event_types": ["*"], "label": THEIRS});
        let made = app.post("/api/v1/webhooks", &body).await;
        let webhook = made.json(StatusCode::CREATED)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let body = json!({"type": "a.b", "id": THEIRS, "data": {"of": THEIRS}});
        app.post("/api/v1/events", &body)
            .await
            .json(StatusCode::ACCEPTED);
        let body = json!({"name": THEIRS});
        app.post("/api/v1/event-types", &body)
            .await
            .json(StatusCode::CREATED);
        let path = format!("/api/v1/deliveries?event_id={THEIRS}");
        let listed = app.poll(&path, |page| page["data"][0].is_object()).await;
        let delivery = listed["data"][0]["id"].as_str().unwrap().to_owned();
        Self {
            webhook,
            event: THEIRS.to_owned(),
            delivery,
        }
    }

    fn fill(&self, path: &str) -> String {
        let id = match path.split('/').nth(3) {
            Some("webhooks") => &self.webhook,
            Some("events") => &self.event,
            Some("deliveries" | "dead-letters") => &self.delivery,
            _ => "job_00000000000000000000000000",
        };
        path.replace("{id}", id).replace("{name}", THEIRS)
    }
}

fn method(route: &Route) -> Method {
    route.method.as_str().parse().unwrap()
}

#[tokio::test]
async fn no_route_lets_anybody_in_without_its_scope_or_shows_another_workspaces_things() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let foreign = Foreign::make(&app, &receiver).await;
    let body = json!({"name": "ours"});
    app.post("/api/v1/workspaces", &body)
        .await
        .json(StatusCode::CREATED);
    let all: Vec<&str> = Scope::ALL
        .iter()
        .filter(|scope| **scope != Scope::Admin)
        .map(|scope| scope.as_str())
        .collect();
    let ours = key(&app, &all).await;
    let mut routes = 0;
    for route in routes::all() {
        let Access::Scope(needed) = route.access else {
            continue;
        };
        routes += 1;
        let path = foreign.fill(route.path);
        let what = format!("{} {path}", route.method);
        let anonymous = app.anonymous(method(route), &path).send().await;
        anonymous.problem(401, "unauthorized");
        let others: Vec<&str> = all
            .iter()
            .copied()
            .filter(|own| *own != needed.as_str())
            .collect();
        let lacking = key(&app, &others).await;
        let answer = app
            .anonymous(method(route), &path)
            .bearer(&lacking)
            .send()
            .await;
        let problem = answer.problem(403, "forbidden");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains(needed.as_str()),
            "{what}"
        );
        if needed == Scope::Admin {
            continue;
        }
        let call = app.anonymous(method(route), &path).bearer(&ours);
        // Putting something of the same name into one's own workspace is one's own affair.
        if route.method.as_str() == "PUT" {
            continue;
        }
        let answer = match route.method.as_str() {
            "GET" | "DELETE" => call.send().await,
            _ if route.path.ends_with("/recover") => {
                let body = json!({"since": "2026-01-01T00:00:00Z", "include": ["missed"]});
                call.json(&body).send().await
            }
            _ => call.json(&json!({})).send().await,
        };
        assert!(
            !answer.text.contains(&format!("\"{THEIRS}\"")),
            "{what}: {}",
            answer.text
        );
        assert!(
            !answer.text.contains(&foreign.webhook),
            "{what}: {}",
            answer.text
        );
        let status = answer.status.as_u16();
        if route.path.contains('{') {
            assert_eq!(status, 404, "{what}: {}", answer.text);
        } else {
            assert!(
                status < 500 && status != 401 && status != 403,
                "{what}: {status}"
            );
        }
    }
    assert!(routes > 30, "{routes}");
    let kept = app
        .get(&format!("/api/v1/webhooks/{}", foreign.webhook))
        .await;
    assert_eq!(kept.json(StatusCode::OK)["label"], THEIRS);
}

/// A new key of the workspace called `ours`.
async fn key(app: &TestApp, scopes: &[&str]) -> String {
    let body = json!({"name": "k", "workspace": "ours", "scopes": scopes});
    let made = app
        .post("/api/v1/api-keys", &body)
        .await
        .json(StatusCode::CREATED);
    made["key"].as_str().unwrap().to_owned()
}

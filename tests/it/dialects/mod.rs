//! Other systems' management APIs, replayed from the examples in their documents.
//!
//! `tests/dialects/*.json` holds the examples: requests as printed (behind the base path), answers
//! as printed, bodies of deliveries as printed. [`Client`] is a client of such a system that knows
//! nothing of hookpost but its base URL and a key.

mod airmy;
mod armalo;
mod armox;
mod gallery;
mod indigiarmor;
mod profiles;
mod refusals;
mod sessions;
mod standard;
mod svix;
mod svix_attempts;
mod svix_clients;
mod svix_event_types;
mod svix_names;
mod svix_operational;
mod svix_pages;
mod svix_poller;
mod svix_raw;
pub mod verify;
mod veriswarm;

use hookpost::domain::workspace::Plan;
use hookpost::service::events::PublishInput;
use hookpost::service::{Actor, Caller, Done, Idempotency};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value};

use crate::app::{Answer, TestApp, eventually};

/// A client of a documented system.
pub struct Client<'a> {
    pub app: &'a TestApp,
    /// The path below which the system is served.
    pub base: &'static str,
    /// The header that its documents name, and its value.
    pub credential: (&'static str, String),
    examples: Value,
}

impl<'a> Client<'a> {
    /// A client with the examples of its document.
    pub fn new(
        app: &'a TestApp,
        base: &'static str,
        header: &'static str,
        credential: String,
    ) -> Self {
        let file = format!("{}/tests/dialects{base}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("{file}"));
        Self {
            app,
            base,
            credential: (header, credential),
            examples: serde_json::from_str(&text).unwrap(),
        }
    }

    /// A client with a key in `Authorization: Bearer`.
    pub fn bearer(app: &'a TestApp, base: &'static str, key: &str) -> Self {
        Self::new(app, base, "authorization", format!("Bearer {key}"))
    }

    /// What the document prints under `name`.
    pub fn example(&self, name: &str) -> &Value {
        let example = &self.examples[name];
        assert!(!example.is_null(), "no example {name}");
        example
    }

    /// Sends a request to a path behind the base.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let (header, value) = &self.credential;
        let path = format!("{}{path}", self.base);
        let call = self.app.anonymous(method, &path).header(header, value);
        let call = match body {
            Some(body) => call.json(body),
            None => call,
        };
        call.send().await
    }

    /// Asks for `path` until its answer satisfies `done`, as [`TestApp::poll`] does.
    pub async fn poll(&self, path: &str, done: impl Fn(&Value) -> bool) -> Value {
        eventually(async || {
            let answer = self
                .send(Method::GET, path, None)
                .await
                .json(StatusCode::OK);
            if done(&answer) {
                Ok(answer)
            } else {
                Err(answer)
            }
        })
        .await
    }

    /// Sends the documented request `name` as it is printed, with `fill` in the place of the ids of
    /// its path, and compares keys, types and status with the documented answer.
    pub async fn replay(&self, name: &str, fill: &[(&str, &str)]) -> Value {
        let example = self.example(name);
        let request = &example["request"];
        let method: Method = request["method"].as_str().unwrap().parse().unwrap();
        let mut path = request["path"].as_str().unwrap().to_owned();
        for (placeholder, id) in fill {
            path = path.replace(&format!("{{{placeholder}}}"), id);
        }
        let answer = self.send(method, &path, request.get("body")).await;
        let status = u16::try_from(example["status"].as_u64().unwrap()).unwrap();
        let body = answer.json(StatusCode::from_u16(status).unwrap());
        assert_eq!(answer.header("content-type"), "application/json", "{name}");
        if let Some(documented) = example.get("answer") {
            same_shape(documented, &body, name);
        }
        body
    }

    /// Replays the documented registration with a receiver of ours in the place of the documented
    /// one; `field` is where the document has the URL.
    pub async fn create_for(&self, field: &str, url: &str) -> Value {
        let mut body = self.example("create")["request"]["body"].clone();
        body[field] = url.into();
        let path = self.example("create")["request"]["path"].as_str().unwrap();
        let answer = self.send(Method::POST, path, Some(&body)).await;
        answer.json(StatusCode::CREATED)
    }

    /// A refusal: JSON of the dialect's style with this status; its message.
    pub async fn refused(
        &self,
        (method, path): (Method, &str),
        body: Option<&Value>,
        status: u16,
    ) -> Value {
        let answer = self.send(method, path, body).await;
        refusal(&answer, status)
    }
}

/// Checks that an answer is a refusal in JSON with `error`, and answers its body.
#[track_caller]
pub fn refusal(answer: &Answer, status: u16) -> Value {
    let body = answer.json(StatusCode::from_u16(status).unwrap());
    assert_eq!(answer.header("content-type"), "application/json");
    let error = body["error"].as_str().unwrap_or_default();
    assert!(!error.is_empty(), "{body:#}");
    assert!(!answer.header("x-request-id").is_empty());
    body
}

/// The same keys everywhere, and values of the same types. Where the document prints null there may
/// be something else; the other way round there may not.
#[track_caller]
pub fn same_shape(documented: &Value, actual: &Value, at: &str) {
    match (documented, actual) {
        (Value::Null, _)
        | (Value::Bool(_), Value::Bool(_))
        | (Value::String(_), Value::String(_)) => {}
        (Value::Number(documented), Value::Number(actual)) => {
            assert_eq!(documented.is_i64(), actual.is_i64(), "{at}: {actual}");
        }
        (Value::Array(documented), Value::Array(actual)) => {
            let Some(pattern) = documented.first() else {
                return;
            };
            assert!(!actual.is_empty(), "{at} is empty");
            for item in actual {
                same_shape(pattern, item, &format!("{at}[]"));
            }
        }
        (Value::Object(documented), Value::Object(actual)) => {
            assert_eq!(keys(documented), keys(actual), "{at}");
            for (key, value) in documented {
                same_shape(value, &actual[key], &format!("{at}.{key}"));
            }
        }
        (documented, actual) => panic!("{at}: {actual} in the place of {documented}"),
    }
}

fn keys(object: &Map<String, Value>) -> Vec<&String> {
    let mut keys: Vec<&String> = object.keys().collect();
    keys.sort();
    keys
}

/// An event to be published.
pub struct Publish<'a> {
    pub event_type: &'a str,
    pub data: &'a Value,
    pub id: Option<&'a str>,
    pub occurred_at: Option<&'a str>,
}

/// Publishes to the default workspace and answers the event's id.
pub async fn publish(app: &TestApp, event: &Publish<'_>) -> String {
    let input = PublishInput {
        consumer: None,
        event_type: event.event_type.to_owned(),
        data: event.data.to_string(),
        id: event.id.map(str::to_owned),
        occurred_at: event.occurred_at.map(str::to_owned),
        webhook_url: None,
        webhook_secret: None,
        profile: None,
        ..PublishInput::default()
    };
    publish_input(app, input).await
}

/// As [`publish`], with every option.
pub async fn publish_input(app: &TestApp, input: PublishInput) -> String {
    let caller = caller(app);
    let published = app.service.publish(&caller, input, Idempotency::unkeyed());
    match published.await.unwrap() {
        Done::Fresh(published) => published.id,
        Done::Replayed(_) => panic!("nothing was keyed"),
    }
}

/// hookpost itself, acting in the default workspace.
pub fn caller(app: &TestApp) -> Caller {
    Caller {
        workspace: app.default_workspace(),
        plan: Plan::Pro,
        consumer: None,
        actor: Actor::System,
    }
}

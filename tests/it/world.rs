//! A workspace with one of everything in it, for tests that go through every route.
//!
//! [`World::path`] puts real ids into the paths of the route tables, and [`body`] knows a body for
//! each; both fail for a route that they do not know, so that no new one is forgotten.

use std::sync::atomic::{AtomicU32, Ordering};

use hookpost::api;
use hookpost::dialects::{BEARER, CredentialForm, DIALECTS, Dialect};
use hookpost::domain::role::Role;
use hookpost::web::audience::Audience;
use hookpost::web::endpoint::Endpoint;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::app::{Answer, Call, TestApp};
use crate::dashboard::sign_in;
use crate::receiver::{Receiver, Reply};

/// Wire profiles whose dialects know webhooks.
const PROFILES: [&str; 5] = ["standard", "armalo", "veriswarm", "airmy", "indigiarmor"];

/// One of everything.
pub struct World {
    /// The workspace's name.
    pub name: String,
    /// A key of it that may do everything there.
    pub token: String,
    /// What stands wherever somebody may write what they like.
    pub mark: String,
    pub workspace: String,
    pub consumer: String,
    pub webhook: String,
    pub event: String,
    pub event_type: String,
    pub delivery: String,
    pub job: String,
    pub key: String,
    pub profile: String,
    pub user: String,
    pub session: String,
    /// One more webhook, for what ends it.
    pub airmy_webhook: String,
    indigiarmor_webhook: String,
    veriswarm_webhook: String,
    veriswarm_delivery: String,
    /// A profile's document.
    document: Value,
}

fn id_of(value: &Value) -> String {
    match &value["id"] {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        other => panic!("{other} is no id in {value:#}"),
    }
}

/// A request of the instance's key in a workspace.
pub async fn ask(
    app: &TestApp,
    workspace: &str,
    method: Method,
    path: &str,
    body: &Value,
) -> Answer {
    let call = app
        .call(method, path)
        .header("hookpost-workspace", workspace);
    match body {
        Value::Null => call.send().await,
        body => call.json(body).send().await,
    }
}

/// The page of dead letters once every profile's webhook has one.
async fn all_dead(dead_letters: impl AsyncFn() -> Value) -> Value {
    let deadline = tokio::time::Instant::now() + crate::app::PATIENCE;
    loop {
        let page = dead_letters().await;
        if page["data"].as_array().unwrap().len() == PROFILES.len() {
            return page;
        }
        assert!(tokio::time::Instant::now() < deadline, "{page:#}");
        tokio::task::yield_now().await;
    }
}

/// What describes an event type, with `mark` wherever it may stand.
fn described(event_type: &str, mark: &str) -> Value {
    json!({"name": event_type, "description": mark, "group": mark, "example": {"x": mark}})
}

/// What makes a consumer, with `mark` wherever it may stand.
fn consumer_of(number: u32, mark: &str) -> Value {
    json!({"uid": format!("uid-{number}"), "name": mark, "metadata": {"mark": mark}})
}

/// What makes one webhook of `profile`, with `mark` wherever it may stand.
fn webhook_of(profile: &str, receiver: &Receiver, mark: &str) -> Value {
    json!({
        "url": receiver.url(&format!("/{profile}")), "event_types": ["*"], "label": mark,
        "profile": profile, "headers": {"x-mark": mark, "x-api-key": format!("key {mark}")},
        "metadata": {"mark": mark},
    })
}

fn completed(id: &str, mark: &str) -> Value {
    json!({"type": "job.completed", "id": id, "data": {"mark": mark}})
}

fn versions_of(event_type: &str) -> String {
    format!("/event-types/{event_type}/versions")
}

impl World {
    /// Makes a workspace and fills it. `mark` stands wherever somebody may write what they like;
    /// the receiver answers with it as well, and every delivery becomes a dead letter.
    pub async fn make(app: &TestApp, receiver: &Receiver, mark: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("world {number}");
        let made = app.post("/api/v1/workspaces", &json!({"name": name})).await;
        let workspace = id_of(&made.json(StatusCode::CREATED));
        let post = async |path: &str, body: Value, status: u16| {
            let path = format!("/api/v1{path}");
            let answer = ask(app, &workspace, Method::POST, &path, &body).await;
            answer.json(StatusCode::from_u16(status).unwrap())
        };
        let key = post("/api-keys", json!({"name": mark}), 201).await;
        receiver.answer(Reply::status(410).header("x-echo", mark).body(mark));
        let event_type = format!("made.in.{number}");
        post("/event-types", described(&event_type, mark), 201).await;
        post(&versions_of(&event_type), json!({"description": mark}), 201).await;
        let consumer = post("/consumers", consumer_of(number, mark), 201).await;
        let mut webhooks = Vec::new();
        for profile in PROFILES {
            let webhook = webhook_of(profile, receiver, mark);
            webhooks.push(id_of(&post("/webhooks", webhook, 201).await));
        }
        let event = format!("evt-{number}");
        post("/events", completed(&event, mark), 202).await;
        let get = async |path: &str| {
            let path = format!("/api/v1{path}");
            let answer = ask(app, &workspace, Method::GET, &path, &Value::Null).await;
            answer.json(StatusCode::OK)
        };
        let dead = all_dead(async || get("/dead-letters").await).await;
        let of_standard = |one: &&Value| one["webhook_id"] == webhooks[0].as_str();
        let delivery = dead["data"].as_array().unwrap().iter().find(of_standard);
        let recover = json!({"since": "2026-01-01T00:00:00Z", "include": ["missed"]});
        let begun = post(&format!("/webhooks/{}/recover", webhooks[0]), recover, 202).await;
        let profile = format!("profile-{number}");
        let mut document = get("/profiles/standard").await["document"].take();
        document["name"] = json!(profile);
        post("/profiles", document.clone(), 201).await;
        let email = format!("person-{number}@example.com");
        sign_in(app, &email, Role::Viewer).await;
        let user = app.service.user_by_email(&email).await.unwrap().id;
        let token = key["key"].as_str().unwrap().to_owned();
        let theirs = async |path: &str| {
            let call = app.anonymous(Method::GET, path).bearer(&token);
            let answer = call.header("x-account-access-token", &token).send().await;
            answer.json(StatusCode::OK)
        };
        let veriswarm = "/veriswarm/v1/public/providers/webhooks";
        Self {
            consumer: id_of(&consumer),
            webhook: webhooks[0].clone(),
            delivery: id_of(delivery.unwrap()),
            job: begun["job_id"].as_str().unwrap().to_owned(),
            key: id_of(&key),
            airmy_webhook: id_of(&theirs("/airmy/webhooks").await["webhooks"][0]),
            indigiarmor_webhook: id_of(&theirs("/indigiarmor/v1/webhooks").await["webhooks"][0]),
            veriswarm_webhook: id_of(&theirs(veriswarm).await[0]),
            veriswarm_delivery: id_of(&theirs(&format!("{veriswarm}/deliveries")).await[0]),
            mark: mark.to_owned(),
            user: user.to_string(),
            session: session_of(app, user).await,
            name,
            token,
            workspace,
            event,
            event_type,
            profile,
            document,
        }
    }

    /// Every id of it that nobody else may see.
    pub fn ids(&self) -> [&str; 7] {
        [
            &self.consumer,
            &self.webhook,
            &self.event,
            &self.delivery,
            &self.job,
            &self.indigiarmor_webhook,
            &self.mark,
        ]
    }

    /// The path of a route with this world's ids in it.
    pub fn path(&self, route: &Endpoint) -> String {
        let path = route.path;
        if path.starts_with("/svix/") {
            return self.svix_path(path);
        }
        match self.id(path) {
            Some(id) => ["{id}", "{name}", "{file}", "{consumer}", "{page}"]
                .iter()
                .fold(path.replace("{version}", "1"), |path, name| {
                    path.replace(name, id)
                }),
            None => path.to_owned(),
        }
    }

    /// A path of Svix's clients, whose ids are ours under other prefixes.
    fn svix_path(&self, path: &str) -> String {
        let under = |prefix: &str, id: &str| format!("{prefix}{}", id.split_once('_').unwrap().1);
        [
            ("{app_id}", under("app_", &self.consumer)),
            ("{endpoint_id}", under("ep_", &self.webhook)),
            ("{sink_id}", under("ep_", &self.webhook)),
            ("{consumer_id}", "reader".to_owned()),
            ("{msg_id}", self.event.clone()),
            ("{attempt_id}", under("atmpt_", &self.delivery)),
            ("{task_id}", under("qtask_", &self.job)),
            ("{name}", self.event_type.clone()),
        ]
        .iter()
        .fold(path.to_owned(), |path, (name, id)| path.replace(name, id))
    }

    /// What stands in the place of a path's parameter.
    pub fn id(&self, path: &str) -> Option<&str> {
        let at = path.find('{')?;
        let id = match &path[..at] {
            "/api/v1/webhooks/" | "/webhooks/" | "/portal/webhooks/" => &self.webhook,
            "/api/v1/events/" | "/events/" | "/portal/events/" => &self.event,
            "/api/v1/deliveries/" | "/deliveries/" => &self.delivery,
            "/api/v1/dead-letters/" | "/dead-letters/" => &self.delivery,
            "/api/v1/jobs/" | "/jobs/" | "/portal/jobs/" => &self.job,
            "/api/v1/consumers/" | "/consumers/" => &self.consumer,
            "/api/v1/event-types/" | "/event-types/" => &self.event_type,
            "/api/v1/workspaces/" => &self.workspace,
            "/api/v1/api-keys/" | "/api-keys/" => &self.key,
            "/api/v1/profiles/" => &self.profile,
            "/api/v1/profile-gallery/" => "github",
            "/docs/" => "install",
            "/people/" => &self.user,
            "/profile/sessions/" => &self.session,
            "/airmy/webhooks/" => &self.airmy_webhook,
            "/armox/api/v1/jobs/" => &self.event,
            "/indigiarmor/v1/webhooks/" => &self.indigiarmor_webhook,
            "/veriswarm/v1/public/providers/webhooks/" => &self.veriswarm_webhook,
            "/veriswarm/v1/public/providers/webhooks/deliveries/" => &self.veriswarm_delivery,
            "/portal/deliveries/" => &self.delivery,
            "/portal/event-types/" => &self.event_type,
            "/static/" => "app.css",
            other => panic!("{other} is new: which id stands behind it?"),
        };
        Some(id)
    }
}

async fn session_of(app: &TestApp, user: hookpost::domain::id::UserId) -> String {
    let sessions =
        |conn: &hookpost::store::Read<'_>| hookpost::store::sessions::of_user(conn, user.seq());
    app.store.read_blocking(sessions).unwrap()[0].id.to_string()
}

/// Routes of programs: the native API and all dialects.
pub fn api() -> impl Iterator<Item = &'static Endpoint> {
    let dialects = DIALECTS.iter().flat_map(|dialect| dialect.endpoints);
    api::AUDIENCE.endpoints().into_iter().chain(dialects)
}

/// The method of a route, as the client writes it.
pub fn method(route: &Endpoint) -> Method {
    route.method.as_str().parse().unwrap()
}

/// The credential in the header that the route's dialect names.
pub fn with_credential(call: Call, path: &str, token: &str) -> Call {
    let offers = |dialect: &&&Dialect| dialect.endpoints.iter().any(|own| own.path == path);
    let dialect = DIALECTS.iter().find(offers);
    let credential = dialect.map_or(BEARER, |dialect| dialect.credential);
    match credential.form {
        CredentialForm::Bearer => call.bearer(token),
        CredentialForm::Plain => call.header(credential.header, token),
    }
}

/// A body with which the route does what it is there for; null where it takes none.
pub fn body(route: &Endpoint, world: &World, url: &str) -> Value {
    let line = format!("{} {}", route.method, route.path);
    match line.as_str() {
        "POST /api/v1/events" => json!({"type": "a.b", "data": 1}),
        "POST /api/v1/events/batch" => json!({"events": [{"type": "a.b", "data": 1}]}),
        "PATCH /api/v1/events/{id}" => json!({"delay": "1h"}),
        "POST /api/v1/event-types" => json!({"name": "fresh.type"}),
        "POST /api/v1/event-types/import/openapi" => openapi(),
        "POST /api/v1/event-types/import/schema" => json!({"title": "fresh.schema"}),
        line if line.contains("/v1/event-types/{name}") => json!({"description": "changed"}),
        "POST /api/v1/consumers" => json!({"uid": "fresh"}),
        "PUT /api/v1/consumers/{consumer}" | "PATCH /api/v1/consumers/{consumer}" => {
            json!({"name": "changed"})
        }
        "POST /api/v1/webhooks" => json!({"url": url, "event_types": ["a.b"]}),
        "PATCH /api/v1/webhooks/{id}" => json!({"label": "changed"}),
        "POST /api/v1/webhooks/{id}/ack"
        | "POST /api/v1/webhooks/{id}/poll/ack"
        | "POST /api/v1/webhooks/{id}/poll/seek" => json!({"cursor": "cq_0"}),
        "POST /api/v1/webhooks/{id}/recover" => json!({"since": "2026-01-01T00:00:00Z"}),
        "POST /api/v1/deliveries/retry"
        | "POST /api/v1/dead-letters/retry"
        | "POST /api/v1/dead-letters/restore"
        | "POST /api/v1/dead-letters/discard" => json!({"ids": [world.delivery]}),
        "POST /api/v1/events/erase" => json!({"ids": [world.event]}),
        "POST /api/v1/workspaces" => json!({"name": format!("another {}", world.workspace)}),
        "PATCH /api/v1/workspaces/{id}" => json!({"strict_event_types": false}),
        "POST /api/v1/sessions" => json!({"email": "nobody@example.com", "password": "x"}),
        "POST /api/v1/sessions/mfa" => json!({"totp": "000000"}),
        "POST /api/v1/api-keys" => json!({"name": "another"}),
        "POST /api/v1/profiles" => document(world, "another-one"),
        "PUT /api/v1/profiles/{name}" => document(world, &world.profile),
        "POST /armalo/api/v1/webhooks" => json!({"url": url, "events": ["score.updated"]}),
        "POST /airmy/webhooks" => json!({"url": url, "events": ["task.completed"]}),
        "POST /indigiarmor/v1/webhooks"
        | "PUT /indigiarmor/v1/webhooks/{id}"
        | "PATCH /indigiarmor/v1/webhooks/{id}" => json!({"url": url}),
        line if line.contains(" /svix/") => svix_body(line, url),
        "POST /veriswarm/v1/public/providers/webhooks" => {
            json!({"callback_url": url, "event_types": ["*"]})
        }
        "POST /api/v1/events/{id}/replay"
        | "POST /api/v1/consumers/{consumer}/portal-links"
        | "POST /api/v1/events/{id}/cancel"
        | "POST /api/v1/webhooks/{id}/enable"
        | "POST /api/v1/webhooks/{id}/disable"
        | "POST /api/v1/webhooks/{id}/revoke"
        | "POST /api/v1/webhooks/{id}/rotate-secret"
        | "POST /api/v1/webhooks/{id}/test"
        | "POST /api/v1/webhooks/{id}/preview"
        | "POST /api/v1/deliveries/{id}/retry"
        | "POST /api/v1/deliveries/{id}/cancel"
        | "POST /api/v1/dead-letters/{id}/retry"
        | "POST /api/v1/dead-letters/{id}/restore"
        | "POST /api/v1/retries/run"
        | "POST /api/v1/jobs/{id}/cancel"
        | "POST /api/v1/workspaces/{id}/rotate-secret"
        | "POST /api/v1/workspaces/{id}/test-alert"
        | "POST /airmy/webhooks/{id}/test"
        | "POST /indigiarmor/v1/webhooks/{id}/test"
        | "POST /veriswarm/v1/public/providers/webhooks/{id}/test"
        | "POST /veriswarm/v1/public/providers/webhooks/{id}/revoke"
        | "POST /veriswarm/v1/public/providers/webhooks/{id}/rotate-secret"
        | "POST /veriswarm/v1/public/providers/webhooks/deliveries/{id}/retry"
        | "POST /veriswarm/v1/public/providers/webhooks/retries/run" => json!({}),
        other if other.starts_with("GET ") || other.starts_with("DELETE ") => Value::Null,
        other => panic!("{other} is new: what does it take?"),
    }
}

/// A document with one event type.
fn openapi() -> Value {
    json!({"openapi": "3.1.0", "webhooks": {"fresh.imported": {"post": {"responses": {}}}}})
}

/// The profile's document under a name.
fn document(world: &World, name: &str) -> Value {
    let mut document = world.document.clone();
    document["name"] = json!(name);
    document
}

/// As [`body`], for Svix's clients.
fn svix_body(line: &str, url: &str) -> Value {
    let (method, path) = line.split_once(' ').unwrap();
    let named = |end: &str| path.ends_with(end);
    match method {
        "GET" | "DELETE" => Value::Null,
        _ if named("/app") || named("/{app_id}") => json!({"name": "an app"}),
        _ if named("/import/openapi") => json!({"spec": openapi()}),
        _ if named("/event-type") => json!({"name": "fresh.svix", "description": "x"}),
        _ if named("/event-type/{name}") => json!({"description": "changed"}),
        _ if named("/msg") => json!({"eventType": "a.b", "payload": {}}),
        _ if named("/recover") || named("/replay-missing") || named("/bulk-replay") => {
            json!({"since": "2026-01-01T00:00:00Z"})
        }
        _ if named("/seek") => json!({"after": "2026-01-01T00:00:00Z"}),
        _ if named("/commit") => json!({"offset": 0}),
        _ if named("/send-example") => json!({"eventType": "a.b"}),
        _ if named("/headers") => json!({"headers": {}}),
        _ if named("/resend") || named("/rotate") || path.contains("/auth/") => json!({}),
        _ => json!({"url": url}),
    }
}

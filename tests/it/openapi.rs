//! The OpenAPI document: complete, resolvable, and true for what hookpost really answers.

use std::collections::BTreeSet;

use hookpost::api;
use hookpost::domain::api_key::Scope;
use hookpost::domain::outcome::FailureKind;
use hookpost::web::audience::Audience;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};
use crate::receiver::Receiver;

/// Every operation's name, as the document has it.
fn operation_ids(document: &Value) -> Vec<String> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths
        .values()
        .flat_map(|path| path.as_object().unwrap().values());
    operations
        .map(|operation| operation["operationId"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn every_endpoint_of_the_api_is_in_the_document_under_a_name_of_its_own() {
    let document = api::document();
    let endpoints = api::AUDIENCE.endpoints();
    for endpoint in &endpoints {
        let method = endpoint.method.as_str().to_lowercase();
        let described = &document["paths"][endpoint.path][method];
        assert!(
            !described.is_null(),
            "{} {}",
            endpoint.method,
            endpoint.path
        );
    }
    let ids: BTreeSet<String> = operation_ids(document).into_iter().collect();
    assert_eq!(ids.len(), endpoints.len(), "operation ids repeat");
}

#[test]
fn every_body_has_an_example_that_its_schema_accepts() {
    let document = api::document();
    let paths = document["paths"].as_object().unwrap().values();
    let sent = document["webhooks"].as_object().unwrap().values();
    let mut count = 0;
    for path in paths.chain(sent) {
        for operation in path.as_object().unwrap().values() {
            let id = &operation["operationId"];
            let Some(content) = operation["requestBody"]["content"].get("application/json") else {
                continue;
            };
            let schema = json!({
                "allOf": [content["schema"]], "components": document["components"],
            });
            let validator = jsonschema::validator_for(&schema).unwrap();
            let example = content
                .get("example")
                .unwrap_or_else(|| panic!("{id} has no example"));
            let faults: Vec<String> = validator
                .iter_errors(example)
                .map(|f| f.to_string())
                .collect();
            assert!(faults.is_empty(), "{id}: {faults:#?}");
            count += 1;
        }
    }
    assert!(count >= 25, "{count}");
}

#[test]
fn words_of_which_there_are_few_are_enumerations() {
    let schemas = &api::document()["components"]["schemas"];
    let words = |name: &str| schemas[name]["enum"].as_array().unwrap().len();
    for (name, count) in [
        ("DeliveryStatus", 6),
        ("DeliveryTrigger", 4),
        ("AttemptTrigger", 3),
        ("ErrorKind", FailureKind::ALL.len()),
        ("WebhookStatus", 3),
        ("Scope", Scope::ALL.len()),
        ("JobPart", 4),
        ("WhyNotReason", 8),
        ("ProfileOrigin", 3),
    ] {
        assert_eq!(words(name), count, "{name}");
    }
    assert!(!schemas.to_string().contains("allOf"), "generators drop it");
    let status = &schemas["DeliveryBody"]["properties"]["status"]["$ref"];
    assert_eq!(status, "#/components/schemas/DeliveryStatus");
    for (body, member, word) in [
        ("WhyNotBody", "reason", "WhyNotReason"),
        ("EventWebhookBody", "reason", "WhyNotReason"),
        ("ProfileBody", "origin", "ProfileOrigin"),
        ("FilterRequest", "status", "DeliveryStatuses"),
        ("FilterRequest", "job_part", "JobPart"),
    ] {
        let own = schemas[body]["properties"][member].to_string();
        let refers = format!("#/components/schemas/{word}\"");
        assert!(own.contains(&refers), "{body}.{member}: {own}");
    }
    // Lists take several with commas between them, and bodies one or a list.
    let statuses = schemas["DeliveryStatus"]["enum"].as_array().unwrap();
    for path in ["/api/v1/deliveries", "/api/v1/dead-letters"] {
        let queries = api::document()["paths"][path]["get"]["parameters"].as_array();
        let own = queries.unwrap().iter().find(|own| own["name"] == "status");
        let own = own.unwrap();
        assert_eq!(own["explode"], false, "{own}");
        assert_eq!(&own["schema"]["items"]["enum"], &json!(statuses), "{own}");
    }
    let either = schemas["DeliveryStatuses"]["oneOf"].as_array().unwrap();
    assert_eq!(either[0]["enum"], json!(statuses));
    assert_eq!(either[1]["items"]["enum"], json!(statuses));
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    let document = api::document();
    let mut references = Vec::new();
    collect(document, &mut references);
    assert!(references.len() > 100);
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            into.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| collect(member, into));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn anybody_may_read_the_document() {
    let app = TestApp::start().await;
    let answer = app
        .anonymous(reqwest::Method::GET, api::openapi::PATH)
        .send()
        .await;
    assert_eq!(answer.json(StatusCode::OK), *api::document());
}

/// Holds an answer against what the document says about it.
#[track_caller]
fn check(method: &str, path: &str, answer: &Answer) -> Value {
    let document = api::document();
    let told = &document["paths"][path][method]["responses"][answer.status.as_str()];
    assert!(
        !told.is_null(),
        "{method} {path}: {} is not told",
        answer.status
    );
    let value: Value = serde_json::from_str(&answer.text).unwrap();
    let schema = json!({
        "allOf": [told["content"]["application/json"]["schema"]],
        "components": document["components"],
    });
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&value)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{method} {path}: {faults:#?}\n{value:#}");
    value
}

#[tokio::test]
async fn real_answers_have_the_shapes_that_the_document_promises() {
    let app = TestApp::start().await;
    let receiver = Receiver::start().await;
    let webhook = webhooks_have_their_shapes(&app, &receiver).await;
    events_have_their_shapes(&app).await;
    lists_have_their_shapes(&app).await;
    bulk_work_has_its_shapes(&app, &webhook).await;
    let body = json!({"name": "a.b", "schema": {"type": "object"}, "example": {}});
    let made = app.post("/api/v1/event-types", &body).await;
    check("post", "/api/v1/event-types", &made);
    let made = app.post("/api/v1/api-keys", &json!({"name": "k"})).await;
    check("post", "/api/v1/api-keys", &made);
    let made = app.post("/api/v1/workspaces", &json!({"name": "w"})).await;
    check("post", "/api/v1/workspaces", &made);
}

async fn webhooks_have_their_shapes(app: &TestApp, receiver: &Receiver) -> String {
    let body = json!({
        "url": receiver.url("/"), "event_types": ["*"], "metadata": {"a": 1}, "headers": {"x-a": "b"},
    });
    let made = app.post("/api/v1/webhooks", &body).await;
    let made = check("post", "/api/v1/webhooks", &made);
    let webhook = format!("/api/v1/webhooks/{}", made["id"].as_str().unwrap());
    let shown = app.get(&webhook).await;
    check("get", "/api/v1/webhooks/{id}", &shown);
    let tested = app.post(&format!("{webhook}/test"), &json!({})).await;
    check("post", "/api/v1/webhooks/{id}/test", &tested);
    let rotated = app
        .post(&format!("{webhook}/rotate-secret"), &json!({}))
        .await;
    check("post", "/api/v1/webhooks/{id}/rotate-secret", &rotated);
    webhook
}

async fn events_have_their_shapes(app: &TestApp) {
    let event = json!({"type": "a.b", "data": {"n": 1}});
    let published = app.post("/api/v1/events", &event).await;
    let published = check("post", "/api/v1/events", &published);
    let batch = app
        .post(
            "/api/v1/events/batch",
            &json!({"events": [event, {"type": 1}]}),
        )
        .await;
    check("post", "/api/v1/events/batch", &batch);
    let event = format!("/api/v1/events/{}", published["id"].as_str().unwrap());
    app.poll(&event, |event| {
        event["deliveries"][0]["status"] == "delivered"
    })
    .await;
    check("get", "/api/v1/events/{id}", &app.get(&event).await);
    let replayed = app.post(&format!("{event}/replay"), &json!({})).await;
    check("post", "/api/v1/events/{id}/replay", &replayed);
}

async fn lists_have_their_shapes(app: &TestApp) {
    for path in [
        "events",
        "webhooks",
        "deliveries",
        "dead-letters",
        "audit-log",
        "event-types",
        "workspaces",
        "api-keys",
        "profiles",
        "profile-gallery",
        "jobs",
        "stats",
        "retries/summary",
    ] {
        let path = format!("/api/v1/{path}");
        check("get", &path, &app.get(&path).await);
    }
    let deliveries = app.get("/api/v1/deliveries").await.json(StatusCode::OK);
    let delivery = deliveries["data"][1]["id"].as_str().unwrap();
    let shown = app.get(&format!("/api/v1/deliveries/{delivery}")).await;
    check("get", "/api/v1/deliveries/{id}", &shown);
}

async fn bulk_work_has_its_shapes(app: &TestApp, webhook: &str) {
    let stats = app.get(&format!("{webhook}/stats")).await;
    check("get", "/api/v1/webhooks/{id}/stats", &stats);
    let run = app.post("/api/v1/retries/run", &json!({})).await;
    check("post", "/api/v1/retries/run", &run);
    let chosen = json!({"filter": {"status": "exhausted"}});
    for path in [
        "deliveries/retry",
        "dead-letters/retry",
        "dead-letters/discard",
        "dead-letters/restore",
    ] {
        let path = format!("/api/v1/{path}");
        check("post", &path, &app.post(&path, &chosen).await);
    }
    for is_dry in [true, false] {
        let chosen = json!({"filter": {"type": "no.such"}, "dry_run": is_dry});
        let path = "/api/v1/events/erase";
        check("post", path, &app.post(path, &chosen).await);
    }
    let since = json!({"since": "2026-01-01T00:00:00Z"});
    let begun = app.post(&format!("{webhook}/recover"), &since).await;
    let begun = check("post", "/api/v1/webhooks/{id}/recover", &begun);
    let job = format!("/api/v1/jobs/{}", begun["job_id"].as_str().unwrap());
    check("get", "/api/v1/jobs/{id}", &app.get(&job).await);
}

#[tokio::test]
async fn the_page_shows_every_operation_and_loads_nothing_but_its_stylesheet() {
    let app = TestApp::start().await;
    let page = app.anonymous(reqwest::Method::GET, "/docs").send().await;
    assert_eq!(page.status, StatusCode::OK);
    for id in operation_ids(api::document()) {
        assert!(page.text.contains(&format!("id=\"{id}\"")), "{id}");
    }
    for forbidden in ["<script", "style=", "http://", "https://", "src="] {
        assert!(!page.text.contains(forbidden), "{forbidden}");
    }
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"));
    let css = app
        .anonymous(reqwest::Method::GET, "/docs.css")
        .send()
        .await;
    assert!(css.header("content-type").starts_with("text/css"));
}

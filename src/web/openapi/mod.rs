//! The OpenAPI 3.1 document: generated from the route table, the operations beside it, and the wire
//! shapes themselves.
//!
//! Owns: putting the document together, and answering with it. Refuses: describing a route in two
//! places: what a route needs (its scope, and the refusals which follow from it) comes from the
//! route table, what it takes and gives from the types that its handler reads and writes; only the
//! words are `operations`' own.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use serde_json::{Map, Value, json};

use super::Answered;
use super::auth::WORKSPACE_HEADER;
use super::endpoint::{self, Access, Endpoint};
use super::problem::ProblemBody;

mod operation;
mod operations;
mod parts;

pub use operation::Operation;
use operation::Shape;

/// Where the document is.
pub const PATH: &str = "/api/v1/openapi.json";

static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());
static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(operations::all);

/// `GET /api/v1/openapi.json`.
///
/// # Errors
/// None.
pub async fn show() -> Answered {
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(TEXT.as_str()))
}

/// Whether the document is to say anything about a path: the API and operations, not pages.
#[must_use]
pub fn describes(path: &str) -> bool {
    const OTHERS: [&str; 5] = ["/healthz", "/readyz", "/metrics", "/docs", "/docs.css"];
    path.starts_with("/api/v1/") || OTHERS.contains(&path)
}

/// All operations, in the order of reading.
#[must_use]
pub fn operations() -> &'static [Operation] {
    &OPERATIONS
}

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let route = endpoint::all()
            .find(|route| route.method == operation.method && route.path == operation.path);
        // A test holds the two tables together; a stray line would describe nothing.
        let Some(route) = route else { continue };
        let path = paths
            .entry(operation.path)
            .or_insert_with(|| Value::Object(Map::new()));
        path[operation.method.as_str().to_ascii_lowercase()] = described(operation, route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "hookpost",
            "version": env!("CARGO_PKG_VERSION"),
            "description": parts::DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": operations::TAGS.iter().map(|(name, about)| json!({"name": name, "description": about})).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "parameters": parts::parameters(),
            "headers": parts::headers(),
            "responses": parts::refusals(),
            "securitySchemes": parts::security_schemes(),
        },
    })
}

fn described(operation: &Operation, route: &Endpoint) -> Value {
    let scopes = scopes(route.access);
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": parameters(operation, route.access),
        "responses": responses(operation, route.access),
        "security": security(route.access, &scopes),
    });
    if let Some(scope) = scopes.first() {
        described["description"] = json!(format!("Needs the scope `{scope}`."));
        described["x-required-scope"] = json!(scope);
    }
    if let Some((shape, required)) = &operation.body {
        described["requestBody"] = json!({
            "required": required,
            "content": {"application/json": {"schema": shape.reference()}},
        });
    }
    described
}

/// People may do over the API what their role allows, as keys what their scopes allow.
fn security(access: Access, scopes: &[&str]) -> Value {
    match access {
        Access::Public | Access::Page(_) => json!([]),
        Access::Session => json!([{"session": []}]),
        Access::Scope(_) | Access::Either(..) => json!([{"api_key": scopes}, {"session": []}]),
    }
}

/// Whether requests act in a workspace, and count against a key's rate.
fn is_for_keys(access: Access) -> bool {
    match access {
        Access::Scope(_) | Access::Either(..) => true,
        Access::Public | Access::Session | Access::Page(_) => false,
    }
}

fn scopes(access: Access) -> Vec<&'static str> {
    match access {
        // Pages are no part of the API.
        Access::Public | Access::Session | Access::Page(_) => Vec::new(),
        Access::Scope(scope) => vec![scope.as_str()],
        Access::Either(one, other) => vec![one.as_str(), other.as_str()],
    }
}

fn parameters(operation: &Operation, access: Access) -> Vec<Value> {
    let named = operation.path.split('{').skip(1).filter_map(|rest| {
        let (name, _) = rest.split_once('}')?;
        Some(parts::path_parameter(name))
    });
    let mut all: Vec<Value> = named.chain(operation.query.iter().cloned()).collect();
    if is_for_keys(access) {
        all.push(parts::parameter(WORKSPACE_HEADER));
    }
    if operation.is_keyed() {
        all.push(parts::parameter("Idempotency-Key"));
    }
    all
}

fn responses(operation: &Operation, access: Access) -> Value {
    let mut responses: BTreeMap<String, Value> = BTreeMap::new();
    for answer in &operation.answers {
        let mut headers = json!({"x-request-id": parts::header("x-request-id")});
        if operation.is_keyed() {
            headers["Idempotent-Replayed"] = parts::header("Idempotent-Replayed");
        }
        if is_for_keys(access) {
            for name in parts::RATE_HEADERS {
                headers[name] = parts::header(name);
            }
        }
        let mut told = json!({"description": answer.about, "headers": headers});
        if let Some((media, schema)) = answer.content() {
            told["content"] = json!({media: {"schema": schema}});
        }
        responses.insert(answer.status.to_string(), told);
    }
    for status in operation.refusals(access) {
        responses.insert(status.to_string(), parts::refusal(status));
    }
    json!(responses)
}

/// Every schema that an operation mentions, by name.
fn schemas() -> Value {
    let (mut asked, mut answered) = (BTreeMap::new(), BTreeMap::new());
    Shape::of::<ProblemBody>().collect(&mut answered);
    for operation in operations() {
        if let Some((shape, _)) = &operation.body {
            shape.collect(&mut asked);
        }
        for answer in &operation.answers {
            answer.collect(&mut answered);
        }
    }
    for (name, schema) in &mut answered {
        if !asked.contains_key(name) {
            complete(schema);
        }
    }
    asked.extend(answered);
    json!(asked)
}

/// Answers show what has no value as null, so that whatever may be null is always there. The derived
/// schemas cannot know that.
fn complete(schema: &mut Value) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let required = schema["required"].as_array();
        let is_there = |name: &String, property: &Value| {
            may_be_null(property)
                || required.is_some_and(|names| names.iter().any(|own| own == name))
        };
        let names: Vec<&String> = properties
            .iter()
            .filter(|(name, property)| is_there(name, property))
            .map(|(name, _)| name)
            .collect();
        let names = json!(names);
        schema["required"] = names;
    }
    for combined in ["allOf", "oneOf", "anyOf"] {
        if let Some(parts) = schema.get_mut(combined).and_then(Value::as_array_mut) {
            parts.iter_mut().for_each(complete);
        }
    }
}

fn may_be_null(property: &Value) -> bool {
    let has_null = |types: &Vec<Value>| types.iter().any(|own| own == "null");
    let is_null = |choices: &Vec<Value>| choices.iter().any(|own| own["type"] == "null");
    property["type"].as_array().is_some_and(has_null)
        || property["oneOf"].as_array().is_some_and(is_null)
}

//! The document, put together from endpoints and the wire shapes that their handlers read and write.
//!
//! Owns: what follows from an endpoint's access: its security, its parameters, its refusals.
//! Refuses: describing an endpoint in two places; its words stand beside its handler.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::links::link;
use super::merged::merged;
use super::operation::{Need, Operation, Shape};
use super::parts;
use crate::web::auth::WORKSPACE_HEADER;
use crate::web::endpoint::{Access, Endpoint};
use crate::web::problem::ProblemBody;

/// An endpoint and what it says of itself.
struct Described {
    endpoint: &'static Endpoint,
    operation: Operation,
}

/// The document of those of `endpoints` that say something of themselves, in the groups `tags`, and
/// of what is sent to `webhooks`.
#[must_use]
pub fn document(tags: &[(&str, &str)], endpoints: &[&'static Endpoint], webhooks: &Value) -> Value {
    let described: Vec<Described> = endpoints
        .iter()
        .filter_map(|endpoint| {
            let operation = endpoint.about?(Operation::default());
            Some(Described {
                endpoint,
                operation,
            })
        })
        .collect();
    let mut paths: Map<String, Value> = Map::new();
    for one in &described {
        let path = paths.entry(one.endpoint.path);
        let path = path.or_insert_with(|| json!({}));
        path[one.endpoint.method.as_str().to_ascii_lowercase()] = one.told();
    }
    link(&mut paths);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "hookpost",
            "version": env!("CARGO_PKG_VERSION"),
            "description": parts::DESCRIPTION,
            "contact": {"name": "Whoever runs this hookpost"},
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags.iter().map(|(name, about)| json!({"name": name, "description": about})).collect::<Vec<_>>(),
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "schemas": schemas(&described),
            "parameters": parts::parameters(),
            "headers": parts::headers(),
            "responses": parts::refusals(),
            "securitySchemes": parts::security_schemes(),
        },
    })
}

impl Described {
    fn told(&self) -> Value {
        let operation = &self.operation;
        let scopes = self.endpoint.access.scopes();
        let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let mut told = json!({
            "operationId": operation.id,
            "tags": [operation.tag],
            "summary": operation.summary,
            "parameters": self.parameters(),
            "responses": self.responses(),
            "security": self.security(),
            "description": self.who(&scopes),
        });
        if let Some(scope) = scopes.first() {
            told["x-required-scope"] = json!(scope);
        }
        if let Some(body) = &operation.body {
            let content = json!({"schema": body.shape.reference(), "example": body.example});
            let forms = body
                .forms
                .iter()
                .map(|form| ((*form).to_owned(), content.clone()));
            told["requestBody"] = json!({
                "required": body.need == Need::Required,
                "content": forms.collect::<Map<_, _>>(),
            });
        }
        told
    }

    /// Who may ask for it. Scopes are words here: only OAuth2 has a place of its own for them.
    fn who(&self, scopes: &[&str]) -> String {
        match (self.endpoint.access, scopes) {
            (Access::Public, _) => "Open to everybody: it needs no key.".to_owned(),
            (_, []) => "Needs the session of a person.".to_owned(),
            (_, scopes) => format!("Needs the scope `{}`.", scopes.join("` or `")),
        }
    }

    /// People may do over the API what their role allows, as keys what their scopes allow.
    fn security(&self) -> Value {
        match self.endpoint.access {
            Access::Scope(_) | Access::Either(..) => json!([{"api_key": []}, {"session": []}]),
            Access::Session => json!([{"session": []}]),
            Access::Public
            | Access::Portal
            | Access::Page(_)
            | Access::Enrolment
            | Access::SecondFactor => json!([]),
        }
    }

    /// Whether requests act in a workspace, and count against a key's rate.
    fn is_for_keys(&self) -> bool {
        !self.endpoint.access.scopes().is_empty()
    }

    fn parameters(&self) -> Vec<Value> {
        let named = self.endpoint.path.split('{').skip(1).filter_map(|rest| {
            let (name, _) = rest.split_once('}')?;
            Some(parts::path_parameter(name))
        });
        let mut all: Vec<Value> = named.chain(self.operation.query.iter().cloned()).collect();
        if self.is_for_keys() {
            all.push(parts::parameter(WORKSPACE_HEADER));
        }
        if self.operation.is_keyed() {
            all.push(parts::parameter("Idempotency-Key"));
        }
        all
    }

    fn responses(&self) -> Value {
        let mut responses: BTreeMap<String, Value> = BTreeMap::new();
        for answer in &self.operation.answers {
            let mut headers = json!({"x-request-id": parts::header("x-request-id")});
            if self.operation.is_keyed() {
                headers["Idempotent-Replayed"] = parts::header("Idempotent-Replayed");
            }
            if self.is_for_keys() {
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
        for status in self.refusals() {
            responses.insert(status.to_string(), parts::refusal(status));
        }
        json!(responses)
    }

    /// The statuses of all refusals: what follows from access and from what it takes, and its own.
    fn refusals(&self) -> Vec<u16> {
        let operation = &self.operation;
        let mut statuses = vec![500, 503];
        statuses.extend(&operation.more_refusals);
        if self.endpoint.access != Access::Public {
            statuses.extend([401, 403, 404, 429]);
        }
        if operation.body.is_some() {
            statuses.extend([400, 408, 413, 415, 422]);
        }
        if !operation.query.is_empty() {
            statuses.push(422);
        }
        statuses
    }
}

/// Every schema that an operation mentions, by name.
fn schemas(described: &[Described]) -> Value {
    let (mut asked, mut answered) = (BTreeMap::new(), BTreeMap::new());
    Shape::of::<ProblemBody>().collect(&mut answered);
    for Described { operation, .. } in described {
        if let Some(body) = &operation.body {
            body.shape.collect(&mut asked);
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
    let whole = asked.iter().map(|(name, own)| (name, merged(own, &asked)));
    json!(whole.collect::<BTreeMap<_, _>>())
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

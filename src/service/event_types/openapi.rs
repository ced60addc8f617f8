//! OpenAPI documents as catalogues: their `webhooks` are event types.
//!
//! Owns: what of a document says what of an event type, both ways. Refuses: comparing with what is there
//! (`import`).
//!
//! # What stands for what
//! The name of a webhook is the event type's. Of its `post` operation the description (or else the summary)
//! says when it happens, the first tag is its group, and the JSON request body is its data: schema and
//! example. `x-archived` says that it is out of use; `deprecated` alone does not, because what is deprecated
//! is still sent. Feature flags are in no document.

use serde_json::{Map, Value, json};

use super::described_versions::{
    DescribedVersion, VERSIONS, has_one_in_use, listed, said as said_versions,
};
use super::refs::{sharing, standing_alone};
use crate::domain::catalogue::{EventType, EventTypeVersion};
use crate::service::FieldError;

/// References to whole parts that are followed, one after the other.
const HOPS_MAX: usize = 8;
/// Says that an event type is out of use.
const ARCHIVED: &str = "x-archived";
/// The media type of data.
const JSON: &str = "application/json";

/// An event type as a document describes it; what it says nothing of is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct DescribedType {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) group: Option<String>,
    pub(super) schema: Option<Value>,
    pub(super) example: Option<Value>,
    pub(super) is_archived: bool,
    pub(super) is_deprecated: bool,
    pub(super) versions: Vec<DescribedVersion>,
}

/// The event types that a document describes, in its order.
///
/// # Errors
/// Each place at fault.
pub(super) fn described(document: &Value) -> Result<Vec<DescribedType>, Vec<FieldError>> {
    let fault = |field: &str, message: &str| {
        vec![FieldError {
            field: field.to_owned(),
            message: message.to_owned(),
        }]
    };
    match document.get("openapi").and_then(Value::as_str) {
        Some(version) if version.starts_with("3.1.") || version.starts_with("3.2.") => {}
        Some(_) => {
            return Err(fault(
                "openapi",
                "must be 3.1: earlier ones know no webhooks",
            ));
        }
        None => {
            return Err(fault(
                "openapi",
                "is needed: the document's version, such as 3.1.0",
            ));
        }
    }
    let webhooks = match document.get("webhooks") {
        Some(Value::Object(webhooks)) => webhooks,
        Some(_) => return Err(fault("webhooks", "must be an object")),
        None => {
            return Err(fault(
                "webhooks",
                "is needed: each of them is an event type",
            ));
        }
    };
    let mut faults = Vec::new();
    let mut found = Vec::with_capacity(webhooks.len());
    for (name, item) in webhooks {
        match described_by(document, name, item) {
            Ok(one) => found.push(one),
            Err((place, message)) => faults.push(FieldError {
                field: format!("webhooks.{name}{place}"),
                message,
            }),
        }
    }
    match faults.is_empty() {
        true => Ok(found),
        false => Err(faults),
    }
}

/// One webhook; a fault says where below it, and what.
fn described_by(
    document: &Value,
    name: &str,
    item: &Value,
) -> Result<DescribedType, (&'static str, String)> {
    let item = followed(document, item).map_err(|message| ("", message))?;
    let operation = item.get("post").or_else(|| item.get("put"));
    let operation = operation
        .filter(|operation| operation.is_object())
        .ok_or_else(|| ("", "has no post operation".to_owned()))?;
    let text = |of: &Value, member: &str| of.get(member)?.as_str().map(str::to_owned);
    let said = |member: &str| text(operation, member).or_else(|| text(item, member));
    let tags = operation.get("tags").and_then(Value::as_array);
    let is = |member: &str| operation.get(member).and_then(Value::as_bool) == Some(true);
    let mut made = DescribedType {
        name: name.to_owned(),
        description: said("description").or_else(|| said("summary")),
        group: tags.and_then(|tags| tags.first()?.as_str().map(str::to_owned)),
        is_archived: is(ARCHIVED),
        is_deprecated: is("deprecated"),
        versions: said_versions(operation).map_err(|message| (".post.x-versions", message))?,
        ..DescribedType::default()
    };
    if has_one_in_use(&made.versions) {
        return Ok(made);
    }
    let Some(body) = operation.get("requestBody") else {
        return Ok(made);
    };
    let at = ".post.requestBody";
    let body = followed(document, body).map_err(|message| (at, message))?;
    let Some(media) = body.get("content").and_then(json_content) else {
        return Err((at, "has no content of application/json".to_owned()));
    };
    if let Some(schema) = media.get("schema") {
        let components = document.pointer("/components/schemas");
        let components = components.unwrap_or(&Value::Null);
        let alone = standing_alone(schema, components);
        made.schema = Some(alone.map_err(|message| (".post.requestBody.schema", message))?);
    }
    made.example = example(document, media).map_err(|message| (at, message))?;
    Ok(made)
}

fn json_content(content: &Value) -> Option<&Value> {
    let content = content.as_object()?;
    let is_json = |kind: &&String| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind == JSON || kind.ends_with("+json") || kind == "*/*"
    };
    let other = || {
        content
            .keys()
            .find(is_json)
            .and_then(|kind| content.get(kind))
    };
    content.get(JSON).or_else(other)
}

fn example(document: &Value, media: &Value) -> Result<Option<Value>, String> {
    if let Some(example) = media.get("example") {
        return Ok(Some(example.clone()));
    }
    let examples = media.get("examples").and_then(Value::as_object);
    let Some(first) = examples.and_then(|all| all.values().next()) else {
        return Ok(None);
    };
    Ok(followed(document, first)?.get("value").cloned())
}

/// A part of a document, or what it refers to.
fn followed<'a>(document: &'a Value, part: &'a Value) -> Result<&'a Value, String> {
    let mut part = part;
    for _ in 0..HOPS_MAX {
        let Some(reference) = part.get("$ref").and_then(Value::as_str) else {
            return Ok(part);
        };
        let pointer = reference.strip_prefix('#');
        let found = pointer.and_then(|pointer| document.pointer(pointer));
        part = found.ok_or_else(|| {
            format!("refers to {reference}; only what is in the document can be followed")
        })?;
    }
    Err(format!("refers on more than {HOPS_MAX} times"))
}

/// A document that describes event types.
///
/// # Errors
/// What cannot be said of one of them.
pub(super) fn document(
    types: &[(EventType, Vec<EventTypeVersion>)],
    title: &str,
) -> Result<Value, String> {
    let mut components = Map::new();
    let mut webhooks = Map::new();
    for (one, versions) in types {
        let operation = operation(one, versions, &mut components)?;
        webhooks.insert(one.name.to_string(), json!({ "post": operation }));
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "webhooks": webhooks,
    });
    if !components.is_empty() {
        document["components"] = json!({ "schemas": components });
    }
    Ok(document)
}

fn operation(
    one: &EventType,
    versions: &[EventTypeVersion],
    components: &mut Map<String, Value>,
) -> Result<Value, String> {
    let name = one.name.as_str();
    let settings = &one.settings;
    let mut operation = json!({
        "operationId": name,
        "responses": {"2XX": {"description": "It was received."}},
    });
    if let Some(description) = &settings.description {
        operation["description"] = json!(description);
    }
    if let Some(group) = &settings.group {
        operation["tags"] = json!([group]);
    }
    if settings.archived || settings.deprecated {
        operation["deprecated"] = json!(true);
    }
    if settings.archived {
        operation[ARCHIVED] = json!(true);
    }
    if !versions.is_empty() {
        operation[VERSIONS] = json!(listed(versions));
    }
    let in_use = versions.iter().rfind(|own| !own.settings.archived);
    let (schema, example) = match in_use {
        Some(newest) => (&newest.settings.schema, &newest.settings.example),
        None => (&settings.schema, &settings.example),
    };
    let mut media = Map::new();
    let read = |text: &String| serde_json::from_str::<Value>(text).ok();
    if let Some(schema) = schema.as_ref().and_then(read) {
        let shared = sharing(&schema, name, components);
        let shared = shared.map_err(|message| format!("the schema of {name} {message}"))?;
        media.insert("schema".to_owned(), shared);
    }
    if let Some(example) = example.as_ref().and_then(read) {
        media.insert("example".to_owned(), example);
    }
    if !media.is_empty() {
        operation["requestBody"] = json!({"required": true, "content": {JSON: media}});
    }
    Ok(operation)
}

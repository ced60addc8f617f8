//! What pages show of the OpenAPI document: operations, schemas and their members in words.
//!
//! Owns: reading them from the document. Refuses: pages.

use askama::Template;
use askama::filters::HtmlSafe;
use serde_json::Value;

pub(super) struct DocOperation {
    pub(super) id: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) summary: String,
    pub(super) scope: String,
    pub(super) parameters: Vec<DocField>,
    pub(super) body: Option<DrawnKind>,
    pub(super) answers: Vec<DocReply>,
}

pub(super) struct DocReply {
    pub(super) status: String,
    pub(super) about: String,
    pub(super) kind: DrawnKind,
}

pub(super) struct DocSchema {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) fields: Vec<DocField>,
}

pub(super) struct DocField {
    pub(super) name: String,
    pub(super) place: String,
    pub(super) need: &'static str,
    pub(super) kind: DrawnKind,
    pub(super) about: String,
}

/// A schema in a few words: a text, and the name of the schema whose page it leads to.
#[derive(Default, Template)]
#[template(
    source = r#"{% if target.is_empty() %}{{ text }}{% else %}<a href="/docs/{{ target }}">{{ text }}</a>{% endif %}"#,
    ext = "html"
)]
pub(super) struct DrawnKind {
    pub(super) text: String,
    pub(super) target: String,
}

impl HtmlSafe for DrawnKind {}

pub(super) fn operation(document: &Value, method: &str, path: &str, own: &Value) -> DocOperation {
    let parameters = items(&own["parameters"]).map(|parameter| {
        let parameter = resolved(document, parameter);
        DocField {
            name: text(&parameter["name"]),
            place: text(&parameter["in"]),
            need: if parameter["required"] == true {
                REQUIRED
            } else {
                ""
            },
            kind: kind(&parameter["schema"]),
            about: text(&parameter["description"]),
        }
    });
    let answers = members(&own["responses"]).map(|(status, told)| {
        let told = resolved(document, told);
        let content = members(&told["content"]).next();
        DocReply {
            status: status.to_owned(),
            about: text(&told["description"]),
            kind: content.map_or_else(DrawnKind::default, |(_, content)| kind(&content["schema"])),
        }
    });
    let body = &own["requestBody"]["content"]["application/json"]["schema"];
    DocOperation {
        id: text(&own["operationId"]),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        summary: text(&own["summary"]),
        scope: text(&own["x-required-scope"]),
        parameters: parameters.collect(),
        body: (!body.is_null()).then(|| kind(body)),
        answers: answers.collect(),
    }
}

pub(super) fn schema((name, schema): (&str, &Value)) -> DocSchema {
    let fields = std::iter::once(schema)
        .chain(items(&schema["oneOf"]))
        .flat_map(|part| {
            let is_needed = |name: &str| items(&part["required"]).any(|needed| needed == name);
            members(&part["properties"]).map(move |(name, property)| DocField {
                name: name.to_owned(),
                place: String::new(),
                need: if is_needed(name) { REQUIRED } else { "" },
                kind: kind(property),
                about: text(&property["description"]),
            })
        });
    let mut fields: Vec<DocField> = fields.collect();
    // What a shape may be instead of these has no name of its own here.
    for part in items(&schema["oneOf"]) {
        let kind = kind(part);
        if !kind.target.is_empty() {
            fields.insert(
                0,
                DocField {
                    name: "…".to_owned(),
                    place: String::new(),
                    need: "",
                    kind,
                    about: "Its members.".to_owned(),
                },
            );
        }
    }
    let words: Vec<String> = items(&schema["enum"]).map(text).collect();
    let about = match words.as_slice() {
        [] => text(&schema["description"]),
        words => format!(
            "{} One of: {}.",
            text(&schema["description"]),
            words.join(", ")
        ),
    };
    DocSchema {
        name: name.to_owned(),
        about,
        fields,
    }
}

/// The word for a member that must be there.
const REQUIRED: &str = "required";

fn kind(schema: &Value) -> DrawnKind {
    if let Some(target) = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
    {
        return DrawnKind {
            text: target.to_owned(),
            target: target.to_owned(),
        };
    }
    if let Some(data) = schema["properties"]
        .get("data")
        .filter(|data| !data["items"].is_null())
    {
        let item = kind(&data["items"]);
        return DrawnKind {
            text: format!("page of {}", item.text),
            target: item.target,
        };
    }
    if !schema["items"].is_null() {
        let item = kind(&schema["items"]);
        return DrawnKind {
            text: format!("list of {}", item.text),
            target: item.target,
        };
    }
    let choices = items(&schema["oneOf"]).chain(items(&schema["anyOf"]));
    let choices: Vec<DrawnKind> = choices.map(kind).collect();
    if !choices.is_empty() {
        let words: Vec<&str> = choices.iter().map(|choice| choice.text.as_str()).collect();
        let text = words.join(" or ");
        let target = choices
            .into_iter()
            .map(|choice| choice.target)
            .find(|target| !target.is_empty());
        return DrawnKind {
            text,
            target: target.unwrap_or_default(),
        };
    }
    if schema["enum"].is_array() {
        let words: Vec<String> = items(&schema["enum"]).map(text).collect();
        return DrawnKind {
            text: words.join(" | "),
            target: String::new(),
        };
    }
    DrawnKind {
        text: plain(schema),
        target: String::new(),
    }
}

/// A schema without parts: its type, and its format in brackets.
fn plain(schema: &Value) -> String {
    let types: Vec<String> = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect(),
        Value::String(one) => vec![one.clone()],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            vec!["any".to_owned()]
        }
    };
    match schema["format"].as_str() {
        Some(format) => format!("{} ({format})", types.join(" or ")),
        None => types.join(" or "),
    }
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"]
        .as_str()
        .map(|path| path.trim_start_matches('#'));
    pointer
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(value)
}

pub(super) fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Prose of the document, without the marks of Markdown that pages would show as they are.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('`', "")
}

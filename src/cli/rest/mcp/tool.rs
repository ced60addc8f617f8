//! One tool: one call of the API, described.
//!
//! Owns: how a tool is told of, and how its fields become a path, a query and a body. Refuses: rules; what
//! the API refuses is told as the API tells it.

use serde_json::{Map, Value, json};

use super::bounded::{LIST_ITEMS_MAX, bounded};
use crate::cli::rest::filter::FilterQuery;
use crate::cli::rest::{Api, encoded};
use crate::net::RestMethod;

/// How many of a list are shown where nothing is said.
const LIMIT_DEFAULT: u64 = 20;

/// A tool.
pub(super) struct McpTool {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) effect: ToolEffect,
    pub(super) method: RestMethod,
    /// Below `/api/v1`; `{field}` stands for a field.
    pub(super) path: &'static str,
    pub(super) fields: &'static [ToolField],
}

/// Whether a tool changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToolEffect {
    /// It shows something.
    Reads,
    /// It does something.
    Acts,
}

/// A field of a tool's input.
pub(super) struct ToolField {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) place: FieldPlace,
}

/// Where a field goes, which also says what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldPlace {
    /// Text in the path; it must be given.
    Path,
    /// Text in the query.
    Query,
    /// How many of a list, in the query.
    Limit,
    /// Text in the body.
    Text,
    /// Any JSON in the body.
    Any,
}

impl McpTool {
    /// It as the protocol describes tools.
    pub(super) fn described(&self) -> Value {
        let fields = self.fields.iter();
        let properties: Map<String, Value> = fields
            .map(|field| (field.name.to_owned(), field.schema()))
            .collect();
        let fields = self.fields.iter();
        let required: Vec<&str> = fields
            .filter(|field| field.place == FieldPlace::Path)
            .map(|field| field.name)
            .collect();
        json!({
            "name": self.name,
            "description": self.about,
            "inputSchema": {
                "type": "object", "properties": properties, "required": required,
                "additionalProperties": false,
            },
            "annotations": {
                "readOnlyHint": self.effect == ToolEffect::Reads,
                "destructiveHint": false,
                "openWorldHint": self.effect == ToolEffect::Acts,
            },
        })
    }

    /// Has the API do it: its answer, or why there is none.
    pub(super) async fn call(
        &self,
        api: &Api,
        given: &Map<String, Value>,
    ) -> Result<String, String> {
        let (path, body) = self.request(given)?;
        let answered = api.call(self.method, &path, body).await;
        bounded(&answered.map_err(|error| format!("{error:#}"))?)
    }

    /// The path and the body of the call.
    fn request(&self, given: &Map<String, Value>) -> Result<(String, Option<Vec<u8>>), String> {
        let known = |name: &&String| self.fields.iter().all(|field| field.name != **name);
        if let Some(unknown) = given.keys().find(known) {
            return Err(format!("{} takes no {unknown:?}", self.name));
        }
        let mut path = self.path.to_owned();
        let (mut query, mut body) = (FilterQuery::default(), Map::new());
        for field in self.fields {
            let value = given.get(field.name).filter(|value| !value.is_null());
            match field.place {
                FieldPlace::Path => {
                    let text = value.ok_or_else(|| format!("{} must be given", field.name))?;
                    let text = encoded(field.text(text)?);
                    path = path.replace(&format!("{{{}}}", field.name), &text);
                }
                FieldPlace::Limit => query.push(field.name, Some(&limit(value)?.to_string())),
                FieldPlace::Query => {
                    let text = value.map(|value| field.text(value)).transpose()?;
                    query.push(field.name, text);
                }
                FieldPlace::Text => {
                    if let Some(value) = value {
                        body.insert(field.name.to_owned(), field.text(value)?.into());
                    }
                }
                FieldPlace::Any => {
                    if let Some(value) = value {
                        body.insert(field.name.to_owned(), value.clone());
                    }
                }
            }
        }
        let body = match body.is_empty() {
            true => None,
            false => Some(Value::Object(body).to_string().into_bytes()),
        };
        Ok((query.on(&path), body))
    }
}

impl ToolField {
    fn schema(&self) -> Value {
        match self.place {
            FieldPlace::Path | FieldPlace::Query | FieldPlace::Text => {
                json!({"type": "string", "description": self.about})
            }
            FieldPlace::Limit => json!({
                "type": "integer", "minimum": 1, "maximum": LIST_ITEMS_MAX,
                "description": self.about,
            }),
            FieldPlace::Any => json!({"description": self.about}),
        }
    }

    /// The text that it holds. An empty one in a path would lead to something else.
    fn text<'a>(&self, value: &'a Value) -> Result<&'a str, String> {
        let text = value.as_str().filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| format!("{} must be text", self.name))?;
        if self.place == FieldPlace::Path && matches!(text, "." | "..") {
            return Err(format!("{} is not an id", self.name));
        }
        Ok(text)
    }
}

fn limit(value: Option<&Value>) -> Result<u64, String> {
    let most = LIST_ITEMS_MAX as u64;
    match value {
        None => Ok(LIMIT_DEFAULT),
        Some(value) => value
            .as_u64()
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| format!("limit must be a whole number from 1 to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn field(name: &'static str, place: FieldPlace) -> ToolField {
        let about = "";
        ToolField { name, about, place }
    }

    fn tool(name: &'static str) -> McpTool {
        let (method, path, fields): (_, _, &'static [ToolField]) = match name {
            "list" => (
                RestMethod::Get,
                "/deliveries",
                const {
                    &[
                        field("type", FieldPlace::Query),
                        field("limit", FieldPlace::Limit),
                    ]
                },
            ),
            "show" => (
                RestMethod::Get,
                "/events/{event_id}",
                const { &[field("event_id", FieldPlace::Path)] },
            ),
            _ => (
                RestMethod::Post,
                "/webhooks/{webhook_id}/test",
                const {
                    &[
                        field("webhook_id", FieldPlace::Path),
                        field("event_id", FieldPlace::Text),
                        field("data", FieldPlace::Any),
                    ]
                },
            ),
        };
        McpTool {
            name,
            about: "",
            effect: ToolEffect::Reads,
            method,
            path,
            fields,
        }
    }

    #[track_caller]
    fn check(name: &'static str, given: Value, expect: Result<(&str, Option<&str>), &str>) {
        let Value::Object(given) = given else {
            panic!("{given} is no object");
        };
        let asked = tool(name).request(&given);
        let asked =
            asked.map(|(path, body)| (path, body.map(|body| String::from_utf8(body).unwrap())));
        let expect = expect.map(|(path, body)| (path.to_owned(), body.map(str::to_owned)));
        assert_eq!(asked, expect.map_err(str::to_owned));
    }

    #[test]
    fn fields_go_where_they_belong() {
        check(
            "list",
            json!({"type": "a&b", "limit": 5}),
            Ok(("/deliveries?type=a%26b&limit=5", None)),
        );
        check("list", json!({}), Ok(("/deliveries?limit=20", None)));
        check(
            "test",
            json!({"webhook_id": "wh_1/..", "event_id": "e"}),
            Ok(("/webhooks/wh_1%2F../test", Some("{\"event_id\":\"e\"}"))),
        );
        check(
            "test",
            json!({"webhook_id": "wh_1", "data": {"n": 1}}),
            Ok(("/webhooks/wh_1/test", Some("{\"data\":{\"n\":1}}"))),
        );
        check(
            "test",
            json!({"webhook_id": "wh_1", "data": null}),
            Ok(("/webhooks/wh_1/test", None)),
        );
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        check("show", json!({}), Err("event_id must be given"));
        check(
            "show",
            json!({"event_id": ""}),
            Err("event_id must be text"),
        );
        check(
            "show",
            json!({"event_id": ".."}),
            Err("event_id is not an id"),
        );
        check("show", json!({"evnt": "x"}), Err("show takes no \"evnt\""));
        check(
            "list",
            json!({"limit": 1000}),
            Err("limit must be a whole number from 1 to 100"),
        );
    }
}

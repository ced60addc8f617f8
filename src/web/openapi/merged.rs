//! One object instead of several that are combined.
//!
//! Owns: resolving `allOf`, which generators of clients read differently or drop. Refuses: choices;
//! `oneOf` stays.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// `schema` with every `allOf` in it resolved against `known`.
pub(super) fn merged(schema: &Value, known: &BTreeMap<String, Value>) -> Value {
    match schema {
        Value::Object(members) => match members.get("allOf") {
            Some(Value::Array(parts)) => combined(members, parts, known),
            Some(_) | None => members
                .iter()
                .map(|(name, member)| (name.clone(), merged(member, known)))
                .collect(),
        },
        Value::Array(items) => items.iter().map(|item| merged(item, known)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => schema.clone(),
    }
}

fn combined(
    members: &Map<String, Value>,
    parts: &[Value],
    known: &BTreeMap<String, Value>,
) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<Value> = Vec::new();
    for part in parts {
        let part = merged(resolved(part, known), known);
        if let Some(own) = part["properties"].as_object() {
            properties.extend(own.clone());
        }
        required.extend(part["required"].as_array().into_iter().flatten().cloned());
    }
    let mut whole = json!({"type": "object", "properties": properties, "required": required});
    if let Some(about) = members.get("description") {
        whole["description"] = about.clone();
    }
    whole
}

fn resolved<'a>(part: &'a Value, known: &'a BTreeMap<String, Value>) -> &'a Value {
    let name = part["$ref"].as_str();
    let name = name.and_then(|path| path.strip_prefix("#/components/schemas/"));
    name.and_then(|name| known.get(name)).unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_over_from_another_shape_stands_in_the_shape_itself() {
        let named = json!({
            "type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"],
        });
        let known = BTreeMap::from([("Named".to_owned(), named)]);
        let schema = json!({"oneOf": [{
            "description": "With its secret.",
            "allOf": [
                {"$ref": "#/components/schemas/Named", "description": "Its name."},
                {"type": "object", "properties": {"secret": {}}, "required": ["secret"]},
            ],
        }]});
        let expect = json!({"oneOf": [{
            "type": "object",
            "description": "With its secret.",
            "properties": {"id": {"type": "string"}, "secret": {}},
            "required": ["id", "secret"],
        }]});
        assert_eq!(merged(&schema, &known), expect);
    }
}

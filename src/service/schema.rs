//! JSON Schemas of draft 2020-12: compiled once, applied to every event of their type.
//!
//! Owns: compiling, bounds on what a schema may cost, and the faults it finds. Refuses: fetching
//! anything: references stay within the schema.
//!
//! # Why a schema is measured before it is compiled
//! References may be shared: thirty definitions, each of which names the next one twice, come to a
//! thousand million places. So the places are counted with all references followed, and a schema
//! that comes to too many is refused. One that refers to itself has no such count; it only ever
//! answers yes or no, which the library does in bounded time, and names no paths.
//!
//! # Why patterns are linear
//! A backtracking matcher can be kept busy for hours by a pattern like `^(a+)+$`. The linear one
//! knows no look-around; a schema that uses it is refused.

use std::collections::HashMap;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

/// The places that a schema may come to with all its references followed.
pub(super) const PLACES_MAX: u32 = 2000;
/// References that may lead from one to the next.
const REFERENCES_DEEP_MAX: usize = 32;
/// The most bytes that one compiled pattern may occupy.
const PATTERN_BYTES_MAX: usize = 1024 * 1024;
/// Faults of one document that are reported.
const FAULTS_MAX: usize = 10;
/// The most characters of one fault's message.
const MESSAGE_CHARS_MAX: usize = 300;

/// A compiled schema.
pub(super) struct Schema {
    validator: Validator,
    shape: Shape,
}

/// Whether a schema refers to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Finite,
    Recursive,
}

/// Something in a document that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where: a JSON Pointer, empty for the document as a whole.
    pub(super) path: String,
    /// What does not fit.
    pub(super) message: String,
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// A sentence for the caller.
    pub(super) fn compile(schema: &Value) -> Result<Self, String> {
        check_draft(schema)?;
        let shape = Survey::of(schema)?;
        let patterns = PatternOptions::regex()
            .size_limit(PATTERN_BYTES_MAX)
            .dfa_size_limit(PATTERN_BYTES_MAX);
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(patterns)
            .build(schema)
            .map_err(|error| shortened(&format!("is not a JSON Schema: {error}")))?;
        Ok(Self { validator, shape })
    }

    /// What in `document` does not fit; empty where all does.
    pub(super) fn faults(&self, document: &Value) -> Vec<Fault> {
        if self.validator.is_valid(document) {
            return Vec::new();
        }
        match self.shape {
            Shape::Recursive => vec![Fault {
                path: String::new(),
                message: "does not fit the schema of its type".to_owned(),
            }],
            Shape::Finite => self.located(document),
        }
    }

    fn located(&self, document: &Value) -> Vec<Fault> {
        let errors = self.validator.iter_errors(document).take(FAULTS_MAX);
        let faults = errors.map(|error| Fault {
            path: error.instance_path().as_str().to_owned(),
            message: shortened(&error.masked().to_string()),
        });
        faults.collect()
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MESSAGE_CHARS_MAX).collect()
}

fn check_draft(schema: &Value) -> Result<(), String> {
    if !schema.is_object() && !schema.is_boolean() {
        return Err("must be a JSON Schema: an object, true or false".to_owned());
    }
    match schema.get("$schema").map(Value::as_str) {
        None | Some(Some("https://json-schema.org/draft/2020-12/schema")) => Ok(()),
        Some(_) => Err("must be a JSON Schema of draft 2020-12".to_owned()),
    }
}

/// Counts the places of a schema with its references followed.
struct Survey<'a> {
    root: &'a Value,
    counted: HashMap<&'a str, u32>,
    following: Vec<&'a str>,
    shape: Shape,
}

impl<'a> Survey<'a> {
    fn of(root: &'a Value) -> Result<Shape, String> {
        let mut survey = Self {
            root,
            counted: HashMap::new(),
            following: vec![""],
            shape: Shape::Finite,
        };
        survey.schema(root)?;
        Ok(survey.shape)
    }

    fn schema(&mut self, schema: &'a Value) -> Result<u32, String> {
        let mut places: u32 = 1;
        match schema {
            Value::Object(members) => {
                for (keyword, value) in members {
                    places = places.saturating_add(self.keyword(keyword, value)?);
                }
            }
            Value::Array(items) => {
                for item in items {
                    places = places.saturating_add(self.schema(item)?);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        if places > PLACES_MAX {
            return Err(format!(
                "comes to more than {PLACES_MAX} places with its references followed"
            ));
        }
        Ok(places)
    }

    fn keyword(&mut self, keyword: &str, value: &'a Value) -> Result<u32, String> {
        match keyword {
            "$ref" => self.reference(value),
            "$dynamicRef" | "$dynamicAnchor" | "$recursiveRef" | "$id" | "$anchor" => Err(format!(
                "must not use {keyword}; references are written as #/$defs/name"
            )),
            // Plain data, whatever it looks like.
            "enum" | "const" | "default" | "examples" => Ok(1),
            // Names of the author's own choice, each with a schema.
            "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" => {
                let members = value.as_object().into_iter().flat_map(|own| own.values());
                let mut places: u32 = 0;
                for member in members {
                    places = places.saturating_add(self.schema(member)?);
                }
                Ok(places)
            }
            _ => self.schema(value),
        }
    }

    fn reference(&mut self, value: &'a Value) -> Result<u32, String> {
        const FORM: &str = "must refer to places of its own only, as in #/$defs/name";
        let pointer = value.as_str().and_then(|text| text.strip_prefix('#'));
        let pointer = pointer.ok_or_else(|| FORM.to_owned())?;
        if self.following.contains(&pointer) {
            self.shape = Shape::Recursive;
            return Ok(1);
        }
        if let Some(counted) = self.counted.get(pointer) {
            return Ok(*counted);
        }
        let target = self.root.pointer(pointer).ok_or_else(|| FORM.to_owned())?;
        if self.following.len() > REFERENCES_DEEP_MAX {
            return Err(format!(
                "must not chain more than {REFERENCES_DEEP_MAX} references"
            ));
        }
        self.following.push(pointer);
        let places = self.schema(target)?;
        self.following.pop();
        self.counted.insert(pointer, places);
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schema: &Value, expect: Result<(), &str>) {
        match (Schema::compile(schema).map(drop), expect) {
            (Ok(()), Ok(())) => {}
            (Err(message), Err(part)) => assert!(message.contains(part), "{schema}: {message}"),
            (told, _) => panic!("{schema}: {told:?}"),
        }
    }

    #[test]
    fn schemas_that_reach_out_backtrack_or_explode_are_refused() {
        check(&json!({"type": "object"}), Ok(()));
        check(&json!(true), Ok(()));
        check(&json!(7), Err("an object, true or false"));
        check(&json!({"type": "thing"}), Err("is not a JSON Schema"));
        let draft7 = "http://json-schema.org/draft-07/schema#";
        check(&json!({"$schema": draft7}), Err("2020-12"));
        check(
            &json!({"$ref": "https://example.com/a.json"}),
            Err("#/$defs"),
        );
        check(&json!({"$ref": "file:///etc/passwd"}), Err("#/$defs"));
        check(&json!({"$ref": "#/$defs/missing"}), Err("#/$defs"));
        check(&json!({"$id": "https://example.com/"}), Err("$id"));
        check(&json!({"properties": {"$id": {"type": "string"}}}), Ok(()));
        check(&json!({"pattern": "^(a+)+$"}), Ok(()));
        check(&json!({"pattern": "(?=a)b"}), Err("is not a JSON Schema"));
        check(
            &json!({"pattern": "(a{1000}){1000}"}),
            Err("is not a JSON Schema"),
        );
    }

    #[test]
    fn shared_references_count_as_often_as_they_are_followed() {
        let chain = |length: usize| {
            let mut defs = serde_json::Map::new();
            for n in 0..length {
                let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
                defs.insert(format!("d{n}"), json!({"allOf": [next, next]}));
            }
            defs.insert(format!("d{length}"), json!({"type": "object"}));
            json!({"$defs": defs, "$ref": "#/$defs/d0"})
        };
        check(&chain(5), Ok(()));
        check(&chain(25), Err("places"));
        let line: serde_json::Map<String, Value> = (0..100)
            .map(|n| {
                (
                    format!("d{n}"),
                    json!({"$ref": format!("#/$defs/d{}", n + 1)}),
                )
            })
            .chain([("d100".to_owned(), json!({}))])
            .collect();
        check(&json!({"$defs": line, "$ref": "#/$defs/d0"}), Err("chain"));
    }

    #[test]
    fn a_schema_that_refers_to_itself_judges_deep_data_without_naming_paths() {
        let branch = json!({"type": "object", "properties": {"a": {"$ref": "#"}}});
        let schema = Schema::compile(&json!({"anyOf": [branch, branch]})).unwrap();
        let mut document = json!(1);
        for _ in 0..60 {
            document = json!({ "a": document });
        }
        assert_eq!(schema.faults(&document)[0].path, "");
        assert_eq!(schema.faults(&json!({"a": {}})), []);
        Schema::compile(&json!({"$ref": "#"})).unwrap();
    }

    #[test]
    fn faults_are_named_by_their_path() {
        let schema =
            json!({"required": ["n"], "properties": {"list": {"items": {"type": "string"}}}});
        let schema = Schema::compile(&schema).unwrap();
        let faults = schema.faults(&json!({"list": ["a", 2]}));
        let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, ["", "/list/1"]);
    }
}

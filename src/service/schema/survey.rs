//! How large a schema is, measured before anything is built from it.
//!
//! Owns: the bounds on places, depth, branches and references, and the keywords that are refused.
//! Refuses: building; `node` builds what passed here.
//!
//! # Why references are followed while counting
//! References may be shared: thirty definitions, each of which names the next one twice, come to a
//! thousand million places. So the places are counted with all references followed. One that leads
//! back to where it comes from counts once; what it costs then depends on the data, and the budget
//! of steps holds that.

use std::collections::HashMap;

use serde_json::Value;

/// The places that a schema may come to with all its references followed.
pub(super) const PLACES_MAX: u32 = 2000;
/// Levels of JSON that a schema may have.
pub(super) const LEVELS_MAX: usize = 64;
/// Schemas that one `allOf`, `anyOf` or `oneOf` may hold.
pub(super) const BRANCHES_MAX: usize = 1000;
/// References that may lead from one to the next.
const REFERENCES_DEEP_MAX: usize = 32;

/// Checks a schema's size and its references.
///
/// # Errors
/// A sentence that names the limit.
pub(super) fn check(root: &Value) -> Result<(), String> {
    let mut survey = Survey {
        root,
        counted: HashMap::new(),
        following: vec![""],
        levels: 0,
    };
    survey.schema(root).map(drop)
}

struct Survey<'a> {
    root: &'a Value,
    counted: HashMap<&'a str, u32>,
    following: Vec<&'a str>,
    levels: usize,
}

impl<'a> Survey<'a> {
    fn schema(&mut self, schema: &'a Value) -> Result<u32, String> {
        self.levels += 1;
        // A reference begins anew; chains of them have a bound of their own.
        if self.levels > LEVELS_MAX * self.following.len() {
            return Err(format!(
                "must not be nested deeper than {LEVELS_MAX} levels"
            ));
        }
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
        self.levels -= 1;
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
            "allOf" | "anyOf" | "oneOf" if value.as_array().is_some_and(|own| is_too_wide(own)) => {
                Err(format!(
                    "must not hold more than {BRANCHES_MAX} schemas in one {keyword}"
                ))
            }
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

fn is_too_wide(branches: &[Value]) -> bool {
    branches.len() > BRANCHES_MAX
}

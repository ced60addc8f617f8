//! JSON Schemas of draft 2020-12: taken apart once, applied to every event of their type.
//!
//! Owns: what a schema may be, what it may cost, and the faults that it finds. Refuses: fetching
//! anything: references stay within the schema.
//!
//! # How its cost is bounded
//! A schema is measured before anything is built from it (`survey`), its patterns are linear and
//! small (`pattern`), and checking a document has a budget of steps and of the processor's time and
//! stops at the tenth fault (`walk`). So neither an author nor a publisher decides what a check
//! costs.

use jsonschema::draft202012;
use serde_json::Value;

mod assertion;
mod budget;
mod node;
mod number;
mod pattern;
mod survey;
mod walk;

use node::Tree;

/// What a compiled schema may occupy, in bytes: 80 MiB, which is about 1,200 patterns.
const COMPILED_BYTES_MAX: usize = 80 * 1024 * 1024;
/// The most characters of one fault's message.
const MESSAGE_CHARS_MAX: usize = 300;

/// A schema, ready to judge.
pub(super) struct Schema {
    tree: Tree,
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
    /// Takes a schema apart.
    pub(super) fn compile(schema: &Value) -> Result<Self, String> {
        check_draft(schema)?;
        survey::check(schema)?;
        draft202012::meta::validate(schema)
            .map_err(|error| shortened(&format!("is not a JSON Schema: {error}")))?;
        let tree = Tree::build(schema)?;
        if tree.bytes > COMPILED_BYTES_MAX {
            return Err(format!(
                "has too many or too long patterns: compiled, a schema may occupy at most {} MiB",
                COMPILED_BYTES_MAX / (1024 * 1024)
            ));
        }
        Ok(Self { tree })
    }

    /// What it is taken to occupy, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.tree.bytes
    }

    /// What in `document` does not fit; empty where all does. What costs more than its budget does
    /// not fit.
    pub(super) fn faults(&self, document: &Value) -> Vec<Fault> {
        walk::faults(&self.tree, document)
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

#[cfg(test)]
mod tests;

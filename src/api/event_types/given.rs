//! Schemas and examples, which read back as they were given.
//!
//! Owns: their way from a body to text and back. Refuses: judging them (`service`).

use serde_json::value::RawValue;

/// The text of a schema or an example, as it was given.
pub(super) fn as_given(raw: Box<RawValue>) -> String {
    Box::<str>::from(raw).into_string()
}

/// A schema or an example from its text.
pub(super) fn from_text(text: Option<&String>) -> Option<Box<RawValue>> {
    RawValue::from_string(text?.clone()).ok()
}

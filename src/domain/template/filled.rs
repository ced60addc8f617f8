//! What a template was filled to so far, and why it could not be.
//!
//! Owns: the bytes and their bound. Refuses: choosing them (`part`).

use crate::domain::json::scope::Meter;

/// Bytes that a body may have: 256 KiB.
pub const TEMPLATE_OUTPUT_BYTES_MAX: usize = 256 * 1024;

/// Why a template gives no body for an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", placed(.place))]
pub struct TemplateFailure {
    /// Where in the template, such as `blocks[0].text`; empty for the whole.
    pub place: String,
    /// What is wrong there, and what would help.
    pub message: String,
}

fn placed(place: &str) -> String {
    match place {
        "" => String::new(),
        place => format!("{place}: "),
    }
}

impl TemplateFailure {
    pub(super) fn new(place: &str, message: impl Into<String>) -> Self {
        Self {
            place: place.to_owned(),
            message: message.into(),
        }
    }
}

/// The bytes of a body under way.
#[derive(Default)]
pub(super) struct Filled(Vec<u8>);

impl Filled {
    /// Adds JSON as it is.
    pub(super) fn raw(&mut self, json: &str) -> Result<(), TemplateFailure> {
        if self.0.len() + json.len() > TEMPLATE_OUTPUT_BYTES_MAX {
            return Err(TemplateFailure::new("", too_long()));
        }
        self.0.extend_from_slice(json.as_bytes());
        Ok(())
    }

    /// Adds a text as JSON writes it.
    pub(super) fn text(&mut self, text: &str) -> Result<(), TemplateFailure> {
        self.raw(&serde_json::Value::from(text).to_string())
    }

    /// The whole body, if it did not cost too much.
    pub(super) fn end(self, meter: &Meter) -> Result<Vec<u8>, TemplateFailure> {
        if meter.is_empty() {
            Err(too_costly())
        } else {
            Ok(self.0)
        }
    }
}

/// Refuses a text that no body has room for, before it grows.
pub(super) fn check_length(text: &str) -> Result<(), String> {
    if text.len() > TEMPLATE_OUTPUT_BYTES_MAX {
        return Err(too_long());
    }
    Ok(())
}

fn too_long() -> String {
    let limit = TEMPLATE_OUTPUT_BYTES_MAX / 1024;
    format!("the body would have more than {limit} KiB")
}

/// The budget is used up.
pub(super) fn too_costly() -> TemplateFailure {
    let message =
        "filling it in takes too many steps for an event of this size; use fewer $each and *";
    TemplateFailure::new("", message)
}

//! What a caller says of the shape of a webhook's requests.
//!
//! Owns: reading method, content type and template, each fault with its place. Refuses: their rules
//! (`domain::shape`, `domain::template`).

use std::sync::Arc;

use crate::domain::shape::{ContentType, SendMethod};
use crate::domain::template::BodyTemplate;
use crate::service::FieldError;

/// A place inside a setting, as a field.
pub(super) fn placed(field: &str, place: &str) -> String {
    match place {
        "" => field.to_owned(),
        place if place.starts_with('[') => format!("{field}{place}"),
        place => format!("{field}.{place}"),
    }
}

pub(super) fn method(text: &str) -> Result<SendMethod, String> {
    SendMethod::parse(text).ok_or_else(|| "must be POST, PUT or PATCH".to_owned())
}

pub(super) fn content_type(text: &str) -> Result<ContentType, String> {
    ContentType::parse(text)
        .ok_or_else(|| "must be application/json or application/x-www-form-urlencoded".to_owned())
}

pub(super) fn template(text: &str) -> Result<Arc<BodyTemplate>, FieldError> {
    let parsed = BodyTemplate::parse(text);
    parsed.map(Arc::new).map_err(|fault| FieldError {
        field: placed("template", &fault.place),
        message: fault.message,
    })
}

//! The rules of the envelope: every field has a source and a name of its own, and the data is
//! carried exactly once.
//!
//! Owns: turning field documents into parts that only need copying. Refuses: writing bodies.

use super::{Checked, refuse, text};
use crate::domain::profile::document::{FieldDocument, From};
use crate::domain::profile::{ENVELOPE_FIELDS_MAX, Envelope, EnvelopePart, FieldValue, TimeForm};

pub(super) fn envelope(fields: &[FieldDocument]) -> Checked<Envelope> {
    if fields.is_empty() || fields.len() > ENVELOPE_FIELDS_MAX {
        return refuse(
            "envelope",
            format!("must list 1 to {ENVELOPE_FIELDS_MAX} fields"),
        );
    }
    let mut envelope = Envelope {
        parts: Vec::with_capacity(fields.len()),
        names: Vec::with_capacity(fields.len()),
    };
    for (index, field) in fields.iter().enumerate() {
        let part = envelope_part(index, field, &envelope.names)?;
        envelope.names.extend(field.name.clone());
        envelope.parts.push(part);
    }
    let carries_data = |from| matches!(from, From::Data | From::DataMembers);
    match fields
        .iter()
        .filter(|field| carries_data(field.from))
        .count()
    {
        1 => Ok(envelope),
        0 => refuse(
            "envelope",
            "must carry the data: a field from \"data\" or \"data_members\"",
        ),
        _ => refuse("envelope", "must carry the data once"),
    }
}

fn envelope_part(index: usize, field: &FieldDocument, taken: &[String]) -> Checked<EnvelopePart> {
    let at = |key: &str| format!("envelope[{index}].{key}");
    if field.value.is_some() && field.from != From::Constant {
        return refuse(at("value"), "belongs to fields from \"constant\" only");
    }
    let value = match field.from {
        From::DataMembers => return members(field, &at("name")),
        From::Type => FieldValue::EventType,
        From::EventVersion => FieldValue::EventVersion,
        From::EventId => FieldValue::EventId,
        From::DeliveryId => FieldValue::DeliveryId,
        From::WorkspaceId => FieldValue::WorkspaceId,
        From::Time => FieldValue::Time(TimeForm::Rfc3339),
        From::TimeUnix => FieldValue::Time(TimeForm::UnixSeconds),
        From::TimeUnixMs => FieldValue::Time(TimeForm::UnixMillis),
        From::Data => FieldValue::Data,
        From::Constant => FieldValue::Constant(constant(field.value.as_ref(), &at("value"))?),
    };
    let name = field.name.as_deref().unwrap_or_default();
    if name.is_empty() {
        return refuse(at("name"), "is needed");
    }
    text(at("name"), name)?;
    if taken.iter().any(|taken| taken == name) {
        return refuse(
            at("name"),
            format!("repeats {name:?}, which an earlier field has"),
        );
    }
    Ok(EnvelopePart::Field {
        key: format!("{}:", json_string(name)).into(),
        value,
    })
}

fn members(field: &FieldDocument, path: &str) -> Checked<EnvelopePart> {
    match field.name {
        Some(_) => refuse(path, "must be absent: data_members carries its own names"),
        None => Ok(EnvelopePart::Members),
    }
}

fn constant(value: Option<&serde_json::Value>, path: &str) -> Checked<Box<str>> {
    use serde_json::Value;
    match value {
        Some(Value::String(own)) => {
            text(path, own)?;
            Ok(json_string(own).into())
        }
        Some(Value::Bool(own)) => Ok(own.to_string().into()),
        Some(Value::Number(own)) if own.is_i64() => Ok(own.to_string().into()),
        Some(Value::Number(_) | Value::Null | Value::Array(_) | Value::Object(_)) | None => {
            refuse(path, "must be text, a whole number, true or false")
        }
    }
}

fn json_string(text: &str) -> String {
    serde_json::to_string(text).expect("any text has a JSON form")
}

//! A JSON Schema as the document of one event type.
//!
//! Owns: which event type it is of. Refuses: comparing with what is there (`import`).

use serde_json::Value;

use super::openapi::DescribedType;
use crate::domain::event_type::EventTypeName;
use crate::service::FieldError;

/// The event type of which a JSON Schema is.
pub(super) fn of_schema(
    schema: &Value,
    name: Option<String>,
) -> Result<DescribedType, Vec<FieldError>> {
    let text = |member: &str| schema.get(member)?.as_str().map(str::to_owned);
    let is_name = |text: &String| EventTypeName::parse(text).is_ok();
    let of_id = || {
        let id = text("$id")?;
        let last = id.rsplit('/').next().unwrap_or_default();
        let last = last.strip_suffix(".json").unwrap_or(last);
        Some(last.strip_suffix(".schema").unwrap_or(last).to_owned())
    };
    let own = || text("title").filter(is_name).or_else(of_id).filter(is_name);
    let Some(name) = name.or_else(own) else {
        return Err(vec![FieldError {
            field: "name".to_owned(),
            message: "is needed: neither title nor $id names the event type".to_owned(),
        }]);
    };
    let mut alone = schema.clone();
    if let Some(members) = alone.as_object_mut() {
        members.remove("$id");
    }
    let examples = schema.get("examples").and_then(Value::as_array);
    Ok(DescribedType {
        name,
        description: text("description"),
        example: examples.and_then(|all| all.first().cloned()),
        schema: Some(alone),
        ..DescribedType::default()
    })
}

//! Versions of event types in OpenAPI documents: `x-versions` of a webhook's operation.
//!
//! Owns: its form, both ways, and which versions a document would change. Refuses: changing them (`import`).
//!
//! # What it looks like
//! A list, the oldest first: `{"version": "1", "description": …, "schema": …, "example": …, "archived": true}`.
//! OpenAPI knows one schema for a webhook; where there is a version in use, that is the newest's, and what
//! the request body says is not read back as the event type's own.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::versions::{VersionInput, check};
use crate::domain::catalogue::{EventTypeVersion, VersionSettings};
use crate::domain::event_type::VersionName;
use crate::service::{FieldError, Refusal};
use crate::store::event_types::versions::VERSIONS_MAX;

/// Holds the versions of an event type.
pub(super) const VERSIONS: &str = "x-versions";

/// A version as a document describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DescribedVersion {
    version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schema: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    example: Option<Value>,
    #[serde(default, skip_serializing_if = "is_in_use")]
    archived: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands members over so"
)]
fn is_in_use(archived: &bool) -> bool {
    !archived
}

/// A version that a document makes, or makes another.
#[derive(Clone, Debug)]
pub(super) struct PlannedVersion {
    /// Its name.
    pub(super) name: VersionName,
    /// What it is afterwards.
    pub(super) settings: VersionSettings,
}

/// The versions that an operation lists.
///
/// # Errors
/// What is wrong with the list.
pub(super) fn said(operation: &Value) -> Result<Vec<DescribedVersion>, String> {
    let Some(list) = operation.get(VERSIONS) else {
        return Ok(Vec::new());
    };
    let read: Vec<DescribedVersion> = Deserialize::deserialize(list)
        .map_err(|error| format!("must be a list of versions, the oldest first: {error}"))?;
    match read.len() > usize::try_from(VERSIONS_MAX).unwrap_or(usize::MAX) {
        false => Ok(read),
        true => Err(format!("must be at most {VERSIONS_MAX}")),
    }
}

/// Whether one of them is in use.
pub(super) fn has_one_in_use(versions: &[DescribedVersion]) -> bool {
    versions.iter().any(|one| !one.archived)
}

/// The list of these, oldest first.
pub(super) fn listed(versions: &[EventTypeVersion]) -> Vec<DescribedVersion> {
    let read = |text: &String| serde_json::from_str(text).ok();
    let described = |one: &EventTypeVersion| DescribedVersion {
        version: one.name.to_string(),
        description: one.settings.description.clone(),
        schema: one.settings.schema.as_ref().and_then(read),
        example: one.settings.example.as_ref().and_then(read),
        archived: one.settings.archived,
    };
    versions.iter().map(described).collect()
}

/// Which of the versions that a document describes are new, or another than those that are known.
///
/// # Errors
/// Each place at fault.
pub(super) fn planned(
    said: Vec<DescribedVersion>,
    known: &[EventTypeVersion],
) -> Result<Vec<PlannedVersion>, Vec<FieldError>> {
    let (mut changes, mut faults) = (Vec::new(), Vec::new());
    for (index, one) in said.into_iter().enumerate() {
        let found = known.iter().find(|own| own.name.as_str() == one.version);
        let before = found.map(|own| &own.settings);
        match check(laid_over(one, before)) {
            Ok((Some(name), settings)) if before != Some(&settings) => {
                changes.push(PlannedVersion { name, settings });
            }
            Ok(_) => {}
            Err(Refusal::Invalid(found)) => faults.extend(found.into_iter().map(|fault| {
                let field = format!("{VERSIONS}[{index}].{}", fault.field);
                FieldError { field, ..fault }
            })),
            Err(other) => faults.push(FieldError {
                field: format!("{VERSIONS}[{index}]"),
                message: other.to_string(),
            }),
        }
    }
    match faults.is_empty() {
        true => Ok(changes),
        false => Err(faults),
    }
}

/// What a document says, over what is there.
fn laid_over(one: DescribedVersion, before: Option<&VersionSettings>) -> VersionInput {
    let known =
        |of: fn(&VersionSettings) -> &Option<String>| before.and_then(|own| of(own).clone());
    let document = |said: Option<Value>, known: Option<String>| match said {
        None => known,
        Some(said) => Some(match known {
            Some(text) if serde_json::from_str::<Value>(&text).is_ok_and(|own| own == said) => text,
            Some(_) | None => said.to_string(),
        }),
    };
    VersionInput {
        name: Some(one.version),
        description: one.description.or_else(|| known(|own| &own.description)),
        schema: document(one.schema, known(|own| &own.schema)),
        example: document(one.example, known(|own| &own.example)),
        archived: one.archived,
    }
}

//! The rules of a profile's event types: the catalogue, the default subscription, the test event.
//!
//! Owns: that names are names, each listed once, and that test data fits the envelope. Refuses:
//! checking that subscriptions and catalogue agree; a test event often stands outside it.

use std::collections::HashSet;

use super::{Checked, fault, refuse, text};
use crate::domain::event_type::{EventTypeName, Subscription};
use crate::domain::profile::document::{EventTypeDocument, TestDocument};
use crate::domain::profile::{CATALOGUE_MAX, CatalogueEntry, Envelope, EnvelopePart, TestEvent};

/// The most bytes of a test event's data: 16 KiB.
const TEST_DATA_BYTES_MAX: usize = 16 * 1024;
const TEST_DATA_DEFAULT: &str =
    r#"{"message":"This is a test delivery. If its signature verifies, this webhook works."}"#;

pub(super) fn default_event_types(texts: &[String]) -> Checked<Option<Subscription>> {
    const FIELD: &str = "default_event_types";
    if texts.is_empty() {
        return Ok(None);
    }
    Subscription::parse(texts).map(Some).map_err(|error| {
        let index = error.index.map(|index| format!("[{index}]"));
        fault(
            format!("{FIELD}{}", index.unwrap_or_default()),
            error.message,
        )
    })
}

pub(super) fn test_event(test: Option<&TestDocument>, envelope: &Envelope) -> Checked<TestEvent> {
    let (event_type, data) = match test {
        Some(test) => (test.event_type.as_str(), test.data.as_str()),
        None => ("test", TEST_DATA_DEFAULT),
    };
    let event_type =
        EventTypeName::parse(event_type).map_err(|message| fault("test.type", message))?;
    if data.len() > TEST_DATA_BYTES_MAX {
        return refuse("test.data", "must be at most 16 KiB long");
    }
    let value: serde_json::Value = serde_json::from_str(data)
        .map_err(|error| fault("test.data", format!("must be JSON text: {error}")))?;
    let flattens = envelope
        .parts
        .iter()
        .any(|part| matches!(part, EnvelopePart::Members));
    if flattens && !value.is_object() {
        return refuse(
            "test.data",
            "must be a JSON object, because the envelope carries its members",
        );
    }
    Ok(TestEvent {
        event_type,
        data: data.to_owned(),
    })
}

pub(super) fn catalogue(entries: &[EventTypeDocument]) -> Checked<Vec<CatalogueEntry>> {
    if entries.len() > CATALOGUE_MAX {
        return refuse(
            "event_types",
            format!("must list at most {CATALOGUE_MAX} event types"),
        );
    }
    let mut seen = HashSet::new();
    let mut catalogue = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let at = |key: &str| format!("event_types[{index}].{key}");
        let name =
            EventTypeName::parse(&entry.name).map_err(|message| fault(at("name"), message))?;
        text(
            at("description"),
            entry.description.as_deref().unwrap_or_default(),
        )?;
        text(at("group"), entry.group.as_deref().unwrap_or_default())?;
        if !seen.insert(name.clone()) {
            return refuse(at("name"), format!("repeats {name}"));
        }
        catalogue.push(CatalogueEntry {
            name,
            description: entry.description.clone(),
            group: entry.group.clone(),
        });
    }
    Ok(catalogue)
}

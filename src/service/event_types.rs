//! The catalogue of event types, as people keep it.
//!
//! Owns: the rules of its entries: texts, schemas, examples. Refuses: judging events by them
//! (`catalogue`).

use serde_json::{Value, json};

use super::idempotency::idempotent;
use super::schema::Schema;
use super::{Caller, Done, FieldError, Idempotency, Refusal, Service, audit, text};
use crate::domain::catalogue::{EventType, EventTypeSettings};
use crate::domain::event_type::EventTypeName;
use crate::domain::feature_flag::FeatureFlags;
use crate::store::WriteTx;
use crate::store::event_types::{self, EVENT_TYPES_MAX};

mod described_versions;
mod import;
mod openapi;
mod pinned;
mod refs;
mod schema_file;
mod shown;
mod versions;

pub use import::{CatalogueRun, ChangeKind, DocumentForm, ImportChange, UnnamedTypes};
use pinned::check_unpinned;
pub use shown::VersionedType;
pub use versions::VersionInput;

/// The longest description, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 1000;
/// The longest heading, in characters.
pub const GROUP_CHARS_MAX: usize = 100;
/// The most bytes of a schema or an example.
pub const DOCUMENT_BYTES_MAX: usize = 64 * 1024;

/// An event type as a caller describes it.
#[derive(Clone, Debug, Default)]
pub struct EventTypeInput {
    /// Its name.
    pub name: String,
    /// When it happens, in words.
    pub description: Option<String>,
    /// The heading under which lists show it.
    pub group: Option<String>,
    /// The JSON Schema of its data, as text.
    pub schema: Option<String>,
    /// An example of its data, as JSON text.
    pub example: Option<String>,
    /// Whether it is out of use.
    pub archived: bool,
    /// Whether its receivers should move to another.
    pub deprecated: bool,
    /// Which customers are shown it: those with any of these, or all.
    pub feature_flags: Vec<String>,
    /// All its versions, oldest first, where they are said with it: others that it has leave.
    pub versions: Option<Vec<VersionInput>>,
}

/// What became of putting something under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It is new.
    Added,
    /// There was one of that name.
    Replaced,
}

impl Service {
    /// Adds an event type to the caller's workspace.
    ///
    /// # Errors
    /// The fields at fault; [`Refusal::Conflict`] where there is one of that name.
    pub async fn create_event_type(
        &self,
        caller: &Caller,
        input: EventTypeInput,
        key: Idempotency<EventType>,
    ) -> Result<Done<EventType>, Refusal> {
        let versions = input.versions.clone();
        let (name, settings) = check(input)?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            idempotent(tx, &caller, &key, |tx| {
                let taken = || Refusal::Conflict(format!("there is an event type {name} already"));
                let added = add(tx, &caller, &name, &settings)?.ok_or_else(taken)?;
                versions::replace(tx, &caller, &added, versions)?;
                Ok(added)
            })
        };
        self.store().write(work).await
    }

    /// Adds or replaces the event type that `input` names.
    ///
    /// # Errors
    /// The fields at fault; [`Refusal::Conflict`] where the catalogue is full.
    pub async fn put_event_type(
        &self,
        caller: &Caller,
        input: EventTypeInput,
    ) -> Result<(EventType, Placed), Refusal> {
        let versions = input.versions.clone();
        let (name, settings) = check(input)?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            let workspace_seq = caller.workspace.seq();
            let Some(updated) = event_types::update(tx, workspace_seq, &name, &settings)? else {
                let added = add(tx, &caller, &name, &settings)?;
                let added = added.ok_or(Refusal::NotFound("event type"))?;
                versions::replace(tx, &caller, &added, versions)?;
                return Ok((added, Placed::Added));
            };
            versions::replace(tx, &caller, &updated, versions)?;
            audit(tx, &caller, "event_type.update", name.as_str(), &json!({}))?;
            Ok((updated, Placed::Replaced))
        };
        self.store().write(work).await
    }

    /// Removes an event type with its versions; events of that type stay.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] where a webhook pins a version of it.
    pub async fn delete_event_type(&self, caller: &Caller, name: &str) -> Result<(), Refusal> {
        let name = named(name)?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            check_unpinned(tx, &caller, &name, None)?;
            if !event_types::delete(tx, caller.workspace.seq(), &name)? {
                return Err(Refusal::NotFound("event type"));
            }
            audit(tx, &caller, "event_type.delete", name.as_str(), &json!({}))
        };
        self.store().write(work).await
    }
}

/// A name that cannot be one names nothing that exists.
fn named(text: &str) -> Result<EventTypeName, Refusal> {
    EventTypeName::parse(text).map_err(|_| Refusal::NotFound("event type"))
}

fn add(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    name: &EventTypeName,
    settings: &EventTypeSettings,
) -> Result<Option<EventType>, Refusal> {
    let workspace_seq = caller.workspace.seq();
    if event_types::count(tx, workspace_seq)? >= EVENT_TYPES_MAX {
        return Err(Refusal::Conflict(format!(
            "a workspace may have at most {EVENT_TYPES_MAX} event types; delete one first"
        )));
    }
    let added = event_types::insert(tx, workspace_seq, name, settings)?;
    if added.is_some() {
        audit(tx, caller, "event_type.create", name.as_str(), &json!({}))?;
    }
    Ok(added)
}

fn check(input: EventTypeInput) -> Result<(EventTypeName, EventTypeSettings), Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, message: String| {
        faults.push(FieldError {
            field: field.to_owned(),
            message,
        });
    };
    let name = EventTypeName::parse(&input.name)
        .map_err(|message| fault("name", message))
        .ok();
    for (field, given, chars_max) in [
        ("description", &input.description, DESCRIPTION_CHARS_MAX),
        ("group", &input.group, GROUP_CHARS_MAX),
    ] {
        if let Some(given) = given
            && let Err(message) = text::check(given, chars_max)
        {
            fault(field, message);
        }
    }
    let feature_flags = FeatureFlags::parse(&input.feature_flags).unwrap_or_else(|message| {
        fault("feature_flags", message);
        FeatureFlags::default()
    });
    check_documents(
        input.schema.as_deref(),
        input.example.as_deref(),
        &mut fault,
    );
    let settings = EventTypeSettings {
        description: input.description,
        group: input.group,
        schema: input.schema,
        example: input.example,
        archived: input.archived,
        deprecated: input.deprecated,
        feature_flags,
    };
    match name {
        Some(name) if faults.is_empty() => Ok((name, settings)),
        Some(_) | None => Err(Refusal::Invalid(faults)),
    }
}

/// Checks a schema, and an example by it, as far as there are any.
fn check_documents(
    schema: Option<&str>,
    example: Option<&str>,
    fault: &mut impl FnMut(&str, String),
) {
    let mut document = |field: &str, given: Option<&str>| {
        let read = given.map(read_document)?;
        read.map_err(|message| fault(field, message)).ok()
    };
    let schema = document("schema", schema);
    let example = document("example", example);
    let Some(schema) = schema else {
        return;
    };
    match Schema::compile(&schema) {
        Err(message) => fault("schema", message),
        Ok(compiled) => {
            for misfit in example.iter().flat_map(|example| compiled.faults(example)) {
                let field = format!("example{}", misfit.path.replace('/', "."));
                fault(&field, misfit.message);
            }
        }
    }
}

fn read_document(text: &str) -> Result<Value, String> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(format!("must have at most {DOCUMENT_BYTES_MAX} bytes"));
    }
    serde_json::from_str(text).map_err(|error| format!("can't be read: {error}"))
}

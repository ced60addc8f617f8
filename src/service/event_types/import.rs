//! Documents into the catalogue, and the catalogue as a document.
//!
//! Owns: what would change and changing it, all or nothing. Refuses: reading documents (`openapi`), and
//! removing what a document does not name: it can be put out of use, never deleted.
//!
//! # Why what a document is silent about stays
//! A description that somebody wrote here is not worth less because a document has none. What it does say
//! counts, and the same document twice changes nothing the second time.

mod change_kind;

use serde_json::{Value, json};

use super::described_versions::{PlannedVersion, planned};
use super::openapi::{self, DescribedType};
use super::schema_file::of_schema;
use super::versions::place;
use super::{EventTypeInput, add, check};
use crate::domain::catalogue::{EventType, EventTypeSettings, EventTypeVersion};
use crate::domain::event_type::{EventTypeName, VersionName};
use crate::service::{Caller, FieldError, Refusal, Service, audit};
use crate::store::event_types::{self, EVENT_TYPES_MAX, versions};
use crate::store::{Read, StoreError, WriteTx};

pub use change_kind::ChangeKind;

/// What all schemas and examples of an exported catalogue may have, in bytes: 16 MiB.
const EXPORT_BYTES_MAX: i64 = 16 * 1024 * 1024;
/// What an exported document is called.
const TITLE: &str = "Event types";

/// What kind of document it is.
#[derive(Clone, Debug)]
pub enum DocumentForm {
    /// OpenAPI: each of its `webhooks` is an event type.
    OpenApi,
    /// The JSON Schema of one event type, with its name where that is said.
    Schema(Option<String>),
}

/// Whether anything is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogueRun {
    /// It is only told.
    Dry,
    /// It is.
    Real,
}

/// What becomes of event types that a document does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnnamedTypes {
    /// They stay as they are.
    Kept,
    /// They are put out of use.
    Archived,
}

/// One event type, and what a document does to it.
#[derive(Clone, Debug)]
pub struct ImportChange {
    /// Its name.
    pub name: EventTypeName,
    /// What is done.
    pub kind: ChangeKind,
    /// Which members become others.
    pub members: Vec<&'static str>,
    /// Whether the document calls it deprecated.
    pub is_deprecated: bool,
    /// What it is afterwards.
    pub settings: EventTypeSettings,
    /// The versions of it that become others, or are new.
    versions: Vec<PlannedVersion>,
    /// What it was when that was planned.
    before: Option<EventTypeSettings>,
}

impl ImportChange {
    /// The schemas of the versions that become others, or are new, by their names.
    pub fn version_schemas(&self) -> impl Iterator<Item = (&VersionName, &String)> {
        self.versions
            .iter()
            .filter_map(move |own| Some((&own.name, own.settings.schema.as_ref()?)))
    }
}

impl Service {
    /// Brings the catalogue to what a document says, or tells what that would change, by name.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names each place at fault; then nothing is changed. [`Refusal::Conflict`]
    /// where the catalogue is full, or changed meanwhile.
    pub async fn import_event_types(
        &self,
        caller: &Caller,
        document: Value,
        form: DocumentForm,
        unnamed: UnnamedTypes,
        run: CatalogueRun,
    ) -> Result<Vec<ImportChange>, Refusal> {
        let workspace_seq = caller.workspace.seq();
        let prefix = match form {
            DocumentForm::OpenApi => "webhooks.",
            DocumentForm::Schema(_) => "",
        };
        let described = self
            .work_on_payload(workspace_seq, move || described(&document, form))
            .await?
            .map_err(Refusal::Invalid)?;
        let (described, present, others) = self
            .read(move |_, conn| {
                let present = described
                    .iter()
                    .map(|one| present(conn, workspace_seq, one));
                let present = present.collect::<Result<Vec<_>, _>>()?;
                let others = match unnamed {
                    UnnamedTypes::Kept => Vec::new(),
                    UnnamedTypes::Archived => others(conn, workspace_seq, &described)?,
                };
                Ok((described, present, others))
            })
            .await?;
        let planned = move || plan(described, present, others, prefix);
        let planned = self.work_on_payload(workspace_seq, planned).await?;
        let changes = planned.map_err(Refusal::Invalid)?;
        if run == CatalogueRun::Real {
            let (caller, applied) = (caller.clone(), changes.clone());
            self.store()
                .write(move |tx| apply(tx, &caller, &applied))
                .await?;
        }
        Ok(changes)
    }

    /// The catalogue as an OpenAPI document.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] where it would have more than 16 MiB; [`Refusal::Conflict`] where a schema
    /// cannot be said in one.
    pub async fn export_event_types(&self, caller: &Caller) -> Result<Value, Refusal> {
        let workspace_seq = caller.workspace.seq();
        self.read(move |_, conn| {
            if event_types::bytes(conn, workspace_seq)? > EXPORT_BYTES_MAX {
                let most = EXPORT_BYTES_MAX / (1024 * 1024);
                return Err(Refusal::TooLarge(format!(
                    "the catalogue has more than {most} MiB of schemas and examples; read it by name"
                )));
            }
            let with_versions = |own: EventType| {
                let versions = versions::all(conn, own.seq)?;
                Ok::<_, StoreError>((own, versions))
            };
            let types = event_types::catalogue(conn, workspace_seq)?;
            let types = types.into_iter().map(with_versions);
            let types = types.collect::<Result<Vec<_>, _>>()?;
            openapi::document(&types, TITLE).map_err(Refusal::Conflict)
        })
        .await
    }
}

fn described(document: &Value, form: DocumentForm) -> Result<Vec<DescribedType>, Vec<FieldError>> {
    let all = match form {
        DocumentForm::OpenApi => openapi::described(document)?,
        DocumentForm::Schema(name) => vec![of_schema(document, name)?],
    };
    let most = usize::try_from(EVENT_TYPES_MAX).unwrap_or(usize::MAX);
    match all.len() > most {
        false => Ok(all),
        true => Err(vec![FieldError {
            field: "webhooks".to_owned(),
            message: format!("must be at most {most}"),
        }]),
    }
}

/// An event type as it is before a document comes.
struct PresentType {
    settings: EventTypeSettings,
    versions: Vec<EventTypeVersion>,
}

fn present(
    conn: &Read<'_>,
    workspace_seq: i64,
    one: &DescribedType,
) -> Result<Option<PresentType>, Refusal> {
    let Ok(name) = EventTypeName::parse(&one.name) else {
        return Ok(None);
    };
    let Some(own) = event_types::find(conn, workspace_seq, &name)? else {
        return Ok(None);
    };
    let versions = versions::all(conn, own.seq)?;
    Ok(Some(PresentType {
        settings: own.settings,
        versions,
    }))
}

/// The event types in use that a document does not name.
fn others(
    conn: &Read<'_>,
    workspace_seq: i64,
    described: &[DescribedType],
) -> Result<Vec<EventType>, Refusal> {
    let mut found = Vec::new();
    for name in event_types::names(conn, workspace_seq)? {
        if !described.iter().any(|one| one.name == name.as_str()) {
            found.extend(event_types::find(conn, workspace_seq, &name)?);
        }
    }
    Ok(found)
}

fn plan(
    described: Vec<DescribedType>,
    present: Vec<Option<PresentType>>,
    others: Vec<EventType>,
    prefix: &str,
) -> Result<Vec<ImportChange>, Vec<FieldError>> {
    let (mut changes, mut faults) = (Vec::new(), Vec::new());
    for (one, present) in described.into_iter().zip(present) {
        let name = one.name.clone();
        match change(one, present) {
            Ok(change) => changes.push(change),
            Err(found) => faults.extend(found.into_iter().map(|fault| FieldError {
                field: match prefix {
                    "" => fault.field,
                    prefix => format!("{prefix}{name}.{}", fault.field),
                },
                message: fault.message,
            })),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    changes.extend(others.into_iter().map(|own| ImportChange {
        name: own.name,
        kind: ChangeKind::Archive,
        members: vec!["archived"],
        is_deprecated: false,
        settings: EventTypeSettings {
            archived: true,
            ..own.settings.clone()
        },
        versions: Vec::new(),
        before: Some(own.settings),
    }));
    changes.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(changes)
}

fn change(
    mut one: DescribedType,
    present: Option<PresentType>,
) -> Result<ImportChange, Vec<FieldError>> {
    let (before, known) = match present {
        Some(own) => (Some(own.settings), own.versions),
        None => (None, Vec::new()),
    };
    let versions = planned(std::mem::take(&mut one.versions), &known)?;
    let is_deprecated = one.is_deprecated;
    let kept_example = one.example.is_none();
    let input = laid_over(one, before.as_ref());
    let checked = check(input.clone()).or_else(|refusal| match refusal {
        // An example from before may not fit a new schema; then it has had its day.
        Refusal::Invalid(faults)
            if kept_example && faults.iter().all(|own| own.field.starts_with("example")) =>
        {
            check(EventTypeInput {
                example: None,
                ..input
            })
        }
        refusal => Err(refusal),
    });
    let (name, settings) = checked.map_err(|refusal| match refusal {
        Refusal::Invalid(faults) => faults,
        other => vec![FieldError {
            field: "schema".to_owned(),
            message: other.to_string(),
        }],
    })?;
    let mut members = match &before {
        None => Vec::new(),
        Some(before) => changed(before, &settings),
    };
    if before.is_some() && !versions.is_empty() {
        members.push("versions");
    }
    Ok(ImportChange {
        kind: match (&before, members.is_empty()) {
            (None, _) => ChangeKind::Create,
            (Some(_), true) => ChangeKind::Nothing,
            (Some(_), false) => ChangeKind::Update,
        },
        name,
        members,
        is_deprecated,
        settings,
        versions,
        before,
    })
}

/// What a document says, over what is there.
fn laid_over(one: DescribedType, before: Option<&EventTypeSettings>) -> EventTypeInput {
    let document = |said: Option<Value>, known: Option<&String>| match said {
        None => known.cloned(),
        Some(said) => match known {
            Some(text) if serde_json::from_str::<Value>(text).is_ok_and(|own| own == said) => {
                Some(text.clone())
            }
            Some(_) | None => Some(said.to_string()),
        },
    };
    let known = |of: fn(&EventTypeSettings) -> Option<&String>| before.and_then(of);
    EventTypeInput {
        name: one.name,
        description: one
            .description
            .or_else(|| known(|own| own.description.as_ref()).cloned()),
        group: one
            .group
            .or_else(|| known(|own| own.group.as_ref()).cloned()),
        schema: document(one.schema, known(|own| own.schema.as_ref())),
        example: document(one.example, known(|own| own.example.as_ref())),
        archived: one.is_archived,
        // One that is out of use is always called deprecated in a document.
        deprecated: match one.is_archived {
            false => one.is_deprecated,
            true => before.is_some_and(|own| own.deprecated),
        },
        feature_flags: before
            .map(|own| own.feature_flags.names().to_vec())
            .unwrap_or_default(),
        versions: None,
    }
}

fn changed(before: &EventTypeSettings, after: &EventTypeSettings) -> Vec<&'static str> {
    let members = [
        ("description", before.description != after.description),
        ("group", before.group != after.group),
        ("schema", before.schema != after.schema),
        ("example", before.example != after.example),
        ("archived", before.archived != after.archived),
        ("deprecated", before.deprecated != after.deprecated),
    ];
    let changed = members.into_iter().filter(|(_, is_other)| *is_other);
    changed.map(|(member, _)| member).collect()
}

fn apply(tx: &mut WriteTx<'_>, caller: &Caller, changes: &[ImportChange]) -> Result<(), Refusal> {
    let workspace_seq = caller.workspace.seq();
    let meanwhile = |name: &EventTypeName| {
        Refusal::Conflict(format!("{name} was changed meanwhile; import again"))
    };
    let mut count = 0;
    for change in changes {
        let name = &change.name;
        let own = match change.kind {
            ChangeKind::Nothing => continue,
            ChangeKind::Create => {
                let added = add(tx, caller, name, &change.settings)?;
                added.ok_or_else(|| meanwhile(name))?
            }
            ChangeKind::Update | ChangeKind::Archive => {
                let found = event_types::find(tx, workspace_seq, name)?;
                if found.map(|own| own.settings) != change.before {
                    return Err(meanwhile(name));
                }
                let updated = event_types::update(tx, workspace_seq, name, &change.settings)?;
                audit(tx, caller, "event_type.update", name.as_str(), &json!({}))?;
                updated.ok_or_else(|| meanwhile(name))?
            }
        };
        for PlannedVersion { name, settings } in &change.versions {
            place(tx, caller, &own, name, settings)?;
        }
        count += 1;
    }
    let detail = json!({ "changed": count });
    audit(tx, caller, "event_types.import", "catalogue", &detail)
}

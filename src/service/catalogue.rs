//! What a workspace's catalogue says of event types: which are known, and what their data must be.
//!
//! Owns: an outline of each workspace's catalogue and the schemas that were used lately, both kept
//! until they change; judging types, patterns and data. Refuses: storing event types
//! (`store::event_types`).
//!
//! # Why it is never stale
//! The cache hears of every commit before the caller whose change it was gets an answer: an event
//! type created by one request is known to the next.
//!
//! # Why schemas are kept apart
//! A catalogue may hold a thousand schemas, and a compiled one may occupy megabytes. What is kept has
//! a bound in bytes over all workspaces, and only what somebody publishes under is compiled at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::payload_work::SMALL_DATA_BYTES;
use super::schema::Schema;
use super::{FieldError, Refusal, Service};
use crate::domain::consumer::Purview;
use crate::domain::event_type::{EventTypeName, Pattern, Subscription, VersionName, near_matches};
use crate::store::event_types::versions::{self, OutlinedVersion};
use crate::store::{Read, StoreError, event_types, workspaces};

mod kept;

pub(super) use kept::Catalogues;

/// The most versions that a fault names.
const NAMED_MAX: usize = 5;
/// A workspace's catalogue in outline.
pub struct Catalogue {
    strict: bool,
    types: BTreeMap<String, KnownType>,
}

struct KnownType {
    archived: bool,
    has_schema: bool,
    /// Newest first.
    versions: Vec<OutlinedVersion>,
}

/// What is known of an event once its type was checked.
#[derive(Debug)]
pub(super) struct CheckedType {
    /// The version as which it is published; `None` where its type has none in use.
    pub(super) version: Option<VersionName>,
    /// Whether its data has to be checked.
    pub(super) data: CheckedData,
}

/// Whether an event's data has to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CheckedData {
    /// It fits whatever it is.
    Whole,
    /// Its type, or the version of it, has a schema.
    ButForItsData,
}

impl Catalogue {
    /// Checks an event's type, and the version that its publisher names, if any; else it is of the
    /// newest in use.
    ///
    /// # Errors
    /// An unknown type, with near matches, or one that is out of use; likewise of versions.
    pub(super) fn check_type(
        &self,
        name: &EventTypeName,
        version: Option<&VersionName>,
    ) -> Result<CheckedType, FieldError> {
        let known = match self.types.get(name.as_str()) {
            None if self.strict => return Err(self.unknown("type", name.as_str())),
            Some(known) if known.archived && self.strict => {
                return Err(FieldError {
                    field: "type".to_owned(),
                    message: format!("{name} is archived; nothing can be published under it"),
                });
            }
            known => known,
        };
        let of_version = self.of_version("version", name, version)?;
        let has_schema = match of_version {
            Some(version) => version.has_schema,
            None => known.is_some_and(|own| own.has_schema),
        };
        Ok(CheckedType {
            version: of_version.map(|own| own.name.clone()),
            data: match has_schema {
                true => CheckedData::ButForItsData,
                false => CheckedData::Whole,
            },
        })
    }

    /// The version of its type as which an event is published: the one that is `named`, else the newest
    /// in use, if there is one.
    ///
    /// # Errors
    /// The fault of `field`, where the one that is named is unknown or archived.
    pub(super) fn of_version(
        &self,
        field: &str,
        name: &EventTypeName,
        named: Option<&VersionName>,
    ) -> Result<Option<&OutlinedVersion>, FieldError> {
        let known = self.types.get(name.as_str());
        let versions = known.map_or(&[][..], |own| &own.versions);
        let in_use = versions.iter().filter(|one| !one.archived);
        let Some(named) = named else {
            return Ok(in_use.clone().next());
        };
        match in_use.clone().find(|one| one.name == *named) {
            Some(found) => Ok(Some(found)),
            None => Err(FieldError {
                field: field.to_owned(),
                message: no_such_version(name, named, in_use.map(|one| &one.name)),
            }),
        }
    }

    /// The newest version of a type that is in use, if there is one.
    #[must_use]
    pub fn newest_version(&self, name: &EventTypeName) -> Option<&VersionName> {
        let of_version = self.of_version("version", name, None);
        of_version.ok().flatten().map(|own| &own.name)
    }

    /// Checks the patterns that a webhook wants to subscribe to.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] names a pattern that no known type could match, where the workspace is
    /// strict.
    pub fn check_subscription(&self, subscription: &Subscription) -> Result<(), Refusal> {
        if !self.strict {
            return Ok(());
        }
        let unknown = |(index, pattern): (usize, &Pattern)| {
            let known = self
                .types
                .keys()
                .any(|name| EventTypeName::parse(name).is_ok_and(|name| pattern.matches(&name)));
            let text = pattern.to_string();
            let any = text == "*";
            (!known && !any).then(|| self.unknown(&format!("event_types[{index}]"), &text))
        };
        let errors: Vec<FieldError> = subscription
            .patterns()
            .iter()
            .enumerate()
            .filter_map(unknown)
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Invalid(errors))
        }
    }

    /// Which of `names` are no types in use.
    pub(super) fn missing<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        let is_in_use = |name: &str| self.types.get(name).is_some_and(|known| !known.archived);
        names.filter(|name| !is_in_use(name)).collect()
    }

    fn unknown(&self, field: &str, name: &str) -> FieldError {
        let live = self.types.iter().filter(|(_, known)| !known.archived);
        let near = near_matches(name, live.map(|(name, _)| name.as_str()));
        let hint = if near.is_empty() {
            "this workspace accepts only the types in its catalogue".to_owned()
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        FieldError {
            field: field.to_owned(),
            message: format!("{name} is not a known event type; {hint}"),
        }
    }
}

/// Says that `version` cannot be had, and which can: of those in use, newest first, the first few.
pub(super) fn no_such_version<'a>(
    name: &EventTypeName,
    version: &VersionName,
    in_use: impl Iterator<Item = &'a VersionName>,
) -> String {
    let names: Vec<&str> = in_use.map(VersionName::as_str).take(NAMED_MAX).collect();
    let hint = match names.is_empty() {
        true => "it has none".to_owned(),
        false => format!("newest first: {}", names.join(", ")),
    };
    format!("{version} is not a version of {name} in use; {hint}")
}

fn check_data(schema: &Schema, data: &str) -> Result<(), Vec<FieldError>> {
    // What was accepted as JSON before can be read as JSON now.
    let Ok(value) = serde_json::from_str(data) else {
        return Ok(());
    };
    let faults = schema.faults(&value);
    if faults.is_empty() {
        return Ok(());
    }
    let named = faults.into_iter().map(|fault| FieldError {
        field: field_at(&fault.path),
        message: fault.message,
    });
    Err(named.collect())
}

/// A JSON pointer (RFC 6901) into the data as a path such as `data.items[2].name`.
fn field_at(pointer: &str) -> String {
    let mut field = "data".to_owned();
    for step in pointer.split('/').skip(1) {
        if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) {
            field.extend(["[", step, "]"]);
        } else {
            field.extend([".", &step.replace("~1", "/").replace("~0", "~")]);
        }
    }
    field
}

fn schema_text(
    conn: &Read<'_>,
    workspace_seq: i64,
    name: &EventTypeName,
    version: Option<&VersionName>,
) -> Result<Option<String>, Refusal> {
    let Some(of) = event_types::find(conn, workspace_seq, name)? else {
        return Ok(None);
    };
    let Some(version) = version else {
        return Ok(of.settings.schema);
    };
    let found = versions::find(conn, Purview::workspace(workspace_seq), &of, version)?;
    Ok(found.and_then(|found| found.settings.schema))
}

impl Service {
    /// Checks the data of an event whose type, or the version of it, has a schema. Answers the data again.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the paths that do not fit; [`Refusal::Overloaded`] where too much of
    /// the workspace's data waits to be checked.
    pub(super) async fn check_data(
        &self,
        workspace_seq: i64,
        name: &EventTypeName,
        version: Option<&VersionName>,
        data: String,
    ) -> Result<String, Refusal> {
        let Some(schema) = self.schema(workspace_seq, name, version).await? else {
            return Ok(data);
        };
        let (faults, data) = if data.len() <= SMALL_DATA_BYTES {
            (check_data(&schema, &data), data)
        } else {
            let piece = move || (check_data(&schema, &data), data);
            self.work_on_payload(workspace_seq, piece).await?
        };
        faults.map_err(Refusal::Invalid).map(|()| data)
    }

    /// The compiled schema of an event type or a version of it, if it has one.
    async fn schema(
        &self,
        workspace_seq: i64,
        name: &EventTypeName,
        version: Option<&VersionName>,
    ) -> Result<Option<Arc<Schema>>, Refusal> {
        // No name of a type holds such a mark.
        let key = match version {
            None => name.as_str().to_owned(),
            Some(version) => format!("{name}@{version}"),
        };
        let key = (workspace_seq, key);
        let (known, read_at) = self.shared.catalogues.schema(&key);
        if known.is_some() {
            return Ok(known);
        }
        let (name, version) = (name.clone(), version.cloned());
        let stored = self
            .store()
            .read(move |conn| schema_text(conn, workspace_seq, &name, version.as_ref()))
            .await?;
        let Some(text) = stored else {
            return Ok(None);
        };
        let compiled = self
            .work_on_payload(workspace_seq, move || {
                let schema = serde_json::from_str(&text).ok();
                schema.and_then(|schema| Schema::compile(&schema).ok())
            })
            .await?;
        let compiled = compiled.map(Arc::new);
        if let Some(schema) = &compiled {
            self.shared.catalogues.keep_schema(key, schema, read_at);
        }
        Ok(compiled)
    }

    /// The catalogue of a workspace in outline.
    pub async fn catalogue(&self, workspace_seq: i64) -> Result<Arc<Catalogue>, Refusal> {
        let (known, read_at) = self.shared.catalogues.find(workspace_seq);
        if let Some(known) = known {
            return Ok(known);
        }
        let (strict, types, mut versions) = self
            .store()
            .read(move |conn| {
                let workspace = workspaces::find(conn, workspace_seq)?;
                let strict = workspace.is_some_and(|workspace| workspace.strict_event_types);
                let versions = versions::outline(conn, workspace_seq)?;
                let types = event_types::outline(conn, workspace_seq)?;
                Ok::<_, StoreError>((strict, types, versions))
            })
            .await?;
        let types = types.into_iter().map(|outlined| {
            let known = KnownType {
                versions: versions.remove(&outlined.seq).unwrap_or_default(),
                archived: outlined.archived,
                has_schema: outlined.has_schema,
            };
            (outlined.name.as_str().to_owned(), known)
        });
        let catalogue = Arc::new(Catalogue {
            strict,
            types: types.collect(),
        });
        self.shared
            .catalogues
            .keep(workspace_seq, &catalogue, read_at);
        Ok(catalogue)
    }
}

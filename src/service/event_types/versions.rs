//! Versions of event types, as people keep them.
//!
//! Owns: the rules of each: names, texts, schemas, examples, and which may leave. Refuses: judging events by
//! them (`catalogue`), and what a webhook gets that pins one (`domain::event_type`).
//!
//! # Why a version that is pinned stays
//! A webhook that pins it gets nothing of that type else. To archive it is another matter: it says that
//! nothing more will be published as it, and everybody can see who is still waiting for that.

use serde_json::json;

use super::pinned::check_unpinned;
use super::shown::found;
use super::{DESCRIPTION_CHARS_MAX, EventTypeName, Placed, check_documents, named};
use crate::domain::catalogue::{EventType, EventTypeVersion, VersionSettings};
use crate::domain::event_type::VersionName;
use crate::domain::page::{Cursor, Limit, Page};
use crate::service::idempotency::idempotent;
use crate::service::{Caller, Done, FieldError, Idempotency, Refusal, Service, audit, text};
use crate::store::event_types::versions::{self, VERSIONS_MAX, WORKSPACE_VERSIONS_MAX};
use crate::store::{Read, StoreError, WriteTx};

/// A version as a caller describes it.
#[derive(Clone, Debug, Default)]
pub struct VersionInput {
    /// Its name; the next number if absent.
    pub name: Option<String>,
    /// What is new in it, in words.
    pub description: Option<String>,
    /// The JSON Schema of its data, as text.
    pub schema: Option<String>,
    /// An example of its data, as JSON text.
    pub example: Option<String>,
    /// Whether it has ended.
    pub archived: bool,
}

impl Service {
    /// Adds a version to the event type `of`, which then is its newest.
    ///
    /// # Errors
    /// The fields at fault; [`Refusal::NotFound`] for the event type; [`Refusal::Conflict`] where there is
    /// a version of that name, or no room.
    pub async fn create_version(
        &self,
        caller: &Caller,
        of: &str,
        input: VersionInput,
        key: Idempotency<EventTypeVersion>,
    ) -> Result<Done<EventTypeVersion>, Refusal> {
        let of = named(of)?;
        let (name, settings) = check(input)?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            idempotent(tx, &caller, &key, |tx| {
                let of = found(tx, &caller, &of)?;
                let name = match &name {
                    Some(name) => name.clone(),
                    None => next_number(tx, &of)?,
                };
                let taken =
                    || Refusal::Conflict(format!("{} has a version {name} already", of.name));
                add(tx, &caller, &of, &name, &settings)?.ok_or_else(taken)
            })
        };
        self.store().write(work).await
    }

    /// A page of the versions of the event type `of`, newest first.
    pub async fn versions(
        &self,
        caller: &Caller,
        of: &str,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<EventTypeVersion>, Refusal> {
        let (of, caller) = (named(of)?, caller.clone());
        let read = move |conn: &Read<'_>| {
            let of = found(conn, &caller, &of)?;
            Ok::<_, Refusal>(versions::list(conn, caller.purview(), &of, cursor, limit)?)
        };
        self.store().read(read).await
    }

    /// The versions of the event type `of`, newest first, as many as one page holds: mostly all.
    pub async fn newest_versions(
        &self,
        caller: &Caller,
        of: &str,
    ) -> Result<Vec<EventTypeVersion>, Refusal> {
        let page = self.versions(caller, of, None, Limit::clamped(VERSIONS_MAX));
        Ok(page.await?.items)
    }

    /// The version `name` of the event type `of`.
    pub async fn version(
        &self,
        caller: &Caller,
        of: &str,
        name: &str,
    ) -> Result<EventTypeVersion, Refusal> {
        let (of, name, caller) = (named(of)?, version_named(name)?, caller.clone());
        let read = move |conn: &Read<'_>| {
            let of = found(conn, &caller, &of)?;
            find(conn, &caller, &of, &name)
        };
        self.store().read(read).await
    }

    /// Adds or replaces a version of the event type `of`; one that is replaced keeps its place among them.
    pub async fn put_version(
        &self,
        caller: &Caller,
        of: &str,
        input: VersionInput,
    ) -> Result<(EventTypeVersion, Placed), Refusal> {
        let of = named(of)?;
        let (name, settings) = check(input)?;
        let name = name.ok_or_else(|| Refusal::field("version", "is needed"))?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            let of = found(tx, &caller, &of)?;
            let placed = place(tx, &caller, &of, &name, &settings)?;
            Ok((find(tx, &caller, &of, &name)?, placed))
        };
        self.store().write(work).await
    }

    /// Removes a version; events of it stay.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] where a webhook pins it.
    pub async fn delete_version(
        &self,
        caller: &Caller,
        of: &str,
        name: &str,
    ) -> Result<(), Refusal> {
        let (of, name, caller) = (named(of)?, version_named(name)?, caller.clone());
        let work = move |tx: &mut WriteTx<'_>| {
            let of = found(tx, &caller, &of)?;
            let found = find(tx, &caller, &of, &name)?;
            check_unpinned(tx, &caller, &of.name, Some(&name))?;
            versions::delete(tx, caller.workspace.seq(), found.seq)?;
            note(tx, &caller, "event_type_version.delete", &of.name, &name)
        };
        self.store().write(work).await
    }
}

/// Adds or replaces a version.
///
/// # Errors
/// [`Refusal::Conflict`] where there is no room.
pub(super) fn place(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    of: &EventType,
    name: &VersionName,
    settings: &VersionSettings,
) -> Result<Placed, Refusal> {
    let workspace_seq = caller.workspace.seq();
    if versions::update(tx, workspace_seq, of.seq, name, settings)?.is_some() {
        note(tx, caller, "event_type_version.update", &of.name, name)?;
        return Ok(Placed::Replaced);
    }
    add(tx, caller, of, name, settings)?;
    Ok(Placed::Added)
}

/// Brings the versions of an event type to what is said of them; what it has besides leaves. Of one whose
/// schema is another an example that does not fit it any more leaves as well.
///
/// # Errors
/// The fields at fault; [`Refusal::Conflict`] where a webhook pins one that would leave, or there is no room.
pub(super) fn replace(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    of: &EventType,
    said: Option<Vec<VersionInput>>,
) -> Result<(), Refusal> {
    let Some(said) = said else {
        return Ok(());
    };
    let mut wanted = Vec::with_capacity(said.len());
    for one in said {
        let called = one.name.clone().unwrap_or_default();
        let without = VersionInput {
            example: None,
            ..one.clone()
        };
        let read = check(one).or_else(|_| check(without));
        let (name, settings) = read.map_err(|refusal| below(&called, refusal))?;
        wanted.push((
            name.ok_or_else(|| Refusal::field("versions", "each needs a name"))?,
            settings,
        ));
    }
    for known in versions::all(tx, of.seq)? {
        if !wanted.iter().any(|(name, _)| *name == known.name) {
            check_unpinned(tx, caller, &of.name, Some(&known.name))?;
            versions::delete(tx, caller.workspace.seq(), known.seq)?;
            note(
                tx,
                caller,
                "event_type_version.delete",
                &of.name,
                &known.name,
            )?;
        }
    }
    for (name, settings) in &wanted {
        place(tx, caller, of, name, settings)?;
    }
    Ok(())
}

/// A refusal of a version, as one of its event type.
fn below(version: &str, refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Invalid(faults) => {
            let named = faults.into_iter().map(|fault| FieldError {
                field: format!("versions.{version}.{}", fault.field),
                ..fault
            });
            Refusal::Invalid(named.collect())
        }
        other => other,
    }
}

/// Adds a version; `None` where there is one of that name.
fn add(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    of: &EventType,
    name: &VersionName,
    settings: &VersionSettings,
) -> Result<Option<EventTypeVersion>, Refusal> {
    let workspace_seq = caller.workspace.seq();
    let [own, all] = versions::count(tx, workspace_seq, of.seq)?;
    if own >= VERSIONS_MAX || all >= WORKSPACE_VERSIONS_MAX {
        return Err(Refusal::Conflict(format!(
            "an event type may have at most {VERSIONS_MAX} versions, and a workspace \
             {WORKSPACE_VERSIONS_MAX}; delete one first"
        )));
    }
    let added = versions::insert(tx, workspace_seq, of.seq, name, settings)?;
    if added.is_some() {
        note(tx, caller, "event_type_version.create", &of.name, name)?;
    }
    Ok(added)
}

/// One more than the highest number among the names of versions.
fn next_number(conn: &Read<'_>, of: &EventType) -> Result<VersionName, StoreError> {
    let all = versions::all(conn, of.seq)?;
    let highest = all.iter().filter_map(|one| one.name.number()).max();
    Ok(VersionName::numbered(
        highest.unwrap_or_default().saturating_add(1),
    ))
}

pub(super) fn check(
    input: VersionInput,
) -> Result<(Option<VersionName>, VersionSettings), Refusal> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, message: String| {
        faults.push(FieldError {
            field: field.to_owned(),
            message,
        });
    };
    let name = input.name.as_deref().map(VersionName::parse).transpose();
    let name = name.unwrap_or_else(|message| {
        fault("version", message);
        None
    });
    if let Some(given) = &input.description
        && let Err(message) = text::check(given, DESCRIPTION_CHARS_MAX)
    {
        fault("description", message);
    }
    check_documents(
        input.schema.as_deref(),
        input.example.as_deref(),
        &mut fault,
    );
    match faults.is_empty() {
        true => Ok((
            name,
            VersionSettings {
                description: input.description,
                schema: input.schema,
                example: input.example,
                archived: input.archived,
            },
        )),
        false => Err(Refusal::Invalid(faults)),
    }
}

fn find(
    conn: &Read<'_>,
    caller: &Caller,
    of: &EventType,
    name: &VersionName,
) -> Result<EventTypeVersion, Refusal> {
    let found = versions::find(conn, caller.purview(), of, name)?;
    found.ok_or(Refusal::NotFound("version"))
}

/// A name that cannot be one names nothing that exists.
fn version_named(text: &str) -> Result<VersionName, Refusal> {
    VersionName::parse(text).map_err(|_| Refusal::NotFound("version"))
}

fn note(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    action: &str,
    of: &EventTypeName,
    version: &VersionName,
) -> Result<(), Refusal> {
    let detail = json!({ "version": version.as_str() });
    audit(tx, caller, action, of.as_str(), &detail)
}

//! Event types as they are shown: to whom, and with all their versions.
//!
//! Owns: which types a customer is shown, and reading them with their versions in one snapshot. Refuses:
//! deciding what is published to whom; a flag hides a type from the catalogue, not its events.

use super::named;
use crate::domain::catalogue::{EventType, EventTypeVersion};
use crate::domain::event_type::EventTypeName;
use crate::domain::page::{Cursor, Limit, List, Page, is_backwards};
use crate::service::{Caller, Refusal, Service};
use crate::store::{PAGE_BYTES_MAX, Read, StoreError, event_types};

/// An event type with all its versions, oldest first. Who pins them is not counted.
pub type VersionedType = (EventType, Vec<EventTypeVersion>);

impl Service {
    /// A page of the catalogue, newest first; a customer is shown what their flags let them see.
    pub async fn event_types(
        &self,
        caller: &Caller,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<EventType>, Refusal> {
        let caller = caller.clone();
        self.read(move |_, conn| Ok(shown(conn, &caller, cursor, limit)?))
            .await
    }

    /// As [`Service::event_types`], each with its versions; a page is short where these are more than one
    /// answer bears.
    pub async fn versioned_event_types(
        &self,
        caller: &Caller,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<VersionedType>, Refusal> {
        let caller = caller.clone();
        self.read(move |_, conn| {
            let page = shown(conn, &caller, cursor, limit)?;
            Ok(match is_backwards(cursor) {
                false => with_versions(conn, page)?,
                true => with_versions(conn, page.turned())?.turned(),
            })
        })
        .await
    }

    /// The event type called `name`.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also where its flags hide it.
    pub async fn event_type(&self, caller: &Caller, name: &str) -> Result<EventType, Refusal> {
        let (caller, name) = (caller.clone(), named(name)?);
        self.read(move |_, conn| found(conn, &caller, &name)).await
    }

    /// The event type called `name` with its versions.
    pub async fn versioned_event_type(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<VersionedType, Refusal> {
        let (caller, name) = (caller.clone(), named(name)?);
        self.read(move |_, conn| {
            let own = found(conn, &caller, &name)?;
            let versions = event_types::versions::all(conn, own.seq)?;
            Ok((own, versions))
        })
        .await
    }
}

/// The event type called `name`, if the caller is shown it.
pub(super) fn found(
    conn: &Read<'_>,
    caller: &Caller,
    name: &EventTypeName,
) -> Result<EventType, Refusal> {
    let found = event_types::find(conn, caller.workspace.seq(), name)?;
    let found = found.filter(|own| caller.is_shown(&own.settings.feature_flags));
    found.ok_or(Refusal::NotFound("event type"))
}

fn shown(
    conn: &Read<'_>,
    caller: &Caller,
    cursor: Option<Cursor>,
    limit: Limit,
) -> Result<Page<EventType>, StoreError> {
    let mut page = event_types::list(conn, caller.workspace.seq(), cursor, limit)?;
    page.items
        .retain(|own| caller.is_shown(&own.settings.feature_flags));
    Ok(page)
}

/// A page that ends where its versions come to as many bytes as an answer bears.
fn with_versions(
    conn: &Read<'_>,
    page: Page<EventType>,
) -> Result<Page<VersionedType>, StoreError> {
    let mut read: Vec<VersionedType> = Vec::with_capacity(page.items.len());
    let mut bytes = 0;
    for own in page.items {
        let versions = event_types::versions::all(conn, own.seq)?;
        bytes += versions.iter().map(bytes_of).sum::<usize>();
        if bytes > PAGE_BYTES_MAX
            && let Some((last, _)) = read.last()
        {
            let next = Some(Cursor::behind(List::EventTypes, last.seq));
            return Ok(Page { items: read, next });
        }
        read.push((own, versions));
    }
    Ok(Page {
        items: read,
        next: page.next,
    })
}

/// The bytes of its schema and example.
fn bytes_of(one: &EventTypeVersion) -> usize {
    let texts = [&one.settings.schema, &one.settings.example];
    texts.into_iter().flatten().map(String::len).sum()
}

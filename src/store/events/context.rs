//! What an event carries beside its data, in its columns.
//!
//! Owns: reading and writing them, and the conditions of lists. Refuses: their forms (`domain`).

use std::sync::Arc;

use rusqlite::{Row, named_params};

use crate::domain::event_context::{EventContext, TraceContext};
use crate::domain::event_type::VersionName;
use crate::store::{Read, StoreError, damaged};

/// Whether an event was said in the channel `:channel`.
pub(in crate::store) const IN_CHANNEL: &str = "EXISTS (
         SELECT 1 FROM json_each(events.channels) AS said WHERE said.value = :channel)";
/// Whether an event has the tag `:tag`.
const TAGGED: &str = "EXISTS (
         SELECT 1 FROM json_each(events.tags) AS said WHERE said.value = :tag)";

/// Whether an event was said in a channel and has a tag, as far as they are asked for.
pub fn is_marked(
    conn: &Read<'_>,
    event_seq: i64,
    channel: Option<&str>,
    tag: Option<&str>,
) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT 1
         FROM events
         WHERE seq = :event
             AND (:channel IS NULL OR {IN_CHANNEL})
             AND (:tag IS NULL OR {TAGGED})"
    );
    let found: Option<i64> = conn.optional(
        &sql,
        named_params! { ":event": event_seq, ":channel": channel, ":tag": tag },
    )?;
    Ok(found.is_some())
}

/// The columns of an event that carries this.
pub(super) struct ContextColumns<'a>(pub(super) Option<&'a EventContext>);

impl ContextColumns<'_> {
    fn trace(&self) -> Option<&TraceContext> {
        self.0.and_then(|own| own.trace.as_ref())
    }

    pub(super) fn traceparent(&self) -> Option<&str> {
        self.trace().map(|trace| trace.parent.as_str())
    }

    pub(super) fn tracestate(&self) -> Option<&str> {
        self.trace().and_then(|trace| trace.state.as_deref())
    }

    pub(super) fn channels(&self) -> Option<String> {
        self.0.and_then(|own| listed(&own.channels))
    }

    pub(super) fn tags(&self) -> Option<String> {
        self.0.and_then(|own| listed(&own.tags))
    }

    pub(super) fn version(&self) -> Option<&VersionName> {
        self.0.and_then(|own| own.version.as_ref())
    }

    pub(super) fn content_type(&self) -> Option<&str> {
        self.0.and_then(|own| own.content_type.as_deref())
    }

    pub(super) fn uid(&self) -> Option<&str> {
        self.0.and_then(|own| own.uid.as_deref())
    }
}

fn listed(texts: &[String]) -> Option<String> {
    let json = || serde_json::to_string(texts).expect("texts always serialise");
    (!texts.is_empty()).then(json)
}

pub(super) fn read(row: &Row<'_>) -> Result<Option<Arc<EventContext>>, StoreError> {
    let parent: Option<String> = row.get("traceparent")?;
    let state: Option<String> = row.get("tracestate")?;
    Ok(EventContext {
        trace: parent.map(|parent| TraceContext { parent, state }),
        channels: texts(row, "channels")?,
        tags: texts(row, "tags")?,
        uid: row.get("uid")?,
        version: row.get("version")?,
        content_type: row.get("content_type")?,
    }
    .shared())
}

fn texts(row: &Row<'_>, column: &str) -> Result<Vec<String>, StoreError> {
    let Some(json) = row.get::<_, Option<String>>(column)? else {
        return Ok(Vec::new());
    };
    let seq: i64 = row.get("seq")?;
    serde_json::from_str(&json).map_err(|_| damaged(&format!("events.{column}"), seq))
}

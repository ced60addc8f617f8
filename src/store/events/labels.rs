//! Channels and tags by which events are found.
//!
//! Owns: the rows that lead from a label to its events, and which of them lead a list. Refuses: what a
//! label may be (`domain`).
//!
//! # Why a table, and not the columns
//! An event's row names its labels, so that showing it takes nothing else; but to find the events of a
//! label there every event ever published would have to be looked at. Events without labels have no rows
//! here and cost nothing.

use rusqlite::named_params;

use crate::domain::event::{EventFilter, NewEvent};
use crate::store::{StoreError, WriteTx};

/// What kind of label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LabelKind {
    /// Where an event was said.
    Channel,
    /// A publisher's own word.
    Tag,
}

impl LabelKind {
    fn code(self) -> i64 {
        match self {
            Self::Channel => 0,
            Self::Tag => 1,
        }
    }
}

/// Writes down by which labels an event is found.
pub(super) fn insert(
    tx: &WriteTx<'_>,
    workspace_seq: i64,
    event_seq: i64,
    new: &NewEvent,
) -> Result<(), StoreError> {
    let Some(context) = &new.context else {
        return Ok(());
    };
    let channels = context.channels.iter().map(|one| (LabelKind::Channel, one));
    let tags = context.tags.iter().map(|one| (LabelKind::Tag, one));
    for (kind, label) in channels.chain(tags) {
        tx.run(
            "INSERT INTO event_labels (workspace_seq, kind, label, event_seq, consumer_seq)
             VALUES (:workspace, :kind, :label, :event, :consumer)",
            named_params! {
                ":workspace": workspace_seq,
                ":kind": kind.code(),
                ":label": label,
                ":event": event_seq,
                ":consumer": new.consumer.map(|id| id.seq()),
            },
        )?;
    }
    Ok(())
}

/// The label that leads a list: a tag rather than a channel, because it is the rarer.
pub(super) fn leading(filter: &EventFilter) -> Option<(i64, &str)> {
    let tag = filter
        .tag
        .as_deref()
        .map(|tag| (LabelKind::Tag.code(), tag));
    let channel = filter.channel.as_deref();
    tag.or_else(|| channel.map(|channel| (LabelKind::Channel.code(), channel)))
}

//! Events: publishers' words, byte for byte, with a digest that notices any change.
//!
//! Owns: their rows, the record of who missed one. Refuses:
//! deciding who gets an event (`service` asks `webhooks::subscribers`).

use std::sync::Arc;

use rusqlite::{Row, named_params, params};
use sha2::{Digest, Sha256};

use super::effects::{EffectPlace, Sums};
use super::found::{PAGE_BYTES_MAX, readable};
use super::numbers::NumberedTable;
use super::sql::{id, optional_id};
use super::{Read, StoreError, WriteTx, row_list, setbacks};
use crate::domain::consumer::Purview;
use crate::domain::event::{Event, EventKind, NewEvent, StoredEvent};
use crate::domain::id::{EventId, WorkspaceId};
use crate::domain::stats::{WHOLE_WORKSPACE, minute};
use crate::domain::time::Timestamp;

pub(super) mod context;
mod held;
mod labels;
mod list;
mod misses;
pub(super) mod packing;
mod rows;
mod scan;
mod schedule;

use context::ContextColumns;
pub use held::{HeldEvents, HeldFor};
pub use list::list;
pub use misses::{count_missed, delete_miss, insert_miss, missed, misses};
use packing::DataColumns;
pub use scan::{EventScan, SCANNED_EVENTS_MAX, unerased};
use schedule::ScheduleColumns;
pub use schedule::set_deliver_at;

const COLUMNS: &str = "SELECT events.seq, events.workspace_seq, events.kind, events.given_id,
        events.consumer_seq, consumers.created_at AS consumer_created_at, events.type, events.occurred_at, events.created_at, events.delivery_count, events.digest,
        events.data, events.packed_data, events.erased_at, events.erase_at, events.traceparent, events.tracestate, events.channels, events.tags, events.uid, events.version, events.content_type,
        events.deliver_at, events.asked_deliver_at, events.asked_delay, workspaces.created_at AS workspace_created_at";
const JOINS: &str = "JOIN workspaces ON workspaces.seq = events.workspace_seq
    LEFT JOIN consumers ON consumers.seq = events.consumer_seq";

fn select() -> String {
    format!("{COLUMNS} FROM events {JOINS}")
}

/// Stores an event that is about to be given so many deliveries; the caller has made sure that its
/// given id is free.
pub fn insert(
    tx: &mut WriteTx<'_>,
    workspace: WorkspaceId,
    new: NewEvent,
    deliveries: usize,
) -> Result<Event, StoreError> {
    let id = EventId::new(tx.now(), tx.next_seq(NumberedTable::Events)?);
    let occurred_at = new.occurred_at.unwrap_or(id.at());
    let digest = digest(&new.event_type, occurred_at, &new.data);
    let (data, schedule) = (DataColumns::of(&new.data), ScheduleColumns(new.schedule));
    let context = ContextColumns(new.context.as_deref());
    // Its values stand in the order in which it first names them: looking each name up takes time.
    tx.run_often(
        "INSERT INTO events (seq, workspace_seq, consumer_seq, kind, given_id, type, occurred_at, created_at,
             delivery_count, digest, data, packed_data, traceparent, tracestate, channels, tags, uid, version, content_type, deliver_at,
             asked_deliver_at, asked_delay, erase_at)
         VALUES (:seq, :workspace, :consumer, :kind, :given_id, :type, :occurred_at, :now, :deliveries, :digest,
             :data, :packed_data, :traceparent, :tracestate, :channels, :tags, :uid, :version, :content_type, :deliver_at, :asked_deliver_at,
             :asked_delay, :erase_at)",
        params![
            id.seq(),
            workspace.seq(),
            new.consumer.map(|id| id.seq()),
            new.kind,
            new.given_id,
            &*new.event_type,
            occurred_at,
            id.at(),
            deliveries,
            digest,
            data.data,
            data.packed,
            context.traceparent(),
            context.tracestate(),
            context.channels(),
            context.tags(),
            context.uid(),
            context.version(),
            context.content_type(),
            new.schedule.map(|own| own.instant(id.at())),
            schedule.asked_deliver_at(),
            schedule.asked_delay(),
            new.keep.map(|long| id.at().after(long)),
        ],
    )?;
    labels::insert(tx, workspace.seq(), id.seq(), &new)?;
    if new.kind == EventKind::Published {
        let place = EffectPlace {
            workspace_seq: workspace.seq(),
            webhook_seq: WHOLE_WORKSPACE,
            minute_at: minute(id.at()),
        };
        tx.effects.sums.entry(place).or_default().add(&Sums {
            events: 1,
            ..Sums::default()
        });
        tx.notices().activity = true;
    }
    Ok(Event {
        id,
        given_id: new.given_id,
        workspace,
        consumer: new.consumer,
        kind: new.kind,
        event_type: new.event_type,
        occurred_at,
        data: new.data,
        context: new.context,
    })
}

/// The event in row `seq`.
pub fn find(conn: &Read<'_>, seq: i64) -> Result<Option<StoredEvent>, StoreError> {
    let sql = format!("{} WHERE events.seq = :seq LIMIT 1", select());
    conn.row(&sql, named_params! { ":seq": seq }, stored)
}

/// When the data of the event in row `seq` was erased, if it was.
pub fn erased_at(conn: &Read<'_>, seq: i64) -> Result<Option<Timestamp>, StoreError> {
    let found: Option<Option<Timestamp>> = conn.optional(
        "SELECT erased_at FROM events WHERE seq = :seq",
        named_params! { ":seq": seq },
    )?;
    Ok(found.flatten())
}

/// The events in the rows `seqs`, in that order, as far as [`PAGE_BYTES_MAX`] reaches, but one at
/// least; `None` in the place of one that is damaged.
pub fn in_rows(
    conn: &Read<'_>,
    seqs: &[i64],
) -> Result<Vec<(i64, Option<StoredEvent>)>, StoreError> {
    // The rows come as they are named, one at a time, because `CROSS JOIN` keeps to its left side: sorted by
    // the statement, all of them would be in memory before the first is looked at.
    let sql = format!(
        "{COLUMNS} FROM json_each(:seqs) CROSS JOIN events ON events.seq = json_each.value {JOINS} LIMIT -1"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! { ":seqs": row_list(seqs) })?;
    let mut found = Vec::new();
    let mut bytes = 0;
    while bytes <= PAGE_BYTES_MAX
        && let Some(row) = rows.next()?
    {
        let event = readable(stored(row))?;
        bytes += event.as_ref().map_or(0, |event| event.event.data.len());
        found.push((row.get("seq")?, event));
    }
    Ok(found)
}

/// The event that a workspace knows under `public_id`, the publisher's own id or ours, where `purview`
/// holds it.
pub fn find_public(
    conn: &Read<'_>,
    purview: Purview,
    public_id: &str,
) -> Result<Option<StoredEvent>, StoreError> {
    let workspace_seq = purview.workspace_seq;
    let holds = |stored: &StoredEvent| {
        let event = &stored.event;
        purview.holds(event.workspace.seq(), event.consumer.map(|id| id.seq()))
    };
    let given: Option<i64> = conn.optional(
        "SELECT seq FROM events WHERE workspace_seq = :workspace AND given_id = :id LIMIT 1",
        named_params! { ":workspace": workspace_seq, ":id": public_id },
    )?;
    if let Some(seq) = given {
        return Ok(find(conn, seq)?.filter(holds));
    }
    let Some(id) = EventId::parse(public_id) else {
        return Ok(None);
    };
    Ok(find(conn, id.seq())?
        .filter(|stored| stored.event.id == id && stored.event.given_id.is_none() && holds(stored)))
}

/// The row of the event that the platform calls `uid`, of those for one consumer.
pub fn row_called(
    conn: &Read<'_>,
    consumer_seq: i64,
    uid: &str,
) -> Result<Option<i64>, StoreError> {
    conn.optional(
        "SELECT seq FROM events WHERE consumer_seq = :consumer AND uid = :uid LIMIT 1",
        named_params! { ":consumer": consumer_seq, ":uid": uid },
    )
}

/// The lowest row number of an event accepted at or after `at`; one past the newest where there is
/// none. Where the clock went back, earlier ones may follow.
pub fn first_since(conn: &Read<'_>, at: Timestamp) -> Result<i64, StoreError> {
    setbacks::first_since(conn, setbacks::DatedTable::Events, at)
}

/// One past the highest row number of an event accepted before `at`.
pub fn end_until(conn: &Read<'_>, at: Timestamp) -> Result<i64, StoreError> {
    setbacks::end_until(conn, setbacks::DatedTable::Events, at)
}

/// One past the newest event.
pub fn end(conn: &Read<'_>) -> Result<i64, StoreError> {
    conn.value("SELECT coalesce(max(seq), 0) + 1 FROM events", [])
}

fn stored(row: &Row<'_>) -> Result<StoredEvent, StoreError> {
    let event_type: Arc<str> = row.get("type")?;
    let data = packing::read(row)?;
    let occurred_at = row.get("occurred_at")?;
    if row.get_ref("digest")?.as_blob().ok() != Some(&digest(&event_type, occurred_at, &data)) {
        let what = "an event is not what was once published";
        return Err(StoreError::Damaged(what.to_owned()));
    }
    Ok(StoredEvent {
        event: Event {
            id: id(row, "created_at", "seq")?,
            given_id: row.get("given_id")?,
            workspace: id(row, "workspace_created_at", "workspace_seq")?,
            consumer: optional_id(row, "consumer_created_at", "consumer_seq")?,
            kind: row.get("kind")?,
            event_type,
            occurred_at,
            data,
            context: context::read(row)?,
        },
        created_at: row.get("created_at")?,
        delivery_count: row.get("delivery_count")?,
        schedule: schedule::read(row)?,
        deliver_at: row.get("deliver_at")?,
        erased_at: row.get("erased_at")?,
        erase_at: row.get("erase_at")?,
    })
}

/// SHA-256 over everything of an event that is signed and sent.
#[must_use]
pub fn digest(event_type: &str, occurred_at: Timestamp, data: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(event_type.len().to_le_bytes());
    hasher.update(event_type);
    hasher.update(occurred_at.millis().to_le_bytes());
    hasher.update(data);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests;

//! Events: publishers' words, byte for byte, with a digest that notices any change.
//!
//! Owns: their rows, lists for browsing and polling, the record of who missed one. Refuses:
//! deciding who gets an event (`service` asks `webhooks::subscribers`).

use rusqlite::{OptionalExtension, Row, named_params};
use sha2::{Digest, Sha256};

use super::effects::{EffectPlace, Sums};
use super::found::Found;
use super::{Read, StoreError, WriteTx, damaged, setbacks};
use crate::domain::breaker::DisabledReason;
use crate::domain::event::{
    Event, EventFilter, EventKind, GivenId, MissedEvents, NewEvent, StoredEvent,
};
use crate::domain::id::{EventId, WebhookId, WorkspaceId};
use crate::domain::page::{Cursor, Limit, List, Order, Page};
use crate::domain::stats::{WHOLE_WORKSPACE, minute};
use crate::domain::time::Timestamp;

const SELECT: &str = "SELECT events.*, workspaces.created_at AS workspace_created_at
    FROM events
    JOIN workspaces ON workspaces.seq = events.workspace_seq";

/// Stores an event that is about to be given so many deliveries; the caller has made sure that its
/// given id is free.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn insert(
    tx: &mut WriteTx<'_>,
    workspace: WorkspaceId,
    new: NewEvent,
    deliveries: usize,
) -> Result<Event, StoreError> {
    let now = tx.now();
    let occurred_at = new.occurred_at.unwrap_or(now);
    let digest = digest(&new.event_type, occurred_at, &new.data);
    tx.prepare_cached(
        "INSERT INTO events (workspace_seq, kind, given_id, type, occurred_at, created_at,
             delivery_count, digest, data)
         VALUES (:workspace, :kind, :given_id, :type, :occurred_at, :now, :deliveries, :digest,
             :data)",
    )?
    .execute(named_params! {
        ":workspace": workspace.seq(),
        ":kind": new.kind.code(),
        ":given_id": new.given_id.as_ref().map(GivenId::as_str),
        ":type": &*new.event_type,
        ":occurred_at": occurred_at.millis(),
        ":now": now.millis(),
        ":deliveries": i64::try_from(deliveries).unwrap_or(i64::MAX),
        ":digest": digest,
        ":data": &*new.data,
    })?;
    if new.kind == EventKind::Published {
        let place = EffectPlace {
            workspace_seq: workspace.seq(),
            webhook_seq: WHOLE_WORKSPACE,
            minute_at: minute(now),
        };
        tx.effects.sums.entry(place).or_default().add(&Sums {
            events: 1,
            ..Sums::default()
        });
        tx.notices().activity = true;
    }
    Ok(Event {
        id: EventId::new(now, tx.last_insert_rowid()),
        given_id: new.given_id,
        workspace,
        kind: new.kind,
        event_type: new.event_type,
        occurred_at,
        data: new.data,
    })
}

/// The event in row `seq`.
///
/// # Errors
/// [`StoreError::Damaged`] where the row is not what was once stored.
pub fn find(conn: &Read<'_>, seq: i64) -> Result<Option<StoredEvent>, StoreError> {
    let sql = format!("{SELECT} WHERE events.seq = :seq LIMIT 1");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! { ":seq": seq })?;
    rows.next()?.map(stored).transpose()
}

/// The published event that a workspace knows under `public_id`: the publisher's own id or ours.
///
/// # Errors
/// As [`find`].
pub fn find_public(
    conn: &Read<'_>,
    workspace_seq: i64,
    public_id: &str,
) -> Result<Option<StoredEvent>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq FROM events WHERE workspace_seq = :workspace AND given_id = :id LIMIT 1",
    )?;
    let params = named_params! { ":workspace": workspace_seq, ":id": public_id };
    let given: Option<i64> = statement.query_row(params, |row| row.get(0)).optional()?;
    if let Some(seq) = given {
        return find(conn, seq);
    }
    let Some(id) = EventId::parse(public_id) else {
        return Ok(None);
    };
    Ok(find(conn, id.seq())?.filter(|stored| {
        let event = &stored.event;
        event.id == id && event.given_id.is_none() && event.workspace.seq() == workspace_seq
    }))
}

/// A page of published events; one that is not what was once published is left out, and the log says
/// so. In ascending order the page always says where to go on: row numbers
/// are given in commit order, so that a poller that goes on from there never skips or repeats one.
///
/// # Errors
/// As [`find`].
pub fn list(
    conn: &Read<'_>,
    filter: &EventFilter,
    limit: Limit,
) -> Result<Page<StoredEvent>, StoreError> {
    let by_type = filter
        .event_type
        .as_ref()
        .map_or("", |_| "AND events.type = :type");
    let (comparison, direction) = match filter.order {
        Order::Ascending => (">", "ASC"),
        Order::Descending => ("<", "DESC"),
    };
    let start = match filter.order {
        Order::Ascending => 0,
        Order::Descending => i64::MAX,
    };
    let sql = format!(
        "{SELECT}
         WHERE events.workspace_seq = :workspace
             AND events.kind = 0
             {by_type}
             AND events.seq {comparison} :start
         ORDER BY events.seq {direction}
         LIMIT :limit"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let start = filter.cursor.map_or(start, Cursor::seq);
    let rows = i64::try_from(limit.rows() + 1).unwrap_or(i64::MAX);
    let mut params: Vec<(&str, &dyn rusqlite::ToSql)> = vec![
        (":workspace", &filter.workspace_seq),
        (":start", &start),
        (":limit", &rows),
    ];
    if let Some(event_type) = &filter.event_type {
        params.push((":type", event_type));
    }
    let mut rows = statement.query(params.as_slice())?;
    let mut found = Found::new(limit);
    while found.has_room()
        && let Some(row) = rows.next()?
    {
        match stored(row) {
            Ok(event) => {
                let bytes = event.event.data.len();
                found.push(event, bytes);
            }
            Err(StoreError::Damaged(what)) => {
                tracing::error!(what, "a list leaves out what cannot be read");
                found.skip();
            }
            Err(error) => return Err(error),
        }
    }
    let mut page = found.paged(List::Events, |stored| stored.event.id.seq());
    if filter.order == Order::Ascending {
        let last = page
            .items
            .last()
            .map_or(start, |stored| stored.event.id.seq());
        page.next = Some(Cursor::behind(List::Events, last));
    }
    Ok(page)
}

/// Records that a webhook wanted an event but was disabled when it was published.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn insert_miss(
    tx: &WriteTx<'_>,
    event_seq: i64,
    webhook_seq: i64,
    reason: DisabledReason,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT OR IGNORE INTO event_misses (webhook_seq, event_seq, reason)
         VALUES (:webhook, :event, :reason)",
    )?
    .execute(named_params! {
        ":webhook": webhook_seq,
        ":event": event_seq,
        ":reason": reason.as_str(),
    })?;
    Ok(())
}

/// Forgets a miss, because the event has been given to the webhook after all.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn delete_miss(tx: &WriteTx<'_>, event_seq: i64, webhook_seq: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "DELETE FROM event_misses WHERE webhook_seq = :webhook AND event_seq = :event",
    )?
    .execute(named_params! { ":webhook": webhook_seq, ":event": event_seq })?;
    Ok(())
}

/// Of the events that a webhook missed those that are meant, oldest first.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn missed(conn: &Read<'_>, which: &MissedEvents, limit: usize) -> Result<Vec<i64>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT event_seq
         {MISSED}
         ORDER BY event_seq
         LIMIT :limit"
    ))?;
    let rows = statement.query_map(
        named_params! {
            ":webhook": which.webhook_seq,
            ":after": which.after,
            ":end": which.end,
            ":since": which.since.map(Timestamp::millis),
            ":until": which.until.map(Timestamp::millis),
            ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
        },
        |row| row.get(0),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many there are of these.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn count_missed(conn: &Read<'_>, which: &MissedEvents) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached(&format!("SELECT count(*) {MISSED}"))?;
    let params = named_params! {
        ":webhook": which.webhook_seq,
        ":after": which.after,
        ":end": which.end,
        ":since": which.since.map(Timestamp::millis),
        ":until": which.until.map(Timestamp::millis),
    };
    Ok(statement.query_row(params, |row| row.get(0))?)
}

const MISSED: &str = "FROM event_misses
    JOIN events ON events.seq = event_misses.event_seq
    WHERE webhook_seq = :webhook AND event_seq > :after AND event_seq < :end
        AND (:since IS NULL OR events.created_at >= :since)
        AND (:until IS NULL OR events.created_at < :until)";

/// The lowest row number of an event accepted at or after `at`; one past the newest where there is
/// none. Where the clock went back, earlier ones may follow.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn first_since(conn: &Read<'_>, at: Timestamp) -> Result<i64, StoreError> {
    setbacks::first_since(conn, setbacks::DatedTable::Events, at)
}

/// One past the highest row number of an event accepted before `at`.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn end_until(conn: &Read<'_>, at: Timestamp) -> Result<i64, StoreError> {
    setbacks::end_until(conn, setbacks::DatedTable::Events, at)
}

/// One past the newest event.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn end(conn: &Read<'_>) -> Result<i64, StoreError> {
    let mut statement = conn.prepare_cached("SELECT coalesce(max(seq), 0) + 1 FROM events")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// The webhooks that missed an event, and why.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn misses(
    conn: &Read<'_>,
    event_seq: i64,
    limit: usize,
) -> Result<Vec<(WebhookId, DisabledReason)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT event_misses.webhook_seq, webhooks.created_at, event_misses.reason
         FROM event_misses
         JOIN webhooks ON webhooks.seq = event_misses.webhook_seq
         WHERE event_seq = :event
         ORDER BY event_misses.webhook_seq
         LIMIT :limit",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(
        named_params! { ":event": event_seq, ":limit": limit },
        |row| {
            let reason: String = row.get(2)?;
            let created_at = Timestamp::from_millis(row.get(1)?);
            let reason = DisabledReason::parse(&reason).unwrap_or(DisabledReason::Manual);
            Ok((WebhookId::new(created_at, row.get(0)?), reason))
        },
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn stored(row: &Row<'_>) -> Result<StoredEvent, StoreError> {
    let seq: i64 = row.get("seq")?;
    let kind: i64 = row.get("kind")?;
    let created_at = Timestamp::from_millis(row.get("created_at")?);
    let workspace_at = Timestamp::from_millis(row.get("workspace_created_at")?);
    let given_id: Option<String> = row.get("given_id")?;
    let event_type: String = row.get("type")?;
    let data: String = row.get("data")?;
    let occurred_at = Timestamp::from_millis(row.get("occurred_at")?);
    let stored_digest: Vec<u8> = row.get("digest")?;
    if stored_digest != digest(&event_type, occurred_at, &data) {
        return Err(StoreError::Damaged(format!(
            "event {seq} is not what was once published"
        )));
    }
    Ok(StoredEvent {
        event: Event {
            id: EventId::new(created_at, seq),
            given_id: given_id
                .map(|id| GivenId::parse(&id).map_err(|_| damaged("events.given_id", seq)))
                .transpose()?,
            workspace: WorkspaceId::new(workspace_at, row.get("workspace_seq")?),
            kind: EventKind::from_code(kind).ok_or_else(|| damaged("events.kind", seq))?,
            event_type: event_type.into(),
            occurred_at,
            data: data.into(),
        },
        created_at,
        delivery_count: row.get("delivery_count")?,
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

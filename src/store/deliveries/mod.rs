//! Deliveries.
//!
//! Owns: storing and finding them. Refuses: choosing a next state (`domain::delivery`).

use std::sync::Arc;

use rusqlite::{Connection, named_params};

use super::effects::QueuedDelivery;
use super::{StoreError, WriteTx};
use crate::domain::delivery::{Next, Progress, Status, Trigger};
use crate::domain::event::Event;
use crate::domain::format::Format;
use crate::domain::id::{DeliveryId, EventId, WebhookId};
use crate::domain::outcome::FailureKind;
use crate::domain::time::Timestamp;

mod groups;
mod list;
mod progress;
mod queue;
mod row;
mod waiting;

pub use groups::{
    Cause, GROUPED_ROWS_MAX, GROUPS_MAX, Group, groups, latest, letters_of, oldest_waiting,
};
pub use list::{DeliveryFilter, SCAN_ROWS_MAX, Which, count, list, scan};
pub use progress::{DeliveryPlace, LastAttempt, set_progress};
pub use queue::{
    due, interrupted_tests, next_due, oldest_retrying, pending, queued, webhooks_waiting,
};
use row::{delivery, progress_of, trigger_of};
pub use waiting::{Standing, Waiting, shift_retries, soonest, standings, waiting_of};

/// A delivery about to be stored.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// The webhook it goes to.
    pub webhook_seq: i64,
    /// The version of the wire profile.
    pub profile_seq: i64,
    /// How its body looks.
    pub format: Format,
    /// Why it exists.
    pub trigger: Trigger,
    /// How many attempts its policy comes to.
    pub max_attempts: u32,
    /// The delivery that it repeats.
    pub retried_from: Option<DeliveryId>,
}

/// A delivery as it is stored, without its event's data.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The workspace that owns it.
    pub workspace_seq: i64,
    /// The webhook's id, and whether it was registered (a one-off target shows none).
    pub webhook: WebhookId,
    /// Whether the webhook was registered by somebody.
    pub webhook_registered: bool,
    /// Whether the webhook is disabled: then what waits is held.
    pub webhook_disabled: bool,
    /// The event's row.
    pub event: EventId,
    /// The event's id as the API shows it.
    pub event_public_id: String,
    /// The event's type.
    pub event_type: String,
    /// Why it exists.
    pub trigger: Trigger,
    /// The version of the wire profile it began with.
    pub profile_seq: i64,
    /// How its body looks.
    pub format: Format,
    /// Where it stands.
    pub progress: Progress,
    /// How many attempts its policy comes to.
    pub max_attempts: u32,
    /// The last answer's status code.
    pub last_status_code: Option<u16>,
    /// The last failure's kind.
    pub last_error_kind: Option<FailureKind>,
    /// The last failure in words.
    pub last_error: Option<String>,
    /// How long the last attempt took, in milliseconds.
    pub last_duration_ms: Option<u32>,
    /// The delivery that it repeats.
    pub retried_from: Option<DeliveryId>,
    /// When the alert target was told that it gave up.
    pub alert_sent_at: Option<Timestamp>,
    /// Why the alert target could not be told.
    pub alert_error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was delivered, gave up or was called off.
    pub completed_at: Option<Timestamp>,
    /// When a person discarded the dead letter. A failed test is discarded from the start: it
    /// told the person who waited for it, and waits for nobody.
    pub discarded_at: Option<Timestamp>,
}

impl Delivery {
    /// Whether it gave up and waits for a person.
    #[must_use]
    pub fn is_dead_letter(&self) -> bool {
        self.progress.status == Status::Exhausted && self.discarded_at.is_none()
    }

    /// When it is attempted next; `None` also where its webhook is disabled and it is held.
    #[must_use]
    pub fn next_attempt_at(&self) -> Option<Timestamp> {
        match self.progress.next {
            Next::Scheduled(_) if self.webhook_disabled => None,
            next => next.at(),
        }
    }
}

const SELECT: &str = "SELECT d.*, events.created_at AS event_created_at,
        events.given_id AS event_given_id, webhooks.created_at AS webhook_created_at,
        webhooks.kind AS webhook_kind, webhooks.status AS webhook_status
    FROM deliveries AS d
    JOIN events ON events.seq = d.event_seq
    JOIN webhooks ON webhooks.seq = d.webhook_seq";

/// Stores a delivery of `event`, due at once, and offers it to the engine.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn insert(
    tx: &mut WriteTx<'_>,
    event: &Arc<Event>,
    new: &NewDelivery,
) -> Result<DeliveryId, StoreError> {
    let queued = insert_unqueued(tx, event, new)?;
    let id = queued.id;
    tx.notices().queued.push(queued);
    Ok(id)
}

/// As [`insert`], but the caller attempts it: the lanes never see it while this process lives.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn insert_unqueued(
    tx: &mut WriteTx<'_>,
    event: &Arc<Event>,
    new: &NewDelivery,
) -> Result<QueuedDelivery, StoreError> {
    let now = tx.now();
    tx.prepare_cached(
        "INSERT INTO deliveries (workspace_seq, webhook_seq, event_seq, event_type, status,
             trigger, profile_seq, format, max_attempts, next_attempt_at, retried_from_seq,
             retried_from_at, created_at)
         VALUES (:workspace, :webhook, :event, :type, 0, :trigger, :profile, :format,
             :max_attempts, :now, :from_seq, :from_at, :now)",
    )?
    .execute(named_params! {
        ":workspace": event.workspace.seq(),
        ":webhook": new.webhook_seq,
        ":event": event.id.seq(),
        ":type": &*event.event_type,
        ":trigger": new.trigger.code(),
        ":profile": new.profile_seq,
        ":format": new.format.as_str(),
        ":max_attempts": new.max_attempts,
        ":from_seq": new.retried_from.map(|id| id.seq()),
        ":from_at": new.retried_from.map(|id| id.at().millis()),
        ":now": now.millis(),
    })?;
    tx.effects
        .count(new.webhook_seq, None, Some(Status::Pending));
    tx.notices().activity = true;
    Ok(QueuedDelivery {
        id: DeliveryId::new(now, tx.last_insert_rowid()),
        webhook_seq: new.webhook_seq,
        event: Arc::clone(event),
        profile_seq: new.profile_seq,
        format: new.format,
        trigger: new.trigger,
        progress: Progress::new(now),
    })
}

/// The delivery in row `seq`.
///
/// # Errors
/// [`StoreError::Damaged`] where the row cannot be understood.
pub fn find(conn: &Connection, seq: i64) -> Result<Option<Delivery>, StoreError> {
    let sql = format!("{SELECT} WHERE d.seq = :seq LIMIT 1");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! { ":seq": seq })?;
    rows.next()?.map(delivery).transpose()
}

/// The delivery `id` of a workspace.
///
/// # Errors
/// As [`find`].
pub fn find_in(
    conn: &Connection,
    workspace_seq: i64,
    id: DeliveryId,
) -> Result<Option<Delivery>, StoreError> {
    let found = find(conn, id.seq())?;
    Ok(found.filter(|delivery| {
        delivery.id == id
            && delivery.workspace_seq == workspace_seq
            && delivery.trigger != Trigger::Alert
    }))
}

/// The deliveries of an event, oldest first.
///
/// # Errors
/// As [`find`].
pub fn of_event(
    conn: &Connection,
    event_seq: i64,
    limit: usize,
) -> Result<Vec<Delivery>, StoreError> {
    let sql = format!("{SELECT} WHERE d.event_seq = :event ORDER BY d.seq LIMIT :limit");
    let mut statement = conn.prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(named_params! { ":event": event_seq, ":limit": limit })?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(delivery(row)?);
    }
    Ok(found)
}

/// Where a delivery stands, and no more.
///
/// # Errors
/// As [`find`].
pub fn progress(conn: &Connection, seq: i64) -> Result<Option<(Progress, Trigger)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, status, trigger, attempt_count, failed_in_run, run_started_at,
             next_attempt_at, manual_fallback, fallback_at
         FROM deliveries
         WHERE seq = :seq",
    )?;
    let mut rows = statement.query(named_params! { ":seq": seq })?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some((progress_of(row)?, trigger_of(row)?)))
}

/// Marks a dead letter discarded; `false` where it is none, or was discarded before.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn discard(tx: &mut WriteTx<'_>, seq: i64) -> Result<bool, StoreError> {
    let discarded = tx
        .prepare_cached(
            "UPDATE deliveries
             SET discarded_at = :now
             WHERE seq = :seq AND status = 3 AND discarded_at IS NULL",
        )?
        .execute(named_params! { ":seq": seq, ":now": tx.now().millis() })?;
    tx.notices().activity = true;
    Ok(discarded > 0)
}

/// One past the newest delivery: what is made from now on has at least this row number.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn end(conn: &Connection) -> Result<i64, StoreError> {
    let mut statement = conn.prepare_cached("SELECT coalesce(max(seq), 0) + 1 FROM deliveries")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Records what came of telling the alert target about a dead letter.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn set_alert(
    tx: &WriteTx<'_>,
    seq: i64,
    outcome: Result<Timestamp, &str>,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE deliveries SET alert_sent_at = :sent_at, alert_error = :error WHERE seq = :seq",
    )?
    .execute(named_params! {
        ":seq": seq,
        ":sent_at": outcome.ok().map(Timestamp::millis),
        ":error": outcome.err(),
    })?;
    Ok(())
}

#[cfg(test)]
mod tests;

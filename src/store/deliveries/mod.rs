//! Deliveries: where each stands, and which of them are due.
//!
//! Owns: their rows, their progress, the two ways to what is due. Refuses: choosing a next state
//! (`domain::delivery`) and remembering who is in flight (`engine`).
//!
//! # Why first attempts and retries are found in two ways
//! A pending delivery is due from its creation on, so its row number is its place in line. A
//! retrying one is due at a time of its own, so it is found by an index on that time. The two never
//! compete for one scan, and a mass of retries cannot hide new events.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::effects::{Place, QueuedDelivery, Sums};
use super::{StoreError, WriteTx, damaged, events, stats};
use crate::domain::delivery::{Fallback, Next, Progress, Status, Trigger};
use crate::domain::event::Event;
use crate::domain::format::Format;
use crate::domain::id::{DeliveryId, EventId, WebhookId};
use crate::domain::outcome::FailureKind;
use crate::domain::time::Timestamp;

mod groups;
mod list;
mod waiting;

pub use groups::{
    Cause, GROUPED_ROWS_MAX, GROUPS_MAX, Group, groups, latest, letters_of, oldest_waiting,
};
pub use list::{DeliveryFilter, SCAN_ROWS_MAX, Which, count, list, scan};
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
}

const SELECT: &str = "SELECT d.*, events.created_at AS event_created_at,
        events.given_id AS event_given_id, webhooks.created_at AS webhook_created_at,
        webhooks.kind AS webhook_kind
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

/// What an attempt adds to the delivery's own row.
#[derive(Clone, Debug)]
pub struct LastAttempt<'a> {
    /// The answer's status code.
    pub status_code: Option<u16>,
    /// The failure's kind.
    pub error_kind: Option<FailureKind>,
    /// The failure in words.
    pub error: Option<&'a str>,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
}

/// Writes a new progress that `domain::delivery::step` chose, and with it the last attempt if there
/// was one. Keeps counts and sums.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn set_progress(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    old: &Progress,
    new: &Progress,
    attempt: Option<&LastAttempt<'_>>,
) -> Result<(), StoreError> {
    let now = tx.now();
    let (manual_fallback, fallback_at) = match new.next {
        Next::Never | Next::Scheduled(_) => (None, None),
        Next::Manual {
            fallback: Fallback::Restart,
            ..
        } => (Some(0), None),
        Next::Manual {
            fallback: Fallback::Continue(at),
            ..
        } => (Some(1), Some(at.millis())),
        Next::Manual {
            fallback: Fallback::Delivered,
            ..
        } => (Some(2), None),
    };
    let completed_at = (!new.status.is_waiting()).then_some(now.millis());
    tx.prepare_cached(
        "UPDATE deliveries
         SET status = :status, attempt_count = :attempt_count, failed_in_run = :failed_in_run,
             run_started_at = :run_started_at, next_attempt_at = :next_attempt_at,
             manual_fallback = :manual_fallback, fallback_at = :fallback_at,
             completed_at = :completed_at,
             discarded_at = CASE WHEN :status = 3 THEN discarded_at END,
             last_status_code = CASE WHEN :attempted THEN :code ELSE last_status_code END,
             last_error_kind = CASE WHEN :attempted THEN :kind ELSE last_error_kind END,
             last_error = CASE WHEN :attempted THEN :error ELSE last_error END,
             last_duration_ms = CASE WHEN :attempted THEN :duration ELSE last_duration_ms END
         WHERE seq = :seq",
    )?
    .execute(named_params! {
        ":seq": place.seq,
        ":status": new.status.code(),
        ":attempt_count": new.attempt_count,
        ":failed_in_run": new.failed_in_run,
        ":run_started_at": new.run_started_at.map(Timestamp::millis),
        ":next_attempt_at": new.next.at().map(Timestamp::millis),
        ":manual_fallback": manual_fallback,
        ":fallback_at": fallback_at,
        ":completed_at": completed_at,
        ":attempted": attempt.is_some(),
        ":code": attempt.and_then(|attempt| attempt.status_code),
        ":kind": attempt.and_then(|attempt| attempt.error_kind).map(FailureKind::as_str),
        ":error": attempt.and_then(|attempt| attempt.error),
        ":duration": attempt.map(|attempt| attempt.duration_ms),
    })?;
    tx.effects
        .count(place.webhook_seq, Some(old.status), Some(new.status));
    add_sums(tx, place, old, new, attempt);
    tx.notices().activity = true;
    Ok(())
}

/// Where a delivery belongs.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryPlace {
    /// Its row.
    pub seq: i64,
    /// Its webhook.
    pub webhook_seq: i64,
    /// Its workspace.
    pub workspace_seq: i64,
    /// Why it exists.
    pub trigger: Trigger,
}

fn add_sums(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    old: &Progress,
    new: &Progress,
    attempt: Option<&LastAttempt<'_>>,
) {
    let became = |status| i64::from(new.status == status && old.status != status);
    let success = |code: u16| (200..300).contains(&code);
    let mut sums = Sums {
        attempts: i64::from(attempt.is_some()),
        failures: i64::from(
            attempt.is_some_and(|attempt| !attempt.status_code.is_some_and(success)),
        ),
        delivered: became(Status::Delivered),
        exhausted: became(Status::Exhausted),
        canceled: became(Status::Canceled),
        ..Sums::default()
    };
    if let Some(attempt) = attempt {
        sums.durations.insert(stats::slot(attempt.duration_ms), 1);
    }
    let minute_at = stats::minute(tx.now());
    // hookpost's own troubles are not part of what a workspace sends.
    let whole = (place.trigger != Trigger::Alert).then_some(stats::WHOLE_WORKSPACE);
    for webhook_seq in [Some(place.webhook_seq), whole].into_iter().flatten() {
        let place = Place {
            workspace_seq: place.workspace_seq,
            webhook_seq,
            minute_at,
        };
        tx.effects.sums.entry(place).or_default().add(&sums);
    }
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

/// Pending deliveries of a webhook behind row `after`, oldest first, with their events.
///
/// # Errors
/// [`StoreError::Damaged`] where an event is not what was once published.
pub fn pending(
    conn: &Connection,
    webhook_seq: i64,
    after: i64,
    limit: usize,
) -> Result<Vec<QueuedDelivery>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, webhook_seq, event_seq, status, trigger, profile_seq, format, attempt_count,
             failed_in_run, run_started_at, next_attempt_at, manual_fallback, fallback_at,
             created_at
         FROM deliveries
         WHERE webhook_seq = :webhook AND status = 0 AND seq > :after AND trigger <> 1
         ORDER BY seq
         LIMIT :limit",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement
        .query(named_params! { ":webhook": webhook_seq, ":after": after, ":limit": limit })?;
    queued_rows(conn, rows)
}

/// Retrying deliveries of a webhook that are due at `now`, longest due first, with their events.
///
/// # Errors
/// As [`pending`].
pub fn due(
    conn: &Connection,
    webhook_seq: i64,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<QueuedDelivery>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, webhook_seq, event_seq, status, trigger, profile_seq, format, attempt_count,
             failed_in_run, run_started_at, next_attempt_at, manual_fallback, fallback_at,
             created_at
         FROM deliveries
         WHERE webhook_seq = :webhook AND status = 1 AND next_attempt_at <= :now
         ORDER BY next_attempt_at, seq
         LIMIT :limit",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement
        .query(named_params! { ":webhook": webhook_seq, ":now": now.millis(), ":limit": limit })?;
    queued_rows(conn, rows)
}

/// One delivery as the engine takes it, whatever its state.
///
/// # Errors
/// As [`pending`].
pub fn queued(conn: &Connection, seq: i64) -> Result<Option<QueuedDelivery>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, webhook_seq, event_seq, status, trigger, profile_seq, format, attempt_count,
             failed_in_run, run_started_at, next_attempt_at, manual_fallback, fallback_at,
             created_at
         FROM deliveries
         WHERE seq = :seq",
    )?;
    let rows = statement.query(named_params! { ":seq": seq })?;
    Ok(queued_rows(conn, rows)?.pop())
}

/// The oldest retrying delivery of a webhook, due or not: the one that an ordered webhook's later
/// deliveries wait for.
///
/// # Errors
/// As [`pending`].
pub fn oldest_retrying(
    conn: &Connection,
    webhook_seq: i64,
) -> Result<Option<QueuedDelivery>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT seq FROM deliveries WHERE webhook_seq = :webhook AND status = 1 ORDER BY seq LIMIT 1",
    )?;
    let seq: Option<i64> = statement
        .query_row(named_params! { ":webhook": webhook_seq }, |row| row.get(0))
        .optional()?;
    seq.map_or(Ok(None), |seq| queued(conn, seq))
}

/// When the first retrying delivery of a webhook after `now` is due.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn next_due(
    conn: &Connection,
    webhook_seq: i64,
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT min(next_attempt_at)
         FROM deliveries
         WHERE webhook_seq = :webhook AND status = 1 AND next_attempt_at > :now",
    )?;
    let params = named_params! { ":webhook": webhook_seq, ":now": now.millis() };
    let at: Option<i64> = statement.query_row(params, |row| row.get(0))?;
    Ok(at.map(Timestamp::from_millis))
}

/// Every webhook with deliveries that wait; read once at start.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn webhooks_waiting(conn: &Connection) -> Result<Vec<i64>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT webhook_seq
         FROM delivery_counts
         WHERE status < 2 AND deliveries > 0
         ORDER BY webhook_seq
         LIMIT -1",
    )?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Tests that were under way when the process ended: they are over, and nobody waits for them.
///
/// # Errors
/// [`StoreError::Sqlite`].
pub fn interrupted_tests(conn: &Connection, limit: usize) -> Result<Vec<Delivery>, StoreError> {
    let sql = format!(
        "{SELECT}
         WHERE d.trigger = 1 AND d.status = 0 AND d.webhook_seq = :webhook
         LIMIT :limit"
    );
    let mut found = Vec::new();
    for webhook_seq in webhooks_waiting(conn)? {
        let mut statement = conn.prepare_cached(&sql)?;
        let limit = i64::try_from(limit.saturating_sub(found.len())).unwrap_or(i64::MAX);
        let mut rows =
            statement.query(named_params! { ":webhook": webhook_seq, ":limit": limit })?;
        while let Some(row) = rows.next()? {
            found.push(delivery(row)?);
        }
    }
    Ok(found)
}

fn queued_rows(
    conn: &Connection,
    mut rows: rusqlite::Rows<'_>,
) -> Result<Vec<QueuedDelivery>, StoreError> {
    let mut found: Vec<QueuedDelivery> = Vec::new();
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get("seq")?;
        let event_seq: i64 = row.get("event_seq")?;
        let event = match found.last().filter(|last| last.event.id.seq() == event_seq) {
            Some(last) => Arc::clone(&last.event),
            None => Arc::new(
                events::find(conn, event_seq)?
                    .ok_or_else(|| damaged("deliveries.event_seq", seq))?
                    .event,
            ),
        };
        found.push(QueuedDelivery {
            id: DeliveryId::new(Timestamp::from_millis(row.get("created_at")?), seq),
            webhook_seq: row.get("webhook_seq")?,
            event,
            profile_seq: row.get("profile_seq")?,
            format: format_of(row)?,
            trigger: trigger_of(row)?,
            progress: progress_of(row)?,
        });
    }
    Ok(found)
}

fn delivery(row: &Row<'_>) -> Result<Delivery, StoreError> {
    let seq: i64 = row.get("seq")?;
    let at = |column: &str| {
        let millis: Option<i64> = row.get(column)?;
        Ok::<_, StoreError>(millis.map(Timestamp::from_millis))
    };
    let created_at = Timestamp::from_millis(row.get("created_at")?);
    let event_at = Timestamp::from_millis(row.get("event_created_at")?);
    let webhook_at = Timestamp::from_millis(row.get("webhook_created_at")?);
    let webhook_kind: String = row.get("webhook_kind")?;
    let event = EventId::new(event_at, row.get("event_seq")?);
    let given_id: Option<String> = row.get("event_given_id")?;
    let error_kind: Option<String> = row.get("last_error_kind")?;
    let from_seq: Option<i64> = row.get("retried_from_seq")?;
    Ok(Delivery {
        id: DeliveryId::new(created_at, seq),
        workspace_seq: row.get("workspace_seq")?,
        webhook: WebhookId::new(webhook_at, row.get("webhook_seq")?),
        webhook_registered: webhook_kind == "registered",
        event,
        event_public_id: given_id.unwrap_or_else(|| event.to_string()),
        event_type: row.get("event_type")?,
        trigger: trigger_of(row)?,
        profile_seq: row.get("profile_seq")?,
        format: format_of(row)?,
        progress: progress_of(row)?,
        max_attempts: row.get("max_attempts")?,
        last_status_code: row.get("last_status_code")?,
        last_error_kind: error_kind.as_deref().and_then(FailureKind::parse),
        last_error: row.get("last_error")?,
        last_duration_ms: row.get("last_duration_ms")?,
        retried_from: from_seq
            .zip(at("retried_from_at")?)
            .map(|(seq, created_at)| DeliveryId::new(created_at, seq)),
        alert_sent_at: at("alert_sent_at")?,
        alert_error: row.get("alert_error")?,
        created_at,
        completed_at: at("completed_at")?,
        discarded_at: at("discarded_at")?,
    })
}

fn progress_of(row: &Row<'_>) -> Result<Progress, StoreError> {
    let seq: i64 = row.get("seq")?;
    let status = Status::from_code(row.get("status")?);
    let at = |column: &str| {
        let millis: Option<i64> = row.get(column)?;
        Ok::<_, StoreError>(millis.map(Timestamp::from_millis))
    };
    let fallback: Option<i64> = row.get("manual_fallback")?;
    let fallback_at = at("fallback_at")?.unwrap_or_default();
    let manual = |at, fallback| Next::Manual { at, fallback };
    let next = match (at("next_attempt_at")?, fallback) {
        (None, _) => Next::Never,
        (Some(at), None) => Next::Scheduled(at),
        (Some(at), Some(0)) => manual(at, Fallback::Restart),
        (Some(at), Some(1)) => manual(at, Fallback::Continue(fallback_at)),
        (Some(at), Some(2)) => manual(at, Fallback::Delivered),
        (Some(_), Some(_)) => return Err(damaged("deliveries.manual_fallback", seq)),
    };
    Ok(Progress {
        status: status.ok_or_else(|| damaged("deliveries.status", seq))?,
        attempt_count: row.get("attempt_count")?,
        failed_in_run: row.get("failed_in_run")?,
        run_started_at: at("run_started_at")?,
        next,
    })
}

fn trigger_of(row: &Row<'_>) -> Result<Trigger, StoreError> {
    Trigger::from_code(row.get("trigger")?)
        .ok_or_else(|| StoreError::Damaged("a delivery has an unknown trigger".to_owned()))
}

fn format_of(row: &Row<'_>) -> Result<Format, StoreError> {
    let format: String = row.get("format")?;
    Format::parse(&format)
        .ok_or_else(|| StoreError::Damaged("a delivery has an unknown format".to_owned()))
}

#[cfg(test)]
mod tests;

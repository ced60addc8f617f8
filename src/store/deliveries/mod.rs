//! Deliveries.
//!
//! Owns: storing and finding them. Refuses: choosing a next state (`domain::delivery`).

use std::sync::Arc;

use rusqlite::{named_params, params};

use super::found::readable;
use super::numbers::NumberedTable;
use super::sql::InOrder;
use super::{Read, StoreError, WriteTx, row_list};
use crate::domain::consumer::Purview;
use crate::domain::delivery::{Delivery, NewDelivery, Progress, QueuedDelivery, Trigger};
use crate::domain::event::Event;
use crate::domain::id::DeliveryId;
use crate::domain::schedule::DueTime;
use crate::domain::time::Timestamp;

mod attempted;
mod batches;
mod damaged;
mod groups;
mod in_order;
mod list;
mod progress;
mod queue;
mod row;
mod scheduled;
mod waiting;

pub use attempted::{AttemptedSoFar, attempted_so_far, attempted_so_far_of};
pub use batches::{
    BatchMember, batch_of, due_batches, first_of_batch, form_batch, leave_batch, mates,
    pending_batches, put_together, waiting_in_batch,
};
pub use damaged::{damaged, give_up_unreadable};
pub use groups::{GROUPED_ROWS_MAX, GROUPS_MAX, groups, latest, letters_of, oldest_waiting};
pub use in_order::{Heads, due_heads, pending_heads};
pub use list::{SCAN_ROWS_MAX, count, list, list_in, scan};
pub use progress::set_progress;
pub use queue::{
    Batch, due, ended_waiting, interrupted_tests, next_due, oldest_retrying, pending, queued,
    webhooks_waiting,
};
use row::{SELECT, delivery, progress_of};
pub(super) use scheduled::SAME_CLOCK_MS;
pub use scheduled::{forget_plan, next_planned, plan, planned_until, shift_scheduled};
pub use waiting::{shift_retries, soonest, standings, waiting_of};

/// Stores a delivery of `event`, due at once, and offers it to the engine, unless something is before it
/// whose order it keeps.
pub fn insert(
    tx: &mut WriteTx<'_>,
    event: &Arc<Event>,
    new: &NewDelivery,
) -> Result<DeliveryId, StoreError> {
    let queued = insert_unqueued(tx, event, new)?;
    let id = queued.id;
    let is_first = match new.order_key {
        None => true,
        Some(key) => in_order::is_first(tx, new.webhook_seq, key, id.seq())?,
    };
    if is_first {
        tx.notices().queued.push(queued);
    }
    Ok(id)
}

/// As [`insert`], due at `due` where that is later.
pub fn insert_for(
    tx: &mut WriteTx<'_>,
    event: &Arc<Event>,
    new: &NewDelivery,
    due: Option<DueTime>,
) -> Result<DeliveryId, StoreError> {
    let Some(due) = due else {
        return insert(tx, event, new);
    };
    let id = insert_row(tx, event, new, Some(due.at))?;
    plan(tx, id.seq(), due)?;
    Ok(id)
}

/// As [`insert`], but the caller attempts it: the lanes never see it while this process lives.
pub fn insert_unqueued(
    tx: &mut WriteTx<'_>,
    event: &Arc<Event>,
    new: &NewDelivery,
) -> Result<QueuedDelivery, StoreError> {
    let id = insert_row(tx, event, new, None)?;
    Ok(QueuedDelivery {
        id,
        webhook_seq: new.webhook_seq,
        event: Arc::clone(event),
        profile_seq: new.profile_seq,
        format: new.format,
        shape_seq: new.shape_seq,
        trigger: new.trigger,
        order_key: new.order_key,
        batch: None,
        progress: Progress::new(id.at()),
    })
}

/// Stores a delivery that is due now, or `later`.
fn insert_row(
    tx: &mut WriteTx<'_>,
    event: &Arc<Event>,
    new: &NewDelivery,
    later: Option<Timestamp>,
) -> Result<DeliveryId, StoreError> {
    let id = DeliveryId::new(tx.now(), tx.next_seq(NumberedTable::Deliveries)?);
    let progress = later.map_or_else(|| Progress::new(id.at()), Progress::scheduled);
    // Its values stand in the order in which it first names them: looking each name up takes time.
    tx.run_often(
        "INSERT INTO deliveries (seq, workspace_seq, consumer_seq, webhook_seq, event_seq, event_type, status,
             trigger, profile_seq, format, shape_seq, order_key, max_attempts, next_attempt_at, retried_from_seq,
             retried_from_at, created_at)
         VALUES (:seq, :workspace, :consumer, :webhook, :event, :type, :status, :trigger, :profile, :format,
             :shape, :order_key, :max_attempts, :due, :from_seq, :from_at, :now)",
        params![
            id.seq(),
            event.workspace.seq(),
            new.consumer_seq,
            new.webhook_seq,
            event.id.seq(),
            &*event.event_type,
            progress.status,
            new.trigger,
            new.profile_seq,
            new.format,
            new.shape_seq,
            new.order_key,
            new.max_attempts,
            progress.next.at(),
            new.retried_from.map(|id| id.seq()),
            new.retried_from.map(|id| id.at()),
            id.at(),
        ],
    )?;
    tx.effects
        .count(new.webhook_seq, None, Some(progress.status));
    tx.notices().activity = true;
    Ok(id)
}

/// The delivery in row `seq`.
pub fn find(conn: &Read<'_>, seq: i64) -> Result<Option<Delivery>, StoreError> {
    let sql = format!("{SELECT} WHERE d.seq = :seq LIMIT 1");
    conn.row(&sql, named_params! { ":seq": seq }, delivery)
}

/// The deliveries in the rows `seqs`, oldest first. One that cannot be read is left out, and the log
/// says so.
pub fn in_rows(conn: &Read<'_>, seqs: &[i64]) -> Result<Vec<Delivery>, StoreError> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "{SELECT}
         WHERE d.seq IN (SELECT value FROM json_each(:seqs))
         LIMIT -1"
    );
    let params = named_params! { ":seqs": row_list(seqs) };
    let found = conn.rows(&sql, params, |row| readable(delivery(row)))?;
    let mut found: Vec<Delivery> = found.into_iter().flatten().collect();
    found.sort_by_key(|one| one.id.seq());
    Ok(found)
}

/// The delivery `id`, where `purview` holds it.
pub fn find_in(
    conn: &Read<'_>,
    purview: Purview,
    id: DeliveryId,
) -> Result<Option<Delivery>, StoreError> {
    let found = find(conn, id.seq())?;
    Ok(found.filter(|delivery| {
        delivery.id == id
            && purview.holds(delivery.workspace_seq, delivery.consumer_seq)
            && delivery.trigger != Trigger::Alert
    }))
}

/// The deliveries of an event, oldest first. One that cannot be read is left out, and the log says
/// so.
pub fn of_event(
    conn: &Read<'_>,
    event_seq: i64,
    limit: usize,
) -> Result<Vec<Delivery>, StoreError> {
    let sql = format!("{SELECT} WHERE d.event_seq = :event ORDER BY d.seq LIMIT :limit");
    let params = named_params! { ":event": event_seq, ":limit": limit };
    let found = conn.rows(&sql, params, |row| readable(delivery(row)))?;
    Ok(found.into_iter().flatten().collect())
}

/// Of the deliveries of `events` to a webhook the rows of the newest of each.
pub fn newest_of(
    conn: &Read<'_>,
    webhook_seq: i64,
    events: &[i64],
) -> Result<Vec<i64>, StoreError> {
    conn.values(
        "SELECT max(seq)
         FROM deliveries INDEXED BY deliveries_by_event
         WHERE event_seq IN (SELECT value FROM json_each(:events)) AND webhook_seq = :webhook
         GROUP BY event_seq
         LIMIT -1",
        named_params! { ":events": row_list(events), ":webhook": webhook_seq },
    )
}

/// What [`progress`] reads.
const SELECT_PROGRESS: &str =
    "SELECT seq, status, attempt_count, failed_in_run, run_started_at, next_attempt_at,
        manual_fallback, fallback_at, trigger
    FROM deliveries
    WHERE seq = :seq";

/// Where a delivery stands, and no more.
pub fn progress(tx: &mut WriteTx<'_>, seq: i64) -> Result<Option<(Progress, Trigger)>, StoreError> {
    tx.row_often(SELECT_PROGRESS, params![seq], |row| {
        let mut columns = InOrder::of(row);
        Ok((progress_of(&mut columns)?, columns.next()?))
    })
}

/// Marks a dead letter discarded; `false` where it is none, or was discarded before.
pub fn discard(tx: &mut WriteTx<'_>, seq: i64) -> Result<bool, StoreError> {
    let discarded = tx.run(
        "UPDATE deliveries
         SET discarded_at = :now
         WHERE seq = :seq AND status = 3 AND discarded_at IS NULL",
        named_params! { ":seq": seq, ":now": tx.now() },
    )?;
    tx.notices().activity = true;
    Ok(discarded > 0)
}

/// Takes a person's discarding back; `false` where the delivery is not discarded.
pub fn restore(tx: &mut WriteTx<'_>, seq: i64) -> Result<bool, StoreError> {
    let restored = tx.run(
        "UPDATE deliveries
         SET discarded_at = NULL
         WHERE seq = :seq AND status = 3 AND discarded_at IS NOT NULL AND trigger <> :test",
        named_params! { ":seq": seq, ":test": Trigger::Test },
    )?;
    tx.notices().activity = true;
    Ok(restored > 0)
}

/// Notes which job touched the deliveries in `rows` last; `None` where a person did.
pub fn set_job(tx: &WriteTx<'_>, rows: &[i64], job_seq: Option<i64>) -> Result<(), StoreError> {
    tx.run(
        "UPDATE deliveries
         SET job_seq = :job
         WHERE seq IN (SELECT value FROM json_each(:rows))",
        named_params! { ":job": job_seq, ":rows": row_list(rows) },
    )?;
    Ok(())
}

/// One past the newest delivery: what is made from now on has at least this row number.
pub fn end(conn: &Read<'_>) -> Result<i64, StoreError> {
    conn.value("SELECT coalesce(max(seq), 0) + 1 FROM deliveries", [])
}

/// Pins a delivery that was never sent to its webhook's present shape.
pub fn pin_anew(tx: &WriteTx<'_>, seq: i64) -> Result<(), StoreError> {
    tx.run(
        "UPDATE deliveries
         SET shape_seq = (SELECT shape_seq FROM webhooks WHERE webhooks.seq = webhook_seq)
         WHERE seq = :seq",
        named_params! { ":seq": seq },
    )?;
    Ok(())
}

/// Records what came of telling the alert target about a dead letter.
pub fn set_alert(
    tx: &WriteTx<'_>,
    seq: i64,
    outcome: Result<Timestamp, &str>,
) -> Result<(), StoreError> {
    tx.run(
        "UPDATE deliveries SET alert_sent_at = :sent_at, alert_error = :error WHERE seq = :seq",
        named_params! {
            ":seq": seq,
            ":sent_at": outcome.ok(),
            ":error": outcome.err(),
        },
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;

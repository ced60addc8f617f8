//! What the columns of a delivery's row hold.
//!
//! Owns: its columns, and reading a row into a delivery. Refuses: statements.

use rusqlite::Row;

use crate::domain::delivery::{Delivery, Fallback, Next, Progress, Status};
use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::domain::webhook::WebhookKind;
use crate::store::sql::{InOrder, id, optional_id};
use crate::store::{StoreError, damaged};

/// The columns that [`delivery`] reads; those of [`progress_of`] lead.
pub(super) const SELECT: &str =
    "SELECT d.seq, d.status, d.attempt_count, d.failed_in_run, d.run_started_at, d.next_attempt_at,
        d.manual_fallback, d.fallback_at, d.workspace_seq, d.consumer_seq, d.webhook_seq, d.event_seq,
        d.event_type, d.trigger, d.profile_seq, d.format, d.shape_seq, d.order_key, d.batch_seq,
        d.max_attempts, d.last_status_code, d.last_error_kind, d.last_error, d.last_duration_ms,
        d.retried_from_seq, d.retried_from_at, d.alert_sent_at, d.alert_error, d.created_at,
        d.completed_at, d.discarded_at, events.created_at AS event_created_at,
        events.given_id AS event_given_id, webhooks.created_at AS webhook_created_at,
        webhooks.kind AS webhook_kind, webhooks.status AS webhook_status
    FROM deliveries AS d
    JOIN events ON events.seq = d.event_seq
    JOIN webhooks ON webhooks.seq = d.webhook_seq";

pub(super) fn delivery(row: &Row<'_>) -> Result<Delivery, StoreError> {
    let webhook_kind: WebhookKind = row.get("webhook_kind")?;
    let webhook_status: String = row.get("webhook_status")?;
    let event: EventId = id(row, "event_created_at", "event_seq")?;
    let given_id: Option<String> = row.get("event_given_id")?;
    let progress = progress_of(&mut InOrder::of(row))?;
    Ok(Delivery {
        id: id(row, "created_at", "seq")?,
        workspace_seq: row.get("workspace_seq")?,
        consumer_seq: row.get("consumer_seq")?,
        webhook: id(row, "webhook_created_at", "webhook_seq")?,
        webhook_registered: webhook_kind == WebhookKind::Registered,
        webhook_disabled: webhook_status == "disabled",
        event,
        event_public_id: given_id.unwrap_or_else(|| event.to_string()),
        event_type: row.get("event_type")?,
        trigger: row.get("trigger")?,
        profile_seq: row.get("profile_seq")?,
        format: row.get("format")?,
        shape_seq: row.get("shape_seq")?,
        order_key: row.get("order_key")?,
        batch: row.get("batch_seq")?,
        progress: if webhook_status == "revoked" {
            over(progress)
        } else {
            progress
        },
        max_attempts: row.get("max_attempts")?,
        last_status_code: row.get("last_status_code")?,
        last_error_kind: row.get("last_error_kind")?,
        last_error: row.get("last_error")?,
        last_duration_ms: row.get("last_duration_ms")?,
        retried_from: optional_id(row, "retried_from_at", "retried_from_seq")?,
        alert_sent_at: row.get("alert_sent_at")?,
        alert_error: row.get("alert_error")?,
        created_at: row.get("created_at")?,
        completed_at: row.get("completed_at")?,
        discarded_at: row.get("discarded_at")?,
    })
}

/// What waits for a webhook that is out for good is called off, for whoever looks, from the moment in
/// which it went; its row says so a little later.
fn over(progress: Progress) -> Progress {
    if !progress.status.is_waiting() {
        return progress;
    }
    Progress {
        status: Status::Canceled,
        next: Next::Never,
        ..progress
    }
}

/// Where a delivery stands, by the columns of its row from `seq` to `fallback_at`: those with which
/// [`SELECT`] begins.
pub(super) fn progress_of(columns: &mut InOrder<'_, '_>) -> Result<Progress, StoreError> {
    let seq: i64 = columns.next()?;
    let (status, attempt_count) = (columns.next()?, columns.next()?);
    let (failed_in_run, run_started_at) = (columns.next()?, columns.next()?);
    let next_attempt_at: Option<Timestamp> = columns.next()?;
    let (fallback, fallback_at): (Option<i64>, Option<Timestamp>) =
        (columns.next()?, columns.next()?);
    let manual = |at, fallback| Next::Manual { at, fallback };
    let next = match (next_attempt_at, fallback) {
        (None, _) => Next::Never,
        (Some(at), None) => Next::Scheduled(at),
        (Some(at), Some(0)) => manual(at, Fallback::Restart),
        (Some(at), Some(1)) => manual(at, Fallback::Continue(fallback_at.unwrap_or_default())),
        (Some(at), Some(2)) => manual(at, Fallback::Delivered),
        (Some(_), Some(_)) => return Err(damaged("deliveries.manual_fallback", seq)),
    };
    Ok(Progress {
        status,
        attempt_count,
        failed_in_run,
        run_started_at,
        next,
    })
}

#[cfg(test)]
mod tests {
    use super::SELECT;
    use crate::store::deliveries::SELECT_PROGRESS;
    use crate::store::deliveries::queue::{QUEUED_ID_AT, SELECT_QUEUED};

    /// The columns that a statement reads.
    fn columns(statement: &str) -> Vec<&str> {
        let columns = statement.strip_prefix("SELECT ").unwrap();
        let (columns, _) = columns.split_once("FROM").unwrap();
        columns
            .split(',')
            .map(|name| name.trim().trim_start_matches("d."))
            .collect()
    }

    #[test]
    fn what_is_read_in_order_stands_in_that_order() {
        let progress = [
            "seq",
            "status",
            "attempt_count",
            "failed_in_run",
            "run_started_at",
            "next_attempt_at",
            "manual_fallback",
            "fallback_at",
        ];
        for statement in [SELECT, SELECT_QUEUED, SELECT_PROGRESS] {
            assert_eq!(columns(statement)[..progress.len()], progress);
        }
        let queued = columns(SELECT_QUEUED);
        let (created_at, seq) = QUEUED_ID_AT;
        assert_eq!((queued[created_at], queued[seq]), ("created_at", "seq"));
    }
}

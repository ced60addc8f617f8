//! What the columns of a delivery's row hold.
//!
//! Owns: reading a row into a delivery. Refuses: statements.

use rusqlite::Row;

use crate::domain::delivery::{Delivery, Fallback, Next, Progress, Status, Trigger};
use crate::domain::format::Format;
use crate::domain::id::{DeliveryId, EventId, WebhookId};
use crate::domain::outcome::FailureKind;
use crate::domain::time::Timestamp;
use crate::store::{StoreError, damaged};

pub(super) fn delivery(row: &Row<'_>) -> Result<Delivery, StoreError> {
    let seq: i64 = row.get("seq")?;
    let at = |column: &str| {
        let millis: Option<i64> = row.get(column)?;
        Ok::<_, StoreError>(millis.map(Timestamp::from_millis))
    };
    let created_at = Timestamp::from_millis(row.get("created_at")?);
    let event_at = Timestamp::from_millis(row.get("event_created_at")?);
    let webhook_at = Timestamp::from_millis(row.get("webhook_created_at")?);
    let webhook_kind: String = row.get("webhook_kind")?;
    let webhook_status: String = row.get("webhook_status")?;
    let event = EventId::new(event_at, row.get("event_seq")?);
    let given_id: Option<String> = row.get("event_given_id")?;
    let error_kind: Option<String> = row.get("last_error_kind")?;
    let from_seq: Option<i64> = row.get("retried_from_seq")?;
    Ok(Delivery {
        id: DeliveryId::new(created_at, seq),
        workspace_seq: row.get("workspace_seq")?,
        webhook: WebhookId::new(webhook_at, row.get("webhook_seq")?),
        webhook_registered: webhook_kind == "registered",
        webhook_disabled: webhook_status == "disabled",
        event,
        event_public_id: given_id.unwrap_or_else(|| event.to_string()),
        event_type: row.get("event_type")?,
        trigger: trigger_of(row)?,
        profile_seq: row.get("profile_seq")?,
        format: format_of(row)?,
        progress: if webhook_status == "revoked" {
            over(progress_of(row)?)
        } else {
            progress_of(row)?
        },
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

pub(super) fn progress_of(row: &Row<'_>) -> Result<Progress, StoreError> {
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

pub(super) fn trigger_of(row: &Row<'_>) -> Result<Trigger, StoreError> {
    Trigger::from_code(row.get("trigger")?)
        .ok_or_else(|| StoreError::Damaged("a delivery has an unknown trigger".to_owned()))
}

pub(super) fn format_of(row: &Row<'_>) -> Result<Format, StoreError> {
    let format: String = row.get("format")?;
    Format::parse(&format)
        .ok_or_else(|| StoreError::Damaged("a delivery has an unknown format".to_owned()))
}

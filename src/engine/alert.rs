//! Telling a workspace's alert target that a delivery gave up or a webhook was disabled.
//!
//! Owns: the alert's event and delivery, and what came of it on the delivery that it is about.
//! Refuses: alerting about alerts.
//!
//! # Why an alert is a delivery
//! It is signed, retried and recorded like any other, to a hidden webhook of the workspace. Its
//! `retried_from` names the delivery that it is about.

use std::sync::Arc;

use serde::Serialize;

use super::journal::Outcome;
use crate::domain::breaker::DisabledReason;
use crate::domain::delivery::{DeliveryPlace, LastAttempt, NewDelivery, Progress, Status, Trigger};
use crate::domain::event::{EventKind, NewEvent};
use crate::domain::id::DeliveryId;
use crate::store::deliveries;
use crate::store::events;
use crate::store::{StoreError, WriteTx, webhooks, workspaces};

/// What an alert says of a delivery that gave up.
#[derive(Serialize)]
struct Exhausted<'a> {
    delivery_id: String,
    webhook_id: Option<String>,
    event_id: &'a str,
    event_type: &'a str,
    attempt_count: u32,
    last_status_code: Option<u16>,
    last_error: Option<&'a str>,
}

/// What an alert says of a webhook that was disabled.
#[derive(Serialize)]
struct Disabled<'a> {
    webhook_id: String,
    label: &'a str,
    url: &'a str,
    disabled_reason: &'static str,
    consecutive_failures: u32,
}

/// Raises the alerts that an attempt gives reason for, if the workspace has an alert target.
pub(super) fn raise(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    outcome: Outcome,
    disabled: Option<DisabledReason>,
) -> Result<(), StoreError> {
    let gave_up = outcome == Outcome::GaveUp;
    if !gave_up && disabled.is_none() {
        return Ok(());
    }
    let Some(workspace) = workspaces::find(tx, place.workspace_seq)? else {
        return Ok(());
    };
    let Some(alert_webhook) = workspace.alert_webhook_seq else {
        return Ok(());
    };
    if gave_up && let Some(delivery) = deliveries::find(tx, place.seq)? {
        let text = serde_json::to_string(&Exhausted {
            delivery_id: delivery.id.to_string(),
            webhook_id: delivery
                .webhook_registered
                .then(|| delivery.webhook.to_string()),
            event_id: &delivery.event_public_id,
            event_type: &delivery.event_type,
            attempt_count: delivery.progress.attempt_count,
            last_status_code: delivery.last_status_code,
            last_error: delivery.last_error.as_deref(),
        })
        .expect("plain fields always serialise");
        let about = Some(delivery.id);
        send(
            tx,
            workspace.id,
            alert_webhook,
            "delivery.exhausted",
            text,
            about,
        )?;
    }
    let now = tx.now();
    if let Some(reason) = disabled
        && let Some(webhook) = webhooks::find(tx, tx.vault(), place.webhook_seq, now)?
    {
        let text = serde_json::to_string(&Disabled {
            webhook_id: webhook.id.to_string(),
            label: &webhook.settings.label,
            url: &webhook.settings.url,
            disabled_reason: reason.as_str(),
            consecutive_failures: webhook.health.consecutive_failures,
        })
        .expect("plain fields always serialise");
        send(
            tx,
            workspace.id,
            alert_webhook,
            "webhook.disabled",
            text,
            None,
        )?;
    }
    Ok(())
}

/// Writes what came of an alert on the delivery that it is about.
pub(super) fn delivered(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    next: &Progress,
    last: &LastAttempt<'_>,
) -> Result<(), StoreError> {
    let Some(alert) = deliveries::find(tx, place.seq)? else {
        return Ok(());
    };
    let Some(about) = alert.retried_from else {
        return Ok(());
    };
    match next.status {
        Status::Delivered => deliveries::set_alert(tx, about.seq(), Ok(tx.now())),
        Status::Scheduled
        | Status::Pending
        | Status::Retrying
        | Status::Exhausted
        | Status::Canceled => {
            let error = match (last.error, last.status_code) {
                (Some(error), _) => error.to_owned(),
                (None, Some(code)) => format!("the alert target answered {code}"),
                (None, None) => "the alert could not be delivered".to_owned(),
            };
            deliveries::set_alert(tx, about.seq(), Err(&error))
        }
    }
}

fn send(
    tx: &mut WriteTx<'_>,
    workspace: crate::domain::id::WorkspaceId,
    alert_webhook: i64,
    event_type: &'static str,
    text: String,
    about: Option<DeliveryId>,
) -> Result<(), StoreError> {
    let now = tx.now();
    let Some(webhook) = webhooks::find(tx, tx.vault(), alert_webhook, now)? else {
        return Ok(());
    };
    let new = NewEvent {
        consumer: None,
        given_id: None,
        kind: EventKind::Alert,
        event_type: event_type.into(),
        occurred_at: None,
        data: text.into(),
        context: None,
        schedule: None,
    };
    let event = Arc::new(events::insert(tx, workspace, new, 1)?);
    let new = NewDelivery {
        consumer_seq: None,
        webhook_seq: alert_webhook,
        profile_seq: webhook.profile.seq,
        format: webhook.settings.format,
        shape_seq: webhook.shape_seq,
        trigger: Trigger::Alert,
        max_attempts: webhook.settings.retry.max_attempts(),
        retried_from: about,
        order_key: None,
    };
    deliveries::insert(tx, &event, &new)?;
    Ok(())
}

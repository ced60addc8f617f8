//! Telling a workspace, and the customer whose webhook it is, of what needs somebody: outages, recoveries,
//! dead letters, certificates, the disk.
//!
//! Owns: what an attempt gives reason for, the alert's event and delivery, and what came of it on the
//! delivery that it is about. Refuses: alerting about alerts, and the laws of when (`domain::alert`).
//!
//! # Why an alert is a delivery
//! It is signed, retried and recorded like any other, to a hidden webhook of the workspace. Its
//! `retried_from` names the delivery that it is about.

mod due;
mod mail;
mod message;
mod tell;
mod ways;

use super::journal::Outcome;
use crate::domain::alert::AlertKind;
use crate::domain::breaker::DisabledReason;
use crate::domain::delivery::{DeliveryPlace, LastAttempt, Progress, Status};
use crate::domain::webhook::Webhook;
use crate::store::deliveries;
use crate::store::{StoreError, WriteTx, alerts, webhooks};

pub(super) use due::{AlertMemory, tell_due};
pub(super) use mail::mail_due;
use message::{AlertText, Outage, exhausted, outage};
use tell::{Recipients, recipients, tell};
pub use ways::{AlertWays, Pages};

/// What an attempt says of its webhook's outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutageNews {
    /// It has one.
    Failing,
    /// It is over, after so many failures in a row.
    Recovered {
        /// How many.
        failures: u32,
    },
}

/// What an attempt gives reason to tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct News {
    pub(super) outcome: Outcome,
    pub(super) disabled: Option<DisabledReason>,
    pub(super) outage: Option<OutageNews>,
}

impl News {
    fn is_none(self) -> bool {
        self.outcome != Outcome::GaveUp && self.disabled.is_none() && self.outage.is_none()
    }
}

/// Raises the alerts that an attempt gives reason for, if anybody wants to be told.
pub(super) fn raise(
    tx: &mut WriteTx<'_>,
    place: DeliveryPlace,
    news: News,
    ways: &AlertWays,
) -> Result<(), StoreError> {
    let pages = &ways.pages;
    if news.is_none() || !alerts::has_target(tx, place.webhook_seq)? {
        return Ok(());
    }
    let now = tx.now();
    let Some(webhook) = webhooks::find(tx, tx.vault(), place.webhook_seq, now)? else {
        return Ok(());
    };
    let consumer_seq = webhook.consumer.map(|id| id.seq());
    let Some(whom) = recipients(tx, place.workspace_seq, consumer_seq)? else {
        return Ok(());
    };
    if news.outcome == Outcome::GaveUp
        && let Some(count) = alerts::exhausted(tx, place.webhook_seq, place.seq)?
        && let Some(delivery) = deliveries::find(tx, place.seq)?
    {
        let words = |hearer| exhausted(&webhook, &delivery, count, pages, hearer);
        tell(tx, &whom, words, Some(delivery.id), ways)?;
    }
    if let Some(reason) = news.disabled {
        alerts::outage_told(tx, place.webhook_seq)?;
        let about = Outage {
            kind: AlertKind::WebhookDisabled,
            since: webhook.health.failing_since,
            failures: webhook.health.consecutive_failures,
            reason: Some(reason),
            is_reminder: false,
        };
        tell_outage(tx, &whom, &webhook, &about, ways)?;
    }
    match news.outage {
        None => Ok(()),
        Some(OutageNews::Failing) => {
            alerts::outage_told(tx, place.webhook_seq)?;
            let about = Outage::failing(&webhook);
            tell_outage(tx, &whom, &webhook, &about, ways)
        }
        Some(OutageNews::Recovered { failures }) => {
            let about = Outage {
                kind: AlertKind::WebhookRecovered,
                since: alerts::outage_over(tx, place.webhook_seq)?,
                failures,
                reason: None,
                is_reminder: false,
            };
            tell_outage(tx, &whom, &webhook, &about, ways)
        }
    }
}

fn tell_outage(
    tx: &mut WriteTx<'_>,
    whom: &Recipients,
    webhook: &Webhook,
    about: &Outage,
    ways: &AlertWays,
) -> Result<(), StoreError> {
    let words = |hearer| outage(webhook, about, &ways.pages, hearer);
    tell(tx, whom, words, None, ways)
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

/// The subject and the text of the mail that says so.
#[must_use]
pub fn test_mail(workspace: &str) -> (String, String) {
    AlertText::test(workspace).mail()
}

/// What somebody is told who tries whether alerts arrive, as the data of an event for a target in `form`.
#[must_use]
pub fn test_data(workspace: &str, form: crate::domain::alert::AlertForm) -> String {
    AlertText::test(workspace).data(form)
}

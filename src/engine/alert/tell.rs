//! Sending alerts to whoever wants to be told.
//!
//! Owns: who that is, the event and the delivery for each hidden webhook, and the mails. Refuses: the words (`message`).

use std::sync::Arc;

use super::message::AlertText;
use super::ways::AlertWays;
use crate::domain::alert::AlertForm;
use crate::domain::delivery::{NewDelivery, Trigger};
use crate::domain::event::NewEvent;
use crate::domain::hearer::Hearer;
use crate::domain::id::{DeliveryId, WorkspaceId};
use crate::store::mails::{self, NewMail};
use crate::store::{StoreError, WriteTx, consumers, deliveries, events, webhooks, workspaces};
use crate::telemetry::metrics;

/// A hidden webhook that carries alerts, and how they look there.
#[derive(Clone, Copy, Debug)]
struct HiddenTarget {
    webhook_seq: i64,
    form: AlertForm,
}

/// Where somebody is told.
#[derive(Clone, Debug, Default)]
struct AlertPlaces {
    hidden: Vec<HiddenTarget>,
    emails: Vec<String>,
}

impl AlertPlaces {
    fn is_empty(&self) -> bool {
        self.hidden.is_empty() && self.emails.is_empty()
    }
}

/// Who is told: the platform, and its customer whose webhook it is.
#[derive(Clone, Debug)]
pub(super) struct Recipients {
    workspace: WorkspaceId,
    platform: AlertPlaces,
    customer: AlertPlaces,
}

/// Who is told of what happens to a webhook of the consumer in row `consumer_seq`, or to one of the
/// platform's own; `None` where nobody wants to be.
pub(super) fn recipients(
    tx: &WriteTx<'_>,
    workspace_seq: i64,
    consumer_seq: Option<i64>,
) -> Result<Option<Recipients>, StoreError> {
    let Some(workspace) = workspaces::find(tx, workspace_seq)? else {
        return Ok(None);
    };
    let mut platform = AlertPlaces {
        hidden: Vec::new(),
        emails: workspace.alert_emails,
    };
    if let Some(webhook_seq) = workspace.alert_webhook_seq {
        let by_url = || AlertForm::of_url(workspace.alert_url.as_deref().unwrap_or_default());
        let form = workspace.alert_form.unwrap_or_else(by_url);
        platform.hidden.push(HiddenTarget { webhook_seq, form });
    }
    let mut customer = AlertPlaces::default();
    if let Some(seq) = consumer_seq {
        if let Some((url, webhook_seq)) = consumers::alert_target(tx, seq)? {
            let form = AlertForm::of_url(&url);
            customer.hidden.push(HiddenTarget { webhook_seq, form });
        }
        customer.emails.extend(consumers::alert_email(tx, seq)?);
    }
    let is_nobody = platform.is_empty() && customer.is_empty();
    Ok((!is_nobody).then_some(Recipients {
        workspace: workspace.id,
        platform,
        customer,
    }))
}

/// Tells all of them, each in the words for them; the first one's delivery says what came of it on the
/// delivery that it is `about`.
pub(super) fn tell(
    tx: &mut WriteTx<'_>,
    whom: &Recipients,
    words: impl Fn(Hearer) -> AlertText,
    about: Option<DeliveryId>,
    ways: &AlertWays,
) -> Result<(), StoreError> {
    let mut about = about;
    for (hearer, places) in [
        (Hearer::Platform, &whom.platform),
        (Hearer::Customer, &whom.customer),
    ] {
        if places.is_empty() {
            continue;
        }
        let told = words(hearer);
        for target in &places.hidden {
            send(tx, whom.workspace, *target, &told, about.take())?;
        }
        if ways.mailer.is_some() {
            mail(tx, &places.emails, &told, &mut about)?;
        }
    }
    Ok(())
}

fn mail(
    tx: &mut WriteTx<'_>,
    emails: &[String],
    told: &AlertText,
    about: &mut Option<DeliveryId>,
) -> Result<(), StoreError> {
    let (subject, body) = told.mail();
    for recipient in emails {
        let mail = NewMail {
            recipient,
            subject: &subject,
            body: &body,
            about: about.take().map(|id| id.seq()),
        };
        if !mails::insert(tx, &mail)? {
            metrics::alert_failed();
        }
    }
    Ok(())
}

fn send(
    tx: &mut WriteTx<'_>,
    workspace: WorkspaceId,
    target: HiddenTarget,
    told: &AlertText,
    about: Option<DeliveryId>,
) -> Result<(), StoreError> {
    let now = tx.now();
    let Some(webhook) = webhooks::find(tx, tx.vault(), target.webhook_seq, now)? else {
        return Ok(());
    };
    let new = NewEvent::told(told.kind.as_str(), told.data(target.form));
    let event = Arc::new(events::insert(tx, workspace, new, 1)?);
    let new = NewDelivery {
        consumer_seq: None,
        webhook_seq: target.webhook_seq,
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

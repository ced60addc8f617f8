//! Sending alerts to whoever wants to be told.
//!
//! Owns: who that is, the event and the delivery for each hidden webhook, and the mails. Refuses: the words (`message`).

use std::sync::Arc;

use super::message::AlertText;
use super::ways::AlertWays;
use crate::domain::alert::AlertForm;
use crate::domain::delivery::{NewDelivery, Trigger};
use crate::domain::event::NewEvent;
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

/// Who is told.
#[derive(Clone, Debug)]
pub(super) struct Recipients {
    workspace: WorkspaceId,
    hidden: Vec<HiddenTarget>,
    emails: Vec<String>,
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
    let mut hidden = Vec::new();
    if let Some(webhook_seq) = workspace.alert_webhook_seq {
        let by_url = || AlertForm::of_url(workspace.alert_url.as_deref().unwrap_or_default());
        let form = workspace.alert_form.unwrap_or_else(by_url);
        hidden.push(HiddenTarget { webhook_seq, form });
    }
    let mut emails = workspace.alert_emails;
    if let Some(seq) = consumer_seq {
        if let Some((url, webhook_seq)) = consumers::alert_target(tx, seq)? {
            let form = AlertForm::of_url(&url);
            hidden.push(HiddenTarget { webhook_seq, form });
        }
        emails.extend(consumers::alert_email(tx, seq)?);
    }
    let whom = Recipients {
        workspace: workspace.id,
        hidden,
        emails,
    };
    Ok((!whom.hidden.is_empty() || !whom.emails.is_empty()).then_some(whom))
}

/// Tells all of them; the first one's delivery says what came of it on the delivery that it is `about`.
pub(super) fn tell(
    tx: &mut WriteTx<'_>,
    whom: &Recipients,
    told: &AlertText,
    about: Option<DeliveryId>,
    ways: &AlertWays,
) -> Result<(), StoreError> {
    let mut about = about;
    for target in &whom.hidden {
        send(tx, whom.workspace, *target, told, about.take())?;
    }
    if whom.emails.is_empty() || ways.mailer.is_none() {
        return Ok(());
    }
    let (subject, body) = told.mail();
    for recipient in &whom.emails {
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

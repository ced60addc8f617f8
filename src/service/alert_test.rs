//! Trying whether a workspace's alerts arrive.
//!
//! Owns: the one attempt at its URL, and a mail to each of its addresses. Refuses: trying again.

use std::sync::Arc;

use serde_json::json;

use super::workspaces::existing;
use super::{Caller, Refusal, Service, audit_instance};
use crate::domain::alert::{AlertForm, AlertKind};
use crate::domain::attempt::Attempt;
use crate::domain::delivery::{NewDelivery, Trigger};
use crate::domain::event::NewEvent;
use crate::domain::id::{DeliveryId, WorkspaceId};
use crate::domain::workspace::Workspace;
use crate::engine::alert::{test_data, test_mail};
use crate::net::Mail;
use crate::store::{WriteTx, deliveries, events, webhooks};

/// What a test of alerts came to.
#[derive(Clone, Debug)]
pub struct AlertTested {
    /// The attempt at the URL, if there is one.
    pub attempt: Option<Attempt>,
    /// To whom mails were sent, each with what went wrong.
    pub mails: Vec<(String, Option<String>)>,
}

impl AlertTested {
    /// What went wrong first; `None` where everybody was told.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        let attempt = self.attempt.as_ref().and_then(Attempt::failure);
        let failed = |(to, error): &(String, Option<String>)| {
            let error = error.as_ref()?;
            Some(format!("{to}: {error}"))
        };
        attempt.or_else(|| self.mails.iter().find_map(failed))
    }
}

impl Service {
    /// Sends a test to everybody whom a workspace's alerts go to, and waits for what comes of it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Invalid`] where nobody wants to be told;
    /// [`Refusal::RateLimited`] after too many tests in a minute.
    pub async fn test_alert(
        &self,
        caller: &Caller,
        id: WorkspaceId,
    ) -> Result<AlertTested, Refusal> {
        self.tests().take(id.seq(), self.clock().now())?;
        let tester = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            let workspace = existing(tx, id)?;
            let target = workspace
                .alert_webhook_seq
                .zip(workspace.alert_url.as_deref());
            if target.is_none() && workspace.alert_emails.is_empty() {
                let message = "is not set, and neither is alert_emails: there is nobody to tell";
                return Err(Refusal::field("alert_url", message));
            }
            let delivery = match target {
                None => None,
                Some((seq, url)) => {
                    let form = workspace
                        .alert_form
                        .unwrap_or_else(|| AlertForm::of_url(url));
                    Some((test_delivery(tx, &workspace, seq, form)?, seq))
                }
            };
            let target = id.to_string();
            audit_instance(
                tx,
                &tester.actor,
                "workspace.test_alert",
                &target,
                &json!({}),
            )?;
            Ok((workspace, delivery))
        };
        let (workspace, delivery) = self.store().write(work).await?;
        let attempt = match delivery {
            None => None,
            Some((delivery, seq)) => {
                let attempt = self.engine().attempt_now(delivery.seq(), seq).await?;
                let unmade = || Refusal::Internal(format!("test {delivery} was not attempted"));
                Some(attempt.ok_or_else(unmade)?)
            }
        };
        let mut mails = Vec::with_capacity(workspace.alert_emails.len());
        for to in workspace.alert_emails {
            let error = self.test_mail(&workspace.name, &to).await.err();
            mails.push((to, error));
        }
        Ok(AlertTested { attempt, mails })
    }

    async fn test_mail(&self, workspace: &str, to: &str) -> Result<(), String> {
        let mailer = self.engine().mailer().ok_or_else(|| {
            "hookpost has no mail server; it is started with --smtp-url".to_owned()
        })?;
        let (subject, text) = test_mail(workspace);
        let mail = Mail {
            to,
            subject: &subject,
            text: &text,
        };
        let sent = mailer.send(&mail).await;
        sent.map_err(|failure| failure.message)
    }
}

fn test_delivery(
    tx: &mut WriteTx<'_>,
    workspace: &Workspace,
    webhook_seq: i64,
    form: AlertForm,
) -> Result<DeliveryId, Refusal> {
    let webhook = webhooks::find(tx, tx.vault(), webhook_seq, tx.now())?;
    let webhook = webhook.ok_or(Refusal::NotFound("webhook"))?;
    let new = NewEvent::told(AlertKind::Test.as_str(), test_data(&workspace.name, form));
    let event = Arc::new(events::insert(tx, workspace.id, new, 1)?);
    let new = NewDelivery {
        consumer_seq: None,
        webhook_seq,
        profile_seq: webhook.profile.seq,
        format: webhook.settings.format,
        shape_seq: webhook.shape_seq,
        trigger: Trigger::Test,
        max_attempts: 1,
        retried_from: None,
        order_key: None,
    };
    Ok(deliveries::insert_unqueued(tx, &event, &new)?.id)
}

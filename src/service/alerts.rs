//! Where a workspace's alerts go.
//!
//! Owns: the hidden webhook behind each `alert_url`. Refuses: trying it (`alert_test`), and raising alerts; what an attempt gives reason for is raised where it is recorded (`engine::alert`).
//!
//! # Why few retries
//! An alert says that something needs a person now. One that arrives a day later is worse than one
//! that is shown as failed beside the delivery it is about.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Refusal;
use super::events::workspace_secret;
use super::webhooks::defaults_of;
use crate::domain::alert::AlertForm;
use crate::domain::breaker::BreakerPolicy;
use crate::domain::event_type::Subscription;
use crate::domain::id::{ConsumerId, WorkspaceId};
use crate::domain::profile::{DEFAULT_PROFILE, Profile};
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::shape::BodyShape;
use crate::domain::template::BodyTemplate;
use crate::domain::webhook::{NewWebhook, WebhookKind, WebhookSettings, WebhookState};
use crate::domain::workspace::Workspace;
use crate::store::{WriteTx, consumers, profiles, secrets, webhooks};

/// Delays between the attempts of an alert.
const ALERT_DELAYS: [Duration; 3] = [
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(300),
];

/// A message of a chat that takes what Slack's incoming webhooks take.
const CHAT_TEMPLATE: &str = r#"{"text": "{{ /data/message }}"}"#;

/// Points alerts elsewhere, or changes how they look there; the caller has checked the URL and stores the
/// workspace. Each URL has a hidden webhook of its own, so that alerts on their way to the old one still
/// arrive there.
///
/// # Errors
/// [`Refusal::Internal`] where the hidden webhook cannot be stored.
pub(super) fn set_alert_target(
    tx: &mut WriteTx<'_>,
    workspace: &mut Workspace,
    url: Option<String>,
    form: Option<AlertForm>,
) -> Result<(), Refusal> {
    workspace.alert_webhook_seq = match &url {
        None => None,
        Some(url) => {
            let form = form.unwrap_or_else(|| AlertForm::of_url(url));
            Some(alert_webhook(tx, workspace.id, url, form)?)
        }
    };
    workspace.alert_url = url;
    workspace.alert_form = form;
    Ok(())
}

/// Points a consumer's alerts elsewhere; the caller has checked the URL.
pub(super) fn set_consumer_target(
    tx: &mut WriteTx<'_>,
    workspace: WorkspaceId,
    consumer: ConsumerId,
    url: Option<&str>,
) -> Result<(), Refusal> {
    let target = match url {
        None => None,
        Some(url) => Some((
            url,
            alert_webhook(tx, workspace, url, AlertForm::of_url(url))?,
        )),
    };
    Ok(consumers::set_alert_target(tx, consumer.seq(), target)?)
}

fn alert_webhook(
    tx: &mut WriteTx<'_>,
    workspace: WorkspaceId,
    url: &str,
    form: AlertForm,
) -> Result<i64, Refusal> {
    let stored = profiles::find(tx, DEFAULT_PROFILE)?
        .ok_or_else(|| Refusal::Internal("the standard profile is missing".to_owned()))?;
    let profile = tx.profile(stored.seq)?;
    let secret = workspace_secret(tx, workspace, &profile)?;
    let kind = match form {
        AlertForm::Json => "alert",
        AlertForm::Slack => "alert in a chat",
    };
    let digest: [u8; 32] = Sha256::digest(format!("{kind}\n{}\n{url}", stored.seq)).into();
    if let Some(seq) = webhooks::find_target(tx, workspace.seq(), &digest)? {
        let live = secrets::live(tx, tx.vault(), seq, tx.now())?;
        // The workspace's secret may have been rotated while alerts went elsewhere.
        if live.first().is_none_or(|newest| newest.secret != secret) {
            secrets::rotate(tx, seq, &secret, tx.now())?;
        }
        return Ok(seq);
    }
    let settings = settings(&profile, url, form)?;
    let new = NewWebhook {
        workspace,
        consumer_seq: None,
        kind: WebhookKind::Alert,
        profile_seq: stored.seq,
        settings: &settings,
        state: WebhookState::Active,
        target_digest: Some(digest),
    };
    let id = webhooks::insert(tx, &new)?;
    secrets::insert(tx, id.seq(), &secret)?;
    Ok(id.seq())
}

fn settings(profile: &Profile, url: &str, form: AlertForm) -> Result<WebhookSettings, Refusal> {
    let internal = |message: String| Refusal::Internal(message);
    let any = Subscription::parse(&["*"]).map_err(|error| internal(error.message))?;
    let retry = RetryPolicy::new(ALERT_DELAYS.to_vec(), None, None, Jitter::Tenth)
        .map_err(|error| internal(error.to_string()))?;
    let template = match form {
        AlertForm::Json => None,
        AlertForm::Slack => {
            let template = BodyTemplate::parse(CHAT_TEMPLATE);
            let template = template.map_err(|fault| internal(format!("{fault:?}")))?;
            Some(Arc::new(template))
        }
    };
    Ok(WebhookSettings {
        shape: BodyShape {
            template,
            ..BodyShape::default()
        },
        retry,
        // Nobody could enable a hidden webhook again, so nothing disables it.
        breaker: BreakerPolicy {
            disable_after_failures: None,
            disable_after: None,
        },
        ..defaults_of(profile, url.to_owned(), any)
    })
}

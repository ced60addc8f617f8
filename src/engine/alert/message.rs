//! The words of alerts.
//!
//! Owns: the sentence for people, the members for programs, and the links. Refuses: sending them (`tell`).

use serde_json::{Value, json};

use super::ways::Pages;
use crate::domain::alert::{AlertForm, AlertKind};
use crate::domain::breaker::DisabledReason;
use crate::domain::delivery::Delivery;
use crate::domain::envelope::chat_text;
use crate::domain::hearer::Hearer;
use crate::domain::plural::counted;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Webhook, WebhookState};

/// Characters of a mail's subject.
const SUBJECT_CHARS_MAX: usize = 120;

/// An alert, before it is known who is told and in which form.
#[derive(Clone, Debug)]
pub(super) struct AlertText {
    pub(super) kind: AlertKind,
    /// The sentence.
    message: String,
    /// Where to look.
    link: Option<String>,
    /// What programs read.
    members: Value,
    /// Whom it is for.
    hearer: Hearer,
}

impl AlertText {
    pub(super) fn test(workspace: &str) -> Self {
        Self {
            kind: AlertKind::Test,
            message: format!("This is a test: alerts of the workspace {workspace} arrive here."),
            link: None,
            members: json!({ "workspace": workspace }),
            hearer: Hearer::Platform,
        }
    }

    pub(super) fn storage(free_bytes: u64, refused_below_bytes: u64, pages: &Pages) -> Self {
        let mib = |bytes: u64| bytes / (1024 * 1024);
        let (free, floor) = (mib(free_bytes), mib(refused_below_bytes));
        let state = if free_bytes < refused_below_bytes {
            "Events are refused until there is room again."
        } else {
            "Make room before that."
        };
        Self {
            kind: AlertKind::StorageLow,
            message: format!(
                "The disk of hookpost's data has {free} MiB left; below {floor} MiB no event is \
                 accepted. {state}"
            ),
            link: pages.link("/system"),
            members: json!({
                "free_bytes": free_bytes,
                "refused_below_bytes": refused_below_bytes,
                "links": { "system": pages.link("/system") },
            }),
            hearer: Hearer::Platform,
        }
    }

    /// The subject and the text of a mail.
    pub(super) fn mail(&self) -> (String, String) {
        let line = self.message.replace(char::is_control, " ");
        let mut subject: String = line.chars().take(SUBJECT_CHARS_MAX).collect();
        if subject.len() < line.len() {
            subject.push('\u{2026}');
        }
        let link = self.link.as_ref().map(|link| format!("\n\n{link}"));
        let link = link.unwrap_or_default();
        let kind = self.kind.as_str();
        match self.hearer {
            Hearer::Platform => (
                format!("[hookpost] {subject}"),
                format!("{line}{link}\n\n-- \nhookpost, {kind}\n"),
            ),
            // Customers know the platform, and need not know what it is made with.
            Hearer::Customer => (subject, format!("{line}\n\n-- \n{kind}\n")),
        }
    }

    /// The data of its event. A chat's message is made of text that strangers may have typed.
    pub(super) fn data(&self, form: AlertForm) -> String {
        let link = self.link.as_deref();
        let message = match (form, link) {
            (AlertForm::Json, _) => self.message.clone(),
            (AlertForm::Slack, None) => chat_text(&self.message),
            (AlertForm::Slack, Some(link)) => {
                format!(
                    "{} <{}|Open in hookpost>",
                    chat_text(&self.message),
                    chat_text(link)
                )
            }
        };
        let mut data = json!({ "message": message });
        if let (Some(data), Value::Object(members)) = (data.as_object_mut(), &self.members) {
            data.extend(members.clone());
        }
        data.to_string()
    }
}

/// What an alert says of a webhook's outage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub(super) kind: AlertKind,
    pub(super) since: Option<Timestamp>,
    pub(super) failures: u32,
    pub(super) reason: Option<DisabledReason>,
    pub(super) is_reminder: bool,
}

impl Outage {
    pub(super) fn failing(webhook: &Webhook) -> Self {
        Self {
            kind: AlertKind::WebhookFailing,
            since: webhook.health.failing_since,
            failures: webhook.health.consecutive_failures,
            reason: None,
            is_reminder: false,
        }
    }

    /// What is said again of one that lasts.
    pub(super) fn reminder(webhook: &Webhook) -> Self {
        let failing = Self {
            is_reminder: true,
            ..Self::failing(webhook)
        };
        match webhook.state {
            WebhookState::Active | WebhookState::Revoked => failing,
            WebhookState::Disabled { reason, .. } => Self {
                kind: AlertKind::WebhookDisabled,
                reason: Some(reason),
                ..failing
            },
        }
    }
}

/// What people call a webhook.
fn called(webhook: &Webhook) -> String {
    let label = &webhook.settings.label;
    if label.is_empty() {
        webhook.id.to_string()
    } else {
        format!("{label} ({})", webhook.id)
    }
}

fn page_of(webhook: &Webhook, pages: &Pages) -> Option<String> {
    pages.link(&format!("/webhooks/{}", webhook.id))
}

pub(super) fn outage(
    webhook: &Webhook,
    about: &Outage,
    pages: &Pages,
    hearer: Hearer,
) -> AlertText {
    let name = called(webhook);
    let failures = counted(about.failures, "failure", "failures");
    let since = about.since.map(Timestamp::rfc3339);
    let from = since.as_deref().unwrap_or("a moment ago");
    let still = if about.is_reminder { "still " } else { "" };
    let message = match about.kind {
        AlertKind::WebhookDisabled => {
            let why = match about.reason {
                Some(DisabledReason::Gone) => "its receiver answered 410, gone for good".to_owned(),
                Some(DisabledReason::Corrupt) => "what is stored of it is damaged".to_owned(),
                Some(DisabledReason::Manual) => "somebody did it".to_owned(),
                Some(DisabledReason::CircuitBreaker) | None => format!("{failures} in a row"),
            };
            format!("The webhook {name} is {still}disabled: {why}. What waits for it is held.")
        }
        AlertKind::WebhookRecovered => {
            format!("The webhook {name} takes deliveries again, after {failures} in a row.")
        }
        AlertKind::WebhookFailing
        | AlertKind::DeliveryExhausted
        | AlertKind::CertificateExpiring
        | AlertKind::StorageLow
        | AlertKind::Test => {
            format!("The webhook {name} is {still}failing: {failures} in a row since {from}.")
        }
    };
    let breaker = webhook.settings.breaker;
    let link = page_of(webhook, &pages.open_to(hearer));
    AlertText {
        kind: about.kind,
        message,
        members: json!({
            "webhook_id": webhook.id.to_string(),
            "label": webhook.settings.label,
            "url": webhook.settings.url,
            "consumer_id": webhook.consumer.map(|id| id.to_string()),
            "disabled_reason": about.reason.map(DisabledReason::as_str),
            "consecutive_failures": about.failures,
            "count": about.failures,
            "failing_since": since,
            "last_status_code": webhook.health.last_status_code,
            "disable_after_failures": breaker.disable_after_failures,
            "reminder": about.is_reminder,
            "links": { "webhook": link },
        }),
        link,
        hearer,
    }
}

pub(super) fn exhausted(
    webhook: &Webhook,
    delivery: &Delivery,
    count: u64,
    pages: &Pages,
    hearer: Hearer,
) -> AlertText {
    let (pages, delivery) = (&pages.open_to(hearer), delivery.clone().told_to(hearer));
    let link = pages.link(&format!("/deliveries/{}", delivery.id));
    let event_type = &delivery.event_type;
    let name = match delivery.webhook_registered {
        true => called(webhook),
        false => "a one-off receiver".to_owned(),
    };
    let last = match (&delivery.last_error, delivery.last_status_code) {
        (Some(error), _) => error.clone(),
        (None, Some(code)) => format!("the receiver answered {code}"),
        (None, None) => "no answer".to_owned(),
    };
    let message = match count {
        1 => format!("A delivery of {event_type} to {name} gave up: {last}."),
        n => format!("{n} deliveries to {name} gave up, the last of {event_type}: {last}."),
    };
    AlertText {
        kind: AlertKind::DeliveryExhausted,
        message,
        members: json!({
            "delivery_id": delivery.id.to_string(),
            "webhook_id": delivery.webhook_registered.then(|| delivery.webhook.to_string()),
            "label": webhook.settings.label,
            "consumer_id": webhook.consumer.map(|id| id.to_string()),
            "event_id": &*delivery.event_public_id,
            "event_type": &**event_type,
            "attempt_count": delivery.progress.attempt_count,
            "last_status_code": delivery.last_status_code,
            "last_error": delivery.last_error,
            "count": count,
            "links": { "delivery": link, "webhook": page_of(webhook, pages) },
        }),
        link,
        hearer,
    }
}

/// A certificate that comes to its end.
#[derive(Clone, Debug)]
pub(super) struct EndingCertificate {
    /// `client` or `ca`.
    pub(super) which: &'static str,
    pub(super) subject: String,
    pub(super) expires_at: Timestamp,
}

pub(super) fn certificate(
    webhook: &Webhook,
    ending: &EndingCertificate,
    days: i64,
    pages: &Pages,
    hearer: Hearer,
) -> AlertText {
    let link = page_of(webhook, &pages.open_to(hearer));
    let (name, at) = (called(webhook), ending.expires_at.rfc3339());
    let whose = match ending.which {
        "ca" => "an authority that it trusts",
        _ => "the certificate that it shows",
    };
    let message = match days {
        0 => format!("The webhook {name}: {whose} has ended, at {at}."),
        _ => format!("The webhook {name}: {whose} ends at {at}."),
    };
    AlertText {
        kind: AlertKind::CertificateExpiring,
        message,
        members: json!({
            "webhook_id": webhook.id.to_string(),
            "label": webhook.settings.label,
            "url": webhook.settings.url,
            "consumer_id": webhook.consumer.map(|id| id.to_string()),
            "certificate": ending.which,
            "subject": ending.subject,
            "expires_at": at,
            "days": days,
            "links": { "webhook": link },
        }),
        link,
        hearer,
    }
}

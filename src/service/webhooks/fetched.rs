//! Webhooks without a URL, whose receivers fetch.
//!
//! Owns: what such a webhook cannot have, and what cannot be done to it. Refuses: fetching
//! (`service::polling`).

use super::WebhookInput;
use crate::domain::webhook::{Transport, Webhook, WebhookSettings};
use crate::service::{FieldError, Refusal};

/// How a webhook is to come by its events.
///
/// # Errors
/// [`Refusal::Invalid`] where the word is none.
pub(super) fn transport_of(input: &WebhookInput) -> Result<Transport, Refusal> {
    let Some(word) = input.kind.as_deref() else {
        return Ok(Transport::Push);
    };
    Transport::parse(word)
        .ok_or_else(|| Refusal::field("kind", "must be push, poll or operational"))
}

/// The URL of a new webhook; empty where its receiver fetches.
///
/// # Errors
/// [`Refusal::Invalid`] where there is none.
pub(super) fn url_of(transport: Transport, checked: Option<String>) -> Result<String, Refusal> {
    match (transport, checked) {
        (_, Some(url)) => Ok(url),
        (Transport::Push | Transport::Operational, None) => {
            Err(Refusal::field("url", "is required"))
        }
        (Transport::Poll, None) => Ok(String::new()),
    }
}

/// Refuses to change how a webhook comes by its events; to say the same is no change.
pub(super) fn check_same(webhook: &Webhook, input: &WebhookInput) -> Result<(), Refusal> {
    let transport = webhook.settings.transport;
    match &input.kind {
        Some(word) if word != transport.as_str() => Err(Refusal::field(
            "kind",
            "can't be changed: register another webhook",
        )),
        Some(_) | None => Ok(()),
    }
}

/// Refuses settings of requests where none are made; what reads as before is no setting.
///
/// # Errors
/// [`Refusal::Invalid`] names each.
pub(super) fn check_settings(
    before: &WebhookSettings,
    settings: &WebhookSettings,
    input: &WebhookInput,
) -> Result<(), Refusal> {
    if settings.transport != Transport::Poll {
        return Ok(());
    }
    let policies = [before.breaker, settings.breaker];
    let said = [
        ("url", !settings.url.is_empty()),
        ("secret", input.secret.is_some()),
        ("signature", input.signature.is_some()),
        ("format", settings.format != before.format),
        ("headers", !settings.headers.is_empty()),
        ("aliases", settings.aliases.is_some()),
        ("auth", settings.auth.is_some()),
        ("ca", settings.ca.is_some()),
        ("method", settings.method != before.method),
        (
            "content_type",
            settings.shape.content_type != before.shape.content_type,
        ),
        ("retry_policy", settings.retry != before.retry),
        ("via", settings.via != before.via),
        ("timeout", settings.timeout != before.timeout),
        (
            "max_in_flight",
            settings.max_in_flight != before.max_in_flight,
        ),
        ("rate_limit", settings.rate_limit.is_some()),
        ("ordered", input.ordered == Some(true)),
        ("batch", settings.batch.is_some()),
        (
            "ordered_by",
            input.ordered_by.as_ref().is_some_and(Option::is_some),
        ),
        (
            "disable_after_failures",
            policies[0].disable_after_failures != policies[1].disable_after_failures,
        ),
        (
            "disable_after",
            policies[0].disable_after != policies[1].disable_after,
        ),
    ];
    let faults: Vec<FieldError> = said
        .into_iter()
        .filter(|(_, is_said)| *is_said)
        .map(|(field, _)| FieldError {
            field: field.to_owned(),
            message: "is for webhooks that are requested; one of kind poll is fetched".to_owned(),
        })
        .collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Refusal::Invalid(faults)),
    }
}

/// Whether a webhook's requests go to another origin from now on.
pub(super) fn is_moved(before: &WebhookSettings, settings: &WebhookSettings) -> bool {
    let is_requested = settings.transport != Transport::Poll;
    is_requested && super::origin::is_moved(&before.url, &settings.url)
}

/// Refuses what needs a request where none is made.
pub(super) fn check_requested(webhook: &Webhook) -> Result<(), Refusal> {
    match webhook.settings.transport {
        Transport::Push | Transport::Operational => Ok(()),
        Transport::Poll => Err(Refusal::Conflict(
            "nothing is sent to a webhook of kind poll: its receiver fetches, and what it gets is \
             not signed"
                .to_owned(),
        )),
    }
}

/// Refuses to fetch from a webhook that is requested.
pub(in crate::service) fn check_fetched(webhook: &Webhook) -> Result<(), Refusal> {
    match webhook.settings.transport {
        Transport::Poll => Ok(()),
        Transport::Push | Transport::Operational => Err(Refusal::Conflict(
            "this webhook has a URL to which everything goes; only one of kind poll can be fetched from"
                .to_owned(),
        )),
    }
}

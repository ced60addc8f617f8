//! A webhook's settings as a form for a customer of the platform.
//!
//! Owns: which settings that is, and event types to be ticked. Refuses: the settings that are the
//! platform's own: wire profile, body, retries, circuit breaker.

use super::setting::WebhookSetting;
use super::webhook::{FILTER, HEADERS, LABEL, SECRET, SIGNATURE, URL, listed};
use super::webhook_limits::RATE_LIMIT;
use super::webhook_pins::PINS;
use crate::domain::webhook::Webhook;
use crate::service::webhooks::WebhookInput;
use crate::ui::form::{FieldSet, Fields, FormSpec, Frame};

/// What a customer of the platform says of a webhook; the rest is the platform's.
static CUSTOMERS: FormSpec<Webhook, WebhookInput> = FormSpec::new(&[
    FieldSet {
        frame: Frame::Card {
            id: "what",
            title: "Receiver",
        },
        fields: &[
            Fields::Stack(&[URL, LABEL, CHOSEN_TYPES, MORE_TYPES]),
            Fields::Grid(&[SIGNATURE, SECRET]),
        ],
    },
    FieldSet {
        frame: Frame::Folded {
            title: "More: filter, versions, headers, rate limit",
        },
        fields: &[Fields::Stack(&[FILTER, PINS, HEADERS, RATE_LIMIT])],
    },
]);

/// The form of a customer's new webhook.
pub static CUSTOMER_NEW: FormSpec<Webhook, WebhookInput> = CUSTOMERS.without(&[]);
/// The form of one that exists.
pub static CUSTOMER_EDIT: FormSpec<Webhook, WebhookInput> = CUSTOMERS.unfolded();

/// What the secret is asked for where a customer's webhook exists.
pub const CUSTOMER_EDIT_SECRET_HINT: &str = "Only where the URL moves to another host, port or \
                                             scheme: the current secret to keep it; empty for a \
                                             new one.";

/// The types of the catalogue, to be ticked.
const CHOSEN_TYPES: WebhookSetting = WebhookSetting::boxes("event_types", "Event types")
    .hint("What it is told of.")
    .sets(|input, typed| input.event_types = Some(typed.all()));

/// Names that were not offered, and prefixes.
const MORE_TYPES: WebhookSetting = WebhookSetting::text("more_types", "Other event types")
    .hint("Further names, or prefixes such as order.*, with spaces between.")
    .sets(|input, typed| {
        let more = listed(typed.typed());
        input.event_types.get_or_insert_default().extend(more);
    });

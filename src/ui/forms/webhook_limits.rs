//! How fast, in which order and how many at once a webhook is sent to, as a part of its form.
//!
//! Owns: those fields, and the circuit breaker's. Refuses: rules; the service says what will do.

use super::setting::WebhookSetting;
use crate::domain::order::DeliveryOrder;
use crate::domain::time::format_duration;
use crate::domain::webhook::Webhook;
use crate::service::webhooks::{BatchInput, WebhookInput};
use crate::ui::form::Fields;

pub(super) const RATE_LIMIT: WebhookSetting =
    WebhookSetting::number("rate_limit", "Deliveries per second")
        .hint("At most. Empty: no limit.")
        .shows(|webhook| Some(webhook.settings.rate_limit?.to_string()))
        .sets(|input, typed| input.rate_limit = Some(typed.number()));

pub(super) const LIMITS: &[Fields<Webhook, WebhookInput>] = &[
    Fields::Grid(&[
        WebhookSetting::text("timeout", "Timeout")
            .hint("Of the whole exchange: 100ms to 2m. Empty: as the wire profile says.")
            .example("10s")
            .shows(|webhook| Some(format_duration(webhook.settings.timeout)))
            .sets(|input, typed| input.timeout = Some(typed.text())),
        WebhookSetting::number("max_in_flight", "Attempts at once")
            .hint("1 to 256. Empty: 16.")
            .shows(|webhook| Some(webhook.settings.max_in_flight.to_string()))
            .sets(|input, typed| input.max_in_flight = Some(typed.number())),
        RATE_LIMIT,
    ]),
    Fields::Stack(&[WebhookSetting::check("ordered", "In event order")
        .hint("One at a time; a later event waits until the earlier one is delivered or exhausted.")
        .shows(|webhook| {
            let is_whole = webhook.settings.order == DeliveryOrder::Whole;
            is_whole.then(|| "on".to_owned())
        })
        .sets(|input, typed| input.ordered = Some(typed.is_ticked()))]),
    Fields::Stack(&[WebhookSetting::text("ordered_by", "In order by a value")
        .hint("Events with the same value there keep their order, others go beside each other.")
        .example("/data/customer")
        .shows(|webhook| Some(webhook.settings.order.by()?.as_str().to_owned()))
        .sets(|input, typed| input.ordered_by = Some(typed.text()))]),
    Fields::Grid(&[
        WebhookSetting::number("batch_max", "Events in one request")
            .hint("1 to 1000, as one JSON array. Empty: each in a request of its own.")
            .path("batch.max")
            .shows(|webhook| Some(webhook.settings.batch?.max.to_string()))
            .sets(|input, typed| {
                let batch = |max| BatchInput {
                    max,
                    wait: String::new(),
                };
                input.batch = Some(typed.number().map(batch));
            }),
        WebhookSetting::text("batch_wait", "Wait for others at most")
            .hint("The first event of a request: 100ms to 1h.")
            .example("5s")
            .path("batch.wait")
            .shows(|webhook| Some(format_duration(webhook.settings.batch?.wait)))
            .sets(|input, typed| {
                if let Some(wait) = typed.text() {
                    let alone = || BatchInput {
                        max: 0,
                        wait: String::new(),
                    };
                    let batch = input.batch.get_or_insert_default();
                    batch.get_or_insert_with(alone).wait = wait;
                }
            }),
    ]),
];

pub(super) const CIRCUIT_BREAKER: &[Fields<Webhook, WebhookInput>] = &[Fields::Grid(&[
    WebhookSetting::number("disable_after_failures", "Disable after failures in a row")
        .hint("Empty: however many.")
        .shows(|webhook| Some(webhook.settings.breaker.disable_after_failures?.to_string()))
        .sets(|input, typed| input.disable_after_failures = Some(typed.number())),
    WebhookSetting::text("disable_after", "Disable after failing for")
        .hint("Nothing but failures for so long. Empty: however long.")
        .example("120h")
        .initial(&["120h"])
        .shows(|webhook| webhook.settings.breaker.disable_after.map(format_duration))
        .sets(|input, typed| input.disable_after = Some(typed.text())),
])];

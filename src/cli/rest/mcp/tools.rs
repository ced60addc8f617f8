//! The tools that there are.
//!
//! Owns: their names, words and fields, and which may be used. Refuses: calling anything (`tool`).

use super::tool::{FieldPlace, McpTool, ToolEffect, ToolField};
use crate::net::RestMethod;

const fn field(name: &'static str, place: FieldPlace, about: &'static str) -> ToolField {
    ToolField { name, about, place }
}

const LIMIT: ToolField = field(
    "limit",
    FieldPlace::Limit,
    "How many, 1 to 100; 20 if not said",
);
const CURSOR: ToolField = field(
    "cursor",
    FieldPlace::Query,
    "The next_cursor of the page before",
);
const SINCE: ToolField = field(
    "since",
    FieldPlace::Query,
    "From this time on, such as 2026-03-16T10:05:00Z",
);
const UNTIL: ToolField = field("until", FieldPlace::Query, "Until this time");
const CONSUMER: ToolField = field(
    "consumer",
    FieldPlace::Query,
    "Only of this consumer: its id or uid",
);
const WEBHOOK: ToolField = field("webhook_id", FieldPlace::Path, "The webhook's id (wh_…)");
const EVENT: ToolField = field("event_id", FieldPlace::Path, "The event's id");
const DELIVERY: ToolField = field("delivery_id", FieldPlace::Path, "The delivery's id (dlv_…)");

const OF_DELIVERIES: &[ToolField] = &[
    field("webhook_id", FieldPlace::Query, "Only to this webhook"),
    field("event_id", FieldPlace::Query, "Only of this event"),
    field(
        "event_type",
        FieldPlace::Query,
        "Only of this type, or below a prefix: agent.*",
    ),
    field(
        "status",
        FieldPlace::Query,
        "Only with this status: scheduled, pending, retrying, delivered, exhausted or canceled",
    ),
    field(
        "result",
        FieldPlace::Query,
        "Only with this result of the last attempt: a status code, 5xx, or a word such as timeout, dns, tls",
    ),
    CONSUMER,
    SINCE,
    UNTIL,
    LIMIT,
    CURSOR,
];

const fn reads(
    name: &'static str,
    path: &'static str,
    fields: &'static [ToolField],
    about: &'static str,
) -> McpTool {
    McpTool {
        name,
        about,
        effect: ToolEffect::Reads,
        method: RestMethod::Get,
        path,
        fields,
    }
}

const fn acts(
    name: &'static str,
    path: &'static str,
    fields: &'static [ToolField],
    about: &'static str,
) -> McpTool {
    McpTool {
        name,
        about,
        effect: ToolEffect::Acts,
        method: RestMethod::Post,
        path,
        fields,
    }
}

static TOOLS: &[McpTool] = &[
    reads(
        "list_webhooks",
        "/webhooks",
        &[CONSUMER, LIMIT, CURSOR],
        "List webhooks: where deliveries go, with status, subscriptions and recent success",
    ),
    reads(
        "show_webhook",
        "/webhooks/{webhook_id}",
        &[WEBHOOK],
        "Show one webhook with all of its settings",
    ),
    reads(
        "webhook_stats",
        "/webhooks/{webhook_id}/stats",
        &[WEBHOOK, SINCE, UNTIL],
        "How a webhook has been doing: deliveries by status, success rate, durations, a time series",
    ),
    reads(
        "stats",
        "/stats",
        &[CONSUMER, SINCE, UNTIL],
        "How the whole workspace, or one consumer, has been doing",
    ),
    reads(
        "list_events",
        "/events",
        &[
            field(
                "type",
                FieldPlace::Query,
                "Only of this type, or below a prefix: agent.*",
            ),
            CONSUMER,
            LIMIT,
            field(
                "after",
                FieldPlace::Query,
                "The next_cursor of the page before",
            ),
        ],
        "List events that were published",
    ),
    reads(
        "show_event",
        "/events/{event_id}",
        &[EVENT],
        "Show one event: its data, and what became of it at each webhook, also why one did not get it",
    ),
    reads(
        "list_deliveries",
        "/deliveries",
        OF_DELIVERIES,
        "List deliveries: an event on its way to a webhook",
    ),
    reads(
        "show_delivery",
        "/deliveries/{delivery_id}",
        &[DELIVERY],
        "Show one delivery: the request as sent, and every attempt with the receiver's answer",
    ),
    reads(
        "list_dead_letters",
        "/dead-letters",
        OF_DELIVERIES,
        "List deliveries that gave up",
    ),
    reads(
        "retry_summary",
        "/retries/summary",
        &[],
        "What waits to be tried again, in all and by webhook",
    ),
    reads(
        "list_event_types",
        "/event-types",
        &[LIMIT, CURSOR],
        "List the event types of the catalogue",
    ),
    McpTool {
        name: "why_not",
        about: "Say why a webhook would or would not get an event that was published, and show the \
                request; nothing is sent. Its key needs the scope webhooks:write",
        effect: ToolEffect::Reads,
        method: RestMethod::Post,
        path: "/webhooks/{webhook_id}/preview",
        fields: &[
            WEBHOOK,
            field("event_id", FieldPlace::Text, "The event's id"),
        ],
    },
    acts(
        "retry_delivery",
        "/deliveries/{delivery_id}/retry",
        &[DELIVERY],
        "Try a delivery again now, also one that gave up",
    ),
    acts(
        "replay_event",
        "/events/{event_id}/replay",
        &[
            EVENT,
            field("webhook_id", FieldPlace::Text, "Only to this webhook"),
        ],
        "Deliver an event once more, to all webhooks that subscribe to it or to one",
    ),
    acts(
        "test_webhook",
        "/webhooks/{webhook_id}/test",
        &[
            WEBHOOK,
            field("event_type", FieldPlace::Text, "The type of the test event"),
            field("data", FieldPlace::Any, "The data of the test event"),
        ],
        "Send a test event to a webhook and say what the receiver answered",
    ),
    acts(
        "enable_webhook",
        "/webhooks/{webhook_id}/enable",
        &[WEBHOOK],
        "Enable a webhook that was disabled",
    ),
];

/// The tools that may be used.
pub(super) fn offered(allowed: ToolEffect) -> impl Iterator<Item = &'static McpTool> {
    TOOLS
        .iter()
        .filter(move |tool| allowed == ToolEffect::Acts || tool.effect == ToolEffect::Reads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tools_that_read_are_offered_unless_acting_is_allowed() {
        let reading: Vec<&str> = offered(ToolEffect::Reads).map(|tool| tool.name).collect();
        assert!(reading.contains(&"show_delivery"));
        assert!(!reading.contains(&"retry_delivery"));
        for tool in offered(ToolEffect::Acts) {
            let placeholders = tool.path.matches('{').count();
            let required = tool.described()["inputSchema"]["required"].clone();
            assert_eq!(
                required.as_array().unwrap().len(),
                placeholders,
                "{}",
                tool.name
            );
        }
    }
}

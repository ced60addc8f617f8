//! Templates for receivers that many people have, ready to be copied into a webhook.
//!
//! Owns: the templates. Refuses: keeping a webhook tied to one of them: what was copied is its owner's.

/// A template for one sort of receiver.
#[derive(Clone, Copy, Debug)]
pub struct ReadyTemplate {
    /// Its name.
    pub name: &'static str,
    /// Whose receivers it is for.
    pub title: &'static str,
    /// Where deliveries go, and what else has to be set.
    pub hint: &'static str,
    /// The template, as JSON.
    pub text: &'static str,
}

/// All there are.
pub const READY_TEMPLATES: [ReadyTemplate; 8] = [
    ReadyTemplate {
        name: "slack",
        title: "Slack, with blocks",
        hint: "The URL of an incoming webhook: https://hooks.slack.com/services/…",
        text: include_str!("template/ready/slack.json"),
    },
    ReadyTemplate {
        name: "discord",
        title: "Discord",
        hint: "The URL of a channel's webhook: https://discord.com/api/webhooks/…",
        text: include_str!("template/ready/discord.json"),
    },
    ReadyTemplate {
        name: "teams",
        title: "Microsoft Teams, an Adaptive Card",
        hint: "The URL of a workflow that posts to a channel when a webhook request is received.",
        text: include_str!("template/ready/teams.json"),
    },
    ReadyTemplate {
        name: "mattermost",
        title: "Mattermost",
        hint: "The URL of an incoming webhook: https://…/hooks/…",
        text: include_str!("template/ready/mattermost.json"),
    },
    ReadyTemplate {
        name: "pagerduty",
        title: "PagerDuty, Events API v2",
        hint: "https://events.pagerduty.com/v2/enqueue; put the integration key into routing_key.",
        text: include_str!("template/ready/pagerduty.json"),
    },
    ReadyTemplate {
        name: "opsgenie",
        title: "Opsgenie",
        hint: "https://api.opsgenie.com/v2/alerts, with a header authorization: GenieKey …",
        text: include_str!("template/ready/opsgenie.json"),
    },
    ReadyTemplate {
        name: "telegram",
        title: "Telegram",
        hint: "https://api.telegram.org/bot<token>/sendMessage; put the chat's id into chat_id.",
        text: include_str!("template/ready/telegram.json"),
    },
    ReadyTemplate {
        name: "ntfy",
        title: "ntfy",
        hint: "The server's own address, such as https://ntfy.sh; put the topic into topic.",
        text: include_str!("template/ready/ntfy.json"),
    },
];

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::json::JsonTape;
    use crate::domain::template::BodyTemplate;

    #[test]
    fn every_ready_template_gives_a_body_for_any_event() {
        for data in ["{}", "null", "[1]", "\"text\"", "{\"a\":{\"b\":\"c\\n\"}}"] {
            let event = format!(
                "{{\"id\":\"evt_1\",\"type\":\"order.paid\",\
                 \"timestamp\":\"2026-03-16T10:05:00.000Z\",\"data\":{data}}}"
            );
            let event = JsonTape::read(event.into()).unwrap();
            for ready in READY_TEMPLATES {
                let template = BodyTemplate::parse(ready.text).unwrap();
                let body = template.fill(event.root()).unwrap();
                let body: Value = serde_json::from_slice(&body).unwrap();
                let text = body.to_string();
                assert!(text.contains("order.paid"), "{}: {text}", ready.name);
                assert!(!text.contains("{{"), "{}: {text}", ready.name);
            }
        }
    }
}

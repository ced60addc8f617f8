//! `/webhooks/{id}/settings`: what was said of a webhook, and where it ends.
//!
//! Owns: the section, and settings in words. Refuses: changing them ([`super::webhook_form`]) and
//! ending it ([`super::webhook_actions`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::page::{PageContext, show};
use super::webhook_frame::{WebhookFrame, WebhookSection};
use super::{Shown, Visitor};
use crate::domain::id::WebhookId;
use crate::domain::order::DeliveryOrder;
use crate::domain::plural::counted;
use crate::domain::retry::Jitter;
use crate::domain::time::{Timestamp, format_duration};
use crate::ui::form::FormView;
use crate::ui::forms::webhook_actions::confirmation;
use crate::ui::parts::{Copyable, Stamp};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/webhooks/{id}/settings", VIEWER, || {
    to(settings)
})];

/// The section.
#[derive(Template)]
#[template(path = "webhook_settings.html")]
pub struct WebhookSettingsView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// What is around it.
    pub frame: &'a WebhookFrame,
    /// Its id, to be copied.
    pub id: Copyable,
    /// The field for its name, typed before it ends.
    pub confirmation: FormView,
}

impl WebhookSettingsView<'_> {
    fn order(&self) -> Option<String> {
        match &self.frame.webhook.settings.order {
            DeliveryOrder::Any => None,
            DeliveryOrder::Whole => Some("in event order".to_owned()),
            DeliveryOrder::By(pointer) => Some(format!("in order by {}", pointer.as_str())),
        }
    }

    fn batch(&self) -> Option<String> {
        let batch = self.frame.webhook.settings.batch?;
        let wait = format_duration(batch.wait);
        Some(format!(
            "up to {} in one request, after {wait} at most",
            batch.max
        ))
    }

    fn stamp(&self, at: &Timestamp) -> Stamp {
        Stamp(*at)
    }

    fn retries(&self) -> String {
        let policy = &self.frame.webhook.settings.retry;
        let delays: Vec<String> = policy
            .delays()
            .iter()
            .copied()
            .map(format_duration)
            .collect();
        let mut words = match delays.as_slice() {
            [] => "none".to_owned(),
            delays => format!("after {}", delays.join(", ")),
        };
        if let Some(repeat) = policy.repeat() {
            words.push_str(&format!(
                ", then every {}, for up to {}",
                format_duration(repeat.every),
                format_duration(repeat.give_up_after)
            ));
        }
        if policy.jitter() == Jitter::Tenth {
            words.push_str(" (±10 %)");
        }
        words
    }

    fn timeout(&self) -> String {
        format_duration(self.frame.webhook.settings.timeout)
    }

    fn breaker(&self) -> String {
        let breaker = self.frame.webhook.settings.breaker;
        let often = breaker
            .disable_after_failures
            .map(|count| format!("after {} in a row", counted(count, "failure", "failures")));
        let long = breaker
            .disable_after
            .map(|time| format!("after {} of nothing but failures", format_duration(time)));
        let rules: Vec<String> = [often, long].into_iter().flatten().collect();
        if rules.is_empty() {
            "off".to_owned()
        } else {
            rules.join(", or ")
        }
    }
}

async fn settings(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    Query::of(&request).finish()?;
    let webhook = state.service.webhook(&visitor.caller, id).await?;
    let section = WebhookSection::Settings;
    let frame = WebhookFrame::of(&state, &request, visitor, section, webhook).await?;
    let view = WebhookSettingsView {
        page: &frame.page,
        id: Copyable::new(id.to_string(), "the webhook's id"),
        confirmation: confirmation(&frame.called),
        frame: &frame,
    };
    show(&frame.page, &view)
}

//! `/portal/webhooks`: the customer's own receivers.
//!
//! Owns: the list. Refuses: single webhooks ([`super::webhook`]) and their form
//! ([`super::webhook_form`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{GUEST, VIEW};
use super::guest::Guest;
use super::page::{PortalPage, Room, Shown, show};
use crate::domain::page::{Limit, List};
use crate::domain::webhook::Webhook;
use crate::service::views::WebhookSummary;
use crate::ui::delivery_row::webhook_called;
use crate::ui::figures::success;
use crate::ui::parts::badge::disabled_words;
use crate::ui::parts::strip::Strip;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Ago, Badge, host};
use crate::ui::speech::filters;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] =
    &[Endpoint::get("/portal/webhooks", GUEST, || to(list)).needs(VIEW)];

/// Webhooks of a page: each draws a strip.
const ROWS: u32 = 20;

/// A webhook in a list.
#[derive(Clone, Debug)]
pub struct OwnWebhook {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub badge: Badge,
    /// Its label, else its host.
    pub called: String,
    /// Where its deliveries go.
    pub host: String,
    /// When it last answered with a 2xx.
    pub last_success: Option<Ago>,
    /// Why it needs somebody; empty where it does not.
    pub trouble: String,
}

impl OwnWebhook {
    /// The line of a webhook that needs somebody, which always says why.
    #[must_use]
    pub fn troubled(webhook: &Webhook) -> Self {
        let mut own = Self::of(webhook);
        if own.trouble.is_empty() {
            "deliveries to it gave up".clone_into(&mut own.trouble);
        }
        own
    }

    /// The line of a webhook.
    #[must_use]
    pub fn of(webhook: &Webhook) -> Self {
        let failures = webhook.health.consecutive_failures;
        let trouble = match (webhook.state.disabled_reason(), failures) {
            (Some(reason), _) => format!("disabled: {}", disabled_words(reason)),
            (None, 0) => String::new(),
            (None, 1) => "the last attempt failed".to_owned(),
            (None, many) => format!("{many} failed attempts in a row"),
        };
        Self {
            id: webhook.id.to_string(),
            badge: Badge::webhook(webhook.state, failures),
            called: webhook_called(webhook),
            host: host(&webhook.settings.url),
            last_success: webhook.health.last_success_at.map(Ago),
            trouble,
        }
    }
}

/// A webhook in the list, with how it does.
struct ListedWebhook {
    own: OwnWebhook,
    patterns: String,
    strip: Strip,
    success: Option<String>,
}

impl ListedWebhook {
    fn of(summary: &WebhookSummary) -> Self {
        Self {
            own: OwnWebhook::of(&summary.webhook),
            patterns: summary.webhook.settings.subscription.texts().join(", "),
            strip: Strip::new(&summary.outcomes),
            success: success(&summary.day),
        }
    }
}

/// The page.
#[derive(Template)]
#[template(path = "portal/webhooks.html")]
pub struct PortalWebhooks<'a> {
    page: &'a PortalPage,
    rows: Vec<ListedWebhook>,
    older: Option<String>,
    is_later: bool,
}

/// `GET /portal/webhooks`.
///
/// # Errors
/// 422 for a cursor that makes no sense.
pub async fn list(state: State, guest: Guest, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let cursor = query.cursor("cursor", List::Webhooks);
    query.finish()?;
    let views = state.service.views();
    let found = views.own_webhooks(&guest.caller, cursor, Limit::clamped(ROWS));
    let found = found.await?;
    let page = PortalPage::of(&request, guest, Room::Webhooks, "Webhooks");
    let address = |cursor: &str| with_query("/portal/webhooks", &[("cursor", cursor)]);
    let view = PortalWebhooks {
        rows: found.items.iter().map(ListedWebhook::of).collect(),
        older: found.next.map(|next| address(&next.to_string())),
        is_later: cursor.is_some(),
        page: &page,
    };
    show(&request, &page, &view)
}

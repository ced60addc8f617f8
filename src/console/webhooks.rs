//! `/webhooks`: every receiver and how it does.
//!
//! Owns: the list. Refuses: single webhooks ([`super::webhook`]) and their form
//! ([`super::webhook_form`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::names::called_by;
use super::page::{PageContext, Section, show};
use super::{Shown, Visitor};
use crate::domain::page::{Limit, List};
use crate::domain::stats::StatsBucket;
use crate::service::views::WebhookSummary;
use crate::ui::parts::curl::call;
use crate::ui::parts::strip::Strip;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Ago, Badge, Due, host, percent, took};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/webhooks", VIEWER, || to(list))];

/// Webhooks of a page: each draws a strip.
const ROWS: u32 = 20;
/// Patterns that a row names before it counts the rest.
const PATTERNS_SHOWN: usize = 2;

/// A line of the list.
#[derive(Clone, Debug)]
pub struct WebhookRow {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub badge: Badge,
    /// Its label, else its host.
    pub called: String,
    /// Where its deliveries go.
    pub host: String,
    /// What it wants, the first few.
    pub patterns: Vec<String>,
    /// How many more.
    pub patterns_left_out: usize,
    /// Its last outcomes.
    pub strip: Strip,
    /// Successful attempts of the last day.
    pub success: Option<String>,
    /// What 95 of 100 attempts of the last day did not exceed.
    pub p95: Option<String>,
    /// Its last answer.
    pub last_status: Option<u16>,
    /// Whether that was a failure.
    pub failing: bool,
    /// When it last answered with a 2xx.
    pub last_success: Option<Ago>,
    /// When the next retry is due.
    pub next: Option<Due>,
}

/// The page.
#[derive(Template)]
#[template(path = "webhooks.html")]
pub struct WebhooksView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The lines.
    pub rows: Vec<WebhookRow>,
    /// Where the list goes on.
    pub older: Option<String>,
    /// Whether this is not its beginning.
    pub is_later: bool,
    /// Whether the reader may register one.
    pub may_operate: bool,
    /// Whether the workspace's plan has webhooks.
    pub has_webhooks: bool,
    /// A call for a shell that registers one.
    pub curl: String,
}

/// `GET /webhooks`.
///
/// # Errors
/// 422 for a cursor that makes no sense.
pub async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let cursor = query.cursor("cursor", List::Webhooks);
    query.finish()?;
    let views = state.service.views();
    let found = views
        .webhooks(&visitor.caller, cursor, Limit::clamped(ROWS))
        .await?;
    let may_operate = visitor.may_operate();
    let has_webhooks = visitor.caller.plan.has_webhooks();
    let page = PageContext::of(&state, &request, visitor, Section::Webhooks, "Webhooks").await?;
    let view = WebhooksView {
        page: &page,
        rows: found.items.iter().map(row).collect(),
        older: found
            .next
            .map(|next| with_query("/webhooks", &[("cursor", &next.to_string())])),
        is_later: cursor.is_some(),
        may_operate,
        has_webhooks,
        curl: curl(&page.base),
    };
    show(&page, &view)
}

fn row(summary: &WebhookSummary) -> WebhookRow {
    let webhook = &summary.webhook;
    let settings = &webhook.settings;
    let patterns = settings.subscription.texts();
    WebhookRow {
        id: webhook.id.to_string(),
        badge: Badge::webhook(webhook.state, webhook.health.consecutive_failures),
        called: called_by(&settings.label, &settings.url),
        host: host(&settings.url),
        patterns_left_out: patterns.len().saturating_sub(PATTERNS_SHOWN),
        patterns: patterns.into_iter().take(PATTERNS_SHOWN).collect(),
        strip: Strip::new(&summary.outcomes),
        success: success(&summary.day),
        p95: summary.p95_ms.map(took_about),
        last_status: webhook.health.last_status_code,
        failing: webhook.health.consecutive_failures > 0,
        last_success: webhook.health.last_success_at.map(Ago),
        next: summary.next_due.map(Due),
    }
}

/// A call that registers a webhook, with the host filled in.
fn curl(base: &str) -> String {
    call(
        &format!("{base}/api/v1/webhooks"),
        r#"{"url": "https://example.com/hooks", "event_types": ["*"]}"#,
    )
}

/// The share of attempts that succeeded.
#[must_use]
pub fn success(total: &StatsBucket) -> Option<String> {
    percent(
        total.attempts.saturating_sub(total.failures),
        total.attempts,
    )
}

/// A duration that is known within some percent.
#[must_use]
pub fn took_about(ms: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "durations are positive and the cast saturates"
    )]
    let ms = ms.round() as u32;
    took(ms)
}

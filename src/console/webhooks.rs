//! `/webhooks`: every receiver and how it does.
//!
//! Owns: the list. Refuses: single webhooks ([`super::webhook`]) and their form
//! ([`super::webhook_form`]).

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::names::called_by;
use super::overview::call;
use super::page::{Page, Section, show};
use super::{Shown, Visitor};
use crate::domain::page::{Limit, List};
use crate::domain::stats::{HOUR_MS, Period, StatsBucket};
use crate::domain::time::Timestamp;
use crate::domain::webhook::Webhook;
use crate::store::deliveries;
use crate::store::stats;
use crate::store::{Read, StoreError};
use crate::ui::parts::strip::{OUTCOMES, Strip};
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Ago, Badge, Due, host, percent, took};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/webhooks", VIEWER, || to(list))];

/// Webhooks of a page: each draws a strip.
const ROWS: u32 = 20;
const DAY: Duration = Duration::from_secs(24 * 3600);
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
    pub page: &'a Page,
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
    let caller = visitor.caller.clone();
    let found = state
        .service
        .webhooks(&caller, cursor, Limit::clamped(ROWS))
        .await?;
    let next = found
        .next
        .map(|next| with_query("/webhooks", &[("cursor", &next.to_string())]));
    let (workspace_seq, now) = (caller.workspace.seq(), state.service.clock().now());
    let read = move |conn: &Read<'_>| {
        let rows = found.items.iter();
        rows.map(|webhook| row(conn, workspace_seq, webhook, now))
            .collect()
    };
    let rows: Vec<WebhookRow> = state.service.store().read::<_, StoreError>(read).await?;
    let may_operate = visitor.may_operate();
    let has_webhooks = visitor.caller.plan.has_webhooks();
    let page = Page::of(&state, &request, visitor, Section::Webhooks, "Webhooks").await?;
    let view = WebhooksView {
        page: &page,
        rows,
        older: next,
        is_later: cursor.is_some(),
        may_operate,
        has_webhooks,
        curl: curl(&page.base),
    };
    show(&page, &view)
}

fn row(
    conn: &Read<'_>,
    workspace_seq: i64,
    webhook: &Webhook,
    now: Timestamp,
) -> Result<WebhookRow, StoreError> {
    let (settings, seq) = (&webhook.settings, webhook.id.seq());
    // Sums of whole hours: a list of webhooks must not read the minutes of each.
    let day = Period {
        workspace_seq,
        webhook_seq: seq,
        width_ms: HOUR_MS,
        since: now.before(DAY),
        until: now,
    };
    let mut total = StatsBucket::default();
    for bucket in stats::series(conn, &day, HOUR_MS)? {
        total.add(&bucket);
    }
    let patterns = settings.subscription.texts();
    let latest = deliveries::latest(conn, workspace_seq, seq, OUTCOMES)?;
    let p95 = stats::durations(conn, &day)?.quantile_ms(0.95);
    Ok(WebhookRow {
        id: webhook.id.to_string(),
        badge: Badge::webhook(webhook.state, webhook.health.consecutive_failures),
        called: called_by(&settings.label, &settings.url),
        host: host(&settings.url),
        patterns_left_out: patterns.len().saturating_sub(PATTERNS_SHOWN),
        patterns: patterns.into_iter().take(PATTERNS_SHOWN).collect(),
        strip: Strip::new(&latest),
        success: success(&total),
        p95: p95.map(took_about),
        last_status: webhook.health.last_status_code,
        failing: webhook.health.consecutive_failures > 0,
        last_success: webhook.health.last_success_at.map(Ago),
        next: deliveries::next_due(conn, seq, now)?.map(Due),
    })
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

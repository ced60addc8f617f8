//! `/portal`: whether everything is well, and what to do first.
//!
//! Owns: the page. Refuses: detail: every figure leads to the list that has it.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{GUEST, VIEW};
use super::guest::Guest;
use super::page::{PortalPage, Room, Shown, show};
use super::webhooks::OwnWebhook;
use crate::domain::page::Limit;
use crate::service::views::Matching;
use crate::ui::delivery_row::Row;
use crate::ui::figures::{success, took_about};
use crate::ui::job_progress::matching_words;
use crate::ui::names::Names;
use crate::ui::parts::chart::Bars;
use crate::ui::parts::{further, grouped};
use crate::ui::speech::filters;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/portal", GUEST, || to(overview)).needs(VIEW)];

/// Webhooks and deliveries that the page lists.
const SHOWN: u32 = 8;

/// The page.
#[derive(Template)]
#[template(path = "portal/overview.html")]
pub struct PortalOverview<'a> {
    page: &'a PortalPage,
    /// Webhooks that need somebody.
    troubled: Vec<OwnWebhook>,
    /// How many more need somebody, in words.
    left_out: Option<String>,
    /// How many webhooks there are.
    webhooks: String,
    has_none: bool,
    success: Option<String>,
    p95: Option<String>,
    waiting: String,
    /// Whether something waits that is soon to be seen to go.
    is_draining: bool,
    dead_letters: String,
    has_dead_letters: bool,
    bars: Bars,
    rows: Vec<Row>,
}

/// `GET /portal`.
///
/// # Errors
/// 403 where the link does not permit to look.
pub async fn overview(state: State, guest: Guest, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let own = guest.caller.consumer.map(|id| id.to_string());
    let views = state.service.views();
    let found = views
        .consumer(
            &guest.caller,
            own.as_deref().unwrap_or_default(),
            Limit::clamped(SHOWN),
        )
        .await?;
    let troubled = views
        .own_troubled(&guest.caller, Limit::clamped(SHOWN))
        .await?;
    let left_out = troubled.left_out as u64;
    let page = PortalPage::of(&request, guest, Room::Overview, "Overview");
    let names = Names(found.names);
    let counts = found.stats.counts;
    let view = PortalOverview {
        troubled: troubled.webhooks.iter().map(OwnWebhook::troubled).collect(),
        left_out: (left_out > 0).then(|| further(left_out)),
        webhooks: grouped(found.consumer.webhooks),
        has_none: found.consumer.webhooks == 0,
        success: success(&found.stats.total),
        p95: found.stats.p95_ms.map(took_about),
        waiting: grouped(counts.pending + counts.retrying),
        is_draining: counts.pending > 0,
        dead_letters: matching_words(found.dead_letters),
        has_dead_letters: found.dead_letters != Matching::default(),
        bars: Bars::of(&found.stats),
        rows: Row::all(&found.recent, &names),
        page: &page,
    };
    show(&request, &page, &view)
}

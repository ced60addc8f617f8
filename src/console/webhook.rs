//! `/webhooks/{id}`: one receiver: how it does.
//!
//! Owns: the section of its activity. Refuses: what is around it ([`super::webhook_frame`]), its other
//! sections, and what can be done to it ([`super::webhook_actions`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::page::{PageContext, show};
use super::webhook_frame::{WebhookFrame, WebhookSection};
use super::{Shown, Visitor};
use crate::domain::id::WebhookId;
use crate::domain::page::Limit;
use crate::domain::poll::{PollReader, UNREAD_MAX};
use crate::domain::webhook::{Transport, WebhookState};
use crate::service::stats::Stats;
use crate::ui::delivery_row::Row;
use crate::ui::explain::explain;
use crate::ui::figures::{success, success_class, took_about};
use crate::ui::names::Names;
use crate::ui::parts::chart::Bars;
use crate::ui::parts::strip::Strip;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Ago, grouped};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/webhooks/{id}", VIEWER, || to(detail))];

/// Deliveries that the section lists.
const ROWS: u32 = 8;

/// One who fetches.
struct ReaderRow {
    name: String,
    unread: String,
    acked: Ago,
}

/// The section.
#[derive(Template)]
#[template(path = "webhook.html")]
pub struct WebhookView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// What is around it.
    pub frame: &'a WebhookFrame,
    /// How it has been doing for a day.
    pub stats: &'a Stats,
    /// The same as a picture.
    pub bars: Bars,
    /// Its last outcomes.
    pub strip: Strip,
    /// Its latest deliveries.
    pub rows: Vec<Row>,
    /// Who fetches from it, each with how much is left.
    pub readers: Vec<(PollReader, i64)>,
}

impl WebhookView<'_> {
    fn readers(&self) -> Vec<ReaderRow> {
        let row = |(own, unread): &(PollReader, i64)| ReaderRow {
            name: own.name.clone(),
            unread: match *unread {
                UNREAD_MAX => format!("{UNREAD_MAX} or more"),
                count => count.to_string(),
            },
            acked: Ago(own.acked_at),
        };
        self.readers.iter().map(row).collect()
    }

    /// The deliveries of the period: what rates and percentiles are computed from.
    fn attempted(&self) -> String {
        let (id, since) = (
            self.frame.webhook.id.to_string(),
            self.stats.since.to_string(),
        );
        let counted = [
            ("webhook_id", id.as_str()),
            ("since", &since),
            ("tests", "counted"),
        ];
        with_query("/deliveries", &counted)
    }

    fn success(&self) -> Option<String> {
        success(&self.stats.total)
    }

    fn success_class(&self) -> &'static str {
        success_class(&self.stats.total)
    }

    fn p95(&self) -> Option<String> {
        self.stats.p95_ms.map(took_about)
    }

    fn p50(&self) -> Option<String> {
        self.stats.p50_ms.map(took_about)
    }

    fn waiting(&self) -> String {
        grouped(self.stats.counts.pending + self.stats.counts.retrying)
    }

    fn exhausted(&self) -> String {
        grouped(self.stats.total.exhausted)
    }

    fn attempts(&self) -> String {
        grouped(self.stats.total.attempts)
    }
}

async fn detail(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    Query::of(&request).finish()?;
    let views = state.service.views();
    let found = views
        .webhook(&visitor.caller, id, Limit::clamped(ROWS), None)
        .await?;
    let names = Names(found.names);
    let readers = match found.webhook.settings.transport {
        Transport::Poll if found.webhook.state != WebhookState::Revoked => {
            state.service.poll_readers(&visitor.caller, id).await?
        }
        Transport::Poll | Transport::Push | Transport::Operational => Vec::new(),
    };
    let section = WebhookSection::Activity;
    let frame = WebhookFrame::of(&state, &request, visitor, section, found.webhook).await?;
    let mut failures = found.recent.iter();
    let explained = failures.find_map(|one| explain(one.last_error_kind, one.last_status_code));
    let frame = frame.explained(explained);
    let view = WebhookView {
        page: &frame.page,
        bars: Bars::of(&found.stats),
        strip: Strip::new(&found.outcomes),
        rows: found
            .recent
            .iter()
            .map(|one| Row::of(one, &names))
            .collect(),
        readers,
        stats: &found.stats,
        frame: &frame,
    };
    show(&frame.page, &view)
}

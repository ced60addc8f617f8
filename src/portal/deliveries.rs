//! `/portal/deliveries`: what was sent where, and how it went.
//!
//! Owns: the list and what narrows it, which lives in the address. Refuses: single deliveries
//! ([`super::delivery`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{GUEST, VIEW};
use super::guest::Guest;
use super::page::{PortalPage, Room, Shown, show};
use crate::domain::page::{Limit, List, Order};
use crate::service::filter::FilterInput;
use crate::service::views::WantedDeliveries;
use crate::ui::delivery_row::{Row, status_tabs, webhook_called};
use crate::ui::names::Names;
use crate::ui::parts::Choice;
use crate::ui::parts::url_query::with_query;
use crate::ui::speech::filters;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] =
    &[Endpoint::get("/portal/deliveries", GUEST, || to(list)).needs(VIEW)];

/// Rows of a page.
pub(super) const ROWS: u32 = 25;
/// Webhooks that the list can be narrowed to.
const OFFERED: u32 = 50;

/// What the list is narrowed to.
#[derive(Clone, Debug, Default)]
struct Narrowed {
    status: String,
    webhook: String,
    event_type: String,
}

impl Narrowed {
    fn address(&self, status: &str, cursor: &str) -> String {
        let parameters = [
            ("status", status),
            ("webhook_id", self.webhook.as_str()),
            ("event_type", self.event_type.as_str()),
            ("cursor", cursor),
        ];
        with_query("/portal/deliveries", &parameters)
    }

    fn input(&self) -> FilterInput {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let statuses = self.status.split(',').filter(|word| !word.is_empty());
        FilterInput {
            webhook_id: given(&self.webhook),
            event_type: given(&self.event_type),
            statuses: statuses.map(str::to_owned).collect(),
            ..FilterInput::default()
        }
    }

    fn are_set(&self) -> bool {
        [&self.status, &self.webhook, &self.event_type]
            .iter()
            .any(|text| !text.is_empty())
    }
}

/// The page.
#[derive(Template)]
#[template(path = "portal/deliveries.html")]
pub struct PortalDeliveries<'a> {
    page: &'a PortalPage,
    rows: Vec<Row>,
    tabs: Vec<(String, &'static str, bool)>,
    webhooks: Vec<Choice>,
    narrowed: Narrowed,
    further: Option<String>,
    start: Option<String>,
}

/// `GET /portal/deliveries`.
///
/// # Errors
/// 422 for filters that make no sense.
pub async fn list(state: State, guest: Guest, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let mut text = |name| query.text(name).unwrap_or_default().trim().to_owned();
    let narrowed = Narrowed {
        status: text("status"),
        webhook: text("webhook_id"),
        event_type: text("event_type"),
    };
    let cursor = query.cursor("cursor", List::Deliveries);
    query.finish()?;
    let wanted = WantedDeliveries {
        input: narrowed.input(),
        order: Order::Descending,
        views_of: None,
    };
    let views = state.service.views();
    let found = views
        .deliveries(&guest.caller, wanted, cursor, Limit::clamped(ROWS))
        .await?;
    let limit = Limit::clamped(OFFERED);
    let webhooks = state.service.webhooks(&guest.caller, None, None, limit);
    let webhooks = webhooks.await?.items;
    let names = Names(found.names);
    let page = PortalPage::of(&request, guest, Room::Deliveries, "Deliveries");
    let mut offered = vec![Choice::new(
        "",
        page.language().say("all webhooks"),
        &narrowed.webhook,
    )];
    offered.extend(webhooks.iter().map(|webhook| {
        let id = webhook.id.to_string();
        Choice::new(&id, webhook_called(webhook), &narrowed.webhook)
    }));
    let view = PortalDeliveries {
        rows: Row::all(&found.page.items, &names),
        tabs: status_tabs(&narrowed.status, |status| narrowed.address(status, "")),
        webhooks: offered,
        further: found
            .page
            .next
            .map(|next| narrowed.address(&narrowed.status, &next.to_string())),
        start: cursor.map(|_| narrowed.address(&narrowed.status, "")),
        narrowed,
        page: &page,
    };
    show(&request, &page, &view)
}

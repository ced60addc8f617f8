//! `/portal/deliveries`: what was sent where, and how it went.
//!
//! Owns: the list and what narrows it, which lives in the address. Refuses: single deliveries
//! ([`super::delivery`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{GUEST, VIEW};
use super::guest::Guest;
use super::page::{PortalPage, Room, Shown, show_asked};
use crate::domain::page::{Cursor, Limit, List, Order};
use crate::domain::time::Timestamp;
use crate::service::filter::FilterInput;
use crate::service::views::{Deliveries, WantedDeliveries};
use crate::service::{FieldError, Refusal};
use crate::ui::delivery_row::{Row, status_tabs, webhook_called};
use crate::ui::names::Names;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Choice, periods};
use crate::ui::speech::filters;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get(PATH, GUEST, || to(list)).needs(VIEW)];

const PATH: &str = "/portal/deliveries";

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
    /// One of [`periods::PERIODS`].
    last: String,
}

impl Narrowed {
    fn of(query: &mut Query) -> Self {
        let mut text = |name| query.text(name).unwrap_or_default().trim().to_owned();
        Self {
            status: text("status"),
            webhook: text("webhook_id"),
            event_type: text("event_type"),
            last: text("last"),
        }
    }

    fn address(&self, status: &str, cursor: &str) -> String {
        let parameters = [
            ("status", status),
            ("webhook_id", self.webhook.as_str()),
            ("event_type", self.event_type.as_str()),
            ("last", self.last.as_str()),
            ("cursor", cursor),
        ];
        with_query(PATH, &parameters)
    }

    /// What the service understands.
    ///
    /// # Errors
    /// A period that there is not.
    fn input(&self, now: Timestamp) -> Result<FilterInput, Refusal> {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let statuses = self.status.split(',').filter(|word| !word.is_empty());
        let began = given(&self.last).map(|word| periods::began(&word, now));
        let began = began
            .transpose()
            .map_err(|amiss| Refusal::field("last", amiss))?;
        Ok(FilterInput {
            webhook_id: given(&self.webhook),
            event_type: given(&self.event_type),
            statuses: statuses.map(str::to_owned).collect(),
            since: began.map(|at| at.to_string()),
            ..FilterInput::default()
        })
    }

    fn are_set(&self) -> bool {
        self.address(&self.status, "") != PATH
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
    periods: Vec<Choice>,
    narrowed: Narrowed,
    /// What is amiss with it; then nothing was listed.
    faults: Vec<FieldError>,
    further: Option<String>,
    start: Option<String>,
}

impl PortalDeliveries<'_> {
    fn is_amiss(&self, field: &str) -> bool {
        self.faults.iter().any(|fault| fault.field == field)
    }
}

/// `GET /portal/deliveries`.
///
/// # Errors
/// 422 for a cursor that makes no sense; what is amiss with a field is said on the page.
pub async fn list(state: State, guest: Guest, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let narrowed = Narrowed::of(&mut query);
    let cursor = query.cursor("cursor", List::Deliveries);
    query.finish()?;
    let (found, faults) = match found(&state, &guest, &narrowed, cursor).await {
        Ok(found) => (found, Vec::new()),
        Err(Refusal::Invalid(faults)) => (Deliveries::default(), faults),
        Err(other) => return Err(other.into()),
    };
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
    let next = found.page.next.map(|next| next.to_string());
    let view = PortalDeliveries {
        rows: Row::all(&found.page.items, &names),
        tabs: status_tabs(&narrowed.status, |status| narrowed.address(status, "")),
        webhooks: offered,
        periods: periods::choices(&narrowed.last),
        further: next.map(|next| narrowed.address(&narrowed.status, &next)),
        start: cursor.map(|_| narrowed.address(&narrowed.status, "")),
        narrowed,
        faults,
        page: &page,
    };
    show_asked(&request, &page, &view.faults, &view)
}

async fn found(
    state: &State,
    guest: &Guest,
    narrowed: &Narrowed,
    cursor: Option<Cursor>,
) -> Result<Deliveries, Refusal> {
    let wanted = WantedDeliveries {
        input: narrowed.input(state.service.clock().now())?,
        order: Order::Descending,
        views_of: None,
    };
    let views = state.service.views();
    let limit = Limit::clamped(ROWS);
    views.deliveries(&guest.caller, wanted, cursor, limit).await
}

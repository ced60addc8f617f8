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
use crate::domain::id::WebhookId;
use crate::domain::page::{Cursor, Limit, List, Order};
use crate::domain::time::Timestamp;
use crate::domain::webhook::WebhookName;
use crate::service::filter::FilterInput;
use crate::service::views::{Deliveries, NamedWebhooks, WantedDeliveries};
use crate::service::{FieldError, Refusal};
use crate::ui::delivery_row::{Row, status_tabs};
use crate::ui::names::{Names, called, id_in, only, option_of, several};
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Choice, host, periods};
use crate::ui::speech::filters;
use crate::web::State;
use crate::web::answer::go;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get(PATH, GUEST, || to(list)).needs(VIEW)];

const PATH: &str = "/portal/deliveries";

/// Rows of a page.
pub(super) const ROWS: u32 = 25;
/// Webhooks that are offered while somebody types; any other is found by its name.
const OFFERED: u32 = 20;
/// Webhooks that are named where a text names several.
const NAMED: u32 = 8;

/// What the list is narrowed to.
#[derive(Clone, Debug, Default)]
struct Narrowed {
    status: String,
    /// A webhook's id, or what somebody typed to find one.
    webhook: String,
    event_type: String,
    /// One of [`periods::PERIODS`].
    last: String,
    /// `counted` without failed tests: what rates are computed from.
    tests: String,
}

impl Narrowed {
    fn of(query: &mut Query) -> Self {
        let mut text = |name| query.text(name).unwrap_or_default().trim().to_owned();
        Self {
            status: text("status"),
            webhook: text("webhook_id"),
            event_type: text("event_type"),
            last: text("last"),
            tests: text("tests"),
        }
    }

    fn address(&self, status: &str, cursor: &str) -> String {
        let parameters = [
            ("status", status),
            ("webhook_id", self.webhook.as_str()),
            ("event_type", self.event_type.as_str()),
            ("last", self.last.as_str()),
            ("tests", self.tests.as_str()),
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
            tests: given(&self.tests),
            ..FilterInput::default()
        })
    }

    /// The same for the webhook `id`.
    fn to(self, id: WebhookId) -> Self {
        Self {
            webhook: id.to_string(),
            ..self
        }
    }

    /// Whether the webhook is named by a text that has yet to be found.
    fn is_by_name(&self) -> bool {
        !self.webhook.is_empty() && WebhookId::parse(&self.webhook).is_none()
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
    /// Webhooks as a field names them, with their hosts.
    webhooks: Vec<(String, String)>,
    /// What the field of the webhook says.
    webhook: String,
    /// Those that fit where several do: address, name, host.
    several: Vec<(String, String, String)>,
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
    let narrowed = match id_in(&narrowed.webhook) {
        Some(id) => narrowed.to(id),
        None => narrowed,
    };
    let fits = fitting(&state, &guest, &narrowed).await?;
    if let Some(only) = only(&fits, &narrowed.webhook)
        && narrowed.is_by_name()
    {
        let own = narrowed.clone().to(only.id);
        return Ok(go(&own.address(&own.status, "")));
    }
    let (found, faults) = match narrowed.is_by_name() {
        true => {
            let amiss = FieldError {
                field: "webhook_id".to_owned(),
                message: several(&fits),
            };
            (Deliveries::default(), vec![amiss])
        }
        false => match found(&state, &guest, &narrowed, cursor).await {
            Ok(found) => (found, Vec::new()),
            Err(Refusal::Invalid(faults)) => (Deliveries::default(), faults),
            Err(other) => return Err(other.into()),
        },
    };
    let offered = state.service.views();
    let offered = offered.webhooks_called(&guest.caller, String::new(), Limit::clamped(OFFERED));
    let offered = offered.await?.first;
    let names = Names(found.names);
    let page = PortalPage::of(&request, guest, Room::Deliveries, "Deliveries");
    let known = fits.first.first().filter(|_| !narrowed.is_by_name());
    let candidates = fits.first.iter().filter(|_| narrowed.is_by_name());
    let candidate = |name: &WebhookName| {
        let own = narrowed.clone().to(name.id);
        (own.address(&own.status, ""), called(name), host(&name.url))
    };
    let next = found.page.next.map(|next| next.to_string());
    let view = PortalDeliveries {
        rows: Row::all(&found.page.items, &names),
        tabs: status_tabs(&narrowed.status, |status| narrowed.address(status, "")),
        webhooks: offered
            .iter()
            .map(|one| (option_of(one), host(&one.url)))
            .collect(),
        webhook: known.map_or_else(|| narrowed.webhook.clone(), option_of),
        several: candidates.map(candidate).collect(),
        periods: periods::choices(&narrowed.last),
        further: next.map(|next| narrowed.address(&narrowed.status, &next)),
        start: cursor.map(|_| narrowed.address(&narrowed.status, "")),
        narrowed,
        faults,
        page: &page,
    };
    show_asked(&request, &page, &view.faults, &view)
}

/// The webhooks that what was typed fits, or the one whose id it is.
async fn fitting(
    state: &State,
    guest: &Guest,
    narrowed: &Narrowed,
) -> Result<NamedWebhooks, Refusal> {
    if narrowed.webhook.is_empty() {
        return Ok(NamedWebhooks::default());
    }
    let (views, text) = (state.service.views(), narrowed.webhook.clone());
    views
        .webhooks_called(&guest.caller, text, Limit::clamped(NAMED))
        .await
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

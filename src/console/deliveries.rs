//! `/deliveries`: what was sent where, and how it went.
//!
//! Owns: the list, and retrying several of it. Refuses: single deliveries ([`super::delivery`]), and what narrows the list
//! ([`super::filters`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OPERATOR, VIEWER};
use super::ask::{Question, ask, is_confirmed};
use super::dead_letter_actions::to_job;
use super::export;
use super::filters::{FilterForm, Filters, Resolved};
use super::page::{PageContext, Section, back_to, go_and_say};
use super::saved_views::{ViewsStrip, whose};
use super::{Form, Shown, Visitor};
use crate::domain::delivery::DeliveryScope;
use crate::domain::id::DeliveryId;
use crate::domain::page::{Limit, List};
use crate::service::Idempotency;
use crate::service::jobs::Selection;
use crate::service::views::WantedDeliveries;
use crate::ui::delivery_row::{Row, status_tabs};
use crate::ui::flash::Flash;
use crate::ui::names::Names;
use crate::ui::parts::counted;
use crate::ui::parts::curl::publish_call;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/deliveries", VIEWER, || to(list)),
    Endpoint::post("/deliveries", OPERATOR, || to(retry))
        .fresh()
        .back("/deliveries"),
];

/// Rows of a list's page.
pub const ROWS: u32 = 25;

/// The page.
#[derive(Template)]
#[template(path = "deliveries.html")]
pub struct DeliveriesView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The lines.
    pub rows: Vec<Row>,
    /// The form that narrows the list.
    pub form: FilterForm,
    /// The statuses as links: address, word, whether it is the present one.
    pub tabs: Vec<(String, &'static str, bool)>,
    /// Where the list goes on.
    pub further: Option<String>,
    /// Where it begins, if this is not there.
    pub start: Option<String>,
    /// A publish call for a shell.
    pub curl: String,
    /// The views of it that the reader keeps.
    pub views: ViewsStrip,
    /// The list as files: address, word.
    pub files: [(String, &'static str); 2],
    /// Whether the reader may retry.
    pub may_operate: bool,
}

/// `GET /deliveries`.
///
/// # Errors
/// 422 for parameters that nobody knows; what a field says amiss is shown beside it.
pub async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let filters = Filters::of(&mut query);
    let cursor = query.cursor("cursor", List::Deliveries);
    query.finish()?;
    let asked = match filters
        .resolve(&state, &visitor.caller, "/deliveries")
        .await?
    {
        Resolved::Elsewhere(response) => return Ok(response),
        Resolved::Here(asked) => asked,
    };
    let (found, asked) = asked
        .read(async |wanted| {
            let views = state.service.views();
            let wanted = WantedDeliveries {
                views_of: Some(whose(&visitor, "/deliveries")),
                ..wanted
            };
            views
                .deliveries(&visitor.caller, wanted, cursor, Limit::clamped(ROWS))
                .await
        })
        .await?;
    let names = Names(found.names);
    let views = ViewsStrip::of(&visitor, "/deliveries", asked.filters(), found.views);
    let may_operate = visitor.may_operate();
    let page =
        PageContext::of(&state, &request, visitor, Section::Deliveries, "Deliveries").await?;
    let form = asked.form(found.webhook.as_ref());
    let address = |cursor: &str| {
        form.filters
            .address("/deliveries", &form.filters.status, cursor)
    };
    let view = DeliveriesView {
        page: &page,
        rows: Row::all(&found.page.items, &names),
        tabs: status_tabs(&form.filters.status, |status| {
            form.filters.address("/deliveries", status, "")
        }),
        further: found.page.next.map(|next| address(&next.to_string())),
        start: cursor.map(|_| address("")),
        curl: publish_call(&page.base),
        views,
        files: export::addresses("/deliveries/export", &form.filters),
        may_operate,
        form,
    };
    view.form.show(&page, &view)
}

/// `POST /deliveries`: retries those that are ticked, or all that match the filter and can be.
pub async fn retry(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let back = form.back("/deliveries");
    let caller = &visitor.caller;
    let chosen = match form.typed("choose") {
        "all" => {
            let filters = Filters::read(|name| form.typed(name).to_owned());
            let input = filters.input(state.service.clock().now());
            let scope = DeliveryScope::Undiscarded;
            let filter = state.service.delivery_filter(caller, scope, input, "");
            Selection::Filter(filter.await?).to_be_retried()
        }
        _ => Selection::Ids(form.all("id").filter_map(DeliveryId::parse).collect()),
    };
    let count = state.service.count_chosen(&chosen).await?;
    if count == 0 {
        let flash = Flash::bad("Nothing to retry: tick deliveries, or choose all that failed.");
        return Ok(go_and_say(&back, &flash));
    }
    if !is_confirmed(&form) {
        let question = Question {
            title: format!("Retry {}?", counted(count, "delivery", "deliveries")),
            consequence:
                "Each is attempted as soon as its receiver's limits allow, with the same id \
                          and body; those that fail go on by their schedule."
                    .to_owned(),
            yes: "Retry them",
            back,
        };
        return ask(&state, &request, visitor, &form, question).await;
    }
    let begun = state
        .service
        .retry_deliveries(caller, chosen, Idempotency::unkeyed());
    match begun.await {
        Ok(begun) => Ok(to_job(&begun)),
        Err(refusal) => back_to(&back, Err::<(), _>(refusal), |()| String::new()),
    }
}

//! `/deliveries`: what was sent where, and how it went.
//!
//! Owns: the list. Refuses: single deliveries ([`super::delivery`]), and what narrows the list
//! ([`super::filters`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::filters::{FilterForm, Filters, Resolved};
use super::names::Names;
use super::page::{PageContext, Section};
use super::{Shown, Visitor};
use crate::domain::delivery::{Delivery, Status, Trigger};
use crate::domain::page::{Limit, List};
use crate::domain::webhook::Webhook;
use crate::ui::parts::curl::publish_call;
use crate::ui::parts::{Ago, Badge, Due, took};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/deliveries", VIEWER, || to(list))];

/// Rows of a list's page.
pub const ROWS: u32 = 25;

/// The most characters of a name in a menu.
const CHOICE_CHARS: usize = 40;

/// A line of a list of deliveries.
#[derive(Clone, Debug)]
pub struct Row {
    /// The delivery's id.
    pub id: String,
    /// Where it stands.
    pub badge: Badge,
    /// Its event's type.
    pub event_type: String,
    /// Why it exists, where that is worth a word.
    pub origin: &'static str,
    /// What its webhook is called.
    pub webhook: String,
    /// What came of the last attempt.
    pub outcome: String,
    /// Whether that was a failure.
    pub failed: bool,
    /// Attempts made, and how many there may be.
    pub attempts: String,
    /// How long the last one took.
    pub took: String,
    /// When the next one is made.
    pub next: Option<Due>,
    /// When it was made.
    pub made: Ago,
    /// What a person may ask for.
    pub retry: Option<&'static str>,
}

impl Row {
    /// The line of a delivery.
    #[must_use]
    pub fn of(delivery: &Delivery, names: &Names) -> Self {
        let progress = &delivery.progress;
        Self {
            id: delivery.id.to_string(),
            badge: Badge::delivery(progress.status),
            event_type: delivery.event_type.clone(),
            origin: origin(delivery.trigger),
            webhook: short(&names.called(delivery.webhook.seq())),
            outcome: outcome(delivery),
            failed: delivery.last_error_kind.is_some(),
            attempts: format!("{} / {}", progress.attempt_count, delivery.max_attempts),
            took: delivery.last_duration_ms.map(took).unwrap_or_default(),
            next: delivery.next_attempt_at().map(Due),
            made: Ago(delivery.created_at),
            retry: retry_word(delivery),
        }
    }
}

/// The word of the button that makes one more attempt, where one may be made.
#[must_use]
pub fn retry_word(delivery: &Delivery) -> Option<&'static str> {
    match (delivery.trigger, delivery.progress.status) {
        (Trigger::Test | Trigger::Alert, _) | (_, Status::Pending) => None,
        (_, Status::Scheduled) => Some("Send now"),
        (_, Status::Delivered) => Some("Send again"),
        (_, Status::Retrying | Status::Exhausted | Status::Canceled) => Some("Retry now"),
    }
}

fn origin(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Event => "",
        Trigger::Test => "test",
        Trigger::Replay => "replay",
        Trigger::Alert => "alert",
    }
}

/// The last answer: a status code, or the word for why there was none.
#[must_use]
pub fn outcome(delivery: &Delivery) -> String {
    match (delivery.last_status_code, delivery.last_error_kind) {
        (Some(code), _) => code.to_string(),
        (None, Some(kind)) => kind.as_str().to_owned(),
        (None, None) => String::new(),
    }
}

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
            views
                .deliveries(&visitor.caller, wanted, cursor, Limit::clamped(ROWS))
                .await
        })
        .await?;
    let names = Names(found.names);
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
        rows: found
            .page
            .items
            .iter()
            .map(|one| Row::of(one, &names))
            .collect(),
        tabs: tabs(&form.filters),
        further: found.page.next.map(|next| address(&next.to_string())),
        start: cursor.map(|_| address("")),
        curl: publish_call(&page.base),
        may_operate,
        form,
    };
    view.form.show(&page, &view)
}

fn tabs(filters: &Filters) -> Vec<(String, &'static str, bool)> {
    let words = [
        "",
        "scheduled",
        "pending",
        "retrying",
        "delivered",
        "exhausted",
        "canceled",
    ];
    let tab = |status: &'static str| {
        let word = if status.is_empty() { "all" } else { status };
        let address = filters.address("/deliveries", status, "");
        (address, word, filters.status == status)
    };
    words.into_iter().map(tab).collect()
}

/// As much of a name as a menu or row has room for.
#[must_use]
pub fn short(name: &str) -> String {
    if name.chars().count() <= CHOICE_CHARS {
        return name.to_owned();
    }
    let mut cut: String = name.chars().take(CHOICE_CHARS - 1).collect();
    cut.push('…');
    cut
}

/// What a webhook is called.
#[must_use]
pub fn webhook_called(webhook: &Webhook) -> String {
    super::names::called_by(&webhook.settings.label, &webhook.settings.url)
}

//! `/deliveries`: what was sent where, and how it went.
//!
//! Owns: the list and its filters, which live in the address. Refuses: single deliveries
//! ([`super::delivery`]).

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::names::{Names, called};
use super::page::{PageContext, Section, show};
use super::{Shown, Visitor};
use crate::domain::delivery::{Delivery, Status, Trigger};
use crate::domain::page::{Cursor, Limit, List};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Webhook, WebhookName};
use crate::service::filter::FilterInput;
use crate::ui::parts::curl::publish_call;
use crate::ui::parts::url_query::with_query;
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

/// The periods that a list can be narrowed to: the word in the address, the words of the form, and
/// its length.
pub const PERIODS: [(&str, &str, Duration); 4] = [
    ("1h", "last hour", Duration::from_secs(3600)),
    ("24h", "last 24 hours", Duration::from_secs(24 * 3600)),
    ("7d", "last 7 days", Duration::from_secs(7 * 24 * 3600)),
    ("30d", "last 30 days", Duration::from_secs(30 * 24 * 3600)),
];

/// What a list of deliveries is narrowed to, as typed.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    /// A webhook's id.
    pub webhook: String,
    /// An event's id.
    pub event: String,
    /// An event type.
    pub event_type: String,
    /// A status.
    pub status: String,
    /// One of [`PERIODS`].
    pub last: String,
    /// An instant.
    pub since: String,
    /// An instant.
    pub until: String,
}

impl Filters {
    /// What the query says.
    pub fn of(query: &mut Query) -> Self {
        let mut text = |name| query.text(name).unwrap_or_default();
        Self {
            webhook: text("webhook_id"),
            event: text("event_id"),
            event_type: text("event_type"),
            status: text("status"),
            last: text("last"),
            since: text("since"),
            until: text("until"),
        }
    }

    /// What the service understands.
    #[must_use]
    pub fn input(&self, now: Timestamp) -> FilterInput {
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let last = PERIODS.iter().find(|(word, ..)| *word == self.last);
        let since = last.map(|(.., length)| now.before(*length).to_string());
        FilterInput {
            webhook_id: given(&self.webhook),
            event_id: given(&self.event),
            event_type: given(&self.event_type),
            statuses: given(&self.status).into_iter().collect(),
            since: given(&self.since).or(since),
            until: given(&self.until),
        }
    }

    /// The address of the list at `path` with another status and from `cursor` on.
    #[must_use]
    pub fn address(&self, path: &str, status: &str, cursor: &str) -> String {
        let parameters = [
            ("status", status),
            ("webhook_id", &self.webhook),
            ("event_type", &self.event_type),
            ("event_id", &self.event),
            ("last", &self.last),
            ("since", &self.since),
            ("until", &self.until),
            ("cursor", cursor),
        ];
        with_query(path, &parameters)
    }

    /// Whether anything narrows the list.
    #[must_use]
    pub fn are_set(&self) -> bool {
        let all = [
            &self.webhook,
            &self.event,
            &self.event_type,
            &self.status,
            &self.last,
            &self.since,
            &self.until,
        ];
        all.iter().any(|text| !text.is_empty())
    }
}

/// A choice of a form: value, words, whether it is the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What people read.
    pub words: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

impl Choice {
    /// A choice that is chosen where `present` is its value.
    pub fn new(value: impl Into<String>, words: impl Into<String>, present: &str) -> Self {
        let value = value.into();
        Self {
            chosen: value == present,
            words: words.into(),
            value,
        }
    }
}

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
    /// What the list is narrowed to.
    pub filters: Filters,
    /// The statuses as links: address, word, whether it is the present one.
    pub tabs: Vec<(String, &'static str, bool)>,
    /// The webhooks to choose from.
    pub webhooks: Vec<Choice>,
    /// The periods to choose from.
    pub periods: Vec<Choice>,
    /// Where the list goes on.
    pub older: Option<String>,
    /// Where it begins, if this is not there.
    pub newest: Option<String>,
    /// A publish call for a shell.
    pub curl: String,
    /// Whether the reader may retry.
    pub may_operate: bool,
}

/// `GET /deliveries`.
///
/// # Errors
/// 422 for filters that make no sense.
pub async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let filters = Filters::of(&mut query);
    let cursor = query.cursor("cursor", List::Deliveries);
    query.finish()?;
    let input = filters.input(state.service.clock().now());
    let views = state.service.views();
    let found = views
        .deliveries(&visitor.caller, input, cursor, Limit::clamped(ROWS))
        .await?;
    let names = Names(found.names);
    let may_operate = visitor.may_operate();
    let page =
        PageContext::of(&state, &request, visitor, Section::Deliveries, "Deliveries").await?;
    let view = DeliveriesView {
        page: &page,
        rows: found
            .page
            .items
            .iter()
            .map(|one| Row::of(one, &names))
            .collect(),
        tabs: tabs(&filters),
        webhooks: webhook_choices(&found.choices, &filters.webhook),
        periods: period_choices(&filters.last),
        older: found.page.next.map(|next| older(&filters, next)),
        newest: cursor.map(|_| filters.address("/deliveries", &filters.status, "")),
        filters,
        curl: publish_call(&page.base),
        may_operate,
    };
    show(&page, &view)
}

fn older(filters: &Filters, next: Cursor) -> String {
    filters.address("/deliveries", &filters.status, &next.to_string())
}

fn tabs(filters: &Filters) -> Vec<(String, &'static str, bool)> {
    let words = [
        "",
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

/// The webhooks to choose from; the present one is among them, however many there are.
#[must_use]
pub fn webhook_choices(names: &[WebhookName], present: &str) -> Vec<Choice> {
    let mut choices = vec![Choice::new("", "any webhook", present)];
    choices.extend(
        names
            .iter()
            .map(|name| Choice::new(name.id.to_string(), short(&called(name)), present)),
    );
    if !choices.iter().any(|choice| choice.chosen) {
        choices.push(Choice::new(present, present, present));
    }
    choices
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

/// The periods to choose from.
#[must_use]
pub fn period_choices(present: &str) -> Vec<Choice> {
    let mut choices = vec![Choice::new("", "any time", present)];
    choices.extend(PERIODS.map(|(word, words, _)| Choice::new(word, words, present)));
    choices
}

/// What a webhook is called.
#[must_use]
pub fn webhook_called(webhook: &Webhook) -> String {
    super::names::called_by(&webhook.settings.label, &webhook.settings.url)
}

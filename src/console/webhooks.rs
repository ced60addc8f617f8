//! `/webhooks`: every receiver and how it does.
//!
//! Owns: the list, its search, tabs and order, which live in the address, and the names that a field
//! completes. Refuses: single webhooks ([`super::webhook`]) and their form ([`super::webhook_form`]).

use actix_web::web::to;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::access::VIEWER;

use super::page::{PageContext, Section, dress, show_asked};
use super::{Shown, Visitor};
use crate::domain::page::Limit;
use crate::domain::webhook::{SEARCHED_MAX, WebhookSearch, WebhookSort, WebhookTab};
use crate::service::FieldError;
use crate::service::views::{WebhookHits, WebhookSummary};
use crate::ui::figures::{success, success_class, took_about};
use crate::ui::names::{called_by, option_of};
use crate::ui::parts::curl::call;
use crate::ui::parts::strip::Strip;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Ago, Badge, Choice, Due, grouped, host};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/webhooks", VIEWER, || to(list)),
    Endpoint::get("/webhooks/names", VIEWER, || to(names)),
];

/// Webhooks of a page: each draws a strip.
const ROWS: u32 = 20;
/// Names that a field is offered.
const NAMES: u32 = 20;
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
    /// The colour's class of that; empty where it is as it should be.
    pub success_class: &'static str,
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

/// What the list is narrowed to, and how it is ordered.
#[derive(Clone, Debug)]
pub struct WebhookFilters {
    /// A part of a name or URL, or an id, as typed.
    pub text: String,
    /// A consumer's id or uid.
    pub consumer: String,
    tab: WebhookTab,
    sort: WebhookSort,
    number: usize,
}

impl WebhookFilters {
    fn of(query: &mut Query) -> Self {
        Self {
            text: query.text("q").unwrap_or_default(),
            consumer: query.text("consumer").unwrap_or_default().trim().to_owned(),
            tab: query
                .parsed("state", WebhookTab::parse)
                .unwrap_or(WebhookTab::All),
            sort: query.parsed("sort", WebhookSort::parse).unwrap_or_default(),
            number: query.parsed("page", page_number).unwrap_or(1),
        }
    }

    fn search(&self) -> WebhookSearch {
        WebhookSearch {
            text: self.text.clone(),
            tab: self.tab,
            sort: self.sort,
            skip: self.skip(),
        }
    }

    /// How many come before the page.
    fn skip(&self) -> usize {
        (self.number - 1) * ROWS as usize
    }

    fn address(&self, tab: WebhookTab, number: usize) -> String {
        let number = Some(number).filter(|number| *number > 1);
        let number = number.map_or_else(String::new, |number| number.to_string());
        let parameters = [
            ("q", self.text.as_str()),
            ("consumer", &self.consumer),
            ("state", tab_word(tab)),
            ("sort", self.sort_word()),
            ("page", &number),
        ];
        with_query("/webhooks", &parameters)
    }

    /// The order's word; empty for the usual one.
    fn sort_word(&self) -> &'static str {
        match self.sort {
            WebhookSort::Trouble => "",
            other => other.as_str(),
        }
    }

    /// The tab's word; empty for all.
    #[must_use]
    pub fn state(&self) -> &'static str {
        tab_word(self.tab)
    }

    /// Whether anything narrows the list.
    #[must_use]
    pub fn are_set(&self) -> bool {
        self.are_chosen() || self.tab != WebhookTab::All
    }

    /// Whether it is about some of the webhooks, however they stand.
    fn are_chosen(&self) -> bool {
        !self.text.is_empty() || !self.consumer.is_empty()
    }
}

fn tab_word(tab: WebhookTab) -> &'static str {
    match tab {
        WebhookTab::All => "",
        other => other.as_str(),
    }
}

fn page_number(text: &str) -> Result<usize, &'static str> {
    let last = SEARCHED_MAX.div_ceil(ROWS) as usize;
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=last).contains(number));
    number.ok_or("must be a page's number")
}

/// A tab of the list.
#[derive(Clone, Debug)]
pub struct StateTab {
    /// Where it leads.
    pub address: String,
    /// Its word.
    pub word: &'static str,
    /// How many are under it.
    pub count: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "webhooks.html")]
pub struct WebhooksView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The lines.
    pub rows: Vec<WebhookRow>,
    /// What the list is narrowed to.
    pub filters: WebhookFilters,
    /// What is amiss with it; the list is as if that were not there.
    pub faults: Vec<FieldError>,
    /// How they stand, with counts.
    pub tabs: Vec<StateTab>,
    /// The orders to choose from.
    pub sorts: Vec<Choice>,
    /// Which of them are shown, in words.
    pub shown: String,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
    /// The newest that were looked at, where there are more.
    pub looked_at: Option<String>,
    /// Whether the workspace has no webhook at all.
    pub is_empty: bool,
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
/// 422 for parameters that nobody knows; what is amiss with others is said on the page.
pub async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let filters = WebhookFilters::of(&mut query);
    let faults = query.faults();
    query.finish()?;
    let views = state.service.views();
    let of = Some(filters.consumer.clone()).filter(|of| !of.is_empty());
    let found = views.webhooks(&visitor.caller, of, filters.search(), Limit::clamped(ROWS));
    let found = found.await?;
    let may_operate = visitor.may_operate();
    let has_webhooks = visitor.caller.plan.has_webhooks();
    let page = PageContext::of(&state, &request, visitor, Section::Webhooks, "Webhooks").await?;
    let matching = found.hits.count(filters.tab);
    let ends = filters.skip() + found.hits.seqs.len();
    let view = WebhooksView {
        page: &page,
        rows: found.rows.iter().map(row).collect(),
        tabs: tabs(&filters, &found.hits),
        sorts: sorts(&filters),
        shown: shown(&filters, ends, matching),
        previous: (filters.number > 1).then(|| filters.address(filters.tab, filters.number - 1)),
        next: (ends < matching).then(|| filters.address(filters.tab, filters.number + 1)),
        looked_at: found.hits.is_cut.then(|| grouped(SEARCHED_MAX.into())),
        is_empty: found.hits.count(WebhookTab::All) == 0 && !filters.are_chosen(),
        filters,
        faults,
        may_operate,
        has_webhooks,
        curl: curl(&page.base),
    };
    show_asked(&page, &view.faults, &view)
}

fn tabs(filters: &WebhookFilters, hits: &WebhookHits) -> Vec<StateTab> {
    let tab = |tab: WebhookTab| StateTab {
        address: filters.address(tab, 1),
        word: match tab {
            WebhookTab::Attention => "needs attention",
            other => other.as_str(),
        },
        count: grouped(hits.count(tab) as u64),
        chosen: tab == filters.tab,
    };
    WebhookTab::ALL.into_iter().map(tab).collect()
}

fn sorts(filters: &WebhookFilters) -> Vec<Choice> {
    let choice = |sort: WebhookSort| {
        let words = match sort {
            WebhookSort::Trouble => "trouble first",
            WebhookSort::Newest => "newest first",
            WebhookSort::Name => "by name",
            WebhookSort::LastSuccess => "longest without success first",
        };
        Choice::new(sort.as_str(), words, filters.sort.as_str())
    };
    WebhookSort::ALL.into_iter().map(choice).collect()
}

/// Which of them are shown: `21–40 of 312`.
fn shown(filters: &WebhookFilters, ends: usize, matching: usize) -> String {
    let first = filters.skip() + 1;
    let of = grouped(matching as u64);
    format!("{}–{} of {of}", grouped(first as u64), grouped(ends as u64))
}

/// The names that a field offers while somebody types.
#[derive(Template)]
#[template(
    source = "{% for (called, host) in names %}<option value=\"{{ called }}\">{{ host }}</option>{% endfor %}",
    ext = "html"
)]
struct NameOptions {
    names: Vec<(String, String)>,
}

/// `GET /webhooks/names`: the options of a field that names a webhook.
///
/// # Errors
/// 422 for a parameter that nobody knows.
pub async fn names(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let text = query.text("q").unwrap_or_default();
    query.finish()?;
    let views = state.service.views();
    let found = views
        .webhooks_called(&visitor.caller, text, Limit::clamped(NAMES))
        .await?;
    let options = NameOptions {
        names: found
            .first
            .iter()
            .map(|name| (option_of(name), host(&name.url)))
            .collect(),
    };
    let mut response = HttpResponse::Ok();
    dress(&mut response);
    Ok(response.body(options.render()?))
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
        success_class: success_class(&summary.day),
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

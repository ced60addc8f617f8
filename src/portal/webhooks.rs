//! `/portal/webhooks`: the customer's own receivers.
//!
//! Owns: the list. Refuses: single webhooks ([`super::webhook`]) and their form
//! ([`super::webhook_form`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{GUEST, VIEW};
use super::guest::Guest;
use super::page::{PortalPage, Room, Shown, show_asked};
use crate::domain::page::Limit;
use crate::domain::webhook::{SEARCHED_MAX, Webhook, WebhookSearch, WebhookSort, WebhookTab};
use crate::service::FieldError;
use crate::service::views::WebhookSummary;
use crate::ui::delivery_row::webhook_called;
use crate::ui::figures::{success, success_class};
use crate::ui::parts::badge::disabled_words;
use crate::ui::parts::strip::Strip;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Ago, Badge, grouped, host};
use crate::ui::speech::filters;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] =
    &[Endpoint::get("/portal/webhooks", GUEST, || to(list)).needs(VIEW)];

/// Webhooks of a page: each draws a strip.
const ROWS: u32 = 20;

/// A webhook in a list.
#[derive(Clone, Debug)]
pub struct OwnWebhook {
    /// Its id.
    pub id: String,
    /// How it stands.
    pub badge: Badge,
    /// Its label, else its host.
    pub called: String,
    /// Where its deliveries go.
    pub host: String,
    /// When it last answered with a 2xx.
    pub last_success: Option<Ago>,
    /// Why it needs somebody; empty where it does not.
    pub trouble: String,
}

impl OwnWebhook {
    /// The line of a webhook that needs somebody, which always says why.
    #[must_use]
    pub fn troubled(webhook: &Webhook) -> Self {
        let mut own = Self::of(webhook);
        if own.trouble.is_empty() {
            "deliveries to it gave up".clone_into(&mut own.trouble);
        }
        own
    }

    /// The line of a webhook.
    #[must_use]
    pub fn of(webhook: &Webhook) -> Self {
        let failures = webhook.health.consecutive_failures;
        let trouble = match (webhook.state.disabled_reason(), failures) {
            (Some(reason), _) => format!("disabled: {}", disabled_words(reason)),
            (None, 0) => String::new(),
            (None, 1) => "the last attempt failed".to_owned(),
            (None, many) => format!("{many} failed attempts in a row"),
        };
        Self {
            id: webhook.id.to_string(),
            badge: Badge::webhook(webhook.state, failures),
            called: webhook_called(webhook),
            host: host(&webhook.settings.url),
            last_success: webhook.health.last_success_at.map(Ago),
            trouble,
        }
    }
}

/// A webhook in the list, with how it does.
struct ListedWebhook {
    own: OwnWebhook,
    patterns: String,
    strip: Strip,
    success: Option<String>,
    success_class: &'static str,
}

impl ListedWebhook {
    fn of(summary: &WebhookSummary) -> Self {
        Self {
            own: OwnWebhook::of(&summary.webhook),
            patterns: summary.webhook.settings.subscription.texts().join(", "),
            strip: Strip::new(&summary.outcomes),
            success: success(&summary.day),
            success_class: success_class(&summary.day),
        }
    }
}

/// What the list is narrowed to.
#[derive(Clone, Debug)]
struct Sought {
    /// A part of a name or URL, or an id, as typed.
    text: String,
    tab: WebhookTab,
    number: usize,
}

impl Sought {
    fn of(query: &mut Query) -> Self {
        Self {
            text: query.text("q").unwrap_or_default().trim().to_owned(),
            tab: query
                .parsed("state", WebhookTab::parse)
                .unwrap_or(WebhookTab::All),
            number: query.parsed("page", page_number).unwrap_or(1),
        }
    }

    /// What the service is asked for: what needs somebody comes first.
    fn search(&self) -> WebhookSearch {
        WebhookSearch {
            text: self.text.clone(),
            tab: self.tab,
            sort: WebhookSort::Trouble,
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
            ("state", tab_word(tab)),
            ("page", &number),
        ];
        with_query("/portal/webhooks", &parameters)
    }

    /// The tab's word; empty for all.
    fn state(&self) -> &'static str {
        tab_word(self.tab)
    }

    fn are_set(&self) -> bool {
        !self.text.is_empty() || self.tab != WebhookTab::All
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
    let number = text.parse().ok();
    let number = number.filter(|number| (1..=last).contains(number));
    number.ok_or("must be a page's number")
}

/// A tab: its address, its word, how many are under it, whether it is chosen.
type PortalTab = (String, &'static str, String, bool);

/// The page.
#[derive(Template)]
#[template(path = "portal/webhooks.html")]
pub struct PortalWebhooks<'a> {
    page: &'a PortalPage,
    rows: Vec<ListedWebhook>,
    sought: Sought,
    /// What is amiss with it; the list is as if that were not there.
    faults: Vec<FieldError>,
    tabs: Vec<PortalTab>,
    previous: Option<String>,
    next: Option<String>,
    is_empty: bool,
}

/// `GET /portal/webhooks`.
///
/// # Errors
/// 422 for parameters that nobody knows; what is amiss with others is said on the page.
pub async fn list(state: State, guest: Guest, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let sought = Sought::of(&mut query);
    let faults = query.faults();
    query.finish()?;
    let views = state.service.views();
    let found = views.webhooks(&guest.caller, None, sought.search(), Limit::clamped(ROWS));
    let found = found.await?;
    let page = PortalPage::of(&request, guest, Room::Webhooks, "Webhooks");
    let matching = found.hits.count(sought.tab);
    let ends = sought.skip() + found.hits.seqs.len();
    let tab = |tab: WebhookTab| {
        let word = match tab {
            WebhookTab::Attention => "needs attention",
            other => other.as_str(),
        };
        let count = grouped(found.hits.count(tab) as u64);
        (sought.address(tab, 1), word, count, tab == sought.tab)
    };
    let view = PortalWebhooks {
        rows: found.rows.iter().map(ListedWebhook::of).collect(),
        tabs: WebhookTab::ALL.into_iter().map(tab).collect(),
        previous: (sought.number > 1).then(|| sought.address(sought.tab, sought.number - 1)),
        next: (ends < matching).then(|| sought.address(sought.tab, sought.number + 1)),
        is_empty: found.hits.count(WebhookTab::All) == 0 && sought.text.is_empty(),
        sought,
        faults,
        page: &page,
    };
    show_asked(&request, &page, &view.faults, &view)
}

//! `/consumers`: the platform's customers, and one of them.
//!
//! Owns: the list with its search, the page of a consumer: what is said of it, how it does, its webhooks
//! and latest deliveries. Refuses: changing consumers; the platform's own programs do.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::audit_log::EntryRow;
use super::page::{PageContext, Section, show};
use super::{Shown, Visitor, state};
use crate::domain::consumer::{Consumer, ConsumerUid};
use crate::domain::page::{Limit, List};
use crate::domain::webhook::Webhook;
use crate::service::audit_log::EntriesAsked;
use crate::ui::delivery_row::{Row, webhook_called};
use crate::ui::figures::success;
use crate::ui::job_progress::matching_words;
use crate::ui::names::Names;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Ago, Badge, Copyable, grouped, host};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_text};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/consumers", VIEWER, || to(list)),
    Endpoint::get("/consumers/{consumer}", VIEWER, || to(one)),
];

/// Consumers of a page.
const ROWS: u32 = 30;
/// Webhooks, and deliveries, that a consumer's page shows.
const SHOWN: u32 = 20;

/// Entries of the audit log that a consumer's page shows.
const DONE_SHOWN: u32 = 10;

/// A line of the list.
#[derive(Clone, Debug)]
pub struct ConsumerRow {
    /// Its id.
    pub id: String,
    /// What people call it: its name, else the platform's id.
    pub called: String,
    /// The platform's id for it.
    pub uid: String,
    /// How many webhooks it has.
    pub webhooks: String,
    /// When it was made.
    pub created: Ago,
}

impl ConsumerRow {
    fn of(consumer: &Consumer) -> Self {
        let uid = consumer.uid.as_ref().map_or("", ConsumerUid::as_str);
        let id = consumer.id.to_string();
        Self {
            called: called(consumer),
            uid: uid.to_owned(),
            webhooks: grouped(consumer.webhooks),
            created: Ago(consumer.created_at),
            id,
        }
    }
}

/// What people call a consumer: by its name, else by the platform's id for it.
pub(super) fn called(consumer: &Consumer) -> String {
    let uid = consumer.uid.as_ref().map_or("", ConsumerUid::as_str);
    let id = consumer.id.to_string();
    let names = [&consumer.settings.name, uid, &id];
    let found = names.into_iter().find(|name| !name.is_empty());
    found.unwrap_or_default().to_owned()
}

/// A webhook on a consumer's page.
#[derive(Clone, Debug)]
pub struct ConsumerWebhook {
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
}

impl ConsumerWebhook {
    fn of(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            badge: Badge::webhook(webhook.state, webhook.health.consecutive_failures),
            called: webhook_called(webhook),
            host: host(&webhook.settings.url),
            last_success: webhook.health.last_success_at.map(Ago),
        }
    }
}

/// The list.
#[derive(Template)]
#[template(path = "consumers.html")]
pub struct ConsumersView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The lines.
    pub rows: Vec<ConsumerRow>,
    /// What uid or name begin with, as typed.
    pub text: String,
    /// Where the list goes on.
    pub older: Option<String>,
    /// Where it begins, if this is not there.
    pub newest: Option<String>,
}

/// One consumer.
#[derive(Template)]
#[template(path = "consumer.html")]
pub struct ConsumerView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// What it is called, and how many webhooks it has.
    pub row: ConsumerRow,
    /// Deliveries per second, at most.
    pub rate_limit: Option<String>,
    /// The platform's own words.
    pub metadata: Vec<(String, String)>,
    /// Successful attempts of the last day.
    pub success: Option<String>,
    /// Deliveries that wait, were delivered, gave up and wait for somebody; and where their lists are.
    pub counts: [(&'static str, String, String); 3],
    /// Its webhooks, newest first.
    pub webhooks: Vec<ConsumerWebhook>,
    /// Its latest deliveries.
    pub deliveries: Vec<Row>,
    /// What its visitors and keys did last.
    pub done: Vec<EntryRow>,
    /// The log of all that they did, for who may read it.
    pub all_done: Option<String>,
    /// The list of all deliveries.
    pub all: String,
    /// A portal link that was just made.
    pub link: Option<Copyable>,
    /// Whether the reader may make one.
    pub may_operate: bool,
}

async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let text = query.text("q").unwrap_or_default().trim().to_owned();
    let cursor = query.cursor("cursor", List::Consumers);
    query.finish()?;
    let prefix = Some(text.clone()).filter(|text| !text.is_empty());
    let (caller, limit) = (&visitor.caller, Limit::clamped(ROWS));
    let found = state.service.consumers(caller, prefix, cursor, limit);
    let found = found.await?;
    let page = PageContext::of(&state, &request, visitor, Section::Consumers, "Consumers").await?;
    let address = |cursor: &str| with_query("/consumers", &[("q", &text), ("cursor", cursor)]);
    let view = ConsumersView {
        rows: found.items.iter().map(ConsumerRow::of).collect(),
        older: found.next.map(|next| address(&next.to_string())),
        newest: cursor.map(|_| address("")),
        text: text.clone(),
        page: &page,
    };
    show(&page, &view)
}

async fn one(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let named = path_text(&request, "consumer");
    let views = state.service.views();
    let found = views.consumer(&visitor.caller, &named, Limit::clamped(SHOWN));
    let found = found.await?;
    let asked = EntriesAsked::Consumer {
        purview: visitor.caller.purview(),
        named: found.consumer.id.to_string(),
    };
    let done = views.audit_log(asked, None, Limit::clamped(DONE_SHOWN));
    let done = done.await?;
    let row = ConsumerRow::of(&found.consumer);
    let title = row.called.clone();
    let (now, user) = (state.service.clock().now(), visitor.person.user);
    let secrets = &state::of(&request).one_time_secrets;
    let link = secrets.take(user, &row.id, now);
    let (may_operate, may_own) = (visitor.may_operate(), visitor.may_own());
    let mut page = PageContext::of(&state, &request, visitor, Section::Consumers, &title).await?;
    let link = link.map(|link| Copyable::new(page.reveal(&link), "the portal link"));
    let names = Names(found.names);
    let settings = &found.consumer.settings;
    let (counts, total) = (found.stats.counts, found.stats.total);
    let of_status =
        |status| with_query("/deliveries", &[("consumer", &row.id), ("status", status)]);
    let view = ConsumerView {
        link,
        may_operate,
        all: with_query("/deliveries", &[("consumer", &row.id)]),
        rate_limit: settings.rate_limit.map(|rate| format!("{rate} per second")),
        metadata: settings.metadata.clone().into_iter().collect(),
        success: success(&total),
        counts: [
            (
                "Waiting",
                grouped(counts.pending + counts.retrying),
                of_status("pending,retrying"),
            ),
            (
                "Delivered",
                grouped(counts.delivered),
                of_status("delivered"),
            ),
            (
                "Dead letters",
                matching_words(found.dead_letters),
                with_query("/dead-letters", &[("consumer", &row.id)]),
            ),
        ],
        webhooks: found.webhooks.iter().map(ConsumerWebhook::of).collect(),
        deliveries: found
            .recent
            .iter()
            .map(|own| Row::of(own, &names))
            .collect(),
        done: EntryRow::all(&done),
        all_done: may_own.then(|| with_query("/audit-log", &[("consumer", &row.id)])),
        row,
        page: &page,
    };
    show(&page, &view)
}

//! `/search`: one field for whatever somebody has in hand.
//!
//! Owns: leading on from an id, and listing what holds a text. Refuses: claiming more than was looked
//! at: the page says how far that went.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::page::{PageContext, Section, go, show};
use super::{Shown, Visitor};
use crate::domain::event::StoredEvent;
use crate::domain::page::{Cursor, List};
use crate::service::views::{SEARCH_HITS_MAX, SearchHits, SearchPlace};
use crate::ui::delivery_row::Row;
use crate::ui::names::{Names, called};
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Ago, counted, further, grouped, host};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/search", VIEWER, || to(search))];

/// The most characters that are looked for.
const TEXT_CHARS_MAX: usize = 200;

/// An event whose data holds the text.
#[derive(Clone, Debug)]
pub struct EventLine {
    /// Its public id.
    pub id: String,
    /// Its type.
    pub event_type: String,
    /// When it was accepted.
    pub made: Ago,
}

/// The page.
#[derive(Template)]
#[template(path = "search.html")]
pub struct SearchView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// What was looked for.
    pub text: String,
    /// Webhooks: address, name, host.
    pub webhooks: Vec<(String, String, String)>,
    /// The list of all that fit, and how many more those are, in words.
    pub further_webhooks: Option<(String, String)>,
    /// Event types: address, name.
    pub event_types: Vec<(String, String)>,
    /// How many more fit, in words.
    pub further_types: Option<String>,
    /// Events whose data holds it.
    pub events: Vec<EventLine>,
    /// What is said where the looking ended with these.
    pub events_full: Option<String>,
    /// Deliveries whose last answer holds it.
    pub answers: Vec<Row>,
    /// What is said where the looking ended with these.
    pub answers_full: Option<String>,
    /// How far was looked, in words.
    pub reach: String,
}

impl SearchView<'_> {
    fn is_empty(&self) -> bool {
        self.webhooks.is_empty()
            && self.event_types.is_empty()
            && self.events.is_empty()
            && self.answers.is_empty()
    }
}

/// `GET /search`.
///
/// # Errors
/// 422 for parameters that nobody knows.
pub async fn search(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let text = query.text("q").unwrap_or_default();
    query.finish()?;
    let text: String = text.trim().chars().take(TEXT_CHARS_MAX).collect();
    let hits = match text.is_empty() {
        true => SearchHits::default(),
        false => {
            let views = state.service.views();
            views.search(&visitor.caller, text.clone()).await?
        }
    };
    if let Some(place) = &hits.place {
        return Ok(go(&path(place)));
    }
    let page = PageContext::of(&state, &request, visitor, Section::Search, "Search").await?;
    let reach = format!(
        "Looked through the data of the newest {} and the last answers to the newest {}.",
        counted(hits.events_looked_at as u64, "event", "events"),
        counted(hits.answers_looked_at as u64, "delivery", "deliveries"),
    );
    let names = Names(hits.names);
    let left_out = |count: usize| (count > 0).then(|| further(count as u64));
    let full = |count: usize| {
        let words = "are shown; there may be more behind them.";
        let told = || format!("The newest {} that hold it {words}", grouped(count as u64));
        (count == SEARCH_HITS_MAX).then(told)
    };
    let view = SearchView {
        page: &page,
        further_webhooks: left_out(hits.webhooks_left_out)
            .map(|words| (with_query("/webhooks", &[("q", &text)]), words)),
        further_types: left_out(hits.event_types_left_out),
        events_full: full(hits.events.len()),
        answers_full: full(hits.answers.len()),
        webhooks: hits
            .webhooks
            .iter()
            .map(|name| {
                (
                    format!("/webhooks/{}", name.id),
                    called(name),
                    host(&name.url),
                )
            })
            .collect(),
        event_types: hits
            .event_types
            .iter()
            .map(|name| {
                let address = with_query("/events", &[("type", name.as_str())]);
                (address, name.as_str().to_owned())
            })
            .collect(),
        events: hits.events.iter().map(line).collect(),
        answers: Row::all(&hits.answers, &names),
        reach,
        text,
    };
    show(&page, &view)
}

fn path(place: &SearchPlace) -> String {
    match place {
        SearchPlace::Delivery(id) => format!("/deliveries/{id}"),
        SearchPlace::Webhook(id) => format!("/webhooks/{id}"),
        SearchPlace::Event(id) => format!("/events/{id}"),
        SearchPlace::Job(id) => format!("/jobs/{id}"),
        SearchPlace::Consumer(id) => format!("/consumers/{id}"),
        SearchPlace::Key(id) => format!("/api-keys#{id}"),
        SearchPlace::Workspace(id) => format!("/workspaces#{id}"),
        SearchPlace::User(id) => format!("/people#{id}"),
        SearchPlace::AuditEntry(id) => {
            let from_it = Cursor::behind(List::AuditLog, id.seq() + 1).to_string();
            format!("{}#{id}", with_query("/audit-log", &[("cursor", &from_it)]))
        }
    }
}

fn line(stored: &StoredEvent) -> EventLine {
    EventLine {
        id: stored.event.public_id(),
        event_type: stored.event.event_type.to_string(),
        made: Ago(stored.created_at),
    }
}

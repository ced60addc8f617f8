//! `/events`: what publishers said.
//!
//! Owns: the list, looking an event up by its id. Refuses: single events ([`super::event`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::page::{PageContext, Section, go, show};
use super::{Shown, Visitor};
use crate::domain::event::StoredEvent;
use crate::domain::event_type::EventTypeName;
use crate::domain::page::{Limit, List, Order};
use crate::service::Refusal;
use crate::service::events::EventListing;
use crate::ui::parts::curl::publish_call;
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Ago, size};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/events", VIEWER, || to(list))];

/// Events of a page.
const ROWS: u32 = 30;

/// A line of the list.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Its id, as its publisher knows it.
    pub id: String,
    /// Its type.
    pub event_type: String,
    /// How many deliveries it was given.
    pub deliveries: u32,
    /// How large its data is.
    pub size: String,
    /// When it was accepted.
    pub accepted: Ago,
}

/// The page.
#[derive(Template)]
#[template(path = "events.html")]
pub struct EventsView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The lines.
    pub rows: Vec<EventRow>,
    /// The type that the list is narrowed to.
    pub event_type: String,
    /// The consumer that the list is narrowed to.
    pub consumer: String,
    /// An id that was looked for in vain.
    pub not_found: Option<String>,
    /// Where the list goes on.
    pub older: Option<String>,
    /// Where it begins, if this is not there.
    pub newest: Option<String>,
    /// A publish call for a shell.
    pub curl: String,
    /// Whether the reader may publish.
    pub may_operate: bool,
}

/// `GET /events`.
///
/// # Errors
/// 422 for a type or cursor that makes no sense.
pub async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let event_type = query.text("type");
    let consumer = query.text("consumer");
    let wanted = query.text("id");
    let cursor = query.cursor("cursor", List::Events);
    query.finish()?;
    let mut not_found = None;
    if let Some(id) = wanted {
        let id = id.trim().to_owned();
        match state.service.event(&visitor.caller, &id).await {
            Ok(found) => return Ok(go(&format!("/events/{}", found.stored.event.public_id()))),
            Err(Refusal::NotFound(_)) => not_found = Some(id),
            Err(other) => return Err(other.into()),
        }
    }
    let typed = event_type.clone().unwrap_or_default();
    if let Some(name) = &event_type {
        EventTypeName::parse(name).map_err(|message| Refusal::field("type", message))?;
    }
    let listing = EventListing {
        event_types: event_type.into_iter().collect(),
        channel: None,
        tag: None,
        since: None,
        until: None,
        order: Order::Descending,
        cursor,
    };
    let (caller, limit) = (&visitor.caller, Limit::clamped(ROWS));
    let of = consumer.clone().unwrap_or_default();
    let found = state.service.events(caller, consumer, listing, limit);
    let found = found.await?;
    let may_operate = visitor.may_operate();
    let page = PageContext::of(&state, &request, visitor, Section::Events, "Events").await?;
    let address = |cursor: &str| {
        let parameters = [("type", &*typed), ("consumer", &of), ("cursor", cursor)];
        with_query("/events", &parameters)
    };
    let view = EventsView {
        rows: found.items.iter().map(row).collect(),
        older: found.next.map(|next| address(&next.to_string())),
        newest: cursor.map(|_| address("")),
        event_type: typed.clone(),
        consumer: of.clone(),
        curl: publish_call(&page.base),
        not_found,
        may_operate,
        page: &page,
    };
    show(&page, &view)
}

fn row(stored: &StoredEvent) -> EventRow {
    EventRow {
        id: stored.event.public_id(),
        event_type: stored.event.event_type.to_string(),
        deliveries: stored.delivery_count,
        size: size(stored.event.data.len() as u64),
        accepted: Ago(stored.created_at),
    }
}

//! `/events`: what publishers said.
//!
//! Owns: the list, looking an event up by its id. Refuses: single events ([`super::event`]).

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::VIEWER;
use super::page::{PageContext, Section, go, show_asked};
use super::{Shown, Visitor};
use crate::domain::event::StoredEvent;
use crate::domain::event_type::Pattern;
use crate::domain::id::DeliveryId;
use crate::domain::page::{Cursor, Limit, List, Page};
use crate::domain::time::Timestamp;
use crate::service::events::EventListing;
use crate::service::{FieldError, Refusal};
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

/// What the list is narrowed to, as typed.
#[derive(Clone, Debug, Default)]
pub struct EventsNarrowed {
    /// An event type, or a pattern of them.
    pub event_type: String,
    /// A consumer's id or uid.
    pub consumer: String,
    /// The first instant of acceptance.
    pub since: String,
    /// The end of acceptance, exclusive.
    pub until: String,
}

impl EventsNarrowed {
    fn of(query: &mut Query) -> Self {
        let mut text = |name| query.text(name).unwrap_or_default().trim().to_owned();
        Self {
            event_type: text("type"),
            consumer: text("consumer"),
            since: text("since"),
            until: text("until"),
        }
    }

    fn parts(&self) -> [(&'static str, &str); 4] {
        [
            ("type", &self.event_type),
            ("consumer", &self.consumer),
            ("since", &self.since),
            ("until", &self.until),
        ]
    }

    fn address(&self, cursor: &str) -> String {
        with_query(
            "/events",
            &[&self.parts()[..], &[("cursor", cursor)]].concat(),
        )
    }

    fn are_set(&self) -> bool {
        self.parts().into_iter().any(|(_, text)| !text.is_empty())
    }

    fn has_times(&self) -> bool {
        !self.since.is_empty() || !self.until.is_empty()
    }

    /// What is asked for, or what is amiss with it.
    fn listing(&self, cursor: Option<Cursor>) -> Result<EventListing, Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut fault = |field: &str, message| {
            let field = field.to_owned();
            faults.push(FieldError { field, message });
        };
        let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let pattern = given(&self.event_type).map(|text| Pattern::parse(&text));
        let pattern = pattern.transpose();
        let pattern = pattern.map_err(|message| fault("type", message));
        let mut time = |field, text| {
            let read = given(text).map(|text| Timestamp::parse(&text));
            read.transpose()
                .map_err(|message| fault(field, message))
                .unwrap_or_default()
        };
        let (since, until) = (time("since", &self.since), time("until", &self.until));
        if since
            .zip(until)
            .is_some_and(|(since, until)| since >= until)
        {
            fault("until", "must be later than since".to_owned());
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(EventListing {
            pattern: pattern.unwrap_or_default(),
            since,
            until,
            cursor,
            ..EventListing::default()
        })
    }
}

/// The page.
#[derive(Template)]
#[template(path = "events.html")]
pub struct EventsView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The lines.
    pub rows: Vec<EventRow>,
    /// What the list is narrowed to.
    pub narrowed: EventsNarrowed,
    /// What is amiss with it; then nothing was listed.
    pub faults: Vec<FieldError>,
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

impl EventsView<'_> {
    fn is_amiss(&self, field: &str) -> bool {
        self.faults.iter().any(|fault| fault.field == field)
    }
}

/// `GET /events`.
///
/// # Errors
/// 422 for a cursor that makes no sense; what is amiss with a field is said on the page.
pub async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let narrowed = EventsNarrowed::of(&mut query);
    let wanted = query.text("id");
    let cursor = query.cursor("cursor", List::Events);
    query.finish()?;
    let mut not_found = None;
    if let Some(id) = wanted {
        let id = id.trim().to_owned();
        if let Some(delivery) = DeliveryId::parse(&id)
            && state
                .service
                .delivery(&visitor.caller, delivery)
                .await
                .is_ok()
        {
            return Ok(go(&format!("/deliveries/{delivery}")));
        }
        match state.service.event(&visitor.caller, &id).await {
            Ok(found) => return Ok(go(&format!("/events/{}", found.stored.event.public_id()))),
            Err(Refusal::NotFound(_)) => not_found = Some(id),
            Err(other) => return Err(other.into()),
        }
    }
    let (caller, limit) = (&visitor.caller, Limit::clamped(ROWS));
    let (found, faults) = match narrowed.listing(cursor) {
        Ok(listing) => {
            let of = Some(narrowed.consumer.clone()).filter(|of| !of.is_empty());
            let found = state.service.events(caller, of, listing, limit).await?;
            (found, Vec::new())
        }
        Err(faults) => (Page::default(), faults),
    };
    let may_operate = visitor.may_operate();
    let page = PageContext::of(&state, &request, visitor, Section::Events, "Events").await?;
    let view = EventsView {
        rows: found.items.iter().map(row).collect(),
        older: found.next.map(|next| narrowed.address(&next.to_string())),
        newest: cursor.map(|_| narrowed.address("")),
        curl: publish_call(&page.base),
        narrowed,
        faults,
        not_found,
        may_operate,
        page: &page,
    };
    show_asked(&page, &view.faults, &view)
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

//! `/webhooks/{id}/preview`: what a webhook would get of an event that was published.
//!
//! Owns: choosing the event, and showing the request. Refuses: making it (`service`), and sending it.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::OPERATOR;
use super::page::{PageContext, Section, show};
use super::{Form, Shown, Visitor};
use crate::domain::event::StoredEvent;
use crate::domain::id::WebhookId;
use crate::domain::page::Limit;
use crate::engine::preview::{PreviewFault, PreviewedRequest};
use crate::service::events::EventListing;
use crate::service::webhooks::{Preview, PreviewInput};
use crate::ui::delivery_row::webhook_called;
use crate::ui::parts::Choice;
use crate::ui::parts::code::Block;
use crate::ui::why_not::why_words;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::path_id;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] =
    &[
        Endpoint::post("/webhooks/{id}/preview", OPERATOR, || to(preview))
            .fresh()
            .back("/webhooks/{id}/test"),
    ];

/// Stands for the event of a test; no event has such an id.
const TEST: &str = "*";
/// Events that are offered.
const EVENTS: u32 = 12;
/// What the body may take of the page, in bytes of HTML.
const BODY_HTML_BYTES: usize = 16 * 1024;

/// The page.
#[derive(Template)]
#[template(path = "webhook_preview.html")]
pub struct WebhookPreviewView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The webhook's id.
    pub id: String,
    /// What it is called.
    pub called: String,
    /// The events that may be chosen, and the webhook's own test event.
    pub events: Vec<Choice>,
    /// Why the webhook would not get it.
    pub why_not: Option<String>,
    /// The request.
    pub request: Option<RequestShown>,
    /// What keeps it from being made.
    pub fault: Option<PreviewFault>,
}

/// A request as it would go out.
#[derive(Clone, Debug)]
pub struct RequestShown {
    /// Method and URL.
    pub line: String,
    /// Its headers, credentials masked.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Block,
    /// Whether the body is cut.
    pub is_cut: bool,
}

async fn preview(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: WebhookId = path_id(&request, "webhook")?;
    let (service, caller) = (&state.service, &visitor.caller);
    let webhook = service.webhook(caller, id).await?;
    let newest = EventListing::default();
    let recent = service.events(caller, None, newest, Limit::clamped(EVENTS));
    let recent = recent.await?.items;
    let chosen = match form.text("event_id") {
        Some(chosen) => Some(chosen).filter(|chosen| chosen != TEST),
        None => recent.first().map(|stored| stored.event.public_id()),
    };
    let events = choices(&recent, chosen.as_deref());
    let input = PreviewInput {
        event_id: chosen,
        event: None,
    };
    let Preview {
        why_not,
        request: made,
    } = service.preview_webhook(caller, id, input).await?;
    let called = webhook_called(&webhook);
    let page = PageContext::of(&state, &request, visitor, Section::Webhooks, "Preview").await?;
    let (shown, fault) = match made {
        Ok(made) => (Some(RequestShown::of(made)), None),
        Err(fault) => (None, Some(fault)),
    };
    let view = WebhookPreviewView {
        page: &page,
        id: id.to_string(),
        called,
        events,
        why_not: why_not.as_ref().map(why_words),
        request: shown,
        fault,
    };
    show(&page, &view)
}

fn choices(recent: &[StoredEvent], chosen: Option<&str>) -> Vec<Choice> {
    let present = chosen.unwrap_or(TEST);
    let test = Choice::new(TEST, "the test event", present);
    let published = recent.iter().map(|stored| {
        let id = stored.event.public_id();
        let words = format!("{} {id}", stored.event.event_type);
        Choice::new(id, words, present)
    });
    [test].into_iter().chain(published).collect()
}

impl RequestShown {
    fn of(made: PreviewedRequest) -> Self {
        let text = String::from_utf8_lossy(&made.body);
        let (body, is_cut) = Block::of_body(&text, BODY_HTML_BYTES, "the request's body");
        Self {
            line: format!("{} {}", made.method, made.url),
            headers: made.headers,
            body,
            is_cut,
        }
    }
}

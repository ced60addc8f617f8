//! `/portal/events/{id}`: one event, what became of it at the customer's webhooks, and sending it again.
//!
//! Owns: the page and the replay. Refuses: what the event came to anywhere else.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{GUEST, RETRY, VIEW};
use super::form::GuestForm;
use super::guest::Guest;
use super::page::{PortalPage, Room, Shown, back_to, show};
use crate::domain::id::WebhookId;
use crate::service::{Done, Idempotency, Refusal};
use crate::ui::delivery_row::Row;
use crate::ui::exchange::{Bodies, body_block};
use crate::ui::names::Names;
use crate::ui::parts::code::Block;
use crate::ui::parts::{Copyable, Stamp, counted};
use crate::ui::speech::filters;
use crate::ui::why_not::{Without, without};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_text};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/portal/events/{id}", GUEST, || to(detail)).needs(VIEW),
    Endpoint::post("/portal/events/{id}/replay", GUEST, || to(replay)).needs(RETRY),
];

/// Deliveries, and webhooks without one, that the page lists.
const SHOWN: usize = 20;

/// The page.
#[derive(Template)]
#[template(path = "portal/event.html")]
pub struct PortalEvent<'a> {
    page: &'a PortalPage,
    id: Copyable,
    event_type: String,
    occurred: Stamp,
    data: Block,
    note: String,
    rows: Vec<Row>,
    without: Vec<Without>,
    /// Where the forms lead.
    action: String,
}

async fn detail(state: State, guest: Guest, request: HttpRequest) -> Shown {
    let id = path_text(&request, "id");
    Query::of(&request).finish()?;
    let found = state.service.views().event(&guest.caller, &id).await?;
    let (detail, names) = (found.detail, Names(found.names));
    let event = &detail.stored.event;
    let event_type = event.event_type.to_string();
    let page = PortalPage::of(&request, guest, Room::Deliveries, event_type.clone());
    let (data, note) = body_block(event.data.as_bytes(), Bodies::Pretty, "the event's data");
    let rows = detail.deliveries.iter().rev().take(SHOWN);
    let view = PortalEvent {
        id: Copyable::new(event.public_id(), "the event's id"),
        occurred: Stamp(event.occurred_at),
        rows: Row::all(rows, &names),
        without: without(&detail, &names).into_iter().take(SHOWN).collect(),
        action: format!("{}/replay", request.path()),
        event_type,
        data,
        note,
        page: &page,
    };
    show(&request, &page, &view)
}

async fn replay(state: State, guest: Guest, request: HttpRequest, form: GuestForm) -> Shown {
    let id = path_text(&request, "id");
    let webhook = match form.0.text("webhook_id") {
        Some(text) => Some(WebhookId::parse(&text).ok_or(Refusal::NotFound("webhook"))?),
        None => None,
    };
    let done = state
        .service
        .replay(&guest.caller, &id, webhook, Idempotency::unkeyed())
        .await;
    // The id may be anything until it was found, so the way back is the one that was come.
    let page = request.path().trim_end_matches("/replay").to_owned();
    back_to(&request, &page, done, |done| match done {
        Done::Fresh(made) => format!(
            "Sent again: {} with a new id.",
            counted(made.len() as u64, "delivery", "deliveries")
        ),
        Done::Replayed(_) => "Sent again before.".to_owned(),
    })
}

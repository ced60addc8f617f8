//! `/portal/deliveries/{id}`: one delivery with every attempt, what was sent and what came back.
//!
//! Owns: the page and the actions on a delivery. Refuses: other consumers' deliveries of an event, and the
//! words for operators.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{GUEST, RETRY, VIEW};
use super::form::GuestForm;
use super::guest::Guest;
use super::page::{PortalPage, Room, Shown, back_to, show};
use crate::domain::attempt::Attempt;
use crate::domain::delivery::Delivery;
use crate::domain::hearer::for_customers;
use crate::domain::id::DeliveryId;
use crate::ui::attempts::{ATTEMPTS_SHOWN, AttemptLine, Axis, AxisMark, attempt_lines};
use crate::ui::delivery_row::retry_word;
use crate::ui::exchange::{Bodies, ShownExchange, body_block, exchange};
use crate::ui::explain::{Explained, explain_to_customers};
use crate::ui::facts::DeliveryFacts;
use crate::ui::names::Names;
use crate::ui::parts::code::Block;
use crate::ui::parts::{Badge, Copyable};
use crate::ui::speech::filters;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/portal/deliveries/{id}", GUEST, || to(detail)).needs(VIEW),
    Endpoint::post("/portal/deliveries/{id}/retry", GUEST, || to(retry)).needs(RETRY),
    Endpoint::post("/portal/deliveries/{id}/cancel", GUEST, || to(cancel)).needs(RETRY),
];

/// The page.
#[derive(Template)]
#[template(path = "portal/delivery.html")]
pub struct PortalDelivery<'a> {
    page: &'a PortalPage,
    delivery: &'a Delivery,
    facts: DeliveryFacts<'a>,
    id: Copyable,
    badge: Badge,
    webhook: String,
    url: String,
    lines: Vec<AttemptLine>,
    planned: Vec<AxisMark>,
    left_out: usize,
    exchange: Option<ShownExchange>,
    error: Option<String>,
    explained: Option<Explained>,
    body: Block,
    /// The number of the attempt that is being made now.
    under_way: Option<u32>,
    body_note: String,
    retry: Option<&'static str>,
}

async fn detail(state: State, guest: Guest, request: HttpRequest) -> Shown {
    let id: DeliveryId = path_id(&request, "delivery")?;
    let mut query = Query::of(&request);
    let wanted = query.parsed("attempt", |text| {
        text.parse::<u32>().map_err(|_| "must be a number")
    });
    query.finish()?;
    let found = state.service.views().delivery(&guest.caller, id, 0).await?;
    let names = Names(found.names);
    let delivery = &found.detail.delivery;
    let attempts = &found.detail.attempts;
    let webhook = names.called(delivery.webhook.seq());
    let to = guest.language.say("to");
    let title = format!("{} {to} {webhook}", delivery.event_type);
    let page = PortalPage::of(&request, guest, Room::Deliveries, title);
    let shown = wanted
        .and_then(|number| attempts.iter().find(|attempt| attempt.number == number))
        .or(attempts.last());
    let (body, body_note) = body_block(
        &found.detail.request_body,
        Bodies::Pretty,
        "the request's body",
    );
    let own = format!("/portal/deliveries/{id}");
    let axis = Axis::of(delivery, attempts, &found.planned);
    let view = PortalDelivery {
        id: Copyable::new(id.to_string(), "the delivery's id"),
        badge: Badge::delivery(delivery.progress.status),
        url: found.detail.url.clone(),
        planned: axis.planned(&found.planned),
        lines: attempt_lines(&own, attempts, shown, Bodies::Pretty, axis),
        left_out: attempts.len().saturating_sub(ATTEMPTS_SHOWN),
        exchange: shown.map(|attempt| exchange(attempt, Bodies::Pretty)),
        error: shown.and_then(receivers_error),
        explained: shown
            .and_then(|attempt| explain_to_customers(attempt.error_kind, attempt.status_code)),
        body,
        body_note,
        retry: retry_word(delivery),
        webhook,
        facts: DeliveryFacts(delivery),
        under_way: state
            .service
            .is_under_way(delivery)
            .then(|| delivery.progress.attempt_count + 1),
        delivery,
        page: &page,
    };
    show(&request, &page, &view)
}

/// The failure's own text, where that says more than its explanation.
fn receivers_error(attempt: &Attempt) -> Option<String> {
    let is_receivers = attempt
        .error_kind
        .is_some_and(|kind| for_customers(kind).is_none());
    attempt.error.clone().filter(|_| is_receivers)
}

async fn retry(state: State, guest: Guest, request: HttpRequest, form: GuestForm) -> Shown {
    let id: DeliveryId = path_id(&request, "delivery")?;
    let back = form.0.back(&format!("/portal/deliveries/{id}"));
    let done = state.service.retry_delivery(&guest.caller, id).await;
    back_to(&request, &back, done, |_| {
        "One attempt is being made now. Reload this page to see what came of it.".to_owned()
    })
}

async fn cancel(state: State, guest: Guest, request: HttpRequest, _: GuestForm) -> Shown {
    let id: DeliveryId = path_id(&request, "delivery")?;
    let back = format!("/portal/deliveries/{id}");
    let done = state.service.cancel_delivery(&guest.caller, id).await;
    back_to(&request, &back, done, |_| {
        "The delivery was canceled.".to_owned()
    })
}

//! `/deliveries/{id}`: one delivery with every attempt, what was sent and what came back.
//!
//! Owns: the timeline, one attempt's request and answer at a time, and the actions on a delivery.
//! Refuses: showing all bodies at once: a page has a bound, and an attempt is one click away.

use actix_web::http::header;
use actix_web::web::to;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::access::{OPERATOR, VIEWER};
use super::page::{PageContext, Section, back_to, show};
use super::{Form, Shown, Visitor};
use crate::domain::attempt::Attempt;
use crate::domain::delivery::Delivery;
use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;
use crate::service::deliveries::DeliveryDetail;
use crate::ui::attempts::{
    ATTEMPTS_SHOWN, AttemptLine, Axis, AxisMark, attempt_address, attempt_lines,
};
use crate::ui::compare::Comparison;
use crate::ui::delivery_row::retry_word;
use crate::ui::exchange::{Bodies, ShownExchange, body_block, curl, exchange};
use crate::ui::facts::DeliveryFacts;
use crate::ui::names::Names;
use crate::ui::parts::code::Block;
use crate::ui::parts::stamp::{Due, Stamp};
use crate::ui::parts::{Badge, Copyable, counted};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/deliveries/{id}", VIEWER, || to(detail)),
    Endpoint::get("/deliveries/{id}/body", VIEWER, || to(body)),
    Endpoint::post("/deliveries/{id}/retry", OPERATOR, || to(retry))
        .fresh()
        .back("/deliveries/{id}"),
    Endpoint::post("/deliveries/{id}/cancel", OPERATOR, || to(cancel))
        .fresh()
        .back("/deliveries/{id}"),
];

/// Deliveries of the same event that are listed.
const SIBLINGS_SHOWN: usize = 8;
/// Deliveries of the same event that are counted.
const SIBLINGS_COUNTED: usize = 57;

/// Another delivery of the same event.
#[derive(Clone, Debug)]
pub struct Sibling {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub badge: Badge,
    /// What its webhook is called.
    pub webhook: String,
}

/// The page.
#[derive(Template)]
#[template(path = "delivery.html")]
pub struct DeliveryView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The delivery.
    pub delivery: &'a Delivery,
    /// What pages say of it.
    pub facts: DeliveryFacts<'a>,
    /// Its id, to be copied.
    pub id: Copyable,
    /// Its event's id, to be copied.
    pub event_id: Copyable,
    /// Where it stands.
    pub badge: Badge,
    /// What its webhook is called.
    pub webhook: String,
    /// Where it goes.
    pub url: String,
    /// Its attempts, newest first.
    pub lines: Vec<AttemptLine>,
    /// Where the next ones are planned.
    pub planned: Vec<AxisMark>,
    /// When those behind the next one are due, should that fail.
    pub later: Vec<Stamp>,
    /// How many older ones are left out.
    pub left_out: usize,
    /// The attempt that is shown whole.
    pub exchange: Option<ShownExchange>,
    /// The body that is sent.
    pub body: Block,
    /// What is to be said about it.
    pub body_note: String,
    /// The address of the other form of the bodies, and its word.
    pub other_form: (String, &'static str),
    /// The request as a command.
    pub curl: Block,
    /// The same event's other deliveries.
    pub siblings: Vec<Sibling>,
    /// How many more of those there are.
    pub siblings_left_out: usize,
    /// Whether an attempt is being made right now.
    pub is_under_way: bool,
    /// The attempt shown and another, side by side.
    pub comparison: Option<Comparison>,
    /// What it can be compared with: each number, and whether it is offered first.
    pub others: Vec<(u32, bool)>,
    /// The word of the button that makes one more attempt.
    pub retry: Option<&'static str>,
    /// Whether the reader may.
    pub may_operate: bool,
}

impl DeliveryView<'_> {
    fn left_out_words(&self) -> String {
        let attempts = counted(self.left_out as u64, "earlier attempt", "earlier attempts");
        let are = if self.left_out == 1 { "is" } else { "are" };
        format!("{attempts} {are}")
    }

    fn next_in(&self) -> Option<Due> {
        self.delivery.next_attempt_at().map(Due)
    }

    fn next_number(&self) -> u32 {
        self.delivery.progress.attempt_count + 1
    }

    fn is_restorable(&self) -> bool {
        self.delivery.is_discarded()
    }

    fn discarded(&self) -> Option<Stamp> {
        self.delivery.discarded_at.map(Stamp)
    }

    fn alerted(&self) -> Option<Stamp> {
        self.delivery.alert_sent_at.map(Stamp)
    }

    fn attempts_left(&self) -> u32 {
        let progress = &self.delivery.progress;
        self.delivery
            .max_attempts
            .saturating_sub(progress.failed_in_run)
    }
}

async fn detail(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let id: DeliveryId = path_id(&request, "delivery")?;
    let mut query = Query::of(&request);
    let wanted = query.parsed("attempt", |text| {
        text.parse::<u32>().map_err(|_| "must be a number")
    });
    let with = query.parsed("with", |text| {
        text.parse::<u32>().map_err(|_| "must be a number")
    });
    let form = match query.text("bodies").as_deref() {
        Some("raw") => Bodies::Raw,
        Some(_) | None => Bodies::Pretty,
    };
    query.finish()?;
    let views = state.service.views();
    let found = views
        .delivery(&visitor.caller, id, SIBLINGS_COUNTED)
        .await?;
    let names = Names(found.names);
    let delivery = &found.detail.delivery;
    let title = format!(
        "{} to {}",
        delivery.event_type,
        names.called(delivery.webhook.seq())
    );
    let page = PageContext::of(&state, &request, visitor, Section::Deliveries, title).await?;
    let tries = AskedTries {
        planned: &found.planned,
        wanted,
    };
    let view = view(&page, &found.detail, &found.siblings, &names, tries, form);
    let attempts = &found.detail.attempts;
    let find = |number: u32| attempts.iter().find(|one| one.number == number);
    let shown = view.exchange.as_ref().and_then(|one| find(one.number));
    let with = with.and_then(find).zip(shown);
    let view = DeliveryView {
        is_under_way: state.service.is_under_way(delivery),
        comparison: with.map(|(with, shown)| Comparison::of(with, shown)),
        ..view
    };
    show(&page, &view)
}

/// What is asked of a delivery's attempts.
#[derive(Clone, Copy)]
struct AskedTries<'a> {
    /// When the next ones are due.
    planned: &'a [Timestamp],
    /// Which one is to be shown whole.
    wanted: Option<u32>,
}

fn view<'a>(
    page: &'a PageContext,
    found: &'a DeliveryDetail,
    siblings: &[Delivery],
    names: &Names,
    tries: AskedTries<'_>,
    form: Bodies,
) -> DeliveryView<'a> {
    let delivery = &found.delivery;
    let attempts = &found.attempts;
    let shown = tries
        .wanted
        .and_then(|number| attempts.iter().find(|attempt| attempt.number == number))
        .or(attempts.last());
    let (body, body_note) = body_block(&found.request_body, form, "the request's body");
    let axis = Axis::of(delivery, attempts, tries.planned);
    DeliveryView {
        page,
        id: Copyable::new(delivery.id.to_string(), "the delivery's id"),
        event_id: Copyable::new(&delivery.event_public_id, "the event's id"),
        badge: Badge::delivery(delivery.progress.status),
        webhook: names.called(delivery.webhook.seq()),
        url: found.url.clone(),
        planned: axis.planned(tries.planned),
        later: tries.planned.iter().skip(1).copied().map(Stamp).collect(),
        lines: attempt_lines(&path(delivery), attempts, shown, form, axis),
        left_out: attempts.len().saturating_sub(ATTEMPTS_SHOWN),
        exchange: shown.map(|attempt| exchange(attempt, form)),
        body,
        body_note,
        other_form: other_form(delivery, shown, form),
        curl: Block::new(curl(found), "the request as a curl command"),
        siblings: siblings
            .iter()
            .take(SIBLINGS_SHOWN)
            .map(|one| sibling(one, names))
            .collect(),
        siblings_left_out: siblings.len().saturating_sub(SIBLINGS_SHOWN),
        is_under_way: false,
        comparison: None,
        others: others(attempts, shown),
        retry: retry_word(delivery),
        may_operate: page.visitor.may_operate(),
        facts: DeliveryFacts(delivery),
        delivery,
    }
}

/// The attempts of the timeline that `shown` can be compared with, the newest first; the one before it
/// is offered.
fn others(attempts: &[Attempt], shown: Option<&Attempt>) -> Vec<(u32, bool)> {
    let Some(shown) = shown.map(|attempt| attempt.number) else {
        return Vec::new();
    };
    let numbers = attempts.iter().rev().take(ATTEMPTS_SHOWN);
    let numbers = numbers.map(|attempt| attempt.number);
    let others: Vec<u32> = numbers.filter(|number| *number != shown).collect();
    let before = others.iter().copied().find(|number| *number < shown);
    others
        .into_iter()
        .map(|number| (number, Some(number) == before))
        .collect()
}

fn path(delivery: &Delivery) -> String {
    format!("/deliveries/{}", delivery.id)
}

fn sibling(delivery: &Delivery, names: &Names) -> Sibling {
    Sibling {
        id: delivery.id.to_string(),
        badge: Badge::delivery(delivery.progress.status),
        webhook: names.called(delivery.webhook.seq()),
    }
}

fn other_form(
    delivery: &Delivery,
    shown: Option<&Attempt>,
    form: Bodies,
) -> (String, &'static str) {
    let own = path(delivery);
    match form {
        Bodies::Pretty => (attempt_address(&own, shown, Bodies::Raw), "Show raw"),
        Bodies::Raw => (
            attempt_address(&own, shown, Bodies::Pretty),
            "Show indented",
        ),
    }
}

/// `GET /deliveries/{id}/body`: the body as it is sent, to be saved.
pub async fn body(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let id: DeliveryId = path_id(&request, "delivery")?;
    let found = state.service.delivery(&visitor.caller, id).await?;
    // Saved and never shown: what a publisher sent must not become a page of ours.
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'; frame-ancestors 'none'",
        ))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{id}.body\""),
        ))
        .body(found.request_body))
}

async fn retry(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: DeliveryId = path_id(&request, "delivery")?;
    let back = form.back(&format!("/deliveries/{id}"));
    let done = state.service.retry_delivery(&visitor.caller, id).await;
    back_to(&back, done, |_| {
        "One attempt is being made now; its result appears here.".to_owned()
    })
}

async fn cancel(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id: DeliveryId = path_id(&request, "delivery")?;
    let back = form.back(&format!("/deliveries/{id}"));
    let done = state.service.cancel_delivery(&visitor.caller, id).await;
    back_to(&back, done, |_| "The delivery was canceled.".to_owned())
}

//! `/events/new` and `/events/{id}`: publishing one event, and what became of it at each webhook.
//!
//! Owns: the publish form, the detail with the reason why a webhook did not get it, replays.
//! Refuses: rules; the form publishes as the API does.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OPERATOR, VIEWER};
use super::form::show_form;
use super::page::{PageContext, Section, back_to, go_and_say, show};
use super::{Form, Shown, Visitor};
use crate::domain::catalogue::EventType;
use crate::domain::delivery::Delivery;
use crate::domain::id::WebhookId;
use crate::service::events::{EventDetail, Known, PublishInput};
use crate::service::{Done, Idempotency, Refusal};
use crate::ui::delivery_row::Row;
use crate::ui::flash::Flash;
use crate::ui::form::mend;
use crate::ui::form::{FieldSet, FieldSpec, Fields, FormDraft, FormSpec, FormView, Frame, Typed};
use crate::ui::names::Names;
use crate::ui::parts::code::{Block, indented};
use crate::ui::parts::{Copyable, Stamp, counted, further, size};
use crate::ui::way::{EventWay, ways};
use crate::ui::why_not::{Without, without};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{DATA_DEPTH_MAX, Query, check_depth, path_text};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/events", OPERATOR, || to(publish)),
    Endpoint::get("/events/new", OPERATOR, || to(new)),
    Endpoint::get("/events/{id}", VIEWER, || to(detail)),
    Endpoint::post("/events/{id}/replay", OPERATOR, || to(replay))
        .fresh()
        .back("/events/{id}"),
];

/// Deliveries that the page lists.
const ROWS: usize = 20;
/// Webhooks without a delivery that the page lists.
const WITHOUT_MAX: usize = 20;
/// What the data may take of the page, in bytes of HTML.
const DATA_HTML_BYTES: usize = 16 * 1024;
/// Event types that the form offers.
const OFFERED_MAX: usize = 100;

/// The page of an event.
#[derive(Template)]
#[template(path = "event.html")]
pub struct EventView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The event.
    pub detail: &'a EventDetail,
    /// Its id, to be copied.
    pub id: Copyable,
    /// Its type.
    pub event_type: String,
    /// Its data.
    pub data: Block,
    /// What is to be said about it.
    pub note: String,
    /// Its deliveries, each with its part of the event's way.
    pub rows: Vec<(Row, EventWay)>,
    /// How many more.
    pub rows_left_out: usize,
    /// Webhooks that got nothing.
    pub without: Vec<Without>,
    /// How many more.
    pub without_left_out: usize,
    /// Whether the reader may replay.
    pub may_operate: bool,
}

impl EventView<'_> {
    fn public_id(&self) -> String {
        self.detail.stored.event.public_id()
    }

    fn occurred(&self) -> Stamp {
        Stamp(self.detail.stored.event.occurred_at)
    }

    fn accepted(&self) -> Stamp {
        Stamp(self.detail.stored.created_at)
    }

    fn deliver_at(&self) -> Option<Stamp> {
        self.detail.stored.deliver_at.map(Stamp)
    }

    fn data_size(&self) -> String {
        size(self.detail.stored.event.data.len() as u64)
    }

    fn count(&self) -> String {
        counted(
            self.detail.deliveries.len() as u64,
            "delivery",
            "deliveries",
        )
    }
}

/// The page of the publish form.
#[derive(Template)]
#[template(path = "event_form.html")]
pub struct EventFormView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The fields.
    pub form: FormView,
    /// Event types that are known: those with an example, and the others.
    pub offered: Vec<(&'static str, Vec<String>)>,
    /// How many more there are, in words.
    pub further: Option<String>,
}

type PublishField = FieldSpec<(), PublishInput>;

/// The publish form.
static PUBLISH: FormSpec<(), PublishInput> = FormSpec::new(&[FieldSet {
    frame: Frame::Bare,
    fields: &[
        Fields::Stack(&[
            PublishField::text("type", "Event type")
                .hint("Webhooks that subscribe to it get the event.")
                .example("order.paid")
                .required()
                .sets(|input, typed| input.event_type = typed.trimmed()),
            PublishField::lines("data", "Data", 10)
                .hint("JSON; it is kept and signed byte for byte.")
                .sets(|input, typed| input.data = json(typed)),
        ]),
        Fields::Grid(&[
            PublishField::text("version", "Version")
                .hint("Of the event type. Empty: the newest in use.")
                .sets(|input, typed| input.version = typed.text()),
            PublishField::text("id", "Your own id")
                .hint("Empty: hookpost gives one. The same id again delivers nothing twice.")
                .sets(|input, typed| input.id = typed.text()),
            PublishField::text("occurred_at", "Happened at")
                .hint("Empty: now.")
                .example("2026-03-16T10:05:00Z")
                .sets(|input, typed| input.occurred_at = typed.text()),
            PublishField::text("deliver_at", "Deliver at")
                .hint("Empty: at once. At most 30 days ahead.")
                .example("2026-04-01T08:00:00Z")
                .sets(|input, typed| input.deliver_at = typed.text()),
            PublishField::text("delay", "Or after")
                .hint("In the place of a time.")
                .example("90m")
                .sets(|input, typed| input.delay = typed.text()),
        ]),
    ],
}]);

/// The service takes JSON as it is; that it is JSON is checked where it is read.
fn json(typed: &mut Typed<'_>) -> String {
    let data = typed.trimmed();
    if let Err(error) = check_depth(data.as_bytes(), DATA_DEPTH_MAX) {
        typed.fault(error.message);
    } else if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&data) {
        typed.fault(format!("is not JSON: {error}"));
    }
    data
}

async fn detail(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let id = path_text(&request, "id");
    Query::of(&request).finish()?;
    let found = state.service.views().event(&visitor.caller, &id).await?;
    let (detail, names) = (found.detail, Names(found.names));
    let may_operate = visitor.may_operate();
    let event_type = detail.stored.event.event_type.to_string();
    let page = PageContext::of(
        &state,
        &request,
        visitor,
        Section::Events,
        event_type.clone(),
    )
    .await?;
    let data = &detail.stored.event.data;
    let (data, is_cut) = Block::of_body(data, DATA_HTML_BYTES, "the event's data");
    let shown: Vec<&Delivery> = detail.deliveries.iter().rev().take(ROWS).collect();
    let mut without = without(&detail, &names);
    let without_left_out = without.len().saturating_sub(WITHOUT_MAX);
    without.truncate(WITHOUT_MAX);
    let view = EventView {
        id: Copyable::new(detail.stored.event.public_id(), "the event's id"),
        data,
        note: if is_cut {
            "Cut here; the whole is in the API's answer.".to_owned()
        } else {
            String::new()
        },
        rows: Row::all(shown.iter().copied(), &names)
            .into_iter()
            .zip(ways(&shown, state.service.clock().now()))
            .collect(),
        rows_left_out: detail.deliveries.len().saturating_sub(ROWS),
        without,
        without_left_out,
        event_type,
        may_operate,
        detail: &detail,
        page: &page,
    };
    show(&page, &view)
}

/// `GET /events/new`.
///
/// # Errors
/// [`Refusal::Internal`] where the catalogue cannot be read.
pub async fn new(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let chosen = query.text("type").unwrap_or_default();
    query.finish()?;
    let example = match state.service.event_type(&visitor.caller, &chosen).await {
        Ok(found) => found.settings.example,
        Err(Refusal::NotFound(_) | Refusal::Invalid(_)) => None,
        Err(other) => return Err(other.into()),
    };
    let data = example.map_or("{}".to_owned(), |text| indented(&text));
    let draft = PUBLISH.blank().with("type", chosen).with("data", data);
    draw(&state, &request, visitor, draft).await
}

async fn publish(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let published = match PUBLISH.read(&form, PublishInput::default()) {
        Ok(input) => {
            state
                .service
                .publish(&visitor.caller, input, Idempotency::unkeyed())
                .await
        }
        Err(refusal) => Err(refusal),
    };
    match published {
        Ok(Done::Fresh(event)) => {
            let words = match event.known {
                Known::Before => {
                    "This event had been published before; nothing was sent again.".to_owned()
                }
                Known::New => format!(
                    "Published, with {}.",
                    counted(u64::from(event.deliveries), "delivery", "deliveries")
                ),
            };
            Ok(go_and_say(
                &format!("/events/{}", event.id),
                &Flash::good(words),
            ))
        }
        Ok(Done::Replayed(_)) => Ok(super::page::go("/events")),
        Err(refusal) => draw(&state, &request, visitor, mend(refusal, form)?).await,
    }
}

async fn draw(state: &State, request: &HttpRequest, visitor: Visitor, draft: FormDraft) -> Shown {
    let known = state
        .service
        .views()
        .event_types_in_use(&visitor.caller)
        .await?;
    let left_out = known.len().saturating_sub(OFFERED_MAX);
    let known = &known[..known.len() - left_out];
    let (with, without): (Vec<_>, Vec<_>) =
        known.iter().partition(|one| one.settings.example.is_some());
    let names = |types: Vec<&EventType>| -> Vec<String> {
        types.iter().map(|one| one.name.to_string()).collect()
    };
    let mut offered = vec![
        ("with example", names(with)),
        ("without example", names(without)),
    ];
    offered.retain(|(_, names)| !names.is_empty());
    let page =
        PageContext::of(state, request, visitor, Section::Events, "Publish an event").await?;
    let view = EventFormView {
        page: &page,
        form: PUBLISH.draw(&draft),
        offered,
        further: (left_out > 0).then(|| further(left_out as u64)),
    };
    show_form(&page, &view.form, &view)
}

async fn replay(state: State, visitor: Visitor, request: HttpRequest, form: Form) -> Shown {
    let id = path_text(&request, "id");
    let webhook = match form.text("webhook_id") {
        Some(text) => Some(WebhookId::parse(&text).ok_or(Refusal::NotFound("webhook"))?),
        None => None,
    };
    let done = state
        .service
        .replay(&visitor.caller, &id, webhook, Idempotency::unkeyed())
        .await;
    // The id may be anything until it was found, so the way back is the one that was come.
    let page = request.path().trim_end_matches("/replay");
    back_to(page, done, |done| match done {
        Done::Fresh(made) => format!(
            "Replayed: {} with a new id.",
            counted(made.len() as u64, "delivery", "deliveries")
        ),
        Done::Replayed(_) => "Replayed before.".to_owned(),
    })
}

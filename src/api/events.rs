//! `/events`: publishing, reading, polling, replaying.
//!
//! Owns: turning them into calls of the service. Refuses: touching `data`: its bytes go through as raw text, and
//! what was published is what is signed and delivered.

use actix_web::HttpRequest;
use actix_web::web::to;
use serde_json::json;
use serde_json::value::RawValue;

use super::access::{EVENTS_READ, EVENTS_WRITE, RETRY};
use super::bulk::BegunBody;
use super::words::OF_CONSUMER;
use crate::domain::event_context::{TRACEPARENT, TRACESTATE, TraceContext};
use crate::domain::event_type::Pattern;
use crate::domain::id::WebhookId;
use crate::domain::page::{Cursor, List, Order};
use crate::service::events::{EventListing, PublishInput, RescheduleInput};
use crate::service::payload_work::SMALL_BODY_BYTES;
use crate::service::{Caller, Refusal};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{
    Json, Misread, Nothing, OptionalJson, Query, RequestBody, check_depth, from_slice, path_text,
};
use crate::web::openapi::parts::{cursor, one_of, text};
use crate::web::{Answered, Problem, State, answer};

mod consumer;
mod erase;
mod shape;
mod shown;

pub use consumer::{GivenConsumer, PublishConsumer};
use erase::erase_many;
pub use erase::{ErasableBody, EraseRequest, EventFilterRequest};
pub use shape::{
    BatchAnswer, BatchBody, BatchResult, CanceledBody, ErasedBody, EventBody, EventDeliveryBody,
    EventDetailBody, EventWebhookBody, MissBody, PublishBody, PublishedBody, ReplayBody,
    ReplayedBody, RescheduleBody,
};
use shown::{ASCENDING_MARK, batch_answer, detailed, listed, published_answer, replayed_answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/v1/events", EVENTS_WRITE, || to(publish)).about(|operation| {
        operation
            .named("publish_event", "Events", "Publish an event")
            .takes::<PublishBody>(
                json!({"type": "order.paid", "data": {"order": "A-1042", "amount": 1999}}),
            )
            .gives::<PublishedBody>(202, "It is on the disk and will be delivered.")
            .gives::<PublishedBody>(200, "It had been published before; nothing is delivered.")
            .keyed()
    }),
    Endpoint::get("/api/v1/events", EVENTS_READ, || to(list))
        .for_consumers()
        .about(|operation| {
            operation
                .named("list_events", "Events", "List or poll events")
                .query(
                    "type",
                    text(),
                    "Only events of this type, or below a prefix: `agent.*`.",
                )
                .query("consumer", text(), OF_CONSUMER)
                .query("channel", text(), "Only events said in this channel.")
                .query("tag", text(), "Only events with this tag.")
                .query("order", one_of(&["asc", "desc"]), "Newest first if absent.")
                .query("after", cursor(), "Like `cursor`, for going on polling.")
                .lists::<EventBody>("A page of events.")
        }),
    Endpoint::post("/api/v1/events/batch", EVENTS_WRITE, || to(publish_batch)).about(|operation| {
        operation
            .named("publish_events", "Events", "Publish events together")
            .takes::<BatchBody>(json!({"events": [
            {"type": "order.paid", "data": {"order": "A-1042"}},
            {"type": "order.shipped", "data": {"order": "A-1041"}},
            ]}))
            .gives::<BatchAnswer>(202, "One result per event, in order.")
            .keyed()
    }),
    Endpoint::post("/api/v1/events/erase", EVENTS_WRITE, || to(erase_many))
        .fresh()
        .about(|operation| {
            operation
                .named("erase_events", "Events", "Erase what many events carried")
                .takes::<EraseRequest>(
                    json!({"filter": {"consumer": "acme-42", "until": "2026-01-01T00:00:00Z"}}),
                )
                .gives::<BegunBody>(202, "The job that does it.")
                .gives::<ErasableBody>(
                    200,
                    "With `dry_run`: what it would come to; nothing is erased.",
                )
                .keyed()
        }),
    Endpoint::get("/api/v1/events/{id}", EVENTS_READ, || to(show))
        .for_consumers()
        .about(|operation| {
            operation
                .named("show_event", "Events", "Show an event")
                .gives::<EventDetailBody>(200, "The event and what became of it.")
        }),
    Endpoint::patch("/api/v1/events/{id}", EVENTS_WRITE, || to(reschedule)).about(|operation| {
        operation
            .named(
                "reschedule_event",
                "Events",
                "Deliver an event at another time",
            )
            .takes::<RescheduleBody>(json!({"deliver_at": "2026-04-01T08:00:00Z"}))
            .gives::<EventDetailBody>(
                200,
                "The event; what still waits for its time has the new one.",
            )
            .or(409)
    }),
    Endpoint::post("/api/v1/events/{id}/cancel", EVENTS_WRITE, || to(cancel))
        .fresh()
        .about(|operation| {
            operation
                .named("cancel_event", "Events", "Give up what waits of an event")
                .may_take::<Nothing>(json!({}))
                .gives::<CanceledBody>(200, "Its deliveries that waited are canceled.")
                .or(409)
        }),
    Endpoint::post("/api/v1/events/{id}/replay", EVENTS_WRITE, || to(replay))
        .for_consumers()
        .needs(RETRY)
        .fresh()
        .about(|operation| {
            operation
                .named("replay_event", "Events", "Deliver an event again")
                .may_take::<ReplayBody>(json!({"webhook_id": "wh_01m7yzpc30e008000000000001"}))
                .gives::<ReplayedBody>(202, "The new deliveries.")
                .keyed()
        }),
    Endpoint::delete("/api/v1/events/{id}/data", EVENTS_WRITE, || to(erase))
        .fresh()
        .about(|operation| {
            operation
                .named("erase_event", "Events", "Erase what an event carried")
                .gives::<ErasedBody>(200, "The data, the bodies and the answers are gone.")
                .or(409)
        }),
];

async fn publish(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<PublishBody>,
) -> Answered {
    let input = PublishInput {
        trace: trace(&request),
        ..body.value.into()
    };
    answer::idempotent(body.keyed, published_answer, |key| {
        state.service.publish(&caller, input, key)
    })
    .await
}

async fn publish_batch(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<BatchBody>,
) -> Answered {
    let mut inputs = read_events(&state, &caller, body.value.events).await?;
    if let Some(trace) = trace(&request) {
        for input in inputs.iter_mut().flatten() {
            input.trace = Some(trace.clone());
        }
    }
    answer::idempotent(
        body.keyed,
        |results: &Vec<_>| batch_answer(results),
        |key| state.service.publish_batch(&caller, inputs, key),
    )
    .await
}

async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let pattern = query.parsed("type", Pattern::parse);
    let consumer = query.text("consumer");
    let (channel, tag) = (query.text("channel"), query.text("tag"));
    let after = query.parsed("after", read_cursor);
    let cursor = query.parsed("cursor", read_cursor);
    if after.is_some() && cursor.is_some() {
        query.fault("after", "must not be given together with cursor");
    }
    let start = after.or(cursor);
    let order = query.order().or(start.map(|(_, order)| order));
    let limit = query.limit();
    query.finish()?;
    let order = order.unwrap_or(Order::Descending);
    let listing = EventListing {
        pattern,
        channel,
        tag,
        order,
        cursor: start.map(|(cursor, _)| cursor),
        ..EventListing::default()
    };
    let found = state.service.events(&caller, consumer, listing, limit);
    answer::ok(&listed(found.await?, order))
}

async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = path_text(&request, "id");
    let detail = state.service.event(&caller, &id).await?;
    answer::ok(&detailed(detail))
}

async fn reschedule(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<RescheduleBody>,
) -> Answered {
    let input = RescheduleInput {
        deliver_at: body.value.deliver_at,
        delay: body.value.delay,
    };
    let id = path_text(&request, "id");
    let detail = state.service.reschedule_event(&caller, &id, input).await?;
    answer::ok(&detailed(detail))
}

async fn cancel(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let id = path_text(&request, "id");
    let canceled = state.service.cancel_event(&caller, &id).await?;
    answer::ok(&CanceledBody { id, canceled })
}

async fn replay(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<ReplayBody>,
) -> Answered {
    let OptionalJson(Json { value, keyed, .. }) = body;
    let parse = |text: &str| {
        WebhookId::parse(text).ok_or_else(|| Problem::field("webhook_id", "must be a webhook's id"))
    };
    let webhook = value.webhook_id.as_deref().map(parse).transpose()?;
    let id = path_text(&request, "id");
    answer::idempotent(
        keyed,
        |made: &Vec<_>| replayed_answer(made),
        |key| state.service.replay(&caller, &id, webhook, key),
    )
    .await
}

/// The trace that a request belongs to, for every attempt to go on with.
fn trace(request: &HttpRequest) -> Option<TraceContext> {
    let headers = request.headers();
    let mut parents = headers.get_all(TRACEPARENT);
    let (parent, more) = (parents.next()?, parents.next());
    let states = headers.get_all(TRACESTATE);
    let states: Vec<&str> = states.filter_map(|value| value.to_str().ok()).collect();
    let state = (!states.is_empty()).then(|| states.join(","));
    let parent = parent.to_str().ok().filter(|_| more.is_none())?;
    TraceContext::parse(parent, state.as_deref())
}

/// Reads the events of a batch; those of a large one off the thread that answers.
async fn read_events(
    state: &State,
    caller: &Caller,
    events: Vec<Box<RawValue>>,
) -> Result<Vec<Result<PublishInput, Refusal>>, Refusal> {
    let bytes: usize = events.iter().map(|event| event.get().len()).sum();
    // Each is let go of when it has been read, so that the batch is never held twice.
    let read = move || events.into_iter().map(|event| read_event(&event)).collect();
    if bytes <= SMALL_BODY_BYTES {
        return Ok(read());
    }
    let workspace_seq = caller.workspace.seq();
    state.service.work_on_payload(workspace_seq, read).await
}

/// Reads one event of a batch.
fn read_event(text: &RawValue) -> Result<PublishInput, Refusal> {
    let text = text.get().as_bytes();
    check_depth(text, PublishBody::DEPTH_MAX).map_err(Misread::misfit)?;
    let body: PublishBody = from_slice(text)?;
    Ok(body.into())
}

fn read_cursor(text: &str) -> Result<(Cursor, Order), String> {
    match text.strip_prefix(ASCENDING_MARK) {
        Some(rest) => Ok((Cursor::parse(rest, List::Events)?, Order::Ascending)),
        None => Ok((Cursor::parse(text, List::Events)?, Order::Descending)),
    }
}

async fn erase(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = path_text(&request, "id");
    let erased = state.service.erase_event(&caller, &id).await?;
    answer::ok(&ErasedBody {
        id: erased.id,
        erased_at: erased.erased_at.into(),
        canceled: erased.canceled,
    })
}

//! `/events`: publishing, reading, polling, replaying.
//!
//! Owns: turning them into calls of the service. Refuses: touching `data`: its bytes go through as raw text, and
//! what was published is what is signed and delivered.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde_json::json;
use serde_json::value::RawValue;

use super::access::{EVENTS_READ, EVENTS_WRITE, RETRY};
use super::words::OF_CONSUMER;
use crate::domain::delivery::Delivery;
use crate::domain::event::StoredEvent;
use crate::domain::event_context::{TRACEPARENT, TRACESTATE, TraceContext};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::page::{Cursor, List, Order, Page};
use crate::service::events::{
    EventDetail, EventListing, EventWebhook, Known, PublishInput, Published, WhyNot,
};
use crate::service::payload_work::SMALL_BODY_BYTES;
use crate::service::{Caller, Refusal, StoredAnswer};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{
    Json, Misread, OptionalJson, Query, RequestBody, check_depth, from_slice, path_text,
};
use crate::web::openapi::parts::{cursor, one_of, text};
use crate::web::wire::{ListBody, Time};
use crate::web::{Answered, Problem, State, answer};

mod consumer;
mod shape;

pub use consumer::{GivenConsumer, PublishConsumer};
pub use shape::{
    BatchAnswer, BatchBody, BatchResult, ErasedBody, EventBody, EventDeliveryBody, EventDetailBody,
    EventWebhookBody, MissBody, PublishBody, PublishedBody, ReplayBody, ReplayedBody,
};

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
                .query("type", text(), "Only events of this type.")
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
    Endpoint::get("/api/v1/events/{id}", EVENTS_READ, || to(show))
        .for_consumers()
        .about(|operation| {
            operation
                .named("show_event", "Events", "Show an event")
                .gives::<EventDetailBody>(200, "The event and what became of it.")
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

/// Stands before the cursors of ascending pages, so that going on keeps the direction.
const ASCENDING_MARK: char = 'a';

/// `POST /events`.
///
/// # Errors
/// As `Service::publish`.
pub async fn publish(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<PublishBody>,
) -> Answered {
    let once = body.keyed.once(published_answer);
    let input = PublishInput {
        trace: trace(&request),
        ..body.value.into()
    };
    let done = state.service.publish(&caller, input, once).await?;
    answer::done(&done, published_answer)
}

/// `POST /events/batch`.
///
/// # Errors
/// As `Service::publish_batch`.
pub async fn publish_batch(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<BatchBody>,
) -> Answered {
    let once = body.keyed.once(|results: &Vec<_>| batch_answer(results));
    let mut inputs = read_events(&state, &caller, body.value.events).await?;
    if let Some(trace) = trace(&request) {
        for input in inputs.iter_mut().flatten() {
            input.trace = Some(trace.clone());
        }
    }
    let done = state.service.publish_batch(&caller, inputs, once).await?;
    answer::done(&done, |results| batch_answer(results))
}

/// `GET /events`.
///
/// # Errors
/// 422 for parameters that make no sense.
pub async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let event_type = query.text("type");
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
        event_type,
        channel,
        tag,
        order,
        cursor: start.map(|(cursor, _)| cursor),
    };
    let page = state
        .service
        .events(&caller, consumer, listing, limit)
        .await?;
    answer::ok(&listed(page, order))
}

/// `GET /events/{id}`.
///
/// # Errors
/// 404 where the workspace has no such event.
pub async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = path_text(&request, "id");
    let detail = state.service.event(&caller, &id).await?;
    answer::ok(&detailed(detail))
}

/// `POST /events/{id}/replay`.
///
/// # Errors
/// As `Service::replay`.
pub async fn replay(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<ReplayBody>,
) -> Answered {
    let OptionalJson(Json { value, keyed, .. }) = body;
    let parse = |text: &str| {
        WebhookId::parse(text).ok_or_else(|| Problem::field("webhook_id", "is no webhook's id"))
    };
    let webhook = value.webhook_id.as_deref().map(parse).transpose()?;
    let id = path_text(&request, "id");
    let once = keyed.once(|made: &Vec<_>| replayed_answer(made));
    let done = state.service.replay(&caller, &id, webhook, once).await?;
    answer::done(&done, |made| replayed_answer(made))
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

fn listed(page: Page<StoredEvent>, order: Order) -> ListBody<EventBody> {
    let mut list = ListBody::of(page, |own| event(&own));
    if order == Order::Ascending {
        list.next_cursor = list
            .next_cursor
            .map(|cursor| format!("{ASCENDING_MARK}{cursor}"));
    }
    list
}

fn published(published: &Published) -> (StatusCode, PublishedBody) {
    let status = match published.known {
        Known::New => StatusCode::ACCEPTED,
        Known::Before => StatusCode::OK,
    };
    let body = PublishedBody {
        id: published.id.clone(),
        r#type: published.event_type.to_string(),
        occurred_at: published.occurred_at.into(),
        created_at: published.created_at.into(),
        consumer_id: published.consumer.map(|id| id.to_string()),
        deliveries: published.deliveries,
    };
    (status, body)
}

fn published_answer(event: &Published) -> StoredAnswer {
    let (status, body) = published(event);
    answer::recorded(status, &body)
}

fn batch_answer(results: &[Result<Published, Refusal>]) -> StoredAnswer {
    let results = results.iter().map(|result| match result {
        Ok(event) => {
            let (status, event) = published(event);
            let status = status.as_u16();
            BatchResult::Accepted { status, event }
        }
        Err(refusal) => BatchResult::Refused(Problem::from(refusal.clone()).body()),
    });
    let body = BatchAnswer {
        results: results.collect(),
    };
    answer::recorded(StatusCode::ACCEPTED, &body)
}

fn replayed_answer(made: &[DeliveryId]) -> StoredAnswer {
    let body = ReplayedBody {
        deliveries: made.len(),
        delivery_ids: made.iter().map(ToString::to_string).collect(),
    };
    answer::recorded(StatusCode::ACCEPTED, &body)
}

fn event(stored: &StoredEvent) -> EventBody {
    EventBody {
        id: stored.event.public_id(),
        r#type: stored.event.event_type.to_string(),
        occurred_at: stored.event.occurred_at.into(),
        created_at: stored.created_at.into(),
        consumer_id: stored.event.consumer.map(|id| id.to_string()),
        channels: stored.event.channels().to_vec(),
        tags: stored.event.tags().to_vec(),
        data: raw(&stored.event.data),
        erased_at: stored.erased_at.map(Time::from),
        deliveries: stored.delivery_count,
    }
}

fn detailed(detail: EventDetail) -> EventDetailBody {
    let event = event(&detail.stored);
    let missed = detail.missed.into_iter().map(|(webhook, reason)| MissBody {
        webhook_id: webhook.to_string(),
        reason: reason.as_str(),
    });
    EventDetailBody {
        id: event.id,
        r#type: event.r#type,
        occurred_at: event.occurred_at,
        created_at: event.created_at,
        consumer_id: event.consumer_id,
        channels: event.channels,
        tags: event.tags,
        data: event.data,
        erased_at: event.erased_at,
        deliveries: detail.deliveries.iter().map(delivery).collect(),
        missed: missed.collect(),
        webhooks: detail.webhooks.into_iter().map(event_webhook).collect(),
    }
}

/// `DELETE /events/{id}/data`.
///
/// # Errors
/// As `Service::erase_event`.
pub async fn erase(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = path_text(&request, "id");
    let erased = state.service.erase_event(&caller, &id).await?;
    answer::ok(&ErasedBody {
        id: erased.id,
        erased_at: erased.erased_at.into(),
        canceled: erased.canceled,
    })
}

fn event_webhook(webhook: EventWebhook) -> EventWebhookBody {
    let (disabled_reason, detail) = match &webhook.why_not {
        Some(WhyNot::Disabled(reason)) => (Some(reason.as_str()), None),
        Some(WhyNot::Filtered(misfit)) => (None, Some(misfit.clone())),
        Some(
            WhyNot::Revoked
            | WhyNot::RegisteredLater
            | WhyNot::NotSubscribed
            | WhyNot::OtherChannels
            | WhyNot::SubscribedLater,
        )
        | None => (None, None),
    };
    let (condition, detail) = detail.map(|own| (own.condition, own.words)).unzip();
    EventWebhookBody {
        webhook_id: webhook.id.to_string(),
        label: webhook.label,
        given: webhook.why_not.is_none(),
        reason: webhook.why_not.as_ref().map(WhyNot::as_str),
        disabled_reason,
        condition,
        detail,
    }
}

fn delivery(delivery: &Delivery) -> EventDeliveryBody {
    let registered = delivery.webhook_registered;
    EventDeliveryBody {
        id: delivery.id.to_string(),
        webhook_id: registered.then(|| delivery.webhook.to_string()),
        status: delivery.progress.status.as_str(),
        trigger: delivery.trigger.as_str(),
        attempt_count: delivery.progress.attempt_count,
        last_status_code: delivery.last_status_code,
        next_attempt_at: delivery.next_attempt_at().map(Time::from),
    }
}

/// What was stored as JSON is JSON; a row that is not would be caught by its digest before.
fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_default()
}

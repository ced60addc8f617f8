//! `/events`: publishing, reading, polling, replaying.
//!
//! Owns: the wire shapes of events. Refuses: touching `data`: its bytes go through as raw text, and
//! what was published is what is signed and delivered.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::access::{EVENTS_READ, EVENTS_WRITE};
use super::words::{DeliveryStatus, DeliveryTrigger, WebhookDisabledReason};
use crate::domain::delivery::Delivery;
use crate::domain::event::{EventFilter, StoredEvent};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::page::{Cursor, List, Order, Page};
use crate::service::events::{EventDetail, EventWebhook, Known, PublishInput, Published, WhyNot};
use crate::service::{Answer, Caller, Refusal};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{
    DATA_DEPTH_MAX, Json, Misread, OptionalJson, Query, RequestBody, check_depth, from_slice,
    path_text,
};
use crate::web::openapi::parts::{cursor, one_of, text};
use crate::web::problem::ProblemBody;
use crate::web::wire::{ListBody, Time};
use crate::web::{Answered, AppState, Problem, State, answer};

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
    Endpoint::get("/api/v1/events", EVENTS_READ, || to(list)).about(|operation| {
        operation
            .named("list_events", "Events", "List or poll events")
            .query("type", text(), "Only events of this type.")
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
    Endpoint::get("/api/v1/events/{id}", EVENTS_READ, || to(show)).about(|operation| {
        operation
            .named("show_event", "Events", "Show an event")
            .gives::<EventDetailBody>(200, "The event and what became of it.")
    }),
    Endpoint::post("/api/v1/events/{id}/replay", EVENTS_WRITE, || to(replay))
        .fresh()
        .about(|operation| {
            operation
                .named("replay_event", "Events", "Deliver an event again")
                .may_take::<ReplayBody>(json!({"webhook_id": "wh_01m7yzpc30e008000000000001"}))
                .gives::<ReplayedBody>(202, "The new deliveries.")
                .keyed()
        }),
];

/// What a publish call may carry besides its data: 64 KiB.
const ENVELOPE_BYTES_MAX: usize = 64 * 1024;
/// The most bytes of a batch call: 16 MiB.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Stands before the cursors of ascending pages, so that going on keeps the direction.
const ASCENDING_MARK: char = 'a';

/// An event to publish.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishBody {
    /// Its type.
    pub r#type: String,
    /// Any JSON, carried byte for byte.
    #[schema(value_type = Value)]
    pub data: Box<RawValue>,
    /// The publisher's own id for it.
    #[serde(default)]
    pub id: Option<String>,
    /// When it happened; now if absent.
    #[serde(default)]
    pub occurred_at: Option<String>,
    /// A receiver for this event only.
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// The secret that signs for it.
    #[serde(default)]
    pub webhook_secret: Option<String>,
    /// The wire profile for it.
    #[serde(default)]
    pub profile: Option<String>,
}

impl RequestBody for PublishBody {
    const DEPTH_MAX: usize = DATA_DEPTH_MAX + 1;

    fn bytes_max(state: &AppState) -> usize {
        state.service.options().event_data_bytes_max + ENVELOPE_BYTES_MAX
    }
}

impl From<PublishBody> for PublishInput {
    fn from(body: PublishBody) -> Self {
        Self {
            event_type: body.r#type,
            data: Box::<str>::from(body.data).into_string(),
            id: body.id,
            occurred_at: body.occurred_at,
            webhook_url: body.webhook_url,
            webhook_secret: body.webhook_secret,
            profile: body.profile,
        }
    }
}

/// Events to publish together; each is read on its own, so that one bad event spoils no other.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchBody {
    /// The events, as for single publishing.
    #[schema(value_type = Vec<PublishBody>)]
    pub events: Vec<Box<RawValue>>,
}

impl RequestBody for BatchBody {
    // Nothing is read recursively here; each event is checked on its own.
    const DEPTH_MAX: usize = usize::MAX;

    fn bytes_max(state: &AppState) -> usize {
        BATCH_BYTES_MAX.max(PublishBody::bytes_max(state))
    }
}

/// An accepted event.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublishedBody {
    /// Its id.
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// When it happened.
    pub occurred_at: Time,
    /// When it was accepted.
    pub created_at: Time,
    /// How many deliveries it was given.
    pub deliveries: u32,
}

/// One result per event of a batch, in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchAnswer {
    /// The results.
    pub results: Vec<BatchResult>,
}

/// What became of one event of a batch: what publishing it alone would have answered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BatchResult {
    /// It was accepted.
    Accepted {
        /// 202, or 200 where it had been published before.
        status: u16,
        /// The event.
        #[serde(flatten)]
        event: PublishedBody,
    },
    /// It was refused.
    Refused(ProblemBody),
}

/// An event as lists show it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventBody {
    /// Its id.
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// When it happened.
    pub occurred_at: Time,
    /// When it was accepted.
    pub created_at: Time,
    /// What was published.
    #[schema(value_type = Value)]
    pub data: Box<RawValue>,
    /// How many deliveries it was given.
    pub deliveries: u32,
}

/// One event, with what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventDetailBody {
    /// Its id.
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// When it happened.
    pub occurred_at: Time,
    /// When it was accepted.
    pub created_at: Time,
    /// What was published.
    #[schema(value_type = Value)]
    pub data: Box<RawValue>,
    /// Its deliveries, oldest first.
    pub deliveries: Vec<EventDeliveryBody>,
    /// The webhooks that wanted it but were disabled.
    pub missed: Vec<MissBody>,
    /// Every webhook of the workspace, newest first, and whether it got the event.
    pub webhooks: Vec<EventWebhookBody>,
}

/// Whether a webhook got an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventWebhookBody {
    /// The webhook.
    pub webhook_id: String,
    /// What people call it.
    pub label: String,
    /// Whether it has a delivery of the event.
    pub given: bool,
    /// Why not: `disabled`, `revoked`, `registered_later`, `not_subscribed`, `subscribed_later`.
    pub reason: Option<&'static str>,
    /// Why it was disabled.
    #[schema(value_type = Option<WebhookDisabledReason>)]
    pub disabled_reason: Option<&'static str>,
}

/// Where a delivery of an event stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventDeliveryBody {
    /// The delivery's id.
    pub id: String,
    /// The webhook it goes to; null for a one-off receiver.
    pub webhook_id: Option<String>,
    /// Where it stands.
    #[schema(value_type = DeliveryStatus)]
    pub status: &'static str,
    /// Why it exists.
    #[schema(value_type = DeliveryTrigger)]
    pub trigger: &'static str,
    /// Attempts made so far.
    pub attempt_count: u32,
    /// The last answer's status code.
    pub last_status_code: Option<u16>,
    /// When the next attempt is due.
    pub next_attempt_at: Option<Time>,
}

/// A webhook that missed an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissBody {
    /// The webhook.
    pub webhook_id: String,
    /// Why it was disabled.
    #[schema(value_type = WebhookDisabledReason)]
    pub reason: &'static str,
}

/// Which webhook to replay an event to; all that had it if absent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayBody {
    /// The webhook.
    #[serde(default)]
    pub webhook_id: Option<String>,
}

impl RequestBody for ReplayBody {}

/// The deliveries that a replay made.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayedBody {
    /// How many.
    pub deliveries: usize,
    /// Their ids.
    pub delivery_ids: Vec<String>,
}

/// `POST /events`.
///
/// # Errors
/// As `Service::publish`.
pub async fn publish(state: State, caller: Caller, body: Json<PublishBody>) -> Answered {
    let once = body.keyed.once(published_answer);
    let done = state
        .service
        .publish(&caller, body.value.into(), once)
        .await?;
    answer::done(&done, published_answer)
}

/// `POST /events/batch`.
///
/// # Errors
/// As `Service::publish_batch`.
pub async fn publish_batch(state: State, caller: Caller, body: Json<BatchBody>) -> Answered {
    let once = body.keyed.once(|results: &Vec<_>| batch_answer(results));
    let inputs = body.value.events.iter().map(|event| read_event(event));
    let done = state
        .service
        .publish_batch(&caller, inputs.collect(), once)
        .await?;
    answer::done(&done, |results| batch_answer(results))
}

/// `GET /events`.
///
/// # Errors
/// 422 for parameters that make no sense.
pub async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let event_type = query.text("type");
    let after = query.parsed("after", read_cursor);
    let cursor = query.parsed("cursor", read_cursor);
    if after.is_some() && cursor.is_some() {
        query.fault("after", "must not be given together with cursor");
    }
    let start = after.or(cursor);
    let order = query.order().or(start.map(|(_, order)| order));
    let limit = query.limit();
    query.finish()?;
    let filter = EventFilter {
        workspace_seq: caller.workspace.seq(),
        event_type,
        order: order.unwrap_or(Order::Descending),
        cursor: start.map(|(cursor, _)| cursor),
    };
    let order = filter.order;
    let page = state.service.events(filter, limit).await?;
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
        deliveries: published.deliveries,
    };
    (status, body)
}

fn published_answer(event: &Published) -> Answer {
    let (status, body) = published(event);
    answer::recorded(status, &body)
}

fn batch_answer(results: &[Result<Published, Refusal>]) -> Answer {
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

fn replayed_answer(made: &[DeliveryId]) -> Answer {
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
        data: raw(&stored.event.data),
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
        data: event.data,
        deliveries: detail.deliveries.iter().map(delivery).collect(),
        missed: missed.collect(),
        webhooks: detail.webhooks.into_iter().map(event_webhook).collect(),
    }
}

fn event_webhook(webhook: EventWebhook) -> EventWebhookBody {
    let disabled_reason = match webhook.why_not {
        Some(WhyNot::Disabled(reason)) => Some(reason.as_str()),
        Some(
            WhyNot::Revoked
            | WhyNot::RegisteredLater
            | WhyNot::NotSubscribed
            | WhyNot::SubscribedLater,
        )
        | None => None,
    };
    EventWebhookBody {
        webhook_id: webhook.id.to_string(),
        label: webhook.label,
        given: webhook.why_not.is_none(),
        reason: webhook.why_not.map(WhyNot::as_str),
        disabled_reason,
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

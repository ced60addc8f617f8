//! `/webhooks/{id}/poll`: fetching from webhooks that have no URL.
//!
//! Owns: the paths and the wire shapes. Refuses: rules (`service::polling`), and touching bodies.

use actix_web::HttpRequest;
use actix_web::web::to;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::access::{DELIVERIES_WRITE, EVENTS_READ, MANAGE, WEBHOOKS_READ};
use crate::domain::id::WebhookId;
use crate::domain::page::List;
use crate::domain::poll::PollReader;
use crate::domain::time::Timestamp;
use crate::service::Caller;
use crate::service::polling::{PollInput, Polled, PolledBody, PolledEvent, SeekInput};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Json, Query, RequestBody, path_id, path_text};
use crate::web::openapi::parts::text;
use crate::web::wire::Time;
use crate::web::{Answered, Problem, State, answer};

/// What `wait` says.
const WAIT: &str = "How long to wait for an event where there is none, such as `25s`; at most 60s, and not at \
    all if absent.";
/// What `consumer` says.
const CONSUMER: &str = "Under which name you fetch: each name has a place of its own, which \
    `ack` moves. Letters, digits, `.`, `_`, `-`, up to 64; `default` if absent.";

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/v1/webhooks/{id}/poll", EVENTS_READ, || to(poll))
        .for_consumers()
        .about(|operation| {
            operation
                .named("poll_webhook", "Webhooks", "Fetch from a webhook of kind poll")
                .query("consumer", text(), CONSUMER)
                .query(
                    "cursor",
                    text(),
                    "Where to begin, and leave the place as it is; at the consumer's place if absent.",
                )
                .query("limit", crate::web::openapi::parts::limit(), "How many events at most.")
                .query("wait", text(), WAIT)
                .gives::<PollBody>(200, "The events behind that place, in order.")
                .or(409)
        }),
    Endpoint::post("/api/v1/webhooks/{id}/ack", DELIVERIES_WRITE, || to(ack))
        .for_consumers()
        .needs(MANAGE)
        .about(|operation| {
            operation
                .named("ack_webhook", "Webhooks", "Say how far you have come")
                .query("consumer", text(), CONSUMER)
                .takes::<AckRequest>(json!({"cursor": "cq_1z", "consumer": "billing"}))
                .gives::<PollReaderBody>(200, "The consumer's place as it is now; it never goes back.")
                .or(409)
        }),
    Endpoint::post("/api/v1/webhooks/{id}/poll/ack", DELIVERIES_WRITE, || {
        to(ack)
    })
    .for_consumers()
    .needs(MANAGE)
    .about(|operation| {
        operation
            .named("ack_poll", "Webhooks", "Say how far you have come (the same beside poll)")
            .query("consumer", text(), CONSUMER)
            .takes::<AckRequest>(json!({"cursor": "cq_1z", "consumer": "billing"}))
            .gives::<PollReaderBody>(200, "The consumer's place as it is now; it never goes back.")
            .or(409)
    }),
    Endpoint::post("/api/v1/webhooks/{id}/poll/seek", DELIVERIES_WRITE, || {
        to(seek)
    })
    .for_consumers()
    .needs(MANAGE)
    .about(|operation| {
        operation
            .named("seek_poll", "Webhooks", "Go on elsewhere, also further back")
            .takes::<SeekRequest>(json!({"since": "2026-03-16T10:05:00Z", "consumer": "billing"}))
            .gives::<PollReaderBody>(200, "The consumer's place as it is now.")
            .or(409)
    }),
    Endpoint::get("/api/v1/webhooks/{id}/poll/consumers", WEBHOOKS_READ, || {
        to(readers)
    })
    .for_consumers()
    .about(|operation| {
        operation
            .named("list_poll_consumers", "Webhooks", "List who fetches from a webhook")
            .gives::<PollReadersBody>(200, "Each name that ever acknowledged, with its place.")
            .or(409)
    }),
    Endpoint::delete(
        "/api/v1/webhooks/{id}/poll/consumers/{name}",
        DELIVERIES_WRITE,
        || to(forget),
    )
    .for_consumers()
    .needs(MANAGE)
    .about(|operation| {
        operation
            .named("forget_poll_consumer", "Webhooks", "Forget one who fetches")
            .ends("Its place is forgotten; the name begins anew with the oldest event.")
            .or(409)
    }),
];

/// What a webhook keeps behind a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct PollBody {
    /// The events, in order.
    pub data: Vec<PolledEventBody>,
    /// The place behind them, never null: to acknowledge them, or to go on from.
    pub next_cursor: String,
    /// Whether there is more to fetch now.
    pub has_more: bool,
}

/// An event as it is fetched.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolledEventBody {
    /// Its id.
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// When it happened.
    pub occurred_at: Time,
    /// When it was accepted.
    pub created_at: Time,
    /// The consumer it is for; null for nobody but the platform.
    pub consumer_id: Option<String>,
    /// The channels in which it was said.
    pub channels: Vec<String>,
    /// The publisher's tags.
    pub tags: Vec<String>,
    /// The place behind it: to acknowledge it and what lies before.
    pub cursor: String,
    /// What was published; absent where the webhook has a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    pub data: Option<Box<RawValue>>,
    /// What the webhook's template makes of the event; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    pub body: Option<Box<RawValue>>,
    /// Why the template gives no body for the event; absent where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub error: Option<String>,
}

/// Up to where events are dealt with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AckRequest {
    /// The place: an answer's `next_cursor`, or an event's `cursor`.
    pub cursor: String,
    /// Under which name you fetch; `default` if absent.
    #[serde(default)]
    pub consumer: Option<String>,
}

impl RequestBody for AckRequest {}

/// Where to go on: one of `cursor` and `since`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeekRequest {
    /// Behind this place.
    #[serde(default)]
    pub cursor: Option<String>,
    /// With what was accepted from then on.
    #[serde(default)]
    pub since: Option<String>,
    /// Under which name you fetch; `default` if absent.
    #[serde(default)]
    pub consumer: Option<String>,
}

impl RequestBody for SeekRequest {}

/// How far somebody who fetches has come.
#[derive(Debug, Serialize, ToSchema)]
pub struct PollReaderBody {
    /// The name.
    pub consumer: String,
    /// The place up to which everything is dealt with.
    pub cursor: String,
    /// When that was said.
    pub acked_at: Time,
    /// How many events lie behind it, counted up to 10,000; absent where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub unread: Option<i64>,
}

/// Who fetches.
#[derive(Debug, Serialize, ToSchema)]
pub struct PollReadersBody {
    /// By name; 100 at most.
    pub data: Vec<PollReaderBody>,
}

async fn poll(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let input = PollInput {
        reader: query.text("consumer"),
        cursor: query.cursor("cursor", List::PollEntries),
        since: None,
        limit: query.limit(),
        wait: query.text("wait"),
    };
    query.finish()?;
    let polled = state
        .service
        .poll_webhook(&caller, id(&request)?, input)
        .await?;
    answer::ok(&page(polled))
}

async fn ack(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<AckRequest>,
) -> Answered {
    let mut query = Query::of(&request);
    let named = query.text("consumer");
    query.finish()?;
    let AckRequest { cursor, consumer } = body.value;
    let consumer = consumer.or(named);
    let stands = state
        .service
        .ack_poll(&caller, id(&request)?, consumer, &cursor);
    answer::ok(&reader(&stands.await?, None))
}

async fn seek(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SeekRequest>,
) -> Answered {
    let said = body.value;
    let since = said.since.as_deref().map(Timestamp::parse).transpose();
    let input = SeekInput {
        reader: said.consumer,
        cursor: said.cursor,
        since: since.map_err(|message| Problem::field("since", message))?,
    };
    let stands = state.service.seek_poll(&caller, id(&request)?, input);
    answer::ok(&reader(&stands.await?, None))
}

async fn readers(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let all = state.service.poll_readers(&caller, id(&request)?).await?;
    let shown = all.iter().map(|(own, unread)| reader(own, Some(*unread)));
    answer::ok(&PollReadersBody {
        data: shown.collect(),
    })
}

async fn forget(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let name = path_text(&request, "name");
    let forgotten = state
        .service
        .forget_poll_reader(&caller, id(&request)?, &name);
    forgotten.await?;
    answer::no_content()
}

fn id(request: &HttpRequest) -> Result<WebhookId, Problem> {
    path_id(request, "webhook")
}

fn page(polled: Polled) -> PollBody {
    PollBody {
        next_cursor: polled.next.to_string(),
        has_more: polled.has_more,
        data: polled.events.into_iter().map(event).collect(),
    }
}

fn event(polled: PolledEvent) -> PolledEventBody {
    let raw = |text: String| RawValue::from_string(text).ok();
    let (data, body, error) = match polled.body {
        PolledBody::Plain => (raw(polled.stored.event.data.to_string()), None, None),
        PolledBody::Shaped(text) => (None, raw(text), None),
        PolledBody::Failed(message) => (None, None, Some(message)),
    };
    let event = &polled.stored.event;
    PolledEventBody {
        id: event.public_id(),
        r#type: event.event_type.to_string(),
        occurred_at: event.occurred_at.into(),
        created_at: polled.stored.created_at.into(),
        consumer_id: event.consumer.map(|id| id.to_string()),
        channels: event.channels().to_vec(),
        tags: event.tags().to_vec(),
        cursor: polled.cursor.to_string(),
        data,
        body,
        error,
    }
}

fn reader(stands: &PollReader, unread: Option<i64>) -> PollReaderBody {
    PollReaderBody {
        consumer: stands.name.clone(),
        cursor: stands.cursor().to_string(),
        acked_at: stands.acked_at.into(),
        unread,
    }
}

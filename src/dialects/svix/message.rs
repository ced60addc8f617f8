//! Messages: events that are published to one consumer.
//!
//! Owns: how a publisher names one, reading and listing them. Refuses: rules (`service::events`).

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::application::{name as application_name, owner as application, owner_or_made};
use super::endpoint::named as endpoint;
use super::event_type;
use super::listing::{SvixPaging, period, texts};
use super::message_shape::{Content, SvixContent, SvixMessageIn, SvixMessageOut, message};
use crate::domain::envelope::own_text;
use crate::domain::event::StoredEvent;
use crate::domain::id::{ConsumerId, EventKind};
use crate::domain::own_name::own_name;
use crate::domain::page::{List, Order};
use crate::domain::svix_id::{MESSAGE, message_at, message_id, ours};
use crate::entropy;
use crate::service::consumers::NamedConsumer;
use crate::service::events::{EventListing, PublishInput, Published};
use crate::service::owned::EventRef;
use crate::service::{Caller, Done, Refusal, StoredAnswer};
use crate::web::extract::{Json, Query, RequestBody, path_text};
use crate::web::wire::Time;
use crate::web::{Answered, Problem, State, answer};

/// What is recorded of a message beside the key of its request: the rest of the answer is in the
/// request.
#[derive(Debug, Deserialize, Serialize)]
pub struct SvixRecord {
    id: String,
    timestamp: Time,
    #[serde(default)]
    deliver_at: Option<Time>,
}

/// A payload as text.
#[derive(Debug, Serialize)]
pub struct SvixRawMessageOut {
    payload: String,
}

/// Of what an example is to be sent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixExampleIn {
    event_type: String,
    #[serde(default)]
    example_index: Option<usize>,
}

impl RequestBody for SvixExampleIn {}

/// What is sent of an event type that has no example.
const NO_EXAMPLE: &str = "{}";
/// The event type of which everybody has an example.
const PING: &str = "svix.ping";
/// That example.
const PING_EXAMPLE: &str = "{\"success\":true}";

pub(super) async fn create(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixMessageIn>,
) -> Answered {
    let mut query = Query::of(&request);
    let content = Content::asked(&mut query);
    query.finish_taken()?;
    let key = body.keyed.answered(recorded);
    let said = body.value;
    check(&said)?;
    let keep_data = said.keep_data()?;
    let SvixContent { data, content_type } = said.content();
    let payload = content.payload(&data, content_type.as_deref());
    let owner = owner_or_made(&state, &caller, &request, said.application).await?;
    let id = message_at(state.service.clock().now(), entropy::bytes());
    let (channels, tags) = (said.channels.clone(), said.tags.clone());
    let input = PublishInput {
        event_type: said.event_type.clone(),
        data,
        content_type,
        keep_data,
        consumer: Some(NamedConsumer::Known(owner.to_string())),
        id: Some(id),
        channels: said.channels.unwrap_or_default(),
        tags: said.tags.unwrap_or_default(),
        uid: said.event_id.clone(),
        deliver_at: said.deliver_at,
        ..PublishInput::default()
    };
    let record = match state.service.publish(&caller, input, key).await? {
        Done::Fresh(published) => record(&published),
        Done::Replayed(before) => serde_json::from_slice(&before.body)
            .map_err(|_| Refusal::Internal("a message's record cannot be read".to_owned()))?,
    };
    let made = SvixMessageOut {
        id: record.id,
        event_id: said.event_id,
        event_type: said.event_type,
        payload,
        channels,
        tags,
        timestamp: record.timestamp,
        deliver_at: record.deliver_at,
    };
    answer::json(StatusCode::ACCEPTED, &made)
}

pub(super) async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let paging = SvixPaging::of(&mut query, List::Events);
    let content = Content::asked(&mut query);
    let types = texts(&mut query, "event_types");
    let (since, until) = period(&mut query);
    let listing = EventListing {
        event_types: types,
        pattern: None,
        channel: query.text("channel"),
        tag: query.text("tag"),
        since,
        until,
        order: Order::Descending,
        cursor: paging.cursor(),
    };
    query.finish_taken()?;
    let owner = application(&state, &caller, &request).await?.to_string();
    let limit = paging.limit;
    let page = state.service.events(&caller, Some(owner), listing, limit);
    let shape = |own: StoredEvent| Some(message(&own, content));
    answer::ok(&paging.page(page.await?, |own| own.event.id.seq(), shape))
}

pub(super) async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let content = Content::asked(&mut query);
    query.finish_taken()?;
    let found = named(&state, &caller, &request).await?;
    answer::ok(&message(&found, content))
}

/// The payload, byte for byte, as a text.
pub(super) async fn raw(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let found = named(&state, &caller, &request).await?;
    let (data, content_type) = (&found.event.data, found.event.content_type());
    answer::ok(&SvixRawMessageOut {
        payload: own_text(data, content_type).into_owned(),
    })
}

/// Erases what a message carried, and whatever was kept of it.
pub(super) async fn expunge(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let found = named(&state, &caller, &request).await?;
    let id = found.event.public_id();
    state.service.erase_event(&caller, &id).await?;
    answer::no_content()
}

/// Sends the example of an event type to one endpoint, as a test.
pub(super) async fn send_example(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixExampleIn>,
) -> Answered {
    let known = endpoint(&state, &caller, &request).await?;
    let name = body.value.event_type;
    let example = match name.as_str() {
        PING => PING_EXAMPLE.to_owned(),
        _ => example(&state, &caller, &name, body.value.example_index).await?,
    };
    let tested = state
        .service
        .test_webhook(&caller, known.id, Some(name.clone()), Some(example.clone()))
        .await?;
    let detail = state.service.delivery(&caller, tested.delivery).await?;
    answer::ok(&SvixMessageOut {
        id: message_id(detail.delivery.event, &detail.delivery.event_public_id),
        event_id: None,
        event_type: name,
        payload: Content::Whole.payload(&example, None),
        channels: None,
        tags: None,
        timestamp: detail.delivery.created_at.into(),
        deliver_at: None,
    })
}

async fn example(
    state: &State,
    caller: &Caller,
    name: &str,
    place: Option<usize>,
) -> Result<String, Problem> {
    let of = state.service.versioned_event_type(caller, name).await?;
    match (event_type::example(&of, place.unwrap_or_default()), place) {
        (Some(example), _) => Ok(example),
        (None, None | Some(0)) => Ok(NO_EXAMPLE.to_owned()),
        (None, Some(_)) => Err(Problem::field("exampleIndex", "names no example")),
    }
}

/// The application whose message it is.
pub(super) fn owner_of(found: &StoredEvent) -> Result<ConsumerId, Problem> {
    let owner = found.event.consumer;
    owner.ok_or_else(|| Refusal::NotFound("message").into())
}

/// The message of the path's application that the path names, by its id or its publisher's.
pub(super) async fn named(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<StoredEvent, Problem> {
    let text = path_text(request, "msg_id");
    let wanted = match ours::<EventKind>(MESSAGE, &text) {
        Some(id) => EventRef::Id(id),
        None => EventRef::Name(text),
    };
    let owner = application_name(request);
    Ok(state.service.event_of(caller, &owner, wanted).await?)
}

fn check(said: &SvixMessageIn) -> Result<(), Problem> {
    if let Some(name) = &said.event_id {
        own_name(name, Some(MESSAGE)).map_err(|message| Problem::field("eventId", message))?;
    }
    if !said.payload.get().starts_with('{') {
        return Err(Problem::field("data", "must be an object"));
    }
    Ok(())
}

fn record(published: &Published) -> SvixRecord {
    SvixRecord {
        id: published.id.clone(),
        timestamp: published.created_at.into(),
        deliver_at: published.deliver_at.map(Time::from),
    }
}

fn recorded(published: &Published) -> StoredAnswer {
    answer::recorded(StatusCode::ACCEPTED, &record(published))
}

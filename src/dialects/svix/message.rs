//! Messages: events that are published to one consumer.
//!
//! Owns: how a publisher names one, reading and listing them. Refuses: rules (`service::events`).

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::application::SvixApplicationIn;
use super::application::{name as application_name, named as application};
use super::endpoint::named as endpoint;
use super::ids::{is_message, message_at, message_id, message_named};
use super::listing::{SvixPage, paging, texts};
use super::message_shape::{Content, SvixMessageIn, SvixMessageOut, message, name_tag};
use crate::domain::consumer::Consumer;
use crate::domain::page::{List, Order};
use crate::entropy;
use crate::service::consumers::{ConsumerInput, NamedConsumer};
use crate::service::events::{EventDetail, EventListing, Known, PublishInput, Published};
use crate::service::{Caller, Done, Once, Refusal, StoredAnswer};
use crate::web::extract::{Json, Query, RequestBody, path_text};
use crate::web::wire::Time;
use crate::web::{Answered, Problem, State, answer};

/// What is recorded of a message beside the key of its request: the rest of the answer is in the
/// request.
#[derive(Debug, Deserialize, Serialize)]
pub struct SvixRecord {
    id: String,
    timestamp: Time,
    is_new: bool,
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
}

impl RequestBody for SvixExampleIn {}

/// What is sent of an event type that has no example.
const NO_EXAMPLE: &str = "{}";

pub(super) async fn create(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixMessageIn>,
) -> Answered {
    let mut query = Query::of(&request);
    let content = Content::asked(&mut query);
    query.finish_taken()?;
    let key = body.keyed.once(recorded);
    let said = body.value;
    check(&said)?;
    let owner = owner(&state, &caller, &request, said.application).await?;
    let id = match &said.event_id {
        Some(name) => message_named(owner.id, name),
        None => message_at(state.service.clock().now(), entropy::bytes()),
    };
    let (channels, tags) = (said.channels.clone(), said.tags.clone());
    let mut marked = said.tags.unwrap_or_default();
    marked.extend(said.event_id.as_deref().map(name_tag));
    let input = PublishInput {
        event_type: said.event_type.clone(),
        data: said.payload.get().to_owned(),
        consumer: Some(NamedConsumer::Known(owner.id.to_string())),
        id: Some(id),
        channels: said.channels.unwrap_or_default(),
        tags: marked,
        ..PublishInput::default()
    };
    let record = match state.service.publish(&caller, input, key).await? {
        Done::Fresh(published) => record(&published),
        Done::Replayed(before) => serde_json::from_slice(&before.body)
            .map_err(|_| Refusal::Internal("a message's record cannot be read".to_owned()))?,
    };
    if !record.is_new {
        let message = "a message with this eventId was sent before".to_owned();
        return Err(Refusal::Conflict(message).into());
    }
    let made = SvixMessageOut {
        id: record.id,
        event_id: said.event_id,
        event_type: said.event_type,
        payload: content.payload(said.payload.get()),
        channels,
        tags,
        timestamp: record.timestamp,
        deliver_at: None,
    };
    answer::json(StatusCode::ACCEPTED, &made)
}

pub(super) async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (cursor, limit) = paging(&mut query, List::Events);
    let content = Content::asked(&mut query);
    let types = texts(&mut query, "event_types");
    let (after, before) = super::listing::period(&mut query);
    let listing = EventListing {
        event_type: types.first().filter(|_| types.len() == 1).cloned(),
        channel: query.text("channel"),
        tag: query.text("tag"),
        order: Order::Descending,
        cursor,
    };
    query.finish_taken()?;
    let owner = application(&state, &caller, &request).await?.id.to_string();
    let page = state.service.events(&caller, Some(owner), listing, limit);
    let page = page.await?;
    let shown = page.items.iter().filter(|own| {
        let is_wanted = types.is_empty() || types.iter().any(|one| **one == *own.event.event_type);
        let at = own.created_at;
        is_wanted && after.is_none_or(|after| at >= after) && before.is_none_or(|end| at < end)
    });
    let shown = shown.map(|own| message(own, content));
    answer::ok(&SvixPage::new(shown.collect(), page.next))
}

pub(super) async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let content = Content::asked(&mut query);
    query.finish_taken()?;
    let found = named(&state, &caller, &request).await?;
    answer::ok(&message(&found.stored, content))
}

/// The payload, byte for byte, as a text.
pub(super) async fn raw(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let found = named(&state, &caller, &request).await?;
    answer::ok(&SvixRawMessageOut {
        payload: found.stored.event.data.to_string(),
    })
}

/// Erases what a message carried, and whatever was kept of it.
pub(super) async fn expunge(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let found = named(&state, &caller, &request).await?;
    let id = found.stored.event.public_id();
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
    let described = state.service.event_type(&caller, &name).await?.settings;
    let example = described.example.unwrap_or_else(|| NO_EXAMPLE.to_owned());
    let tested = state
        .service
        .test_webhook(&caller, known.id, Some(name.clone()), Some(example.clone()))
        .await?;
    let detail = state.service.delivery(&caller, tested.delivery).await?;
    answer::ok(&SvixMessageOut {
        id: message_id(detail.delivery.event, &detail.delivery.event_public_id),
        event_id: None,
        event_type: name,
        payload: Content::Whole.payload(&example),
        channels: None,
        tags: None,
        timestamp: detail.delivery.created_at.into(),
        deliver_at: None,
    })
}

/// The message of the path's application that the path names, by its id or its publisher's.
pub(super) async fn named(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<EventDetail, Problem> {
    let owner = application(state, caller, request).await?;
    let text = path_text(request, "msg_id");
    let id = match is_message(&text) {
        true => text,
        false => message_named(owner.id, &text),
    };
    let found = state.service.event(caller, &id).await?;
    if found.stored.event.consumer != Some(owner.id) {
        return Err(Refusal::NotFound("message").into());
    }
    Ok(found)
}

/// The application that a message is for; it is made if the message says what it is made of.
async fn owner(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
    given: Option<SvixApplicationIn>,
) -> Result<Consumer, Problem> {
    let known = application(state, caller, request).await;
    let (Err(missing), Some(given)) = (&known, given) else {
        return known;
    };
    if missing.status() != StatusCode::NOT_FOUND {
        return known;
    }
    let name = application_name(request);
    if given.uid.as_deref() != Some(&*name) {
        return Err(match given.uid {
            Some(_) => Problem::field("application.uid", "must be the one in the path"),
            None => missing.clone(),
        });
    }
    let input: ConsumerInput = given.whole()?;
    let made = state
        .service
        .create_consumer(caller, input, Once::unkeyed());
    match made.await {
        Ok(Done::Fresh(made)) => Ok(made),
        // Another call was faster; what is there keeps what it has.
        Ok(Done::Replayed(_)) | Err(Refusal::Conflict(_)) => {
            Ok(state.service.consumer(caller, &name).await?)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn check(said: &SvixMessageIn) -> Result<(), Problem> {
    if said.deliver_at.is_some() {
        return Err(Problem::not_implemented("deliverAt"));
    }
    let given = said.transformations_params.as_ref();
    if given.is_some_and(|given| given.raw_payload.is_some()) {
        return Err(Problem::not_implemented("transformationsParams.rawPayload"));
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
        is_new: published.known == Known::New,
    }
}

fn recorded(published: &Published) -> StoredAnswer {
    answer::recorded(StatusCode::ACCEPTED, &record(published))
}

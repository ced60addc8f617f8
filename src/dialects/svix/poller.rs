//! Polling endpoints: what a webhook of kind `poll` keeps for those who fetch.
//!
//! Owns: the shapes of both generations of the clients' calls. Refuses: rules (`service::polling`).
//!
//! # Whose place it is
//! A poll without a consumer begins where its iterator says, and leaves no trace. One with a consumer is
//! tracked: the iterator that comes back says that everything before it is dealt with. The later generation
//! says that by itself, with an offset. A lease is not taken: who asks again before that gets the same.

use actix_web::HttpRequest;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::endpoint::named_as;
use super::listing::texts;
use super::message_shape::{Content, SvixMessageOut, message};
use crate::domain::id::WebhookId;
use crate::domain::page::{Cursor, List};
use crate::domain::time::Timestamp;
use crate::service::Caller;
use crate::service::polling::{PollInput, Polled, PolledBody, PolledEvent, SeekInput};
use crate::web::extract::{Json, Query, RequestBody, path_text};
use crate::web::{Answered, Problem, State, answer};

/// What was fetched.
#[derive(Debug, Serialize)]
pub struct SvixPolledOut {
    data: Vec<SvixMessageOut>,
    iterator: String,
    done: bool,
}

/// What was fetched, as the later generation of the clients reads it.
#[derive(Debug, Serialize)]
pub struct SvixPolledV2Out {
    data: Vec<SvixOffsetMessageOut>,
    done: bool,
}

/// A message with its number.
#[derive(Debug, Serialize)]
pub struct SvixOffsetMessageOut {
    offset: i64,
    #[serde(flatten)]
    message: SvixMessageOut,
}

/// From when on.
#[derive(Debug, Deserialize)]
pub struct SvixPollSeekIn {
    after: String,
}

impl RequestBody for SvixPollSeekIn {}

/// Where a consumer goes on.
#[derive(Debug, Serialize)]
pub struct SvixPollSeekOut {
    iterator: String,
}

/// Up to which message everything is dealt with.
#[derive(Debug, Deserialize)]
pub struct SvixCommitIn {
    offset: i64,
}

impl RequestBody for SvixCommitIn {}

/// What an endpoint keeps behind an iterator.
pub(super) async fn poll(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let input = PollInput {
        reader: None,
        cursor: query.cursor("iterator", List::PollEntries),
        since: query.time("after"),
        limit: query.limit(),
        wait: None,
    };
    // Without a consumer there is no place to begin at but the first.
    let input = match (input.cursor, input.since) {
        (None, None) => PollInput {
            cursor: Some(Cursor::behind(List::PollEntries, 0)),
            ..input
        },
        (Some(_), _) | (_, Some(_)) => input,
    };
    let (types, channel) = (texts(&mut query, "event_type"), query.text("channel"));
    query.finish_taken()?;
    let id = sink(&state, &caller, &request).await?;
    let mut polled = state.service.poll_webhook(&caller, id, input).await?;
    polled.events.retain(|own| {
        let event = &own.stored.event;
        let said = channel.iter().all(|one| event.channels().contains(one));
        said && (types.is_empty() || types.iter().any(|one| **one == *event.event_type))
    });
    answer::ok(&fetched(polled))
}

/// What an endpoint keeps for a consumer; what lies before its iterator is dealt with.
pub(super) async fn consumer_poll(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (iterator, limit) = (query.text("iterator"), query.limit());
    query.finish_taken()?;
    let id = sink(&state, &caller, &request).await?;
    let reader = Some(path_text(&request, "consumer_id"));
    if let Some(iterator) = iterator {
        state
            .service
            .ack_poll(&caller, id, reader.clone(), &iterator)
            .await?;
    }
    let input = PollInput {
        reader,
        cursor: None,
        since: None,
        limit,
        wait: None,
    };
    let polled = state.service.poll_webhook(&caller, id, input).await?;
    answer::ok(&fetched(polled))
}

/// Has a consumer begin with what was sent after a time.
pub(super) async fn consumer_seek(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixPollSeekIn>,
) -> Answered {
    let since = Timestamp::parse(&body.value.after);
    let since = since.map_err(|message| Problem::field("after", message))?;
    let id = sink(&state, &caller, &request).await?;
    let input = SeekInput {
        reader: Some(path_text(&request, "consumer_id")),
        cursor: None,
        since: Some(since),
    };
    let stands = state.service.seek_poll(&caller, id, input).await?;
    answer::ok(&SvixPollSeekOut {
        iterator: stands.cursor().to_string(),
    })
}

/// What an endpoint keeps for a consumer, each message with its offset.
pub(super) async fn offset_poll(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let limit = query.limit();
    let begins_now = query.parsed("starting_position", |word| match word {
        "earliest" => Ok(false),
        "latest" => Ok(true),
        _ => Err("must be earliest or latest"),
    });
    query.finish_taken()?;
    let id = sink(&state, &caller, &request).await?;
    let name = path_text(&request, "consumer_id");
    if begins_now == Some(true) {
        begin_now(&state, &caller, id, &name).await?;
    }
    let input = PollInput {
        reader: Some(name),
        cursor: None,
        since: None,
        limit,
        wait: None,
    };
    let polled = state.service.poll_webhook(&caller, id, input).await?;
    let shown = polled.events.into_iter().map(|own| SvixOffsetMessageOut {
        offset: own.cursor.seq(),
        message: fetched_message(own),
    });
    answer::ok(&SvixPolledV2Out {
        data: shown.collect(),
        done: !polled.has_more,
    })
}

/// Everything up to an offset is dealt with.
pub(super) async fn commit(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixCommitIn>,
) -> Answered {
    let id = sink(&state, &caller, &request).await?;
    let place = Cursor::behind(List::PollEntries, body.value.offset).to_string();
    let reader = Some(path_text(&request, "consumer_id"));
    state.service.ack_poll(&caller, id, reader, &place).await?;
    answer::no_content()
}

/// A consumer that nobody knows yet begins with what comes next.
async fn begin_now(
    state: &State,
    caller: &Caller,
    id: WebhookId,
    name: &str,
) -> Result<(), Problem> {
    let known = state.service.poll_readers(caller, id).await?;
    if known.iter().any(|(own, _)| own.name == name) {
        return Ok(());
    }
    let input = SeekInput {
        reader: Some(name.to_owned()),
        cursor: None,
        since: Some(state.service.clock().now()),
    };
    state.service.seek_poll(caller, id, input).await?;
    Ok(())
}

async fn sink(state: &State, caller: &Caller, request: &HttpRequest) -> Result<WebhookId, Problem> {
    Ok(named_as(state, caller, request, "sink_id").await?.id)
}

fn fetched(polled: Polled) -> SvixPolledOut {
    SvixPolledOut {
        iterator: polled.next.to_string(),
        done: !polled.has_more,
        data: polled.events.into_iter().map(fetched_message).collect(),
    }
}

fn fetched_message(polled: PolledEvent) -> SvixMessageOut {
    let shown = message(&polled.stored, Content::Whole);
    let payload = match polled.body {
        PolledBody::Plain => return shown,
        PolledBody::Shaped(text) => text,
        PolledBody::Failed(message) => json!({ "error": message }).to_string(),
    };
    SvixMessageOut {
        payload: RawValue::from_string(payload).unwrap_or_default(),
        ..shown
    }
}

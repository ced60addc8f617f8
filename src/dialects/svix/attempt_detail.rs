//! One attempt: what it came to, its headers, and erasing what came back.
//!
//! Owns: the shapes. Refuses: lists (`attempt`), and showing credentials; only their names are told.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use serde::Serialize;

use super::attempt::attempt_out;
use super::message::{named as message, owner_of};
use super::message_shape::Content;
use crate::domain::attempt::Attempt;
use crate::domain::delivery::Delivery;
use crate::domain::id::{AttemptId, AttemptKind, EventId};
use crate::domain::svix_id::{ATTEMPT, ours};
use crate::service::webhooks::MASK;
use crate::service::{Caller, Refusal};
use crate::web::extract::path_text;
use crate::web::{Answered, Problem, State, answer};

/// The headers of an attempt.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixAttemptHeadersOut {
    sensitive: Vec<String>,
    sent_headers: BTreeMap<String, String>,
    response_headers: Vec<[String; 2]>,
}

pub(super) async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let (delivery, attempt) = found(&state, &caller, &request).await?;
    answer::ok(&attempt_out(&delivery, &attempt, Content::Whole, None))
}

pub(super) async fn headers(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let (_, attempt) = found(&state, &caller, &request).await?;
    let (hidden, shown): (Vec<_>, Vec<_>) =
        lines(&attempt.request_headers).partition(|[_, value]| value.contains(MASK));
    answer::ok(&SvixAttemptHeadersOut {
        sensitive: hidden.into_iter().map(|[name, _]| name).collect(),
        sent_headers: shown
            .into_iter()
            .map(|[name, value]| (name, value))
            .collect(),
        response_headers: lines(&attempt.response_headers).collect(),
    })
}

pub(super) async fn expunge(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let (caller, event, id) = named(&state, &caller, &request).await?;
    state.service.erase_answer(&caller, event, id).await?;
    answer::no_content()
}

/// Headers, one `name: value` a line.
fn lines(text: &str) -> impl Iterator<Item = [String; 2]> {
    let split = text.lines().filter_map(|line| line.split_once(": "));
    split.map(|(name, value)| [name.to_owned(), value.to_owned()])
}

async fn found(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<(Delivery, Attempt), Problem> {
    let (caller, event, id) = named(state, caller, request).await?;
    Ok(state.service.attempt(&caller, event, id).await?)
}

/// The caller, who reaches no more than the path's application, and the message and attempt that the
/// path names.
async fn named(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<(Caller, EventId, AttemptId), Problem> {
    let stored = message(state, caller, request).await?;
    let id = ours::<AttemptKind>(ATTEMPT, &path_text(request, "attempt_id"));
    let id = id.ok_or(Refusal::NotFound("attempt"))?;
    Ok((caller.within(owner_of(&stored)?), stored.event.id, id))
}

//! What is sent again, and the tasks that do it.
//!
//! Owns: their shapes. Refuses: rules (`service::jobs`, `service::deliveries`).

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::endpoint::named as endpoint;
use super::ids::{TASK, ours, theirs};
use super::message::named as message;
use crate::domain::delivery::Delivery;
use crate::domain::id::{DeliveryId, JobKind as JobIdKind};
use crate::domain::job::{Job, JobStatus};
use crate::service::jobs::{Begun, RecoverInput};
use crate::service::{Caller, Refusal, StoredAnswer};
use crate::web::extract::{Json, Nothing, OptionalJson, RequestBody, path_text};
use crate::web::wire::Time;
use crate::web::{Answered, State, answer};

/// What failed, or was missed, since when.
#[derive(Debug, Deserialize)]
pub struct SvixSince {
    since: String,
    #[serde(default)]
    until: Option<String>,
}

impl RequestBody for SvixSince {}

/// A task under way.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixTaskOut {
    id: String,
    status: &'static str,
    task: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<serde_json::Value>,
    updated_at: Time,
}

const RECOVER: &str = "endpoint.recover";
const REPLAY: &str = "endpoint.replay";

pub(super) async fn recover(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixSince>,
) -> Answered {
    begin(&state, &caller, &request, body, "exhausted", RECOVER).await
}

pub(super) async fn replay_missing(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixSince>,
) -> Answered {
    begin(&state, &caller, &request, body, "missed", REPLAY).await
}

async fn begin(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
    body: Json<SvixSince>,
    include: &str,
    task: &'static str,
) -> Answered {
    let known = endpoint(state, caller, request).await?;
    let input = RecoverInput {
        since: Some(body.value.since),
        until: body.value.until,
        include: Some(vec![include.to_owned()]),
    };
    let key = body.keyed.once(begun);
    let done = state
        .service
        .recover_webhook(caller, known.id, input, key)
        .await?;
    let text = match &done {
        crate::service::Done::Fresh(begun) => begun.job.to_string(),
        crate::service::Done::Replayed(before) => {
            serde_json::from_slice(&before.body).unwrap_or_default()
        }
    };
    let task = SvixTaskOut {
        id: theirs(TASK, text),
        status: "running",
        task,
        data: None,
        updated_at: state.service.clock().now().into(),
    };
    answer::json(StatusCode::ACCEPTED, &task)
}

pub(super) async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = ours::<JobIdKind>(TASK, &path_text(&request, "task_id"));
    let id = id.ok_or(Refusal::NotFound("background task"))?;
    let job = state.service.job(&caller, id).await?;
    answer::ok(&SvixTaskOut {
        id: theirs(TASK, job.id),
        status: status(&job),
        task: RECOVER,
        data: Some(json!({ "total": job.total, "done": job.done })),
        updated_at: job.updated_at.into(),
    })
}

/// Sends a message to one endpoint once more, now.
pub(super) async fn resend(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<Nothing>,
) -> Answered {
    let known = endpoint(&state, &caller, &request).await?;
    let found = message(&state, &caller, &request).await?;
    let made = |own: &&Delivery| own.webhook == known.id;
    match found.deliveries.iter().rev().find(made) {
        Some(delivery) => {
            state.service.retry_delivery(&caller, delivery.id).await?;
        }
        None => {
            let event = found.stored.event.public_id();
            let key = body.0.keyed.once(replayed);
            let replay = state.service.replay(&caller, &event, Some(known.id), key);
            replay.await?;
        }
    }
    answer::json(StatusCode::ACCEPTED, &json!({}))
}

fn status(job: &Job) -> &'static str {
    match job.status {
        JobStatus::Running => "running",
        JobStatus::Done => "finished",
        JobStatus::Failed | JobStatus::Canceled => "failed",
    }
}

fn begun(begun: &Begun) -> StoredAnswer {
    answer::recorded(StatusCode::ACCEPTED, &begun.job.to_string())
}

fn replayed(_: &Vec<DeliveryId>) -> StoredAnswer {
    answer::recorded(StatusCode::ACCEPTED, &json!({}))
}

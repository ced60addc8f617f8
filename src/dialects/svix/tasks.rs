//! What is sent again, and the tasks that do it.
//!
//! Owns: their shapes. Refuses: rules (`service::jobs`, `service::deliveries`).

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::endpoint::named as endpoint;
use super::listing::SvixPaging;
use super::message::{named as message, owner_of};
use crate::domain::delivery::{CarriedFilter, DeliveryFilter, LastResult, Status, Trigger};
use crate::domain::id::{DeliveryId, JobKind as JobIdKind};
use crate::domain::job::{Job, JobKind, JobStatus};
use crate::domain::page::List;
use crate::domain::svix_id::{TASK, ours, theirs};
use crate::domain::time::Timestamp;
use crate::service::jobs::{Begun, RecoverInput, Selection, is_of_missed};
use crate::service::{Caller, Done, Refusal, StoredAnswer};
use crate::web::extract::{Json, Nothing, OptionalJson, Query, RequestBody, path_text};
use crate::web::wire::Time;
use crate::web::{Answered, Problem, State, answer};

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

/// Which messages are to be sent again.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixBulkReplayIn {
    since: String,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    event_types: Option<Vec<String>>,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    tag: Option<String>,
    #[serde(default)]
    status: Option<u8>,
    #[serde(default)]
    status_code_class: Option<u16>,
}

impl RequestBody for SvixBulkReplayIn {}

const RECOVER: &str = "endpoint.recover";
const REPLAY: &str = "endpoint.replay";
const BULK_REPLAY: &str = "endpoint.bulk-replay";

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
    let key = body.keyed.answered(begun);
    let done = state
        .service
        .recover_webhook(caller, known.id, input, key)
        .await?;
    answer::json(StatusCode::ACCEPTED, &running(state, &done, task))
}

/// Sends again whatever an endpoint was sent, as far as it is asked for.
pub(super) async fn bulk_replay(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<SvixBulkReplayIn>,
) -> Answered {
    let known = endpoint(&state, &caller, &request).await?;
    let filter = DeliveryFilter {
        webhook_seq: Some(known.id.seq()),
        consumer_seq: known.consumer.map(|own| own.seq()),
        workspace_seq: caller.workspace.seq(),
        ..wanted(body.value)?
    };
    let key = body.keyed.answered(begun);
    let chosen = Selection::Filter(filter);
    let done = state.service.retry_deliveries(&caller, chosen, key).await?;
    answer::json(StatusCode::ACCEPTED, &running(&state, &done, BULK_REPLAY))
}

fn wanted(said: SvixBulkReplayIn) -> Result<DeliveryFilter, Problem> {
    let time = |field: &str, text: &str| {
        Timestamp::parse(text).map_err(|message| Problem::field(field, message))
    };
    let since = time("since", &said.since)?;
    let until = said.until.as_deref().map(|text| time("until", text));
    let until = until.transpose()?;
    if until.is_some_and(|until| until <= since) {
        return Err(Problem::field("until", "must be later than since"));
    }
    let class = said.status_code_class.filter(|class| *class != 0);
    if class.is_some_and(|class| !(100..=500).contains(&class) || class % 100 != 0) {
        return Err(Problem::field(
            "statusCodeClass",
            "must be 0, 100, 200, 300, 400 or 500",
        ));
    }
    Ok(DeliveryFilter {
        statuses: match said.status {
            None => vec![
                Status::Delivered,
                Status::Retrying,
                Status::Exhausted,
                Status::Canceled,
            ],
            Some(0) => vec![Status::Delivered],
            Some(1 | 3) => vec![Status::Pending, Status::Retrying],
            Some(2) => vec![Status::Exhausted],
            Some(4) => vec![Status::Canceled],
            Some(_) => return Err(Problem::field("status", "must be a number from 0 to 4")),
        },
        carried: CarriedFilter {
            types: said.event_types.unwrap_or_default(),
            channel: said.channel,
            tag: said.tag,
        }
        .boxed(),
        result: class.map(|class| LastResult::Class(class / 100)),
        since: Some(since),
        until,
        ..DeliveryFilter::default()
    })
}

/// A task that was begun now, or by the same request before.
fn running(state: &State, done: &Done<Begun>, task: &'static str) -> SvixTaskOut {
    let text = match done {
        Done::Fresh(begun) => begun.job.to_string(),
        Done::Replayed(before) => serde_json::from_slice(&before.body).unwrap_or_default(),
    };
    SvixTaskOut {
        id: theirs(TASK, text),
        status: "running",
        task,
        data: None,
        updated_at: state.service.clock().now().into(),
    }
}

/// Tasks, the latest first. Work that the clients have no word for is left out.
pub(super) async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let paging = SvixPaging::ordered(&mut query, List::Jobs);
    let (status, task) = (query.text("status"), query.text("task"));
    query.finish_taken()?;
    let (cursor, limit) = (paging.cursor(), paging.limit);
    let page = state.service.jobs(&caller, cursor, limit).await?;
    let is_wanted = |own: &SvixTaskOut| {
        status.as_deref().is_none_or(|wanted| own.status == wanted)
            && task.as_deref().is_none_or(|wanted| own.task == wanted)
    };
    let shape = |job: Job| task_out(&job).filter(is_wanted);
    answer::ok(&paging.page(page, |job| job.id.seq(), shape))
}

pub(super) async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = ours::<JobIdKind>(TASK, &path_text(&request, "task_id"));
    let id = id.ok_or(Refusal::NotFound("background task"))?;
    let job = state.service.job(&caller, id).await?;
    let shown = task_out(&job).ok_or(Refusal::NotFound("background task"))?;
    answer::ok(&shown)
}

/// A job as the clients read it; `None` where they have no word for what it does.
fn task_out(job: &Job) -> Option<SvixTaskOut> {
    let task = match job.kind {
        JobKind::Recover if is_of_missed(job) => REPLAY,
        JobKind::Recover => RECOVER,
        JobKind::Retry => BULK_REPLAY,
        JobKind::Discard | JobKind::Restore | JobKind::Erase => return None,
    };
    Some(SvixTaskOut {
        id: theirs(TASK, job.id),
        status: status(job),
        task,
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
    let owner = owner_of(&found)?;
    let (views, within) = (state.service.views(), caller.within(owner));
    let given = views.webhooks_given(&within, found.event.id).await?;
    let made = given.iter().find(|(own, _)| own.webhook == known.id);
    match made.filter(|(own, _)| own.trigger != Trigger::Test) {
        Some((delivery, _)) => {
            state.service.retry_delivery(&caller, delivery.id).await?;
        }
        None => {
            let event = found.event.public_id();
            let key = body.0.keyed.answered(replayed);
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

//! `/jobs`: how far background work has come.
//!
//! Owns: the job's wire shape. Refuses: starting jobs; the resources they work on do.

use actix_web::HttpRequest;
use actix_web::web::to;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::access::{DELIVERIES_READ, DELIVERIES_WRITE};
use super::words::{JobKindWord, JobStatusWord};
use crate::domain::job::JobReport;
use crate::domain::page::List;
use crate::service::Caller;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Nothing, OptionalJson, Query, path_id};
use crate::web::wire::{ListBody, Time};
use crate::web::{Answered, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/v1/jobs", DELIVERIES_READ, || to(list))
        .for_consumers()
        .about(|operation| {
            operation
                .named("list_jobs", "Instance", "List background jobs")
                .lists::<JobBody>("A page of jobs.")
        }),
    Endpoint::get("/api/v1/jobs/{id}", DELIVERIES_READ, || to(show))
        .for_consumers()
        .about(|operation| {
            operation
                .named("show_job", "Instance", "Show how far a job has come")
                .gives::<JobBody>(200, "The job.")
        }),
    Endpoint::post("/api/v1/jobs/{id}/cancel", DELIVERIES_WRITE, || to(cancel))
        .for_consumers()
        .about(|operation| {
            operation
                .named("cancel_job", "Instance", "Cancel a background job")
                .may_take::<Nothing>(json!({}))
                .gives::<JobBody>(200, "The job as it is now.")
                .or(409)
        }),
];

/// A background job.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobBody {
    /// Its id.
    pub id: String,
    /// What it works off.
    #[schema(value_type = JobKindWord)]
    pub kind: &'static str,
    /// How it stands: `running` until the last of its deliveries was attempted.
    #[schema(value_type = JobStatusWord)]
    pub status: &'static str,
    /// How many items it comes to.
    pub total: u64,
    /// How many of them are done.
    pub done: u64,
    /// How many of its deliveries were delivered since; null where it sends nothing.
    pub delivered: Option<u64>,
    /// How many were attempted since, in vain.
    pub failed: Option<u64>,
    /// How many have yet to be attempted: as long as there are any, the job is `running`.
    pub waiting: Option<u64>,
    /// How many were canceled since.
    pub canceled: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it last went on.
    pub updated_at: Time,
}

async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = path_id(&request, "job")?;
    answer::ok(&job(state.service.job_report(&caller, id).await?))
}

async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (cursor, limit) = (query.cursor("cursor", List::Jobs), query.limit());
    query.finish()?;
    let page = state.service.job_reports(&caller, cursor, limit).await?;
    answer::ok(&ListBody::of(page, job))
}

async fn cancel(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let id = path_id(&request, "job")?;
    state.service.cancel_job(&caller, id).await?;
    answer::ok(&job(state.service.job_report(&caller, id).await?))
}

fn job(report: JobReport) -> JobBody {
    let JobReport {
        job,
        status,
        outcome,
    } = report;
    JobBody {
        id: job.id.to_string(),
        kind: job.kind.as_str(),
        status: status.as_str(),
        total: job.total,
        done: job.done,
        delivered: outcome.map(|outcome| outcome.delivered),
        failed: outcome.map(|outcome| outcome.failed),
        waiting: outcome.map(|outcome| outcome.waiting),
        canceled: outcome.map(|outcome| outcome.canceled),
        error: job.error,
        created_at: job.created_at.into(),
        updated_at: job.updated_at.into(),
    }
}

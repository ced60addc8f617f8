//! `/jobs` and `/jobs/{id}`: background work, how far it has come, and what became of its deliveries.
//!
//! Owns: the progress bar, which is drawn from the database and so survives any reload, canceling a
//! job, taking a discarding back. Refuses: beginning any other job.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OPERATOR, VIEWER};
use super::dead_letter_actions::to_job;
use super::page::{PageContext, Section, back_to, show};
use super::{Form, Shown, Visitor};
use crate::domain::delivery::JobPart;
use crate::domain::id::JobId;
use crate::domain::job::{JobKind, JobReport};
use crate::domain::page::{Limit, List};
use crate::domain::time::Timestamp;
use crate::service::Idempotency;
use crate::ui::job_progress::{JobProgress, heading, outcome_parts};
use crate::ui::parts::url_query::with_query;
use crate::ui::parts::{Ago, Badge, Copyable};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/jobs", VIEWER, || to(list)),
    Endpoint::get("/jobs/{id}", VIEWER, || to(detail)),
    Endpoint::post("/jobs/{id}/restore", OPERATOR, || to(restore)).back("/jobs/{id}"),
    Endpoint::post("/jobs/{id}/cancel", OPERATOR, || to(cancel)).back("/jobs/{id}"),
];

/// Lines of the list's page.
const ROWS: u32 = 25;

/// The page.
#[derive(Template)]
#[template(path = "job.html")]
pub struct JobView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The job, in words.
    pub work: JobProgress<'a>,
    /// Its id, to be copied.
    pub id: Copyable,
    /// How it stands.
    pub badge: Badge,
    /// Whether the reader may cancel it.
    pub may_operate: bool,
}

/// A line of the list.
#[derive(Clone, Debug)]
pub struct JobLine {
    /// Its id.
    pub id: String,
    /// What it does.
    pub heading: &'static str,
    /// How it stands.
    pub badge: Badge,
    /// How much it has done.
    pub progress: String,
    /// What became of its deliveries.
    pub outcome: String,
    /// When it began.
    pub began: Ago,
}

/// The list.
#[derive(Template)]
#[template(path = "jobs.html")]
pub struct JobsView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// The lines.
    pub rows: Vec<JobLine>,
    /// Where the list goes on.
    pub further: Option<String>,
    /// Whether it begins elsewhere.
    pub is_later: bool,
}

impl JobView<'_> {
    /// The parts of the outcome: how many, in words, and the list of them.
    fn parts(&self) -> Vec<(String, String)> {
        let report = self.work.report;
        let parts = report.outcome.map(outcome_parts).unwrap_or_default();
        let id = report.job.id.to_string();
        let address = |part: JobPart| {
            with_query(
                "/deliveries",
                &[("job_id", &id), ("job_part", part.as_str())],
            )
        };
        parts
            .into_iter()
            .map(|(words, part)| (words, address(part)))
            .collect()
    }

    /// Whether there is something that can be taken back.
    fn may_restore(&self) -> bool {
        let job = &self.work.report.job;
        self.may_operate && job.kind == JobKind::Discard && job.done > 0
    }
}

fn line(report: &JobReport, now: Timestamp) -> JobLine {
    let job = &report.job;
    let parts = report.outcome.map(outcome_parts).unwrap_or_default();
    let words: Vec<String> = parts.into_iter().map(|(words, _)| words).collect();
    JobLine {
        id: job.id.to_string(),
        heading: heading(job.kind),
        badge: Badge::job(report.status),
        progress: JobProgress { report, now }.progress(),
        outcome: words.join(", "),
        began: Ago(job.created_at),
    }
}

async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let cursor = query.cursor("cursor", List::Jobs);
    query.finish()?;
    let limit = Limit::clamped(ROWS);
    let found = state
        .service
        .job_reports(&visitor.caller, cursor, limit)
        .await?;
    let page = PageContext::of(&state, &request, visitor, Section::Jobs, "Jobs").await?;
    let now = state.service.clock().now();
    let view = JobsView {
        page: &page,
        rows: found.items.iter().map(|one| line(one, now)).collect(),
        further: (found.next)
            .map(|next| with_query("/jobs", &[("cursor", next.to_string().as_str())])),
        is_later: cursor.is_some(),
    };
    show(&page, &view)
}

async fn detail(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let id: JobId = path_id(&request, "job")?;
    Query::of(&request).finish()?;
    let report = state.service.job_report(&visitor.caller, id).await?;
    let may_operate = visitor.may_operate();
    let page = PageContext::of(&state, &request, visitor, Section::Jobs, "Job").await?;
    let view = JobView {
        page: &page,
        id: Copyable::new(id.to_string(), "the job's id"),
        badge: Badge::job(report.status),
        work: JobProgress {
            report: &report,
            now: state.service.clock().now(),
        },
        may_operate,
    };
    show(&page, &view)
}

/// `POST /jobs/{id}/restore`: what this job discarded, and nobody has touched since, is on the list
/// of dead letters again.
pub async fn restore(state: State, visitor: Visitor, request: HttpRequest, _form: Form) -> Shown {
    let id: JobId = path_id(&request, "job")?;
    let begun = (state.service).restore_discarded(&visitor.caller, id, Idempotency::unkeyed());
    match begun.await {
        Ok(begun) => Ok(to_job(&begun)),
        Err(refusal) => back_to(&format!("/jobs/{id}"), Err::<(), _>(refusal), |()| {
            String::new()
        }),
    }
}

async fn cancel(state: State, visitor: Visitor, request: HttpRequest, _form: Form) -> Shown {
    let id: JobId = path_id(&request, "job")?;
    let done = state.service.cancel_job(&visitor.caller, id).await;
    back_to(&format!("/jobs/{id}"), done, |_| {
        "The job was canceled; what it had done stays done.".to_owned()
    })
}

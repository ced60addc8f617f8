//! `/jobs/{id}`: how far background work has come.
//!
//! Owns: the progress bar, which is drawn from the database and so survives any reload, and calling
//! a job off. Refuses: beginning jobs.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{OPERATOR, VIEWER};
use super::page::{PageContext, Section, back_to, show};
use super::{Form, Shown, Visitor};
use crate::domain::id::JobId;
use crate::ui::job_progress::JobProgress;
use crate::ui::parts::{Badge, Copyable};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/jobs/{id}", VIEWER, || to(detail)),
    Endpoint::post("/jobs/{id}/cancel", OPERATOR, || to(cancel)).back("/jobs/{id}"),
];

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
    /// Whether the reader may call it off.
    pub may_operate: bool,
}

/// `GET /jobs/{id}`.
///
/// # Errors
/// 404 where the workspace has no such job.
pub async fn detail(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    let id: JobId = path_id(&request, "job")?;
    Query::of(&request).finish()?;
    let job = state.service.job(&visitor.caller, id).await?;
    let may_operate = visitor.may_operate();
    let page = PageContext::of(&state, &request, visitor, Section::Elsewhere, "Job").await?;
    let view = JobView {
        page: &page,
        id: Copyable::new(job.id.to_string(), "the job's id"),
        badge: Badge::job(job.status),
        work: JobProgress(&job),
        may_operate,
    };
    show(&page, &view)
}

/// `POST /jobs/{id}/cancel`.
///
/// # Errors
/// 404 where the workspace has no such job.
pub async fn cancel(state: State, visitor: Visitor, request: HttpRequest, _form: Form) -> Shown {
    let id: JobId = path_id(&request, "job")?;
    let done = state.service.cancel_job(&visitor.caller, id).await;
    back_to(&format!("/jobs/{id}"), done, |_| {
        "The job was canceled; what it had done stays done.".to_owned()
    })
}

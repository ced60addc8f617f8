//! `/portal/jobs/{id}`: how far background work has come.
//!
//! Owns: the page, and canceling the work. Refuses: beginning it.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{GUEST, RETRY, VIEW};
use super::form::GuestForm;
use super::guest::Guest;
use super::page::{PortalPage, Room, Shown, back_to, go_and_say, show};
use crate::domain::id::JobId;
use crate::domain::job::JobKind;
use crate::service::jobs::Begun;
use crate::service::{Done, Idempotency, Refusal};
use crate::ui::flash::Flash;
use crate::ui::job_progress::JobProgress;
use crate::ui::parts::{Badge, counted, grouped};
use crate::ui::speech::filters;
use crate::web::State;
use crate::web::answer::go;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/portal/jobs/{id}", GUEST, || to(detail)).needs(VIEW),
    Endpoint::post("/portal/jobs/{id}/restore", GUEST, || to(restore)).needs(RETRY),
    Endpoint::post("/portal/jobs/{id}/cancel", GUEST, || to(cancel)).needs(RETRY),
];

/// The page.
#[derive(Template)]
#[template(path = "portal/job.html")]
pub struct PortalJob<'a> {
    page: &'a PortalPage,
    work: JobProgress<'a>,
    id: String,
    badge: Badge,
}

impl PortalJob<'_> {
    /// What became of its deliveries: the word of each part, and how many are of it.
    fn parts(&self) -> Vec<(&'static str, String)> {
        let outcome = self.work.report.outcome.unwrap_or_default();
        let all = [
            ("delivered", outcome.delivered),
            ("failed again", outcome.failed),
            ("waiting", outcome.waiting),
            ("canceled", outcome.canceled),
        ];
        let said = all.into_iter().filter(|(_, count)| *count > 0);
        said.map(|(word, count)| (word, grouped(count))).collect()
    }

    /// Whether there is something that can be taken back.
    fn may_restore(&self) -> bool {
        let job = &self.work.report.job;
        self.page.may_retry() && job.kind == JobKind::Discard && job.done > 0
    }
}

async fn detail(state: State, guest: Guest, request: HttpRequest) -> Shown {
    let id: JobId = path_id(&request, "job")?;
    Query::of(&request).finish()?;
    let report = state.service.job_report(&guest.caller, id).await?;
    let work = JobProgress {
        report: &report,
        now: state.service.clock().now(),
    };
    let page = PortalPage::of(&request, guest, Room::Deliveries, work.heading());
    let view = PortalJob {
        badge: Badge::job(report.status),
        id: id.to_string(),
        work,
        page: &page,
    };
    show(&request, &page, &view)
}

/// `POST /portal/jobs/{id}/restore`: what this job discarded, and nobody has touched since, is on the list
/// of dead letters again.
pub async fn restore(state: State, guest: Guest, request: HttpRequest, _: GuestForm) -> Shown {
    let id: JobId = path_id(&request, "job")?;
    let (service, caller) = (&state.service, &guest.caller);
    let begun = service
        .restore_discarded(caller, id, Idempotency::unkeyed())
        .await;
    to_job(&request, begun, &format!("/portal/jobs/{id}"))
}

async fn cancel(state: State, guest: Guest, request: HttpRequest, _: GuestForm) -> Shown {
    let id: JobId = path_id(&request, "job")?;
    let done = state.service.cancel_job(&guest.caller, id).await;
    back_to(&request, &format!("/portal/jobs/{id}"), done, |_| {
        "Canceled; what it had done stays done.".to_owned()
    })
}

/// On to the page of work that was just begun, or back to `page` with why it was not.
pub(super) fn to_job(
    request: &HttpRequest,
    begun: Result<Done<Begun>, Refusal>,
    page: &str,
) -> Shown {
    match begun {
        Ok(Done::Fresh(begun)) => {
            let text = format!(
                "{} found; the work goes on whether or not this page is open.",
                counted(begun.matched, "item", "items")
            );
            let place = format!("/portal/jobs/{}", begun.job);
            Ok(go_and_say(request, &place, &Flash::good(text)))
        }
        Ok(Done::Replayed(_)) => Ok(go(page)),
        Err(refusal) => back_to(request, page, Err::<(), _>(refusal), |()| String::new()),
    }
}

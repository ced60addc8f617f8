//! How jobs stand, with what became of the deliveries that they put in line.
//!
//! Owns: that a job of retries is told done only once its deliveries were attempted. Refuses: counting
//! without a bound: where a page of jobs has touched too many deliveries, the later ones go without.
//!
//! # Why done is derived
//! A job's row is done as soon as everything is in line: no batch is due, and others may begin. For
//! whoever asks, it runs until the last of these deliveries was attempted.

use super::Selection;
use crate::domain::consumer::Purview;
use crate::domain::id::JobId;
use crate::domain::job::{Job, JobReport, JobStatus};
use crate::domain::page::{Cursor, Limit, Page};
use crate::service::{Caller, Refusal, Service};
use crate::store::{Read, StoreError, deliveries, jobs};

/// Deliveries of jobs that one answer counts: about a fifth of a second.
pub const OUTCOME_ROWS_MAX: u64 = 2_000_000;

impl Service {
    /// A job of the caller's workspace.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is none of that id.
    pub async fn job(&self, caller: &Caller, id: JobId) -> Result<Job, Refusal> {
        let purview = caller.purview();
        let work = move |conn: &Read<'_>| find(conn, purview, id);
        self.store().read(work).await
    }

    /// The same with what became of its deliveries.
    pub async fn job_report(&self, caller: &Caller, id: JobId) -> Result<JobReport, Refusal> {
        let purview = caller.purview();
        let work = move |conn: &Read<'_>| {
            let job = find(conn, purview, id)?;
            let mut budget = OUTCOME_ROWS_MAX;
            Ok::<_, Refusal>(report(conn, job, &mut budget)?)
        };
        self.store().read(work).await
    }

    /// How many deliveries were chosen, before anything is done to them; all that match are looked at.
    pub async fn count_chosen(&self, chosen: &Selection) -> Result<u64, Refusal> {
        match chosen {
            Selection::Ids(ids) => Ok(ids.len() as u64),
            Selection::Filter(filter) => {
                let filter = filter.clone();
                let work = move |conn: &Read<'_>| deliveries::count(conn, &filter);
                Ok(self.store().read(work).await?)
            }
        }
    }

    /// A page of the workspace's jobs, newest first.
    pub async fn jobs(
        &self,
        caller: &Caller,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<Job>, Refusal> {
        let purview = caller.purview();
        let work = move |conn: &Read<'_>| jobs::list(conn, purview, cursor, limit);
        Ok(self.store().read(work).await?)
    }

    /// The same with what became of their deliveries.
    pub async fn job_reports(
        &self,
        caller: &Caller,
        cursor: Option<Cursor>,
        limit: Limit,
    ) -> Result<Page<JobReport>, Refusal> {
        let purview = caller.purview();
        let work = move |conn: &Read<'_>| {
            let page = jobs::list(conn, purview, cursor, limit)?;
            let mut budget = OUTCOME_ROWS_MAX;
            let reports = page.items.into_iter();
            let items: Result<_, StoreError> =
                reports.map(|job| report(conn, job, &mut budget)).collect();
            Ok::<_, Refusal>(Page {
                items: items?,
                next: page.next,
            })
        };
        self.store().read(work).await
    }
}

fn find(conn: &Read<'_>, purview: Purview, id: JobId) -> Result<Job, Refusal> {
    jobs::find_in(conn, purview, id)?.ok_or(Refusal::NotFound("job"))
}

fn report(conn: &Read<'_>, job: Job, budget: &mut u64) -> Result<JobReport, StoreError> {
    let left = budget.checked_sub(job.done);
    let outcome = match left.filter(|_| job.kind.sends()) {
        Some(left) => {
            *budget = left;
            Some(jobs::outcome(conn, job.id.seq())?)
        }
        None => None,
    };
    let waits = match outcome {
        Some(outcome) => outcome.waiting > 0,
        None => job.kind.sends() && jobs::waits(conn, job.id.seq())?,
    };
    let status = match job.status {
        JobStatus::Done if waits => JobStatus::Running,
        own => own,
    };
    Ok(JobReport {
        job,
        status,
        outcome,
    })
}

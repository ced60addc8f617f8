//! Canceling a job.
//!
//! Owns: that what it has done stays done. Refuses: canceling its deliveries: those that are in line already
//! are canceled like any other.

use serde_json::json;

use crate::domain::id::JobId;
use crate::domain::job::{Job, JobEnding, JobStatus};
use crate::service::{Caller, Refusal, Service, audit};
use crate::store::{WriteTx, jobs};

impl Service {
    /// Cancels a running job. What it has done stays done.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]; [`Refusal::Conflict`] where it has ended.
    pub async fn cancel_job(&self, caller: &Caller, id: JobId) -> Result<Job, Refusal> {
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            let job = jobs::find_in(tx, caller.purview(), id)?.ok_or(Refusal::NotFound("job"))?;
            if !jobs::finish(tx, id.seq(), &JobEnding::Canceled)? {
                let why = match job.status == JobStatus::Done && jobs::waits(tx, id.seq())? {
                    true => {
                        "everything is in line already; cancel its deliveries instead".to_owned()
                    }
                    false => format!("this job has ended: it is {}", job.status.as_str()),
                };
                return Err(Refusal::Conflict(why));
            }
            audit(tx, &caller, "job.cancel", &id.to_string(), &json!({}))?;
            jobs::find(tx, id.seq())?.ok_or(Refusal::NotFound("job"))
        };
        self.store().write(work).await
    }
}

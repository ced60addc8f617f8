//! Background jobs, as their makers look at them.
//!
//! Owns: finding a job in the caller's workspace. Refuses: working it off (`engine`).

use super::{Caller, Refusal, Service};
use crate::domain::id::JobId;
use crate::store::jobs::{self, Job};

impl Service {
    /// A job of the caller's workspace.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] where there is none of that id.
    pub async fn job(&self, caller: &Caller, id: JobId) -> Result<Job, Refusal> {
        let workspace_seq = caller.workspace.seq();
        self.store()
            .read(move |conn| jobs::find_in(conn, workspace_seq, id).map_err(Refusal::from))
            .await?
            .ok_or(Refusal::NotFound("job"))
    }
}

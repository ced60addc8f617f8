//! Erasing what many events carried.
//!
//! Owns: beginning the job, and counting what it would come to. Refuses: erasing (`erasing`): the job does,
//! in batches.

use super::Begun;
use super::chosen_events::{ChosenEvents, EventFilterInput, criteria, rows_of};
use super::task::Task;
use crate::domain::job::JobKind;
use crate::service::{Caller, Done, Idempotency, Refusal, Service};

/// Which events bulk work is done to.
#[derive(Clone, Debug)]
pub enum EventSelection {
    /// These, by their public ids; at most `EVENT_IDS_MAX`.
    Ids(Vec<String>),
    /// All that match.
    Filter(EventFilterInput),
}

impl Service {
    /// Erases the data of events, the bodies built from it and the answers kept for it, in the
    /// background. What waits of them is called off.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for a filter that makes no sense or too many ids; [`Refusal::Conflict`]
    /// where too many jobs are running.
    pub async fn erase_events(
        &self,
        caller: &Caller,
        chosen: EventSelection,
        key: Idempotency<Begun>,
    ) -> Result<Done<Begun>, Refusal> {
        let task = self.erase_task(caller, chosen).await?;
        self.begin_task(caller, JobKind::Erase, "event.erase_many", task, key)
            .await
    }

    /// How many events that would come to now. Nothing is erased.
    pub async fn count_erasable(
        &self,
        caller: &Caller,
        chosen: EventSelection,
    ) -> Result<u64, Refusal> {
        let task = self.erase_task(caller, chosen).await?;
        let workspace_seq = caller.workspace.seq();
        self.read(move |_, conn| Ok(task.count(conn, workspace_seq)?))
            .await
    }

    async fn erase_task(&self, caller: &Caller, chosen: EventSelection) -> Result<Task, Refusal> {
        let purview = caller.purview();
        self.read(move |_, conn| {
            let chosen = match chosen {
                EventSelection::Ids(ids) => ChosenEvents::Rows(rows_of(conn, purview, &ids)?),
                EventSelection::Filter(input) => {
                    ChosenEvents::Filter(criteria(conn, purview, &input)?)
                }
            };
            Ok(Task {
                deliveries: None,
                missed: None,
                events: Some(chosen),
            })
        })
        .await
    }
}

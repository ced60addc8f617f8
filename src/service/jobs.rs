//! Bulk work: begun by a request, worked off in the background, a batch at a time.
//!
//! Owns: what may be begun, looking at jobs, calling them off. Refuses: working anything off in
//! the request itself: two hundred thousand deliveries take as many batches as they need, and new
//! events keep flowing between them.

use std::time::Duration;

use serde_json::json;

use super::idempotency::idempotent;
use super::under_way::BeingAttempted;
use super::{Caller, Done, Idempotency, Refusal, Service, audit};
use crate::domain::consumer::Purview;
use crate::domain::delivery::{Delivery, DeliveryFilter, DeliveryScope, Status, Trigger};
use crate::domain::id::{DeliveryId, JobId};
use crate::domain::job::{Job, JobEnding, JobKind, NewJob};
use crate::store::{Read, StoreError, WriteTx, deliveries, jobs, webhooks};

mod batch;
mod cancel;
mod chosen_events;
mod discarded;
mod erase;
mod erasing;
mod recover;
mod report;
mod settled;
mod task;

pub use chosen_events::EventFilterInput;
pub use erase::EventSelection;
use erasing::Worked;
pub use recover::{RecoverInput, is_of_missed};
use task::{Chosen, Criteria, Items, Position, Task};

/// Deliveries that one call may name by id.
pub const IDS_MAX: usize = 10_000;

/// How long to wait for an attempt under way, before looking again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Which deliveries bulk work is done to.
#[derive(Clone, Debug)]
pub enum Selection {
    /// These; at most [`IDS_MAX`].
    Ids(Vec<DeliveryId>),
    /// All that match.
    Filter(DeliveryFilter),
}

impl Selection {
    /// What a retry takes of it.
    #[must_use]
    pub fn to_be_retried(mut self) -> Self {
        if let Self::Filter(filter) = &mut self {
            filter.scope = DeliveryScope::Undiscarded;
            if filter.statuses.is_empty() {
                filter.statuses = vec![Status::Retrying, Status::Exhausted];
            }
        }
        self
    }
}

/// Work that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The job that does it.
    pub job: JobId,
    /// How many items it was found to come to.
    pub matched: u64,
}

/// What came of one step of the background work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// A batch of the job in this row was dealt with; there may be more.
    Worked(i64),
    /// A batch of the job in this row could not be worked off, for this reason; nothing of it was
    /// kept.
    Failed(i64, String),
    /// No job is running.
    Idle,
}

impl Service {
    /// Puts deliveries back in line. A filter that names no states means those that are retrying
    /// or gave up; what a person discarded is never chosen by a filter.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for too many ids; [`Refusal::Revoked`] where the filter names a revoked
    /// webhook; [`Refusal::Conflict`] where too many jobs are running.
    pub async fn retry_deliveries(
        &self,
        caller: &Caller,
        chosen: Selection,
        key: Idempotency<Begun>,
    ) -> Result<Done<Begun>, Refusal> {
        let chosen = chosen.to_be_retried();
        self.begin(caller, JobKind::Retry, "delivery.retry_many", chosen, key)
            .await
    }

    /// Puts dead letters back in line.
    pub async fn retry_dead_letters(
        &self,
        caller: &Caller,
        chosen: Selection,
        key: Idempotency<Begun>,
    ) -> Result<Done<Begun>, Refusal> {
        let scope = DeliveryScope::DeadLetters;
        let chosen = self.those_of(caller, chosen, scope).await?;
        let action = "dead_letter.retry_many";
        self.begin(caller, JobKind::Retry, action, chosen, key)
            .await
    }

    /// Takes dead letters off the list.
    pub async fn discard_dead_letters(
        &self,
        caller: &Caller,
        chosen: Selection,
        key: Idempotency<Begun>,
    ) -> Result<Done<Begun>, Refusal> {
        let scope = DeliveryScope::DeadLetters;
        let chosen = self.those_of(caller, chosen, scope).await?;
        let action = "dead_letter.discard_many";
        self.begin(caller, JobKind::Discard, action, chosen, key)
            .await
    }

    /// Works off one batch of the running job that comes after row `after` in turn.
    ///
    /// # Errors
    /// [`StoreError`] where the database cannot be used; the batch is then as if never begun.
    pub async fn step_jobs(&self, after: i64) -> Result<Stepped, StoreError> {
        let cut = self.store().read(move |conn| {
            let Some(job) = jobs::next_running(conn, after)? else {
                return Ok(None);
            };
            let batch = next_batch(conn, &job)?;
            Ok::<_, StoreError>(Some((job, batch)))
        });
        let Some((job, batch)) = cut.await? else {
            return Ok(Stepped::Idle);
        };
        let seq = job.id.seq();
        let worked = match batch {
            Some(batch) => {
                let under_way = self.under_way_in(&job, &batch.items).await?;
                self.store()
                    .settle(move |tx| batch::work_off(tx, &under_way, &job, &batch))
                    .await
            }
            None => Err(Refusal::Internal("the job's task is damaged".to_owned())),
        };
        Ok(match worked {
            Ok(Worked::HeldUp) => {
                tokio::time::sleep(LOOK_AGAIN).await;
                Stepped::Worked(seq)
            }
            // A job that was called off meanwhile is not running any more.
            Ok(Worked::Off) | Err(Refusal::Conflict(_)) => Stepped::Worked(seq),
            Err(Refusal::Unavailable(reason)) => return Err(StoreError::Stopped(reason)),
            Err(Refusal::Revoked) => {
                self.end_job(seq, "its webhook was revoked").await?;
                Stepped::Worked(seq)
            }
            Err(refusal) => Stepped::Failed(seq, refusal.to_string()),
        })
    }

    /// Which of the deliveries that a batch is about are being attempted, where that matters to it.
    async fn under_way_in(&self, job: &Job, items: &Items) -> Result<BeingAttempted, StoreError> {
        match (items, job.kind) {
            (Items::Events(rows), _) => self.under_way_of(rows.clone()).await,
            (Items::Deliveries(rows, _), JobKind::Retry | JobKind::Recover) => {
                self.under_way_among(rows.clone()).await
            }
            _ => Ok(BeingAttempted::default()),
        }
    }

    /// Ends a job that failed again and again.
    pub(super) async fn fail_job(&self, seq: i64) -> Result<(), StoreError> {
        self.end_job(seq, "a fault of hookpost's own; its log says more")
            .await
    }

    async fn end_job(&self, seq: i64, reason: &'static str) -> Result<(), StoreError> {
        let ending = JobEnding::Failed(reason.to_owned());
        let ended = move |tx: &mut WriteTx<'_>| jobs::finish(tx, seq, &ending).map(drop);
        self.store().settle(ended).await
    }

    async fn begin(
        &self,
        caller: &Caller,
        kind: JobKind,
        action: &'static str,
        chosen: Selection,
        key: Idempotency<Begun>,
    ) -> Result<Done<Begun>, Refusal> {
        let purview = caller.purview();
        let task = self
            .store()
            .read(move |conn| {
                let chosen = match chosen {
                    Selection::Ids(ids) => Chosen::Rows(rows_of(conn, purview, kind, &ids)?),
                    Selection::Filter(filter) => {
                        check_webhook(conn, kind, &filter)?;
                        Chosen::Filter(Criteria::new(&filter, deliveries::end(conn)?))
                    }
                };
                Ok::<_, Refusal>(Task {
                    deliveries: Some(chosen),
                    missed: None,
                    events: None,
                })
            })
            .await?;
        self.begin_task(caller, kind, action, task, key).await
    }

    async fn begin_task(
        &self,
        caller: &Caller,
        kind: JobKind,
        action: &'static str,
        task: Task,
        key: Idempotency<Begun>,
    ) -> Result<Done<Begun>, Refusal> {
        let workspace_seq = caller.workspace.seq();
        let (task, matched) = self
            .store()
            .read(move |conn| {
                let matched = task.count(conn, workspace_seq)?;
                Ok::<_, StoreError>((task, matched))
            })
            .await?;
        let caller = caller.clone();
        let work = move |tx: &mut WriteTx<'_>| {
            idempotent(tx, &caller, &key, |tx| {
                let begun = insert(tx, &caller, kind, &task, matched)?;
                let detail = json!({ "matched": matched });
                audit(tx, &caller, action, &begun.job.to_string(), &detail)?;
                Ok(begun)
            })
        };
        self.store().write(work).await
    }

    /// Only those of `which` sort among what was chosen.
    async fn those_of(
        &self,
        caller: &Caller,
        chosen: Selection,
        scope: DeliveryScope,
    ) -> Result<Selection, Refusal> {
        match chosen {
            Selection::Filter(mut filter) => {
                filter.scope = scope;
                Ok(Selection::Filter(filter))
            }
            Selection::Ids(ids) => {
                check_ids(&ids)?;
                let purview = caller.purview();
                let found = self.store().read(move |conn| {
                    let is_wanted = |one: &Delivery| match scope == DeliveryScope::Discarded {
                        true => one.is_discarded(),
                        false => one.is_dead_letter(),
                    };
                    let mut found = Vec::with_capacity(ids.len());
                    for id in ids {
                        let one = deliveries::find_in(conn, purview, id)?;
                        found.extend(one.filter(is_wanted).map(|own| own.id));
                    }
                    Ok::<_, StoreError>(found)
                });
                Ok(Selection::Ids(found.await?))
            }
        }
    }
}

fn insert(
    tx: &mut WriteTx<'_>,
    caller: &Caller,
    kind: JobKind,
    task: &Task,
    matched: u64,
) -> Result<Begun, Refusal> {
    let workspace_seq = caller.workspace.seq();
    let consumer_seq = caller.purview().consumer_seq;
    if let Some(limit) = jobs::reached_limit(tx, workspace_seq, consumer_seq)? {
        let why = format!("{limit} background jobs are running; wait for one of them to end");
        return Err(Refusal::Conflict(why));
    }
    let task = serde_json::to_string(task).expect("numbers and words always serialise");
    let new = NewJob {
        workspace_seq,
        consumer_seq,
        kind,
        task,
        total: matched,
    };
    let job = jobs::insert(tx, &new)?;
    if matched == 0 {
        jobs::finish(tx, job.seq(), &JobEnding::Done)?;
    }
    Ok(Begun { job, matched })
}

/// The batch that a job goes on with; `None` where its row cannot be understood.
fn next_batch(conn: &Read<'_>, job: &Job) -> Result<Option<task::JobBatch>, StoreError> {
    let Ok(task) = serde_json::from_str::<Task>(&job.task) else {
        return Ok(None);
    };
    let position = job
        .position
        .as_deref()
        .map(serde_json::from_str::<Position>);
    match position.transpose() {
        Ok(position) => task.cut(conn, job.workspace_seq, position).map(Some),
        Err(_) => Ok(None),
    }
}

/// The webhook whose missed events a job works off.
fn missed_webhook(job: &Job) -> Option<i64> {
    let task: Task = serde_json::from_str(&job.task).ok()?;
    task.missed.map(|missed| missed.webhook_seq)
}

fn check_ids(ids: &[DeliveryId]) -> Result<(), Refusal> {
    if ids.len() > IDS_MAX {
        let message = format!("must hold at most {IDS_MAX} ids; choose by a filter instead");
        return Err(Refusal::field("ids", message));
    }
    Ok(())
}

/// The rows of those that exist and that this kind of work can be done to, in ascending order.
fn rows_of(
    conn: &Read<'_>,
    purview: Purview,
    kind: JobKind,
    ids: &[DeliveryId],
) -> Result<Vec<i64>, Refusal> {
    check_ids(ids)?;
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(delivery) = deliveries::find_in(conn, purview, *id)? else {
            continue;
        };
        let possible = match kind {
            JobKind::Discard | JobKind::Restore | JobKind::Erase => true,
            JobKind::Retry | JobKind::Recover => {
                delivery.trigger != Trigger::Test
                    && !webhooks::is_ended(conn, delivery.webhook.seq())?
            }
        };
        rows.extend(possible.then_some(id.seq()));
    }
    rows.sort_unstable();
    rows.dedup();
    Ok(rows)
}

/// Nothing can be put back in line of a webhook that is out for good.
fn check_webhook(conn: &Read<'_>, kind: JobKind, filter: &DeliveryFilter) -> Result<(), Refusal> {
    match (kind, filter.webhook_seq) {
        (JobKind::Retry | JobKind::Recover, Some(seq)) if webhooks::is_ended(conn, seq)? => {
            Err(Refusal::Revoked)
        }
        (
            JobKind::Retry
            | JobKind::Recover
            | JobKind::Discard
            | JobKind::Restore
            | JobKind::Erase,
            _,
        ) => Ok(()),
    }
}

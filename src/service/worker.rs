//! What goes on in the background besides deliveries: bulk work, and erasing what is kept no longer.
//!
//! Owns: the loop that asks for one step after another, and waiting until there is more. Refuses:
//! knowing what a step does; [`Service::step_jobs`] can be called by hand as well.
//!
//! # Why it rests after each batch
//! Everything that writes shares one writer. After each batch the worker rests for as long as the
//! batch took, so that at least half of the writer's time is left to publishers and attempts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Service;
use super::jobs::Stepped;
use super::keeping::{keep_for_ever, wake_with_commits};
use crate::store::StoreError;
use crate::store::jobs::RUNNING_MAX;

/// The longest rest between two batches.
const REST_MAX: Duration = Duration::from_millis(100);
/// How long to wait before a batch that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Failures of one job in a row after which it is given up: a minute of trying.
const FAILURES_MAX: u32 = 60;

/// The background work of a service; it ends when this is dropped.
#[derive(Debug)]
pub struct Worker {
    jobs: JoinHandle<()>,
    keeping: JoinHandle<()>,
}

impl Worker {
    /// Starts working on `runtime`, first on what an earlier process left unfinished.
    #[must_use]
    pub fn start(service: &Service, runtime: &Handle) -> Self {
        let signals = Arc::new(JobSignals::default());
        let notified = Arc::clone(&signals);
        service.store().on_commit(move |committed| {
            if committed.jobs_changed {
                notified.changed.notify_one();
            }
            if committed.activity {
                notified.activity.notify_one();
            }
        });
        let changed = wake_with_commits(service);
        let (service, keeper) = (service.clone(), service.clone());
        Self {
            keeping: runtime.spawn(async move { keep_for_ever(&keeper, &changed).await }),
            jobs: runtime.spawn(async move { work_jobs(&service, &signals).await }),
        }
    }

    /// Ends the work where it is; each batch is whole or was never begun.
    pub fn stop(&self) {
        self.jobs.abort();
        self.keeping.abort();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What the worker of jobs waits for.
#[derive(Debug, Default)]
struct JobSignals {
    /// A job was begun or ended.
    changed: Notify,
    /// Deliveries moved.
    activity: Notify,
}

impl JobSignals {
    /// Waits until there may be more to do; what deliveries do matters only while jobs wait for theirs.
    async fn wait(&self, unsettled: &BTreeSet<i64>) {
        let moved = async {
            match unsettled.is_empty() {
                true => std::future::pending().await,
                false => self.activity.notified().await,
            }
            sleep(REST_MAX).await;
        };
        tokio::select! {
            () = self.changed.notified() => {}
            () = moved => {}
        }
    }
}

/// Asks for steps until the store is closed.
async fn work_jobs(service: &Service, signals: &JobSignals) {
    let mut unsettled = service.unsettled_jobs().await.unwrap_or_else(|error| {
        tracing::warn!(%error, "what became of earlier jobs is not told");
        BTreeSet::new()
    });
    let mut last = 0;
    let mut failures: BTreeMap<i64, u32> = BTreeMap::new();
    loop {
        let begun = Instant::now();
        match call_off(service).await {
            Some(Called::Off) => {
                sleep(begun.elapsed().min(REST_MAX)).await;
                continue;
            }
            Some(Called::Later) => sleep(RETRY_AFTER).await,
            None => {}
        }
        match service.step_jobs(last).await {
            Ok(Stepped::Worked(job)) => {
                last = job;
                failures.remove(&job);
                unsettled.insert(job);
                while unsettled.len() > RUNNING_MAX as usize {
                    unsettled.pop_first();
                }
                sleep(begun.elapsed().min(REST_MAX)).await;
            }
            Ok(Stepped::Failed(job, reason)) => {
                last = job;
                let count = failures.entry(job).or_default();
                *count += 1;
                if *count >= FAILURES_MAX {
                    failures.remove(&job);
                    give_up(service, job, reason).await;
                }
                sleep(RETRY_AFTER).await;
            }
            Ok(Stepped::Idle) => match service.settle_jobs(unsettled.clone()).await {
                Ok(waiting) => {
                    unsettled = waiting;
                    signals.wait(&unsettled).await;
                }
                Err(StoreError::Stopped(_)) => return,
                Err(error) => {
                    tracing::warn!(%error, "what became of jobs has to wait for the database");
                    sleep(RETRY_AFTER).await;
                }
            },
            Err(StoreError::Stopped(_)) => return,
            Err(error) => {
                tracing::warn!(%error, "background work waits for the database");
                sleep(RETRY_AFTER).await;
            }
        }
    }
}

async fn give_up(service: &Service, job: i64, reason: String) {
    tracing::error!(job, reason, "a background job cannot go on");
    if let Err(error) = service.fail_job(job).await {
        tracing::error!(job, %error, "nor could that be recorded");
    }
}

/// What came of calling a batch off.
enum Called {
    /// It was done.
    Off,
    /// The database was in the way.
    Later,
}

/// Calls one batch of what waits for ended webhooks off, or else erases one of what is to be erased;
/// nothing where there is none.
async fn call_off(service: &Service) -> Option<Called> {
    let batch = match service.step_endings().await {
        Ok(None) => service.step_erasures().await,
        other => other.map(|batch| batch.is_some()),
    };
    match batch {
        Ok(was_one) => was_one.then_some(Called::Off),
        // The next step of the jobs says so, and ends the work.
        Err(StoreError::Stopped(_)) => None,
        Err(error) => {
            tracing::warn!(%error, "calling off what waits for ended webhooks has to wait");
            Some(Called::Later)
        }
    }
}

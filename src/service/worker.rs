//! What goes on in the background besides deliveries: bulk work, and history leaving.
//!
//! Owns: the loops that ask for one step after another, and waiting until there is more. Refuses:
//! knowing what a step does; each can be called by hand as well.
//!
//! # Why it rests after each batch
//! Everything that writes shares one writer. After each batch the worker rests for as long as the
//! batch took, so that at least half of the writer's time is left to publishers and attempts.
//!
//! # Why an idle instance is swept ever more rarely
//! What becomes old only does so because time passes, so there is nothing to be woken by. While
//! things change, a sweep a minute follows them; when nothing has changed since the last one, the
//! next may come after twice the time. What leaves late then leaves late by as long again as it had
//! been kept at most, and a sleeping instance touches its disk once an hour.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::Service;
use super::jobs::Stepped;
use crate::store::StoreError;
use crate::store::retention::Sweep;

/// The longest rest between two batches.
const REST_MAX: Duration = Duration::from_millis(100);
/// How long to wait before a batch that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Failures of one job in a row after which it is given up: a minute of trying.
const FAILURES_MAX: u32 = 60;
/// From one sweep to the next while things change.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// From one sweep to the next at most.
const SWEEP_EVERY_MAX: Duration = Duration::from_secs(3600);

/// The background work of a service; it ends when this is dropped.
#[derive(Debug)]
pub struct Worker {
    tasks: [JoinHandle<()>; 2],
}

impl Worker {
    /// Starts working on `runtime`, first on what an earlier process left unfinished.
    #[must_use]
    pub fn start(service: &Service, runtime: &Handle) -> Self {
        let wake = Arc::new(Notify::new());
        let changed = Arc::new(Notify::new());
        let (waker, teller) = (Arc::clone(&wake), Arc::clone(&changed));
        service.store().on_commit(move |committed| {
            if committed.jobs_changed {
                waker.notify_one();
            }
            if committed.activity || committed.access_changed {
                teller.notify_one();
            }
        });
        let (jobs, sweeps) = (service.clone(), service.clone());
        Self {
            tasks: [
                runtime.spawn(async move { work_jobs(&jobs, &wake).await }),
                runtime.spawn(async move { keep_swept(&sweeps, &changed).await }),
            ],
        }
    }

    /// Ends the work where it is; each batch is whole or was never begun.
    pub fn stop(&self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Asks for steps until the store is closed.
async fn work_jobs(service: &Service, wake: &Notify) {
    put_right(service).await;
    let mut last = 0;
    let mut failures: BTreeMap<i64, u32> = BTreeMap::new();
    loop {
        let begun = Instant::now();
        match service.step_jobs(last).await {
            Ok(Stepped::Worked(job)) => {
                last = job;
                failures.remove(&job);
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
            Ok(Stepped::Idle) => wake.notified().await,
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

async fn put_right(service: &Service) {
    match service.finish_endings().await {
        Ok(0) => {}
        Ok(canceled) => tracing::info!(canceled, "called off what waited for ended webhooks"),
        Err(error) => tracing::error!(%error, "what waits for ended webhooks was left alone"),
    }
}

/// Sweeps again and again until the store is closed.
async fn keep_swept(service: &Service, changed: &Notify) {
    let mut wait = SWEEP_EVERY;
    loop {
        if timeout(wait, changed.notified()).await.is_ok() {
            wait = SWEEP_EVERY;
            sleep(SWEEP_EVERY).await;
        } else {
            wait = (wait * 2).min(SWEEP_EVERY_MAX);
        }
        match sweep(service).await {
            Ok(()) => {}
            Err(StoreError::Stopped(_)) => return,
            Err(error) => tracing::warn!(%error, "a sweep broke off; the next begins anew"),
        }
    }
}

async fn sweep(service: &Service) -> Result<(), StoreError> {
    let mut next = Some(Sweep::start());
    while let Some(from) = next {
        let begun = Instant::now();
        next = service.step_sweep(from).await?;
        sleep(begun.elapsed().min(REST_MAX)).await;
    }
    Ok(())
}

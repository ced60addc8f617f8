//! Housekeeping: history that is older than anybody wants leaves, without anybody asking.
//!
//! Owns: when a sweep begins, the rests between its steps, and the tasks that nobody asks for.
//! Refuses: saying what leaves (`store::retention` does) and how damage is looked for
//! (`inspection`); [`Service::sweep`] can be called by hand as well.
//!
//! # Why it rests after each step
//! Everything that writes shares one writer. After each step the housekeeper rests for as long as
//! the step took and a little longer, so that publishers hardly notice.
//!
//! # What an idle instance does
//! A sweep that removes nothing reads a few pages, mostly from memory, and writes none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::people::SESSION_LASTS;
use super::{Refusal, Service, inspection};
use crate::store::retention::{self, Pruned, RetentionLimits, RetentionStep, Sweep};

/// How long after the start the first sweep begins: a start has better things to do.
const FIRST_SWEEP_AFTER: Duration = Duration::from_secs(60);
/// How long after the end of a sweep the next one begins.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// How often alerts are looked for that no attempt gives reason for.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// When mails are tried again after the database refused.
const MAIL_AGAIN: Duration = Duration::from_secs(30);
/// The shortest rest between two steps.
const REST_MIN: Duration = Duration::from_millis(20);

/// The housekeeper of a service; it ends when this is dropped.
#[derive(Debug)]
pub struct Housekeeper {
    tasks: [JoinHandle<()>; 4],
}

impl Housekeeper {
    /// Starts sweeping and looking for damage on `runtime`.
    #[must_use]
    pub fn start(service: &Service, runtime: &Handle) -> Self {
        let (sweeping, looking) = (service.clone(), service.clone());
        let (telling, mailing) = (service.clone(), service.clone());
        Self {
            tasks: [
                runtime.spawn(async move { sweep_for_ever(&sweeping).await }),
                runtime.spawn(async move { inspection::look_for_ever(&looking).await }),
                runtime.spawn(async move { tell_for_ever(&telling).await }),
                runtime.spawn(async move { mail_for_ever(&mailing).await }),
            ],
        }
    }

    /// Ends what it does where it is; each step is whole or was never begun.
    pub fn stop(&self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for Housekeeper {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn sweep_for_ever(service: &Service) {
    let mut rest = FIRST_SWEEP_AFTER;
    loop {
        tokio::time::sleep(rest).await;
        rest = SWEEP_EVERY;
        match service.sweep().await {
            Ok(Swept { pruned, .. }) if pruned.is_nothing() => {}
            Ok(Swept { pruned, steps }) => tracing::info!(
                steps,
                deliveries = pruned.deliveries,
                events = pruned.events,
                "old history was removed"
            ),
            Err(error) => {
                tracing::warn!(%error, "the sweep was broken off; the next one begins anew");
            }
        }
    }
}

/// Alerts that no attempt gives reason for. Two small indices are read each time, both mostly empty.
async fn tell_for_ever(service: &Service) {
    loop {
        tokio::time::sleep(TELL_EVERY).await;
        if let Err(error) = service.engine().tell_due().await {
            tracing::warn!(%error, "alerts that were due could not be told; they are tried again");
        }
    }
}

/// Mails, as soon as there are any; without a mail server nothing is done at all.
async fn mail_for_ever(service: &Service) {
    if service.engine().mailer().is_none() {
        return;
    }
    let wake = Arc::new(Notify::new());
    let waker = Arc::clone(&wake);
    service.store().on_commit(move |committed| {
        if committed.mails {
            waker.notify_one();
        }
    });
    loop {
        let next = service.engine().mail_due().await;
        let next = next.unwrap_or_else(|error| {
            tracing::warn!(%error, "mails could not be sent; they are tried again");
            Some(service.clock().now().after(MAIL_AGAIN))
        });
        let rest = next.map(|at| at.since(service.clock().now()));
        let due = tokio::time::sleep(rest.unwrap_or(SWEEP_EVERY).min(SWEEP_EVERY));
        tokio::select! {
            () = wake.notified() => {}
            () = due => {}
        }
    }
}

/// What a whole sweep came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Everything that left.
    pub pruned: Pruned,
    /// In so many steps.
    pub steps: u32,
}

impl Service {
    /// Removes everything that is older than its workspace, or else the instance, wants to keep it.
    ///
    /// # Errors
    /// [`Refusal`] where a step cannot be committed; what earlier steps removed stays removed.
    pub async fn sweep(&self) -> Result<Swept, Refusal> {
        let mut swept = Swept::default();
        let mut next = Some(Sweep::start());
        while let Some(from) = next {
            let begun = Instant::now();
            let step = self.sweep_step(from).await?;
            swept.steps += 1;
            swept.pruned.add(&step.pruned);
            next = step.next;
            if next.is_some() {
                tokio::time::sleep(begun.elapsed().max(REST_MIN)).await;
            }
        }
        Ok(swept)
    }

    async fn sweep_step(&self, from: Sweep) -> Result<RetentionStep, Refusal> {
        let limits = RetentionLimits {
            delivered: self.options().retain_delivered,
            exhausted: self.options().retain_exhausted,
            sessions: SESSION_LASTS,
        };
        self.store()
            .settle(move |tx| Ok(retention::step(tx, &limits, from)?))
            .await
    }
}

//! Whether the engine lives: the scheduler's own word for it.
//!
//! Owns: asking the scheduler, its answer, and that it has ended. Refuses: what follows from that; health
//! checks, the watchdog and the process's end are others'.
//!
//! # Why the scheduler answers itself
//! A task that is spawned to look proves that the engine's threads run, but not that deliveries are
//! started: a scheduler that panicked, or waits for ever, leaves them running. So it is woken, and
//! answers with the step that this leads to. For that it holds the lanes, so whoever holds them for ever
//! keeps it silent too; and who asks only waits, on any thread, and blocks none.
//!
//! # What it costs
//! A step that nobody asked about reads one flag. However many ask at once, one answer is for all.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// How much the engine has in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineStatus {
    /// Attempts under way.
    pub in_flight: usize,
    /// Deliveries queued in memory.
    pub queued: usize,
    /// Attempts made since the start.
    pub attempts: u64,
    /// Whether sending is paused until somebody resumes it.
    pub paused: bool,
}

/// Why the engine gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineSilence {
    /// It did not in time.
    Hangs,
    /// Its scheduler does not run, or no longer.
    Ended,
}

impl EngineSilence {
    /// In words, for whoever asked whether deliveries are made.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hangs => "the engine does not answer: no deliveries are made",
            Self::Ended => "the engine has ended: no deliveries are made",
        }
    }
}

/// What is known of the scheduler.
#[derive(Debug)]
pub(super) struct Liveness {
    is_asked: AtomicBool,
    scheduler: watch::Sender<Scheduler>,
}

#[derive(Clone, Copy, Debug)]
enum Scheduler {
    /// It was never started, or has ended.
    AtRest,
    /// It runs.
    Runs {
        /// What it answered last.
        answer: Option<EngineStatus>,
    },
}

impl Default for Liveness {
    fn default() -> Self {
        Self {
            is_asked: AtomicBool::new(false),
            scheduler: watch::Sender::new(Scheduler::AtRest),
        }
    }
}

impl Liveness {
    /// Asks the scheduler, which `wake` wakes, and waits for its answer until `deadline`.
    ///
    /// # Errors
    /// [`EngineSilence`] where there is none.
    pub(super) async fn ask(
        &self,
        wake: &Notify,
        deadline: Duration,
    ) -> Result<EngineStatus, EngineSilence> {
        let mut scheduler = self.scheduler.subscribe();
        if matches!(*scheduler.borrow_and_update(), Scheduler::AtRest) {
            return Err(EngineSilence::Ended);
        }
        self.is_asked.store(true, Ordering::Release);
        wake.notify_one();
        let changed = timeout(deadline, scheduler.changed()).await;
        changed.map_err(|_| EngineSilence::Hangs)?.ok();
        match *scheduler.borrow() {
            Scheduler::Runs {
                answer: Some(status),
            } => Ok(status),
            Scheduler::Runs { answer: None } | Scheduler::AtRest => Err(EngineSilence::Ended),
        }
    }

    /// Whether somebody asked since the last time.
    pub(super) fn take_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed) && self.is_asked.swap(false, Ordering::Acquire)
    }

    /// The scheduler answers whoever asked.
    pub(super) fn answer(&self, status: EngineStatus) {
        self.scheduler.send_if_modified(|known| match known {
            // Whoever stops the engine finishes what the scheduler left, and does not run.
            Scheduler::AtRest => false,
            Scheduler::Runs { answer } => {
                *answer = Some(status);
                true
            }
        });
    }

    /// Waits until the scheduler has ended: it was stopped, or it panicked.
    pub(super) async fn ended(&self) {
        let mut scheduler = self.scheduler.subscribe();
        let ended = scheduler.wait_for(|known| matches!(known, Scheduler::AtRest));
        // It fails where nobody is left to say so, which is an end as well.
        drop(ended.await);
    }
}

/// Held by the scheduler as long as it runs: however it ends, that is known.
pub(super) struct Lifetime(Arc<Liveness>);

impl Lifetime {
    /// From now on the scheduler answers.
    pub(super) fn begin(liveness: &Arc<Liveness>) -> Self {
        liveness
            .scheduler
            .send_replace(Scheduler::Runs { answer: None });
        Self(Arc::clone(liveness))
    }
}

impl Drop for Lifetime {
    fn drop(&mut self) {
        self.0.scheduler.send_replace(Scheduler::AtRest);
    }
}

#[cfg(test)]
mod tests;

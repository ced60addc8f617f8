//! The writer's queue: jobs that somebody waits for, and results that ride along with them.
//!
//! Owns: handing jobs over, how many of them wait, and when the writer takes them. Refuses: running
//! them (`commit`).
//!
//! # Why results ride along
//! Nobody waits for the record of an attempt. Committed by itself it takes a flush and wakes two
//! threads, as often as publishing does. So it waits for others, and for what the writer has to commit
//! that somebody does wait for; for [`RIDE_MAX`] at most ([`RIDE_SOON`] where times are counted from it,
//! as that of the next attempt is), and not once [`RIDERS_MANY`] wait: that many
//! results, and no more, are unknown to the next process if this one is killed, and their attempts are
//! repeated like those that were under way.
//!
//! Fewer than [`RIDERS_FEW`] do not board what somebody waits for, unless they have waited long: they would
//! make it slower, and save little. They go by themselves when their time has come.
//!
//! # Who wakes the writer
//! A job does. A rider need not while the writer only dozes, because then it comes by itself.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::write_job::WriteJob;

/// Jobs in one transaction at most.
const BATCH_JOBS_MAX: usize = 512;
/// How long a result waits for company at most.
pub(super) const RIDE_MAX: Duration = Duration::from_millis(50);
/// How long one waits from which times are counted, such as that of the next attempt.
pub(super) const RIDE_SOON: Duration = Duration::from_millis(15);
/// So few results do not go with what somebody waits for.
const RIDERS_FEW: usize = 8;
/// As many results wait for nobody.
const RIDERS_MANY: usize = 64;
/// Results that wait while the writer is at work; one more has to stand in the queue.
const RIDERS_MAX: usize = 4096;

/// What the writer's next step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobsTaken {
    /// To run what it was given.
    Jobs,
    /// Nothing came for a while; that is said once, until something comes.
    Idle,
    /// Nothing ever will.
    Over,
}

/// A queue of so many jobs, riders not counted; the writer learns when none came for `idle_after`.
pub(super) fn queue(jobs_max: usize, idle_after: Duration) -> (JobSender, JobReceiver) {
    let (jobs, received) = mpsc::channel(jobs_max);
    let riders: Arc<Riders> = Arc::default();
    let receiver = JobReceiver {
        jobs: received,
        riders: Arc::clone(&riders),
        idle_after,
        was_given: false,
    };
    (JobSender { jobs, riders }, receiver)
}

/// The end that hands jobs over. The writer ends once there is none left.
#[derive(Clone)]
pub(super) struct JobSender {
    jobs: mpsc::Sender<WriteJob>,
    riders: Arc<Riders>,
}

impl JobSender {
    /// Hands a job over, once there is room. Gives it back where the writer is gone.
    pub(super) async fn send(&self, job: WriteJob) -> Result<(), WriteJob> {
        self.jobs.send(job).await.map_err(|unsent| unsent.0)
    }

    /// As [`JobSender::send`], on a thread that may be held up.
    pub(super) fn blocking_send(&self, job: WriteJob) -> Result<(), WriteJob> {
        self.jobs.blocking_send(job).map_err(|unsent| unsent.0)
    }

    /// Hands a result over that nobody waits for; it waits for company for `ride` at most.
    pub(super) async fn send_along(&self, job: WriteJob, ride: Duration) -> Result<(), WriteJob> {
        match self.riders.add(job, ride) {
            Ok(()) => Ok(()),
            Err(job) => self.send(job).await,
        }
    }
}

/// The writer's end.
pub(super) struct JobReceiver {
    jobs: mpsc::Receiver<WriteJob>,
    riders: Arc<Riders>,
    idle_after: Duration,
    /// Whether there was something since it was last said that there was nothing.
    was_given: bool,
}

impl JobReceiver {
    /// Puts what waits into `batch`, which is empty, once something does.
    pub(super) fn take(&mut self, batch: &mut Vec<WriteJob>) -> JobsTaken {
        let taken = self.wait_for(batch);
        self.was_given = taken == JobsTaken::Jobs;
        taken
    }

    /// Adds what waits, and waits for nothing.
    pub(super) fn take_waiting(&mut self, batch: &mut Vec<WriteJob>) {
        let mut context = Context::from_waker(Waker::noop());
        let _none_waits = self
            .jobs
            .poll_recv_many(&mut context, batch, BATCH_JOBS_MAX / 2);
        self.riders.board(RIDERS_FEW, batch);
    }

    fn wait_for(&mut self, batch: &mut Vec<WriteJob>) -> JobsTaken {
        let idle_at = self.was_given.then(|| Instant::now() + self.idle_after);
        let waker = self.riders.waker();
        let mut context = Context::from_waker(&waker);
        let rests_at = Instant::now() + RIDE_MAX;
        loop {
            // What was sent leaves room for as many results.
            let received = self
                .jobs
                .poll_recv_many(&mut context, batch, BATCH_JOBS_MAX / 2);
            if received.is_ready() {
                let is_over = batch.is_empty();
                self.riders
                    .board(if is_over { 1 } else { RIDERS_FEW }, batch);
                return match batch.is_empty() {
                    true => JobsTaken::Over,
                    false => JobsTaken::Jobs,
                };
            }
            let until = self.riders.leaves_at().unwrap_or(rests_at);
            let dozes_for = until.saturating_duration_since(Instant::now());
            if dozes_for.is_zero() {
                if self.riders.board_before(WriterState::Asleep, 1, batch) {
                    return JobsTaken::Jobs;
                }
                let left = idle_at.map(|at| at.saturating_duration_since(Instant::now()));
                match left {
                    None => std::thread::park(),
                    Some(Duration::ZERO) => return JobsTaken::Idle,
                    Some(left) => std::thread::park_timeout(left),
                }
            } else {
                let dozes = WriterState::Dozing { until };
                if self.riders.board_before(dozes, RIDERS_MANY, batch) {
                    return JobsTaken::Jobs;
                }
                std::thread::park_timeout(dozes_for);
            }
        }
    }
}

/// What the writer does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum WriterState {
    /// It works, and looks at the riders before it rests.
    #[default]
    AtWork,
    /// It comes by itself at that time.
    Dozing { until: Instant },
    /// It comes when it is woken.
    Asleep,
}

/// Results that wait for company.
#[derive(Default)]
struct Riders {
    waiting: Mutex<WaitingRiders>,
    writer: OnceLock<Thread>,
}

#[derive(Default)]
struct WaitingRiders {
    jobs: Vec<WriteJob>,
    /// When the first of them has waited long enough.
    leaves_at: Option<Instant>,
    writer: WriterState,
}

impl WaitingRiders {
    fn board(&mut self, batch: &mut Vec<WriteJob>) {
        let room = BATCH_JOBS_MAX - batch.len().min(BATCH_JOBS_MAX);
        let taken = self.jobs.len().min(room);
        batch.extend(self.jobs.drain(..taken));
        self.leaves_at = self.leaves_at.filter(|_| !self.jobs.is_empty());
        self.writer = WriterState::AtWork;
    }
}

impl Riders {
    /// Gives a job back for which there is no room.
    fn add(&self, job: WriteJob, ride: Duration) -> Result<(), WriteJob> {
        let mut waiting = self.waiting();
        if waiting.jobs.len() >= RIDERS_MAX {
            return Err(job);
        }
        let leaves_at = Instant::now() + ride;
        let is_first = waiting.leaves_at.is_none_or(|first| leaves_at < first);
        if is_first {
            waiting.leaves_at = Some(leaves_at);
        }
        waiting.jobs.push(job);
        let wakes = match waiting.writer {
            WriterState::AtWork => false,
            WriterState::Dozing { until } => waiting.jobs.len() >= RIDERS_MANY || leaves_at < until,
            WriterState::Asleep => true,
        };
        if wakes {
            waiting.writer = WriterState::AtWork;
            drop(waiting);
            if let Some(writer) = self.writer.get() {
                writer.unpark();
            }
        }
        Ok(())
    }

    /// Takes on so many riders or more, or those that have waited long enough; the writer goes to work.
    fn board(&self, many: usize, batch: &mut Vec<WriteJob>) {
        let mut waiting = self.waiting();
        let is_late = waiting.leaves_at.is_some_and(|at| at <= Instant::now());
        if waiting.jobs.len() >= many || is_late {
            waiting.board(batch);
        }
        waiting.writer = WriterState::AtWork;
    }

    /// When the first of them has waited long enough.
    fn leaves_at(&self) -> Option<Instant> {
        self.waiting().leaves_at
    }

    /// Takes on so many riders or more, or else lets the writer rest: nobody comes in between.
    fn board_before(&self, rest: WriterState, many: usize, batch: &mut Vec<WriteJob>) -> bool {
        let mut waiting = self.waiting();
        if waiting.jobs.len() < many {
            waiting.writer = rest;
            return false;
        }
        waiting.board(batch);
        true
    }

    /// Wakes the thread that asks.
    fn waker(&self) -> Waker {
        let writer = self.writer.get_or_init(std::thread::current);
        Waker::from(Arc::new(Unpark(writer.clone())))
    }

    fn waiting(&self) -> MutexGuard<'_, WaitingRiders> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests;

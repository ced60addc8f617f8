//! The one writer: the ways to its thread.
//!
//! Owns: the writer's thread, how much may wait for it. Refuses: the queue itself (`queue`), running and
//! committing what waits (`commit`), and knowing what a job does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use super::StoreError;
use super::commit::{CommitLoop, Listener};
use super::queue::{JobSender, RIDE_MAX, RIDE_SOON, queue};
use super::running::WriterParts;
use super::setbacks::Stamps;
use super::tx::WriteTx;
use super::write_job::{Haste, Undo, Urgency, WriteJob, once, repeatable};

/// Ingest jobs that may wait or run at once; one more is refused.
const INGEST_JOBS_MAX: usize = 4096;
/// Jobs of all kinds that the queue holds.
const QUEUE_JOBS_MAX: usize = 2 * INGEST_JOBS_MAX;
/// With nothing to write for so long the writer gives memory back.
const IDLE_AFTER: Duration = Duration::from_secs(20);

/// The handle on the writer's thread.
pub(super) struct Writer {
    queue: RwLock<Option<JobSender>>,
    ingest: Arc<Semaphore>,
    listeners: Arc<RwLock<Vec<Listener>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    is_hindered: Arc<AtomicBool>,
}

impl Writer {
    pub(super) fn start(parts: WriterParts, stamps: Stamps) -> std::io::Result<Self> {
        let (queue, jobs) = queue(QUEUE_JOBS_MAX, IDLE_AFTER);
        let listeners: Arc<RwLock<Vec<Listener>>> = Arc::default();
        let heard = Arc::clone(&listeners);
        let is_hindered: Arc<AtomicBool> = Arc::default();
        let told = Arc::clone(&is_hindered);
        let thread = std::thread::Builder::new()
            .name("hookpost-writer".to_owned())
            .spawn(move || CommitLoop::new(parts, stamps, heard, told).run(jobs))?;
        Ok(Self {
            queue: RwLock::new(Some(queue)),
            ingest: Arc::new(Semaphore::new(INGEST_JOBS_MAX)),
            listeners,
            thread: Mutex::new(Some(thread)),
            is_hindered,
        })
    }

    /// Whether the last commit that had anything to write failed.
    pub(super) fn is_hindered(&self) -> bool {
        self.is_hindered.load(Ordering::Relaxed)
    }

    pub(super) fn on_commit(&self, listener: Listener) {
        self.listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(listener);
    }

    pub(super) async fn write<T, E>(
        &self,
        write: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        urgency: Urgency,
        workspace: Option<i64>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let queue = self.queue()?;
        let permit = match urgency {
            Urgency::Ingest => Some(self.permit()?),
            Urgency::Settle => None,
        };
        let (job, answer) = WriteJob::answered(once(write), Undo::BySavepoint, urgency, permit);
        wait_for(queue, job.of_workspace(workspace), answer).await
    }

    /// As [`Writer::write`], for a workspace's new work that does the same each time it is run.
    pub(super) async fn write_repeatable<T, E>(
        &self,
        workspace: i64,
        write: impl Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let queue = self.queue()?;
        let (write, permit) = (repeatable(write), Some(self.permit()?));
        let (undo, urgency) = (Undo::ByRunningAgain, Urgency::Ingest);
        let (job, answer) = WriteJob::answered(write, undo, urgency, permit);
        wait_for(queue, job.of_workspace(Some(workspace)), answer).await
    }

    /// Queues a write that nobody waits for; `then` learns what became of it, also where it cannot
    /// be queued any more.
    pub(super) async fn write_then<T, E>(
        &self,
        haste: Haste,
        delivery: Option<i64>,
        write: impl Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        then: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let job = WriteJob::told(write, then).of_delivery(delivery);
        let Ok(queue) = self.queue() else {
            return job.work.answer(Err(stopped()));
        };
        let sent = match haste {
            Haste::AtOnce => queue.send(job).await,
            Haste::Soon => queue.send_along(job, RIDE_SOON).await,
            Haste::InCompany => queue.send_along(job, RIDE_MAX).await,
        };
        if let Err(unsent) = sent {
            unsent.work.answer(Err(stopped()));
        }
    }

    pub(super) fn write_blocking<T, E>(
        &self,
        write: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (undo, urgency) = (Undo::BySavepoint, Urgency::Settle);
        let (job, answer) = WriteJob::answered(once(write), undo, urgency, None);
        let queue = self.queue()?;
        let wait = || {
            queue.blocking_send(job).map_err(|_| stopped())?;
            answer.blocking_recv().map_err(|_| stopped())
        };
        // At start the waiting is done on a thread that will drive a runtime, where tokio forbids it.
        let waited = std::thread::scope(|scope| scope.spawn(wait).join());
        waited.unwrap_or_else(|_| Err(stopped()))?
    }

    pub(super) fn close(&self) {
        self.queue
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the database writer ended with a panic");
        }
        // Listeners hold handles on the store; with them gone, the last handle frees the directory.
        self.listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn queue(&self) -> Result<JobSender, StoreError> {
        self.queue
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or_else(stopped)
    }

    fn permit(&self) -> Result<tokio::sync::OwnedSemaphorePermit, StoreError> {
        Arc::clone(&self.ingest)
            .try_acquire_owned()
            .map_err(|_| StoreError::Overloaded)
    }
}

async fn wait_for<T, E: From<StoreError>>(
    queue: JobSender,
    job: WriteJob,
    answer: oneshot::Receiver<Result<T, E>>,
) -> Result<T, E> {
    queue.send(job).await.map_err(|_| stopped())?;
    // The writer ends once nobody can send: whoever only waits for an answer must not hold it.
    drop(queue);
    answer.await.unwrap_or_else(|_| Err(stopped().into()))
}

fn stopped() -> StoreError {
    StoreError::Stopped("hookpost is shutting down")
}

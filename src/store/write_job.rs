//! What the writer is asked to do: a caller's transaction, and the way back to the caller.
//!
//! Owns: the job and its answer. Refuses: running and committing it (`commit`).

use tokio::sync::oneshot;

use super::StoreError;
use super::tx::WriteTx;

/// Whether a write may be refused for want of room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// New work from outside: refused when the queue or the disk is full.
    Ingest,
    /// The result of work already done: waits for room.
    Settle,
}

/// A caller's transaction and the way back to the caller, whatever their types.
pub(super) trait Work: Send {
    /// Runs the transaction; says whether what it did is to be kept.
    fn run(&mut self, tx: &mut WriteTx<'_>) -> WriteOutcome;
    /// Answers the caller, once it is known what became of the commit.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// Whether to keep what a job did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteOutcome {
    Keep,
    Undo,
}

struct Request<T, E, F, A> {
    write: Option<F>,
    result: Option<Result<T, E>>,
    then: A,
}

impl<T, E, F, A> Work for Request<T, E, F, A>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send,
    A: FnOnce(Result<T, E>) + Send,
{
    fn run(&mut self, tx: &mut WriteTx<'_>) -> WriteOutcome {
        let result = self.write.take().map(|write| write(tx));
        let ran = if matches!(result, Some(Ok(_))) {
            WriteOutcome::Keep
        } else {
            WriteOutcome::Undo
        };
        self.result = result;
        ran
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (self.result, committed) {
            (_, Err(error)) => Err(error.into()),
            (Some(result), Ok(())) => result,
            (None, Ok(())) => Err(StoreError::Stopped("the write failed unexpectedly").into()),
        };
        (self.then)(result);
    }
}

pub(super) struct WriteJob {
    pub(super) urgency: Urgency,
    pub(super) work: Box<dyn Work>,
    // Given back when the job has been answered.
    _permit: Option<tokio::sync::OwnedSemaphorePermit>,
}

/// A job, and where its answer comes.
pub(super) fn job<T, E>(
    write: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    urgency: Urgency,
    permit: Option<tokio::sync::OwnedSemaphorePermit>,
) -> (WriteJob, oneshot::Receiver<Result<T, E>>)
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (caller, answer) = oneshot::channel();
    // A caller that went away has no use for the answer; its write stands all the same.
    let then = |result| drop(caller.send(result));
    (job_then(write, then, urgency, permit), answer)
}

/// A job whose answer is given to `then`, on the writer's thread.
pub(super) fn job_then<T, E>(
    write: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    then: impl FnOnce(Result<T, E>) + Send + 'static,
    urgency: Urgency,
    permit: Option<tokio::sync::OwnedSemaphorePermit>,
) -> WriteJob
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let work = Request {
        write: Some(write),
        result: None,
        then,
    };
    WriteJob {
        urgency,
        work: Box::new(work),
        _permit: permit,
    }
}

/// Answers jobs that cannot run at all.
pub(super) fn refuse(batch: Vec<WriteJob>, error: &StoreError) {
    for job in batch {
        job.work.answer(Err(error.clone()));
    }
}

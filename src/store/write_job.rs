//! What the writer is asked to do: a caller's transaction, and the way back to the caller.
//!
//! Owns: the job and its answer. Refuses: running and committing it (`commit`).

use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

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

/// When a result is recorded that nobody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// As soon as can be: something else begins only then.
    AtOnce,
    /// With what comes next; a few milliseconds later if nothing comes: times are counted from it.
    Soon,
    /// Likewise, but it has more time: nothing follows from it.
    InCompany,
}

/// How what a job did is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undo {
    /// It runs once, and the database is asked to go back to where it began.
    BySavepoint,
    /// With all that ran beside it, which is then run again: it does the same each time.
    ByRunningAgain,
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
    write: F,
    result: Option<Result<T, E>>,
    then: A,
}

impl<T, E, F, A> Work for Request<T, E, F, A>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnMut(&mut WriteTx<'_>) -> Option<Result<T, E>> + Send,
    A: FnOnce(Result<T, E>) + Send,
{
    fn run(&mut self, tx: &mut WriteTx<'_>) -> WriteOutcome {
        // What an earlier run came to is not true any more, also where this one panics.
        self.result = None;
        self.result = (self.write)(tx);
        match self.result {
            Some(Ok(_)) => WriteOutcome::Keep,
            Some(Err(_)) | None => WriteOutcome::Undo,
        }
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
    pub(super) undo: Undo,
    /// Row of the workspace whose new work this is; absent for what is short by its nature.
    pub(super) workspace: Option<i64>,
    /// Row of the delivery whose result it records, if it does.
    pub(super) delivery: Option<i64>,
    /// How long it ran, once it did.
    pub(super) took: Duration,
    pub(super) work: Box<dyn Work>,
    // Given back when the job has been answered.
    _permit: Option<OwnedSemaphorePermit>,
}

/// A transaction that may be run once.
pub(super) fn once<T: 'static, E: 'static>(
    write: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
) -> impl FnMut(&mut WriteTx<'_>) -> Option<Result<T, E>> + Send + 'static {
    let mut write = Some(write);
    move |tx| write.take().map(|write| write(tx))
}

/// A transaction that may be run as often as need be.
pub(super) fn repeatable<T: 'static, E: 'static>(
    write: impl Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
) -> impl FnMut(&mut WriteTx<'_>) -> Option<Result<T, E>> + Send + 'static {
    move |tx| Some(write(tx))
}

impl WriteJob {
    /// A job, and where its answer comes.
    pub(super) fn answered<T, E>(
        write: impl FnMut(&mut WriteTx<'_>) -> Option<Result<T, E>> + Send + 'static,
        undo: Undo,
        urgency: Urgency,
        permit: Option<OwnedSemaphorePermit>,
    ) -> (Self, oneshot::Receiver<Result<T, E>>)
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        // A caller that went away has no use for the answer; its write stands all the same.
        let then = |result| drop(caller.send(result));
        let work = Request {
            write,
            result: None,
            then,
        };
        let job = Self {
            urgency,
            undo,
            workspace: None,
            delivery: None,
            took: Duration::ZERO,
            work: Box::new(work),
            _permit: permit,
        };
        (job, answer)
    }

    /// The same job as work of a workspace, which may turn out to be long.
    pub(super) fn of_workspace(mut self, workspace: Option<i64>) -> Self {
        self.workspace = workspace;
        self
    }

    /// The same job as the result of a delivery.
    pub(super) fn of_delivery(mut self, delivery: Option<i64>) -> Self {
        self.delivery = delivery;
        self
    }

    /// A job for whose answer nobody waits: it is given to `then`, on the writer's thread.
    pub(super) fn told<T, E>(
        write: impl Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        then: impl FnOnce(Result<T, E>) + Send + 'static,
    ) -> Self
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let work = Request {
            write: repeatable(write),
            result: None,
            then,
        };
        Self {
            urgency: Urgency::Settle,
            undo: Undo::ByRunningAgain,
            workspace: None,
            delivery: None,
            took: Duration::ZERO,
            work: Box::new(work),
            _permit: None,
        }
    }
}

/// Answers jobs that cannot run at all.
pub(super) fn refuse(batch: Vec<WriteJob>, error: &StoreError) {
    for job in batch {
        job.work.answer(Err(error.clone()));
    }
}

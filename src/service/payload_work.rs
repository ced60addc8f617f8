//! Work on what callers send: reading large bodies, checking data by schemas.
//!
//! Owns: where such work is done, how much of it at once, and whose turn it is. Refuses: knowing what
//! a piece of work does; it must be bounded by itself, because nobody interrupts it.
//!
//! # Why it leaves the threads that answer
//! A thread that reads a body of many megabytes, or checks it by a thousand patterns, answers nobody
//! else meanwhile, not even the question whether the process is well.
//!
//! # Whose turn it is
//! A workspace has one piece under way at a time and takes its turn again for the next; what waits is
//! served in the order of coming. So a workspace with much to check waits for itself, and others wait
//! for a piece of it at most.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::{Refusal, Service};

/// Bytes up to which a body is read at once, on the thread that answers: 32 KiB.
pub const SMALL_BODY_BYTES: usize = 32 * 1024;
/// Bytes up to which data is checked by a schema at once, on the thread that answers: 1 KiB.
pub const SMALL_DATA_BYTES: usize = 1024;
/// Pieces that are worked on at once.
pub const PIECES_AT_ONCE: usize = 2;
/// Pieces of one workspace that may wait or be worked on; for one more the answer is 503.
pub const PIECES_OF_WORKSPACE_MAX: usize = 256;

/// The turns of all workspaces.
pub(super) struct PayloadWork {
    places: Arc<Semaphore>,
    workspaces: Arc<Mutex<HashMap<i64, WorkspaceLine>>>,
}

/// A workspace with work.
struct WorkspaceLine {
    turn: Arc<Semaphore>,
    pieces: usize,
}

/// A piece in its workspace's line; it leaves when it is dropped.
struct InLine {
    workspaces: Arc<Mutex<HashMap<i64, WorkspaceLine>>>,
    workspace_seq: i64,
    turn: Arc<Semaphore>,
}

impl PayloadWork {
    pub(super) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(PIECES_AT_ONCE)),
            workspaces: Arc::default(),
        }
    }

    fn join(&self, workspace_seq: i64) -> Result<InLine, Refusal> {
        let mut workspaces = lines(&self.workspaces);
        let line = workspaces
            .entry(workspace_seq)
            .or_insert_with(|| WorkspaceLine {
                turn: Arc::new(Semaphore::new(1)),
                pieces: 0,
            });
        if line.pieces >= PIECES_OF_WORKSPACE_MAX {
            return Err(Refusal::Overloaded);
        }
        line.pieces += 1;
        Ok(InLine {
            workspaces: Arc::clone(&self.workspaces),
            workspace_seq,
            turn: Arc::clone(&line.turn),
        })
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        let mut workspaces = lines(&self.workspaces);
        if let Some(line) = workspaces.get_mut(&self.workspace_seq) {
            line.pieces -= 1;
            if line.pieces == 0 {
                workspaces.remove(&self.workspace_seq);
            }
        }
    }
}

fn lines(
    workspaces: &Mutex<HashMap<i64, WorkspaceLine>>,
) -> MutexGuard<'_, HashMap<i64, WorkspaceLine>> {
    workspaces.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Service {
    /// Does a piece of work for a workspace off the threads that answer, when it is its turn.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] where too much of this workspace's work waits.
    pub async fn work_on_payload<T: Send + 'static>(
        &self,
        workspace_seq: i64,
        piece: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        const CLOSED: &str = "a semaphore that nobody closes is open";
        let work = &self.shared.payload_work;
        let in_line = work.join(workspace_seq)?;
        let turn = Arc::clone(&in_line.turn)
            .acquire_owned()
            .await
            .expect(CLOSED);
        let place = Arc::clone(&work.places)
            .acquire_owned()
            .await
            .expect(CLOSED);
        // The thread holds all three: a caller who goes away does not make room before it is done.
        let done = tokio::task::spawn_blocking(move || {
            let done = piece();
            drop((place, turn, in_line));
            done
        });
        let fallen = |error| Refusal::Internal(format!("work on a payload fell: {error}"));
        done.await.map_err(fallen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_bound_and_is_forgotten_when_it_is_empty() {
        let work = PayloadWork::new();
        let held: Vec<InLine> = (0..PIECES_OF_WORKSPACE_MAX)
            .map(|_| work.join(1).unwrap())
            .collect();
        assert!(matches!(work.join(1), Err(Refusal::Overloaded)));
        work.join(2).unwrap();
        drop(held);
        assert!(lines(&work.workspaces).is_empty());
    }
}

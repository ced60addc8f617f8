//! Who waits for more to fetch.
//!
//! Owns: their bound, and waking them by commits. Refuses: looking again and again: whoever waits sleeps
//! until there is more, or its time is over.
//!
//! # Why a change of access ends the waiting
//! Who waits was asked for a credential once. Where keys, links or people change, all are answered with
//! nothing, come again, and are asked anew; so a revoked key opens nothing for longer than it should.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::service::Refusal;
use crate::store::Committed;

/// Answers that may be waited for at once.
pub const WAITERS_MAX: usize = 1024;
/// Of these for webhooks of one workspace.
pub const WAITERS_OF_WORKSPACE_MAX: usize = 256;

/// Everybody who waits. Cloning shares it.
#[derive(Clone, Default)]
pub(in crate::service) struct PollWaiters(Arc<WaitingRoom>);

#[derive(Default)]
struct WaitingRoom {
    lines: Mutex<PollLines>,
    /// Those who wait; commits that nobody waits for look no further.
    count: AtomicUsize,
}

#[derive(Default)]
struct PollLines {
    is_closed: bool,
    by_webhook: HashMap<i64, PollLine>,
    by_workspace: HashMap<i64, usize>,
}

struct PollLine {
    signal: watch::Sender<Signal>,
    waiters: usize,
}

/// What those who wait at one webhook were told so far.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Signal {
    more: u64,
    over: u64,
}

/// Why the waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// There may be more.
    More,
    /// It is to be answered now.
    Over,
}

/// A place in a line; left when it is dropped.
pub(in crate::service) struct PollWaiter {
    room: PollWaiters,
    workspace_seq: i64,
    webhook_seq: i64,
    signal: watch::Receiver<Signal>,
    begun: Signal,
}

impl PollWaiters {
    /// Takes a place in the line of a webhook.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] where there is none left.
    pub(super) fn join(&self, workspace_seq: i64, webhook_seq: i64) -> Result<PollWaiter, Refusal> {
        let mut lines = self.lines();
        if lines.is_closed {
            return Err(Refusal::Unavailable("hookpost is shutting down"));
        }
        let of_workspace = lines.by_workspace.get(&workspace_seq).copied();
        if self.0.count.load(Ordering::Relaxed) >= WAITERS_MAX
            || of_workspace.unwrap_or_default() >= WAITERS_OF_WORKSPACE_MAX
        {
            return Err(Refusal::Overloaded);
        }
        self.0.count.fetch_add(1, Ordering::AcqRel);
        *lines.by_workspace.entry(workspace_seq).or_default() += 1;
        let line = lines.by_webhook.entry(webhook_seq);
        let line = line.or_insert_with(|| PollLine {
            signal: watch::Sender::default(),
            waiters: 0,
        });
        line.waiters += 1;
        let signal = line.signal.subscribe();
        let begun = *signal.borrow();
        Ok(PollWaiter {
            room: self.clone(),
            workspace_seq,
            webhook_seq,
            signal,
            begun,
        })
    }

    /// Wakes whom a commit concerns.
    pub(in crate::service) fn on_commit(&self, committed: &Committed) {
        if self.0.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let lines = self.lines();
        if committed.access_changed {
            lines.tell_all();
            return;
        }
        for seq in committed.polled.iter().chain(&committed.webhooks_changed) {
            if let Some(line) = lines.by_webhook.get(seq) {
                line.signal.send_modify(|signal| signal.more += 1);
            }
        }
    }

    /// Ends all waiting, for good.
    pub(super) fn close(&self) {
        let mut lines = self.lines();
        lines.is_closed = true;
        lines.tell_all();
    }

    fn lines(&self) -> MutexGuard<'_, PollLines> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PollLines {
    fn tell_all(&self) {
        for line in self.by_webhook.values() {
            line.signal.send_modify(|signal| signal.over += 1);
        }
    }
}

impl PollWaiter {
    /// Waits until there may be more, or it is over.
    pub(super) async fn woken(&mut self) -> Woken {
        let is_alive = self.signal.changed().await.is_ok();
        let told = *self.signal.borrow_and_update();
        if is_alive && told.over == self.begun.over {
            Woken::More
        } else {
            Woken::Over
        }
    }
}

impl Drop for PollWaiter {
    fn drop(&mut self) {
        let mut lines = self.room.lines();
        self.room.0.count.fetch_sub(1, Ordering::AcqRel);
        if let Some(line) = lines.by_webhook.get_mut(&self.webhook_seq) {
            line.waiters -= 1;
            if line.waiters == 0 {
                lines.by_webhook.remove(&self.webhook_seq);
            }
        }
        if let Some(waiters) = lines.by_workspace.get_mut(&self.workspace_seq) {
            *waiters -= 1;
            if *waiters == 0 {
                lines.by_workspace.remove(&self.workspace_seq);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn committed(webhooks: &[i64]) -> Committed {
        Committed {
            polled: webhooks.to_vec(),
            ..Committed::default()
        }
    }

    #[test]
    fn who_waits_has_a_bound_and_is_forgotten_when_it_leaves() {
        let room = PollWaiters::default();
        let mut held: Vec<PollWaiter> = (0..WAITERS_OF_WORKSPACE_MAX)
            .map(|_| room.join(1, 7).unwrap())
            .collect();
        assert!(matches!(room.join(1, 8), Err(Refusal::Overloaded)));
        for workspace in 2..=(WAITERS_MAX / WAITERS_OF_WORKSPACE_MAX) {
            let workspace = i64::try_from(workspace).unwrap();
            let more = (0..WAITERS_OF_WORKSPACE_MAX).map(|_| room.join(workspace, 9).unwrap());
            held.extend(more);
        }
        assert!(matches!(room.join(99, 9), Err(Refusal::Overloaded)));
        drop(held);
        assert_eq!(room.0.count.load(Ordering::Relaxed), 0);
        let lines = room.lines();
        assert!(lines.by_webhook.is_empty() && lines.by_workspace.is_empty());
    }

    #[tokio::test]
    async fn a_commit_wakes_those_whom_it_concerns() {
        let room = PollWaiters::default();
        let (mut one, mut other) = (room.join(1, 7).unwrap(), room.join(1, 8).unwrap());
        room.on_commit(&committed(&[7]));
        assert_eq!(one.woken().await, Woken::More);
        assert!(!other.signal.has_changed().unwrap());
        room.on_commit(&Committed {
            access_changed: true,
            ..Committed::default()
        });
        assert_eq!(one.woken().await, Woken::Over);
        assert_eq!(other.woken().await, Woken::Over);
        let mut late = room.join(1, 7).unwrap();
        room.close();
        assert_eq!(late.woken().await, Woken::Over);
        assert!(room.join(1, 7).is_err());
    }
}

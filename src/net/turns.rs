//! LookupTurns at a bounded number of places, shared out between workspaces.
//!
//! Owns: who gets the next free place. Refuses: knowing what is done there.
//!
//! # Why not first come, first served
//! A workspace whose names are never answered fills the queue faster than its look-ups end, and a
//! dozen such workspaces fill every place. So a workspace has a part of the places at most, and a
//! place that becomes free goes to whoever holds the fewest: a stranger to all that waits for one
//! look-up to end, not for all of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The places. A clone hands out the same ones.
#[derive(Clone)]
pub(super) struct LookupTurns(Arc<Mutex<Board>>);

struct Board {
    free: usize,
    /// Places of one workspace at most.
    share_max: usize,
    /// Workspaces that hold places or wait for one.
    shares: HashMap<i64, WorkspaceShare>,
}

#[derive(Default)]
struct WorkspaceShare {
    held: usize,
    waiting: VecDeque<oneshot::Sender<LookupTurn>>,
}

/// A place, given back when dropped.
pub(super) struct LookupTurn {
    turns: LookupTurns,
    workspace: i64,
}

impl LookupTurns {
    /// `places` in all, of which one workspace holds `share_max` at most.
    pub(super) fn new(places: usize, share_max: usize) -> Self {
        Self(Arc::new(Mutex::new(Board {
            free: places,
            share_max,
            shares: HashMap::new(),
        })))
    }

    /// Waits for a place; whoever stops waiting loses nothing but their turn.
    pub(super) async fn take(&self, workspace: i64) -> LookupTurn {
        let waiting = {
            let mut board = self.board();
            if board.take(workspace) {
                return self.turn(workspace);
            }
            let (sender, receiver) = oneshot::channel();
            let share = board.shares.entry(workspace).or_default();
            // Without this the queue would grow by those who have left.
            share.waiting.retain(|waiting| !waiting.is_closed());
            share.waiting.push_back(sender);
            receiver
        };
        waiting
            .await
            .expect("a place is given before its sender is dropped")
    }

    fn turn(&self, workspace: i64) -> LookupTurn {
        LookupTurn {
            turns: self.clone(),
            workspace,
        }
    }

    fn give_back(&self, workspace: i64) {
        let next = self.board().give_back(workspace);
        if let Some((workspace, sender)) = next {
            // Who has left in this very moment gives it back by dropping it.
            let _left = sender.send(self.turn(workspace));
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for LookupTurn {
    fn drop(&mut self) {
        self.turns.give_back(self.workspace);
    }
}

impl Board {
    fn take(&mut self, workspace: i64) -> bool {
        let share = self.shares.entry(workspace).or_default();
        let may = self.free > 0 && share.held < self.share_max;
        if may {
            self.free -= 1;
            share.held += 1;
        }
        may
    }

    /// Takes a place back and says who has the next turn; it is theirs then.
    fn give_back(&mut self, workspace: i64) -> Option<(i64, oneshot::Sender<LookupTurn>)> {
        self.free += 1;
        if let Some(share) = self.shares.get_mut(&workspace) {
            share.held -= 1;
        }
        for share in self.shares.values_mut() {
            share.waiting.retain(|waiting| !waiting.is_closed());
        }
        self.shares
            .retain(|_, share| share.held > 0 || !share.waiting.is_empty());
        let may = self
            .shares
            .iter_mut()
            .filter(|(_, share)| share.held < self.share_max && !share.waiting.is_empty());
        let (workspace, share) = may.min_by_key(|(_, share)| share.held)?;
        let sender = share.waiting.pop_front()?;
        share.held += 1;
        self.free -= 1;
        Some((*workspace, sender))
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn now<T>(turn: impl Future<Output = T>) -> Option<T> {
        match pin!(turn).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => Some(turn),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_workspace_never_holds_more_than_its_share() {
        let turns = LookupTurns::new(8, 2);
        let held = [now(turns.take(1)), now(turns.take(1))];
        assert!(held.iter().all(Option::is_some));
        assert!(now(turns.take(1)).is_none());
        assert!(now(turns.take(2)).is_some());
        drop(held);
        assert!(now(turns.take(1)).is_some());
    }

    #[test]
    fn the_next_place_goes_to_whoever_holds_the_fewest() {
        let turns = LookupTurns::new(4, 3);
        let mut held: Vec<_> = [1, 1, 2, 2]
            .map(|workspace| now(turns.take(workspace)))
            .into();
        let mut greedy: Vec<_> = (0..100).map(|_| Box::pin(turns.take(1))).collect();
        for waiting in &mut greedy {
            assert!(now(waiting).is_none());
        }
        let mut stranger = Box::pin(turns.take(3));
        assert!(now(&mut stranger).is_none());
        held.pop();
        let turn = now(&mut stranger);
        assert!(turn.is_some());
        assert!(greedy.iter_mut().all(|waiting| now(waiting).is_none()));
    }

    #[test]
    fn who_stops_waiting_takes_no_place_and_leaves_nothing_behind() {
        let turns = LookupTurns::new(1, 1);
        let held = now(turns.take(1));
        for workspace in 0..1000 {
            assert!(now(turns.take(workspace % 3)).is_none());
        }
        let waiting = |turns: &LookupTurns| {
            let board = turns.board();
            board.shares.values().map(|share| share.waiting.len()).sum()
        };
        let left: usize = waiting(&turns);
        assert!(left <= 3, "{left}");
        drop(held);
        assert!(turns.board().shares.is_empty());
        assert!(now(turns.take(5)).is_some());
    }

    #[test]
    fn a_turn_that_comes_too_late_goes_to_the_next() {
        let turns = LookupTurns::new(1, 1);
        let held = now(turns.take(1));
        let mut left = Box::pin(turns.take(2));
        let mut next = Box::pin(turns.take(3));
        assert!(now(&mut left).is_none() && now(&mut next).is_none());
        drop(held);
        drop(left);
        drop(next);
        assert_eq!(turns.board().free, 1);
    }
}

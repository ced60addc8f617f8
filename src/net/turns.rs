//! LookupTurns at a bounded number of places, shared out between workspaces.
//!
//! Owns: who gets the next free place. Refuses: knowing what is done there.
//!
//! # Why not first come, first served
//! A workspace whose names are never answered fills the queue faster than its look-ups end, and a
//! few such workspaces fill every place. So each takes a further place only while it holds less than
//! an eighth of what is free: alone it has a ninth of all, thirty that hang leave places for whoever
//! comes next, and one that holds none takes any that is free. A place that becomes free goes to
//! whoever holds the fewest.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The part of the free places that one workspace may hold.
const PART_OF_FREE: usize = 8;

/// The places. A clone hands out the same ones.
#[derive(Clone)]
pub(super) struct LookupTurns(Arc<Mutex<Board>>);

struct Board {
    free: usize,
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
    /// `places` in all.
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Mutex::new(Board {
            free: places,
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
        for (workspace, sender) in next {
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
        let may = may_take(share.held, self.free);
        if may {
            self.free -= 1;
            share.held += 1;
        }
        may
    }

    /// Takes a place back and says who has the next turns; the places are theirs then.
    fn give_back(&mut self, workspace: i64) -> Vec<(i64, oneshot::Sender<LookupTurn>)> {
        self.free += 1;
        if let Some(share) = self.shares.get_mut(&workspace) {
            share.held -= 1;
        }
        for share in self.shares.values_mut() {
            share.waiting.retain(|waiting| !waiting.is_closed());
        }
        self.shares
            .retain(|_, share| share.held > 0 || !share.waiting.is_empty());
        std::iter::from_fn(|| self.next()).collect()
    }

    fn next(&mut self) -> Option<(i64, oneshot::Sender<LookupTurn>)> {
        let waiting = self
            .shares
            .iter_mut()
            .filter(|(_, s)| !s.waiting.is_empty());
        let (workspace, share) = waiting.min_by_key(|(_, share)| share.held)?;
        if !may_take(share.held, self.free) {
            return None;
        }
        let sender = share.waiting.pop_front()?;
        share.held += 1;
        self.free -= 1;
        Some((*workspace, sender))
    }
}

fn may_take(held: usize, free: usize) -> bool {
    free > 0 && (held == 0 || held * PART_OF_FREE < free)
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

    /// Takes as many as one workspace gets.
    fn take_all(turns: &LookupTurns, workspace: i64) -> Vec<LookupTurn> {
        std::iter::from_fn(|| now(turns.take(workspace))).collect()
    }

    #[test]
    fn a_workspace_never_holds_more_than_its_share() {
        let turns = LookupTurns::new(90);
        let held = take_all(&turns, 1);
        assert_eq!(held.len(), 10);
        assert!(now(turns.take(2)).is_some());
        drop(held);
        assert!(now(turns.take(1)).is_some());
        let few = LookupTurns::new(1);
        assert_eq!(take_all(&few, 1).len(), 1);
    }

    #[test]
    fn there_is_a_place_for_whoever_comes_next() {
        let turns = LookupTurns::new(256);
        let held: Vec<_> = (0..30)
            .map(|workspace| take_all(&turns, workspace))
            .collect();
        assert!(held.iter().all(|held| !held.is_empty()));
        assert!(now(turns.take(99)).is_some());
    }

    #[test]
    fn the_next_place_goes_to_whoever_holds_the_fewest() {
        let turns = LookupTurns::new(2);
        let _first = now(turns.take(1));
        let second = now(turns.take(2));
        assert!(second.is_some());
        let mut greedy: Vec<_> = (0..100).map(|_| Box::pin(turns.take(1))).collect();
        for waiting in &mut greedy {
            assert!(now(waiting).is_none());
        }
        let mut stranger = Box::pin(turns.take(3));
        assert!(now(&mut stranger).is_none());
        drop(second);
        let turn = now(&mut stranger);
        assert!(turn.is_some());
        assert!(greedy.iter_mut().all(|waiting| now(waiting).is_none()));
    }

    #[test]
    fn who_stops_waiting_takes_no_place_and_leaves_nothing_behind() {
        let turns = LookupTurns::new(1);
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
        let turns = LookupTurns::new(1);
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

//! Telling whoever waits what the next attempt of a delivery came to.
//!
//! Owns: who waits for which delivery. Refuses: making attempts happen; those who wait have made
//! sure that one is due, and bound how long they wait.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::domain::outcome::Verdict;

/// Deliveries that may be watched before those that nobody waits for any more are forgotten.
const WATCHED_MAX: usize = 10_000;

/// Who waits for what.
#[derive(Debug, Default)]
pub(super) struct Watchers(Mutex<HashMap<i64, Vec<Watcher>>>);

/// Who waits for an attempt behind the first `attempts`.
#[derive(Debug)]
struct Watcher {
    attempts: u32,
    notifier: oneshot::Sender<Verdict>,
}

impl Watchers {
    /// Waits for the next attempt of the delivery in row `seq`, which has had so many. An attempt
    /// whose record is in the row already may still be on its way here, and is not the next.
    pub(super) fn add(&self, seq: i64, attempts: u32) -> oneshot::Receiver<Verdict> {
        let (notifier, notified) = oneshot::channel();
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.len() >= WATCHED_MAX {
            watched.retain(|_, all| all.iter().any(|own| !own.notifier.is_closed()));
        }
        let watcher = Watcher { attempts, notifier };
        watched.entry(seq).or_default().push(watcher);
        notified
    }

    /// The delivery's attempt of this number was recorded.
    pub(super) fn notify(&self, seq: i64, number: u32, verdict: Verdict) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(watchers) = watched.remove(&seq) else {
            return;
        };
        let (notified, waiting): (Vec<_>, Vec<_>) = watchers
            .into_iter()
            .partition(|watcher| watcher.attempts < number);
        if !waiting.is_empty() {
            watched.insert(seq, waiting);
        }
        for watcher in notified {
            // Who has gone away need not be notified.
            let _gone = watcher.notifier.send(verdict).is_err();
        }
    }
}

//! Erasing what workspaces keep for less long than their events.
//!
//! Owns: when to look, how much at once, and the rests in between. Refuses: saying what may be erased
//! (`store::keeping`).
//!
//! # Why it looks again and again
//! What may be erased follows from deliveries' states, and nothing is added to what settling them costs.
//! So after something happened it looks, from the first event on that it had to leave; where no
//! workspace wants this, a look is one question to an empty index.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::Service;
use crate::domain::time::Timestamp;
use crate::store::{StoreError, keeping};

/// Events that one transaction erases.
const ERASED_AT_ONCE: usize = 200;
/// The shortest rest between two looks, and so many times what a look took.
const REST_MIN: Duration = Duration::from_millis(500);
const REST_FACTOR: u32 = 10;
/// The longest wait for the next event to become old enough: the clock may be set meanwhile.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// From where on each workspace's events have to be looked at.
#[derive(Debug, Default)]
pub(super) struct KeptPlaces(HashMap<i64, i64>);

/// Looks whenever something happened, until the store is closed.
pub(super) async fn keep_for_ever(service: &Service, changed: &Notify) {
    let mut kept = KeptPlaces::default();
    loop {
        let begun = Instant::now();
        let wait = match service.erase_outlived(&mut kept).await {
            Ok(None) => None,
            Ok(Some(at)) => Some(at.since(service.clock().now()).min(WAIT_MAX)),
            Err(StoreError::Stopped(_)) => return,
            Err(error) => {
                tracing::warn!(%error, "erasing what is kept no longer has to wait");
                Some(WAIT_MAX)
            }
        };
        sleep((begun.elapsed() * REST_FACTOR).max(REST_MIN)).await;
        match wait {
            None => changed.notified().await,
            // Whichever comes first; both lead to another look.
            Some(wait) => drop(timeout(wait, changed.notified()).await),
        }
    }
}

impl Service {
    /// Erases everything that no workspace keeps any longer. Answers when the next of it will be.
    ///
    /// # Errors
    /// [`StoreError`] where the database cannot be used.
    pub(super) async fn erase_outlived(
        &self,
        kept: &mut KeptPlaces,
    ) -> Result<Option<Timestamp>, StoreError> {
        let keeping = self.store().read(keeping::keeping).await?;
        kept.0
            .retain(|seq, _| keeping.iter().any(|(own, _)| own == seq));
        let mut next_at = None;
        for (workspace_seq, keep) in keeping {
            let mut after = kept.0.get(&workspace_seq).copied().unwrap_or(0);
            let mut first_kept = None;
            loop {
                let now = self.clock().now();
                let look = move |conn: &crate::store::Read<'_>| {
                    keeping::look(conn, workspace_seq, keep, after, now)
                };
                let part = self.store().read(look).await?;
                let mut left = part.first_kept;
                for some in part.erasable.chunks(ERASED_AT_ONCE) {
                    let some = some.to_vec();
                    let erase =
                        move |tx: &mut crate::store::WriteTx<'_>| keeping::erase_kept(tx, &some);
                    let waits = self.store().settle(erase).await?;
                    left = left.into_iter().chain(waits).min();
                }
                first_kept = first_kept.or(left);
                next_at = next_at.into_iter().chain(part.next_at).min();
                after = part.looked_to.unwrap_or(after);
                if !part.is_cut {
                    break;
                }
            }
            let from = first_kept.map_or(after, |seq| seq - 1);
            kept.0.insert(workspace_seq, from);
        }
        Ok(next_at)
    }
}

/// Wakes whoever looks, after each commit that may have changed something.
pub(super) fn wake_with_commits(service: &Service) -> Arc<Notify> {
    let changed = Arc::new(Notify::new());
    let waker = Arc::clone(&changed);
    service.store().on_commit(move |committed| {
        if committed.activity || committed.access_changed {
            waker.notify_one();
        }
    });
    changed
}

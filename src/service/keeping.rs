//! Erasing what workspaces, or publishers, want kept for less long than their events.
//!
//! Owns: when to look, how much at once, and the rests in between. Refuses: saying what may be erased
//! (`store::keeping`).
//!
//! # Why it looks again and again
//! What may be erased follows from deliveries' states, and nothing is added to what settling them costs.
//! So after something happened it looks at what it had to leave, and at what is new; where no workspace
//! wants this, a look is one question to an empty index.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::Service;
use crate::domain::keep_data::KeepData;
use crate::domain::time::Timestamp;
use crate::store::keeping::{self, KeptPart, LOOKED_AT_MAX};
use crate::store::{Read, StoreError, WriteTx};

/// Events that one transaction erases.
const ERASED_AT_ONCE: usize = 200;
/// The shortest rest between two looks, and so many times what a look took.
const REST_MIN: Duration = Duration::from_millis(500);
const REST_FACTOR: u32 = 10;
/// The longest wait for the next event to become old enough: the clock may be set meanwhile.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Events of a workspace that are remembered because something pins them. With more, it looks again
/// at everything behind the last of them.
const PINNED_MAX: usize = 10_000;

/// Which of each workspace's events have to be looked at.
#[derive(Debug, Default)]
pub(super) struct KeptPlaces(HashMap<i64, KeptPlace>);

/// Which of a workspace's events have to be looked at.
#[derive(Clone, Debug, Default)]
struct KeptPlace {
    /// All behind this row.
    after: i64,
    /// And these, which are old enough and are asked for by somebody.
    pinned: BTreeSet<i64>,
}

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
    pub(super) async fn erase_outlived(
        &self,
        kept: &mut KeptPlaces,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut next_at = self.erase_own().await?;
        let keeping = self.store().read(keeping::keeping).await?;
        kept.0
            .retain(|seq, _| keeping.iter().any(|(own, _)| own == seq));
        for (workspace_seq, keep) in keeping {
            let place = kept.0.remove(&workspace_seq).unwrap_or_default();
            let (place, at) = self.erase_outlived_of(workspace_seq, keep, place).await?;
            kept.0.insert(workspace_seq, place);
            next_at = next_at.into_iter().chain(at).min();
        }
        Ok(next_at)
    }

    /// The same of events that have a time of their own. Answers when the next of them is due.
    async fn erase_own(&self) -> Result<Option<Timestamp>, StoreError> {
        loop {
            let now = self.clock().now();
            let look = move |conn: &Read<'_>| keeping::due(conn, now);
            let part = self.store().read(look).await?;
            for some in part.erasable.chunks(ERASED_AT_ONCE) {
                let some = some.to_vec();
                let erase = move |tx: &mut WriteTx<'_>| keeping::erase_due(tx, &some);
                self.store().settle(erase).await?;
            }
            if part.erasable.is_empty() {
                return Ok(part.next_at);
            }
        }
    }

    /// The same of one workspace. Answers what has to be looked at later.
    async fn erase_outlived_of(
        &self,
        workspace_seq: i64,
        keep: KeepData,
        place: KeptPlace,
    ) -> Result<(KeptPlace, Option<Timestamp>), StoreError> {
        let mut later = KeptPlace {
            after: place.after,
            pinned: BTreeSet::new(),
        };
        let mut next_at = None;
        let pinned: Vec<i64> = place.pinned.into_iter().collect();
        for some in pinned.chunks(LOOKED_AT_MAX) {
            let (some, now) = (some.to_vec(), self.clock().now());
            let look = move |conn: &Read<'_>| keeping::look_again(conn, keep, &some, now);
            let part = self.store().read(look).await?;
            next_at = next_at.into_iter().chain(part.next_at).min();
            later.pinned.extend(self.erase_part(part).await?);
        }
        loop {
            let (after, now) = (later.after, self.clock().now());
            let look = move |conn: &Read<'_>| keeping::look(conn, workspace_seq, keep, after, now);
            let part = self.store().read(look).await?;
            next_at = next_at.into_iter().chain(part.next_at).min();
            let (looked_to, is_cut) = (part.looked_to, part.is_cut);
            let pinned = self.erase_part(part).await?;
            let room = PINNED_MAX.saturating_sub(later.pinned.len());
            if let Some(first_left) = pinned.get(room) {
                later.after = first_left - 1;
                later.pinned.extend(&pinned[..room]);
                return Ok((later, next_at));
            }
            later.pinned.extend(pinned);
            later.after = looked_to.unwrap_or(after);
            if !is_cut {
                return Ok((later, next_at));
            }
        }
    }

    /// Erases what may be erased. Answers what has to be kept for now, in order.
    async fn erase_part(&self, part: KeptPart) -> Result<Vec<i64>, StoreError> {
        let mut pinned = part.pinned;
        for some in part.erasable.chunks(ERASED_AT_ONCE) {
            let some = some.to_vec();
            let erase = move |tx: &mut WriteTx<'_>| keeping::erase_kept(tx, &some);
            pinned.extend(self.store().settle(erase).await?);
        }
        pinned.sort_unstable();
        Ok(pinned)
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

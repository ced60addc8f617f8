//! Who is subscribed to what, as the writer remembers it.
//!
//! Owns: the cache and its bound. Refuses: filling it (`webhooks::subscribers`).
//!
//! # Why subscribers are cached by the writer
//! Every publish asks who is subscribed. The writer is the only one who changes webhooks, so its
//! own cache is exact: each change forgets the owner's entry in the same transaction, and a
//! webhook registered a microsecond before an event gets that event.
//!
//! # Why by owner, and bounded
//! An event reaches the webhooks of one consumer and the platform's own. With an entry for each of
//! these, publishing costs what they have, however many others there are. What is remembered of
//! consumers is bounded: beyond [`CACHED_SUBSCRIBERS_MAX`] it is forgotten, and each is read again
//! by an index when its next event comes.
//!
//! # Why others may see a part of it
//! Judging an event by many filters takes time that the writer's other callers would wait for. So a
//! platform's entry with a filter in it, or an order by a value, is shown to whoever publishes; what is judged by such an entry
//! counts if it is still the writer's own when the event is accepted.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::webhook::Subscriber;

/// Subscribers of consumers that are remembered at most; then all of them are forgotten. One takes
/// some 500 bytes.
pub(super) const CACHED_SUBSCRIBERS_MAX: usize = 20_000;

/// The subscribers of each owner that was asked about: the platform of a workspace, or a consumer.
#[derive(Default)]
pub(super) struct SubscriberCache {
    own: HashMap<i64, Arc<Vec<Subscriber>>>,
    filtered: FilteredSubscribers,
    of_consumers: HashMap<i64, Arc<Vec<Subscriber>>>,
    /// What `of_consumers` holds; an owner without webhooks counts as one.
    held: usize,
}

/// The subscribers of each platform that has filters, for whoever asks.
#[derive(Clone, Default)]
pub(super) struct FilteredSubscribers(Arc<RwLock<HashMap<i64, Arc<Vec<Subscriber>>>>>);

impl SubscriberCache {
    pub(super) fn new(filtered: FilteredSubscribers) -> Self {
        Self {
            filtered,
            ..Self::default()
        }
    }

    pub(super) fn of(
        &self,
        workspace_seq: i64,
        consumer_seq: Option<i64>,
    ) -> Option<Arc<Vec<Subscriber>>> {
        let known = match consumer_seq {
            None => self.own.get(&workspace_seq),
            Some(seq) => self.of_consumers.get(&seq),
        };
        known.map(Arc::clone)
    }

    pub(super) fn remember(
        &mut self,
        workspace_seq: i64,
        consumer_seq: Option<i64>,
        subscribers: Arc<Vec<Subscriber>>,
    ) {
        let Some(seq) = consumer_seq else {
            if subscribers.iter().any(Subscriber::looks_into_events) {
                self.filtered
                    .change(|map| map.insert(workspace_seq, Arc::clone(&subscribers)));
            }
            self.own.insert(workspace_seq, subscribers);
            return;
        };
        let size = weight(&subscribers);
        if self.held + size > CACHED_SUBSCRIBERS_MAX {
            self.forget_consumers();
        }
        self.held += size;
        if let Some(before) = self.of_consumers.insert(seq, subscribers) {
            self.held -= weight(&before);
        }
    }

    pub(super) fn forget(&mut self, workspace_seq: i64, consumer_seq: Option<i64>) {
        match consumer_seq {
            None => self.forget_own(workspace_seq),
            Some(seq) => {
                if let Some(before) = self.of_consumers.remove(&seq) {
                    self.held -= weight(&before);
                }
            }
        }
    }

    /// Forgets what belongs to a workspace; of consumers all, since few workspaces change.
    pub(super) fn forget_workspace(&mut self, workspace_seq: i64) {
        self.forget_own(workspace_seq);
        self.forget_consumers();
    }

    pub(super) fn forget_all(&mut self) {
        self.own.clear();
        self.filtered.change(HashMap::clear);
        self.forget_consumers();
    }

    fn forget_own(&mut self, workspace_seq: i64) {
        if self.own.remove(&workspace_seq).is_some() {
            self.filtered.change(|map| map.remove(&workspace_seq));
        }
    }

    fn forget_consumers(&mut self) {
        self.of_consumers.clear();
        self.held = 0;
    }
}

impl FilteredSubscribers {
    pub(super) fn of(&self, workspace_seq: i64) -> Option<Arc<Vec<Subscriber>>> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        map.get(&workspace_seq).map(Arc::clone)
    }

    fn change<T>(&self, change: impl FnOnce(&mut HashMap<i64, Arc<Vec<Subscriber>>>) -> T) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

fn weight(subscribers: &[Subscriber]) -> usize {
    subscribers.len().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_of_consumers_is_bounded() {
        let mut cache = SubscriberCache::default();
        cache.remember(1, None, Arc::default());
        for seq in 1..=100_000 {
            cache.remember(1, Some(seq), Arc::default());
            cache.remember(1, Some(seq), Arc::default());
            assert!(cache.of(1, Some(seq)).is_some());
            assert!(cache.of_consumers.len() <= CACHED_SUBSCRIBERS_MAX);
            assert_eq!(cache.of_consumers.len(), cache.held);
        }
        assert!(cache.of(1, None).is_some());
        cache.forget(1, Some(100_000));
        assert!(cache.of(1, Some(100_000)).is_none());
        assert_eq!(cache.of_consumers.len(), cache.held);
        cache.forget_workspace(1);
        assert!(cache.of(1, None).is_none() && cache.of_consumers.is_empty());
    }
}

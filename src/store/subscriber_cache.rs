//! Who is subscribed to what, as the writer remembers it.
//!
//! Owns: the cache. Refuses: filling it (`webhooks::subscribers`).
//!
//! # Why subscribers are cached by the writer
//! Every publish asks who is subscribed. The writer is the only one who changes webhooks, so its
//! own cache is exact: each change forgets the workspace's entry in the same transaction, and a
//! webhook registered a microsecond before an event gets that event.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::webhook::Subscriber;

/// The subscribers of each workspace that was asked about.
#[derive(Default)]
pub(super) struct SubscriberCache(HashMap<i64, Arc<Vec<Subscriber>>>);

impl SubscriberCache {
    pub(super) fn of(&self, workspace_seq: i64) -> Option<Arc<Vec<Subscriber>>> {
        self.0.get(&workspace_seq).map(Arc::clone)
    }

    pub(super) fn remember(&mut self, workspace_seq: i64, subscribers: Arc<Vec<Subscriber>>) {
        self.0.insert(workspace_seq, subscribers);
    }

    pub(super) fn forget(&mut self, workspace_seq: i64) {
        self.0.remove(&workspace_seq);
    }

    pub(super) fn forget_all(&mut self) {
        self.0.clear();
    }
}

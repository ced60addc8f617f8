//! What a lane knows of deliveries that go out in batches.
//!
//! Owns: counting those that wait to be put into one. Refuses: putting them together, which is done in
//! the database.
//!
//! # What such a lane holds
//! Of each batch one delivery, which has its place in the queues as any other; the rest of the batch is
//! read when its attempt starts, and is active from then on. What is in no batch yet stays in the
//! database: the lane only counts it, to know when to look.

use crate::domain::batch::{BATCH_BODY_BYTES_MAX, BatchPolicy, Gathered};
use crate::domain::delivery::QueuedDelivery;
use crate::domain::time::Timestamp;

/// What waits to be put into a batch, as far as a lane knows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gathering {
    /// `None` where somebody has to look.
    known: Option<Gathered>,
    /// What came since a load was ordered, which may not have seen it.
    meanwhile: Gathered,
}

impl Gathering {
    /// One more waits.
    pub(super) fn add(&mut self, since: Timestamp) {
        if let Some(known) = &mut self.known {
            known.add(since);
        }
        self.meanwhile.add(since);
    }

    /// Somebody is about to look.
    pub(super) fn ordered(&mut self) {
        self.meanwhile = Gathered::default();
    }

    /// So much was found.
    pub(super) fn found(&mut self, gathered: Gathered) {
        self.known = Some(gathered.and(self.meanwhile));
    }

    /// Nothing is known any more.
    pub(super) fn forget(&mut self) {
        self.known = None;
    }

    /// Until when there is nothing to look for; `None` where somebody should look now.
    pub(super) fn quiet_until(
        &self,
        policy: Option<BatchPolicy>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let (policy, known) = (policy?, self.known?);
        let due_at = policy.due_at(known)?;
        (!policy.is_due(known, now)).then_some(due_at)
    }
}

/// Bytes that an attempt may hold in memory: of a batch as many as its body may have.
pub(super) fn bytes_of(delivery: &QueuedDelivery) -> usize {
    match delivery.batch {
        None => delivery.event.data.len(),
        Some(_) => delivery.event.data.len().max(BATCH_BODY_BYTES_MAX),
    }
}

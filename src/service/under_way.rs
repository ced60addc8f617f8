//! Which deliveries are being attempted at this moment.
//!
//! Owns: asking the engine, before a transaction and never within one. Refuses: holding attempts up.
//!
//! # Why it is asked before
//! A transaction decides by what the database holds: it can be run again, and by whoever shares the
//! database. An attempt that begins between the asking and the transaction does no harm: what is put
//! back in line meanwhile gets its result from it, and where the event was erased meanwhile, recording
//! the attempt keeps nothing of it (`engine::settle`).

use std::collections::BTreeSet;

use super::Service;
use crate::domain::delivery::Delivery;
use crate::store::deliveries::{self, AttemptedSoFar};
use crate::store::{Read, StoreError};

/// The deliveries of which an attempt was under way when it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BeingAttempted {
    rows: BTreeSet<i64>,
    events: BTreeSet<i64>,
}

impl BeingAttempted {
    /// Whether the delivery in row `seq` is among them.
    pub(super) fn has(&self, seq: i64) -> bool {
        self.rows.contains(&seq)
    }

    /// Whether one of the event in row `event_seq` is.
    pub(super) fn has_of(&self, event_seq: i64) -> bool {
        self.events.contains(&event_seq)
    }
}

impl Service {
    /// Whether an attempt of a delivery is being made right now.
    #[must_use]
    pub fn is_under_way(&self, delivery: &Delivery) -> bool {
        let (webhook_seq, seq) = (delivery.webhook.seq(), delivery.id.seq());
        let attempts = delivery.progress.attempt_count;
        self.engine().is_in_flight(webhook_seq, seq, attempts)
    }

    /// Which of the deliveries in these rows are.
    pub(super) async fn under_way_among(
        &self,
        rows: Vec<i64>,
    ) -> Result<BeingAttempted, StoreError> {
        let read = move |conn: &Read<'_>| deliveries::attempted_so_far(conn, &rows);
        Ok(self.those_under_way(&self.store().read(read).await?))
    }

    /// Which of the deliveries of these events are.
    pub(super) async fn under_way_of(
        &self,
        events: Vec<i64>,
    ) -> Result<BeingAttempted, StoreError> {
        let read = move |conn: &Read<'_>| deliveries::attempted_so_far_of(conn, &events);
        Ok(self.those_under_way(&self.store().read(read).await?))
    }

    /// Which of these are.
    pub(super) fn those_under_way(&self, all: &[AttemptedSoFar]) -> BeingAttempted {
        let mut found = BeingAttempted::default();
        for own in all {
            let AttemptedSoFar {
                seq,
                webhook_seq,
                event_seq,
                attempts,
            } = *own;
            if self.engine().is_in_flight(webhook_seq, seq, attempts) {
                found.rows.insert(seq);
                found.events.insert(event_seq);
            }
        }
        found
    }
}

//! How much of what waits is held in memory.
//!
//! Owns: counting it, and whether more may be taken in. Refuses: queues; it never sees one.
//!
//! # Bytes, not rows
//! A thousand events of a hundred bytes are nothing, a thousand of the largest are a quarter of a
//! gigabyte. What counts is the data of the events that are held, each once, however many
//! deliveries carry it: whoever comes with an event that is held already gets the one that is.
//!
//! # Why the last part is for those who have little
//! Long queues fill whatever they are given. So a queue takes in more only while it holds a fraction
//! of what is left, and the last part is for those who hold nothing yet.

use std::sync::Arc;

use super::turns::Backlog;
use crate::domain::delivery::QueuedDelivery;
use crate::store::events::{HeldEvents, HeldFor};

/// Deliveries queued in memory over all lanes.
pub(super) const QUEUED_MAX: usize = 20_000;
/// Bytes of event data queued in memory over all lanes: 32 MiB.
pub(super) const QUEUED_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes of event data that one load reads, beyond its first row.
pub(in crate::engine) const LOAD_BYTES_MAX: usize = 1024 * 1024;
/// Rows that a load for a long queue may bring at least, or it waits until there is room for them: most
/// of what a load costs, it costs whatever it brings.
const LOAD_ROWS_MIN: usize = 16;
/// A queue takes in at most this fraction of the bytes and rows that are left.
const QUEUE_SHARE: usize = 4;

/// What is held.
#[derive(Debug, Default)]
pub(super) struct QueuedMemory {
    deliveries: usize,
    bytes: usize,
    events: Arc<HeldEvents>,
}

impl QueuedMemory {
    pub(super) fn deliveries(&self) -> usize {
        self.deliveries
    }

    /// The events of what is held, for who reads more.
    pub(super) fn events(&self) -> &Arc<HeldEvents> {
        &self.events
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a queue that holds so many bytes may take in so many more.
    pub(super) fn admits(&self, queue_bytes: usize, bytes: usize) -> bool {
        let left = QUEUED_BYTES_MAX.saturating_sub(self.bytes);
        let is_first = queue_bytes == 0 && bytes <= left;
        self.deliveries < QUEUED_MAX && (is_first || queue_bytes + bytes <= left / QUEUE_SHARE)
    }

    /// Whether something may be loaded for a lane that has so much waiting.
    pub(super) fn has_room_for(&self, waiting: Backlog) -> bool {
        let (share, rows) = match waiting {
            Backlog::Little => (1, 1),
            Backlog::Much => (QUEUE_SHARE, LOAD_ROWS_MIN),
        };
        let left = QUEUED_BYTES_MAX.saturating_sub(self.bytes);
        left >= share * LOAD_BYTES_MAX && self.rows_left() >= share * rows
    }

    /// How many rows a load may bring that is wanted to bring `rows`: what finds no room is read for
    /// nothing.
    pub(super) fn rows_for(&self, rows: usize) -> usize {
        rows.min((self.rows_left() / QUEUE_SHARE).max(1))
    }

    fn rows_left(&self) -> usize {
        QUEUED_MAX.saturating_sub(self.deliveries)
    }

    /// Whether so much is held that nobody should hold what cannot start.
    pub(super) fn is_tight(&self) -> bool {
        self.bytes > QUEUED_BYTES_MAX / 2 || self.deliveries > QUEUED_MAX / 2
    }

    /// Takes a delivery in; it carries the event that is held already, if one is.
    pub(super) fn add(&mut self, delivery: &mut QueuedDelivery) {
        self.deliveries += 1;
        let (held, held_for) = self.events.hold(&delivery.event);
        if held_for == HeldFor::One {
            self.bytes += held.data.len();
        }
        delivery.event = held;
    }

    /// A delivery is no longer queued.
    pub(super) fn remove(&mut self, delivery: &QueuedDelivery) {
        self.deliveries = self.deliveries.saturating_sub(1);
        let event = &delivery.event;
        if self.events.release(event.id.seq()) == HeldFor::One {
            self.bytes = self.bytes.saturating_sub(event.data.len());
        }
    }
}

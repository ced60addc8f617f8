//! A lane: what waits for one webhook, in memory, and what may start next.
//!
//! Owns: the queues of one webhook, its limits, who is active. Refuses: reading the database (it
//! says what it wants loaded) and knowing of other lanes.
//!
//! # The database is the truth
//! A lane holds a bounded part of what waits. `fresh_more` says that the database may hold first
//! attempts behind `fresh_cursor`, `late_more` that it may hold retries that are due. Whatever goes
//! wrong, a lane is put right by looking again from the start: `active` keeps anything from being
//! attempted twice at once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::bucket::Bucket;
use super::target::Target;
use crate::domain::delivery::QueuedDelivery;
use crate::domain::time::Timestamp;

/// Deliveries that each of a lane's queues holds at most.
pub(super) const QUEUE_MAX: usize = 256;
/// After so many failures in a row a lane gets a fraction of its slots, so that many dead receivers
/// together cannot use up the slots of the healthy ones.
const FAILING_AFTER: u32 = 5;
/// That fraction's divisor.
const FAILING_SHARE: u32 = 8;

/// Which share of the slots an attempt uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// First attempts, and what a person wants now.
    Fresh,
    /// Retries.
    Late,
}

/// What a lane can do at this moment.
#[derive(Debug)]
pub(super) enum NextUp {
    /// Start this attempt.
    Start(Box<QueuedDelivery>, Share),
    /// Something must be read from the database first.
    Load,
    /// Nothing before this instant.
    Wait(Timestamp),
    /// Nothing until something happens.
    Idle,
}

/// What waits for one webhook.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) target: Option<Arc<Target>>,
    pub(super) urgent: VecDeque<QueuedDelivery>,
    pub(super) fresh: VecDeque<QueuedDelivery>,
    pub(super) fresh_cursor: i64,
    pub(super) fresh_more: bool,
    pub(super) late: VecDeque<QueuedDelivery>,
    pub(super) late_more: bool,
    pub(super) late_at: Option<Timestamp>,
    /// What is queued, under way or about to be recorded, each with how many attempts it had had
    /// when it was taken in. Once its row shows more, its attempt has been recorded, even if the
    /// lane has not heard of it yet.
    pub(super) active: HashMap<i64, u32>,
    pub(super) in_flight: u32,
    pub(super) late_in_flight: u32,
    pub(super) failures: u32,
    pub(super) loading: bool,
    /// Counts the times that the lane began to look again; a load from before is worthless.
    pub(super) epoch: u64,
    /// Ended while a load was running: the load may still show them as due.
    pub(super) ended_meanwhile: HashSet<i64>,
    pub(super) in_ring: bool,
    /// Shown as due by the database while they were active: once they have ended, the lane must
    /// look again, because somebody may have put them back in line meanwhile.
    pub(super) skipped: HashSet<i64>,
    /// In an ordered lane: a retrying delivery that all others wait for exists in the database.
    pub(super) order_blocked: bool,
    /// The newest delivery that was offered but not taken in.
    dropped: i64,
    bucket: Option<Bucket>,
    late_turn: bool,
}

impl Lane {
    /// A lane that has looked at nothing yet.
    pub(super) fn unread() -> Self {
        Self {
            fresh_more: true,
            late_more: true,
            ..Self::default()
        }
    }

    /// Takes a delivery that was just committed, if it fits behind all that the lane has seen.
    pub(super) fn offer(&mut self, delivery: QueuedDelivery, has_room: bool) -> bool {
        let seq = delivery.id.seq();
        if self.fresh_more || !has_room || self.fresh.len() >= QUEUE_MAX {
            self.fresh_more = true;
            self.dropped = self.dropped.max(seq);
            return false;
        }
        self.fresh_cursor = self.fresh_cursor.max(seq);
        self.take_in(&delivery);
        self.fresh.push_back(delivery);
        true
    }

    /// Looks again at everything: settings, first attempts, retries.
    pub(super) fn look_again(&mut self) {
        self.target = None;
        self.rewind();
    }

    /// Looks again at what waits, from the start.
    pub(super) fn rewind(&mut self) {
        self.epoch += 1;
        self.fresh_cursor = 0;
        self.fresh_more = true;
        self.late_more = true;
    }

    /// Takes in the rest of what a load says of first attempts.
    pub(super) fn fresh_loaded(&mut self, last: Option<i64>, full: bool) {
        self.fresh_cursor = last.unwrap_or(self.fresh_cursor);
        self.fresh_more = full || self.dropped > self.fresh_cursor;
    }

    /// Remembers that a delivery is active.
    pub(super) fn take_in(&mut self, delivery: &QueuedDelivery) {
        let attempts = delivery.progress.attempt_count;
        self.active.insert(delivery.id.seq(), attempts);
    }

    /// A delivery is no longer under way.
    pub(super) fn ended(&mut self, seq: i64) {
        self.active.remove(&seq);
        self.late_more |= self.skipped.remove(&seq);
        if self.loading {
            self.ended_meanwhile.insert(seq);
        }
    }

    /// Forgets what is queued, because the webhook is closed; the database still has it.
    pub(super) fn close(&mut self) {
        self.forget_queued();
        self.rewind();
        self.fresh_more = false;
        self.late_more = false;
        self.late_at = None;
    }

    /// Forgets what is queued; the database still has it.
    pub(super) fn forget_queued(&mut self) {
        for delivery in self.fresh.drain(..).chain(self.late.drain(..)) {
            self.active.remove(&delivery.id.seq());
        }
    }

    /// Drops one queued delivery; `true` if it was there.
    pub(super) fn remove(&mut self, seq: i64) -> bool {
        let before = self.queued();
        for queue in [&mut self.urgent, &mut self.fresh, &mut self.late] {
            queue.retain(|delivery| delivery.id.seq() != seq);
        }
        let removed = self.queued() < before;
        if removed {
            self.active.remove(&seq);
        }
        removed
    }

    pub(super) fn queued(&self) -> usize {
        self.urgent.len() + self.fresh.len() + self.late.len()
    }

    /// Whether nothing is under way or queued, so that the lane can be forgotten.
    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty()
            && !self.loading
            && self.late_at.is_none()
            && !self.fresh_more
            && !self.late_more
    }

    /// What may start now. `fresh_room` and `late_room` say whether the global shares have a slot.
    pub(super) fn next_up(&mut self, now: Timestamp, fresh_room: bool, late_room: bool) -> NextUp {
        let Some(target) = self.target.clone() else {
            return if self.loading {
                NextUp::Idle
            } else {
                NextUp::Load
            };
        };
        if self.in_flight >= self.slots(&target) {
            return NextUp::Idle;
        }
        if fresh_room && let Some(delivery) = self.urgent.pop_front() {
            return self.start(delivery, Share::Fresh);
        }
        if !target.open {
            return NextUp::Idle;
        }
        // An ordered lane makes sure that nothing older waits before it starts something new.
        let in_order = !target.ordered || (!self.order_blocked && !self.late_more);
        let fresh = fresh_room && !self.fresh.is_empty() && in_order;
        let late =
            late_room && !self.late.is_empty() && self.late_in_flight < self.late_slots(&target);
        if !fresh && !late {
            return self.nothing_queued(&target);
        }
        if let Some(rate) = target.rate_limit {
            let bucket = self
                .bucket
                .map_or(Bucket::new(rate, now), |b| b.with_rate(rate));
            if let Err(at) = self.bucket.insert(bucket).take(now) {
                return NextUp::Wait(at);
            }
        }
        self.late_turn = late && (!fresh || !self.late_turn);
        let (queue, share) = if self.late_turn {
            (&mut self.late, Share::Late)
        } else {
            (&mut self.fresh, Share::Fresh)
        };
        match queue.pop_front() {
            Some(delivery) => self.start(delivery, share),
            None => NextUp::Idle,
        }
    }

    fn nothing_queued(&self, target: &Target) -> NextUp {
        let wants_fresh = self.fresh_more && self.fresh.is_empty() && !self.order_blocked;
        let wants_late = self.late_more && self.late.is_empty();
        // An ordered lane looks only when it is free: what is under way decides what is next.
        let may_load = !self.loading && (!target.ordered || self.in_flight == 0);
        if may_load && (wants_fresh || wants_late) {
            NextUp::Load
        } else {
            NextUp::Idle
        }
    }

    fn start(&mut self, delivery: QueuedDelivery, share: Share) -> NextUp {
        self.in_flight += 1;
        self.late_in_flight += u32::from(share == Share::Late);
        self.take_in(&delivery);
        NextUp::Start(Box::new(delivery), share)
    }

    fn slots(&self, target: &Target) -> u32 {
        if target.ordered {
            1
        } else if self.failures >= FAILING_AFTER {
            (target.max_in_flight / FAILING_SHARE).max(1)
        } else {
            target.max_in_flight
        }
    }

    /// While first attempts wait, retries use half of the slots at most.
    fn late_slots(&self, target: &Target) -> u32 {
        let slots = self.slots(target);
        if slots > 1 && !self.fresh.is_empty() {
            (slots / 2).max(1)
        } else {
            slots
        }
    }
}

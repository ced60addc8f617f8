//! A lane: what waits for one webhook, in memory, and what may start next.
//!
//! Owns: the queues of one webhook, its limits, who is active. Refuses: reading the database (it
//! says what it wants loaded) and knowing of other lanes.
//!
//! # The database is the truth
//! A lane holds a bounded part of what waits. `first_more` says that the database may hold first
//! attempts behind `first_cursor`, `retry_more` that it may hold retries that are due. Whatever goes
//! wrong, a lane is put right by looking again from the start: `active` keeps anything from being
//! attempted twice at once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::gathering::Gathering;
use super::record::TrackRecord;
use super::shares::LaneStanding;
use super::turns::Backlog;
use crate::domain::bucket::Bucket;
use crate::domain::delivery::QueuedDelivery;
use crate::domain::order::OrderKey;
use crate::domain::time::Timestamp;
use crate::domain::webhook::WebhookKind;
use crate::engine::priority::Priority;
use crate::engine::target::Target;

/// Deliveries that each of a lane's queues holds at most.
pub(in crate::engine) const QUEUE_MAX: usize = 256;
/// Deliveries that a lane which answers takes in at once at least.
const QUEUE_MIN: usize = 64;
/// New deliveries that a lane of which nothing is known holds at most.
const QUEUE_UNKNOWN_MAX: usize = 16;
/// As many times what may be under way, and a lane has enough in memory to go on while it loads.
const QUEUE_WINDOWS: usize = 4;
/// A lane with no more than this waiting goes before those with more.
pub(super) const LITTLE: usize = 4;

/// What waits for one webhook.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) target: Option<Arc<Target>>,
    pub(super) urgent: VecDeque<QueuedDelivery>,
    pub(super) first: VecDeque<QueuedDelivery>,
    pub(super) first_cursor: i64,
    pub(super) first_more: bool,
    pub(super) retries: VecDeque<QueuedDelivery>,
    pub(super) retry_more: bool,
    pub(super) retry_at: Option<Timestamp>,
    /// What is queued, under way or about to be recorded, each with how many attempts it had had
    /// when it was taken in. Once its row shows more, its attempt has been recorded, even if the
    /// lane has not heard of it yet.
    pub(super) active: HashMap<i64, u32>,
    pub(super) in_flight: u32,
    pub(super) retries_in_flight: u32,
    pub(super) record: TrackRecord,
    /// As what the slots that it holds are counted, and how many they are.
    pub(super) standing: LaneStanding,
    pub(super) held: usize,
    pub(super) loading: bool,
    /// Counts the times that the lane began to look again; a load from before is worthless.
    pub(super) epoch: u64,
    /// Ended while a load was running: the load may still show them as due.
    pub(super) ended_meanwhile: HashSet<i64>,
    pub(super) place: LanePlace,
    /// Whether it is among those who come back when slots are freed.
    pub(super) is_aside: bool,
    /// The workspace that shares slots with it, and as what.
    pub(super) belongs: Option<(i64, WebhookKind)>,
    /// Shown as due by the database while they were active: once they have ended, the lane must
    /// look again, because somebody may have put them back in line meanwhile.
    pub(super) skipped: HashSet<i64>,
    /// In an ordered lane: a retrying delivery that all others wait for exists in the database.
    pub(super) order_blocked: bool,
    /// Its webhook no longer exists.
    pub(super) is_gone: bool,
    /// The last load left something in the database.
    pub(super) has_backlog: bool,
    /// When the timer is set that looks at what is under way.
    pub(super) look_at: Option<Timestamp>,
    /// Data that is queued, in bytes.
    pub(super) queued_bytes: usize,
    /// The newest delivery that was offered but not taken in since a load was ordered.
    dropped: i64,
    /// What waits to be put into a batch, where its webhook has them.
    pub(super) gathering: Gathering,
    pub(super) bucket: Option<Bucket>,
    /// Whether the last that started was a retry.
    pub(super) retry_turn: bool,
    /// The keys of what is under way, each with the row whose it is.
    pub(super) keys_under_way: HashMap<OrderKey, i64>,
}

/// In which line a lane stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LanePlace {
    /// In none: nothing can be done until something happens.
    #[default]
    Nowhere,
    /// For a turn.
    Turn,
    /// For being loaded.
    Load,
    /// For a slot.
    Slot,
    /// For a slot that retries may use.
    RetrySlot,
}

impl Lane {
    /// A lane that has looked at nothing yet.
    pub(super) fn unread() -> Self {
        Self {
            first_more: true,
            retry_more: true,
            ..Self::default()
        }
    }

    /// Whether a delivery that was just committed fits behind all that the lane has seen.
    pub(super) fn has_room(&self) -> bool {
        !self.first_more && self.first.len() < self.queue_max()
    }

    /// A delivery was offered but stays in the database.
    pub(super) fn pass_over(&mut self, seq: i64) {
        self.first_more = true;
        self.dropped = self.dropped.max(seq);
    }

    /// Takes note of a delivery that is to be put into a batch; `false` where there are none here.
    pub(super) fn gather(&mut self, delivery: &QueuedDelivery) -> bool {
        let is_batched = self.target.as_ref().is_some_and(|own| own.batch.is_some());
        if is_batched {
            let since = delivery.progress.next.at().unwrap_or(delivery.id.at());
            self.gathering.add(since);
            self.first_more = true;
        }
        is_batched
    }

    /// Takes a first attempt into its queue.
    pub(super) fn push_first(&mut self, delivery: QueuedDelivery) {
        self.first_cursor = self.first_cursor.max(delivery.id.seq());
        self.take_in(&delivery);
        self.queued_bytes += delivery.event.data.len();
        self.first.push_back(delivery);
    }

    /// Takes in a first attempt whose row the lane may have passed, or not yet reached.
    pub(super) fn push_follower(&mut self, delivery: QueuedDelivery) {
        self.take_in(&delivery);
        self.queued_bytes += delivery.event.data.len();
        self.first.push_back(delivery);
    }

    /// Where the first of a queue stands that may start: nothing with its key is under way.
    pub(super) fn startable(&self, queue: &VecDeque<QueuedDelivery>) -> Option<usize> {
        if self.keys_under_way.is_empty() {
            return (!queue.is_empty()).then_some(0);
        }
        let is_free = |key| !self.keys_under_way.contains_key(&key);
        queue
            .iter()
            .position(|own| own.order_key.is_none_or(is_free))
    }

    /// Takes a retry into its queue.
    pub(super) fn push_retry(&mut self, delivery: QueuedDelivery) {
        self.take_in(&delivery);
        self.queued_bytes += delivery.event.data.len();
        self.retries.push_back(delivery);
    }

    /// Takes what a person wants attempted now into its queue.
    pub(super) fn push_urgent(&mut self, delivery: QueuedDelivery) {
        self.take_in(&delivery);
        self.queued_bytes += delivery.event.data.len();
        self.urgent.push_back(delivery);
    }

    /// How many new deliveries are worth holding: a lane that answers will soon start them.
    fn queue_max(&self) -> usize {
        match self.standing {
            LaneStanding::Answering => QUEUE_MAX,
            LaneStanding::Unknown => QUEUE_UNKNOWN_MAX,
            LaneStanding::Slow => 1,
        }
    }

    /// How many deliveries a load is asked for: a lane that answers gets a few rounds, any other
    /// only what it may start.
    pub(super) fn load_max(&self) -> usize {
        let max = self
            .target
            .as_ref()
            .map_or(1, |target| target.max_in_flight);
        let window = self.record.earned(max) as usize;
        match self.standing {
            LaneStanding::Answering => (QUEUE_WINDOWS * window).clamp(QUEUE_MIN, QUEUE_MAX),
            LaneStanding::Unknown | LaneStanding::Slow => window,
        }
    }

    /// How much waits.
    pub(super) fn waiting(&self) -> Backlog {
        if self.has_backlog || self.queued() > LITTLE {
            Backlog::Much
        } else {
            Backlog::Little
        }
    }

    /// Looks again at everything: settings, first attempts, retries.
    pub(super) fn look_again(&mut self) {
        self.target = None;
        self.record.forget();
        self.rewind();
        match self.place {
            // Whatever it waited for, it is another lane now.
            LanePlace::Slot | LanePlace::RetrySlot => self.place = LanePlace::Nowhere,
            LanePlace::Nowhere | LanePlace::Turn | LanePlace::Load => {}
        }
    }

    /// Looks again at what waits, from the start.
    pub(super) fn rewind(&mut self) {
        self.epoch += 1;
        self.first_cursor = 0;
        self.first_more = true;
        self.retry_more = true;
        self.gathering.forget();
    }

    /// A load is about to read all that is committed by now.
    pub(super) fn load_ordered(&mut self) {
        self.loading = true;
        self.ended_meanwhile.clear();
        self.dropped = 0;
        self.gathering.ordered();
    }

    /// First attempts were loaded as far as `last`; `cut` says whether there may be more.
    pub(super) fn first_loaded(&mut self, last: Option<i64>, cut: Cut) {
        self.first_cursor = last.unwrap_or(self.first_cursor).max(self.first_cursor);
        self.first_more = cut == Cut::More || self.dropped > self.first_cursor;
    }

    /// Remembers that a delivery is active.
    pub(super) fn take_in(&mut self, delivery: &QueuedDelivery) {
        let attempts = delivery.progress.attempt_count;
        self.active.insert(delivery.id.seq(), attempts);
    }

    /// A delivery is no longer under way.
    pub(super) fn ended(&mut self, seq: i64) {
        self.active.remove(&seq);
        self.keys_under_way.retain(|_, own| *own != seq);
        self.retry_more |= self.skipped.remove(&seq);
        if self.loading {
            self.ended_meanwhile.insert(seq);
        }
    }

    /// The webhook is closed: nothing of it is looked for until it changes.
    pub(super) fn close(&mut self) {
        self.rewind();
        self.first_more = false;
        self.retry_more = false;
        self.retry_at = None;
    }

    /// Takes what is queued out again; the database still has it. What a person wants stays.
    pub(super) fn drain_queued(&mut self) -> Vec<QueuedDelivery> {
        let drained: Vec<_> = self.first.drain(..).chain(self.retries.drain(..)).collect();
        for delivery in &drained {
            self.active.remove(&delivery.id.seq());
            self.queued_bytes -= delivery.event.data.len();
        }
        drained
    }

    /// Drops one queued delivery, if it is there.
    pub(super) fn remove(&mut self, seq: i64) -> Option<QueuedDelivery> {
        for queue in [&mut self.urgent, &mut self.first, &mut self.retries] {
            let at = queue.iter().position(|own| own.id.seq() == seq);
            if let Some(removed) = at.and_then(|at| queue.remove(at)) {
                self.active.remove(&seq);
                self.queued_bytes -= removed.event.data.len();
                return Some(removed);
            }
        }
        None
    }

    /// Whether a delivery of a batch is among what a person wants attempted now; the rest of the batch
    /// goes with it.
    pub(super) fn is_batch_urgent(&self, batch: i64) -> bool {
        self.urgent.iter().any(|own| own.batch == Some(batch))
    }

    pub(super) fn is_queued(&self, seq: i64) -> bool {
        let queues = [&self.urgent, &self.first, &self.retries];
        queues.into_iter().flatten().any(|own| own.id.seq() == seq)
    }

    pub(super) fn queued(&self) -> usize {
        self.urgent.len() + self.first.len() + self.retries.len()
    }

    /// Whether a turn could lead to anything: something is queued, or is to be looked for.
    pub(super) fn wants_turn(&self) -> bool {
        self.queued() > 0 || self.first_more || self.retry_more
    }

    /// An attempt of this priority has given its slot in the lane back.
    pub(super) fn freed(&mut self, priority: Priority) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if priority == Priority::Retry {
            self.retries_in_flight = self.retries_in_flight.saturating_sub(1);
        }
    }

    /// Whether nothing is under way or queued, so that the lane can be forgotten.
    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty()
            && self.held == 0
            && !self.loading
            && self.retry_at.is_none()
            && !self.first_more
            && !self.retry_more
    }
}

/// Whether a load left something behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Cut {
    /// There may be more in the database.
    More,
    /// That was all.
    All,
}

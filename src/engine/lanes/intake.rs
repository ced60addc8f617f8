//! How deliveries come into the lanes: offered with a commit, or loaded from the database.
//!
//! Owns: what is taken in, what is asked for, what is forgotten again. Refuses: reading.

use std::sync::Arc;

use super::lane::{Cut, Lane, LanePlace, QUEUE_MAX};
use super::memory::LOAD_BYTES_MAX;
use super::turns::Backlog;
use super::{LOADS_MAX, Lanes, Step, Timer};
use crate::domain::batch::Gathered;
use crate::domain::delivery::QueuedDelivery;
use crate::domain::time::Timestamp;
use crate::engine::priority::Priority;
use crate::engine::target::Target;

/// What to read for a lane.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct LoadOrder {
    pub(in crate::engine) webhook_seq: i64,
    pub(in crate::engine) epoch: u64,
    /// Behind which row first attempts are wanted, if they are.
    pub(in crate::engine) first_after: Option<i64>,
    /// Whether retries are wanted.
    pub(in crate::engine) retries: bool,
    /// Rows of each kind at most; those that are active will be among them.
    pub(in crate::engine) rows_max: usize,
    /// Bytes of event data at most, beyond the first row of each kind.
    pub(in crate::engine) bytes_max: usize,
}

/// What a load found.
#[derive(Debug)]
pub(in crate::engine) struct Loaded {
    pub(in crate::engine) order: LoadOrder,
    /// The webhook's settings; `None` where it no longer exists.
    pub(in crate::engine) target: Option<Arc<Target>>,
    pub(in crate::engine) first: Vec<QueuedDelivery>,
    pub(in crate::engine) first_cut: Cut,
    pub(in crate::engine) retries: Vec<QueuedDelivery>,
    pub(in crate::engine) retries_cut: Cut,
    pub(in crate::engine) retry_at: Option<Timestamp>,
    pub(in crate::engine) order_blocked: bool,
    /// The last row that was looked at for first attempts, where some may be behind others.
    pub(in crate::engine) looked_to: Option<i64>,
    /// What waits to be put into a batch.
    pub(in crate::engine) gathered: Gathered,
}

impl Lanes {
    /// A delivery that was just committed.
    pub(in crate::engine) fn offer(&mut self, mut delivery: QueuedDelivery) {
        let webhook_seq = delivery.webhook_seq;
        // A lane that nobody has seen yet may have older deliveries in the database.
        let lane = self.lanes.entry(webhook_seq).or_insert_with(Lane::unread);
        let bytes = delivery.event.data.len();
        if lane.gather(&delivery) {
            // It waits in the database for others.
        } else if lane.has_room() && self.memory.admits(lane.queued_bytes, bytes) {
            self.memory.add(&mut delivery);
            lane.push_first(delivery);
        } else {
            lane.pass_over(delivery.id.seq());
        }
        self.enter(webhook_seq);
    }

    /// A delivery that a person wants attempted now. In an ordered lane it takes its place.
    pub(in crate::engine) fn offer_urgent(&mut self, mut delivery: QueuedDelivery) {
        let webhook_seq = delivery.webhook_seq;
        let lane = self.lanes.entry(webhook_seq).or_insert_with(Lane::unread);
        let ordered = lane
            .target
            .as_ref()
            .is_none_or(|target| (target.ordered || target.is_keyed) && target.open);
        let goes_along = delivery
            .batch
            .is_some_and(|batch| lane.is_batch_urgent(batch));
        let crowded = lane.urgent.len() >= QUEUE_MAX;
        if lane.active.contains_key(&delivery.id.seq()) {
            lane.skipped.insert(delivery.id.seq());
        } else if ordered || crowded || goes_along {
            lane.retry_more = true;
        } else {
            self.memory.add(&mut delivery);
            lane.push_urgent(delivery);
        }
        self.enter(webhook_seq);
    }

    /// Deliveries of a webhook became due in the database. Nobody has counted them: a lane that was not read
    /// yet takes its turn among those with much, or a start would let a thousand of them go before whoever
    /// has one.
    pub(in crate::engine) fn wake(&mut self, webhook_seq: i64) {
        let lane = self.lanes.entry(webhook_seq).or_insert_with(Lane::unread);
        lane.retry_more = true;
        lane.has_backlog |= lane.target.is_none();
        self.enter(webhook_seq);
    }

    /// A delivery that nothing with its key is before any more.
    pub(in crate::engine) fn offer_follower(&mut self, mut delivery: QueuedDelivery) {
        let webhook_seq = delivery.webhook_seq;
        let lane = self.lanes.entry(webhook_seq).or_insert_with(Lane::unread);
        if lane.active.contains_key(&delivery.id.seq()) {
            return;
        }
        let bytes = delivery.event.data.len();
        if lane.gather(&delivery) {
            lane.rewind();
        } else if lane.first.len() < QUEUE_MAX && self.memory.admits(lane.queued_bytes, bytes) {
            self.memory.add(&mut delivery);
            lane.push_follower(delivery);
        } else {
            lane.rewind();
        }
        self.enter(webhook_seq);
    }

    /// Deliveries of a webhook became pending whose rows the lane may have passed already.
    pub(in crate::engine) fn fell_due(&mut self, webhook_seq: i64) {
        let lane = self.lanes.entry(webhook_seq).or_insert_with(Lane::unread);
        let target = lane.target.as_ref();
        let keeps_order = target.is_some_and(|target| target.ordered || target.is_keyed);
        lane.rewind();
        if keeps_order {
            // What is queued must not overtake them.
            self.forget_queued(webhook_seq);
        }
        self.enter(webhook_seq);
    }

    /// A webhook's settings, state or secrets changed.
    pub(in crate::engine) fn webhook_changed(&mut self, webhook_seq: i64, now: Timestamp) {
        self.lanes
            .entry(webhook_seq)
            .or_insert_with(Lane::unread)
            .look_again();
        self.judge(webhook_seq, now);
        self.enter(webhook_seq);
    }

    /// A delivery was called off.
    pub(in crate::engine) fn remove(&mut self, webhook_seq: i64, seq: i64) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        if let Some(removed) = lane.remove(seq) {
            if removed.batch.is_some() {
                // Others of its batch wait behind it.
                lane.rewind();
            }
            self.memory.remove(&removed);
        }
        // In an ordered lane it may have been the one that all others wait for.
        lane.order_blocked = false;
        lane.retry_more = true;
        self.enter(webhook_seq);
    }

    /// Lets the caller attempt a delivery by itself; `false` where it is already under way. A
    /// queued one is taken out of its queue.
    pub(in crate::engine) fn claim(&mut self, delivery: &QueuedDelivery) -> bool {
        let seq = delivery.id.seq();
        let lane = self
            .lanes
            .entry(delivery.webhook_seq)
            .or_insert_with(Lane::unread);
        if lane.active.contains_key(&seq) {
            let Some(removed) = lane.remove(seq) else {
                return false;
            };
            self.memory.remove(&removed);
        }
        lane.take_in(delivery);
        true
    }

    /// Whether an attempt of a delivery is under way whose row shows so many attempts.
    pub(in crate::engine) fn is_in_flight(
        &self,
        webhook_seq: i64,
        seq: i64,
        attempts: u32,
    ) -> bool {
        self.lanes.get(&webhook_seq).is_some_and(|lane| {
            let is_active = lane.active.get(&seq).is_some_and(|own| *own >= attempts);
            is_active && !lane.is_queued(seq)
        })
    }

    pub(super) fn enter_load(&mut self, webhook_seq: i64) {
        if let Some(lane) = self.lanes.get_mut(&webhook_seq) {
            lane.place = LanePlace::Load;
            self.to_load.enter(webhook_seq, lane.waiting());
        }
    }

    /// Orders loads while there is room for what they bring.
    pub(super) fn order_loads(&mut self, step: &mut Step) {
        while self.loads < LOADS_MAX {
            let next = if self.memory.has_room_for(Backlog::Much) {
                self.to_load.next()
            } else if self.memory.has_room_for(Backlog::Little) {
                self.to_load.next_newcomer()
            } else {
                None
            };
            let Some(webhook_seq) = next else {
                return;
            };
            let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
                continue;
            };
            lane.place = LanePlace::Nowhere;
            lane.load_ordered();
            self.loads += 1;
            step.load.push(LoadOrder {
                webhook_seq,
                epoch: lane.epoch,
                first_after: lane.first_more.then_some(lane.first_cursor),
                // Whatever makes the lane look again while the load runs is not forgotten.
                retries: std::mem::take(&mut lane.retry_more),
                rows_max: self.memory.rows_for(lane.load_max()) + lane.active.len(),
                bytes_max: LOAD_BYTES_MAX,
            });
        }
    }

    /// Takes in what a load found.
    pub(in crate::engine) fn loaded(&mut self, mut loaded: Loaded, now: Timestamp) {
        self.loads -= 1;
        let webhook_seq = loaded.order.webhook_seq;
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        lane.loading = false;
        if lane.epoch != loaded.order.epoch {
            lane.retry_more = true;
            return self.enter(webhook_seq);
        }
        let fresh = loaded.target.as_mut().and_then(Arc::get_mut);
        if let (Some(fresh), Some(earlier)) = (fresh, &lane.target) {
            fresh.keep_tls_of(earlier);
        }
        let Some(target) = &loaded.target else {
            lane.is_gone = true;
            lane.close();
            self.forget_queued(webhook_seq);
            return self.forget_idle(webhook_seq);
        };
        self.take_target(webhook_seq, target, now);
        if target.open {
            self.take_loaded(webhook_seq, loaded, now);
        } else {
            self.forget_queued(webhook_seq);
            if let Some(lane) = self.lanes.get_mut(&webhook_seq) {
                lane.close();
            }
        }
        self.enter(webhook_seq);
    }

    fn take_target(&mut self, webhook_seq: i64, target: &Arc<Target>, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        lane.belongs = Some((target.workspace_seq, target.kind));
        lane.target = Some(Arc::clone(target));
        if target.answered_last {
            lane.record.answered_before();
        }
        self.judge(webhook_seq, now);
    }

    fn take_loaded(&mut self, webhook_seq: i64, loaded: Loaded, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        lane.order_blocked = loaded.order_blocked;
        let mut cut = loaded.first_cut;
        let mut last = loaded.order.first_after;
        let mut is_all = true;
        for delivery in loaded.first {
            let (seq, is_batched) = (delivery.id.seq(), delivery.batch.is_some());
            if !self.take_one(webhook_seq, delivery, Priority::First) {
                (cut, is_all) = (Cut::More, false);
                break;
            }
            // Before one that stands for a batch there may be others that are in none yet.
            last = if is_batched { last } else { Some(seq) };
        }
        if is_all {
            last = last.max(loaded.looked_to);
        }
        let mut retries_cut = loaded.retries_cut;
        for delivery in loaded.retries {
            if !self.take_one(webhook_seq, delivery, Priority::Retry) {
                retries_cut = Cut::More;
                break;
            }
        }
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        if loaded.order.first_after.is_some() && !loaded.order_blocked {
            lane.first_loaded(last, cut);
            lane.gathering.found(loaded.gathered);
        }
        lane.retry_more |= retries_cut == Cut::More;
        lane.has_backlog = lane.first_more || retries_cut == Cut::More;
        if let Some(at) = loaded.retry_at {
            self.plan(webhook_seq, at, now);
        }
    }

    /// Takes in a delivery that was loaded; `false` where it finds no room.
    fn take_one(
        &mut self,
        webhook_seq: i64,
        mut delivery: QueuedDelivery,
        priority: Priority,
    ) -> bool {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return true;
        };
        let seq = delivery.id.seq();
        if lane.ended_meanwhile.contains(&seq) {
            // It was read before its result was written; what it is now must be read again.
            lane.retry_more |= priority == Priority::Retry;
            return true;
        }
        if lane.active.contains_key(&seq) {
            lane.skipped.insert(seq);
            return true;
        }
        // Something must come in, or the lane would load the same again and again.
        let is_first = lane.queued() == 0;
        let bytes = delivery.event.data.len();
        if !is_first && !self.memory.admits(lane.queued_bytes, bytes) {
            return false;
        }
        self.memory.add(&mut delivery);
        match priority {
            Priority::First if delivery.batch.is_some() => lane.push_follower(delivery),
            Priority::First => lane.push_first(delivery),
            Priority::Retry => lane.push_retry(delivery),
        }
        true
    }

    /// A load failed; the lane tries again when `retry_at` comes.
    pub(in crate::engine) fn load_failed(&mut self, webhook_seq: i64, retry_at: Timestamp) {
        self.loads -= 1;
        if let Some(lane) = self.lanes.get_mut(&webhook_seq) {
            lane.loading = false;
            lane.target = None;
            lane.rewind();
            // It stands in no line until the timer fires.
            lane.place = LanePlace::Nowhere;
            self.timers.insert((retry_at, webhook_seq, Timer::Wake));
        }
    }

    /// Takes what is queued out of memory; the database still has it.
    pub(super) fn forget_queued(&mut self, webhook_seq: i64) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        let forgotten = lane.drain_queued();
        if !forgotten.is_empty() {
            lane.rewind();
        }
        for delivery in &forgotten {
            self.memory.remove(delivery);
        }
    }
}

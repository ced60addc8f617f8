//! All lanes: round-robin fairness, global limits, timers.
//!
//! Owns: [`Lanes::step`], one step of the scheduler that says what to start, what to load and until
//! when to sleep. Refuses: doing any of it; the loop in `run` does.
//!
//! # Fairness
//! Lanes that can do something stand in a ring; each gets one turn at a time. First attempts and
//! retries have separate shares of the global slots, so that a mass of retries never delays new
//! events.
//!
//! # Bounds
//! Deliveries in memory are bounded in number and bytes. What does not fit stays in the database,
//! due, and is loaded when there is room.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::lane::{Lane, NextUp, QUEUE_MAX, Share};
use super::target::Target;
use super::trouble::Trouble;
use crate::domain::delivery::QueuedDelivery;
use crate::domain::time::Timestamp;

/// Deliveries queued in memory over all lanes.
const QUEUED_MAX: usize = 20_000;
/// Bytes of event data queued in memory over all lanes.
const QUEUED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Loads from the database under way at once.
const LOADS_MAX: usize = 4;
/// Attempts that one step starts at most, so that the lock is never held long.
const STARTS_PER_STEP: usize = 64;
/// Idle lanes that are remembered, with their settings.
const IDLE_LANES_MAX: usize = 4096;

/// What a step wants done.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// Attempts to start.
    pub(super) start: Vec<Started>,
    /// Webhooks whose lane wants to be loaded.
    pub(super) load: Vec<LoadOrder>,
    /// When to step again at the latest, if nothing happens before.
    pub(super) wake_at: Option<Timestamp>,
    /// Whether another step may find more to do at once.
    pub(super) again: bool,
}

/// An attempt to start.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) delivery: QueuedDelivery,
    pub(super) target: Arc<Target>,
    pub(super) share: Share,
}

/// What to read for a lane.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoadOrder {
    pub(super) webhook_seq: i64,
    pub(super) epoch: u64,
    pub(super) fresh_after: Option<i64>,
    pub(super) late: bool,
    /// How many active deliveries the database will show again.
    pub(super) active: usize,
}

/// What a load found.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) order: LoadOrder,
    /// The webhook's settings; `None` where it no longer exists.
    pub(super) target: Option<Arc<Target>>,
    pub(super) fresh: Vec<QueuedDelivery>,
    pub(super) late: Vec<QueuedDelivery>,
    /// How many rows a full load would have found.
    pub(super) limit: usize,
    pub(super) late_at: Option<Timestamp>,
    pub(super) order_blocked: bool,
}

/// What came of an attempt, as far as lanes care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// It is over, or waits for nothing that a timer must wake.
    Over,
    /// It will be attempted again then.
    Again(Timestamp),
    /// The result could not be stored: the database still has it as due.
    Unknown,
}

/// All lanes.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: HashMap<i64, Lane>,
    ring: VecDeque<i64>,
    timers: BTreeSet<(Timestamp, i64)>,
    slots: usize,
    fresh_in_flight: usize,
    late_in_flight: usize,
    queued: usize,
    queued_bytes: usize,
    loads: usize,
    trouble: Option<Trouble>,
    pub(super) paused: bool,
    pub(super) stopping: bool,
}

impl Lanes {
    pub(super) fn new(slots: usize) -> Self {
        Self {
            lanes: HashMap::new(),
            ring: VecDeque::new(),
            timers: BTreeSet::new(),
            slots: slots.max(2),
            fresh_in_flight: 0,
            late_in_flight: 0,
            queued: 0,
            queued_bytes: 0,
            loads: 0,
            trouble: None,
            paused: false,
            stopping: false,
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.fresh_in_flight + self.late_in_flight
    }

    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    /// A delivery that was just committed.
    pub(super) fn offer(&mut self, delivery: QueuedDelivery) {
        let webhook_seq = delivery.webhook_seq;
        let bytes = delivery.event.data.len();
        let has_room = self.queued < QUEUED_MAX && self.queued_bytes + bytes <= QUEUED_BYTES_MAX;
        // A lane that nobody has seen yet may have older deliveries in the database.
        let lane = self.lanes.entry(webhook_seq).or_insert_with(Lane::unread);
        if lane.offer(delivery, has_room) {
            self.queued += 1;
            self.queued_bytes += bytes;
        }
        self.enter_ring(webhook_seq);
    }

    /// A delivery that a person wants attempted now. In an ordered lane it takes its place.
    pub(super) fn offer_urgent(&mut self, delivery: QueuedDelivery) {
        let webhook_seq = delivery.webhook_seq;
        let bytes = delivery.event.data.len();
        let lane = self.lanes.entry(webhook_seq).or_insert_with(Lane::unread);
        let ordered = lane
            .target
            .as_ref()
            .is_none_or(|target| target.ordered && target.open);
        let crowded = lane.urgent.len() >= QUEUE_MAX;
        if lane.active.contains_key(&delivery.id.seq()) {
            lane.skipped.insert(delivery.id.seq());
        } else if ordered || crowded {
            lane.late_more = true;
        } else {
            lane.take_in(&delivery);
            lane.urgent.push_back(delivery);
            self.queued += 1;
            self.queued_bytes += bytes;
        }
        self.enter_ring(webhook_seq);
    }

    /// Deliveries of a webhook became due in the database.
    pub(super) fn wake(&mut self, webhook_seq: i64) {
        self.lanes
            .entry(webhook_seq)
            .or_insert_with(Lane::unread)
            .late_more = true;
        self.enter_ring(webhook_seq);
    }

    /// A webhook's settings, state or secrets changed.
    pub(super) fn webhook_changed(&mut self, webhook_seq: i64) {
        self.lanes
            .entry(webhook_seq)
            .or_insert_with(Lane::unread)
            .look_again();
        self.enter_ring(webhook_seq);
    }

    /// A delivery was called off.
    pub(super) fn remove(&mut self, webhook_seq: i64, seq: i64) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        let bytes = [&lane.urgent, &lane.fresh, &lane.late]
            .into_iter()
            .flatten()
            .find(|delivery| delivery.id.seq() == seq)
            .map_or(0, |delivery| delivery.event.data.len());
        if lane.remove(seq) {
            self.queued -= 1;
            self.queued_bytes -= bytes;
        }
        // In an ordered lane it may have been the one that all others wait for.
        lane.order_blocked = false;
        lane.late_more = true;
        self.enter_ring(webhook_seq);
    }

    /// Lets the caller attempt a delivery by itself; `false` where it is already under way. A
    /// queued one is taken out of its queue.
    pub(super) fn claim(&mut self, delivery: &QueuedDelivery) -> bool {
        let (webhook_seq, seq) = (delivery.webhook_seq, delivery.id.seq());
        let lane = self.lanes.entry(webhook_seq).or_insert_with(Lane::unread);
        if lane.active.contains_key(&seq) {
            if !lane.remove(seq) {
                return false;
            }
            self.queued -= 1;
            self.queued_bytes -= delivery.event.data.len();
        }
        lane.take_in(delivery);
        true
    }

    /// Whether an attempt of a delivery is under way whose row shows so many attempts.
    pub(super) fn is_in_flight(&self, webhook_seq: i64, seq: i64, attempts: u32) -> bool {
        let Some(lane) = self.lanes.get(&webhook_seq) else {
            return false;
        };
        if lane
            .active
            .get(&seq)
            .is_none_or(|before| *before < attempts)
        {
            return false;
        }
        let queued = [&lane.urgent, &lane.fresh, &lane.late]
            .into_iter()
            .flatten()
            .any(|delivery| delivery.id.seq() == seq);
        !queued
    }

    /// One step: what can start, what must be loaded, until when to sleep.
    pub(super) fn step(&mut self, now: Timestamp) -> Step {
        let mut step = Step::default();
        if self.paused || self.stopping {
            return step;
        }
        let starts_max = match self.trouble {
            None => STARTS_PER_STEP,
            // One delivery finds out whether results can be recorded again.
            Some(trouble) if now >= trouble.until && self.in_flight() == 0 => 1,
            Some(trouble) => {
                step.wake_at = Some(trouble.until).filter(|until| *until > now);
                return step;
            }
        };
        self.fire_timers(now);
        let mut turns = self.ring.len();
        while turns > 0 && step.start.len() < starts_max {
            turns -= 1;
            let Some(webhook_seq) = self.ring.pop_front() else {
                break;
            };
            match self.turn(webhook_seq, now, &mut step) {
                Turn::Again => {
                    self.ring.push_back(webhook_seq);
                    turns += 1;
                }
                // It keeps its place in the ring until there is room for it.
                Turn::Later => self.ring.push_back(webhook_seq),
                Turn::Over => self.leave_ring(webhook_seq),
            }
        }
        step.again = step.start.len() == STARTS_PER_STEP;
        step.wake_at = self.timers.first().map(|(at, _)| *at);
        step
    }

    fn turn(&mut self, webhook_seq: i64, now: Timestamp, step: &mut Step) -> Turn {
        let fresh_room = self.in_flight() < self.slots;
        let late_room = fresh_room && self.late_in_flight < self.slots / 2;
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return Turn::Over;
        };
        match lane.next_up(now, fresh_room, late_room) {
            NextUp::Start(delivery, share) => {
                let Some(target) = lane.target.clone() else {
                    return Turn::Over;
                };
                self.queued -= 1;
                self.queued_bytes -= delivery.event.data.len();
                match share {
                    Share::Fresh => self.fresh_in_flight += 1,
                    Share::Late => self.late_in_flight += 1,
                }
                step.start.push(Started {
                    delivery: *delivery,
                    target,
                    share,
                });
                Turn::Again
            }
            NextUp::Load if self.loads < LOADS_MAX => {
                lane.loading = true;
                lane.ended_meanwhile.clear();
                self.loads += 1;
                step.load.push(LoadOrder {
                    webhook_seq,
                    epoch: lane.epoch,
                    fresh_after: lane.fresh_more.then_some(lane.fresh_cursor),
                    // Whatever makes the lane look again while the load runs is not forgotten.
                    late: std::mem::take(&mut lane.late_more),
                    active: lane.active.len(),
                });
                Turn::Over
            }
            NextUp::Load => Turn::Later,
            NextUp::Wait(at) => {
                self.timers.insert((at, webhook_seq));
                Turn::Over
            }
            NextUp::Idle if !fresh_room || (!late_room && !lane.late.is_empty()) => Turn::Later,
            NextUp::Idle => Turn::Over,
        }
    }

    /// Takes in what a load found.
    pub(super) fn loaded(&mut self, loaded: Loaded, now: Timestamp) {
        self.loads -= 1;
        let webhook_seq = loaded.order.webhook_seq;
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        lane.loading = false;
        if lane.epoch != loaded.order.epoch {
            lane.late_more = true;
            return self.enter_ring(webhook_seq);
        }
        let Some(target) = loaded.target else {
            self.lanes.remove(&webhook_seq);
            return self.recount();
        };
        let open = target.open;
        lane.target = Some(target);
        if !open {
            lane.close();
            self.recount();
            return self.enter_ring(webhook_seq);
        }
        lane.order_blocked = loaded.order_blocked;
        if loaded.order.fresh_after.is_some() && !loaded.order_blocked {
            let last = loaded.fresh.last().map(|delivery| delivery.id.seq());
            lane.fresh_loaded(last, loaded.fresh.len() >= loaded.limit);
        }
        lane.late_more |= loaded.late.len() >= loaded.limit;
        let fresh = loaded
            .fresh
            .into_iter()
            .map(|delivery| (delivery, Share::Fresh));
        let late = loaded
            .late
            .into_iter()
            .map(|delivery| (delivery, Share::Late));
        for (delivery, share) in fresh.chain(late) {
            let seq = delivery.id.seq();
            if lane.ended_meanwhile.contains(&seq) {
                // It was read before its result was written; what it is now must be read again.
                lane.late_more |= share == Share::Late;
                continue;
            }
            if lane.active.contains_key(&seq) {
                lane.skipped.insert(seq);
                continue;
            }
            lane.take_in(&delivery);
            self.queued += 1;
            self.queued_bytes += delivery.event.data.len();
            match share {
                Share::Fresh => lane.fresh.push_back(delivery),
                Share::Late => lane.late.push_back(delivery),
            }
        }
        if let Some(at) = loaded.late_at {
            self.plan(webhook_seq, at, now);
        }
        self.enter_ring(webhook_seq);
    }

    /// A load failed; the lane tries again when `retry_at` comes.
    pub(super) fn load_failed(&mut self, webhook_seq: i64, retry_at: Timestamp) {
        self.loads -= 1;
        if let Some(lane) = self.lanes.get_mut(&webhook_seq) {
            lane.loading = false;
            lane.look_again();
            self.timers.insert((retry_at, webhook_seq));
        }
    }

    /// The exchange with the receiver is over: an unordered lane may use the slot again, although
    /// the result is still being written.
    pub(super) fn exchanged(
        &mut self,
        webhook_seq: i64,
        share: Share,
        slot: Slot,
        succeeded: bool,
    ) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        lane.failures = if succeeded {
            0
        } else {
            lane.failures.saturating_add(1)
        };
        if slot == Slot::Free {
            lane.in_flight = lane.in_flight.saturating_sub(1);
            lane.late_in_flight = lane
                .late_in_flight
                .saturating_sub(u32::from(share == Share::Late));
            self.enter_ring(webhook_seq);
        }
    }

    /// The result is written (or could not be). `slot_held` says whether the lane's slot is still
    /// in use, as it is in ordered lanes.
    pub(super) fn settled(
        &mut self,
        delivery: (i64, i64),
        share: Share,
        slot: Slot,
        settled: Settled,
        now: Timestamp,
    ) {
        let (webhook_seq, seq) = delivery;
        match share {
            Share::Fresh => self.fresh_in_flight = self.fresh_in_flight.saturating_sub(1),
            Share::Late => self.late_in_flight = self.late_in_flight.saturating_sub(1),
        }
        self.over(webhook_seq, seq, settled, now);
        if let Some(lane) = self.lanes.get_mut(&webhook_seq)
            && slot == Slot::Held
        {
            lane.in_flight = lane.in_flight.saturating_sub(1);
            lane.late_in_flight = lane
                .late_in_flight
                .saturating_sub(u32::from(share == Share::Late));
        }
        self.enter_ring(webhook_seq);
    }

    /// A claimed delivery is over.
    pub(super) fn over(&mut self, webhook_seq: i64, seq: i64, settled: Settled, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        lane.ended(seq);
        let ordered = lane.target.as_ref().is_some_and(|target| target.ordered);
        self.trouble = match settled {
            Settled::Over | Settled::Again(_) => None,
            Settled::Unknown => Some(Trouble::after(self.trouble, now)),
        };
        match settled {
            // The head of an ordered lane is out of the way; others may have come before the rest.
            Settled::Over if lane.order_blocked => {
                lane.order_blocked = false;
                lane.late_more = true;
            }
            Settled::Over => {}
            Settled::Again(at) => {
                lane.order_blocked = ordered;
                self.plan(webhook_seq, at, now);
            }
            Settled::Unknown if ordered => {
                // What is queued behind it must not overtake it.
                lane.forget_queued();
                lane.rewind();
                self.recount();
            }
            Settled::Unknown => lane.rewind(),
        }
        self.enter_ring(webhook_seq);
        self.forget_idle(webhook_seq);
    }

    /// Plans a look at the lane's retries.
    fn plan(&mut self, webhook_seq: i64, at: Timestamp, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        if at <= now {
            lane.late_more = true;
            return;
        }
        let earlier = lane
            .late_at
            .is_some_and(|planned| planned <= at && planned > now);
        if !earlier {
            lane.late_at = Some(at);
            self.timers.insert((at, webhook_seq));
        }
    }

    fn fire_timers(&mut self, now: Timestamp) {
        while let Some((at, webhook_seq)) = self.timers.first().copied()
            && at <= now
        {
            self.timers.pop_first();
            if let Some(lane) = self.lanes.get_mut(&webhook_seq) {
                if lane.late_at.is_some_and(|planned| planned <= now) {
                    lane.late_at = None;
                    lane.late_more = true;
                }
                self.enter_ring(webhook_seq);
            }
        }
    }

    /// Somebody set the clock: whatever was planned for an instant means nothing any more, and what
    /// was read as due may not be. Every lane looks again.
    pub(super) fn clock_set(&mut self) {
        self.timers.clear();
        self.trouble = None;
        for lane in self.lanes.values_mut() {
            lane.forget_queued();
            lane.rewind();
            lane.late_at = None;
        }
        let all: Vec<i64> = self.lanes.keys().copied().collect();
        for webhook_seq in all {
            self.enter_ring(webhook_seq);
        }
        self.recount();
    }

    fn enter_ring(&mut self, webhook_seq: i64) {
        if let Some(lane) = self.lanes.get_mut(&webhook_seq)
            && !lane.in_ring
        {
            lane.in_ring = true;
            self.ring.push_back(webhook_seq);
        }
    }

    fn leave_ring(&mut self, webhook_seq: i64) {
        if let Some(lane) = self.lanes.get_mut(&webhook_seq) {
            lane.in_ring = false;
        }
        self.forget_idle(webhook_seq);
    }

    fn forget_idle(&mut self, webhook_seq: i64) {
        let idle = self
            .lanes
            .get(&webhook_seq)
            .is_some_and(|lane| lane.is_empty() && !lane.in_ring);
        if idle && self.lanes.len() > IDLE_LANES_MAX {
            self.lanes.remove(&webhook_seq);
        }
    }

    fn recount(&mut self) {
        let queues = self
            .lanes
            .values()
            .flat_map(|lane| [&lane.urgent, &lane.fresh, &lane.late]);
        let (mut queued, mut bytes) = (0, 0);
        for delivery in queues.flatten() {
            queued += 1;
            bytes += delivery.event.data.len();
        }
        self.queued = queued;
        self.queued_bytes = bytes;
    }
}

/// Whether a lane's slot was given back when the exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Given back already.
    Free,
    /// Still in use.
    Held,
}

enum Turn {
    Again,
    Later,
    Over,
}

#[cfg(test)]
mod tests;

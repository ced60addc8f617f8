//! What a lane can start next.
//!
//! Owns: the order of a lane's own rules: what a person wants, pauses, the window, the order, the
//! rate. Refuses: knowing why there is a slot for it or not.

use super::lane::Lane;
use super::rates::take_both;
use crate::domain::bucket::Bucket;
use crate::domain::delivery::QueuedDelivery;
use crate::domain::time::Timestamp;
use crate::engine::priority::Priority;
use crate::engine::target::Target;

/// What a lane can do at this moment.
#[derive(Debug)]
pub(super) enum NextUp {
    /// Start this attempt.
    Start(Box<QueuedDelivery>, Priority),
    /// Something must be read from the database first.
    Load,
    /// It could start something, had it a slot.
    NoSlot,
    /// Nothing before this instant.
    Wait(Timestamp),
    /// Nothing until something happens.
    Idle,
}

/// Whether there is a slot for another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slots {
    /// For any.
    Free,
    /// For first attempts.
    FreeForFirst,
    /// For none.
    Full,
}

impl Slots {
    fn has_one_for(self, priority: Priority) -> bool {
        match (self, priority) {
            (Self::Free, _) | (Self::FreeForFirst, Priority::First) => true,
            (Self::FreeForFirst, Priority::Retry) | (Self::Full, _) => false,
        }
    }
}

impl Lane {
    /// What may start now; `shared` is the rate that it shares with other lanes.
    pub(super) fn next_up(
        &mut self,
        now: Timestamp,
        slots: Slots,
        shared: Option<&mut Bucket>,
    ) -> NextUp {
        if self.is_gone {
            return NextUp::Idle;
        }
        let Some(target) = self.target.clone() else {
            return match self.loading {
                true => NextUp::Idle,
                false => NextUp::Load,
            };
        };
        if !self.urgent.is_empty() && self.in_flight < target.max_in_flight {
            return self.start_urgent(slots, now);
        }
        if !target.open {
            return NextUp::Idle;
        }
        if self.in_flight >= self.window(&target, now) {
            return NextUp::Idle;
        }
        if let Some(until) = self.record.paused_until(now) {
            return NextUp::Wait(until);
        }
        let Some(priority) = self.choose(&target, slots, now) else {
            return self.nothing_to_start(&target, slots, now);
        };
        let own = target.rate_limit.map(|rate| {
            let bucket = self.bucket.get_or_insert(Bucket::starting(rate, now));
            bucket.at_rate(rate)
        });
        if let Err(at) = take_both(own, shared, now) {
            return NextUp::Wait(at);
        }
        self.retry_turn = priority == Priority::Retry;
        self.start(priority, now)
    }

    /// Which of its queues may start something.
    fn choose(&self, target: &Target, slots: Slots, now: Timestamp) -> Option<Priority> {
        // An ordered lane makes sure that nothing older waits before it starts something new.
        let in_order = !target.ordered || (!self.order_blocked && !self.retry_more);
        let first =
            slots.has_one_for(Priority::First) && in_order && self.startable(&self.first).is_some();
        let retry = slots.has_one_for(Priority::Retry)
            && self.startable(&self.retries).is_some()
            && self.retries_in_flight < self.retry_window(target, now);
        match (first, retry) {
            (false, false) => None,
            (true, false) => Some(Priority::First),
            (false, true) => Some(Priority::Retry),
            (true, true) if self.retry_turn => Some(Priority::First),
            (true, true) => Some(Priority::Retry),
        }
    }

    fn nothing_to_start(&self, target: &Target, slots: Slots, now: Timestamp) -> NextUp {
        let quiet_until = self.gathering.quiet_until(target.batch, now);
        let is_read = !self.first_more || quiet_until.is_some();
        let wants_first = !is_read && self.first.is_empty() && !self.order_blocked;
        let wants_retries = self.retry_more && self.retries.is_empty();
        // An ordered lane looks only when it is free: what is under way decides what is next.
        let may_load = !self.loading && (!target.ordered || self.in_flight == 0);
        let wants_load = may_load && (wants_first || wants_retries);
        match slots {
            // Nothing is loaded that could not start.
            Slots::Full if wants_load || self.queued() > 0 => NextUp::NoSlot,
            Slots::FreeForFirst if !self.retries.is_empty() && !wants_load => NextUp::NoSlot,
            Slots::Free | Slots::FreeForFirst | Slots::Full if wants_load => NextUp::Load,
            Slots::Free | Slots::FreeForFirst | Slots::Full => match quiet_until {
                Some(at) if self.first_more => NextUp::Wait(at),
                Some(_) | None => NextUp::Idle,
            },
        }
    }

    fn start_urgent(&mut self, slots: Slots, now: Timestamp) -> NextUp {
        if !slots.has_one_for(Priority::First) {
            return NextUp::NoSlot;
        }
        match self.urgent.pop_front() {
            Some(delivery) => self.started(delivery, Priority::First, now),
            None => NextUp::Idle,
        }
    }

    fn start(&mut self, priority: Priority, now: Timestamp) -> NextUp {
        let at = match priority {
            Priority::First => self.startable(&self.first),
            Priority::Retry => self.startable(&self.retries),
        };
        let queue = match priority {
            Priority::First => &mut self.first,
            Priority::Retry => &mut self.retries,
        };
        match at.and_then(|at| queue.remove(at)) {
            Some(delivery) => self.started(delivery, priority, now),
            None => NextUp::Idle,
        }
    }

    fn started(&mut self, delivery: QueuedDelivery, priority: Priority, now: Timestamp) -> NextUp {
        self.in_flight += 1;
        self.retries_in_flight += u32::from(priority == Priority::Retry);
        self.queued_bytes -= delivery.event.data.len();
        self.take_in(&delivery);
        if let Some(key) = delivery.order_key {
            self.keys_under_way.insert(key, delivery.id.seq());
        }
        self.record.began(delivery.id.seq(), now);
        NextUp::Start(Box::new(delivery), priority)
    }

    fn window(&self, target: &Target, now: Timestamp) -> u32 {
        if target.ordered {
            1
        } else {
            self.record.window(target.max_in_flight, now)
        }
    }

    /// While first attempts wait, retries use half of the slots at most.
    fn retry_window(&self, target: &Target, now: Timestamp) -> u32 {
        let window = self.window(target, now);
        if window > 1 && !self.first.is_empty() {
            (window / 2).max(1)
        } else {
            window
        }
    }
}

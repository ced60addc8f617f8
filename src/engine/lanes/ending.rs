//! What becomes of a lane when an attempt ends.
//!
//! Owns: giving slots back, planning what comes next. Refuses: judging answers.

use super::record::Ended;
use super::{Lanes, Slot, Ticket, Timer};
use crate::domain::time::Timestamp;
use crate::engine::backoff::Backoff;
use crate::engine::priority::Priority;

/// What came of an attempt, as far as lanes care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Settled {
    /// It is over, or waits for nothing that a timer must wake.
    Over,
    /// It will be attempted again then.
    Again(Timestamp),
    /// The result could not be stored: the database still has it as due.
    Unknown,
}

impl Settled {
    /// What happens sooner of both, where they are about deliveries that go together.
    pub(in crate::engine) fn or_sooner(self, other: Self) -> Self {
        match (self, other) {
            (Self::Again(one), Self::Again(other)) => Self::Again(one.min(other)),
            (Self::Again(at), _) | (_, Self::Again(at)) => Self::Again(at),
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Over, Self::Over) => Self::Over,
        }
    }
}

impl Lanes {
    /// The exchange with the receiver is over: an unordered lane may use the slot again, although
    /// the result is still being written.
    pub(in crate::engine) fn exchanged(&mut self, ticket: Ticket, ended: Ended, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(&ticket.webhook_seq) else {
            return;
        };
        let max = lane.target.as_ref().map_or(1, |own| own.max_in_flight);
        lane.record.ended(ticket.seq, ended, max, now);
        if lane.in_flight <= 1
            && let Some(at) = lane.look_at.take()
        {
            self.timers.remove(&(at, ticket.webhook_seq, Timer::Look));
        }
        if ticket.slot == Slot::FreedByExchange {
            lane.freed(ticket.priority);
        }
        self.judge(ticket.webhook_seq, now);
        self.plan_look(ticket.webhook_seq, now);
        self.enter(ticket.webhook_seq);
    }

    /// The result is written, or could not be.
    pub(in crate::engine) fn settled(&mut self, ticket: Ticket, settled: Settled, now: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if ticket.priority == Priority::Retry {
            self.retries_held = self.retries_held.saturating_sub(ticket.slots);
        }
        self.release(ticket.webhook_seq, ticket.slots, now);
        if let Some(lane) = self.lanes.get_mut(&ticket.webhook_seq)
            && ticket.slot == Slot::FreedByResult
        {
            lane.freed(ticket.priority);
        }
        self.over(ticket.webhook_seq, ticket.seq, settled, now);
    }

    /// A delivery that was started or claimed is over.
    pub(in crate::engine) fn over(
        &mut self,
        webhook_seq: i64,
        seq: i64,
        settled: Settled,
        now: Timestamp,
    ) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        lane.ended(seq);
        let ordered = lane.target.as_ref().is_some_and(|target| target.ordered);
        self.backoff = match settled {
            Settled::Over | Settled::Again(_) => None,
            Settled::Unknown => Some(Backoff::after(self.backoff, now)),
        };
        match settled {
            // The head of an ordered lane is out of the way; others may have come before the rest.
            Settled::Over if lane.order_blocked => {
                lane.order_blocked = false;
                lane.retry_more = true;
            }
            Settled::Over => {}
            Settled::Again(at) => {
                lane.order_blocked = ordered;
                self.plan(webhook_seq, at, now);
            }
            Settled::Unknown => {
                lane.rewind();
                if ordered {
                    // What is queued behind it must not overtake it.
                    self.forget_queued(webhook_seq);
                }
            }
        }
        self.enter(webhook_seq);
        self.forget_idle(webhook_seq);
    }

    /// Plans a look at the lane's retries.
    pub(super) fn plan(&mut self, webhook_seq: i64, at: Timestamp, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        // What was planned for an instant that has come must not be forgotten for a later one.
        if lane.retry_at.is_some_and(|planned| planned <= now) {
            lane.retry_at = None;
            lane.retry_more = true;
        }
        if at <= now {
            lane.retry_more = true;
            return;
        }
        if lane.retry_at.is_none_or(|planned| planned > at) {
            lane.retry_at = Some(at);
            self.timers.insert((at, webhook_seq, Timer::Wake));
        }
    }

    /// Somebody set the clock: whatever was planned for an instant means nothing any more, and what
    /// was read as due may not be. Every lane looks again.
    pub(in crate::engine) fn clock_jumped(&mut self, by_ms: i64, now: Timestamp) {
        self.timers.clear();
        self.backoff = None;
        self.aside_until = None;
        let all: Vec<i64> = self.lanes.keys().copied().collect();
        for webhook_seq in all {
            self.forget_queued(webhook_seq);
            if let Some(lane) = self.lanes.get_mut(&webhook_seq) {
                lane.rewind();
                lane.retry_at = None;
                lane.look_at = None;
                lane.record.clock_jumped(by_ms);
            }
            self.plan_look(webhook_seq, now);
            self.enter(webhook_seq);
        }
        self.call_back(now);
    }
}

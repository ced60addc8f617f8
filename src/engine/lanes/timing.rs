//! What a lane is woken for at an instant.
//!
//! Owns: firing timers, and looking at what has been under way for long. Refuses: sleeping.

use super::{Lanes, Timer};
use crate::domain::time::Timestamp;

impl Lanes {
    /// Plans a look at what a lane has under way, for when it would be slow or overdue.
    pub(super) fn plan_look(&mut self, webhook_seq: i64, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        if lane.look_at.is_some() {
            return;
        }
        if let Some(at) = lane.record.look_at(now) {
            lane.look_at = Some(at);
            self.timers.insert((at, webhook_seq, Timer::Look));
        }
    }

    pub(super) fn fire_timers(&mut self, now: Timestamp) {
        while let Some((at, webhook_seq, timer)) = self.timers.first().copied()
            && at <= now
        {
            self.timers.pop_first();
            match (timer, self.lanes.get_mut(&webhook_seq)) {
                (Timer::Wake, Some(lane)) => {
                    if lane.retry_at.is_some_and(|planned| planned <= now) {
                        lane.retry_at = None;
                        lane.retry_more = true;
                    }
                }
                (Timer::Look, Some(_)) => self.look(webhook_seq, now),
                (Timer::Wake | Timer::Look, None) => {}
            }
            self.enter(webhook_seq);
        }
    }

    /// Looks at what a lane has under way.
    pub(super) fn look(&mut self, webhook_seq: i64, now: Timestamp) {
        if let Some(lane) = self.lanes.get_mut(&webhook_seq) {
            lane.look_at = None;
            if lane.record.is_overdue(now) {
                self.forget_queued(webhook_seq);
            }
        }
        self.judge(webhook_seq, now);
        self.plan_look(webhook_seq, now);
    }
}

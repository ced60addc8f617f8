//! Deliveries that go with one that a lane started.
//!
//! Owns: who of them is under way, and until when. Refuses: choosing them; the rows say what belongs
//! together.

use super::Lanes;
use crate::domain::delivery::QueuedDelivery;

impl Lanes {
    /// The deliveries that go with one that was started are under way from now on. Answers which of
    /// them are: one of which an attempt is under way already is not.
    pub(in crate::engine) fn claim_mates(
        &mut self,
        started: &QueuedDelivery,
        members: &[QueuedDelivery],
    ) -> Vec<i64> {
        let mates = members.iter().filter(|own| own.id != started.id);
        let claimed = mates.filter(|mate| self.claim(mate));
        claimed.map(|mate| mate.id.seq()).collect()
    }

    /// As [`Lanes::claim`], of all members of a batch or of none.
    pub(in crate::engine) fn claim_all(&mut self, members: &[QueuedDelivery]) -> bool {
        let is_free = |own: &QueuedDelivery| {
            let lane = self.lanes.get(&own.webhook_seq);
            let seq = own.id.seq();
            lane.is_none_or(|lane| !lane.active.contains_key(&seq) || lane.is_queued(seq))
        };
        members.iter().all(is_free) && members.iter().all(|own| self.claim(own))
    }

    /// The deliveries that went with one that was started are over with it, or were left out.
    pub(in crate::engine) fn mates_over(&mut self, webhook_seq: i64, mates: &[i64]) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        for seq in mates {
            lane.ended(*seq);
        }
    }

    /// Deliveries of a batch were left out of it: they wait to be put into another.
    pub(in crate::engine) fn left_batch(&mut self, webhook_seq: i64, left: &[i64]) {
        self.mates_over(webhook_seq, left);
        if let Some(lane) = self.lanes.get_mut(&webhook_seq) {
            lane.rewind();
        }
    }
}

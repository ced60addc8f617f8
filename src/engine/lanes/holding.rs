//! Who holds which slots, and who stands aside without one.
//!
//! Owns: counting slots on every level as lanes take and return them and as their standing changes.
//! Refuses: the rule of who may take one more (`shares`).

use super::lane::{LITTLE, Lane, LanePlace};
use super::next_up::Slots;
use super::shares::{HeldSlots, Holders, LaneStanding};
use super::{ASIDE, Lanes, SLOT_BYTES};
use crate::domain::time::Timestamp;
use crate::domain::webhook::WebhookKind;

impl Lanes {
    /// Whether a lane may take another slot.
    pub(super) fn slots_for(&self, webhook_seq: i64) -> Slots {
        let Some(lane) = self.lanes.get(&webhook_seq) else {
            return Slots::Full;
        };
        let Some(target) = &lane.target else {
            return Slots::Full;
        };
        let mut webhook = HeldSlots::default();
        webhook.add(lane.standing, lane.held);
        let workspace = self.workspaces.get(&target.workspace_seq);
        let holders = Holders {
            slots: self.slots,
            all: self.held,
            workspace: workspace.map_or(HeldSlots::default(), |own| own.held),
            webhook: match (target.kind, workspace) {
                (WebhookKind::OneOff, Some(workspace)) => workspace.held_by_one_offs,
                (WebhookKind::OneOff | WebhookKind::Registered | WebhookKind::Alert, _) => webhook,
            },
        };
        if !holders.may_take(lane.standing) {
            Slots::Full
        } else if self.retries_held < self.slots / 2 {
            Slots::Free
        } else {
            Slots::FreeForFirst
        }
    }

    /// A lane takes slots, which count by how it stands.
    pub(super) fn hold(&mut self, webhook_seq: i64, slots: usize) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        lane.held += slots;
        let standing = lane.standing;
        self.held_with(webhook_seq, |held| held.add(standing, slots));
    }

    /// A lane gives slots back.
    pub(super) fn release(&mut self, webhook_seq: i64, slots: usize, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        lane.held = lane.held.saturating_sub(slots);
        let standing = lane.standing;
        self.held_with(webhook_seq, |held| held.subtract(standing, slots));
        self.call_back(now);
    }

    /// Takes what a lane holds from one part to the other where its standing has changed.
    pub(super) fn judge(&mut self, webhook_seq: i64, now: Timestamp) {
        let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
            return;
        };
        let (before, held) = (lane.standing, lane.held);
        let standing = lane.record.standing(now);
        if standing == before {
            return;
        }
        lane.standing = standing;
        self.held_with(webhook_seq, |of| {
            of.subtract(before, held);
            of.add(standing, held);
        });
        self.call_back(now);
    }

    /// Changes what is held on all levels above a lane.
    pub(super) fn held_with(&mut self, webhook_seq: i64, change: impl Fn(&mut HeldSlots)) {
        change(&mut self.held);
        let lane = self.lanes.get(&webhook_seq);
        let Some((workspace_seq, kind)) = lane.and_then(|lane| lane.belongs) else {
            return;
        };
        let workspace = self.workspaces.entry(workspace_seq).or_default();
        change(&mut workspace.held);
        if kind == WebhookKind::OneOff {
            change(&mut workspace.held_by_one_offs);
        }
        if workspace.held.total() == 0 && !workspace.is_in_ring {
            self.workspaces.remove(&workspace_seq);
        }
    }

    /// A lane without a slot steps aside, with empty hands while memory is short: unless it answers and
    /// holds small things, for then it gets one in a moment, and would read the same again.
    pub(super) fn step_aside(&mut self, webhook_seq: i64, slots: Slots) {
        if let Some(lane) = self.lanes.get_mut(&webhook_seq) {
            lane.place = match slots {
                Slots::Full => LanePlace::Slot,
                Slots::Free | Slots::FreeForFirst => LanePlace::RetrySlot,
            };
            if !lane.is_aside {
                lane.is_aside = true;
                self.aside.push(webhook_seq);
            }
            let waits_long = lane.standing != LaneStanding::Answering;
            if waits_long || lane.queued_bytes > SLOT_BYTES {
                self.hold_little(webhook_seq);
            }
        }
    }

    /// While memory is short a lane that has to wait leaves what it holds to the database.
    pub(super) fn hold_little(&mut self, webhook_seq: i64) {
        let holds_much = |lane: &Lane| lane.queued_bytes > SLOT_BYTES || lane.queued() > LITTLE;
        if self.memory.is_tight() && self.lanes.get(&webhook_seq).is_some_and(holds_much) {
            self.forget_queued(webhook_seq);
        }
    }

    /// Slots were freed, or count otherwise: who stepped aside comes back soon.
    pub(super) fn call_back(&mut self, now: Timestamp) {
        if !self.aside.is_empty() {
            self.aside_until.get_or_insert(now.after(ASIDE));
        }
    }

    /// Lanes that stepped aside stand in line again, if it is time.
    pub(super) fn come_back(&mut self, now: Timestamp) {
        if self.aside_until.is_some_and(|until| until <= now) {
            self.come_back_now();
        }
    }

    /// As long as was asked for has been slept, whatever the clock shows: one that is set back or
    /// stands still keeps nobody aside.
    pub(in crate::engine) fn slept(&mut self) {
        if self.aside_until.is_some() {
            self.come_back_now();
        }
    }

    pub(super) fn come_back_now(&mut self) {
        self.aside_until = None;
        for webhook_seq in std::mem::take(&mut self.aside) {
            let Some(lane) = self.lanes.get_mut(&webhook_seq) else {
                continue;
            };
            lane.is_aside = false;
            match lane.place {
                LanePlace::Slot | LanePlace::RetrySlot => {
                    lane.place = LanePlace::Nowhere;
                    self.enter(webhook_seq);
                }
                LanePlace::Nowhere | LanePlace::Turn | LanePlace::Load => {}
            }
        }
    }
}

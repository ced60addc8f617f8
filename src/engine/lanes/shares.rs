//! How the slots are shared: the arithmetic of who may take one more.
//!
//! Owns: who holds how many, and the rule. Refuses: queues, time and lanes' histories.
//!
//! # One rule on two levels
//! *Whoever wants another slot must hold less than a multiple of those that are left.* While much
//! is free that stops nobody; the less is left, the less one may hold to get more. With `m` that
//! take all they can and the multiple `f`, each ends at `f` times what stays free, so that one part
//! in `1 + f·m` always stays free for those who hold nothing. The rule is asked for the workspace
//! among all, and for the webhook within what its workspace may still take. One-off receivers of a
//! workspace count as one webhook together, however many they are.
//!
//! Who answers and holds nothing gets the last free slot too: it will be back in a moment.
//!
//! # What does not answer has a part of its own
//! A slot that a quick receiver takes is back in milliseconds, one that a hanging receiver takes is
//! gone for its whole timeout. So lanes are told apart by their [`LaneStanding`]: those that have
//! hung use half of the slots at most, together with those that nobody has heard of yet three
//! quarters, and the last quarter is for lanes that answer. A lane that stops answering takes the
//! slots that it holds with it from one part to the other.

/// What a workspace may hold is less than so many times what is left.
const WORKSPACE_FACTOR: usize = 8;
/// What a webhook may hold is less than so many times what is left of its workspace's share.
const WEBHOOK_FACTOR: usize = 4;

/// How a lane has been answering lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LaneStanding {
    /// Its last answer came quickly, and nothing is overdue.
    Answering,
    /// Nothing is known yet.
    #[default]
    Unknown,
    /// It answers slowly or not at all.
    Slow,
}

/// Slots held, by the standing of who holds them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HeldSlots {
    answering: usize,
    unknown: usize,
    slow: usize,
}

impl HeldSlots {
    pub(super) fn total(self) -> usize {
        self.answering + self.unknown + self.slow
    }

    /// Slots held by those that use the same part.
    fn beside(self, standing: LaneStanding) -> usize {
        match standing {
            LaneStanding::Answering => self.total(),
            LaneStanding::Unknown | LaneStanding::Slow => self.unknown + self.slow,
        }
    }

    pub(super) fn add(&mut self, standing: LaneStanding, slots: usize) {
        *self.of(standing) += slots;
    }

    pub(super) fn subtract(&mut self, standing: LaneStanding, slots: usize) {
        let of = self.of(standing);
        *of = of.saturating_sub(slots);
    }

    fn of(&mut self, standing: LaneStanding) -> &mut usize {
        match standing {
            LaneStanding::Answering => &mut self.answering,
            LaneStanding::Unknown => &mut self.unknown,
            LaneStanding::Slow => &mut self.slow,
        }
    }
}

/// Who holds how many of the slots, from all down to a single webhook.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holders {
    pub(super) slots: usize,
    pub(super) all: HeldSlots,
    pub(super) workspace: HeldSlots,
    pub(super) webhook: HeldSlots,
}

impl Holders {
    /// Whether a webhook of this standing may take another slot.
    pub(super) fn may_take(self, standing: LaneStanding) -> bool {
        let free = self.free(standing);
        if standing == LaneStanding::Answering && self.webhook.total() == 0 {
            return free > 0;
        }
        let workspace = self.workspace.beside(standing);
        let left = (WORKSPACE_FACTOR * free)
            .saturating_sub(workspace)
            .min(free);
        self.webhook.beside(standing) < WEBHOOK_FACTOR * left
    }

    /// What is left of the part that this standing may use.
    fn free(self, standing: LaneStanding) -> usize {
        let part = match standing {
            LaneStanding::Answering => self.slots,
            LaneStanding::Unknown => (self.slots * 3 / 4).max(1),
            LaneStanding::Slow => (self.slots / 2).max(1),
        };
        let of_part = part.saturating_sub(self.all.beside(standing));
        of_part.min(self.slots.saturating_sub(self.all.total()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOTS: usize = 512;

    /// Everybody takes slots in turn until nobody gets another; answers what each holds.
    fn fill(
        workspaces: usize,
        webhooks: usize,
        standing: LaneStanding,
    ) -> (HeldSlots, Vec<Vec<HeldSlots>>) {
        let mut all = HeldSlots::default();
        let mut held = vec![vec![HeldSlots::default(); webhooks]; workspaces];
        loop {
            let before = all.total();
            for webhooks in &mut held {
                for at in 0..webhooks.len() {
                    let holders = Holders {
                        slots: SLOTS,
                        all,
                        workspace: sum(webhooks),
                        webhook: webhooks[at],
                    };
                    if holders.may_take(standing) {
                        webhooks[at].add(standing, 1);
                        all.add(standing, 1);
                    }
                }
            }
            if all.total() == before {
                return (all, held);
            }
        }
    }

    fn sum(webhooks: &[HeldSlots]) -> HeldSlots {
        let mut sum = HeldSlots::default();
        for held in webhooks {
            sum.answering += held.answering;
            sum.unknown += held.unknown;
            sum.slow += held.slow;
        }
        sum
    }

    fn newcomer_may(all: HeldSlots, workspace: HeldSlots, standing: LaneStanding) -> bool {
        Holders {
            slots: SLOTS,
            all,
            workspace,
            webhook: HeldSlots::default(),
        }
        .may_take(standing)
    }

    #[test]
    fn one_webhook_alone_reaches_more_than_half_of_all_slots() {
        let (all, _) = fill(1, 1, LaneStanding::Answering);
        assert!(all.total() > SLOTS / 2, "{all:?}");
    }

    #[test]
    fn however_many_take_all_they_can_a_newcomer_beside_them_gets_a_slot() {
        for standing in [
            LaneStanding::Answering,
            LaneStanding::Unknown,
            LaneStanding::Slow,
        ] {
            for (workspaces, webhooks) in [(1, 1), (1, 40), (1, 100), (2, 1), (40, 1), (10, 4)] {
                let (all, held) = fill(workspaces, webhooks, standing);
                let case = format!("{workspaces} × {webhooks} {standing:?}: {all:?}");
                assert!(
                    newcomer_may(all, HeldSlots::default(), LaneStanding::Answering),
                    "{case}"
                );
                let beside = sum(&held[0]);
                assert!(newcomer_may(all, beside, LaneStanding::Answering), "{case}");
            }
        }
    }

    #[test]
    fn what_hangs_never_holds_more_than_half_and_leaves_room_for_the_unknown() {
        let (all, held) = fill(100, 16, LaneStanding::Slow);
        assert!(all.total() <= SLOTS / 2);
        assert!(newcomer_may(all, sum(&held[0]), LaneStanding::Unknown));
    }

    #[test]
    fn workspaces_get_equal_shares_whatever_the_number_of_their_webhooks() {
        let mut all = HeldSlots::default();
        let (mut many, mut one) = (vec![HeldSlots::default(); 50], HeldSlots::default());
        for _ in 0..SLOTS {
            for at in 0..many.len() {
                let holders = Holders {
                    slots: SLOTS,
                    all,
                    workspace: sum(&many),
                    webhook: many[at],
                };
                if holders.may_take(LaneStanding::Answering) {
                    many[at].add(LaneStanding::Answering, 1);
                    all.add(LaneStanding::Answering, 1);
                }
            }
            let holders = Holders {
                slots: SLOTS,
                all,
                workspace: one,
                webhook: one,
            };
            if holders.may_take(LaneStanding::Answering) {
                one.add(LaneStanding::Answering, 1);
                all.add(LaneStanding::Answering, 1);
            }
        }
        assert!(one.total() * 20 > sum(&many).total(), "{one:?} {many:?}");
    }

    #[test]
    fn the_smallest_house_still_serves_everybody() {
        for standing in [
            LaneStanding::Answering,
            LaneStanding::Unknown,
            LaneStanding::Slow,
        ] {
            let none = HeldSlots::default();
            let holders = Holders {
                slots: 2,
                all: none,
                workspace: none,
                webhook: none,
            };
            assert!(holders.may_take(standing));
        }
    }
}

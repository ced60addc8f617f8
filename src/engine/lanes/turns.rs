//! Whose turn it is: round robin in which whoever has little waiting goes first.
//!
//! Owns: the order of turns. Refuses: knowing what a turn is for.
//!
//! # Why newcomers go first, and not always
//! A thousand long queues take a thousand turns to go round. Who comes with a delivery or two takes
//! nothing from anybody by going before them, and would otherwise wait that long. So newcomers have
//! a line of their own; every fourth turn still belongs to the others, so that many who each bring
//! a little never stop who has much.

use std::collections::VecDeque;

/// Turns that newcomers may have in a row while others wait.
const NEWCOMERS_IN_A_ROW: u32 = 3;

/// How much somebody has waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backlog {
    /// So little that it goes first.
    Little,
    /// It takes its turn among all others.
    Much,
}

/// Who stands in line. Nobody may stand in it twice; callers remember who does.
#[derive(Debug, Default)]
pub(super) struct Turns {
    newcomers: VecDeque<i64>,
    others: VecDeque<i64>,
    newcomers_in_a_row: u32,
}

impl Turns {
    /// Lets somebody stand in line.
    pub(super) fn enter(&mut self, who: i64, waiting: Backlog) {
        match waiting {
            Backlog::Little => self.newcomers.push_back(who),
            Backlog::Much => self.others.push_back(who),
        }
    }

    /// Whether nobody stands in line.
    pub(super) fn is_empty(&self) -> bool {
        self.newcomers.is_empty() && self.others.is_empty()
    }

    /// Whoever is next, who then stands in line no longer.
    pub(super) fn next(&mut self) -> Option<i64> {
        let newcomers_first =
            self.newcomers_in_a_row < NEWCOMERS_IN_A_ROW || self.others.is_empty();
        if newcomers_first && let Some(newcomer) = self.newcomers.pop_front() {
            self.newcomers_in_a_row += 1;
            return Some(newcomer);
        }
        self.newcomers_in_a_row = 0;
        self.others.pop_front()
    }

    /// Whoever is next among those who have little waiting.
    pub(super) fn next_newcomer(&mut self) -> Option<i64> {
        self.newcomers.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(turns: &mut Turns) -> Vec<i64> {
        std::iter::from_fn(|| turns.next()).collect()
    }

    #[test]
    fn who_has_little_waiting_goes_first() {
        let mut turns = Turns::default();
        for who in 1..=3 {
            turns.enter(who, Backlog::Much);
        }
        turns.enter(9, Backlog::Little);
        assert_eq!(order(&mut turns), [9, 1, 2, 3]);
    }

    #[test]
    fn many_who_have_little_do_not_stop_who_has_much() {
        let mut turns = Turns::default();
        turns.enter(1, Backlog::Much);
        for who in 11..=19 {
            turns.enter(who, Backlog::Little);
        }
        let served = order(&mut turns).iter().position(|who| *who == 1);
        assert_eq!(served, Some(3));
    }
}

//! Where each webhook's attempts went last, as the writer remembers it.
//!
//! Owns: the cache and its bound. Refuses: filling it (`attempts::targets`).

use std::collections::HashMap;

/// Webhooks whose last target the writer remembers; with more, it looks all of them up anew.
const TARGETS_KNOWN_MAX: usize = 1_024;

/// Where the last attempt of each webhook went: as a rule that is where the next one goes. What is known of a
/// webhook that has left stays and is never asked for: its number is not given again.
#[derive(Default)]
pub(super) struct KnownTargets(HashMap<i64, KnownTarget>);

/// A target and the number of its row.
pub(super) struct KnownTarget {
    pub(super) url: String,
    pub(super) remote_addr: String,
    pub(super) number: i64,
}

impl KnownTargets {
    /// The number of a target, where it was the last one.
    pub(super) fn number(&self, webhook_seq: i64, url: &str, remote_addr: &str) -> Option<i64> {
        let known = self.0.get(&webhook_seq)?;
        (known.url == url && known.remote_addr == remote_addr).then_some(known.number)
    }

    pub(super) fn remember(&mut self, webhook_seq: i64, target: KnownTarget) {
        if self.0.len() >= TARGETS_KNOWN_MAX && !self.0.contains_key(&webhook_seq) {
            self.0.clear();
        }
        self.0.insert(webhook_seq, target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut known = KnownTargets::default();
        let most = i64::try_from(TARGETS_KNOWN_MAX).unwrap();
        for webhook_seq in 0..=most {
            let target = KnownTarget {
                url: String::new(),
                remote_addr: String::new(),
                number: webhook_seq,
            };
            known.remember(webhook_seq, target);
            assert!(known.0.len() <= TARGETS_KNOWN_MAX);
        }
        assert_eq!(known.number(most, "", ""), Some(most));
    }
}

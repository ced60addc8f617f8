//! Rates that lanes share: that of a consumer holds over all of its webhooks.
//!
//! Owns: a bucket for each such consumer, and taking from two buckets or from none. Refuses: the lane's
//! own rate, which the lane keeps.

use std::collections::HashMap;

use crate::domain::bucket::Bucket;
use crate::domain::time::Timestamp;
use crate::engine::target::SharedRate;

/// Buckets kept at most before full ones are forgotten: forgetting those changes nothing.
const BUCKETS_MAX: usize = 4096;

/// The buckets of consumers with a rate.
#[derive(Debug, Default)]
pub(super) struct SharedRates {
    buckets: HashMap<i64, Bucket>,
    /// How many there are when full ones are looked for again: twice as many as were left.
    sweep_at: usize,
}

impl SharedRates {
    /// The bucket of a consumer, at its present rate.
    pub(super) fn bucket(&mut self, rate: SharedRate, now: Timestamp) -> &mut Bucket {
        let is_new = !self.buckets.contains_key(&rate.consumer_seq);
        if is_new && self.buckets.len() >= self.sweep_at.max(BUCKETS_MAX) {
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
            self.sweep_at = 2 * self.buckets.len();
        }
        let starting = Bucket::starting(rate.per_second, now);
        let bucket = self.buckets.entry(rate.consumer_seq).or_insert(starting);
        bucket.at_rate(rate.per_second)
    }
}

/// Takes a token from each of two buckets, where there are such, or from neither.
///
/// # Errors
/// When both will have one, as far as is known.
pub(super) fn take_both(
    own: Option<&mut Bucket>,
    shared: Option<&mut Bucket>,
    now: Timestamp,
) -> Result<(), Timestamp> {
    let wait = |bucket: &Option<&mut Bucket>| {
        let mut tried = **bucket.as_ref()?;
        tried.take_at(now).err()
    };
    if let Some(at) = wait(&own).max(wait(&shared)) {
        return Err(at);
    }
    own.into_iter()
        .chain(shared)
        .try_for_each(|bucket| bucket.take_at(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_from_both_or_from_neither() {
        let at = Timestamp::from_millis;
        let mut own = Bucket::starting(1.0, at(0));
        let mut shared = Bucket::starting(10.0, at(0));
        assert!(take_both(Some(&mut own), Some(&mut shared), at(0)).is_ok());
        // Its own is empty for a second; the shared one is left to others meanwhile.
        for now in [100, 200, 300] {
            let refused = take_both(Some(&mut own), Some(&mut shared), at(now));
            assert_eq!(refused, Err(at(1000)));
        }
        assert!(take_both(None, Some(&mut shared), at(300)).is_ok());
        assert!(take_both(None, Some(&mut shared), at(300)).is_err());
        assert!(take_both(None, None, at(300)).is_ok());
    }
}

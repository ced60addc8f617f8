//! A webhook's rate limit: a token bucket of its own.
//!
//! Owns: when the next delivery may start. Refuses: waiting; the lane asks again when told.

use std::time::Duration;

use crate::domain::bucket;
use crate::domain::time::Timestamp;

/// How much of a second's deliveries may start at once. Small, so that the rate that a receiver
/// measures over any second stays within a tenth of the limit.
const BURST_SECONDS: f64 = 0.05;

/// A token bucket; a token is the right to start one delivery.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket(bucket::Bucket);

impl Bucket {
    pub(super) fn new(per_second: f64, now: Timestamp) -> Self {
        let tokens = 1.0;
        Self(bucket::Bucket::holding(
            tokens,
            size(per_second),
            per_second,
            now,
        ))
    }

    /// The same bucket with another rate; what it holds stays.
    pub(super) fn with_rate(self, per_second: f64) -> Self {
        Self(self.0.resized(size(per_second), per_second))
    }

    /// Takes a token.
    ///
    /// # Errors
    /// When the next one will be there.
    pub(super) fn take(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        self.0
            .take(now)
            .map_err(|wait| now.after(wait.max(Duration::from_millis(1))))
    }
}

fn size(per_second: f64) -> f64 {
    (per_second * BURST_SECONDS).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_ten_seconds_the_rate_is_kept_within_a_tenth() {
        for rate in [0.5, 3.0, 10.0, 250.0] {
            let mut bucket = Bucket::new(rate, Timestamp::from_millis(0));
            let mut started = 0.0;
            let mut now = Timestamp::from_millis(0);
            while now < Timestamp::from_millis(10_000) {
                match bucket.take(now) {
                    Ok(()) => started += 1.0,
                    Err(at) => now = at,
                }
            }
            let expected = rate * 10.0;
            assert!(
                (started - expected).abs() <= (expected * 0.1).max(1.0),
                "{rate}: {started}"
            );
        }
    }

    #[test]
    fn a_clock_that_jumps_back_neither_panics_nor_stops_the_bucket() {
        let mut bucket = Bucket::new(10.0, Timestamp::from_millis(1_000_000));
        assert!(bucket.take(Timestamp::from_millis(1_000_000)).is_ok());
        let at = bucket.take(Timestamp::from_millis(500)).unwrap_err();
        assert!(at <= Timestamp::from_millis(700));
        assert!(bucket.take(at).is_ok());
    }
}

//! Token buckets: so much at once, and then so much a second.
//!
//! Owns: filling and taking, and one for each of many. Refuses: waiting, reading a clock, and knowing what a token is the
//! right to.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use super::time::Timestamp;

/// How much of a second's worth a bucket of [`Bucket::starting`] holds. Small, so that the rate that
/// a receiver measures over any second stays within a tenth of the limit.
const BURST_SECONDS: f64 = 0.05;

/// A token bucket.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    per_second: f64,
    size: f64,
    tokens: f64,
    filled_at: Timestamp,
}

/// What taking a token came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taken {
    /// What is left; `None` where there was no token to take.
    pub left: Option<f64>,
    /// In how long the next one can be taken.
    pub wait: Duration,
}

impl Bucket {
    /// A bucket that is full at `now`, holds at most `size`, and gains `per_second`.
    #[must_use]
    pub fn full(size: f64, per_second: f64, now: Timestamp) -> Self {
        Self {
            per_second,
            size,
            tokens: size,
            filled_at: now,
        }
    }

    /// A bucket for a rate that somebody else measures: it holds hardly more than one token.
    #[must_use]
    pub fn starting(per_second: f64, now: Timestamp) -> Self {
        Self {
            tokens: 1.0,
            ..Self::full(burst(per_second), per_second, now)
        }
    }

    /// The same bucket with another size and rate; what it holds stays.
    pub fn resize(&mut self, size: f64, per_second: f64) -> &mut Self {
        self.size = size;
        self.per_second = per_second;
        self
    }

    /// A bucket of [`Bucket::starting`] with another rate; what it holds stays.
    pub fn at_rate(&mut self, per_second: f64) -> &mut Self {
        self.resize(burst(per_second), per_second)
    }

    /// Takes a token. A clock that jumps back gives nothing and takes nothing.
    pub fn take(&mut self, now: Timestamp) -> Taken {
        let gained = now.since(self.filled_at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.size);
        self.filled_at = now;
        let left = (self.tokens >= 1.0).then_some(self.tokens - 1.0);
        self.tokens = left.unwrap_or(self.tokens);
        let missing = (1.0 - self.tokens).max(0.0);
        Taken {
            left,
            wait: Duration::from_secs_f64(missing / self.per_second),
        }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// When the next one will be there.
    pub fn take_at(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        let taken = self.take(now);
        match taken.left {
            Some(_) => Ok(()),
            None => Err(now.after(taken.wait.max(Duration::from_millis(1)))),
        }
    }

    /// Whether it has been left alone for so long that it is full, whatever it held.
    #[must_use]
    pub fn is_full(&self, now: Timestamp) -> bool {
        now.since(self.filled_at).as_secs_f64() * self.per_second >= self.size
    }
}

/// Buckets that are kept at most for those of one kind. Full ones go first, since forgetting them changes nothing; where
/// that makes no room, all are forgotten, and everybody starts with a full one.
const BUCKETS_MAX: usize = 10_000;

/// A bucket for each of those who are limited, by what tells them apart.
#[derive(Debug)]
pub struct Buckets<K>(HashMap<K, Bucket>);

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq> Buckets<K> {
    /// The bucket of `who`, of this size and at this rate; a full one for who had none.
    pub fn of(&mut self, who: K, size: f64, per_second: f64, now: Timestamp) -> &mut Bucket {
        if self.0.len() >= BUCKETS_MAX && !self.0.contains_key(&who) {
            self.0.retain(|_, bucket| !bucket.is_full(now));
            if self.0.len() >= BUCKETS_MAX {
                self.0.clear();
            }
        }
        let full = Bucket::full(size, per_second, now);
        let own = self.0.entry(who).or_insert(full);
        own.resize(size, per_second)
    }
}

fn burst(per_second: f64) -> f64 {
    (per_second * BURST_SECONDS).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn over_ten_seconds_the_rate_is_kept_within_a_tenth() {
        for rate in [0.5, 3.0, 10.0, 250.0] {
            let mut bucket = Bucket::starting(rate, at(0));
            let mut started = 0.0;
            let mut now = at(0);
            while now < at(10_000) {
                match bucket.take_at(now) {
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
    fn full_buckets_are_forgotten_first_and_all_of_them_where_none_is_full() {
        let mut buckets = Buckets::default();
        let mut drained = |who: usize, now| buckets.of(who, 1.0, 1.0, now).take(now).left;
        for who in 0..BUCKETS_MAX {
            assert_eq!(drained(who, at(0)), Some(0.0));
        }
        assert_eq!(drained(0, at(0)), None);
        assert_eq!(drained(BUCKETS_MAX, at(0)), Some(0.0));
        assert_eq!(drained(0, at(0)), Some(0.0), "all were forgotten");
        for who in 1..BUCKETS_MAX - 1 {
            drained(who, at(500));
        }
        drained(BUCKETS_MAX + 1, at(1_200));
        assert_eq!(drained(1, at(1_200)), None, "it was not full yet");
    }

    #[test]
    fn a_clock_that_jumps_back_neither_panics_nor_stops_the_bucket() {
        let mut bucket = Bucket::starting(10.0, at(1_000_000));
        assert!(bucket.take_at(at(1_000_000)).is_ok());
        let next = bucket.take_at(at(500)).unwrap_err();
        assert!(next <= at(700));
        assert!(bucket.take_at(next).is_ok());
    }

    #[test]
    fn a_bucket_holds_a_second_of_requests_and_refills_steadily() {
        let mut bucket = Bucket::full(2.0, 2.0, at(0));
        let mut taken = |at_ms: i64| {
            let taken = bucket.take(at(at_ms));
            (taken.left.is_none(), taken.wait.as_millis())
        };
        assert_eq!(taken(0), (false, 0));
        assert_eq!(taken(0), (false, 500));
        assert_eq!(taken(0), (true, 500));
        assert_eq!(taken(400), (true, 100));
        assert_eq!(taken(500), (false, 500));
        assert_eq!(taken(60_000), (false, 0));
        assert!(!bucket.is_full(at(60_400)));
        assert!(bucket.is_full(at(61_000)));
    }
}

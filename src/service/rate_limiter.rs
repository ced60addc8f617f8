//! How often a workspace may do what costs somebody else something.
//!
//! Owns: a bucket per workspace that holds a minute's worth and refills steadily. Refuses: knowing
//! what is limited.
//!
//! # Why tests of webhooks are limited
//! A test makes hookpost call an address right now, as often as it is asked to, and tells what came
//! of it at once. Without a bound that is a tool for knocking on other people's doors.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Refusal;
use crate::domain::bucket::Buckets;
use crate::domain::time::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);

pub(super) struct RateLimiter {
    per_minute: f64,
    buckets: Mutex<Buckets<i64>>,
}

impl RateLimiter {
    pub(super) fn per_minute(count: u32) -> Self {
        Self {
            per_minute: f64::from(count),
            buckets: Mutex::default(),
        }
    }

    /// Takes one out of the workspace's bucket.
    pub(super) fn take(&self, workspace_seq: i64, now: Timestamp) -> Result<(), Refusal> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let per_second = self.per_minute / MINUTE.as_secs_f64();
        let bucket = buckets.of(workspace_seq, self.per_minute, per_second, now);
        let taken = bucket.take(now);
        match taken.left {
            Some(_) => Ok(()),
            None => Err(Refusal::RateLimited {
                retry_after: taken.wait,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_may_be_spent_at_once_and_comes_back_steadily() {
        let limiter = RateLimiter::per_minute(30);
        let start = Timestamp::from_millis(1_000_000);
        let take = |at: Timestamp| limiter.take(1, at);
        for _ in 0..30 {
            take(start).unwrap();
        }
        let refused = take(start).unwrap_err();
        assert_eq!(refused.retry_after(), Some(Duration::from_secs(2)));
        assert!(
            limiter.take(2, start).is_ok(),
            "another workspace has its own"
        );
        let later = start.after(Duration::from_secs(2));
        take(later).unwrap();
        assert!(take(later).is_err());
        // A clock that jumps back gives nothing and takes nothing.
        assert!(take(start).is_err());
    }
}

//! Rate limits of keys and addresses: a bucket of a second's requests each, refilled steadily.
//!
//! Owns: the buckets and the `RateLimit-*` headers. Refuses: limiting anything that sets no limit.
//! Buckets live outside the cache of keys, so that changing one key does not refill the others.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::service::Refusal;

/// Buckets kept at most. Full ones go first, since forgetting them changes nothing; where that makes
/// no room, all are forgotten, and everybody starts with a full one.
const BUCKETS_MAX: usize = 10_000;

/// The buckets of all who are limited, by what tells them apart.
pub(super) struct Rates<K> {
    buckets: Mutex<HashMap<K, RateBucket>>,
    otherwise: Option<f64>,
}

struct RateBucket {
    per_second: f64,
    tokens: f64,
    filled_at: Instant,
}

/// How a key stands after a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    per_second: f64,
    left: Option<f64>,
    wait: Duration,
}

impl<K: Hash + Eq> Rates<K> {
    /// Full buckets; `otherwise` holds for who has no limit of their own.
    pub(super) fn new(otherwise: Option<f64>) -> Self {
        Self {
            buckets: Mutex::default(),
            otherwise,
        }
    }

    /// Takes one request out of the bucket of `who`; `None` where there is no limit.
    pub(super) fn spend(&self, who: K, own: Option<f64>) -> Result<Option<Rate>, Refusal> {
        let Some(per_second) = own.or(self.otherwise) else {
            return Ok(None);
        };
        if !per_second.is_finite() || per_second <= 0.0 {
            return Err(Refusal::Internal(format!(
                "{per_second} is an odd rate limit"
            )));
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if buckets.len() >= BUCKETS_MAX {
            buckets.retain(|_, bucket| !bucket.is_full(now));
        }
        if buckets.len() >= BUCKETS_MAX {
            buckets.clear();
        }
        let size = per_second.max(1.0);
        let bucket = buckets.entry(who).or_insert(RateBucket {
            per_second,
            tokens: size,
            filled_at: now,
        });
        Ok(Some(bucket.spend(per_second, size, now)))
    }
}

impl RateBucket {
    /// A bucket holds a second's requests, or one where a second has less; after as long as that
    /// takes it is full again, whatever it held.
    fn is_full(&self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        passed * self.per_second >= self.per_second.max(1.0)
    }

    fn spend(&mut self, per_second: f64, size: f64, now: Instant) -> Rate {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + passed * per_second).min(size);
        self.filled_at = now;
        self.per_second = per_second;
        let left = (self.tokens >= 1.0).then_some(self.tokens - 1.0);
        self.tokens = left.unwrap_or(self.tokens);
        // Until the next request fits; at once where one fits already.
        let missing = (1.0 - self.tokens).max(0.0);
        Rate {
            per_second,
            left,
            wait: Duration::from_secs_f64(missing / per_second),
        }
    }
}

impl Rate {
    /// Refuses the one request too many, and says when the next one fits.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        match self.left {
            Some(_) => Ok(()),
            None => Err(Refusal::RateLimited {
                retry_after: self.wait,
            }),
        }
    }

    /// Sets the headers that let a client pace itself.
    pub fn dress(&self, headers: &mut HeaderMap) {
        let mut set = |name: &'static str, value: f64| {
            let text = format!("{}", value.max(0.0));
            let value = HeaderValue::from_str(&text).expect("a number makes a header value");
            headers.insert(HeaderName::from_static(name), value);
        };
        set("ratelimit-limit", self.per_second.max(1.0).floor());
        set("ratelimit-remaining", self.left.unwrap_or(0.0).floor());
        set("ratelimit-reset", self.wait.as_secs_f64().ceil());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_a_second_of_requests_and_refills_steadily() {
        let start = Instant::now();
        let mut bucket = RateBucket {
            per_second: 2.0,
            tokens: 2.0,
            filled_at: start,
        };
        let spent = |bucket: &mut RateBucket, at_ms: u64| {
            let rate = bucket.spend(2.0, 2.0, start + Duration::from_millis(at_ms));
            (rate.check().is_err(), rate.wait.as_millis())
        };
        assert_eq!(spent(&mut bucket, 0), (false, 0));
        assert_eq!(spent(&mut bucket, 0), (false, 500));
        assert_eq!(spent(&mut bucket, 0), (true, 500));
        assert_eq!(spent(&mut bucket, 400), (true, 100));
        assert_eq!(spent(&mut bucket, 500), (false, 500));
        assert_eq!(spent(&mut bucket, 60_000), (false, 0));
        assert!(!bucket.is_full(start + Duration::from_millis(60_400)));
        assert!(bucket.is_full(start + Duration::from_millis(61_000)));
    }
}

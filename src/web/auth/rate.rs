//! Rate limits of keys and addresses: a bucket of a second's requests each, refilled steadily.
//!
//! Owns: the buckets and the `RateLimit-*` headers. Refuses: limiting anything that sets no limit.
//! Buckets live outside the cache of keys, so that changing one key does not refill the others.

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::domain::bucket::Buckets;
use crate::domain::time::Timestamp;
use crate::service::Refusal;

/// The buckets of all who are limited, by what tells them apart.
pub(super) struct Rates<K> {
    buckets: Mutex<Buckets<K>>,
    otherwise: Option<f64>,
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
    pub(super) fn spend(
        &self,
        who: K,
        own: Option<f64>,
        now: Timestamp,
    ) -> Result<Option<Rate>, Refusal> {
        let Some(per_second) = own.or(self.otherwise) else {
            return Ok(None);
        };
        if !per_second.is_finite() || per_second <= 0.0 {
            return Err(Refusal::Internal(format!(
                "{per_second} is an odd rate limit"
            )));
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        // A second's requests, or one where a second has less.
        let bucket = buckets.of(who, per_second.max(1.0), per_second, now);
        let taken = bucket.take(now);
        Ok(Some(Rate {
            per_second,
            left: taken.left,
            wait: taken.wait,
        }))
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

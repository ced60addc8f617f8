//! Token buckets: so much at once, and then so much a second.
//!
//! Owns: filling and taking. Refuses: waiting, and knowing what a token is the right to.

use std::time::Duration;

use super::time::Timestamp;

/// A token bucket.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    per_second: f64,
    size: f64,
    tokens: f64,
    filled_at: Timestamp,
}

impl Bucket {
    /// A bucket that holds `tokens` at `now`, at most `size`, and gains `per_second`.
    #[must_use]
    pub fn holding(tokens: f64, size: f64, per_second: f64, now: Timestamp) -> Self {
        Self {
            per_second,
            size,
            tokens,
            filled_at: now,
        }
    }

    /// The same bucket with another rate and size; what it holds stays.
    #[must_use]
    pub fn resized(self, size: f64, per_second: f64) -> Self {
        Self {
            per_second,
            size,
            ..self
        }
    }

    /// Takes a token. A clock that jumps back gives nothing and takes nothing.
    ///
    /// # Errors
    /// In how long the next one will be there.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        let gained = now.since(self.filled_at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.size);
        self.filled_at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64(
            (1.0 - self.tokens) / self.per_second,
        ))
    }
}

//! When results cannot be recorded, nothing more is sent until they can be again.
//!
//! Owns: how long the house holds back. Refuses: knowing why the database takes nothing.
//!
//! # Why everything stops
//! A delivery whose result is lost is still due, so it would be sent again, and again, as fast as
//! its receiver answers. On a full disk that would be every delivery to every receiver. So the
//! whole house holds back, tries a single delivery after a while, and waits twice as long if that
//! one's result is lost as well.

use std::time::Duration;

use crate::domain::time::Timestamp;

/// The first wait.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// The house holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backoff {
    wait: Duration,
    pub(super) until: Timestamp,
}

impl Backoff {
    /// A result was lost at `now`. Those that were under way together count once.
    pub(super) fn after(earlier: Option<Self>, now: Timestamp) -> Self {
        let wait = match earlier {
            Some(own) if now < own.until => return own,
            Some(own) => (own.wait * 2).min(WAIT_MAX),
            None => WAIT_MIN,
        };
        Self {
            wait,
            until: now.after(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_losses_at_once_count_once() {
        let start = Timestamp::from_millis(0);
        let mut backoff = Backoff::after(None, start);
        assert_eq!(Backoff::after(Some(backoff), start), backoff);
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(backoff.wait, Duration::from_secs(seconds));
            backoff = Backoff::after(Some(backoff), backoff.until);
        }
    }
}

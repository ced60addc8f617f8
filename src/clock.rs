//! The clock: where "now" comes from, and the only place that asks the machine.
//!
//! Owns: reading the time of day, and a clock that tests set by hand. Refuses: timers and sleeping
//! (a runtime's business) and comparing instants (that is `domain::time`).
//!
//! # Why an enum and not a trait
//! There are two clocks and there will not be a third. An enum is `Clone`, needs no type parameter
//! and no allocation, and every place that asks for the time is found by its one method.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::domain::time::Timestamp;

/// Where "now" comes from. Clones of a manual clock share one time.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's time of day.
    #[default]
    System,
    /// A time in milliseconds since the Unix epoch that only moves when told to.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands still at `at` until [`Clock::set`] or [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(at: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.millis())))
    }

    /// The present instant. It may be earlier than the last answer: machines' clocks get corrected.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => system_now(),
            Self::Manual(millis) => Timestamp::from_millis(millis.load(Ordering::Acquire)),
        }
    }

    /// Puts a manual clock, and all its clones, to `at`.
    ///
    /// # Panics
    /// On the system clock, which is not ours to set.
    pub fn set(&self, at: Timestamp) {
        match self {
            Self::System => panic!("only a manual clock can be set"),
            Self::Manual(millis) => millis.store(at.millis(), Ordering::Release),
        }
    }

    /// Moves a manual clock, and all its clones, forward.
    ///
    /// # Panics
    /// On the system clock, which is not ours to set.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().after(by));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where the time of day enters the program"
)]
fn system_now() -> Timestamp {
    // A machine whose clock says 1969 is treated as standing at the epoch: every wait then simply
    // ends once the clock is corrected, and nothing has to handle negative times.
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_knows_that_it_is_past_2025() {
        assert!(Clock::System.now() > Timestamp::parse("2025-01-01T00:00:00Z").unwrap());
    }

    #[test]
    fn a_manual_clock_moves_only_when_told_and_its_clones_move_along() {
        let start = Timestamp::from_millis(1_773_655_500_000);
        let clock = Clock::manual(start);
        let clone = clock.clone();
        assert_eq!(clone.now(), start);
        clock.advance(Duration::from_secs(30));
        assert_eq!(clone.now(), start.after(Duration::from_secs(30)));
        clone.set(start);
        assert_eq!(clock.now(), start);
    }
}

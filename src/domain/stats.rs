//! Statistics: how many deliveries stand where, what happened in a minute or an hour, how long
//! attempts took.
//!
//! Owns: the values, and the logarithmic classes that durations are counted in. Refuses: keeping
//! and reading them (`store`).

use super::delivery::Status;
use super::time::Timestamp;

/// The row that sums up a whole workspace.
pub const WHOLE_WORKSPACE: i64 = 0;

/// The finest buckets, in milliseconds; kept for two days.
pub const MINUTE_MS: i64 = 60_000;

/// The coarse buckets, in milliseconds; kept as long as history.
pub const HOUR_MS: i64 = 3_600_000;

/// The highest class of a duration.
const SLOT_MAX: usize = 256;

/// The minute that `at` lies in.
pub fn minute(at: Timestamp) -> i64 {
    at.millis() - at.millis() % MINUTE_MS
}

/// How many deliveries stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// For later.
    pub scheduled: u64,
    /// Waiting for their first attempt.
    pub pending: u64,
    /// Waiting for another attempt.
    pub retrying: u64,
    /// Delivered.
    pub delivered: u64,
    /// Dead letters, discarded ones included.
    pub exhausted: u64,
    /// Called off.
    pub canceled: u64,
}

impl Counts {
    /// Adds so many that stand at `status`.
    pub fn add(&mut self, status: Status, deliveries: u64) {
        let place = match status {
            Status::Scheduled => &mut self.scheduled,
            Status::Pending => &mut self.pending,
            Status::Retrying => &mut self.retrying,
            Status::Delivered => &mut self.delivered,
            Status::Exhausted => &mut self.exhausted,
            Status::Canceled => &mut self.canceled,
        };
        *place += deliveries;
    }

    /// Adds another webhook's.
    pub fn add_all(&mut self, other: &Self) {
        self.scheduled += other.scheduled;
        self.pending += other.pending;
        self.retrying += other.retrying;
        self.delivered += other.delivered;
        self.exhausted += other.exhausted;
        self.canceled += other.canceled;
    }
}

/// What happened in one bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatsBucket {
    /// When it begins.
    pub at: Timestamp,
    /// Events accepted; only for whole workspaces.
    pub events: u64,
    /// Attempts made.
    pub attempts: u64,
    /// Attempts that failed.
    pub failures: u64,
    /// Deliveries delivered.
    pub delivered: u64,
    /// Deliveries that gave up.
    pub exhausted: u64,
    /// Deliveries called off.
    pub canceled: u64,
}

impl StatsBucket {
    /// Adds what happened in another one.
    pub fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.attempts += other.attempts;
        self.failures += other.failures;
        self.delivered += other.delivered;
        self.exhausted += other.exhausted;
        self.canceled += other.canceled;
    }
}

/// What a reading is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The workspace.
    pub workspace_seq: i64,
    /// The webhook, or [`WHOLE_WORKSPACE`].
    pub webhook_seq: i64,
    /// StatsBucket width: [`MINUTE_MS`] or [`HOUR_MS`].
    pub width_ms: i64,
    /// The first instant.
    pub since: Timestamp,
    /// The end, exclusive.
    pub until: Timestamp,
}

/// How attempts' durations were distributed in a period: attempts by class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations(Vec<u64>);

impl Durations {
    /// Adds so many attempts of a class; classes that no duration has are left out.
    pub fn add(&mut self, slot: i64, attempts: u64) {
        let Some(slot) = usize::try_from(slot).ok().filter(|slot| *slot <= SLOT_MAX) else {
            return;
        };
        if self.0.len() <= slot {
            self.0.resize(slot + 1, 0);
        }
        self.0[slot] += attempts;
    }

    /// The duration that the share `quantile` (0.0 to 1.0) of attempts did not exceed, in
    /// milliseconds, within 9 %; `None` where there were none.
    #[must_use]
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        let total: u64 = self.0.iter().sum();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a share of a count needs no last digit"
        )]
        let wanted = (total as f64 * quantile).ceil().max(1.0);
        let mut seen = 0.0;
        for (slot, attempts) in (0..).zip(&self.0) {
            #[expect(clippy::cast_precision_loss, reason = "as above")]
            let attempts = *attempts as f64;
            seen += attempts;
            if seen >= wanted {
                return Some(slot_ms(slot));
            }
        }
        None
    }
}

/// How long attempts took in one step of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency {
    /// When the step begins.
    pub at: Timestamp,
    /// What half of the attempts did not exceed, in milliseconds.
    pub p50_ms: f64,
    /// What 95 of 100 attempts did not exceed, in milliseconds.
    pub p95_ms: f64,
}

/// The logarithmic class of a duration: eight classes for each doubling, so that a percentile read
/// from them is off by less than 9 %.
pub fn slot(duration_ms: u32) -> i64 {
    let ms = f64::from(duration_ms.max(1));
    // At most 8 × 32: the cast cannot cut anything.
    #[expect(clippy::cast_possible_truncation, reason = "bounded by 256")]
    let slot = (ms.log2() * 8.0).round() as i64;
    slot
}

/// The duration that stands for a class, in milliseconds.
fn slot_ms(slot: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "bounded by 256")]
    let exponent = slot as f64 / 8.0;
    exponent.exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_stands_for_its_durations_within_9_percent() {
        for ms in [1_u32, 2, 3, 7, 10, 99, 145, 1000, 9999, 60_000] {
            let shown = slot_ms(slot(ms));
            assert!(
                (shown / f64::from(ms) - 1.0).abs() < 0.09,
                "{ms} shown as {shown}"
            );
        }
    }

    #[test]
    fn quantiles_come_from_the_classes() {
        let mut durations = Durations::default();
        for (ms, attempts) in [(10, 94), (100, 5), (1000, 1)] {
            durations.add(slot(ms), attempts);
        }
        let near = |quantile, ms: f64| {
            let shown = durations.quantile_ms(quantile).unwrap();
            assert!((shown / ms - 1.0).abs() < 0.09, "{quantile}: {shown}");
        };
        near(0.5, 10.0);
        near(0.95, 100.0);
        near(1.0, 1000.0);
        assert_eq!(Durations::default().quantile_ms(0.5), None);
        durations.add(-1, 1);
        durations.add(i64::MAX, 1);
        assert_eq!(durations.0.iter().sum::<u64>(), 100);
    }
}

//! The circuit breaker: when a webhook that only fails is disabled.
//!
//! Owns: a webhook's health and the law that turns it into a reason to disable. Refuses: judging
//! single answers (`outcome`) and disabling anything (`engine` records it).

use std::time::Duration;

use super::outcome::Verdict;
use super::time::Timestamp;

/// How a webhook has been answering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Failed attempts since the last success.
    pub consecutive_failures: u32,
    /// When the first of them ended.
    pub failing_since: Option<Timestamp>,
    /// When the last attempt ended.
    pub last_attempted_at: Option<Timestamp>,
    /// When the last success ended.
    pub last_success_at: Option<Timestamp>,
    /// The status code of the last answer.
    pub last_status_code: Option<u16>,
}

/// When a webhook is disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// After so many consecutive failed attempts; `None` never counts.
    pub disable_after_failures: Option<u32>,
    /// After so long of nothing but failures; `None` never looks at the time.
    pub disable_after: Option<Duration>,
}

/// Why a webhook is disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisabledReason {
    /// A person did it.
    Manual,
    /// It failed too often or for too long.
    CircuitBreaker,
    /// It answered 410.
    Gone,
    /// What is stored of it, or its signing secret, cannot be read.
    Corrupt,
}

impl DisabledReason {
    /// Every one.
    pub const ALL: [Self; 4] = [
        Self::Manual,
        Self::CircuitBreaker,
        Self::Gone,
        Self::Corrupt,
    ];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::CircuitBreaker => "circuit_breaker",
            Self::Gone => "gone",
            Self::Corrupt => "corrupt",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// A gap between two attempts counts as so much failing at most: time in which nobody tried says
/// nothing of a receiver.
const GAP_MAX: Duration = Duration::from_secs(24 * 3600);

/// Takes an attempt into account: the new health, and the reason to disable the webhook if this
/// attempt gives one.
#[must_use]
pub fn observe(
    health: Health,
    verdict: Verdict,
    status_code: Option<u16>,
    policy: BreakerPolicy,
    now: Timestamp,
) -> (Health, Option<DisabledReason>) {
    let gap = health.last_attempted_at.map(|last| now.since(last));
    let untried = gap.unwrap_or_default().saturating_sub(GAP_MAX);
    let seen = Health {
        last_attempted_at: Some(now),
        failing_since: health.failing_since.map(|at| at.after(untried).min(now)),
        last_status_code: status_code,
        ..health
    };
    match verdict {
        Verdict::Delivered => {
            let healthy = Health {
                consecutive_failures: 0,
                failing_since: None,
                last_success_at: Some(now),
                ..seen
            };
            (healthy, None)
        }
        Verdict::Gone => (failed(seen, now), Some(DisabledReason::Gone)),
        Verdict::Failed { .. } => {
            let health = failed(seen, now);
            (
                health,
                tripped(&health, policy, now).then_some(DisabledReason::CircuitBreaker),
            )
        }
    }
}

fn failed(health: Health, now: Timestamp) -> Health {
    Health {
        consecutive_failures: health.consecutive_failures.saturating_add(1),
        failing_since: health.failing_since.or(Some(now)),
        ..health
    }
}

fn tripped(health: &Health, policy: BreakerPolicy, now: Timestamp) -> bool {
    let often = policy
        .disable_after_failures
        .is_some_and(|n| health.consecutive_failures >= n);
    let long = policy
        .disable_after
        .zip(health.failing_since)
        .is_some_and(|(limit, since)| now.since(since) >= limit);
    often || long
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outcome::FailureKind;

    const FAILED: Verdict = Verdict::Failed {
        kind: FailureKind::Timeout,
        retry_after: None,
        status: None,
    };

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_millis(hours * 3_600_000)
    }

    #[test]
    fn the_tenth_consecutive_failure_trips_and_a_success_starts_the_count_again() {
        let policy = BreakerPolicy {
            disable_after_failures: Some(10),
            disable_after: None,
        };
        let mut health = Health::default();
        for hour in 0..9 {
            let (next, reason) = observe(health, FAILED, Some(500), policy, at(hour));
            assert_eq!(reason, None);
            health = next;
        }
        let tripped = observe(health, FAILED, None, policy, at(9));
        assert_eq!(tripped.1, Some(DisabledReason::CircuitBreaker));
        let (healthy, reason) = observe(health, Verdict::Delivered, Some(200), policy, at(9));
        assert_eq!((healthy.consecutive_failures, reason), (0, None));
        assert_eq!(observe(healthy, FAILED, None, policy, at(10)).1, None);
    }

    #[test]
    fn five_days_of_nothing_but_failures_trip() {
        let limit = Duration::from_secs(120 * 3600);
        let policy = BreakerPolicy {
            disable_after_failures: None,
            disable_after: Some(limit),
        };
        let mut health = Health::default();
        for hour in (0..120).step_by(24) {
            let (next, reason) = observe(health, FAILED, None, policy, at(hour));
            assert_eq!(reason, None);
            health = next;
        }
        assert_eq!(observe(health, FAILED, None, policy, at(119)).1, None);
        let reason = observe(health, FAILED, None, policy, at(120)).1;
        assert_eq!(reason, Some(DisabledReason::CircuitBreaker));
    }

    #[test]
    fn time_in_which_nobody_tried_does_not_count_as_failing() {
        let policy = BreakerPolicy {
            disable_after_failures: None,
            disable_after: Some(Duration::from_secs(120 * 3600)),
        };
        // Hours of the attempts, and whether the last one trips.
        for (hours, trips) in [
            (&[0, 144][..], false),
            (&[0, 24 * 365], false),
            (&[0, 144, 288, 432, 576], false),
            (&[0, 144, 288, 432, 576, 720], true),
            (&[0, 20, 40, 60, 80, 95, 300], false),
            (&[0, 20, 40, 60, 80, 96, 300], true),
        ] {
            let mut health = Health::default();
            let mut last = None;
            for hour in hours {
                (health, last) = observe(health, FAILED, None, policy, at(*hour));
            }
            assert_eq!(last.is_some(), trips, "{hours:?}");
        }
    }

    #[test]
    fn gone_disables_whatever_the_policy_says() {
        let policy = BreakerPolicy {
            disable_after_failures: None,
            disable_after: None,
        };
        let reason = observe(Health::default(), Verdict::Gone, Some(410), policy, at(0)).1;
        assert_eq!(reason, Some(DisabledReason::Gone));
    }
}

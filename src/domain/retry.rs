//! Retry policies: the delays between attempts, and when to give up.
//!
//! Owns: the policy type, its checks, the next delay with jitter, the effect of `Retry-After`.
//! Refuses: deciding whether an attempt failed (`outcome`) or what state follows (`delivery`).

use std::time::Duration;

use super::status_rules::StatusRules;
use super::time::Timestamp;

/// The most explicit delays a policy may list.
pub const DELAYS_MAX: usize = 50;
/// The longest single delay: seven days.
pub const DELAY_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// The longest a policy may go on after the first attempt: thirty days.
pub const GIVE_UP_AFTER_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// The shortest repeating delay; anything shorter would hammer a failing receiver for its whole span.
pub const THEN_EVERY_MIN: Duration = Duration::from_secs(1);
/// The most attempts a repeating policy may add up to.
pub const ATTEMPTS_MAX: u32 = 1000;
/// How far one `Retry-After` may move the next attempt: one hour.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// Delays between the attempts of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    delays: Vec<Duration>,
    repeat: Option<Repeat>,
    jitter: Jitter,
    rules: StatusRules,
}

/// What follows the explicit delays: one attempt `every`, until `give_up_after` the first attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// Time between two of these attempts.
    pub every: Duration,
    /// Counted from the first attempt; no attempt starts later.
    pub give_up_after: Duration,
}

/// Whether delays are spread, so that what failed together is not retried together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// Delays vary by up to a tenth either way.
    Tenth,
    /// Delays are exact.
    Off,
}

/// Why a policy was refused: the field, and a sentence for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct RetryPolicyError {
    /// The policy's field at fault.
    pub field: &'static str,
    /// What is wrong with it and what would be right.
    pub message: String,
}

impl RetryPolicy {
    /// A policy from its parts. `give_up_after` also bounds a policy without a repeating part.
    ///
    /// # Errors
    /// Names the field where there are too many delays, one is too long, the repeating part is
    /// incomplete, or it adds up to more than [`ATTEMPTS_MAX`] attempts.
    pub fn new(
        delays: Vec<Duration>,
        then_every: Option<Duration>,
        give_up_after: Option<Duration>,
        jitter: Jitter,
    ) -> Result<Self, RetryPolicyError> {
        let refuse = |field, message: &str| {
            Err(RetryPolicyError {
                field,
                message: message.into(),
            })
        };
        if delays.len() > DELAYS_MAX {
            return refuse("delays", "must list at most 50 delays");
        }
        if delays.iter().any(|delay| *delay > DELAY_MAX) {
            return refuse("delays", "must hold no delay longer than 7 days (168h)");
        }
        let repeat = match (then_every, give_up_after) {
            (None, None) => None,
            (Some(_), None) => {
                return refuse("give_up_after", "is needed where then_every is given");
            }
            (None, Some(_)) => {
                return refuse("then_every", "is needed where give_up_after is given");
            }
            (Some(every), Some(give_up_after)) => Some(Repeat {
                every,
                give_up_after,
            }),
        };
        if let Some(Repeat {
            every,
            give_up_after,
        }) = repeat
        {
            if every < THEN_EVERY_MIN || every > DELAY_MAX {
                return refuse("then_every", "must lie between 1s and 7 days (168h)");
            }
            if give_up_after > GIVE_UP_AFTER_MAX {
                return refuse("give_up_after", "must be at most 30 days (720h)");
            }
            if give_up_after.as_millis() / every.as_millis() > u128::from(ATTEMPTS_MAX) {
                return refuse("then_every", "must not add up to more than 1,000 attempts");
            }
        }
        Ok(Self {
            delays,
            repeat,
            jitter,
            rules: StatusRules::default(),
        })
    }

    /// The policy with these rules for answers.
    #[must_use]
    pub fn with_rules(self, rules: StatusRules) -> Self {
        Self { rules, ..self }
    }

    /// The native default: 1 s, 5 s, 30 s, 2 m, 10 m, 1 h, then hourly, for 24 h.
    #[must_use]
    pub fn standard() -> Self {
        let delays = [1, 5, 30, 120, 600, 3600].map(Duration::from_secs).to_vec();
        let hour = Duration::from_secs(3600);
        let repeat = Some(Repeat {
            every: hour,
            give_up_after: 24 * hour,
        });
        Self {
            delays,
            repeat,
            jitter: Jitter::Tenth,
            rules: StatusRules::default(),
        }
    }

    /// The explicit delays, first retry first.
    #[must_use]
    pub fn delays(&self) -> &[Duration] {
        &self.delays
    }

    /// The repeating part, if any.
    #[must_use]
    pub fn repeat(&self) -> Option<Repeat> {
        self.repeat
    }

    /// Whether delays are spread.
    #[must_use]
    pub fn jitter(&self) -> Jitter {
        self.jitter
    }

    /// Which answers end a delivery at once.
    #[must_use]
    pub fn rules(&self) -> &StatusRules {
        &self.rules
    }

    /// How many attempts the policy comes to without jitter, the first included.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        let explicit = u32::try_from(self.delays.len()).expect("at most DELAYS_MAX delays") + 1;
        let Some(Repeat {
            every,
            give_up_after,
        }) = self.repeat
        else {
            return explicit;
        };
        let mut spent = Duration::ZERO;
        let mut attempts = 1;
        for delay in &self.delays {
            spent += *delay;
            if spent > give_up_after {
                return attempts;
            }
            attempts += 1;
        }
        let left = (give_up_after - spent).as_millis() / every.as_millis();
        attempts + u32::try_from(left).expect("bounded by ATTEMPTS_MAX")
    }

    /// When the attempt after the `failed`-th failure of this run of the policy is due; `None`
    /// means that the policy has ended.
    ///
    /// `first_attempt_at` starts the span of `give_up_after`, `spread` in `0.0..1.0` is the
    /// caller's entropy for the jitter, `retry_after` is what the receiver asked for.
    #[must_use]
    pub fn next_attempt_at(
        &self,
        failed: u32,
        first_attempt_at: Timestamp,
        now: Timestamp,
        retry_after: Option<Duration>,
        spread: f64,
    ) -> Option<Timestamp> {
        let index = usize::try_from(failed.checked_sub(1)?).ok()?;
        let delay = match self.delays.get(index) {
            Some(delay) => *delay,
            None => self.repeat?.every,
        };
        let scheduled = now.after(self.spread(delay, spread));
        let asked = retry_after.map(|wait| now.after(wait.min(RETRY_AFTER_MAX)));
        let end = self
            .repeat
            .map(|repeat| first_attempt_at.after(repeat.give_up_after));
        if end.is_some_and(|end| scheduled > end) {
            return None;
        }
        let next = asked.map_or(scheduled, |asked| asked.max(scheduled));
        Some(end.map_or(next, |end| next.min(end)))
    }

    /// When the next attempts are due should each fail: `next` and those behind it, `most` at most. Where delays
    /// are spread, each is taken as it stands.
    #[must_use]
    pub fn planned(
        &self,
        failed: u32,
        first_attempt_at: Timestamp,
        next: Timestamp,
        most: usize,
    ) -> Vec<Timestamp> {
        let mut planned = vec![next];
        let mut failed = failed;
        while planned.len() < most {
            failed = failed.saturating_add(1);
            let now = planned.last().copied().unwrap_or(next);
            let Some(at) = self.next_attempt_at(failed, first_attempt_at, now, None, 0.5) else {
                break;
            };
            planned.push(at);
        }
        planned
    }

    fn spread(&self, delay: Duration, spread: f64) -> Duration {
        match self.jitter {
            Jitter::Off => delay,
            Jitter::Tenth => delay.mul_f64(0.9 + 0.2 * spread.clamp(0.0, 1.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_planned_follows_the_delays_until_the_policy_ends() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let delays = [10, 20, 40].map(Duration::from_secs).to_vec();
        let policy = RetryPolicy::new(delays, None, None, Jitter::Tenth).unwrap();
        let planned = |failed, most| policy.planned(failed, at(0), at(10), most);
        assert_eq!(planned(1, 9), [at(10), at(30), at(70)]);
        assert_eq!(planned(1, 2), [at(10), at(30)]);
        assert_eq!(planned(3, 9), [at(10)]);
        let hourly = RetryPolicy::standard();
        let last = *hourly.planned(28, at(0), at(80_000), 9).last().unwrap();
        assert_eq!(last, at(83_600));
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn exact(delays: &[u64]) -> RetryPolicy {
        let delays = delays.iter().copied().map(Duration::from_secs).collect();
        RetryPolicy::new(delays, None, None, Jitter::Off).unwrap()
    }

    #[test]
    fn the_standard_policy_makes_29_attempts_in_24_hours() {
        assert_eq!(RetryPolicy::standard().max_attempts(), 29);
    }

    #[test]
    fn explicit_delays_are_followed_and_then_end() {
        let policy = exact(&[60, 300, 900]);
        let next = |failed| policy.next_attempt_at(failed, at(0), at(10), None, 0.5);
        assert_eq!(next(1), Some(at(70)));
        assert_eq!(next(3), Some(at(910)));
        assert_eq!(next(4), None);
        assert_eq!(policy.max_attempts(), 4);
    }

    #[test]
    fn retry_after_moves_an_attempt_later_never_earlier_and_at_most_an_hour() {
        let policy = exact(&[60]);
        let next =
            |wait| policy.next_attempt_at(1, at(0), at(0), Some(Duration::from_secs(wait)), 0.5);
        assert_eq!(next(10), Some(at(60)));
        assert_eq!(next(600), Some(at(600)));
        assert_eq!(next(90_000), Some(at(3600)));
    }

    #[test]
    fn retry_after_never_goes_past_the_end_of_the_policy() {
        let (every, span) = (Duration::from_secs(60), Duration::from_secs(600));
        let policy = RetryPolicy::new(vec![], Some(every), Some(span), Jitter::Off).unwrap();
        let next = policy.next_attempt_at(1, at(0), at(0), Some(Duration::from_secs(3000)), 0.5);
        assert_eq!(next, Some(at(600)));
        assert_eq!(policy.next_attempt_at(9, at(0), at(590), None, 0.5), None);
    }

    #[test]
    fn absurd_policies_are_refused_with_the_field() {
        let hour = Duration::from_secs(3600);
        let check = |delays: Vec<Duration>, every, span, field| {
            let refused = RetryPolicy::new(delays, every, span, Jitter::Off).unwrap_err();
            assert_eq!(refused.field, field);
        };
        check(vec![hour; 51], None, None, "delays");
        check(vec![200 * hour], None, None, "delays");
        check(vec![], Some(hour), None, "give_up_after");
        check(vec![], None, Some(hour), "then_every");
        check(
            vec![],
            Some(Duration::from_millis(10)),
            Some(hour),
            "then_every",
        );
        check(
            vec![],
            Some(Duration::from_secs(1)),
            Some(hour),
            "then_every",
        );
        check(vec![], Some(hour), Some(1000 * hour), "give_up_after");
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_tenth(delay in 0_u64..100_000, spread in 0.0..1.0_f64) {
            let delay = Duration::from_secs(delay);
            let policy = RetryPolicy::new(vec![delay], None, None, Jitter::Tenth).unwrap();
            let next = policy.next_attempt_at(1, at(0), at(0), None, spread).unwrap();
            let wait = next.since(at(0)).as_secs_f64();
            prop_assert!(wait >= delay.as_secs_f64() * 0.9 - 0.001);
            prop_assert!(wait <= delay.as_secs_f64() * 1.1 + 0.001);
        }

        #[test]
        fn every_policy_ends(failed in 1_u32..5000, elapsed in 0_i64..2_000_000) {
            let next = RetryPolicy::standard().next_attempt_at(failed, at(0), at(elapsed), None, 0.5);
            prop_assert!(next.is_none_or(|next| next <= at(24 * 3600) && next >= at(elapsed).min(next)));
        }
    }
}

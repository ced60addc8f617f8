//! Figures of a webhook or of many, in words.
//!
//! Owns: shares and durations. Refuses: counting (`service::stats`).

use super::parts::{percent, took};
use crate::domain::stats::StatsBucket;

/// The share of attempts that succeeded.
#[must_use]
pub fn success(total: &StatsBucket) -> Option<String> {
    percent(
        total.attempts.saturating_sub(total.failures),
        total.attempts,
    )
}

/// Below this share of successes, in percent, a figure is worth a look.
const WORTH_A_LOOK: u64 = 95;
/// Below this one, it is bad.
const BAD: u64 = 50;

/// The colour's class of the share of attempts that succeeded; empty where it is as it should be.
#[must_use]
pub fn success_class(total: &StatsBucket) -> &'static str {
    let succeeded = total.attempts.saturating_sub(total.failures) * 100;
    match total.attempts {
        0 => "",
        all if succeeded < BAD * all => "bad",
        all if succeeded < WORTH_A_LOOK * all => "warn",
        _ => "",
    }
}

/// A duration that is known within some percent.
#[must_use]
pub fn took_about(ms: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "durations are positive and the cast saturates"
    )]
    let ms = ms.round() as u32;
    took(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_is_not_as_it_should_be_has_a_colour() {
        let class = |attempts, failures| {
            success_class(&StatsBucket {
                attempts,
                failures,
                ..StatsBucket::default()
            })
        };
        let classes = [(0, 0), (100, 5), (100, 6), (100, 18), (100, 50), (100, 51)];
        let classes = classes.map(|(attempts, failures)| class(attempts, failures));
        assert_eq!(classes, ["", "", "warn", "warn", "warn", "bad"]);
    }
}

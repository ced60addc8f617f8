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

//! The periods that people choose from.
//!
//! Owns: their words and lengths. Refuses: any other.

use std::time::Duration;

/// The periods that a list can be narrowed to: the word in the address, the words of the form, and
/// its length.
pub const PERIODS: [(&str, &str, Duration); 4] = [
    ("1h", "last hour", Duration::from_secs(3600)),
    ("24h", "last 24 hours", Duration::from_secs(24 * 3600)),
    ("7d", "last 7 days", Duration::from_secs(7 * 24 * 3600)),
    ("30d", "last 30 days", Duration::from_secs(30 * 24 * 3600)),
];

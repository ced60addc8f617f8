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

/// The shortest period that holds `length`, else the longest: its word and its words.
#[must_use]
pub fn covering(length: Duration) -> (&'static str, &'static str) {
    let [.., (longest, longest_words, _)] = PERIODS;
    let found = PERIODS.iter().find(|(.., period)| *period >= length);
    found.map_or((longest, longest_words), |(word, words, _)| (word, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_period_that_holds_a_time_is_chosen() {
        let word = |hours: u64| covering(Duration::from_secs(3600 * hours)).0;
        assert_eq!(
            [0, 1, 2, 24, 25, 9999].map(word),
            ["1h", "1h", "24h", "24h", "7d", "30d"]
        );
    }
}

//! The periods that people choose from.
//!
//! Owns: their words and lengths. Refuses: any other.

use std::time::Duration;

use super::Choice;
use crate::domain::time::Timestamp;

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

/// When the period that `word` names began.
///
/// # Errors
/// The words that there are, for beside the field.
pub fn began(word: &str, now: Timestamp) -> Result<Timestamp, String> {
    let found = PERIODS.iter().find(|(known, ..)| *known == word);
    found
        .map(|(.., length)| now.before(*length))
        .ok_or_else(|| {
            let words = PERIODS.map(|(word, ..)| word);
            format!("must be {}, or absent", words.join(", "))
        })
}

/// The choices of a field that narrows a list to a period, `present` being its word now.
#[must_use]
pub fn choices(present: &str) -> Vec<Choice> {
    let mut choices = vec![Choice::new("", "any time", present)];
    choices.extend(PERIODS.map(|(word, words, _)| Choice::new(word, words, present)));
    choices
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

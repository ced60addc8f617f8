//! Which answers end a delivery at once, and which are tried again.
//!
//! Owns: the two lists of a retry policy, and what they come to for a status. Refuses: answers that
//! deliver (2xx), and failures without an answer: those are always tried again.
//!
//! # Why three statuses are special
//! 408, 425 and 429 say “not now” rather than “never”. A class, or a list of what is tried again that
//! leaves them out, was hardly written with them in mind; so they end a delivery only where they are
//! listed by their own number.

use std::fmt;

/// Entries of one list at most.
pub const STATUS_ENTRIES_MAX: usize = 50;
/// Statuses that are permanent only if they are listed by number.
const PASSING: [u16; 3] = [408, 425, 429];

/// One entry of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusEntry {
    /// One status.
    Status(u16),
    /// A class: 4 for every status from 400 to 499.
    Class(u16),
}

/// The lists; both empty means that every failure is tried again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusRules {
    give_up_on: Vec<StatusEntry>,
    retry_on: Vec<StatusEntry>,
}

/// Why lists were refused: where, and a sentence for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct StatusRulesError {
    /// The list, or the entry of it.
    pub field: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

impl StatusEntry {
    /// Reads `404` or `4xx`.
    ///
    /// # Errors
    /// A sentence where it is neither, or names an answer that delivers.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let entry = match lower.strip_suffix("xx") {
            Some(class) => class.parse().ok().map(Self::Class),
            None if lower.len() == 3 => lower.parse().ok().map(Self::Status),
            None => None,
        };
        match entry {
            Some(Self::Class(3..=5) | Self::Status(300..=599)) => {
                Ok(entry.unwrap_or(Self::Class(4)))
            }
            Some(Self::Class(2) | Self::Status(200..=299)) => {
                Err("must not name 2xx: such an answer delivers".to_owned())
            }
            _ => Err("must be a status such as 404 or a class: 3xx, 4xx or 5xx".to_owned()),
        }
    }

    fn covers(self, status: u16) -> bool {
        match self {
            Self::Status(own) => own == status,
            Self::Class(class) => status / 100 == class,
        }
    }

    fn overlaps(self, other: Self) -> bool {
        match (self, other) {
            (Self::Status(status), other) | (other, Self::Status(status)) => other.covers(status),
            (Self::Class(own), Self::Class(theirs)) => own == theirs,
        }
    }
}

impl fmt::Display for StatusEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}

impl StatusRules {
    /// Reads both lists.
    ///
    /// # Errors
    /// The list or entry that makes no sense, is too long, or stands in both.
    pub fn parse<T: AsRef<str>>(
        give_up_on: &[T],
        retry_on: &[T],
    ) -> Result<Self, StatusRulesError> {
        let rules = Self {
            give_up_on: list("give_up_on", give_up_on)?,
            retry_on: list("retry_on", retry_on)?,
        };
        for (index, entry) in rules.retry_on.iter().enumerate() {
            let both = rules.give_up_on.iter().find(|own| own.overlaps(*entry));
            if let Some(both) = both {
                return Err(StatusRulesError {
                    field: format!("retry_on[{index}]"),
                    message: format!("{entry} overlaps with {both} in give_up_on"),
                });
            }
        }
        Ok(rules)
    }

    /// What ends a delivery at once.
    #[must_use]
    pub fn give_up_on(&self) -> Vec<String> {
        self.give_up_on.iter().map(ToString::to_string).collect()
    }

    /// The only answers that are tried again; empty means all.
    #[must_use]
    pub fn retry_on(&self) -> Vec<String> {
        self.retry_on.iter().map(ToString::to_string).collect()
    }

    /// Whether an answer with this status is not worth another attempt.
    #[must_use]
    pub fn is_permanent(&self, status: u16) -> bool {
        if PASSING.contains(&status) {
            return self.give_up_on.contains(&StatusEntry::Status(status));
        }
        let covers = |list: &[StatusEntry]| list.iter().any(|entry| entry.covers(status));
        covers(&self.give_up_on) || (!self.retry_on.is_empty() && !covers(&self.retry_on))
    }
}

fn list<T: AsRef<str>>(field: &str, texts: &[T]) -> Result<Vec<StatusEntry>, StatusRulesError> {
    if texts.len() > STATUS_ENTRIES_MAX {
        return Err(StatusRulesError {
            field: field.to_owned(),
            message: format!("must list at most {STATUS_ENTRIES_MAX} statuses"),
        });
    }
    let parse = |(index, text): (usize, &T)| {
        StatusEntry::parse(text.as_ref()).map_err(|message| StatusRulesError {
            field: format!("{field}[{index}]"),
            message,
        })
    };
    texts.iter().enumerate().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(give_up_on: &[&str], retry_on: &[&str]) -> StatusRules {
        StatusRules::parse(give_up_on, retry_on).unwrap()
    }

    #[test]
    fn what_is_listed_is_permanent_and_what_only_passes_is_not() {
        let all = rules(&[], &[]);
        let class = rules(&["4xx"], &[]);
        let listed = rules(&["4XX", "429"], &[]);
        let some = rules(&[], &["5xx", "409"]);
        for (status, expect) in [
            (404, [false, true, true, true]),
            (408, [false, false, false, false]),
            (425, [false, false, false, false]),
            (429, [false, false, true, false]),
            (409, [false, true, true, false]),
            (500, [false, false, false, false]),
            (503, [false, false, false, false]),
            (301, [false, false, false, true]),
        ] {
            let found = [&all, &class, &listed, &some].map(|rules| rules.is_permanent(status));
            assert_eq!(found, expect, "{status}");
        }
    }

    #[test]
    fn lists_that_make_no_sense_are_refused_with_the_place() {
        let check = |give_up_on: &[&str], retry_on: &[&str], field: &str| {
            let refused = StatusRules::parse(give_up_on, retry_on).unwrap_err();
            assert_eq!(refused.field, field, "{refused}");
        };
        check(&["404", "x"], &[], "give_up_on[1]");
        check(&["2xx"], &[], "give_up_on[0]");
        check(&["204"], &[], "give_up_on[0]");
        check(&["4040"], &[], "give_up_on[0]");
        check(&["+40"], &[], "give_up_on[0]");
        check(&["6xx"], &[], "give_up_on[0]");
        check(&[], &["xx"], "retry_on[0]");
        check(&["4xx"], &["500", "404"], "retry_on[1]");
        check(&["404"], &["4xx"], "retry_on[0]");
        check(&["404"], &["404"], "retry_on[0]");
        check(&vec!["404"; STATUS_ENTRIES_MAX + 1], &[], "give_up_on");
        let both = rules(&["404"], &["5xx"]);
        assert_eq!(both.give_up_on(), ["404"]);
        assert_eq!(both.retry_on(), ["5xx"]);
    }
}

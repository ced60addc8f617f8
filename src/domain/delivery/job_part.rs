//! What became of a delivery that a job put in line.
//!
//! Owns: the four parts that a job's deliveries fall into. Refuses: counting them (`store`).

use serde::{Deserialize, Serialize};

use super::status::Status;

/// A part of the deliveries that a job put in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobPart {
    /// Delivered since.
    Delivered,
    /// Attempted since, in vain: they gave up, or go on by their schedule.
    Failed,
    /// Not attempted yet.
    Waiting,
    /// Canceled since.
    Canceled,
}

impl JobPart {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Delivered, Self::Failed, Self::Waiting, Self::Canceled];

    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
            Self::Canceled => "canceled",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.as_str() == word)
    }

    /// The part that a delivery is of. What was asked for is forgotten with the attempt that it led to: as
    /// long as there is a `fallback`, that attempt is still to come.
    #[must_use]
    pub fn of(status: Status, fallback: Option<i64>) -> Self {
        match (status, fallback) {
            (Status::Delivered, _) => Self::Delivered,
            (Status::Canceled, _) => Self::Canceled,
            (Status::Scheduled | Status::Pending, _) | (Status::Retrying, Some(_)) => Self::Waiting,
            (Status::Retrying, None) | (Status::Exhausted, _) => Self::Failed,
        }
    }

    /// Whether deliveries of `status` can be of it.
    #[must_use]
    pub fn has(self, status: Status) -> bool {
        [None, Some(0)]
            .into_iter()
            .any(|fallback| Self::of(status, fallback) == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_and_each_status_is_of_some_part() {
        for part in JobPart::ALL {
            assert_eq!(JobPart::parse(part.as_str()), Some(part));
        }
        for status in Status::ALL {
            let parts = JobPart::ALL.into_iter().filter(|part| part.has(status));
            let expect = if status == Status::Retrying { 2 } else { 1 };
            assert_eq!(parts.count(), expect, "{status:?}");
        }
    }
}

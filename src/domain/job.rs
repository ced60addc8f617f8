//! Background jobs: which there are, and how they stand.
//!
//! Owns: their words. Refuses: working anything off (`engine`) and storing where a job got to.

/// What a job works off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Attempts deliveries again.
    Retry,
    /// Discards dead letters.
    Discard,
    /// Puts back what a webhook did not get.
    Recover,
}

impl JobKind {
    const ALL: [Self; 3] = [Self::Retry, Self::Discard, Self::Recover];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Discard => "discard",
            Self::Recover => "recover",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobStatus {
    /// Its next batch is due.
    Running,
    /// It came to its end.
    Done,
    /// It cannot go on; its error says why.
    Failed,
    /// A person called it off.
    Canceled,
}

impl JobStatus {
    const ALL: [Self; 4] = [Self::Running, Self::Done, Self::Failed, Self::Canceled];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for kind in JobKind::ALL {
            assert_eq!(JobKind::parse(kind.as_str()), Some(kind));
        }
        for status in JobStatus::ALL {
            assert_eq!(JobStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(JobKind::parse("Retry"), None);
        assert_eq!(JobStatus::parse(""), None);
    }
}

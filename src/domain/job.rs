//! Background jobs: which there are, and how they stand.
//!
//! Owns: the values. Refuses: working anything off (`service`) and storing where a job got to.

use super::id::JobId;
use super::time::Timestamp;

/// What a job works off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Attempts deliveries again.
    Retry,
    /// Discards dead letters.
    Discard,
    /// Puts back what a webhook did not get.
    Recover,
    /// Takes discarding back.
    Restore,
    /// Erases what events carried.
    Erase,
}

impl JobKind {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Retry,
        Self::Discard,
        Self::Recover,
        Self::Restore,
        Self::Erase,
    ];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Discard => "discard",
            Self::Recover => "recover",
            Self::Restore => "restore",
            Self::Erase => "erase",
        }
    }

    /// Whether what it works off is sent.
    #[must_use]
    pub fn sends(self) -> bool {
        match self {
            Self::Retry | Self::Recover => true,
            Self::Discard | Self::Restore | Self::Erase => false,
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
    /// Its next batch is due, or deliveries that it put in line have yet to be attempted.
    Running,
    /// It came to its end.
    Done,
    /// It cannot go on; its error says why.
    Failed,
    /// A person called it off.
    Canceled,
}

impl JobStatus {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Running, Self::Done, Self::Failed, Self::Canceled];

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

/// A background job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The workspace it works in.
    pub workspace_seq: i64,
    /// The consumer who began it; `None` is the platform.
    pub consumer_seq: Option<i64>,
    /// What it works off.
    pub kind: JobKind,
    /// What exactly, as JSON of the floor that made it.
    pub task: String,
    /// How it stands.
    pub status: JobStatus,
    /// How many items it was estimated to come to.
    pub total: u64,
    /// How many are done.
    pub done: u64,
    /// Where its next batch begins, as JSON of the floor that works it off.
    pub position: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last went on.
    pub updated_at: Timestamp,
}

/// What became of the deliveries that a job put in line, as far as no later job took them over and
/// retention left them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobOutcome {
    /// Delivered since.
    pub delivered: u64,
    /// Attempted since, in vain: they gave up, or go on by their schedule.
    pub failed: u64,
    /// Not attempted yet.
    pub waiting: u64,
    /// Called off.
    pub canceled: u64,
}

/// A job with what became of its deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobReport {
    /// The job.
    pub job: Job,
    /// How the whole of it stands: what is merely in line is not done.
    pub status: JobStatus,
    /// What became of them; `None` where it sends nothing, or where they are too many to be counted.
    pub outcome: Option<JobOutcome>,
}

/// What a new row is made of.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// The workspace it works in.
    pub workspace_seq: i64,
    /// The consumer who begins it.
    pub consumer_seq: Option<i64>,
    /// What it works off.
    pub kind: JobKind,
    /// What exactly, as JSON.
    pub task: String,
    /// How many items it is estimated to come to.
    pub total: u64,
}

/// How a running job ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnding {
    /// Everything is done; the total becomes what was done.
    Done,
    /// It cannot go on, for this reason.
    Failed(String),
    /// A person called it off.
    Canceled,
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

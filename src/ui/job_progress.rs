//! How far background work has come, in words.
//!
//! Owns: the words. Refuses: doing the work, and calling it off.

use super::parts::stamp::lasting;
use super::parts::{Stamp, counted, grouped, percent};
use crate::domain::job::{Job, JobKind, JobOutcome, JobStatus};
use crate::service::views::Matching;

/// A job, as pages tell of it.
#[derive(Clone, Copy, Debug)]
pub struct JobProgress<'a>(pub &'a Job);

impl JobProgress<'_> {
    /// What it does.
    #[must_use]
    pub fn heading(&self) -> &'static str {
        heading(self.0.kind)
    }

    /// Whether it goes on.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.0.status == JobStatus::Running
    }

    /// The bar's end; what was estimated too low must not look finished.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.total.max(self.0.done).max(1)
    }

    /// How much is done, in percent.
    #[must_use]
    pub fn share(&self) -> String {
        percent(self.0.done, self.total()).unwrap_or_default()
    }

    /// How much is done, in items.
    #[must_use]
    pub fn progress(&self) -> String {
        let what = counted(self.0.total.max(self.0.done), "item", "items");
        format!("{} of {what}", grouped(self.0.done))
    }

    /// When it was begun.
    #[must_use]
    pub fn began(&self) -> Stamp {
        Stamp(self.0.created_at)
    }

    /// How long it has gone on, or went on.
    #[must_use]
    pub fn lasted(&self) -> String {
        lasting(self.0.updated_at.since(self.0.created_at))
    }

    /// How much is done.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.0.done
    }
}

/// What a job does, in words.
#[must_use]
pub fn heading(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Retry => "Retrying deliveries",
        JobKind::Discard => "Discarding dead letters",
        JobKind::Recover => "Recovering a webhook",
        JobKind::Restore => "Restoring dead letters",
        JobKind::Erase => "Erasing events' data",
    }
}

/// What became of deliveries, in words, with the statuses of each sort; nothing is said of none.
#[must_use]
pub fn outcome_parts(outcome: JobOutcome) -> Vec<(String, &'static str)> {
    let all = [
        (outcome.delivered, "delivered", "delivered"),
        (outcome.failed, "failed again", "retrying,exhausted"),
        (outcome.waiting, "waiting", "scheduled,pending,retrying"),
        (outcome.canceled, "canceled", "canceled"),
    ];
    let said = all.into_iter().filter(|(count, ..)| *count > 0);
    said.map(|(count, word, statuses)| (format!("{} {word}", grouped(count)), statuses))
        .collect()
}

/// How many match; a count that stopped early says so.
#[must_use]
pub fn matching_words(matching: Matching) -> String {
    match matching {
        Matching::Exactly(count) => grouped(count as u64),
        Matching::MoreThan(count) => format!("{} and more", grouped(count as u64)),
    }
}

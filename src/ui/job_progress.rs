//! How far background work has come, in words.
//!
//! Owns: the words. Refuses: doing the work, and canceling it.

use super::parts::stamp::lasting;
use super::parts::{Stamp, counted, grouped, percent};
use crate::domain::delivery::JobPart;
use crate::domain::job::{Job, JobKind, JobOutcome, JobReport, JobStatus};
use crate::domain::time::Timestamp;
use crate::service::views::Matching;

/// A job, as pages tell of it.
#[derive(Clone, Copy, Debug)]
pub struct JobProgress<'a> {
    /// The job and what became of its deliveries.
    pub report: &'a JobReport,
    /// The present.
    pub now: Timestamp,
}

impl JobProgress<'_> {
    /// What it does.
    #[must_use]
    pub fn heading(&self) -> &'static str {
        heading(self.job().kind)
    }

    fn job(&self) -> &Job {
        &self.report.job
    }

    /// Whether it goes on: deliveries that have yet to be attempted are a part of it.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.report.status == JobStatus::Running
    }

    /// Whether there is something left to put in line, so that it can be canceled.
    #[must_use]
    pub fn can_be_canceled(&self) -> bool {
        self.job().status == JobStatus::Running
    }

    /// The bar's end; what was estimated too low must not look finished.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.job().total.max(self.job().done).max(1)
    }

    /// How much is done, in percent.
    #[must_use]
    pub fn share(&self) -> String {
        percent(self.done(), self.total()).unwrap_or_default()
    }

    /// How much is done, in items.
    #[must_use]
    pub fn progress(&self) -> String {
        let what = counted(self.job().total.max(self.job().done), "item", "items");
        format!("{} of {what}", grouped(self.done()))
    }

    /// When it was begun.
    #[must_use]
    pub fn began(&self) -> Stamp {
        Stamp(self.job().created_at)
    }

    /// How long it has gone on, or went on.
    #[must_use]
    pub fn lasted(&self) -> String {
        let until = match self.runs() {
            true => self.now,
            false => self.job().updated_at,
        };
        lasting(until.since(self.job().created_at))
    }

    /// How much is done; what waits in line is not.
    #[must_use]
    pub fn done(&self) -> u64 {
        let waiting = self.report.outcome.map_or(0, |outcome| outcome.waiting);
        self.job().done.saturating_sub(waiting)
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

/// What became of deliveries, in words, part by part; nothing is said of none.
#[must_use]
pub fn outcome_parts(outcome: JobOutcome) -> Vec<(String, JobPart)> {
    let all = [
        (outcome.delivered, "delivered", JobPart::Delivered),
        (outcome.failed, "failed again", JobPart::Failed),
        (outcome.waiting, "waiting", JobPart::Waiting),
        (outcome.canceled, "canceled", JobPart::Canceled),
    ];
    let said = all.into_iter().filter(|(count, ..)| *count > 0);
    said.map(|(count, word, part)| (format!("{} {word}", grouped(count)), part))
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

//! Whose jobs have the next transaction.
//!
//! Owns: which jobs wait behind others', and the order among those. Refuses: running them (`commit`), and how
//! many may wait (`writer`).
//!
//! # Why long jobs take turns
//! An event for 10,000 webhooks is one transaction of 10,000 rows: it is accepted whole or not at all, and
//! each webhook has its events in their order. Dozens of them, in the order in which they came, would be
//! seconds for whoever comes next. So a workspace whose jobs have been long is set apart for a while: what
//! is short goes first, then one such workspace has a transaction, each in its turn. Nobody waits for more
//! than one long job, and a workspace with long jobs for one of each other such workspace.
//!
//! # Why results go first and by their rows
//! They come in as receivers answer, in no order. In the order of the rows that they change each page of the
//! database is visited once and new rows are put behind one another, which fills their pages. They are no more
//! than what is under way, so they delay nobody for long.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::write_job::WriteJob;

/// How long a transaction takes further short jobs on.
const SHORT_TURN_MAX: Duration = Duration::from_millis(50);
/// How long a job may run and be a short one; a workspace's turn takes no further jobs on after it.
pub(super) const SHORT_JOB_MAX: Duration = Duration::from_millis(10);
/// For how long a workspace is set apart after a long job.
const APART: Duration = Duration::from_secs(1);

/// Jobs that wait for their transaction.
#[derive(Default)]
pub(super) struct WriteTurns {
    short: Vec<WriteJob>,
    /// By workspace, in the order of their turns; none is empty.
    long: VecDeque<(i64, VecDeque<WriteJob>)>,
    /// Workspaces that are set apart, and since when.
    apart: HashMap<i64, Instant>,
}

/// Jobs for one transaction, in order.
pub(super) struct WriteTurn {
    pub(super) jobs: Vec<WriteJob>,
    /// How long it takes further ones on.
    pub(super) lasts: Duration,
}

impl WriteTurns {
    pub(super) fn is_empty(&self) -> bool {
        self.short.is_empty() && self.long.is_empty()
    }

    /// Takes jobs on, behind those that wait.
    pub(super) fn add(&mut self, jobs: &mut Vec<WriteJob>) {
        if self.apart.is_empty() && self.long.is_empty() {
            return self.short.append(jobs);
        }
        self.apart.retain(|_, since| since.elapsed() < APART);
        for job in jobs.drain(..) {
            match self.queue_of(&job) {
                Some(queue) => queue.push_back(job),
                None => self.short.push(job),
            }
        }
    }

    /// Takes jobs back whose transaction ended before it came to them, ahead of those that wait.
    pub(super) fn put_back(&mut self, jobs: Vec<WriteJob>) {
        let mut short = Vec::new();
        for job in jobs.into_iter().rev() {
            match self.queue_of(&job) {
                Some(queue) => queue.push_front(job),
                None => short.push(job),
            }
        }
        short.reverse();
        self.short.splice(0..0, short);
    }

    /// Remembers whose jobs were long.
    pub(super) fn learn(&mut self, jobs: &[WriteJob]) {
        let long = jobs.iter().filter(|job| job.took > SHORT_JOB_MAX);
        let now = Instant::now();
        self.apart
            .extend(long.filter_map(|job| Some((job.workspace?, now))));
    }

    /// Everything that is short: results by their rows, then the rest as it came.
    pub(super) fn short(&mut self) -> Option<WriteTurn> {
        let mut jobs = std::mem::take(&mut self.short);
        jobs.sort_by_key(|job| job.delivery.unwrap_or(i64::MAX));
        let lasts = SHORT_TURN_MAX;
        (!jobs.is_empty()).then_some(WriteTurn { jobs, lasts })
    }

    /// What waits of the workspace whose turn it is.
    pub(super) fn long(&mut self) -> Option<WriteTurn> {
        let (_, jobs) = self.long.pop_front()?;
        let (jobs, lasts) = (jobs.into(), SHORT_JOB_MAX);
        Some(WriteTurn { jobs, lasts })
    }

    /// Where a job waits that is not short: others of its workspace wait there, or it is set apart.
    fn queue_of(&mut self, job: &WriteJob) -> Option<&mut VecDeque<WriteJob>> {
        let workspace = job.workspace?;
        let waits = self.long.iter().position(|(own, _)| *own == workspace);
        let at = match waits {
            Some(at) => at,
            None if self.apart.contains_key(&workspace) => {
                self.long.push_back((workspace, VecDeque::new()));
                self.long.len() - 1
            }
            None => return None,
        };
        Some(&mut self.long[at].1)
    }
}

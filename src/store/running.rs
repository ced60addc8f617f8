//! Running the jobs of one transaction.
//!
//! Owns: what is undone where a job fails, and what is run again then. Refuses: beginning and
//! committing the transaction, and knowing what a job does.
//!
//! # Why most jobs have no savepoint
//! Within a savepoint SQLite copies every page before it is first changed, so a batch of small jobs
//! copies the same few pages again and again. Jobs that can be run again need none: they run one
//! behind the other, and one that fails before it has written anything, as refusals do, leaves nothing
//! to undo. Only where one fails after that all of them are undone and run again, each in a savepoint
//! of its own.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::alarm::Alarm;
use super::effects::Effects;
use super::error::corruption_met;
use super::profile_cache::ProfileCache;
use super::setbacks::Stamps;
use super::subscriber_cache::FilteredSubscribers;
use super::tx::{Memory, WriteTx};
use super::vault::Vault;
use super::write_job::{Undo, Urgency, Work, WriteJob, WriteOutcome};
use super::{Read, StoreError};
use crate::clock::Clock;
use crate::domain::time::Timestamp;

/// What the writer's thread is opened with.
pub(super) struct WriterParts {
    pub(super) conn: Connection,
    pub(super) clock: Clock,
    pub(super) vault: Arc<Vault>,
    pub(super) profiles: ProfileCache,
    pub(super) filtered: FilteredSubscribers,
    pub(super) data_dir: std::path::PathBuf,
    pub(super) alarm: Alarm,
}

/// What jobs are run with, and what is remembered from one transaction to the next.
pub(super) struct Runner {
    pub(super) parts: WriterParts,
    pub(super) stamps: Stamps,
    memory: Memory,
}

/// Whether a job ran, or why not; what came of it the job knows.
pub(super) type JobVerdict = Result<(), StoreError>;

/// What holds of all jobs of a transaction.
pub(super) struct Terms {
    pub(super) begun: Instant,
    /// What its rows are stamped with.
    pub(super) now: Timestamp,
    /// Whether there is room for new work.
    pub(super) room: Result<(), StoreError>,
    /// How long it takes further jobs on: those that are left have another one.
    pub(super) lasts: Duration,
}

impl Terms {
    fn admit(&self, job: &WriteJob) -> JobVerdict {
        match job.urgency {
            Urgency::Ingest => self.room.clone(),
            Urgency::Settle => Ok(()),
        }
    }

    /// Notes how long a job ran that began `from` after the transaction did, and says whether the
    /// transaction takes another one on.
    fn note(&self, job: &mut WriteJob, from: Duration) -> bool {
        let until = self.begun.elapsed();
        job.took = until.saturating_sub(from);
        until <= self.lasts
    }

    fn is_over(&self) -> bool {
        self.begun.elapsed() > self.lasts
    }
}

/// The jobs that ran.
#[derive(Default)]
pub(super) struct JobsRun {
    /// Theirs, in order; those behind them have the next transaction.
    pub(super) verdicts: Vec<JobVerdict>,
    pub(super) effects: Effects,
}

/// Why jobs cannot be kept that ran without savepoints.
enum Unkept {
    /// SQLite gave up the transaction with the last of so many.
    Lost(usize),
    /// One failed that had written something.
    Failed,
}

impl Runner {
    pub(super) fn new(parts: WriterParts, stamps: Stamps) -> Self {
        Self {
            memory: Memory::new(parts.filtered.clone()),
            parts,
            stamps,
        }
    }

    /// Whether SQLite gave up the transaction under way, as it does where the disk fails it.
    pub(super) fn is_lost(&self) -> bool {
        self.parts.conn.is_autocommit()
    }

    /// Undoes the transaction under way.
    pub(super) fn roll_back(&mut self) {
        self.memory.forget();
        self.stamps.undo();
        if !self.is_lost()
            && let Err(error) = self.parts.conn.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "could not roll back");
        }
    }

    fn begin_again(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.roll_back();
        self.statement("BEGIN IMMEDIATE")?;
        self.stamps.take(&Read::new(&self.parts.conn), now)
    }

    /// Runs jobs in order until the transaction has had its time.
    pub(super) fn run_batch(&mut self, batch: &mut [WriteJob], terms: &Terms) -> JobsRun {
        let mut ran = JobsRun::default();
        for alike in batch.chunk_by_mut(|one, next| one.undo == next.undo) {
            match alike[0].undo {
                Undo::ByRunningAgain => self.run_together(alike, terms, &mut ran),
                Undo::BySavepoint => self.run_one_by_one(alike, terms, &mut ran),
            }
            if terms.is_over() || self.is_lost() {
                break;
            }
        }
        ran
    }

    fn run_one_by_one(&mut self, jobs: &mut [WriteJob], terms: &Terms, ran: &mut JobsRun) {
        for job in jobs {
            let from = terms.begun.elapsed();
            let verdict = match terms.admit(job) {
                Ok(()) => self.run_in_savepoint(&mut *job.work, terms.now, &mut ran.effects),
                Err(refused) => Err(refused),
            };
            ran.verdicts.push(verdict);
            if !terms.note(job, from) || self.is_lost() {
                return;
            }
        }
    }

    /// Runs one job in a savepoint; its effects count only if it is kept.
    fn run_in_savepoint(
        &mut self,
        work: &mut dyn Work,
        now: Timestamp,
        effects: &mut Effects,
    ) -> JobVerdict {
        self.statement("SAVEPOINT job")?;
        let kept = {
            let mut tx = self.tx(now);
            let ran = std::panic::catch_unwind(AssertUnwindSafe(|| work.run(&mut tx)));
            match ran {
                Ok(WriteOutcome::Keep) => tx.finish().map(Some),
                Ok(WriteOutcome::Undo) | Err(_) => Ok(None),
            }
        };
        self.look_for_corruption();
        let verdict = match kept {
            Ok(Some(own)) => {
                effects.merge(own);
                Ok(())
            }
            undone => {
                self.memory.forget();
                if self.is_lost() {
                    return Ok(());
                }
                self.statement("ROLLBACK TO job")?;
                undone.map(drop)
            }
        };
        self.statement("RELEASE job")?;
        verdict
    }

    /// Runs jobs without savepoints, as far as none of them fails.
    fn run_together(&mut self, jobs: &mut [WriteJob], terms: &Terms, ran: &mut JobsRun) {
        let is_first = ran.verdicts.is_empty();
        if !is_first && self.statement("SAVEPOINT run").is_err() {
            return self.run_one_by_one(jobs, terms, ran);
        }
        let tried = self.try_together(jobs, terms);
        self.look_for_corruption();
        let undone = match tried {
            Ok(mut own) => {
                ran.verdicts.append(&mut own.verdicts);
                ran.effects.merge(own.effects);
                // What cannot be released stays open until the commit, which releases all.
                let _released = is_first || self.statement("RELEASE run").is_ok();
                return;
            }
            Err(Unkept::Lost(jobs)) => {
                self.memory.forget();
                ran.verdicts.extend(std::iter::repeat_n(Ok(()), jobs));
                return;
            }
            Err(Unkept::Failed) if is_first => self.begin_again(terms.now),
            Err(Unkept::Failed) => self
                .statement("ROLLBACK TO run")
                .and_then(|()| self.statement("RELEASE run")),
        };
        self.memory.forget();
        match undone {
            Ok(()) => self.run_one_by_one(jobs, terms, ran),
            Err(error) => {
                tracing::error!(%error, "a transaction could not be begun anew");
                self.roll_back();
                ran.verdicts.extend(jobs.iter().map(|_| Ok(())));
            }
        }
    }

    fn try_together(&mut self, jobs: &mut [WriteJob], terms: &Terms) -> Result<JobsRun, Unkept> {
        let mut tx = self.tx(terms.now);
        let mut verdicts = Vec::with_capacity(jobs.len());
        let mut from = terms.begun.elapsed();
        for job in jobs {
            if let Err(refused) = terms.admit(job) {
                verdicts.push(Err(refused));
                continue;
            }
            let before = tx.changes();
            let ran = std::panic::catch_unwind(AssertUnwindSafe(|| job.work.run(&mut tx)));
            verdicts.push(Ok(()));
            if tx.is_lost() {
                return Err(Unkept::Lost(verdicts.len()));
            }
            match ran {
                Ok(WriteOutcome::Keep) => {}
                Ok(WriteOutcome::Undo) if tx.changes() == before => {}
                Ok(WriteOutcome::Undo) | Err(_) => return Err(Unkept::Failed),
            }
            if !terms.note(job, from) {
                break;
            }
            from += job.took;
        }
        match tx.finish() {
            Ok(effects) => Ok(JobsRun { verdicts, effects }),
            Err(_) if self.is_lost() => Err(Unkept::Lost(verdicts.len())),
            Err(_) => Err(Unkept::Failed),
        }
    }

    fn tx(&mut self, now: Timestamp) -> WriteTx<'_> {
        let parts = &self.parts;
        WriteTx::new(
            Read::new(&parts.conn),
            now,
            &parts.clock,
            &parts.vault,
            &parts.profiles,
            &mut self.memory,
        )
    }

    fn statement(&self, sql: &str) -> Result<(), StoreError> {
        Read::new(&self.parts.conn).run(sql, []).map(drop)
    }

    fn look_for_corruption(&self) {
        if corruption_met() {
            self.parts.alarm.sound();
        }
    }
}

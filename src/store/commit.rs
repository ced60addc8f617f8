//! Group commit on the one writable connection.
//!
//! Owns: the commit loop, the free-space floor, the answers after the flush. Refuses: knowing what
//! a job does, and the queue (`writer`).
//!
//! # Why group commit
//! A flush costs milliseconds, a row costs microseconds. The loop takes all jobs that wait, runs
//! each in one transaction, commits once with one flush, and only then answers all
//! of them. Under load the flushes overlap with the arrival of the next batch, so that "flushed
//! before 202" costs hardly more than not flushing.
//!
//! # Why a failed job fails alone
//! An error undoes what the job did and drops its effects; the others in the batch never notice
//! (`running`). A panic in a job is caught and treated the same way.
//!
//! # Why a failed commit is everybody's
//! A job sees what earlier jobs of its transaction did. If that is never committed, a refusal that
//! rests on it ("no such webhook") would be as false as a promise, so all learn that nothing was
//! done. SQLite itself gives up a whole transaction where the disk is full in the middle of it; the
//! jobs that did not run by then have the next one.
//!
//! # Why a failed flush is final
//! After a failed `fsync` the kernel may have dropped the dirty pages: trying again can report a
//! success that is none. The writer answers everybody with an error and accepts nothing more until
//! the process is started again, which reads back what is really on the disk. A write that fails
//! is another matter: nothing of it counts, and the writer goes on when there is room again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::alarm::CORRUPT;
use super::disk::{Disk, disk};
use super::effects::{Committed, Effects};
use super::error::obstacle_met;
use super::outside::readers;
use super::queue::{JobReceiver, JobsTaken};
use super::running::{JobsRun, Runner, Terms, WriterParts};
use super::setbacks::Stamps;
use super::turns::{WriteTurn, WriteTurns};
use super::write_back::{Log, write_back};
use super::write_job::refuse;
use super::{Obstacle, Read, StoreError, sums};
use crate::domain::time::Timestamp;

/// How long an erasure waits for whoever still reads from the log.
const ERASURE_WAIT: Duration = Duration::from_secs(1);
/// How long after that it is tried again at the earliest, with whatever is written then.
const CUT_AGAIN: Duration = Duration::from_secs(1);
/// Ingest is refused below this much free space on the data directory's disk, in bytes.
pub const FREE_BYTES_MIN: u64 = 64 * 1024 * 1024;
/// Ingest is refused while the log has more bytes than this: 256 MiB.
const LOG_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// With more than this the log is cut off as soon as nobody reads from it: 128 MiB.
const LOG_BYTES_MUCH: u64 = LOG_BYTES_MAX / 2;
/// How long is waited then for those who read; those of hookpost are quick.
const READERS_WAIT: Duration = Duration::from_millis(100);
/// How often it is said who reads.
const SAID_EVERY: Duration = Duration::from_secs(60);
/// A log of so many bytes is not worth cutting off.
const LOG_BYTES_SPARE: u64 = 1024 * 1024;
/// How long a statement waits while another process holds the database's lock.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How long it waits once it has waited in vain: callers who come while the lock is held learn so at
/// once, instead of one batch after another waiting its turn.
const LOCK_WAIT_AGAIN: Duration = Duration::from_millis(250);
/// How long a reading of the free space is trusted.
const FREE_SPACE_TRUSTED: Duration = Duration::from_secs(1);

pub(super) type Listener = Box<dyn Fn(&Committed) + Send + Sync>;

/// The writer's thread.
pub(super) struct CommitLoop {
    runner: Runner,
    listeners: Arc<RwLock<Vec<Listener>>>,
    disk: Option<(Instant, Disk)>,
    /// When the log was last tried to be cut off because it is long.
    cut_at: Option<Instant>,
    readers_told_at: Option<Instant>,
    /// When it was last tried to cut the log because of an erasure, if somebody was reading it then.
    cut_owed: Option<Instant>,
    failed: Option<&'static str>,
    is_locked: bool,
    /// Whether the last commit that had anything to write failed; others look at it.
    is_hindered: Arc<AtomicBool>,
}

impl CommitLoop {
    pub(super) fn new(
        parts: WriterParts,
        stamps: Stamps,
        listeners: Arc<RwLock<Vec<Listener>>>,
        is_hindered: Arc<AtomicBool>,
    ) -> Self {
        Self {
            runner: Runner::new(parts, stamps),
            listeners,
            disk: None,
            cut_at: None,
            readers_told_at: None,
            cut_owed: None,
            failed: None,
            is_locked: false,
            is_hindered,
        }
    }

    pub(super) fn run(mut self, mut jobs: JobReceiver) {
        let (mut taken, mut turns) = (Vec::new(), WriteTurns::default());
        loop {
            if turns.is_empty() {
                match jobs.take(&mut taken) {
                    JobsTaken::Jobs => {}
                    JobsTaken::Idle => self.give_back_memory(),
                    JobsTaken::Over => break,
                }
            } else {
                jobs.take_waiting(&mut taken);
            }
            turns.add(&mut taken);
            for turn in [turns.short(), turns.long()].into_iter().flatten() {
                self.commit(turn, &mut turns);
            }
        }
        self.fold_log();
    }

    /// Pages that are read again when they are wanted, from the system's cache.
    fn give_back_memory(&self) {
        let given_back = self.runner.parts.conn.execute_batch("PRAGMA shrink_memory");
        if let Err(error) = given_back {
            tracing::debug!(%error, "no memory was given back");
        }
    }

    /// After an orderly stop the database is one plain file, whoever copies it. After a failed
    /// flush nothing is touched any more.
    fn fold_log(&self) {
        if self.failed.is_some() {
            return;
        }
        match write_back(&self.runner.parts.conn) {
            Ok(Log::Cut) => {}
            Ok(Log::Read) => {
                tracing::warn!("somebody reads the log; the next start writes it back");
            }
            Err(error) => {
                tracing::warn!(%error, "the log was not written back; the next start reads it");
            }
        }
    }

    /// Runs a turn's jobs in one transaction, as far as it gets in the time that it may take, and answers
    /// everybody of it after the flush. What has to wait for the next one goes back to its place.
    fn commit(&mut self, turn: WriteTurn, turns: &mut WriteTurns) {
        let WriteTurn {
            jobs: mut batch,
            lasts,
        } = turn;
        let terms = Terms {
            begun: Instant::now(),
            now: self.runner.parts.clock.now(),
            room: self.room(),
            lasts,
        };
        if let Err(error) = self.begin(terms.now) {
            return refuse(batch, &error);
        }
        let changes = self.runner.parts.conn.total_changes();
        let JobsRun {
            verdicts,
            mut effects,
        } = self.runner.run_batch(&mut batch, &terms);
        let left = batch.split_off(verdicts.len());
        turns.learn(&batch);
        turns.put_back(left);
        let committed = self.finish(&effects);
        if committed.is_err() || self.runner.parts.conn.total_changes() > changes {
            let is_hindered = committed.is_err();
            self.is_hindered.store(is_hindered, Ordering::Relaxed);
        }
        if committed.is_ok() {
            effects.committed.took = terms.begun.elapsed();
            self.notify(&effects.committed);
        }
        let is_owed = effects.owes_cut || self.cut_owed.is_some_and(|at| at.elapsed() > CUT_AGAIN);
        if committed.is_ok() && (effects.cut_log || is_owed) {
            let wait = if effects.cut_log {
                ERASURE_WAIT
            } else {
                Duration::ZERO
            };
            self.cut_owed = match self.cut_log(wait) {
                Log::Cut => None,
                // Somebody still sees what was erased; with a later commit it is tried again.
                Log::Read => Some(Instant::now()),
            };
        }
        for (job, verdict) in batch.into_iter().zip(verdicts) {
            job.work.answer(verdict.and(committed.clone()));
        }
        if effects.fold_log && committed.is_ok() {
            self.fold_grown_log();
        }
    }

    /// Writes the log back and cuts it off, if it has grown or the database's file can shrink by pages
    /// that were given back; until then they are empty only in the log. It waits for nobody; where somebody reads, the next sweep tries again.
    fn fold_grown_log(&self) {
        let conn = &self.runner.parts.conn;
        let pragma = |sql| conn.query_row(sql, [], |row| row.get::<_, u64>(0));
        let (Ok(disk), Ok(pages), Ok(page_bytes)) = (
            disk(&self.runner.parts.data_dir),
            pragma("PRAGMA page_count"),
            pragma("PRAGMA page_size"),
        ) else {
            return;
        };
        if disk.log_bytes <= LOG_BYTES_SPARE && disk.database_bytes <= pages * page_bytes {
            return;
        }
        self.cut_log(Duration::ZERO);
    }

    fn begin(&mut self, now: Timestamp) -> Result<(), StoreError> {
        // What earlier transactions met is no answer to this one.
        obstacle_met();
        if let Some(reason) = self.failed {
            return Err(StoreError::Stopped(reason));
        }
        if self.runner.parts.alarm.is_sounding() {
            return Err(StoreError::Stopped(CORRUPT));
        }
        let begun = Read::new(&self.runner.parts.conn).run("BEGIN IMMEDIATE", []);
        let obstacle = begun.as_ref().err().and_then(StoreError::obstacle);
        let is_locked = obstacle == Some(Obstacle::Busy);
        if is_locked != self.is_locked {
            self.is_locked = is_locked;
            self.runner.parts.conn.busy_timeout(self.lock_wait())?;
        }
        begun?;
        let stamped = self
            .runner
            .stamps
            .take(&Read::new(&self.runner.parts.conn), now);
        stamped.inspect_err(|_| self.runner.roll_back())
    }

    fn lock_wait(&self) -> Duration {
        if self.is_locked {
            LOCK_WAIT_AGAIN
        } else {
            LOCK_WAIT
        }
    }

    fn finish(&mut self, effects: &Effects) -> Result<(), StoreError> {
        let flushed = self.flush(effects);
        if flushed.is_ok() {
            self.runner.stamps.keep();
        }
        flushed.inspect_err(|error| {
            tracing::error!(%error, "a commit failed; nothing of it was promised");
            if error.is_failed_flush() {
                self.failed = Some("a write to the disk failed; start hookpost again");
            }
            self.runner.roll_back();
        })
    }

    fn flush(&self, effects: &Effects) -> Result<(), StoreError> {
        if self.runner.parts.alarm.is_sounding() {
            return Err(StoreError::Stopped(CORRUPT));
        }
        if self.runner.is_lost() {
            return Err(obstacle_met().unwrap_or(StoreError::Overloaded));
        }
        let conn = Read::new(&self.runner.parts.conn);
        sums::apply(&conn, effects)?;
        conn.run("COMMIT", []).map(drop)
    }

    fn notify(&self, committed: &Committed) {
        for listener in self
            .listeners
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            listener(committed);
        }
    }

    /// Whether there is room for new work: it is refused before SQLite hits the wall, and while
    /// somebody makes the log grow without end by reading.
    fn room(&mut self) -> Result<(), StoreError> {
        let is_much = |disk: &Disk| disk.log_bytes > LOG_BYTES_MUCH;
        let fresh = |(read_at, disk): &(Instant, Disk)| {
            read_at.elapsed() < FREE_SPACE_TRUSTED && !is_much(disk)
        };
        if !self.disk.as_ref().is_some_and(fresh) {
            let mut found = disk(&self.runner.parts.data_dir).ok();
            let recently = |at: Instant| at.elapsed() < FREE_SPACE_TRUSTED;
            let may_cut = self.failed.is_none() && !self.cut_at.is_some_and(recently);
            if may_cut && found.as_ref().is_some_and(is_much) {
                self.cut_log(READERS_WAIT);
                self.cut_at = Some(Instant::now());
                found = disk(&self.runner.parts.data_dir).ok();
            }
            self.disk = found.map(|disk| (Instant::now(), disk));
        }
        let Some((_, disk)) = self.disk else {
            return Ok(());
        };
        if disk.log_bytes > LOG_BYTES_MAX {
            self.say_who_reads(disk.log_bytes);
            return Err(StoreError::LogHeld);
        }
        if disk.free_bytes < FREE_BYTES_MIN {
            return Err(StoreError::StorageLow);
        }
        Ok(())
    }

    fn say_who_reads(&mut self, log_bytes: u64) {
        let recently = |at: Instant| at.elapsed() < SAID_EVERY;
        if self.readers_told_at.is_some_and(recently) {
            return;
        }
        self.readers_told_at = Some(Instant::now());
        let readers = readers(&self.runner.parts.data_dir).join(", ");
        tracing::warn!(
            readers,
            log_bytes,
            "new work is refused: somebody reads the database for so long that its log cannot be \
             written back; end that process, or let it read a copy made with `hookpost backup`"
        );
    }

    /// Writes the log back and cuts it off, if nobody reads from it for `wait`.
    fn cut_log(&self, wait: Duration) -> Log {
        let conn = &self.runner.parts.conn;
        let cut = conn.busy_timeout(wait).and_then(|()| write_back(conn));
        match conn.busy_timeout(self.lock_wait()).and(cut) {
            Ok(Log::Cut) => return Log::Cut,
            Ok(Log::Read) => tracing::debug!("the log is read by somebody and stays as it is"),
            Err(error) => tracing::debug!(%error, "the log could not be cut"),
        }
        Log::Read
    }
}

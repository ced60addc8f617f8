//! One write transaction, as the SQL of each aggregate sees it.
//!
//! Owns: the connection for the time of a job, the job's effects, the caches that only the writer
//! keeps. Refuses: committing; only the writer's loop commits.

use std::ops::Deref;
use std::sync::Arc;

use rusqlite::{Params, Row};

use super::effects::{Committed, Effects};
use super::hot_statements::HotStatements;
use super::numbers::{NumberedTable, Numbers};
use super::pending_health::PendingHealth;
use super::profile_cache::ProfileCache;
use super::read::first_row;
use super::subscriber_cache::{FilteredSubscribers, SubscriberCache};
use super::target_cache::KnownTargets;
use super::vault::Vault;
use super::{Read, StoreError};
use crate::clock::Clock;
use crate::domain::profile::Profile;
use crate::domain::time::Timestamp;

/// What the writer remembers from one transaction to the next.
pub(super) struct Memory {
    pub(super) subscribers: SubscriberCache,
    pub(super) targets: KnownTargets,
    numbers: Numbers,
}

impl Memory {
    /// Nothing yet; what it comes to know of filtered subscribers is shown there.
    pub(super) fn new(filtered: FilteredSubscribers) -> Self {
        Self {
            subscribers: SubscriberCache::new(filtered),
            targets: KnownTargets::default(),
            numbers: Numbers::default(),
        }
    }

    /// Something was undone, and what was remembered of it is not true.
    pub(super) fn forget(&mut self) {
        self.subscribers.forget_all();
        self.targets = KnownTargets::default();
        self.numbers = Numbers::default();
    }
}

/// A write transaction under way. Reads through it see its own writes.
pub struct WriteTx<'a> {
    read: Read<'a>,
    now: Timestamp,
    clock: &'a Clock,
    vault: &'a Arc<Vault>,
    profiles: &'a ProfileCache,
    pub(super) memory: &'a mut Memory,
    pub(super) effects: Effects,
    pub(super) health: PendingHealth,
    hot: HotStatements<'a>,
}

impl<'a> WriteTx<'a> {
    pub(super) fn new(
        read: Read<'a>,
        now: Timestamp,
        clock: &'a Clock,
        vault: &'a Arc<Vault>,
        profiles: &'a ProfileCache,
        memory: &'a mut Memory,
    ) -> Self {
        Self {
            read,
            now,
            clock,
            vault,
            profiles,
            memory,
            effects: Effects::default(),
            health: PendingHealth::default(),
            hot: HotStatements::default(),
        }
    }

    /// As [`Read::run`], for a statement that is run for each delivery: it is looked up once in the
    /// transaction.
    pub(super) fn run_often(
        &mut self,
        sql: &'static str,
        params: impl Params,
    ) -> Result<usize, StoreError> {
        Ok(self.hot.statement(&self.read, sql)?.execute(params)?)
    }

    /// As [`Read::row`], for a statement that is run for each delivery: it is looked up once in the
    /// transaction.
    pub(super) fn row_often<T>(
        &mut self,
        sql: &'static str,
        params: impl Params,
        item: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        first_row(self.hot.statement(&self.read, sql)?, params, item)
    }

    /// Writes what is still in memory; answers what changed besides rows.
    pub(super) fn finish(mut self) -> Result<Effects, StoreError> {
        self.health.write_all(&self.read)?;
        Ok(self.effects)
    }

    /// Rows written so far, and changes that are still in memory: as many as before where nothing was
    /// done in between.
    pub(super) fn changes(&self) -> (u64, u64) {
        (self.read.changes(), self.health.changes())
    }

    /// Whether SQLite gave up this transaction.
    pub(super) fn is_lost(&self) -> bool {
        self.read.is_autocommit()
    }

    /// The instant that this transaction stamps on its rows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The offset of the clock that says so: other transactions' rows are by the same clock where theirs
    /// is the same.
    #[must_use]
    pub fn clock_offset_ms(&self) -> i64 {
        self.clock.offset_ms()
    }

    /// The number of a row that is about to be added to a table.
    pub(super) fn next_seq(&self, table: NumberedTable) -> Result<i64, StoreError> {
        self.memory.numbers.next(&self.read, table)
    }

    /// Has the log written back and cut off after the transaction, if it has grown and nobody reads
    /// from it.
    pub(super) fn fold_log_afterwards(&mut self) {
        self.effects.fold_log = true;
    }

    /// Has the log written back and cut off before the transaction is answered: what it held is gone.
    pub(super) fn cut_log_before_answering(&mut self) {
        self.effects.cut_log = true;
    }

    /// Has the log written back and cut off as soon as nobody reads from it; nobody waits for that.
    pub(super) fn cut_log_when_unread(&mut self) {
        self.effects.owes_cut = true;
    }

    /// The vault for secrets at rest.
    #[must_use]
    pub fn vault(&self) -> &Arc<Vault> {
        self.vault
    }

    /// The parsed profile of version `seq`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where the stored source no longer parses.
    pub fn profile(&self, seq: i64) -> Result<Arc<Profile>, StoreError> {
        self.profiles.load(&self.read, seq)
    }

    /// Runs `work` so that its refusal undoes what it did, and nothing else.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] where the database cannot do so; the outer transaction must fail then.
    pub fn nested<T, E>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<Result<T, E>, StoreError> {
        self.health.write_all(&self.read)?;
        self.run("SAVEPOINT nested", [])?;
        let before = std::mem::take(&mut self.effects);
        let result = work(self);
        let during = std::mem::replace(&mut self.effects, before);
        if result.is_ok() {
            self.effects.merge(during);
        } else {
            self.memory.forget();
            self.health.forget();
            self.run("ROLLBACK TO nested", [])?;
        }
        self.run("RELEASE nested", [])?;
        Ok(result)
    }

    /// What listeners will learn if this transaction is committed.
    pub fn notices(&mut self) -> &mut Committed {
        &mut self.effects.committed
    }
}

impl<'a> Deref for WriteTx<'a> {
    type Target = Read<'a>;

    fn deref(&self) -> &Read<'a> {
        &self.read
    }
}

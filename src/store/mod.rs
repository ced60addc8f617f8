//! The disk: one SQLite database in one data directory, and the only SQL of the house.
//!
//! Owns: opening and locking the data directory, migrations, the one writer, the pool of read-only
//! connections, a file of SQL per aggregate, the vault for secrets at rest. Refuses: deciding what
//! a delivery becomes (`domain` decides, `engine` asks for it) and speaking any wire format.
//!
//! # One writer, many readers
//! SQLite allows one write transaction at a time; queueing for it in memory instead of in the
//! database's busy loop is what makes group commit possible (see [`writer`]). Readers work on
//! snapshots and never wait for it.
//!
//! # Who hears of a commit
//! The floors above keep caches: lanes, webhooks, keys. [`Store::on_commit`] tells them what a
//! commit changed, on the writer's thread and in commit order, before the callers get their
//! answers. So a revoked key is refused by the very next request, and the lanes of ordered
//! webhooks are filled in the order in which events were committed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::Clock;
use crate::domain::profile::Profile;
use crate::domain::secret::Secret;
use crate::domain::shape::BodyShape;
use crate::domain::webhook::Subscriber;

mod alarm;
pub mod alerts;
pub mod attempts;
pub mod audit;
pub mod backup;
pub mod branding;
mod commit;
pub mod consumers;
pub mod deliveries;
mod directory;
pub mod disk;
pub mod effects;
pub mod erasure;
mod error;
pub mod event_types;
pub mod events;
mod found;
mod hot_statements;
pub mod idempotency;
pub mod inspection;
pub mod instance;
pub mod jobs;
pub mod keeping;
pub mod keys;
pub mod mails;
mod migrate;
mod numbers;
mod obstacle;
mod open;
mod open_error;
pub mod outbox;
mod outside;
mod pending_health;
pub mod poll;
pub mod portal_links;
mod profile_cache;
pub mod profiles;
mod queue;
mod read;
mod readers;
pub mod retention;
pub mod rotate;
mod running;
pub mod saved_views;
pub mod secrets;
pub mod sessions;
mod setbacks;
mod shapes;
mod sql;
pub mod stats;
mod subscriber_cache;
mod sums;
mod target_cache;
pub mod turns;
mod tx;
mod upgrade_copy;
pub mod users;
pub mod vault;
pub mod webhooks;
pub mod workspaces;
mod write_back;
mod write_job;
pub mod writer;

pub use commit::FREE_BYTES_MIN;
pub use directory::{DATABASE_FILE, LOCK_FILE};
pub use effects::Committed;
pub use error::StoreError;
use error::damaged;
pub use found::PAGE_BYTES_MAX;
pub use obstacle::Obstacle;
pub use open::OpenOptions;
pub use open_error::OpenError;
pub use read::Read;
pub use tx::WriteTx;
pub use write_job::Haste;
use write_job::Urgency;

/// The handle on the database. Cloning shares it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<StoreParts>,
}

struct StoreParts {
    data_dir: PathBuf,
    clock: Clock,
    readers: readers::Readers,
    writer: writer::Writer,
    vault: Arc<vault::Vault>,
    profiles: profile_cache::ProfileCache,
    filtered: subscriber_cache::FilteredSubscribers,
    shapes: shapes::ShapeCache,
    // Held for as long as anybody may touch the database; dropping it frees the directory.
    _lock: std::fs::File,
}

impl Store {
    /// Opens the data directory, creating it and the database if need be.
    ///
    /// # Errors
    /// [`OpenError`] says what stands in the way and what to do.
    pub fn open(options: &OpenOptions) -> Result<Self, OpenError> {
        open::open(options)
    }

    /// Runs `read` on a read-only snapshot, off the async threads.
    ///
    /// # Errors
    /// What `read` answers, or [`StoreError::ReadersBusy`] after five seconds without a connection.
    pub async fn read<T, E>(
        &self,
        read: impl FnOnce(&Read<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let store = self.clone();
        tokio::task::spawn_blocking(move || store.read_blocking(read))
            .await
            .unwrap_or_else(|_| Err(StoreError::Stopped("a read was abandoned").into()))
    }

    /// Runs `read` on a read-only snapshot, on the calling thread.
    pub fn read_blocking<T, E: From<StoreError>>(
        &self,
        read: impl FnOnce(&Read<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.shared.readers.read(read)
    }

    /// Runs `write` in a transaction and answers after the commit is flushed to disk. Refuses at
    /// once when the queue for ingest is full.
    ///
    /// # Errors
    /// What `write` answers (then nothing of it is kept), or a [`StoreError`] where the
    /// transaction could not be committed.
    pub async fn write<T, E>(
        &self,
        write: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let urgency = Urgency::Ingest;
        self.shared.writer.write(write, urgency, None).await
    }

    /// As [`Store::write`], for work of the workspace in row `workspace_seq` that may be long: where its
    /// work has been, it takes turns with others' (`turns`).
    pub async fn write_in_turn<T, E>(
        &self,
        workspace_seq: i64,
        write: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (urgency, workspace) = (Urgency::Ingest, Some(workspace_seq));
        self.shared.writer.write(write, urgency, workspace).await
    }

    /// As [`Store::write_in_turn`], for what does the same however often it is run: where something beside
    /// it in its transaction fails it may be run again, and nothing counts but the last time.
    pub async fn write_repeatable<T, E>(
        &self,
        workspace_seq: i64,
        write: impl Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.shared
            .writer
            .write_repeatable(workspace_seq, write)
            .await
    }

    /// As [`Store::write`], for results of work that was already done: it waits for room instead
    /// of refusing. Callers bound how many of these are under way.
    pub async fn settle<T, E>(
        &self,
        write: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let urgency = Urgency::Settle;
        self.shared.writer.write(write, urgency, None).await
    }

    /// As [`Store::settle`], for results that nobody waits for: it answers once the write is queued, and
    /// `then` learns what became of it on the writer's thread, where it must not block. `write` may be
    /// run more than once, as with [`Store::write_repeatable`]. `delivery` is the row of the one whose result
    /// it records, if it does: results of one transaction are recorded in the order of their rows.
    pub async fn settle_then<T, E>(
        &self,
        haste: Haste,
        delivery: Option<i64>,
        write: impl Fn(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        then: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.shared
            .writer
            .write_then(haste, delivery, write, then)
            .await;
    }

    /// As [`Store::write`], for callers that do not wait for futures, such as the start.
    pub fn write_blocking<T, E>(
        &self,
        write: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.shared.writer.write_blocking(write)
    }

    /// Whether writes are accepted. After one that failed this writes a row itself: an empty
    /// transaction touches no disk.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        let is_hindered = self.shared.writer.is_hindered();
        self.write(move |tx| {
            if is_hindered {
                instance::try_write(tx, tx.now())?;
            }
            Ok(())
        })
        .await
    }

    /// Calls `listener` after every commit, on the writer's thread, in commit order. It must not
    /// block: every write waits for it.
    pub fn on_commit(&self, listener: impl Fn(&Committed) + Send + Sync + 'static) {
        self.shared.writer.on_commit(Box::new(listener));
    }

    /// Refuses new writes and waits for those under way; the last act of a shutdown.
    pub fn close(&self) {
        self.shared.writer.close();
    }

    /// The parsed profile of version `seq`; parsed once.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where the stored source no longer parses.
    pub fn profile(&self, conn: &Read<'_>, seq: i64) -> Result<Arc<Profile>, StoreError> {
        self.shared.profiles.load(conn, seq)
    }

    /// The parsed profile of version `seq`, if it has been parsed before.
    #[must_use]
    pub fn cached_profile(&self, seq: i64) -> Option<Arc<Profile>> {
        self.shared.profiles.cached(seq)
    }

    /// The subscribers of a workspace as the writer remembers them, where one of them has a filter;
    /// `None` also where it remembers nothing yet. They are what the next event meets, unless they
    /// change before.
    #[must_use]
    pub fn filtered_subscribers(&self, workspace_seq: i64) -> Option<Arc<Vec<Subscriber>>> {
        self.shared.filtered.of(workspace_seq)
    }

    /// The shape that a delivery is pinned to; parsed once. `None` for the plain one.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where what is stored no longer parses.
    pub fn shape(
        &self,
        conn: &Read<'_>,
        seq: Option<i64>,
    ) -> Result<Option<Arc<BodyShape>>, StoreError> {
        seq.map(|seq| self.shared.shapes.load(conn, seq))
            .transpose()
    }

    /// The shape of version `seq`, if it has been parsed before.
    #[must_use]
    pub fn cached_shape(&self, seq: i64) -> Option<Arc<BodyShape>> {
        self.shared.shapes.cached(seq)
    }

    /// The vault that seals and opens secrets.
    #[must_use]
    pub fn vault(&self) -> &Arc<vault::Vault> {
        &self.shared.vault
    }

    /// The clock that stamps rows.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Where the database lives.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.shared.data_dir
    }
}

/// The version of SQLite that is built in.
#[must_use]
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// Row numbers as `json_each` takes them: one statement for all of a page, whatever their number.
fn row_list(seqs: &[i64]) -> String {
    let numbers: Vec<String> = seqs.iter().map(i64::to_string).collect();
    format!("[{}]", numbers.join(","))
}

/// Opens sealed text.
fn unseal_text(
    vault: &vault::Vault,
    place: vault::Place,
    sealed: &[u8],
) -> Result<Secret, StoreError> {
    let plain = vault
        .unseal(place, sealed)
        .map_err(|error| StoreError::Damaged(error.to_string()))?;
    let text = String::from_utf8(plain.to_vec())
        .map_err(|_| StoreError::Damaged("sealed text is not UTF-8".to_owned()))?;
    Ok(Secret::new(text))
}

#[cfg(test)]
pub(crate) mod tests;

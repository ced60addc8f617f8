//! Backups: the whole post office in one file, and back.
//!
//! Owns: the form of a backup file, writing one while everything runs, restoring one, checking a
//! database. Refuses: overwriting anything, and restoring over an existing post office.
//!
//! # What a backup file is
//! A SQLite database like the one that it is a copy of, page by page, with one table more:
//! `backup_key` holds the master key, because a database without its key is worth nothing on the
//! day when it is needed. Whoever has the file therefore has every secret in it; its mode is 0600,
//! and it belongs where keys belong.
//!
//! # Why it is consistent without stopping anybody
//! A reader's snapshot of a WAL database stays what it was, however much is written meanwhile. The
//! copy is made from one such snapshot. It is flushed in small portions, so that the writer never
//! waits behind a gigabyte of somebody else's pages.
//!
//! # Why a restored post office does not send
//! It believes what was true when the backup was made. Deliveries that were made since would be
//! made again. So it starts with sending paused, until somebody has looked and says go.

use std::fs::{File, OpenOptions as FileOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, named_params};

use super::directory::DATABASE_FILE;
use super::open_error::OpenError;
use super::vault::{MasterKey, VaultError};
use super::{Store, StoreError};
use crate::domain::time::Timestamp;

mod check;
mod restore;

pub use check::{CheckReport, FINDINGS_MAX, check};
pub use restore::restore;

/// The form of backup files that this version writes and reads.
const FORMAT: i64 = 1;
/// Pages that are copied between two flushes: 4 MiB.
const PAGES_PER_FLUSH: i32 = 1024;
/// How long a copy waits for a lock.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Why a backup could not be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or directory cannot be used.
    #[error("cannot use {}: {source}", path.display())]
    Files {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is a file where the backup should go.
    #[error("{} exists already; a backup never overwrites anything", .0.display())]
    Exists(PathBuf),
    /// There is something where the post office should go.
    #[error(
        "{} is not empty: it holds {entry}; restore into a directory that is empty or does not \
         exist yet", path.display()
    )]
    NotEmpty {
        /// The directory.
        path: PathBuf,
        /// One of the things in it.
        entry: String,
    },
    /// The file was not written by [`write()`].
    #[error("{} is not a backup that this hookpost can read", .0.display())]
    NotABackup(PathBuf),
    /// The file was a backup once.
    #[error("{} is damaged: {finding}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first thing that is wrong with it.
        finding: String,
    },
    /// The key or the data directory cannot be used, or the backup is of a newer version.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database cannot be read or written.
    #[error("cannot copy the database: {0}")]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<VaultError> for BackupError {
    fn from(error: VaultError) -> Self {
        Self::Open(error.into())
    }
}

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// The file's size, in bytes.
    pub bytes: u64,
    /// The instant that the copy shows.
    pub made_at: Timestamp,
}

/// Writes a backup of the running post office to `target`, flushed. Blocks the calling thread for
/// as long as the copy takes, and nobody else.
///
/// # Errors
/// [`BackupError::Exists`] where there is a file already; otherwise what the disk or the database
/// says. Nothing is left behind.
pub fn write(store: &Store, target: &Path) -> Result<BackupReport, BackupError> {
    if target.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(target.to_owned()));
    }
    let draft = Draft::create(target)?;
    let made_at = store.clock().now();
    let database = store.data_dir().join(DATABASE_FILE);
    copy_pages(&database, &draft)?;
    add_key(&draft.path, store.vault().master_key(), made_at)?;
    let bytes = draft.publish(target)?;
    Ok(BackupReport { bytes, made_at })
}

/// The unfinished copy; it removes itself unless it is published.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    fn create(target: &Path) -> Result<Self, BackupError> {
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".unfinished-{}", std::process::id()));
        let path = PathBuf::from(name);
        let file = FileOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(files(&path))?;
        Ok(Self { path, file })
    }

    /// Gives the finished copy its name. Answers its size in bytes.
    fn publish(&self, target: &Path) -> Result<u64, BackupError> {
        self.file.sync_all().map_err(files(&self.path))?;
        let bytes = self.file.metadata().map_err(files(&self.path))?.len();
        // A second name is only given where there is none; renaming would replace what is there.
        match std::fs::hard_link(&self.path, target) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists(target.to_owned()));
            }
            // Some file systems have no second names.
            Err(_) => std::fs::rename(&self.path, target).map_err(files(target))?,
        }
        sync_dir_of(target)?;
        Ok(bytes)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let mut name = self.path.as_os_str().to_owned();
            name.push(suffix);
            match std::fs::remove_file(&name) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::warn!(%error, "could not remove an unfinished backup");
                }
                Ok(()) | Err(_) => {}
            }
        }
    }
}

fn copy_pages(database: &Path, draft: &Draft) -> Result<(), BackupError> {
    let source = open_read_only(database)?;
    // Backups begin anew when somebody writes between two steps, unless the snapshot is held.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")?;
    let mut copy = Connection::open_with_flags(&draft.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // The draft is worthless until it is whole, and flushed by hand.
    copy.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;")?;
    let backup = Backup::new(&source, &mut copy)?;
    loop {
        let step = backup.step(PAGES_PER_FLUSH)?;
        draft.file.sync_data().map_err(files(&draft.path))?;
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            StepResult::Busy | StepResult::Locked => std::thread::sleep(Duration::from_millis(5)),
            unknown => {
                let message = format!("a backup step answered {unknown:?}");
                return Err(StoreError::Damaged(message).into());
            }
        }
    }
}

/// Makes the copy a file that stands alone, and puts the key into it.
fn add_key(path: &Path, key: &MasterKey, made_at: Timestamp) -> Result<(), BackupError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.execute_batch(
        "PRAGMA journal_mode = DELETE;
         CREATE TABLE backup_key (
             format INTEGER NOT NULL,
             made_at INTEGER NOT NULL,
             master_key TEXT NOT NULL
         ) STRICT;",
    )?;
    conn.execute(
        "INSERT INTO backup_key (format, made_at, master_key)
         VALUES (:format, :made_at, :key)",
        named_params! {
            ":format": FORMAT,
            ":made_at": made_at.millis(),
            ":key": key.to_text().expose(),
        },
    )?;
    let finding: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if finding != "ok" {
        let path = path.to_owned();
        return Err(BackupError::Damaged { path, finding });
    }
    conn.close().map_err(|(_, error)| error.into())
}

fn open_read_only(database: &Path) -> Result<Connection, BackupError> {
    // SQLite's own words for a missing file name neither the file nor what is wrong with it. Opening
    // it to see would, at its closing, drop the locks that this process holds on it.
    rustix::fs::access(database, rustix::fs::Access::READ_OK)
        .map_err(|error| files(database)(error.into()))?;
    let conn = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    conn.busy_timeout(LOCK_WAIT)?;
    conn.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;")?;
    Ok(conn)
}

fn sync_dir_of(path: &Path) -> Result<(), BackupError> {
    let dir = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(files(dir))
}

fn files(path: &Path) -> impl Fn(std::io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::Files {
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests;

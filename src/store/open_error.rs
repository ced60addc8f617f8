//! Why a data directory could not be opened.
//!
//! Owns: the reasons, each with a sentence that says what to do. Refuses: finding them out.

use std::path::PathBuf;

use super::StoreError;
use super::vault::VaultError;

/// Why the data directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory or a file in it cannot be used.
    #[error("cannot use {path}: {source}")]
    Files {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another process has it.
    #[error(
        "the data directory is in use by another hookpost (process {owner}, lock {lock}); \
         stop that one first, or choose another --data-dir"
    )]
    Locked {
        /// The lock's path.
        lock: PathBuf,
        /// The other process's id, if it could be read.
        owner: String,
    },
    /// The file is not one of hookpost's.
    #[error("{path} is not hookpost's: {reason}; nothing was changed: choose another --data-dir")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// A later version wrote it.
    #[error(
        "the database has version {version}, but this hookpost knows only {known}; \
         nothing was changed: use the newer hookpost that wrote it"
    )]
    Newer {
        /// The database's version.
        version: i64,
        /// The newest version this binary knows.
        known: i64,
    },
    /// An upgrade keeps a copy, for which there is no room.
    #[error(
        "the upgrade keeps the database as it was in {}, and the disk has no room for its {bytes} \
         bytes; nothing was changed: make room, or make a backup elsewhere and then an empty file of \
         that name", copy.display()
    )]
    NoRoom {
        /// Where the copy should be.
        copy: PathBuf,
        /// How many bytes it needs.
        bytes: u64,
    },
    /// A rung of the ladder failed; the database is as it was.
    #[error("could not bring the database to this version: {0}")]
    Migration(String),
    /// The bundled SQLite is too old to be safe.
    #[error("SQLite {0} is too old; hookpost needs 3.51.3 or later")]
    OldSqlite(&'static str),
    /// The key is missing, unsafe or not the database's.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database cannot be read or written.
    #[error("cannot open the database: {0}")]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

//! Why the store could not do what it was asked.
//!
//! Owns: telling damage from what the database refused. Refuses: deciding what a caller is told; see
//! [`Obstacle`](super::Obstacle) for what stands outside of hookpost.

use std::cell::Cell;
use std::sync::Arc;

use rusqlite::ErrorCode;

/// Why the store could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused a statement; nothing of the caller's transaction was kept.
    #[error("the database refused a statement: {0}")]
    Sqlite(Arc<rusqlite::Error>),
    /// More writes wait than the queue may hold.
    #[error("the write queue is full")]
    Overloaded,
    /// The disk has less free space than the floor that ingest must leave.
    #[error("the disk is almost full")]
    StorageLow,
    /// The writer stopped: the process is ending, or a flush failed and nothing may be promised.
    #[error("the database accepts no more writes: {0}")]
    Stopped(&'static str),
    /// No connection for reading became free in time.
    #[error("no database connection became free")]
    ReadersBusy,
    /// A row does not hold what was once written to it.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
}

impl StoreError {
    /// A flush that failed, or a file that cannot be written: nothing on the disk can be trusted to be
    /// what memory holds. A full disk is not among these.
    pub(super) fn is_failed_flush(&self) -> bool {
        let Self::Sqlite(error) = self else {
            return false;
        };
        let code = error.sqlite_error_code();
        matches!(
            code,
            Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        )
    }
}

thread_local! {
    static CORRUPTION_MET: Cell<bool> = const { Cell::new(false) };
}

/// Whether a statement of this thread met a page that is not what SQLite wrote, since this was asked
/// last. Errors pass through callers' types on their way; that a page is corrupt must not get lost.
pub(super) fn corruption_met() -> bool {
    CORRUPTION_MET.take()
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if let Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) =
            error.sqlite_error_code()
        {
            CORRUPTION_MET.set(true);
        }
        match error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..) => Self::Damaged(error.to_string()),
            other => Self::Sqlite(Arc::new(other)),
        }
    }
}

/// A stored word that no version of hookpost writes.
pub(super) fn damaged(column: &str, row: i64) -> StoreError {
    StoreError::Damaged(format!("{column} of row {row} holds an unknown value"))
}

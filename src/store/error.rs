//! Why the store could not do what it was asked.
//!
//! Owns: telling damage from what the database refused. Refuses: deciding what a caller is told; see
//! [`Obstacle`](super::Obstacle) for what stands outside of hookpost.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use rusqlite::{ErrorCode, ffi};

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
    /// Somebody reads the database for so long that its log has grown to its bound.
    #[error("the database's log is read by somebody and has grown to its bound")]
    LogHeld,
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
    /// A flush that failed, or a file that is not a database any more: nothing on the disk can be
    /// trusted to be what memory holds. A write that failed is not among these: nothing that was
    /// flushed before depends on it.
    pub(super) fn is_failed_flush(&self) -> bool {
        let Self::Sqlite(error) = self else {
            return false;
        };
        let rusqlite::Error::SqliteFailure(cause, _) = error.as_ref() else {
            return false;
        };
        let is_no_database = matches!(
            cause.code,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
        );
        is_no_database
            || matches!(
                cause.extended_code,
                ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC
            )
    }
}

thread_local! {
    static CORRUPTION_MET: Cell<bool> = const { Cell::new(false) };
    static OBSTACLE_MET: RefCell<Option<StoreError>> = const { RefCell::new(None) };
}

/// Whether a statement of this thread met a page that is not what SQLite wrote, since this was asked
/// last. Errors pass through callers' types on their way; that a page is corrupt must not get lost.
pub(super) fn corruption_met() -> bool {
    CORRUPTION_MET.take()
}

/// What stood in the way of a statement of this thread last, since this was asked last: the reason
/// for which SQLite may have given up the whole transaction.
pub(super) fn obstacle_met() -> Option<StoreError> {
    OBSTACLE_MET.take()
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
            other => {
                let error = Self::Sqlite(Arc::new(other));
                if error.obstacle().is_some() {
                    OBSTACLE_MET.set(Some(error.clone()));
                }
                error
            }
        }
    }
}

/// A stored word that no version of hookpost writes.
pub(super) fn damaged(column: &str, row: i64) -> StoreError {
    StoreError::Damaged(format!("{column} of row {row} holds an unknown value"))
}

//! Why the store could not do what it was asked.
//!
//! Owns: telling damage from what the database refused. Refuses: deciding what a caller is told; see
//! [`Obstacle`](super::Obstacle) for what stands outside of hookpost.

use std::sync::Arc;

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

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
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

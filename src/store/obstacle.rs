//! What stands in the way of a statement that is right in itself.
//!
//! Owns: telling such things from faults of ours by the database's codes. Refuses: deciding what a
//! caller is told.

use rusqlite::ErrorCode;

use super::StoreError;

/// Something outside of hookpost that a statement failed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Another process holds the database.
    Busy,
    /// The disk is full.
    Full,
    /// The disk or the file on it failed.
    Failed,
}

impl StoreError {
    /// What stood in the way; `None` for everything that trying again does not change.
    #[must_use]
    pub fn obstacle(&self) -> Option<Obstacle> {
        let Self::Sqlite(cause) = self else {
            return None;
        };
        match cause.sqlite_error_code()? {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Some(Obstacle::Busy),
            ErrorCode::DiskFull => Some(Obstacle::Full),
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase => Some(Obstacle::Failed),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn what_stands_outside_is_told_from_faults_of_ours() {
        for (code, expect) in [
            (ffi::SQLITE_BUSY, Some(Obstacle::Busy)),
            (ffi::SQLITE_BUSY_SNAPSHOT, Some(Obstacle::Busy)),
            (ffi::SQLITE_LOCKED, Some(Obstacle::Busy)),
            (ffi::SQLITE_FULL, Some(Obstacle::Full)),
            (ffi::SQLITE_IOERR_WRITE, Some(Obstacle::Failed)),
            (ffi::SQLITE_IOERR_FSYNC, Some(Obstacle::Failed)),
            (ffi::SQLITE_READONLY, Some(Obstacle::Failed)),
            (ffi::SQLITE_CORRUPT, Some(Obstacle::Failed)),
            (ffi::SQLITE_CONSTRAINT, None),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            assert_eq!(StoreError::from(error).obstacle(), expect, "{code}");
        }
    }
}

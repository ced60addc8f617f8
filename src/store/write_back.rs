//! Writing the log back into the database.
//!
//! Owns: the one statement, and what came of it. Refuses: when; the writer does that.

use rusqlite::Connection;

/// What became of the log.
pub(super) enum Log {
    /// All of it is in the database, and the file is empty.
    Cut,
    /// Somebody reads from it. SQLite says so in a row, not as an error.
    Read,
}

pub(super) fn write_back(conn: &Connection) -> rusqlite::Result<Log> {
    let is_busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(if is_busy { Log::Read } else { Log::Cut })
}

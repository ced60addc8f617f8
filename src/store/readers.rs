//! The pool of read-only connections.
//!
//! Owns: opening them so that they cannot write, lending them. Refuses: waiting for ever; a caller
//! who gets none in five seconds is told so.

use std::path::Path;
use std::time::Duration;

use r2d2::Pool;
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::{Connection, OpenFlags};

use super::alarm::Alarm;
use super::error::corruption_met;
use super::{Read, StoreError};

/// Connections for reading, at most.
const READERS_MAX: u32 = 8;
/// How long a reader waits for a free connection.
const READER_WAIT: Duration = Duration::from_secs(5);
/// A connection that nobody used for so long is closed, all but one: each holds up to 2 MiB of pages.
const READER_IDLE: Duration = Duration::from_secs(20);
/// Prepared statements that each connection keeps.
pub(super) const STATEMENTS_KEPT: usize = 256;

pub(super) struct Readers {
    pool: Pool<SqliteConnectionManager>,
    alarm: Alarm,
}

impl Readers {
    pub(super) fn open(database: &Path, alarm: Alarm) -> Result<Self, r2d2::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let manager = SqliteConnectionManager::file(database)
            .with_flags(flags)
            .with_init(prepare_reader);
        let pool = Pool::builder()
            .max_size(READERS_MAX)
            .min_idle(Some(1))
            .connection_timeout(READER_WAIT)
            .idle_timeout(Some(READER_IDLE))
            .test_on_check_out(false)
            .build(manager)?;
        Ok(Self { pool, alarm })
    }

    pub(super) fn read<T, E: From<StoreError>>(
        &self,
        read: impl FnOnce(&Read<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let conn = self.pool.get().map_err(|_| StoreError::ReadersBusy)?;
        // One snapshot for the whole closure, so that several statements see the same state.
        let snapshot = conn.unchecked_transaction().map_err(StoreError::from)?;
        let answer = read(&Read::new(&snapshot));
        drop(snapshot);
        if corruption_met() {
            self.alarm.sound();
        }
        answer
    }
}

fn prepare_reader(conn: &mut Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    conn.busy_timeout(READER_WAIT)?;
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -2048;")
}

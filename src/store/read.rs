//! What readers hold of the database: statements of the store's own functions, and nothing else.
//!
//! Owns: the one snapshot that a closure reads from. Refuses: handing out the connection; callers
//! name no database crate and write no SQL.

use rusqlite::{CachedStatement, Connection, Statement};

/// A view of the database that does not change while it is held.
#[derive(Clone, Copy)]
pub struct Read<'a>(&'a Connection);

impl<'a> Read<'a> {
    pub(super) fn new(conn: &'a Connection) -> Self {
        Self(conn)
    }

    /// A statement, prepared once for each connection. It borrows the connection and not the view,
    /// so that a transaction can note its effects while it runs.
    pub(super) fn prepare_cached(&self, sql: &str) -> rusqlite::Result<CachedStatement<'a>> {
        self.0.prepare_cached(sql)
    }

    /// As [`Read::prepare_cached`], for a statement whose text differs each time.
    pub(super) fn prepare(&self, sql: &str) -> rusqlite::Result<Statement<'a>> {
        self.0.prepare(sql)
    }

    /// The connection itself, for tests that look over its shoulder.
    #[cfg(test)]
    pub(crate) fn connection(&self) -> &'a Connection {
        self.0
    }

    pub(super) fn last_insert_rowid(&self) -> i64 {
        self.0.last_insert_rowid()
    }
}

//! An outbox in a SQLite file of the platform's.
//!
//! Owns: its statements. Refuses: making the file or the table; a mistyped path must not become an
//! empty outbox that nobody writes to.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use super::{AfterPublishing, OutboxError, OutboxOptions, OutboxRow, OutboxTable, SettledRows};

/// How long a statement waits for the platform's own transactions.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// An open outbox.
pub struct SqliteOutbox {
    conn: Connection,
    table: String,
    after: AfterPublishing,
}

impl From<rusqlite::Error> for OutboxError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

/// The statements that make the table.
pub(super) fn schema(table: &OutboxTable) -> String {
    let (quoted, name) = (table.quoted(), table.name());
    format!(
        "CREATE TABLE {quoted} (
  position     INTEGER PRIMARY KEY AUTOINCREMENT,
  id           TEXT NOT NULL UNIQUE,
  type         TEXT NOT NULL,
  data         TEXT NOT NULL,
  occurred_at  TEXT,
  consumer     TEXT,
  published_at TEXT,
  error        TEXT
);
CREATE INDEX \"{name}_waiting\" ON {quoted} (position)
  WHERE published_at IS NULL AND error IS NULL;
"
    )
}

impl SqliteOutbox {
    pub(super) fn open(path: &Path, options: &OutboxOptions) -> Result<Self, OutboxError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(BUSY_TIMEOUT)?;
        Ok(Self {
            conn,
            table: options.table.quoted(),
            after: options.after,
        })
    }

    pub(super) fn waiting(&mut self, most: u32) -> Result<Vec<OutboxRow>, OutboxError> {
        let statement = format!(
            "SELECT position, id, type, data, occurred_at, consumer
             FROM {}
             WHERE published_at IS NULL AND error IS NULL
             ORDER BY position
             LIMIT ?1",
            self.table
        );
        let mut statement = self.conn.prepare_cached(&statement)?;
        let rows = statement.query_map([most], |row| {
            Ok(OutboxRow {
                position: row.get(0)?,
                id: row.get(1)?,
                event_type: row.get(2)?,
                data: row.get(3)?,
                occurred_at: row.get(4)?,
                consumer: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn settle(&mut self, settled: &SettledRows) -> Result<(), OutboxError> {
        let publish = match self.after {
            AfterPublishing::Mark => format!(
                "UPDATE {}
                 SET published_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
                 WHERE position = ?1",
                self.table
            ),
            AfterPublishing::Delete => format!("DELETE FROM {} WHERE position = ?1", self.table),
        };
        let refuse = format!("UPDATE {} SET error = ?2 WHERE position = ?1", self.table);
        let tx = self.conn.transaction()?;
        {
            let mut publish = tx.prepare_cached(&publish)?;
            for position in &settled.published {
                publish.execute([position])?;
            }
            let mut refuse = tx.prepare_cached(&refuse)?;
            for (position, reason) in &settled.refused {
                refuse.execute(params![position, reason])?;
            }
        }
        Ok(tx.commit()?)
    }
}

//! A platform's outbox: the table into which it writes events in the transaction that causes them.
//!
//! Owns: the table's form, reading what waits in it in order, and marking what was published. Refuses:
//! publishing (the command line's relay calls the API), and everything else in that database.
//!
//! # Why this stands in the store
//! It is the one room that may speak to databases. This is another's database, on another machine;
//! nothing here touches hookpost's own, and nothing of the store is used.
//!
//! # Why rows are marked and no place is remembered
//! Positions are given out before their transactions commit: a row can appear behind one that was
//! read already. Whoever remembers the last position it has seen loses such a row. Marked one by one,
//! none is lost, and the relay has no state of its own.
//!
//! # Why nothing is published twice
//! A row's id becomes the event's id. Between publishing a row and marking it the relay may be killed;
//! then it publishes the row again, and hookpost recognises it: nothing is delivered anew.

mod encrypted;
mod mysql;
mod postgres;
mod sqlite;
mod table;

use std::path::PathBuf;
use std::time::Duration;

pub use table::OutboxTable;

/// The most rows that are read at once.
pub const BATCH_ROWS_MAX: u32 = 1000;
/// The most characters of a reason that is written beside a refused row.
pub const REASON_CHARS_MAX: usize = 500;

/// What goes wrong with the platform's database.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The address names no database that can be read.
    #[error("--database {0}")]
    Address(String),
    /// The table's name is none.
    #[error(
        "--table must be letters, digits and _, with a schema before it if need be: outbox, app.outbox"
    )]
    TableName,
    /// The authorities that are to be trusted can't be read.
    #[error("--database-ca holds no certificates that can be used: {0}")]
    Authorities(String),
    /// The database refused, or can't be reached.
    #[error("the outbox: {0}")]
    Database(String),
}

/// A row that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Where it stands in line.
    pub position: i64,
    /// The event's id.
    pub id: String,
    /// The event's type.
    pub event_type: String,
    /// The event's data, JSON.
    pub data: String,
    /// When it happened, RFC 3339.
    pub occurred_at: Option<String>,
    /// The consumer it is for.
    pub consumer: Option<String>,
}

/// How an outbox is opened.
#[derive(Clone, Debug)]
pub struct OutboxOptions {
    /// Its table.
    pub table: OutboxTable,
    /// What becomes of rows that were published.
    pub after: AfterPublishing,
    /// The file of authorities (PEM) that are trusted besides the public ones.
    pub roots_file: Option<PathBuf>,
}

/// What becomes of rows that were published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterPublishing {
    /// They stay, with the time at which they were published.
    Mark,
    /// They are deleted.
    Delete,
}

/// What became of the rows of a batch, by their positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettledRows {
    /// Those that were published, now or before.
    pub published: Vec<i64>,
    /// Those that can't be, and why.
    pub refused: Vec<(i64, String)>,
}

/// An open outbox.
pub enum Outbox {
    /// In a file.
    Sqlite(sqlite::SqliteOutbox),
    /// In MySQL or MariaDB.
    Mysql(Box<mysql::MysqlOutbox>),
    /// In PostgreSQL.
    Postgres(Box<postgres::PostgresOutbox>),
}

impl Outbox {
    /// Opens the outbox at `address`: `sqlite:PATH`, `postgres://…`, `mysql://…` or `mariadb://…`.
    ///
    /// # Errors
    /// [`OutboxError`] says what is wrong with the address, the table or the database.
    pub fn open(address: &str, options: &OutboxOptions) -> Result<Self, OutboxError> {
        match address.split_once(':') {
            Some(("sqlite", path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                sqlite::SqliteOutbox::open(path.as_ref(), options).map(Self::Sqlite)
            }
            Some(("postgres" | "postgresql", _)) => {
                let opened = postgres::PostgresOutbox::open(address, options)?;
                Ok(Self::Postgres(Box::new(opened)))
            }
            Some(("mysql" | "mariadb", _)) => {
                let opened = mysql::MysqlOutbox::open(address, options)?;
                Ok(Self::Mysql(Box::new(opened)))
            }
            _ => Err(unknown_kind()),
        }
    }

    /// The statements that make the table, for a database of the kind that `address` names.
    pub fn schema(address: &str, table: &OutboxTable) -> Result<String, OutboxError> {
        match address.split_once(':') {
            Some(("sqlite", _)) => Ok(sqlite::schema(table)),
            Some(("postgres" | "postgresql", _)) => Ok(postgres::schema(table)),
            Some(("mysql" | "mariadb", _)) => Ok(mysql::schema(table)),
            _ => Err(unknown_kind()),
        }
    }

    /// The rows that wait, in order, `most` at most.
    pub fn waiting(&mut self, most: u32) -> Result<Vec<OutboxRow>, OutboxError> {
        let most = most.clamp(1, BATCH_ROWS_MAX);
        match self {
            Self::Sqlite(outbox) => outbox.waiting(most),
            Self::Mysql(outbox) => outbox.waiting(most),
            Self::Postgres(outbox) => outbox.waiting(most),
        }
    }

    /// Marks what became of rows, in one transaction.
    pub fn settle(&mut self, settled: &SettledRows) -> Result<(), OutboxError> {
        match self {
            Self::Sqlite(outbox) => outbox.settle(settled),
            Self::Mysql(outbox) => outbox.settle(settled),
            Self::Postgres(outbox) => outbox.settle(settled),
        }
    }

    /// Returns when there may be more, after `longest` at the latest.
    pub fn wait(&mut self, longest: Duration) -> Result<(), OutboxError> {
        match self {
            Self::Sqlite(_) | Self::Mysql(_) => {
                std::thread::sleep(longest);
                Ok(())
            }
            Self::Postgres(outbox) => outbox.wait(longest),
        }
    }
}

fn unknown_kind() -> OutboxError {
    let message = "must begin with sqlite:, postgres://, mysql:// or mariadb://";
    OutboxError::Address(message.to_owned())
}

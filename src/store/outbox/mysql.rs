//! An outbox in a MySQL or MariaDB database of the platform's.
//!
//! Owns: its statements, and TLS to it. Refuses: making the table.
//!
//! # Why it looks and is not woken
//! Neither database tells a client of another's commit. So it looks again after a while, which
//! `hookpost relay --poll` names.
//!
//! # One relay at a time
//! Rows go out in order while one relay reads them. A session's named lock says who; a second relay
//! stands by, and takes over once the first one's connection is gone.

use std::path::Path;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, Opts, OptsBuilder, SslOpts, TxOpts};
use url::Url;

use super::{AfterPublishing, OutboxError, OutboxOptions, OutboxRow, OutboxTable, SettledRows};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// After how many milliseconds of silence the connection is looked after.
const KEEPALIVE_MS: u32 = 30_000;

/// An open outbox.
pub struct MysqlOutbox {
    conn: Conn,
    table: String,
    after: AfterPublishing,
    is_first: bool,
}

impl From<mysql::Error> for OutboxError {
    fn from(error: mysql::Error) -> Self {
        Self::Database(error.to_string())
    }
}

/// The statements that make the table.
pub(super) fn schema(table: &OutboxTable) -> String {
    let (quoted, name) = (table.in_backticks(), table.name());
    format!(
        "CREATE TABLE {quoted} (
  position     bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id           varchar(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL UNIQUE,
  type         varchar(128) NOT NULL,
  data         json NOT NULL,
  occurred_at  datetime(3) COMMENT 'in UTC',
  consumer     varchar(256),
  published_at datetime(3) COMMENT 'in UTC',
  error        text,
  INDEX {name}_waiting (published_at, position)
) ENGINE=InnoDB CHARACTER SET utf8mb4;
"
    )
}

impl MysqlOutbox {
    pub(super) fn open(address: &str, options: &OutboxOptions) -> Result<Self, OutboxError> {
        let mut conn = Conn::new(opts(address, options.roots_file.as_deref())?)?;
        // What counts as now, and as a time, is the same whatever the server is set to.
        conn.query_drop("SET time_zone = '+00:00'")?;
        Ok(Self {
            conn,
            table: options.table.in_backticks(),
            after: options.after,
            is_first: false,
        })
    }

    /// Whether this relay is the one that reads; one that stands by asks again each time.
    fn is_first(&mut self) -> Result<bool, OutboxError> {
        if !self.is_first {
            // Locks belong to the whole server, and their names have a bound.
            let lock = "SELECT GET_LOCK(CONCAT('hookpost ', SHA1(CONCAT(DATABASE(), ' ', ?))), 0)";
            let taken: Option<Option<i64>> = self.conn.exec_first(lock, (&self.table,))?;
            self.is_first = taken.flatten() == Some(1);
        }
        Ok(self.is_first)
    }

    pub(super) fn waiting(&mut self, most: u32) -> Result<Vec<OutboxRow>, OutboxError> {
        if !self.is_first()? {
            return Ok(Vec::new());
        }
        let statement = format!(
            "SELECT position, id, type, CAST(data AS char),
                    CONCAT(LEFT(DATE_FORMAT(occurred_at, '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z'), consumer
             FROM {}
             WHERE published_at IS NULL AND error IS NULL
             ORDER BY position
             LIMIT ?",
            self.table
        );
        let row = |(position, id, event_type, data, occurred_at, consumer)| OutboxRow {
            position,
            id,
            event_type,
            data,
            occurred_at,
            consumer,
        };
        Ok(self.conn.exec_map(statement, (most,), row)?)
    }

    pub(super) fn settle(&mut self, settled: &SettledRows) -> Result<(), OutboxError> {
        let table = &self.table;
        let mut tx = self.conn.start_transaction(TxOpts::default())?;
        if !settled.published.is_empty() {
            let positions: Vec<String> = settled.published.iter().map(i64::to_string).collect();
            let positions = positions.join(", ");
            tx.query_drop(match self.after {
                AfterPublishing::Mark => format!(
                    "UPDATE {table}
                     SET published_at = UTC_TIMESTAMP(3)
                     WHERE position IN ({positions})"
                ),
                AfterPublishing::Delete => {
                    format!("DELETE FROM {table} WHERE position IN ({positions})")
                }
            })?;
        }
        let refuse = format!("UPDATE {table} SET error = ? WHERE position = ?");
        for (position, reason) in &settled.refused {
            tx.exec_drop(&refuse, (reason, position))?;
        }
        Ok(tx.commit()?)
    }
}

/// How the database at an address is reached. `sslmode` (or `ssl-mode`) is ours, as for PostgreSQL; every
/// other parameter is the client library's.
fn opts(address: &str, roots_file: Option<&Path>) -> Result<Opts, OutboxError> {
    let unusable = |error: &dyn std::fmt::Display| OutboxError::Address(error.to_string());
    let mut url = Url::parse(address).map_err(|error| unusable(&error))?;
    let pairs = url.query_pairs().into_owned();
    let (ours, others): (Vec<_>, Vec<_>) =
        pairs.partition(|(name, _)| matches!(name.as_str(), "sslmode" | "ssl-mode"));
    url.set_query(None);
    for (name, value) in &others {
        url.query_pairs_mut().append_pair(name, value);
    }
    let encryption = match ours.last().map(|(_, mode)| mode.to_ascii_lowercase()) {
        None => None,
        Some(mode) if matches!(mode.as_str(), "disable" | "disabled") => None,
        Some(mode) if matches!(mode.as_str(), "require" | "required" | "verify_identity") => {
            let opts = SslOpts::default();
            Some(opts.with_root_cert_path(roots_file.map(Path::to_owned)))
        }
        Some(mode) => {
            let message = format!("sslmode must be require or disable, not {mode}");
            return Err(OutboxError::Address(message));
        }
    };
    let text = url.as_str().replacen("mariadb:", "mysql:", 1);
    let opts = Opts::from_url(&text).map_err(|error| unusable(&error))?;
    if opts.get_db_name().is_none_or(str::is_empty) {
        let message = "names no database: mysql://USER:PASSWORD@HOST/NAME";
        return Err(OutboxError::Address(message.to_owned()));
    }
    Ok(OptsBuilder::from_opts(opts)
        .prefer_socket(false)
        .tcp_connect_timeout(Some(CONNECT_TIMEOUT))
        .read_timeout(Some(ANSWER_TIMEOUT))
        .write_timeout(Some(ANSWER_TIMEOUT))
        .tcp_keepalive_time_ms(Some(KEEPALIVE_MS))
        .ssl_opts(encryption)
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_the_database_is_and_whether_the_way_is_encrypted() {
        let check = |address: &str, encrypted: bool| {
            let read = opts(address, None).unwrap();
            assert_eq!(read.get_db_name(), Some("shop"), "{address}");
            assert_eq!(read.get_ssl_opts().is_some(), encrypted, "{address}");
        };
        check("mysql://u:p@db.example.com/shop", false);
        check("mariadb://u@127.0.0.1:3307/shop?sslmode=disable", false);
        check("mysql://u:p@db.example.com/shop?sslmode=require", true);
        check("mysql://u:p@db.example.com/shop?ssl-mode=REQUIRED", true);
        for wrong in [
            "mysql://db.example.com",
            "mysql://db.example.com/",
            "mysql://db.example.com/shop?sslmode=prefer",
            "mysql://db.example.com/shop?nonsense=1",
            "mysql:shop",
        ] {
            assert!(opts(wrong, None).is_err(), "{wrong}");
        }
    }
}

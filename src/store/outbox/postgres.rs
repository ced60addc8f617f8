//! An outbox in a PostgreSQL database of the platform's.
//!
//! Owns: its statements, TLS to it, and being woken by it. Refuses: making the table.
//!
//! # Why it listens and looks
//! A trigger's `NOTIFY` tells at once that a row was committed, but a notification that was sent while
//! the connection was down is lost for good. So it also looks after a while, whatever was said.
//!
//! # One relay at a time
//! Rows go out in order while one relay reads them. A session's advisory lock says who; a second relay
//! stands by, and takes over once the first one's connection is gone.

use std::time::Duration;

use postgres::config::SslMode;
use postgres::fallible_iterator::FallibleIterator;
use postgres::{Client, Config, NoTls};

use super::encrypted::Encrypting;
use super::{AfterPublishing, OutboxError, OutboxOptions, OutboxRow, OutboxTable, SettledRows};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The first half of the advisory lock's key: `hook`.
const LOCK_SPACE: i32 = 0x686f_6f6b;

/// An open outbox.
pub struct PostgresOutbox {
    client: Client,
    table: String,
    after: AfterPublishing,
    is_first: bool,
}

impl From<postgres::Error> for OutboxError {
    fn from(error: postgres::Error) -> Self {
        // The library's own words leave the server's out.
        Self::Database(match error.as_db_error() {
            Some(refusal) => refusal.message().to_owned(),
            None => match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            },
        })
    }
}

/// The statements that make the table.
pub(super) fn schema(table: &OutboxTable) -> String {
    let (quoted, name) = (table.quoted(), table.name());
    format!(
        "CREATE TABLE {quoted} (
  position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id           text NOT NULL UNIQUE,
  type         text NOT NULL,
  data         jsonb NOT NULL,
  occurred_at  timestamptz,
  consumer     text,
  published_at timestamptz,
  error        text
);
CREATE INDEX \"{name}_waiting\" ON {quoted} (position)
  WHERE published_at IS NULL AND error IS NULL;
CREATE FUNCTION \"{name}_notify\"() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN NOTIFY \"{name}\"; RETURN NULL; END $$;
CREATE TRIGGER \"{name}_notify\" AFTER INSERT ON {quoted}
  FOR EACH STATEMENT EXECUTE FUNCTION \"{name}_notify\"();
"
    )
}

impl PostgresOutbox {
    pub(super) fn open(address: &str, options: &OutboxOptions) -> Result<Self, OutboxError> {
        let mut config: Config = address
            .parse()
            .map_err(|error: postgres::Error| OutboxError::Address(error.to_string()))?;
        config
            .application_name("hookpost relay")
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives_idle(Duration::from_secs(30));
        let mut client = match config.get_ssl_mode() {
            SslMode::Require => config.connect(Encrypting::new(options.roots_file.as_deref())?)?,
            // Whoever asks for no certainty gets none: a certificate that is not checked protects nothing.
            _ => config.connect(NoTls)?,
        };
        client.batch_execute(&format!("LISTEN \"{}\"", options.table.name()))?;
        Ok(Self {
            client,
            table: options.table.quoted(),
            after: options.after,
            is_first: false,
        })
    }

    /// Whether this relay is the one that reads; one that stands by asks again each time.
    fn is_first(&mut self) -> Result<bool, OutboxError> {
        if !self.is_first {
            let lock = "SELECT pg_try_advisory_lock($1, hashtext($2))";
            let row = self.client.query_one(lock, &[&LOCK_SPACE, &self.table])?;
            self.is_first = row.try_get(0)?;
        }
        Ok(self.is_first)
    }

    pub(super) fn waiting(&mut self, most: u32) -> Result<Vec<OutboxRow>, OutboxError> {
        if !self.is_first()? {
            return Ok(Vec::new());
        }
        let statement = format!(
            "SELECT position, id::text, type::text, data::text,
                    to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
                    consumer::text
             FROM {}
             WHERE published_at IS NULL AND error IS NULL
             ORDER BY position
             LIMIT $1",
            self.table
        );
        let rows = self.client.query(&statement, &[&i64::from(most)])?;
        let read = |row: postgres::Row| -> Result<OutboxRow, postgres::Error> {
            Ok(OutboxRow {
                position: row.try_get(0)?,
                id: row.try_get(1)?,
                event_type: row.try_get(2)?,
                data: row.try_get(3)?,
                occurred_at: row.try_get(4)?,
                consumer: row.try_get(5)?,
            })
        };
        Ok(rows.into_iter().map(read).collect::<Result<_, _>>()?)
    }

    pub(super) fn settle(&mut self, settled: &SettledRows) -> Result<(), OutboxError> {
        let publish = match self.after {
            AfterPublishing::Mark => format!(
                "UPDATE {}
                 SET published_at = now()
                 WHERE position = ANY($1)",
                self.table
            ),
            AfterPublishing::Delete => {
                format!("DELETE FROM {} WHERE position = ANY($1)", self.table)
            }
        };
        let refuse = format!("UPDATE {} SET error = $2 WHERE position = $1", self.table);
        let mut tx = self.client.transaction()?;
        tx.execute(&publish, &[&settled.published])?;
        for (position, reason) in &settled.refused {
            tx.execute(&refuse, &[position, reason])?;
        }
        Ok(tx.commit()?)
    }

    pub(super) fn wait(&mut self, longest: Duration) -> Result<(), OutboxError> {
        let mut notifications = self.client.notifications();
        let heard = notifications.timeout_iter(longest).next()?;
        // Those that came with it say the same.
        if heard.is_some() {
            while notifications.iter().next()?.is_some() {}
        }
        Ok(())
    }
}

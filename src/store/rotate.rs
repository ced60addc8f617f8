//! Rotating the master key: everything that is sealed is sealed anew.
//!
//! Owns: the list of sealed columns, the order of the steps. Refuses: working beside a running
//! server, whose vault would go on with the old key; the data directory's lock sees to that.
//!
//! # Why the steps are apart
//! The new key is on the disk before the database adopts it, and the database adopts it in one
//! transaction. After a crash between any two steps the database fits one of the two keys, and the
//! next start finds out which (see [`vault`](super::vault)).

use std::fs::File;

use rusqlite::{Connection, Transaction, named_params};

use super::directory::{DATABASE_FILE, files, lock};
use super::instance::{self, Fact};
use super::open::{OpenOptions, connect, open_vault};
use super::open_error::OpenError;
use super::vault::{KeySource, MasterKey, PendingKey, Place, Vault, VaultError};
use super::{Read, StoreError, migrate};

/// Rows that one statement reads.
const ROWS_AT_ONCE: u32 = 500;

/// Every column that holds sealed values; their tables number their rows by `seq`.
const SEALED: [(&str, &str); 5] = [
    ("webhooks", "headers_sealed"),
    ("webhook_secrets", "sealed"),
    ("workspaces", "secret_sealed"),
    ("users", "totp_sealed"),
    ("idempotency", "answer_sealed"),
];

/// Where the next master key comes from.
#[derive(Clone, Debug)]
pub enum NextKey {
    /// A new one is made, for a key file of our own.
    Generated,
    /// Somebody provides it, for keys that come from outside; from the next start on, it is the
    /// one to give.
    Given(KeySource),
}

/// Replaces the master key of the data directory that `options` names. Answers how many values
/// were sealed anew.
///
/// # Errors
/// [`OpenError::Locked`] while a server runs; otherwise what stands in the way. The old key stays
/// in force then.
pub fn rotate_master(options: &OpenOptions, next: &NextKey) -> Result<u64, OpenError> {
    let mut rotation = Rotation::begin(options, next)?;
    let resealed = rotation.reseal()?;
    rotation.finish()?;
    Ok(resealed)
}

struct Rotation {
    conn: Connection,
    old: Vault,
    new: New,
    _lock: File,
}

enum New {
    Pending(PendingKey),
    Given(MasterKey),
}

impl New {
    fn key(&self) -> &MasterKey {
        match self {
            Self::Pending(pending) => pending.key(),
            Self::Given(key) => key,
        }
    }
}

impl Rotation {
    /// Puts the new key on the disk.
    fn begin(options: &OpenOptions, next: &NextKey) -> Result<Self, OpenError> {
        let lock = lock(&options.data_dir)?;
        let database = options.data_dir.join(DATABASE_FILE);
        // Connecting would make the file.
        std::fs::metadata(&database).map_err(files(&database))?;
        let mut conn = connect(&database)?;
        migrate::migrate(&mut conn)?;
        let old = open_vault(&mut conn, &options.key)?;
        let new = match (&options.key, next) {
            (KeySource::File(path), NextKey::Generated) => New::Pending(PendingKey::write(path)?),
            (KeySource::Text(_) | KeySource::Credential(_), NextKey::Given(source)) => {
                New::Given(given(source)?)
            }
            (KeySource::File(_), NextKey::Given(source)) => return Err(misplaced(source)),
            (source @ (KeySource::Text(_) | KeySource::Credential(_)), NextKey::Generated) => {
                return Err(misplaced(source));
            }
        };
        Ok(Self {
            conn,
            old,
            new,
            _lock: lock,
        })
    }

    /// Seals everything anew, in one transaction, together with the record of the new key.
    fn reseal(&mut self) -> Result<u64, OpenError> {
        let (new, record) = self.old.rotated(self.new.key());
        // What is replaced is overwritten: the old key may be known to somebody.
        self.conn.execute_batch("PRAGMA secure_delete = ON;")?;
        let tx = self.conn.transaction()?;
        let mut resealed = 0;
        for (table, column) in SEALED {
            resealed += reseal_column(&tx, &self.old, &new, table, column)?;
        }
        instance::write(&Read::new(&tx), Fact::KeyRecord, Some(record.as_bytes()))?;
        tx.commit()?;
        let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.conn.query_row(truncate, [], |_| Ok(()))?;
        Ok(resealed)
    }

    /// Puts the new key in the old one's place.
    fn finish(self) -> Result<(), OpenError> {
        match self.new {
            New::Pending(pending) => Ok(pending.adopt()?),
            New::Given(_) => Ok(()),
        }
    }
}

fn given(source: &KeySource) -> Result<MasterKey, OpenError> {
    let missing = || VaultError::KeyMissing {
        origin: source.to_string(),
    };
    Ok(source.read()?.ok_or_else(missing)?)
}

fn misplaced(source: &KeySource) -> OpenError {
    VaultError::KeyElsewhere {
        origin: source.to_string(),
    }
    .into()
}

fn reseal_column(
    tx: &Transaction<'_>,
    old: &Vault,
    new: &Vault,
    table: &'static str,
    column: &'static str,
) -> Result<u64, OpenError> {
    let mut after = 0;
    let mut resealed = 0;
    loop {
        let rows = sealed_rows(tx, table, column, after)?;
        let Some((last, _)) = rows.last() else {
            return Ok(resealed);
        };
        after = *last;
        for (row, sealed) in &rows {
            let place = Place {
                table,
                column,
                row: *row,
            };
            let sealed = new.reseal(old, place, sealed)?;
            let sql = format!("UPDATE {table} SET {column} = :sealed WHERE seq = :seq");
            tx.prepare_cached(&sql)?
                .execute(named_params! { ":seq": row, ":sealed": sealed })?;
            resealed += 1;
        }
    }
}

fn sealed_rows(
    tx: &Transaction<'_>,
    table: &str,
    column: &str,
    after: i64,
) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let sql = format!(
        "SELECT seq, {column}
         FROM {table}
         WHERE seq > :after AND {column} IS NOT NULL
         ORDER BY seq
         LIMIT :limit"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(
        named_params! { ":after": after, ":limit": ROWS_AT_ONCE },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests;

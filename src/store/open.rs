//! Opening the data directory.
//!
//! Owns: the pragmas, the SQLite version check, the key check, what a fresh database starts with.
//! Refuses: a second process, a newer database, somebody
//! else's file, an older SQLite, a wrong key; each with a sentence that says what to do.
//!
//! # Why the file is looked at before it is opened
//! Opening for writing sets the journal's mode, which changes the file. A file that is refused is
//! left as it was, to the byte; so its version and whose it is are read through a connection that
//! cannot write.
//!
//! # Why a start writes nothing
//! It must come up with a full disk and while another process holds the database's lock. Whatever a
//! start brings up to date is compared first, and written only where it differs.

use std::fs::{File, OpenOptions as FileOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use super::alarm::Alarm;
use super::directory::{DATABASE_FILE, create_dir, files, lock};
use super::instance::{self, Fact};
use super::open_error::OpenError;
use super::profile_cache::ProfileCache;
use super::readers::{Readers, STATEMENTS_KEPT};
use super::running::WriterParts;
use super::setbacks::Stamps;
use super::shapes::ShapeCache;
use super::subscriber_cache::FilteredSubscribers;
use super::tx::{Memory, WriteTx};
use super::vault::{KeyRecord, KeySource, Vault};
use super::writer::Writer;
use super::{Store, StoreParts, migrate, profiles, upgrade_copy, workspaces};
use crate::clock::Clock;

/// What SQLite writes at the head of its files.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The mark of hookpost's databases in that head: `hkps`.
const APPLICATION_ID: i32 = i32::from_be_bytes(*b"hkps");
/// The first SQLite that does not corrupt a WAL database when a checkpoint races a write.
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// What the store is opened with.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Created with mode 0700 if it does not exist.
    pub data_dir: PathBuf,
    /// Where the master key comes from.
    pub key: KeySource,
    /// What stamps rows.
    pub clock: Clock,
}

pub(super) fn open(options: &OpenOptions) -> Result<Store, OpenError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    let data_dir = &options.data_dir;
    create_dir(data_dir)?;
    let lock = lock(data_dir)?;
    let database = data_dir.join(DATABASE_FILE);
    let mut conn = connect(&database)?;
    migrate::migrate(&mut conn)?;
    mark(&conn)?;
    let vault = Arc::new(open_vault(&mut conn, &options.key)?);
    let profiles = ProfileCache::default();
    let filtered = FilteredSubscribers::default();
    {
        let mut memory = Memory::new(filtered.clone());
        let view = super::Read::new(&conn);
        let mut tx = WriteTx::new(
            view,
            options.clock.now(),
            &options.clock,
            &vault,
            &profiles,
            &mut memory,
        );
        profiles::ensure_built_in(&mut tx)?;
        workspaces::ensure_default(&tx)?;
    }
    let alarm = Alarm::default();
    let readers = Readers::open(&database, alarm.clone())
        .map_err(|error| files(&database)(std::io::Error::other(error)))?;
    let stamps = Stamps::resume(&super::Read::new(&conn))?;
    let parts = WriterParts {
        conn,
        clock: options.clock.clone(),
        vault: Arc::clone(&vault),
        profiles: profiles.clone(),
        filtered: filtered.clone(),
        data_dir: data_dir.clone(),
        alarm,
    };
    let writer = Writer::start(parts, stamps).map_err(files(data_dir))?;
    let shared = StoreParts {
        data_dir: data_dir.clone(),
        clock: options.clock.clone(),
        readers,
        writer,
        vault,
        profiles,
        filtered,
        shapes: ShapeCache::default(),
        _lock: lock,
    };
    Ok(Store {
        shared: Arc::new(shared),
    })
}

pub(super) fn connect(database: &Path) -> Result<Connection, OpenError> {
    let version = refuse_foreign(database)?;
    if migrate::is_due(version) {
        upgrade_copy::keep(database, version)?;
    }
    // The file is made here, so that SQLite never makes it with a wider mode.
    let made = FileOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(database);
    made.map_err(files(database))?;
    let conn = Connection::open(database)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // It can only be chosen for an empty file, and asking for it takes the right to write.
    let pages: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    if pages == 0 {
        conn.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;")?;
    }
    // With 4,000 pages, 16 MiB, the log is written back for some two hundred commits at once: the pages that
    // each of them changes again are then written once.
    conn.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -8192;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    Ok(conn)
}

/// Refuses a file that hookpost did not write, or that a later version did, without touching it.
/// Answers the version of its schema; 0 where there is nothing yet.
fn refuse_foreign(database: &Path) -> Result<i64, OpenError> {
    let foreign = |reason: String| OpenError::Foreign {
        path: database.to_owned(),
        reason,
    };
    let mut head = Vec::with_capacity(MAGIC.len());
    match File::open(database) {
        Ok(file) => file
            .take(MAGIC.len() as u64)
            .read_to_end(&mut head)
            .map_err(files(database))?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(files(database)(error)),
    };
    // A file of no bytes is what a start leaves that was killed at once.
    if head.is_empty() {
        return Ok(0);
    }
    if head != MAGIC {
        return Err(foreign("it is no SQLite database".to_owned()));
    }
    let conn = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match conn.query_row("PRAGMA application_id", [], |row| row.get(0))? {
        APPLICATION_ID => {}
        0 if is_unmarked(&conn)? => {}
        0 => return Err(foreign("it holds other tables".to_owned())),
        other => return Err(foreign(format!("its application id is {other}"))),
    }
    migrate::refuse_newer(&conn)
}

/// Whether it is empty, or of a hookpost that did not mark its databases yet.
fn is_unmarked(conn: &Connection) -> Result<bool, OpenError> {
    Ok(conn.query_row(
        "SELECT count(*) = 0
             OR sum(name IN ('instance', 'profiles', 'workspaces', 'webhooks', 'deliveries')) = 5
         FROM sqlite_schema
         WHERE type = 'table'",
        [],
        |row| row.get(0),
    )?)
}

/// Marks the database as hookpost's, if it is not yet.
fn mark(conn: &Connection) -> Result<(), OpenError> {
    let id: i32 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if id != APPLICATION_ID {
        conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    Ok(())
}

/// Opens the vault with the key that the database was sealed with, or makes both on the first run.
pub(super) fn open_vault(conn: &mut Connection, key: &KeySource) -> Result<Vault, OpenError> {
    let tx = conn.transaction()?;
    let vault = match instance::read(&super::Read::new(&tx), Fact::KeyRecord)? {
        Some(record) => Vault::open(key, &KeyRecord::from_bytes(record))?,
        None => {
            let (vault, record) = Vault::create(key)?;
            instance::write(
                &super::Read::new(&tx),
                Fact::KeyRecord,
                Some(record.as_bytes()),
            )?;
            vault
        }
    };
    tx.commit()?;
    Ok(vault)
}

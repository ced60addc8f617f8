//! Restoring: a backup becomes a post office of its own again.
//!
//! Owns: the order of the steps, so that a crash leaves nothing that could be taken for a post
//! office. Refuses: a directory with anything in it, a file that does not check out, a key that
//! does not fit.
//!
//! # Why everybody is signed out
//! Sessions that ended since the backup was made would be open again.

use std::fs::OpenOptions as FileOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use zeroize::Zeroizing;

use super::check::check_file;
use super::{BackupError, FORMAT, files, open_read_only, sync_dir_of};
use crate::store::directory::{DATABASE_FILE, LOCK_FILE, create_dir, lock};
use crate::store::instance::{self, Fact};
use crate::store::vault::{KeyRecord, KeySource, MasterKey, Vault};
use crate::store::{Read, StoreError, migrate};

/// The settings' file, which may be there before the database is.
const SETTINGS_FILE: &str = "hookpost.toml";
/// What the database is called until it is ready.
const DRAFT_FILE: &str = "hookpost.db.unfinished";

/// Restores `backup` into `data_dir`, which is empty or does not exist. The master key goes to
/// `key` where that is a file; otherwise `key` must hold it already. Sending is paused in what is
/// restored.
///
/// # Errors
/// [`BackupError`] says what stands in the way; then there is no post office in `data_dir`.
pub fn restore(backup: &Path, data_dir: &Path, key: &KeySource) -> Result<(), BackupError> {
    let master = verify(backup)?;
    create_dir(data_dir)?;
    refuse_unless_empty(data_dir)?;
    let _lock = lock(data_dir)?;
    let draft = data_dir.join(DRAFT_FILE);
    let made = copy(backup, &draft)
        .and_then(|()| prepare(&draft))
        .and_then(|()| put_key(&draft, key, &master));
    if let Err(error) = made {
        // The first error is the one to tell; a draft that stays is refused by name next time.
        std::fs::remove_file(&draft).ok();
        return Err(error);
    }
    // From this rename on there is a post office.
    let database = data_dir.join(DATABASE_FILE);
    std::fs::rename(&draft, &database).map_err(files(&database))?;
    sync_dir_of(&database)
}

/// Reads the whole file before anything is made of it. Answers the key in it.
fn verify(backup: &Path) -> Result<MasterKey, BackupError> {
    let conn = open_read_only(backup)?;
    let not_a_backup = || BackupError::NotABackup(backup.to_owned());
    let found: Option<(i64, Zeroizing<String>)> = conn
        .query_row(
            "SELECT format, master_key FROM backup_key LIMIT 1",
            [],
            |row| Ok((row.get(0)?, Zeroizing::new(row.get(1)?))),
        )
        .optional()
        .map_err(|_| not_a_backup())?;
    let (format, key) = found.ok_or_else(not_a_backup)?;
    if format != FORMAT {
        return Err(not_a_backup());
    }
    migrate::refuse_newer(&conn)?;
    let mut report = check_file(backup)?;
    if !report.is_sound() {
        return Err(BackupError::Damaged {
            path: backup.to_owned(),
            finding: report.findings.swap_remove(0),
        });
    }
    let key = MasterKey::parse(key.as_bytes()).ok_or_else(not_a_backup)?;
    open_with(&conn, &KeySource::Text(key.to_text()))?;
    Ok(key)
}

fn open_with(conn: &Connection, key: &KeySource) -> Result<(), BackupError> {
    let record = instance::read(&Read::new(conn), Fact::KeyRecord)?
        .ok_or_else(|| StoreError::Damaged("the key record is missing".to_owned()))?;
    Vault::open(key, &KeyRecord::from_bytes(record))?;
    Ok(())
}

fn refuse_unless_empty(data_dir: &Path) -> Result<(), BackupError> {
    for entry in std::fs::read_dir(data_dir).map_err(files(data_dir))? {
        let name = entry.map_err(files(data_dir))?.file_name();
        if name != SETTINGS_FILE && name != LOCK_FILE {
            return Err(BackupError::NotEmpty {
                path: data_dir.to_owned(),
                entry: name.to_string_lossy().into_owned(),
            });
        }
    }
    Ok(())
}

fn copy(backup: &Path, draft: &Path) -> Result<(), BackupError> {
    let mut from = std::fs::File::open(backup).map_err(files(backup))?;
    let mut to = FileOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)
        .map_err(files(draft))?;
    std::io::copy(&mut from, &mut to).map_err(files(draft))?;
    to.sync_all().map_err(files(draft))
}

/// Takes the key out of the database, and pauses sending.
fn prepare(draft: &Path) -> Result<(), BackupError> {
    let mut conn = Connection::open_with_flags(draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // What is deleted is overwritten, so that the key is not merely out of sight.
    conn.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA secure_delete = ON;")?;
    let tx = conn.transaction()?;
    tx.execute_batch("DROP TABLE backup_key; DELETE FROM sessions;")?;
    instance::write(&Read::new(&tx), Fact::SendingPaused, Some(b"restored"))?;
    tx.commit()?;
    conn.close().map_err(|(_, error)| error.into())
}

fn put_key(draft: &Path, key: &KeySource, master: &MasterKey) -> Result<(), BackupError> {
    match key {
        KeySource::File(path) => {
            if path.symlink_metadata().is_ok() {
                return Err(BackupError::Exists(path.clone()));
            }
            Ok(master.write_file(path)?)
        }
        KeySource::Text(_) | KeySource::Credential(_) => open_with(&open_read_only(draft)?, key),
    }
}

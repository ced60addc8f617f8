//! The database as it was before an upgrade, kept beside it.
//!
//! Owns: making the copy before a migration changes anything. Refuses: removing it, which is the
//! operator's decision, and being a backup: it lies on the same disk and holds no key.
//!
//! # The way back
//! An older hookpost refuses the database of a newer one. Whoever must go back stops hookpost, puts
//! `hookpost-v{version}.db` in the place of `hookpost.db` (and removes `hookpost.db-wal` and `-shm`),
//! and starts the older one. What came since is then missing, so nothing does that by itself.
//!
//! # Why a copy that is there is left alone
//! It may be the only one, of an upgrade that was tried before. And an operator without room for a
//! copy, but with a backup, makes an empty file of that name.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::directory::files;
use super::disk::disk;
use super::open_error::OpenError;

/// What stays free beside the copy, in bytes: room to go on.
const ROOM_BYTES: u64 = 64 * 1024 * 1024;

/// Keeps the database of `version` before it becomes that of another. The caller has no connection to
/// it yet: closing a file drops the locks of a whole process on it, also those of a connection, and
/// another program would then take itself for the last one and remove the log.
///
/// # Errors
/// [`OpenError::NoRoom`] where the disk has no room for the copy; [`OpenError::Files`] where it can
/// not be written. Nothing was changed then.
pub(super) fn keep(database: &Path, version: i64) -> Result<(), OpenError> {
    let copy = database.with_file_name(format!("hookpost-v{version}.db"));
    if copy.exists() {
        return Ok(());
    }
    let conn = Connection::open(database)?;
    // What can be folded in is; a reader elsewhere may leave a rest in the log, which is copied too.
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    conn.execute_batch("BEGIN IMMEDIATE")?;
    let kept = copy_whole(database, &copy);
    conn.execute_batch("ROLLBACK")?;
    kept?;
    tracing::info!(copy = %copy.display(), "the database as it was before the upgrade was kept");
    Ok(())
}

fn copy_whole(database: &Path, copy: &Path) -> Result<(), OpenError> {
    let dir = database.parent().unwrap_or(Path::new("."));
    let room = disk(dir).map_err(files(dir))?;
    let bytes = room.database_bytes + room.log_bytes;
    if room.free_bytes < bytes.saturating_add(ROOM_BYTES) {
        return Err(OpenError::NoRoom {
            copy: copy.to_owned(),
            bytes,
        });
    }
    let log = with_suffix(database, "-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        put(&log, &with_suffix(copy, "-wal"))?;
    }
    // The database comes last: where its copy is, all of it is.
    put(database, copy)?;
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(files(dir))
}

/// Copies a file; the copy has its name once it is whole and flushed. File systems that can share
/// blocks between files do.
fn put(from: &Path, to: &Path) -> Result<(), OpenError> {
    let draft = with_suffix(to, ".unfinished");
    let written = fs::copy(from, &draft)
        .and_then(|_| File::open(&draft)?.sync_all())
        .and_then(|()| fs::rename(&draft, to));
    if written.is_err() {
        // The copy is whole or not there; what is left of a try takes room that is missing.
        drop(fs::remove_file(&draft));
    }
    written.map_err(files(to))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

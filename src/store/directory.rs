//! The data directory: what its files are called, its mode, and the lock that makes it one process's.
//!
//! Owns: these. Refuses: looking into the database.

use std::fs::{File, OpenOptions as FileOptions, TryLockError};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::open_error::OpenError;

/// The database's file name in the data directory.
pub const DATABASE_FILE: &str = "hookpost.db";
/// The lock's file name in the data directory; holds the owner's process id.
pub const LOCK_FILE: &str = "hookpost.lock";

pub(super) fn files(path: &Path) -> impl Fn(std::io::Error) -> OpenError + use<> {
    let path = path.to_owned();
    move |source| OpenError::Files {
        path: path.clone(),
        source,
    }
}

pub(super) fn create_dir(data_dir: &Path) -> Result<(), OpenError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .map_err(files(data_dir))
}

/// Takes the directory for this process. The kernel frees the lock when the process ends, however
/// it ends.
pub(super) fn lock(data_dir: &Path) -> Result<File, OpenError> {
    let path = data_dir.join(LOCK_FILE);
    let mut file = FileOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(files(&path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let owner = std::fs::read_to_string(&path).unwrap_or_default();
            let owner = owner.trim();
            let owner = if owner.is_empty() { "unknown" } else { owner }.to_owned();
            return Err(OpenError::Locked { lock: path, owner });
        }
        Err(TryLockError::Error(source)) => return Err(OpenError::Files { path, source }),
    }
    let signed = file
        .set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .and_then(|_| writeln!(file, "{}", std::process::id()));
    signed.map_err(files(&path))?;
    Ok(file)
}

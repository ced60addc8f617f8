//! How much room the database takes, and how much is left.
//!
//! Owns: asking the file system. Refuses: deciding what is too little (`commit`).

use std::path::Path;

use super::directory::DATABASE_FILE;

/// What the data directory occupies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The database, in bytes.
    pub database_bytes: u64,
    /// Its write-ahead log, in bytes.
    pub log_bytes: u64,
    /// What the disk has left for it, in bytes.
    pub free_bytes: u64,
}

/// Asks the file system. A file that is not there has no bytes.
///
/// # Errors
/// Where the file system does not answer.
pub fn disk(data_dir: &Path) -> std::io::Result<Disk> {
    let length = |name: &str| {
        let found = std::fs::metadata(data_dir.join(name));
        found.map_or(0, |file| file.len())
    };
    let system = rustix::fs::statvfs(data_dir)?;
    Ok(Disk {
        database_bytes: length(DATABASE_FILE),
        log_bytes: length(&format!("{DATABASE_FILE}-wal")),
        free_bytes: system.f_bavail.saturating_mul(system.f_frsize),
    })
}

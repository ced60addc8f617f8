//! What can go wrong with keys and sealed values, in words for the operator.
//!
//! Owns: the texts, which say what to do. Refuses: carrying a key or a plaintext.

use std::io;
use std::path::PathBuf;

use super::sealing::Place;

/// Why a key was refused or a value does not open.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The database has a key record, but there is no key.
    #[error(
        "the master key {origin} is missing, but the database holds secrets sealed with it; \
         put the key back (a new one is never made over existing secrets)"
    )]
    KeyMissing {
        /// Where the key was expected.
        origin: String,
    },
    /// There is a key, but the database belongs to another.
    #[error(
        "the master key from {origin} is not the one that this database was sealed with; \
         start with the original key, or restore the backup that belongs to this one"
    )]
    KeyChanged {
        /// Where the key came from.
        origin: String,
    },
    /// Others than the owner can read the key file.
    #[error(
        "the master key file {} has mode {mode:04o} and may be known to others; \
         set it to 0600 and consider rotating it",
        path.display()
    )]
    KeyExposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// What should be a key has another form.
    #[error("the master key from {origin} must be 32 bytes, as 64 hex digits or base64")]
    KeyMalformed {
        /// Where the key came from.
        origin: String,
    },
    /// A rotation was asked to take the next key from the wrong side.
    #[error(
        "cannot rotate with the key from {origin}: where the master key is a file of its own, \
         hookpost makes the next one; where it comes from outside, the next one must too"
    )]
    KeyElsewhere {
        /// Where the key in question comes from.
        origin: String,
    },
    /// The disk refused.
    #[error("cannot {action} the master key file {}: {error}", path.display())]
    KeyFile {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A sealed value does not open: altered, cut, or moved from elsewhere.
    #[error("the sealed value in {place} is damaged or was moved there from elsewhere")]
    Damaged {
        /// Where the value was read.
        place: Place,
    },
}

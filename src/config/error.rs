//! Why there is no configuration.
//!
//! Owns: these words. Refuses: finding the fault.

use std::path::PathBuf;

/// Why there is no configuration to run with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("cannot read the configuration file {path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file makes no sense.
    #[error("{path}, line {line}: {message}")]
    Malformed {
        /// Which one.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// Options that contradict each other.
    #[error("{0}")]
    Contradiction(&'static str),
}

//! Why there is no configuration.
//!
//! Owns: these words. Refuses: finding the fault.

use std::path::PathBuf;

use crate::net::{EgressFault, SmtpFault};

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
    /// What is no egress proxy; the words quote nothing, because it may hold credentials.
    #[error("the egress proxy (egress_proxy) {0}")]
    EgressProxy(#[from] EgressFault),
    /// What is no mail server; the words quote nothing either.
    #[error("the mail server (smtp_url) {0}")]
    Smtp(#[from] SmtpFault),
    /// Options that contradict each other.
    #[error("{0}")]
    Contradiction(&'static str),
}

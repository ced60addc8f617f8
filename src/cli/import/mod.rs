//! `hookpost import`: moving in from another sender.
//!
//! Owns: the command. Refuses: reading any one system (`svix`, `csv`).
//!
//! # Why it may be repeated
//! Whatever is moved has a name that stays the same: what is there already is compared and left alone, or
//! brought up to date. So a run that was interrupted is begun again, and a second run does nothing.

use clap::{Args, Subcommand};

use super::rest::Connection;

mod csv;
mod csv_records;
mod report;
mod svix;
mod svix_endpoint;
mod svix_pages;
mod svix_sides;

/// Move in from another system; running it again does no harm
#[derive(Args)]
pub(super) struct ImportCommand {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    source: ImportSource,
}

#[derive(Subcommand)]
enum ImportSource {
    /// Move event types, applications and endpoints with their secrets from Svix
    Svix(svix::SvixSource),
    /// Register the webhooks of a table: consumer, url, secret, event types, profile
    Csv(csv::CsvSource),
}

impl ImportCommand {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.source {
            ImportSource::Svix(source) => source.run(self.connection),
            ImportSource::Csv(source) => source.run(self.connection),
        }
    }
}

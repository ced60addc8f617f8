//! `hookpost backup`, `restore` and `check`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::data::DataArgs;
use super::output;
use crate::admin::{AdminAnswer, AdminCommand};
use crate::domain::plural::counted;
use crate::store::backup;

/// Copy the database and its key into one file, whether or not the server runs
#[derive(Args)]
#[command(
    after_help = "The file holds every secret and is readable by its owner only (mode 0600)."
)]
pub(super) struct Backup {
    #[command(flatten)]
    data: DataArgs,
    /// The file to write; there must be none of that name yet
    file: PathBuf,
}

impl Backup {
    pub(super) fn run(self) -> anyhow::Result<()> {
        // The server has a working directory of its own.
        let file = std::path::absolute(&self.file)?;
        match self.data.perform(&AdminCommand::Backup { file })? {
            AdminAnswer::BackedUp { bytes } => {
                output::say(format_args!(
                    "{} ({})",
                    self.file.display(),
                    counted(bytes, "byte", "bytes")
                ))?;
                Ok(())
            }
            other => bail!("an unexpected answer: {other:?}"),
        }
    }
}

/// Make a post office of a backup, in an empty data directory
#[derive(Args)]
#[command(
    after_help = "Sending is paused in what was restored, because deliveries that were made since \
                  the backup would be made again; `hookpost resume` starts it."
)]
pub(super) struct Restore {
    #[command(flatten)]
    data: DataArgs,
    /// The backup's file
    file: PathBuf,
}

impl Restore {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let config = self.data.config()?;
        backup::restore(&self.file, &config.data_dir, &config.master_key)?;
        output::say(format_args!("restored into {}", config.data_dir.display()))?;
        eprintln!("sending is paused until `hookpost resume`");
        Ok(())
    }
}

/// Read the whole database and say whether it is sound, whether or not the server runs
#[derive(Args)]
pub(super) struct Check {
    #[command(flatten)]
    data: DataArgs,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let config = self.data.existing()?;
        let report = backup::check(&config.data_dir)?;
        if report.is_sound() {
            output::say(format_args!(
                "sound: {} read",
                match report.events {
                    1 => "1 event was".to_owned(),
                    events => format!("{events} events were"),
                }
            ))?;
            return Ok(());
        }
        for finding in &report.findings {
            output::say(output::visible(finding))?;
        }
        bail!(
            "the database is damaged: {}",
            counted(report.findings.len(), "finding", "findings")
        )
    }
}

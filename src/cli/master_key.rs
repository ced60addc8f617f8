//! `hookpost key rotate-master`.

use std::path::PathBuf;

use clap::Args;

use super::output;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::OpenOptions;
use crate::store::rotate::{NextKey, rotate_master};
use crate::store::vault::KeySource;

/// Replace the master key and seal every secret anew; the server must not run
#[derive(Args)]
pub(super) struct RotateMaster {
    /// A file that holds the new key, for keys that hookpost does not make itself
    #[arg(long, value_name = "FILE")]
    new_key_file: Option<PathBuf>,
}

impl RotateMaster {
    pub(super) fn run(self, config: Config) -> anyhow::Result<()> {
        let options = OpenOptions {
            data_dir: config.data_dir,
            key: config.master_key,
            clock: Clock::System,
        };
        let next = match self.new_key_file {
            Some(file) => NextKey::Given(KeySource::File(file)),
            None => NextKey::Generated,
        };
        let resealed = rotate_master(&options, &next)?;
        output::say(format_args!(
            "{} sealed anew",
            output::counted(resealed, "secret", "secrets")
        ))?;
        Ok(())
    }
}

//! `hookpost healthcheck`: whether the server of a data directory can do its work, by exit code.
//!
//! Owns: asking the running server, within a time. Refuses: looking by itself; where no server
//! answers, nothing is healthy.
//!
//! # Why over the socket
//! A container has no `curl`, and the server may listen anywhere, with any certificate. The data
//! directory is the one thing that server and check always share.

use std::time::Duration;

use anyhow::{anyhow, bail};
use clap::Args;

use super::data::DataArgs;
use super::output;
use crate::admin::{AdminAnswer, AdminCommand, socket};
use crate::domain::time::parse_duration;

/// Exit with 0 if the running server takes events and makes deliveries, else with 1
#[derive(Args)]
#[command(after_help = "For containers: HEALTHCHECK CMD [\"/hookpost\", \"healthcheck\"]")]
pub(super) struct Healthcheck {
    #[command(flatten)]
    data: DataArgs,
    /// How long the server may take to answer, such as 5s
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration)]
    timeout: Duration,
}

impl Healthcheck {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let config = self.data.config()?;
        let asked = socket::ask_within(&config.data_dir, &AdminCommand::Health, self.timeout)
            .map_err(|error| anyhow!("the running server gave no answer: {error}"))?;
        match asked {
            None => bail!("no server runs on {}", config.data_dir.display()),
            Some(AdminAnswer::Healthy { paused: false }) => output::say("ok")?,
            Some(AdminAnswer::Healthy { paused: true }) => output::say("ok, sending is paused")?,
            Some(AdminAnswer::Refused { reason }) => bail!(reason),
            Some(_) => bail!("the running server is another version"),
        }
        Ok(())
    }
}

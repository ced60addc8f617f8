//! `hookpost pause` and `resume`.

use clap::Args;

use super::data::DataArgs;
use super::output;
use crate::admin::AdminCommand;

/// Stop sending until `resume`; events are still accepted
#[derive(Args)]
pub(super) struct Pause {
    #[command(flatten)]
    data: DataArgs,
}

impl Pause {
    pub(super) fn run(self) -> anyhow::Result<()> {
        self.data.perform(&AdminCommand::Pause)?;
        output::say("sending is paused; events are still accepted")?;
        Ok(())
    }
}

/// Go on sending, after `pause` or after restoring a backup
#[derive(Args)]
pub(super) struct Resume {
    #[command(flatten)]
    data: DataArgs,
}

impl Resume {
    pub(super) fn run(self) -> anyhow::Result<()> {
        self.data.perform(&AdminCommand::Resume)?;
        output::say("sending goes on")?;
        Ok(())
    }
}

//! `hookpost completions`: what a shell needs to complete hookpost's commands.

use clap::Args;
use clap_complete::Shell;

use super::output;

/// Print a completion script for a shell
#[derive(Args)]
#[command(after_help = "For bash: hookpost completions bash > /etc/bash_completion.d/hookpost")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, command: &mut clap::Command) -> anyhow::Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "hookpost", &mut script);
        output::write(&script)?;
        Ok(())
    }
}

//! `hookpost man`: the manual pages, made from the commands themselves.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command};
use clap_mangen::Man as Page;

use super::output;

/// Print the manual page, or write one for every command
#[derive(Args)]
#[command(after_help = "To read it at once: hookpost man | man -l -")]
pub(super) struct Man {
    /// The directory to write hookpost.1 and a page for each command to
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self, command: &Command) -> anyhow::Result<()> {
        let Some(dir) = self.output else {
            let mut page = Vec::new();
            Page::new(command.clone()).render(&mut page)?;
            output::write(&page)?;
            return Ok(());
        };
        let mut pages = manual(command)?.into_iter();
        fs::create_dir_all(&dir)
            .and_then(|()| pages.try_for_each(|(name, page)| fs::write(dir.join(name), page)))
            .with_context(|| format!("cannot write to {}", dir.display()))
    }
}

/// The manual's pages by file name: hookpost(1), and one for each command.
pub(super) fn manual(command: &Command) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut whole = command.clone().disable_help_subcommand(true);
    whole.build();
    let mut pages = Vec::new();
    collect(&whole, &mut pages)?;
    Ok(pages)
}

fn collect(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    let page = Page::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text)?;
    pages.push((page.get_filename(), text));
    let mut inner = command.get_subcommands().filter(|one| !one.is_hide_set());
    inner.try_for_each(|one| collect(one, pages))
}

//! What a move came to: line by line, and in all.
//!
//! Owns: the words, the counts, and that a failure is an exit code. Refuses: moving anything.

use std::fmt::Display;

use clap::Args;

use crate::cli::output;
use crate::cli::progress::ProgressBar;
use crate::cli::rest::OutputForm;

/// Whether anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImportRun {
    /// It is.
    Real,
    /// Only looked at.
    Dry,
}

impl ImportRun {
    pub(super) fn of(args: &DryRun) -> Self {
        match args.dry_run {
            true => Self::Dry,
            false => Self::Real,
        }
    }
}

/// How not to write.
#[derive(Args)]
pub(super) struct DryRun {
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// What became of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// It was added.
    Created,
    /// It was there and differed.
    Updated,
    /// It was there as it should be.
    Unchanged,
}

/// What was done and what could not be.
pub(super) struct ImportReport {
    run: ImportRun,
    counts: Vec<(&'static str, [u64; 3])>,
    failed: u64,
    bar: ProgressBar,
    /// How many things there are, where that is known.
    total: Option<u64>,
}

impl ImportReport {
    pub(super) fn new(run: ImportRun, form: OutputForm, total: Option<u64>) -> Self {
        Self {
            run,
            counts: Vec::new(),
            failed: 0,
            bar: ProgressBar::new(form),
            total,
        }
    }

    /// Counts one thing of a sort, and says what is not as it was.
    pub(super) fn moved(
        &mut self,
        sort: &'static str,
        name: &str,
        moved: Moved,
    ) -> anyhow::Result<()> {
        let known = self.counts.iter().position(|(own, _)| *own == sort);
        let at = known.unwrap_or_else(|| {
            self.counts.push((sort, [0; 3]));
            self.counts.len() - 1
        });
        let (place, word) = match moved {
            Moved::Created => (0, "created"),
            Moved::Updated => (1, "updated"),
            Moved::Unchanged => (2, "unchanged"),
        };
        self.counts[at].1[place] += 1;
        if moved != Moved::Unchanged {
            let would = match self.run {
                ImportRun::Real => "",
                ImportRun::Dry => "would be ",
            };
            self.say(format_args!(
                "{sort} {}: {would}{word}",
                output::visible(name)
            ))?;
        }
        self.show();
        Ok(())
    }

    /// Says what somebody has to do by hand.
    pub(super) fn note(&mut self, what: &str, text: &str) -> anyhow::Result<()> {
        let (what, text) = (output::visible(what), output::visible(text));
        self.say(format_args!("{what}: note: {text}"))
    }

    /// Says what could not be done; the rest goes on.
    pub(super) fn failed(&mut self, what: &str, error: &anyhow::Error) -> anyhow::Result<()> {
        self.failed += 1;
        let (what, text) = (
            output::visible(what),
            output::visible(&format!("{error:#}")),
        );
        self.say(format_args!("{what}: could not be moved: {text}"))?;
        self.show();
        Ok(())
    }

    /// A line of its own, in the place of the bar.
    fn say(&self, line: impl Display) -> anyhow::Result<()> {
        self.bar.clear();
        Ok(output::say(line)?)
    }

    fn show(&self) {
        let counted = self.counts.iter().flat_map(|(_, counts)| counts);
        self.bar
            .show(counted.sum::<u64>() + self.failed, self.total);
    }

    /// Says what it all came to.
    ///
    /// # Errors
    /// Where something could not be done, so that scripts notice.
    pub(super) fn end(self) -> anyhow::Result<()> {
        self.bar.clear();
        if self.run == ImportRun::Dry {
            output::say("dry run: nothing was written")?;
        }
        for (sort, [created, updated, unchanged]) in &self.counts {
            output::say(format_args!(
                "{sort}s: {created} created, {updated} updated, {unchanged} unchanged"
            ))?;
        }
        output::say(format_args!("failed: {}", self.failed))?;
        match self.failed {
            0 => Ok(()),
            failed => anyhow::bail!("{failed} could not be moved; what is listed says why"),
        }
    }
}

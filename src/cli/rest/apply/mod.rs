//! `hookpost apply`: brings a workspace to a declared state, and says what that takes.
//!
//! Owns: reading the file, carrying a plan out. Refuses: guessing: what the file does not say is left as it
//! is, nothing is deleted unless `--prune` asks for that, and what does not read back counts as neither the
//! same nor another: it is named.
//!
//! # What names what
//! Profiles, event types and versions are named by their name, webhooks by their label or, without
//! one, by their URL.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::Value;

use super::{Api, Connection, parse};
use crate::cli::progress::ProgressBar;
use change::{Change, WEBHOOK};
use declared::declared;
use plan::{ApplyPlan, Unnamed, Unread};
use told::{ApplyOutcome, tell};

mod change;
mod declared;
mod event_types;
mod plan;
mod profiles;
mod same;
mod told;
mod webhooks;

pub(super) use declared::parsed;

/// Bring webhooks, event types, profiles and settings to the state that a file declares
#[derive(Args)]
#[command(
    after_help = "The file, TOML or JSON, holds any of: settings (as `hookpost settings` changes \
                  them), and lists of profiles, event_types and webhooks with the fields of the API. \
                  An event type may have versions, a list of what the API takes, oldest first. What \
                  the file does not say is left as it is. Webhooks are found by their label, or \
                  without one by their URL.\n\n\
                  Secrets and credentials of webhooks do not read back, so that nobody can say whether \
                  those of the file are there. They are named (`not_compared` with --json), and sent only \
                  with the webhook itself, when its URL leads to another origin, or by --send-sealed; a \
                  secret that differs then takes the place of the present one, which goes on for a day."
)]
pub(in crate::cli) struct ApplyCommand {
    /// The file that declares the state
    file: PathBuf,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
    /// Also delete webhooks and event types that the file does not name, and of what it has a list of,
    /// versions of a type and profiles of the instance
    #[arg(long)]
    prune: bool,
    /// Send secrets and credentials of webhooks that are there, though they cannot be compared
    #[arg(long)]
    send_sealed: bool,
    // Last, because its heading is that of what follows.
    #[command(flatten)]
    connection: Connection,
}

impl ApplyCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let declared = declared(&self.file)?;
        let unnamed = match self.prune {
            true => Unnamed::Deleted,
            false => Unnamed::Kept,
        };
        let unread = match self.send_sealed {
            true => Unread::Sent,
            false => Unread::Told,
        };
        let is_dry = self.dry_run;
        super::run(self.connection, async move |api| {
            let plan = ApplyPlan::of(&api, &declared, unnamed, unread).await?;
            match is_dry {
                true => tell(&api, &plan.changes, &plan.not_compared, ApplyOutcome::Dry),
                false => carry_out(&api, plan).await,
            }
        })
    }
}

/// Makes the changes one after the other. The first that is refused ends it, and those before it are told.
async fn carry_out(api: &Api, plan: ApplyPlan) -> anyhow::Result<()> {
    let of = plan.changes.len();
    let bar = ProgressBar::new(api.form);
    let mut made = Vec::with_capacity(of);
    for (done, mut change) in plan.changes.into_iter().enumerate() {
        bar.show(done as u64, Some(of as u64));
        match make(api, &mut change).await {
            Ok(IsMade::Now) => made.push(change),
            Ok(IsMade::Before) => {}
            Err(error) => {
                bar.clear();
                if !made.is_empty() {
                    tell(api, &made, &plan.not_compared, ApplyOutcome::Refused)?;
                }
                let called = change.called();
                let what = format!("{called} ({} of {of} changes were made)", made.len());
                return Err(error).context(what);
            }
        }
    }
    bar.clear();
    tell(api, &made, &plan.not_compared, ApplyOutcome::Applied)
}

/// What came of a change.
enum IsMade {
    Now,
    /// It turned out that there was nothing to change.
    Before,
}

async fn make(api: &Api, change: &mut Change) -> anyhow::Result<IsMade> {
    let Some(body) = change.call.make(api).await? else {
        return Ok(IsMade::Before);
    };
    // One that was made, or made anew for another origin or kind of signature, is told here only.
    if change.kind == WEBHOOK && !body.is_empty() {
        let made: Value = parse(&body)?;
        change.secret = made["secret"].as_str().map(str::to_owned);
    }
    Ok(IsMade::Now)
}

//! `hookpost apply`: brings a workspace to a declared state, and says what that takes.
//!
//! Owns: reading the file, carrying a plan out, printing it. Refuses: guessing: what the file does not
//! say is left as it is, and nothing is deleted unless `--prune` asks for that.
//!
//! # What names what
//! Profiles, event types and versions are named by their name, webhooks by their label or, without
//! one, by their URL. A webhook's secret is only told on creation: it cannot be read back and compared.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::{Api, Connection, OutputForm, parse};
use crate::cli::output::{counted, say, visible};
use crate::cli::progress::ProgressBar;
use change::{Change, Deed, WEBHOOK};
use declared::declared;
use plan::{ApplyPlan, Unnamed};

mod change;
mod declared;
mod event_types;
mod plan;
mod same;

pub(super) use declared::parsed;

/// Bring webhooks, event types, profiles and settings to the state that a file declares
#[derive(Args)]
#[command(
    after_help = "The file, TOML or JSON, holds any of: settings (as `hookpost settings` changes \
                  them), and lists of profiles, event_types and webhooks with the fields of the API. \
                  An event type may have versions, a list of what the API takes, oldest first. What \
                  the file does not say is left as it is. Webhooks are found by their label, or \
                  without one by their URL; their secrets are only told on creation. A logo reads back as its \
                  kind only: one that is there is replaced by one of another kind, or by `hookpost \
                  settings update --logo-file`."
)]
pub(in crate::cli) struct ApplyCommand {
    /// The file that declares the state
    file: PathBuf,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
    /// Also delete webhooks, event types and, of types with a list of them, versions that the file does not name
    #[arg(long)]
    prune: bool,
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
        let is_dry = self.dry_run;
        super::run(self.connection, async move |api| {
            let plan = ApplyPlan::of(&api, &declared, unnamed).await?;
            match is_dry {
                true => tell(&api, &plan.changes, "nothing was changed: --dry-run"),
                false => carry_out(&api, plan.changes).await,
            }
        })
    }
}

/// Makes the changes one after the other; the first that is refused ends it.
async fn carry_out(api: &Api, mut changes: Vec<Change>) -> anyhow::Result<()> {
    let of = changes.len();
    let bar = ProgressBar::new(api.form);
    for (done, change) in changes.iter_mut().enumerate() {
        bar.show(done as u64, Some(of as u64));
        let what = || format!("{} ({done} of {of} changes were made)", change.called());
        let body = change.call.make(api).await.with_context(what)?;
        if change.deed == Deed::Create && change.kind == WEBHOOK {
            let made: Value = parse(&body)?;
            change.secret = made["secret"].as_str().map(str::to_owned);
        }
    }
    bar.clear();
    tell(api, &changes, "")
}

fn tell(api: &Api, changes: &[Change], remark: &str) -> anyhow::Result<()> {
    if api.form == OutputForm::Json {
        let list: Vec<Value> = changes.iter().map(Change::to_json).collect();
        return Ok(say(json!({
            "applied": remark.is_empty(),
            "changes": list,
        }))?);
    }
    for change in changes {
        say(format_args!(
            "{} {}",
            change.deed.sign(),
            visible(&change.called())
        ))?;
        for field in &change.fields {
            say(format_args!("    {}", visible(&change.told(field))))?;
        }
        if let Some(secret) = &change.secret {
            say(format_args!("    secret {}", visible(secret)))?;
        }
    }
    let count = match changes.len() {
        0 => "nothing to change".to_owned(),
        count => counted(count as u64, "change", "changes"),
    };
    match remark.is_empty() || changes.is_empty() {
        true => say(count)?,
        false => say(format_args!("{count}; {remark}"))?,
    }
    Ok(())
}

//! `hookpost dead-letters`.

use clap::{Args, Subcommand};

use super::Connection;
use super::deliveries::{COLUMNS, Retry};
use super::filter::{Filter, FilterQuery, Paging};
use super::shown::listing;

/// See what could not be delivered, and deliver it after all
#[derive(Args)]
pub(in crate::cli) struct DeadLettersCommand {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: DeadLetterAction,
}

#[derive(Subcommand)]
enum DeadLetterAction {
    /// List dead letters, newest first
    List(DeadLetterList),
    /// Attempt dead letters again now: one, several, or all that match
    Retry(Retry),
    /// Take dead letters off the list: one, several, or all that match
    Discard(Retry),
    /// Take back that dead letters were discarded: one, several, or all that match
    Restore(Retry),
}

#[derive(Args)]
struct DeadLetterList {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    paging: Paging,
    /// Those that were discarded instead
    #[arg(long)]
    discarded: bool,
}

impl DeadLettersCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        super::run(self.connection, async move |api| match action {
            DeadLetterAction::List(list) => {
                let mut query = FilterQuery::default();
                list.filter.push_to(&mut query);
                list.paging.push_to(&mut query);
                query.push("discarded", list.discarded.then_some("true"));
                let body = api.fetch(&query.on("/dead-letters")).await?;
                listing(&api, &body, COLUMNS)
            }
            DeadLetterAction::Retry(retry) => retry.run(&api, "/dead-letters", "retry").await,
            DeadLetterAction::Discard(chosen) => chosen.run(&api, "/dead-letters", "discard").await,
            DeadLetterAction::Restore(chosen) => chosen.run(&api, "/dead-letters", "restore").await,
        })
    }
}

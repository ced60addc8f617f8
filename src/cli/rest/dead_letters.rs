//! `hookpost dead-letters`.

use clap::{Args, Subcommand};

use super::Connection;
use super::deliveries::{Retry, print_table};
use super::filter::{Filter, FilterQuery, Paging};

/// See what could not be delivered, and deliver it after all
#[derive(Args)]
pub(in crate::cli) struct DeadLetters {
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
}

#[derive(Args)]
struct DeadLetterList {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    paging: Paging,
}

impl DeadLetters {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        super::run(self.connection, async move |api| match action {
            DeadLetterAction::List(list) => {
                let mut query = FilterQuery::default();
                list.filter.push_to(&mut query);
                list.paging.push_to(&mut query);
                let body = api.fetch(&query.on("/dead-letters")).await?;
                api.answer_page(&body, print_table)
            }
            DeadLetterAction::Retry(retry) => retry.run(&api, "/dead-letters").await,
        })
    }
}

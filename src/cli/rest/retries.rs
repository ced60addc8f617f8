//! `hookpost retries`: what waits for another attempt, and not waiting any longer.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Connection;
use super::shown::{Labelled, facts, say_facts, say_table};
use crate::cli::table::Column;

/// See what waits for another attempt, and attempt it now
#[derive(Args)]
pub(in crate::cli) struct RetriesCommand {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: RetriesAction,
}

#[derive(Subcommand)]
enum RetriesAction {
    /// Show what waits, and when it is due
    Summary,
    /// Attempt now what waits for another attempt, and wait for the results
    Run {
        /// How many at most, up to 1000
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
    },
}

const SUMMARY: &[Labelled<'_>] = &[
    ("pending", "pending"),
    ("retrying", "retrying"),
    ("due now", "due_now"),
    ("next attempt", "next_attempt_at"),
    ("dead letters", "exhausted"),
];

const RAN: &[Labelled<'_>] = &[
    ("attempted", "processed"),
    ("delivered", "delivered"),
    ("failed", "failed"),
];

const COLUMNS: &[(Column, &str)] = &[
    (Column::whole("WEBHOOK"), "webhook_id"),
    (Column::whole("PENDING"), "pending"),
    (Column::whole("RETRYING"), "retrying"),
    (Column::spare("DUE"), "due_now"),
    (Column::spare("DEAD"), "exhausted"),
    (Column::spare("NEXT ATTEMPT"), "next_attempt_at"),
];

impl RetriesCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        super::run(self.connection, async move |api| match action {
            RetriesAction::Summary => {
                let body = api.fetch("/retries/summary").await?;
                api.answer(&body, |summary: &Value| {
                    say_facts(summary, SUMMARY)?;
                    match summary["by_webhook"].as_array() {
                        Some(webhooks) if !webhooks.is_empty() => say_table(webhooks, COLUMNS),
                        _ => Ok(()),
                    }
                })?;
                api.say_if_paused().await;
                Ok(())
            }
            RetriesAction::Run { limit } => {
                let path = format!("/retries/run?limit={limit}");
                facts(&api, &api.post(&path, &json!({})).await?, RAN)
            }
        })
    }
}

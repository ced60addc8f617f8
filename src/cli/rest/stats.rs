//! `hookpost stats`, and how a webhook or consumer has been doing.

use clap::Args;
use serde_json::Value;

use super::filter::FilterQuery;
use super::shown::{Labelled, say_facts};
use super::{Api, Connection, encoded};
use crate::cli::output::say;

/// See how a workspace has been doing
#[derive(Args)]
pub(in crate::cli) struct StatsCommand {
    /// Only this webhook
    #[arg(long, value_name = "ID", conflicts_with = "consumer")]
    webhook: Option<String>,
    /// Only this consumer
    #[arg(long, value_name = "CONSUMER")]
    consumer: Option<String>,
    #[command(flatten)]
    period: PeriodFlags,
    // Last, because its heading is that of what follows.
    #[command(flatten)]
    connection: Connection,
}

/// Which time is looked at.
#[derive(Args)]
pub(super) struct PeriodFlags {
    /// From when on, such as 2026-03-16T10:05:00Z [default: a day ago]
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Until when, exclusive [default: now]
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

const MEMBERS: &[Labelled<'_>] = &[
    ("since", "since"),
    ("until", "until"),
    ("pending", "counts.pending"),
    ("retrying", "counts.retrying"),
    ("delivered", "counts.delivered"),
    ("exhausted", "counts.exhausted"),
    ("canceled", "counts.canceled"),
    ("attempts", "attempts"),
    ("failed", "failures"),
];

impl StatsCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let path = match (&self.webhook, &self.consumer) {
            (Some(id), _) => format!("/webhooks/{}/stats", encoded(id)),
            (None, Some(consumer)) => format!("/consumers/{}/stats", encoded(consumer)),
            (None, None) => "/stats".to_owned(),
        };
        let period = self.period;
        super::run(self.connection, async move |api| {
            show(&api, &path, &period).await?;
            api.say_if_paused().await;
            Ok(())
        })
    }
}

/// Prints the statistics at `path`.
pub(super) async fn show(api: &Api, path: &str, period: &PeriodFlags) -> anyhow::Result<()> {
    let mut query = FilterQuery::default();
    query.push("since", period.since.as_deref());
    query.push("until", period.until.as_deref());
    let body = api.fetch(&query.on(path)).await?;
    api.answer(&body, |stats: &Value| {
        say_facts(stats, MEMBERS)?;
        if let Some(rate) = stats["success_rate"].as_f64() {
            say(format_args!("{:<16}{:.1} %", "succeeded", rate * 100.0))?;
        }
        for (label, member) in [("p50", "p50_duration_ms"), ("p95", "p95_duration_ms")] {
            if let Some(ms) = stats[member].as_f64() {
                say(format_args!("{label:<16}{ms:.0} ms"))?;
            }
        }
        Ok(())
    })
}

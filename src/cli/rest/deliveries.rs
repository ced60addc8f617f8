//! `hookpost deliveries`.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Deserialize;

use super::filter::{Filter, FilterQuery, Paging};
use super::job::{self, ChosenDeliveries};
use super::{Api, Connection, encoded};
use crate::cli::output;
use crate::cli::table::Table;

/// See what was delivered, and deliver it again
#[derive(Args)]
pub(in crate::cli) struct Deliveries {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: DeliveryAction,
}

#[derive(Subcommand)]
enum DeliveryAction {
    /// List deliveries, newest first
    List(DeliveryList),
    /// Show a delivery with its attempts
    Show {
        /// The delivery's id
        id: String,
    },
    /// Attempt deliveries again now: one, several, or all that match
    Retry(Retry),
}

#[derive(Args)]
struct DeliveryList {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Args)]
pub(super) struct Retry {
    /// The deliveries' ids
    ids: Vec<String>,
    #[command(flatten)]
    filter: Filter,
    /// All of them
    #[arg(long, conflicts_with = "ids")]
    all: bool,
}

#[derive(Deserialize)]
pub(super) struct ShownDelivery {
    id: String,
    event_type: String,
    webhook_id: Option<String>,
    status: String,
    attempt_count: u32,
    last_status_code: Option<u16>,
    next_attempt_at: Option<String>,
    created_at: String,
}

#[derive(Deserialize)]
struct Shown {
    #[serde(flatten)]
    delivery: ShownDelivery,
    url: String,
    request_body: Option<String>,
    attempts: Vec<ShownAttempt>,
}

#[derive(Deserialize)]
struct ShownAttempt {
    number: u32,
    trigger: String,
    started_at: String,
    duration_ms: Option<u64>,
    status_code: Option<u16>,
    error: Option<String>,
}

impl Deliveries {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        super::run(self.connection, async move |api| match action {
            DeliveryAction::List(list) => list.run(&api).await,
            DeliveryAction::Show { id } => show(&api, &id).await,
            DeliveryAction::Retry(retry) => retry.run(&api, "/deliveries").await,
        })
    }
}

impl DeliveryList {
    async fn run(&self, api: &Api) -> anyhow::Result<()> {
        let mut query = FilterQuery::default();
        self.filter.push_to(&mut query);
        self.paging.push_to(&mut query);
        let body = api.fetch(&query.on("/deliveries")).await?;
        api.answer_page(&body, print_table)
    }
}

impl Retry {
    /// One id is retried by itself; more become a job that is waited for.
    pub(super) async fn run(self, api: &Api, resource: &str) -> anyhow::Result<()> {
        let path = format!("{resource}/retry");
        match <[String; 1]>::try_from(self.ids) {
            Ok([id]) => {
                api.act(&format!("{resource}/{}/retry", encoded(&id)))
                    .await?;
                eprintln!("{id} is being attempted");
                Ok(())
            }
            Err(ids) if !ids.is_empty() => job::run(api, &path, &ChosenDeliveries::Ids(ids)).await,
            Err(_) if self.filter.is_empty() && !self.all => {
                bail!("name deliveries, a filter such as --webhook, or --all")
            }
            Err(_) => job::run(api, &path, &ChosenDeliveries::Filter(self.filter)).await,
        }
    }
}

/// Prints deliveries for people.
pub(super) fn print_table(deliveries: &[ShownDelivery]) -> anyhow::Result<()> {
    let headings = [
        "ID", "CREATED", "TYPE", "WEBHOOK", "STATUS", "ATTEMPTS", "LAST", "NEXT",
    ];
    let mut table = Table::new(&headings);
    for delivery in deliveries {
        let last = delivery.last_status_code.map(|status| status.to_string());
        table.row([
            delivery.id.clone(),
            delivery.created_at.clone(),
            delivery.event_type.clone(),
            delivery
                .webhook_id
                .clone()
                .unwrap_or_else(|| "-".to_owned()),
            delivery.status.clone(),
            delivery.attempt_count.to_string(),
            last.unwrap_or_else(|| "-".to_owned()),
            delivery
                .next_attempt_at
                .clone()
                .unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    Ok(table.print()?)
}

async fn show(api: &Api, id: &str) -> anyhow::Result<()> {
    let body = api.fetch(&format!("/deliveries/{}", encoded(id))).await?;
    api.answer(&body, |shown: &Shown| {
        let delivery = &shown.delivery;
        let line = format!("{}  {}  {}", delivery.id, delivery.status, shown.url);
        output::say(output::visible(&line))?;
        if let Some(request_body) = &shown.request_body {
            for line in output::indented(request_body).lines() {
                output::say(format_args!("  {}", output::visible(line)))?;
            }
        }
        let mut table = Table::new(&["#", "STARTED", "TRIGGER", "STATUS", "MS", "ERROR"]);
        for attempt in &shown.attempts {
            let status = attempt.status_code.map(|status| status.to_string());
            let duration_ms = attempt.duration_ms.map(|ms| ms.to_string());
            table.row([
                attempt.number.to_string(),
                attempt.started_at.clone(),
                attempt.trigger.clone(),
                status.unwrap_or_else(|| "-".to_owned()),
                duration_ms.unwrap_or_else(|| "-".to_owned()),
                attempt.error.clone().unwrap_or_default(),
            ]);
        }
        Ok(table.print()?)
    })
}

//! `hookpost deliveries`.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::filter::{Filter, FilterQuery, Paging};
use super::job::{self, ChosenDeliveries};
use super::shown::{Labelled, facts, listing, member_words, say_facts};
use super::tail::Tail;
use super::{Api, Connection, encoded};
use crate::cli::output::{self, WrongUsage, say};
use crate::cli::table::Column;

/// See what was delivered, and deliver it again
#[derive(Args)]
pub(in crate::cli) struct DeliveriesCommand {
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
    Show(ShownDelivery),
    /// Attempt deliveries again now: one, several, or all that match
    Retry(Retry),
    /// Give a waiting delivery up
    Cancel {
        /// The delivery's id
        id: String,
    },
    /// Print deliveries as they are made and change, until it is stopped
    Tail(Tail),
}

#[derive(Args)]
struct DeliveryList {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Args)]
struct ShownDelivery {
    /// The delivery's id
    id: String,
    /// Only attempts before the one of this number; an answer holds the latest
    #[arg(long, value_name = "NUMBER")]
    attempts_before: Option<u32>,
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

/// What lists of deliveries show.
pub(super) const COLUMNS: &[(Column, &str)] = &[
    (Column::whole("ID"), "id"),
    (Column::whole("STATUS"), "status"),
    (Column::cut("RESULT"), "last_status_code|last_error_kind"),
    (Column::cut("TYPE"), "event_type"),
    (Column::whole("CREATED"), "created_at"),
    (Column::spare("LAST ERROR"), "last_error|last_error_kind"),
    (Column::spare("ATTEMPTS"), "attempt_count"),
    (Column::spare("WEBHOOK"), "webhook_id"),
    (Column::spare("NEXT"), "next_attempt_at"),
];

const MEMBERS: &[Labelled<'_>] = &[
    ("id", "id"),
    ("status", "status"),
    ("event", "event_id"),
    ("type", "event_type"),
    ("webhook", "webhook_id"),
    ("url", "url"),
    ("trigger", "trigger"),
    ("attempts", "attempt_count"),
    ("at most", "max_attempts"),
    ("next attempt", "next_attempt_at"),
    ("last status", "last_status_code"),
    ("last error", "last_error"),
    ("what to do", "hint"),
    ("repeats", "retried_from"),
    ("created", "created_at"),
    ("completed", "completed_at"),
];

const ATTEMPT_MEMBERS: &[Labelled<'_>] = &[
    ("started", "started_at"),
    ("trigger", "trigger"),
    ("duration ms", "duration_ms"),
    ("status", "status_code"),
    ("error", "error"),
    ("kind", "error_kind"),
    ("reached", "remote_addr"),
    ("cut", "response_truncated"),
];

impl DeliveriesCommand {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        super::run(self.connection, async move |api| match action {
            DeliveryAction::List(list) => list.run(&api).await,
            DeliveryAction::Show(own) => own.run(&api).await,
            DeliveryAction::Retry(retry) => retry.run(&api, "/deliveries", "retry").await,
            DeliveryAction::Cancel { id } => {
                let path = format!("/deliveries/{}/cancel", encoded(&id));
                facts(&api, &api.act(&path).await?, MEMBERS)
            }
            DeliveryAction::Tail(tail) => tail.run(&api).await,
        })
    }
}

impl DeliveryList {
    async fn run(&self, api: &Api) -> anyhow::Result<()> {
        let mut query = FilterQuery::default();
        self.filter.push_to(&mut query);
        self.paging.push_to(&mut query);
        let body = api.fetch(&query.on("/deliveries")).await?;
        listing(api, &body, COLUMNS)
    }
}

impl Retry {
    /// Does `action` to one id by itself; more become a job that is waited for.
    pub(super) async fn run(self, api: &Api, resource: &str, action: &str) -> anyhow::Result<()> {
        let path = format!("{resource}/{action}");
        match <[String; 1]>::try_from(self.ids) {
            Ok([id]) => one(api, resource, &id, action).await,
            Err(ids) if !ids.is_empty() => job::run(api, &path, &ChosenDeliveries::Ids(ids)).await,
            Err(_) if self.filter.is_empty() && !self.all => Err(WrongUsage::of(
                "name deliveries, a filter such as --webhook, or --all",
            )),
            Err(_) => job::run(api, &path, &ChosenDeliveries::Filter(Box::new(self.filter))).await,
        }
    }
}

async fn one(api: &Api, resource: &str, id: &str, action: &str) -> anyhow::Result<()> {
    let path = format!("{resource}/{}", encoded(id));
    let said = match action {
        "discard" => {
            api.delete(&path).await?;
            "is discarded"
        }
        "restore" => {
            api.act(&format!("{path}/restore")).await?;
            "is a dead letter again"
        }
        _ => {
            api.act(&format!("{path}/{action}")).await?;
            "is being attempted"
        }
    };
    eprintln!("{id} {said}");
    Ok(())
}

impl ShownDelivery {
    async fn run(&self, api: &Api) -> anyhow::Result<()> {
        let mut query = FilterQuery::default();
        let before = self.attempts_before.map(|number| number.to_string());
        query.push("attempts_before", before.as_deref());
        let path = format!("/deliveries/{}", encoded(&self.id));
        let body = api.fetch(&query.on(&path)).await?;
        api.answer(&body, describe)
    }
}

fn describe(delivery: &Value) -> anyhow::Result<()> {
    say_facts(delivery, MEMBERS)?;
    say("")?;
    say_headers("request headers", &delivery["request_headers"])?;
    say_body("request body", &delivery["request_body"])?;
    for attempt in delivery["attempts"].as_array().into_iter().flatten() {
        say(format_args!(
            "\nattempt {}",
            member_words(attempt, "number")
        ))?;
        say_facts(attempt, ATTEMPT_MEMBERS)?;
        say_headers("answer's headers", &attempt["response_headers"])?;
        say_body("answer's body", &attempt["response_body"])?;
    }
    if let Some(number) = delivery["attempts_before"].as_u64() {
        eprintln!("earlier attempts with --attempts-before {number}");
    }
    Ok(())
}

fn say_headers(label: &str, headers: &Value) -> anyhow::Result<()> {
    let headers = headers.as_object().filter(|headers| !headers.is_empty());
    let Some(headers) = headers else {
        return Ok(());
    };
    say(label)?;
    for (name, value) in headers {
        let line = format!("  {name}: {}", value.as_str().unwrap_or_default());
        say(output::visible(&line))?;
    }
    Ok(())
}

/// A body as text; JSON a member a line, with its numbers as they were sent.
fn say_body(label: &str, body: &Value) -> anyhow::Result<()> {
    let text = body.as_str().unwrap_or_default();
    if text.is_empty() {
        return Ok(());
    }
    say(label)?;
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let laid_out = match is_json {
        true => output::indented(text),
        false => text.to_owned(),
    };
    for line in laid_out.lines() {
        say(format_args!("  {}", output::visible(line)))?;
    }
    Ok(())
}

//! `hookpost consumers`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use super::filter::{FilterQuery, Paging};
use super::stats::{self, PeriodFlags};
use super::webhook_settings::{as_object, pair};
use super::{Api, Connection, encoded};
use crate::cli::output;
use crate::cli::table::{Column, Table};

/// List, create and look after consumers: the platform's customers
#[derive(Args)]
pub(in crate::cli) struct Consumers {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: ConsumerAction,
}

#[derive(Subcommand)]
enum ConsumerAction {
    /// List consumers, newest first
    List(Listing),
    /// Add a consumer
    Create(NewConsumer),
    /// Show a consumer
    Show(ChosenConsumer),
    /// Change a consumer; what is not named stays as it is
    Update(ConsumerChange),
    /// Delete a consumer, its webhooks and its keys
    Delete(Deletion),
    /// Show how a consumer's webhooks have been doing
    Stats(StatsOfConsumer),
    /// Make a link to a consumer's portal; it is printed once
    PortalLink(PortalLinkFlags),
    /// End all links to a consumer's portal, and whatever was opened with one
    EndPortalLinks(ChosenConsumer),
}

#[derive(Args)]
struct Listing {
    /// Only those whose uid or name begins with this
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Args)]
struct ChosenConsumer {
    /// The consumer's id or uid
    consumer: String,
}

#[derive(Args)]
struct StatsOfConsumer {
    #[command(flatten)]
    chosen: ChosenConsumer,
    #[command(flatten)]
    period: PeriodFlags,
}

#[derive(Args, Serialize)]
struct NewConsumer {
    /// The platform's own id for it
    uid: String,
    #[command(flatten)]
    #[serde(flatten)]
    flags: ConsumerFlags,
}

#[derive(Args, Serialize)]
struct ConsumerChange {
    /// The consumer's id or uid
    #[serde(skip)]
    consumer: String,
    /// Another uid
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    flags: ConsumerFlags,
}

#[derive(Args, Serialize)]
struct ConsumerFlags {
    /// What people call it
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The platform's own words; may be given more than once, and together they replace all
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_object")]
    metadata: Vec<(String, String)>,
    /// Deliveries per second over all of its webhooks
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<f64>,
    /// Where it is told of what becomes of its own webhooks
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_url: Option<String>,
    /// Where it is told of it by mail
    #[arg(long, value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_email: Option<String>,
}

#[derive(Args, Serialize)]
struct PortalLinkFlags {
    /// The consumer's id or uid
    #[serde(skip)]
    consumer: String,
    /// How long it lasts, from 5m to 7d [default: 1h]
    #[arg(long, value_name = "DURATION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<String>,
    /// What its holder may do: view, manage, secrets, retry, test; may be given more than once
    /// [default: all]
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    can: Vec<String>,
    /// How the pages look: auto, light or dark [default: auto]
    #[arg(long, value_name = "WORD")]
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
    /// The language of the pages: en, de, fr or es; else as the reader's browser says
    #[arg(long, value_name = "TAG")]
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<String>,
    /// A feature flag: event types with it are shown as well; may be given more than once
    #[arg(long = "feature-flag", value_name = "FLAG", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    feature_flags: Vec<String>,
}

#[derive(Args)]
struct Deletion {
    /// The consumer's id or uid
    consumer: String,
    /// Also erase the data of all events published to it, and all answers of its receivers
    #[arg(long)]
    erase: bool,
}

#[derive(Deserialize)]
struct ShownConsumer {
    id: String,
    uid: Option<String>,
    name: String,
    metadata: BTreeMap<String, String>,
    rate_limit: Option<f64>,
    webhooks: u64,
}

#[derive(Deserialize)]
struct ShownPortalLink {
    url: String,
    expires_at: String,
}

impl Consumers {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        super::run(self.connection, async move |api| {
            perform(&api, &action).await
        })
    }
}

async fn perform(api: &Api, action: &ConsumerAction) -> anyhow::Result<()> {
    match action {
        ConsumerAction::List(listing) => list(api, listing).await,
        ConsumerAction::Create(new) => {
            let body = api.post("/consumers", new).await?;
            api.answer(&body, describe)
        }
        ConsumerAction::Show(chosen) => {
            let body = api.fetch(&path(&chosen.consumer)).await?;
            api.answer(&body, describe)
        }
        ConsumerAction::Update(change) => {
            let body = api.patch(&path(&change.consumer), change).await?;
            api.answer(&body, describe)
        }
        ConsumerAction::Delete(deletion) => {
            let mut query = FilterQuery::default();
            query.push("erase", deletion.erase.then_some("true"));
            api.delete(&query.on(&path(&deletion.consumer))).await
        }
        ConsumerAction::Stats(of) => {
            let path = format!("{}/stats", path(&of.chosen.consumer));
            stats::show(api, &path, &of.period).await
        }
        ConsumerAction::PortalLink(new) => {
            let body = api.post(&links(&new.consumer), new).await?;
            api.answer(&body, |link: &ShownPortalLink| {
                output::say(&link.url)?;
                Ok(output::say(format!("It ends at {}.", link.expires_at))?)
            })
        }
        ConsumerAction::EndPortalLinks(chosen) => api.delete(&links(&chosen.consumer)).await,
    }
}

fn path(consumer: &str) -> String {
    format!("/consumers/{}", encoded(consumer))
}

fn links(consumer: &str) -> String {
    format!("{}/portal-links", path(consumer))
}

async fn list(api: &Api, listing: &Listing) -> anyhow::Result<()> {
    let mut query = FilterQuery::default();
    query.push("q", listing.search.as_deref());
    listing.paging.push_to(&mut query);
    let body = api.fetch(&query.on("/consumers")).await?;
    api.answer_page(&body, |consumers: &[ShownConsumer]| {
        let mut table = Table::new(&[
            Column::whole("ID"),
            Column::cut("UID"),
            Column::cut("NAME"),
            Column::whole("WEBHOOKS"),
        ]);
        for consumer in consumers {
            table.row([
                consumer.id.clone(),
                consumer.uid.clone().unwrap_or_default(),
                consumer.name.clone(),
                consumer.webhooks.to_string(),
            ]);
        }
        Ok(table.print()?)
    })
}

fn describe(consumer: &ShownConsumer) -> anyhow::Result<()> {
    let say =
        |label: &str, value: &str| output::say(output::visible(&format!("{label:<12}{value}")));
    say("id", &consumer.id)?;
    say("uid", consumer.uid.as_deref().unwrap_or("-"))?;
    say("name", &consumer.name)?;
    say("webhooks", &consumer.webhooks.to_string())?;
    if let Some(rate) = consumer.rate_limit {
        say("rate limit", &format!("{rate} per second"))?;
    }
    for (key, value) in &consumer.metadata {
        say("metadata", &format!("{key}={value}"))?;
    }
    Ok(())
}

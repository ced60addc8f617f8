//! `hookpost events`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::erase_events::EraseEvents;
use super::filter::{FilterQuery, Paging};
use super::send_many::SendMany;
use super::shown::{Labelled, listing, say_facts, say_table};
use super::{Api, Connection, encoded, parse};
use crate::cli::input::{INPUT_BYTES_MAX, InputSource};
use crate::cli::output::{self, counted, say};
use crate::cli::table::Column;

/// Publish events, and list what was published
#[derive(Args)]
pub(in crate::cli) struct Events {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: EventAction,
}

#[derive(Subcommand)]
enum EventAction {
    /// Publish an event
    Send(Box<Send>),
    /// Publish several events with one call
    SendMany(SendMany),
    /// Deliver an event that is for later at another time
    Reschedule(Reschedule),
    /// Give up what still waits of an event
    Cancel(CancelEvent),
    /// List events
    List(EventList),
    /// Show an event with its data and what became of its deliveries
    Show {
        /// The event's id
        id: String,
    },
    /// Deliver an event again, to all that want it or to one webhook
    Replay(Replay),
    /// Erase what events carried, and the answers kept for it: some, or all that match
    Erase(EraseEvents),
}

#[derive(Args)]
struct Send {
    /// The event's data, JSON; without it and --data-file, standard input is read
    #[arg(long, value_name = "JSON", conflicts_with = "data_file")]
    data: Option<String>,
    /// A file that holds the data
    #[arg(long, value_name = "FILE")]
    data_file: Option<PathBuf>,
    #[command(flatten)]
    said: EventFlags,
}

/// What is said of an event beside its data.
#[derive(Args, Serialize)]
struct EventFlags {
    /// The event type, such as score.changed
    #[arg(long = "type", value_name = "TYPE")]
    #[serde(rename = "type")]
    event_type: String,
    /// The version of its type; the newest in use if absent
    #[arg(long, value_name = "VERSION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Your own id for the event; publishing it again delivers nothing
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// When it happened, such as 2026-03-16T10:05:00Z
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at: Option<String>,
    /// The consumer it is for, by id or uid
    #[arg(long, value_name = "CONSUMER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer: Option<String>,
    /// A channel in which it is said; may be given more than once
    #[arg(long = "channel", value_name = "CHANNEL", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    channels: Vec<String>,
    /// A tag of your own; may be given more than once
    #[arg(long = "tag", value_name = "TAG", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    /// What the data is where it is a text that receivers get as itself, such as text/plain
    #[arg(long, value_name = "TYPE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    /// How long the data is kept, such as 24h, if less long than the workspace keeps it
    #[arg(long, value_name = "DURATION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_data: Option<String>,
    /// One receiver for this event alone, beside the webhooks that want it
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_url: Option<String>,
    /// The secret that signs for it [default: the workspace's]
    #[arg(long, value_name = "SECRET", requires = "webhook_url")]
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_secret: Option<String>,
    /// The wire profile in which it gets the event [default: the workspace's]
    #[arg(long, requires = "webhook_url")]
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    later: Later,
}

#[derive(Args, Serialize)]
struct Later {
    /// When to deliver it, at most 30 days ahead, such as 2026-04-01T08:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "delay")]
    #[serde(skip_serializing_if = "Option::is_none")]
    deliver_at: Option<String>,
    /// How long to wait before delivering it, such as 90m
    #[arg(long, value_name = "DURATION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    delay: Option<String>,
}

#[derive(Args)]
struct Reschedule {
    /// The event's id
    id: String,
    #[command(flatten)]
    later: Later,
}

#[derive(Args)]
struct CancelEvent {
    /// The event's id
    id: String,
}

#[derive(Args)]
struct EventList {
    /// Only events of this type, or below a prefix: agent.*
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Only events for this consumer, by id or uid
    #[arg(long)]
    consumer: Option<String>,
    /// Only events said in this channel
    #[arg(long)]
    channel: Option<String>,
    /// Only events with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Newest first or oldest first: desc or asc [default: desc]
    #[arg(long, value_name = "ORDER")]
    order: Option<String>,
    /// Only what follows this place, the next_cursor of an earlier list
    #[arg(long, value_name = "CURSOR", conflicts_with = "cursor")]
    after: Option<String>,
    #[command(flatten)]
    paging: Paging,
}

#[derive(Args, Serialize)]
struct Replay {
    /// The event's id
    #[serde(skip)]
    id: String,
    /// Only to this webhook, whatever its filter says
    #[arg(long = "webhook", value_name = "ID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<String>,
}

#[derive(Serialize)]
struct EventToSend<'a> {
    data: &'a RawValue,
    #[serde(flatten)]
    said: &'a EventFlags,
}

#[derive(Deserialize)]
struct SentEvent {
    id: String,
    deliveries: u64,
}

#[derive(Deserialize)]
struct ReplayedEvent {
    deliveries: u64,
}

#[derive(Deserialize)]
struct PublishedData {
    data: Box<RawValue>,
}

const MEMBERS: &[Labelled<'_>] = &[
    ("id", "id"),
    ("type", "type"),
    ("version", "version"),
    ("occurred", "occurred_at"),
    ("published", "created_at"),
    ("consumer", "consumer_id"),
    ("channels", "channels"),
    ("tags", "tags"),
    ("content type", "content_type"),
    ("kept until", "keep_data_until"),
    ("erased", "erased_at"),
];

const COLUMNS: &[(Column, &str)] = &[
    (Column::whole("ID"), "id"),
    (Column::whole("OCCURRED"), "occurred_at"),
    (Column::cut("TYPE"), "type"),
];

const DELIVERY_COLUMNS: &[(Column, &str)] = &[
    (Column::whole("DELIVERY"), "id"),
    (Column::whole("STATUS"), "status"),
    (Column::spare("WEBHOOK"), "webhook_id"),
    (Column::spare("LAST"), "last_status_code"),
];

const WITHOUT_COLUMNS: &[(Column, &str)] = &[
    (Column::whole("WEBHOOK"), "webhook_id"),
    (Column::whole("NOT DELIVERED"), "reason"),
    (Column::cut("CONDITION"), "condition"),
    (Column::spare("LABEL"), "label"),
];

impl Events {
    pub(in crate::cli) fn run(self) -> anyhow::Result<()> {
        let action = self.action;
        super::run(self.connection, async move |api| match &action {
            EventAction::Send(send) => {
                send.run(&api).await?;
                api.say_if_paused().await;
                Ok(())
            }
            EventAction::SendMany(send) => {
                send.run(&api).await?;
                api.say_if_paused().await;
                Ok(())
            }
            EventAction::Reschedule(own) => own.run(&api).await,
            EventAction::Cancel(own) => own.run(&api).await,
            EventAction::List(list) => list.run(&api).await,
            EventAction::Show { id } => show(&api, id).await,
            EventAction::Erase(own) => own.run(&api).await,
            EventAction::Replay(replay) => {
                let path = format!("/events/{}/replay", encoded(&replay.id));
                let body = api.post(&path, replay).await?;
                api.answer(&body, |replayed: &ReplayedEvent| {
                    Ok(say(counted(replayed.deliveries, "delivery", "deliveries"))?)
                })
            }
        })
    }
}

impl Send {
    async fn run(&self, api: &Api) -> anyhow::Result<()> {
        let data = RawValue::from_string(self.read_data()?).context("the data is not JSON")?;
        let said = &self.said;
        let event = EventToSend { data: &data, said };
        let body = api.post("/events", &event).await?;
        api.answer(&body, |published: &SentEvent| {
            say(output::visible(&published.id))?;
            eprintln!(
                "{}",
                counted(published.deliveries, "delivery", "deliveries")
            );
            Ok(())
        })
    }

    fn read_data(&self) -> anyhow::Result<String> {
        if let Some(data) = &self.data {
            return Ok(data.clone());
        }
        InputSource::named(self.data_file.as_deref()).text(INPUT_BYTES_MAX)
    }
}

#[derive(Deserialize)]
struct RescheduledEvent {
    deliver_at: Option<String>,
}

impl Reschedule {
    async fn run(&self, api: &Api) -> anyhow::Result<()> {
        let path = format!("/events/{}", encoded(&self.id));
        let body = api.patch(&path, &self.later).await?;
        api.answer(&body, |event: &RescheduledEvent| {
            let at = event.deliver_at.as_deref().unwrap_or_default();
            Ok(say(output::visible(at))?)
        })
    }
}

#[derive(Deserialize)]
struct CanceledEvent {
    canceled: u64,
}

impl CancelEvent {
    async fn run(&self, api: &Api) -> anyhow::Result<()> {
        let path = format!("/events/{}/cancel", encoded(&self.id));
        let body = api.post(&path, &serde_json::json!({})).await?;
        api.answer(&body, |event: &CanceledEvent| {
            eprintln!(
                "{} canceled",
                counted(event.canceled, "delivery", "deliveries")
            );
            Ok(())
        })
    }
}

impl EventList {
    async fn run(&self, api: &Api) -> anyhow::Result<()> {
        let mut query = FilterQuery::default();
        query.push("type", self.event_type.as_deref());
        query.push("consumer", self.consumer.as_deref());
        query.push("channel", self.channel.as_deref());
        query.push("tag", self.tag.as_deref());
        query.push("order", self.order.as_deref());
        query.push("after", self.after.as_deref());
        self.paging.push_to(&mut query);
        let body = api.fetch(&query.on("/events")).await?;
        listing(api, &body, COLUMNS)
    }
}

async fn show(api: &Api, id: &str) -> anyhow::Result<()> {
    let body = api.fetch(&format!("/events/{}", encoded(id))).await?;
    api.answer(&body, |event: &Value| {
        say_facts(event, MEMBERS)?;
        // Numbers are shown digit by digit, as they were published.
        let published: PublishedData = parse(&body)?;
        say("data")?;
        for line in output::indented(published.data.get()).lines() {
            say(format_args!("  {}", output::visible(line)))?;
        }
        let list = |member: &str| event[member].as_array().cloned().unwrap_or_default();
        say_table(&list("deliveries"), DELIVERY_COLUMNS)?;
        let mut without = list("webhooks");
        without.retain(|webhook| webhook["given"] == false);
        match without.is_empty() {
            true => Ok(()),
            false => say_table(&without, WITHOUT_COLUMNS),
        }
    })
}

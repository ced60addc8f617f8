//! Fetching from webhooks of kind `poll`.
//!
//! Owns: the commands; each event is a line of JSON. Refuses: acknowledging what it could not print.

use std::io::ErrorKind;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value;

use super::filter::FilterQuery;
use super::shown::{Labelled, member_words, say_facts};
use super::webhook_settings::action_path;
use super::{Api, OutputForm, encoded, parse};
use crate::cli::output::say_on;
use crate::cli::table::{Column, Table};

/// How long one request waits for an event while it follows.
const FOLLOWED_WAIT: &str = "25s";

/// What is done with a webhook of kind `poll`.
#[derive(Subcommand)]
pub(super) enum PollAction {
    /// Fetch from a webhook of kind poll; each event is a line of JSON
    Poll(PollFlags),
    /// Say how far a consumer of it has come
    Ack(AckFlags),
    /// Have a consumer of it go on elsewhere
    Seek(SeekFlags),
    /// List its consumers and their places
    PollConsumers(PollConsumers),
    /// Forget a consumer of it and its place
    PollForget(PollForget),
}

#[derive(Args)]
pub(super) struct PollForget {
    /// The webhook's id
    id: String,
    /// The consumer's name
    name: String,
}

#[derive(Args)]
pub(super) struct PollFlags {
    /// The webhook's id
    id: String,
    /// Under which name; each has a place of its own [default: default]
    #[arg(long)]
    consumer: Option<String>,
    /// Where to begin [default: the consumer's place]
    #[arg(long)]
    cursor: Option<String>,
    /// How many events at once
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// How long to wait where there is none, such as 25s
    #[arg(long, value_name = "DURATION")]
    wait: Option<String>,
    /// Acknowledge what was printed
    #[arg(long)]
    ack: bool,
    /// Go on until it is stopped
    #[arg(long)]
    follow: bool,
}

#[derive(Args, Serialize)]
pub(super) struct AckFlags {
    /// The webhook's id
    #[serde(skip)]
    id: String,
    /// The place: a next_cursor, or an event's cursor
    cursor: String,
    /// Under which name [default: default]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer: Option<String>,
}

#[derive(Args, Serialize)]
pub(super) struct SeekFlags {
    /// The webhook's id
    #[serde(skip)]
    id: String,
    /// With what was accepted from then on, such as 2026-03-16T10:05:00Z
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// Behind this place
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    /// Under which name [default: default]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer: Option<String>,
}

#[derive(Args)]
pub(super) struct PollConsumers {
    /// The webhook's id
    id: String,
}

const MEMBERS: &[Labelled<'_>] = &[
    ("consumer", "consumer"),
    ("cursor", "cursor"),
    ("acknowledged", "acked_at"),
];

#[derive(serde::Deserialize)]
struct FetchedPage {
    data: Vec<Value>,
    next_cursor: String,
}

#[derive(serde::Deserialize)]
struct ShownPollers {
    data: Vec<Value>,
}

/// Whether somebody still reads what is printed.
#[derive(PartialEq, Eq)]
enum Printed {
    All,
    Gone,
}

impl PollAction {
    pub(super) async fn perform(&self, api: &Api) -> anyhow::Result<()> {
        match self {
            Self::Poll(flags) => poll(api, flags).await,
            Self::Ack(flags) => {
                let body = api.post(&action_path(&flags.id, "ack"), flags).await?;
                api.answer(&body, |stands: &Value| say_facts(stands, MEMBERS))
            }
            Self::Seek(flags) => {
                let body = api
                    .post(&action_path(&flags.id, "poll/seek"), flags)
                    .await?;
                api.answer(&body, |stands: &Value| say_facts(stands, MEMBERS))
            }
            Self::PollConsumers(of) => {
                let path = action_path(&of.id, "poll/consumers");
                api.answer(&api.fetch(&path).await?, list)
            }
            Self::PollForget(of) => {
                let path = format!("poll/consumers/{}", encoded(&of.name));
                api.delete(&action_path(&of.id, &path)).await
            }
        }
    }
}

async fn poll(api: &Api, flags: &PollFlags) -> anyhow::Result<()> {
    let mut cursor = flags.cursor.clone();
    loop {
        let mut query = FilterQuery::default();
        query.push("consumer", flags.consumer.as_deref());
        query.push("cursor", cursor.as_deref());
        let limit = flags.limit.map(|limit| limit.to_string());
        query.push("limit", limit.as_deref());
        let followed = flags.follow.then_some(FOLLOWED_WAIT);
        query.push("wait", flags.wait.as_deref().or(followed));
        let body = api
            .fetch(&query.on(&action_path(&flags.id, "poll")))
            .await?;
        let page: FetchedPage = parse(&body)?;
        if print(api.form, &body, &page)? == Printed::Gone {
            return Ok(());
        }
        if flags.ack && !page.data.is_empty() {
            let ack = AckFlags {
                id: flags.id.clone(),
                cursor: page.next_cursor.clone(),
                consumer: flags.consumer.clone(),
            };
            api.post(&action_path(&flags.id, "ack"), &ack).await?;
        }
        if !flags.follow {
            return Ok(());
        }
        cursor = Some(page.next_cursor);
    }
}

fn print(form: OutputForm, body: &[u8], page: &FetchedPage) -> anyhow::Result<Printed> {
    let lines: Vec<String> = match form {
        OutputForm::Json => vec![String::from_utf8_lossy(body.trim_ascii_end()).into_owned()],
        OutputForm::Human => page.data.iter().map(Value::to_string).collect(),
    };
    for line in lines {
        match say_on(line) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Printed::Gone),
            said => said?,
        }
    }
    Ok(Printed::All)
}

fn list(known: &ShownPollers) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        Column::cut("CONSUMER"),
        Column::whole("UNREAD"),
        Column::whole("CURSOR"),
        Column::spare("ACKNOWLEDGED"),
    ]);
    for one in &known.data {
        table.row([
            member_words(one, "consumer"),
            member_words(one, "unread"),
            member_words(one, "cursor"),
            member_words(one, "acked_at"),
        ]);
    }
    Ok(table.print()?)
}

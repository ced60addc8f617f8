//! Registering the webhooks of a table, for whoever has a sender of their own making.
//!
//! Owns: the columns, and which webhook a line means. Refuses: rules; the server has them.
//!
//! # Which webhook a line means
//! That of its consumer with its URL. Where there is one it keeps its secret, which nobody can read
//! again; its event types become what the line says.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::csv_records::{CsvRecord, records};
use super::report::{DryRun, ImportReport, ImportRun, Moved};
use crate::cli::input::InputSource;
use crate::cli::rest::{Api, Connection, encoded, on_runtime};
use crate::domain::plural::counted;

/// The most bytes of a table: 64 MiB.
const TABLE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// What a webhook subscribes to that names nothing.
const EVERYTHING: &str = "*";
/// The columns that a table may have; the first line names those that it has.
const COLUMNS: [&str; 5] = ["consumer", "url", "secret", "event_types", "profile"];

#[derive(Args)]
pub(super) struct CsvSource {
    /// The table; its first line names its columns: consumer, url, secret, event_types, profile
    file: PathBuf,
    #[command(flatten)]
    dry_run: DryRun,
}

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct WebhookLine {
    line: usize,
    consumer: Option<String>,
    url: String,
    secret: Option<String>,
    event_types: Vec<String>,
    profile: Option<String>,
}

#[derive(Deserialize)]
struct PresentWebhook {
    id: String,
    consumer_id: Option<String>,
    status: String,
    url: String,
    event_types: Vec<String>,
}

#[derive(Deserialize)]
struct PresentPage {
    data: Vec<PresentWebhook>,
    next_cursor: Option<String>,
}

impl CsvSource {
    pub(super) fn run(self, connection: Connection) -> anyhow::Result<()> {
        let shown = self.file.display();
        let text = InputSource::File(&self.file).text(TABLE_BYTES_MAX)?;
        let lines = read(&text).with_context(|| format!("{shown} is no such table"))?;
        let api = connection.open()?;
        let run = ImportRun::of(&self.dry_run);
        on_runtime(async move {
            let mut report = ImportReport::new(run, api.form(), Some(lines.len() as u64));
            for line in lines {
                let (at, line) = match line {
                    Ok(line) => (line.line, Ok(line)),
                    Err((at, error)) => (at, Err(error)),
                };
                let done = match &line {
                    Ok(line) => take(&api, run, line).await,
                    Err(error) => Err(anyhow::anyhow!("{error:#}")),
                };
                match (done, line) {
                    (Ok(moved), Ok(line)) => {
                        report.moved("webhook", &format!("line {at}, {}", line.url), moved)?;
                    }
                    (Err(error), _) => report.failed(&format!("line {at}"), &error)?,
                    (Ok(_), Err(_)) => {}
                }
            }
            report.end()
        })
    }
}

/// The lines of a table, each read or refused with its number.
fn read(text: &str) -> anyhow::Result<Vec<Result<WebhookLine, (usize, anyhow::Error)>>> {
    let mut found = records(text)?.into_iter();
    let head = found.next().context("it is empty")?;
    let columns: Vec<String> = head
        .cells
        .iter()
        .map(|name| name.trim().to_lowercase().replace([' ', '-'], "_"))
        .collect();
    if let Some(odd) = columns
        .iter()
        .find(|name| !COLUMNS.contains(&name.as_str()))
    {
        let known = COLUMNS.join(", ");
        bail!(
            "line {}: there is no column {odd:?}; there are {known}",
            head.line
        );
    }
    if !columns.iter().any(|name| name == "url") {
        bail!("line {}: the column url is missing", head.line);
    }
    let line = |record: CsvRecord| webhook(&columns, &record).map_err(|error| (record.line, error));
    Ok(found.map(line).collect())
}

fn webhook(columns: &[String], record: &CsvRecord) -> anyhow::Result<WebhookLine> {
    if record.cells.len() > columns.len() {
        bail!(
            "it has {}, and the table {}",
            counted(record.cells.len(), "cell", "cells"),
            counted(columns.len(), "column", "columns")
        );
    }
    let cell = |name: &str| {
        let at = columns.iter().position(|column| column == name)?;
        let text = record.cells.get(at)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let url = cell("url").context("url is missing")?;
    let parsed = Url::parse(&url).context("url is none")?;
    if !matches!(parsed.scheme(), "http" | "https") {
        bail!("url must begin with https:// or http://");
    }
    let types = cell("event_types").unwrap_or_else(|| EVERYTHING.to_owned());
    let types = types
        .split([' ', ',', ';', '|'])
        .filter(|one| !one.is_empty());
    Ok(WebhookLine {
        line: record.line,
        consumer: cell("consumer"),
        url: parsed.to_string(),
        secret: cell("secret"),
        event_types: types.map(str::to_owned).collect(),
        profile: cell("profile"),
    })
}

async fn take(api: &Api, run: ImportRun, line: &WebhookLine) -> anyhow::Result<Moved> {
    let consumer = match &line.consumer {
        None => None,
        Some(named) => {
            let path = format!("/consumers/{}", encoded(named));
            let is_there = api.find(&path).await?.is_some();
            if !is_there && run == ImportRun::Real {
                api.put(&path, &json!({})).await?;
            }
            Some((named, is_there))
        }
    };
    let present = match consumer {
        Some((_, false)) => None,
        Some((named, true)) => present(api, Some(named), &line.url).await?,
        None => present(api, None, &line.url).await?,
    };
    let Some(present) = present else {
        if run == ImportRun::Real {
            api.post("/webhooks", &new_webhook(line)).await?;
        }
        return Ok(Moved::Created);
    };
    if sorted(&present.event_types) == sorted(&line.event_types) {
        return Ok(Moved::Unchanged);
    }
    if run == ImportRun::Real {
        let change = json!({ "event_types": line.event_types });
        api.patch(&format!("/webhooks/{}", present.id), &change)
            .await?;
    }
    Ok(Moved::Updated)
}

fn new_webhook(line: &WebhookLine) -> Value {
    let mut body = Map::new();
    body.insert("url".to_owned(), json!(line.url));
    body.insert("event_types".to_owned(), json!(line.event_types));
    for (name, value) in [
        ("consumer", &line.consumer),
        ("secret", &line.secret),
        ("profile", &line.profile),
    ] {
        if let Some(value) = value {
            body.insert(name.to_owned(), json!(value));
        }
    }
    Value::Object(body)
}

/// The webhook with this URL: of a consumer, or of the platform itself.
async fn present(
    api: &Api,
    consumer: Option<&str>,
    url: &str,
) -> anyhow::Result<Option<PresentWebhook>> {
    let mut path = match consumer {
        Some(named) => format!("/webhooks?limit=250&consumer={}", encoded(named)),
        None => "/webhooks?limit=250".to_owned(),
    };
    let first = path.clone();
    loop {
        let body = api.fetch(&path).await?;
        let page: PresentPage = serde_json::from_slice(&body)?;
        let mut data = page.data.into_iter();
        // One that was revoked gets nothing any more, so another takes its place.
        let counts = |own: &PresentWebhook| {
            own.consumer_id.is_some() == consumer.is_some() && own.status != "revoked"
        };
        if let Some(found) = data.find(|own| own.url == url && counts(own)) {
            return Ok(Some(found));
        }
        match page.next_cursor {
            Some(cursor) => path = format!("{first}&cursor={}", encoded(&cursor)),
            None => return Ok(None),
        }
    }
}

fn sorted(texts: &[String]) -> Vec<&String> {
    let mut sorted: Vec<&String> = texts.iter().collect();
    sorted.sort();
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_by_the_names_of_its_columns() {
        let text =
            "URL,Event Types,consumer\nhttps://a.example/x,a.b c.d,acme\nhttps://b.example,,\n";
        let found: Vec<WebhookLine> = read(text)
            .unwrap()
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(found[0].event_types, ["a.b", "c.d"]);
        assert_eq!(found[0].consumer.as_deref(), Some("acme"));
        assert_eq!(found[1].event_types, ["*"]);
        assert_eq!(
            (found[1].line, found[1].url.as_str()),
            (3, "https://b.example/")
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        for (text, expect) in [
            ("", "empty"),
            ("consumer\nacme", "url is missing"),
            ("url,color\nhttps://a.example,red", "color"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        }
        let text =
            "url,secret\n,x\nnowhere,\nftp://a.example,\nhttps://a.example,a,b\nhttps://a.example,";
        let found = read(text).unwrap();
        let lines: Vec<usize> = found
            .iter()
            .filter_map(|line| line.as_ref().err().map(|(line, _)| *line))
            .collect();
        assert_eq!(lines, [2, 3, 4, 5]);
        assert_eq!(found.len(), 5);
    }
}

//! `hookpost events send-many`: several events in one call.
//!
//! Owns: reading them, an array or one a line, and saying what became of each. Refuses: judging them;
//! the server does, one by one.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Api;
use crate::cli::input::{INPUT_BYTES_MAX, InputSource};
use crate::cli::output::{counted, say, visible};

#[derive(Args)]
pub(super) struct SendMany {
    /// A file of events as the API takes them: a JSON array, or one object a line; without it, standard
    /// input is read
    file: Option<PathBuf>,
}

#[derive(Deserialize)]
struct SentMany {
    results: Vec<Value>,
}

impl SendMany {
    pub(super) async fn run(&self, api: &Api) -> anyhow::Result<()> {
        let text = InputSource::named(self.file.as_deref()).text(INPUT_BYTES_MAX)?;
        let events = events(&text)?;
        if events.is_empty() {
            bail!("there is no event in it");
        }
        let body = api
            .post("/events/batch", &json!({ "events": events }))
            .await?;
        let sent: SentMany = super::parse(&body)?;
        let refused = |one: &&Value| one["status"].as_u64().is_none_or(|status| status >= 400);
        let count = sent.results.iter().filter(refused).count();
        api.answer(&body, |sent: &SentMany| {
            for (index, one) in sent.results.iter().enumerate() {
                if let (true, Some(why)) = (refused(&one), one["detail"].as_str()) {
                    eprintln!("event {}: {}", index + 1, visible(why));
                }
            }
            let accepted = (sent.results.len() - count) as u64;
            say(format_args!(
                "{} accepted",
                counted(accepted, "event", "events")
            ))?;
            Ok(())
        })?;
        match count {
            0 => Ok(()),
            _ => bail!(
                "{} refused",
                counted(count as u64, "event was", "events were")
            ),
        }
    }
}

/// The events of an array, or of one object a line.
fn events(text: &str) -> anyhow::Result<Vec<Box<RawValue>>> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).context("it is not a JSON array");
    }
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line).with_context(|| format!("line {} is not JSON", index + 1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::events;

    #[test]
    fn events_come_as_an_array_or_one_a_line_byte_by_byte() {
        let texts = |text: &str| -> Vec<String> {
            let found = events(text).unwrap();
            found.iter().map(|one| one.get().to_owned()).collect()
        };
        let expect = [r#"{"a": 1.0}"#, r#"{"b":12345678901234567890}"#];
        let (array, lines) = (expect.join(","), expect.join("\n\n"));
        assert_eq!(texts(&format!(" [{array}]")), expect);
        assert_eq!(texts(&format!("{lines}\n")), expect);
        assert!(texts("").is_empty());
        let fault = events("{}\n{\n").unwrap_err().to_string();
        assert_eq!(fault, "line 2 is not JSON");
    }
}

//! `hookpost events send-many`: many events, in as many calls as they take.
//!
//! Owns: reading them, an array or one a line, cutting them into calls, and saying what became of each.
//! Refuses: judging them; the server does, one by one.
//!
//! # Where it goes on
//! The server may go away between two calls, or in one of them: then nobody knows whether that was taken.
//! Each call has an idempotency key, made of the run's own and where the call begins, so that whoever goes
//! on from there under the same key publishes nothing twice.

use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Api, OutputForm, parse, refusal};
use crate::cli::input::{INPUT_BYTES_MAX, InputSource};
use crate::cli::output::{counted, say, visible};
use crate::cli::progress::ProgressBar;
use crate::entropy;

/// The most events of one call; a server that takes fewer says so, and is asked again with half as many.
const CALL_EVENTS_MAX: usize = 1000;
/// The most bytes of events in one call; the API takes 16 MiB.
const CALL_BYTES_MAX: usize = 8 * 1024 * 1024;

#[derive(Args)]
pub(super) struct SendMany {
    /// A file of events as the API takes them: a JSON array, or one object a line; without it, standard
    /// input is read
    file: Option<PathBuf>,
    /// Begin with this one, counted from 1; where an earlier run ended it says which
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    from: u64,
    /// The earlier run's own key, which it says as well: what it sent is not published twice
    #[arg(long, value_name = "KEY", requires = "from")]
    run: Option<String>,
}

#[derive(Serialize)]
struct EventsToSend<'a> {
    events: &'a [Box<RawValue>],
}

#[derive(Deserialize)]
struct SentMany {
    results: Vec<Value>,
}

impl SendMany {
    pub(super) async fn run(&self, api: &Api) -> anyhow::Result<()> {
        let text = InputSource::named(self.file.as_deref()).text(INPUT_BYTES_MAX)?;
        let all = events(&text)?;
        if all.is_empty() {
            bail!("there is no event in it");
        }
        let begin = usize::try_from(self.from - 1).unwrap_or(usize::MAX);
        let rest = all.get(begin..).filter(|rest| !rest.is_empty());
        let Some(rest) = rest else {
            bail!("there are {} in it, none from {} on", all.len(), self.from);
        };
        let made = || u64::from_le_bytes(entropy::bytes());
        let run = self
            .run
            .clone()
            .unwrap_or_else(|| format!("{:016x}", made()));
        let mut results = Vec::with_capacity(rest.len());
        let sent = send(api, rest, begin, &run, &mut results).await;
        let refused = tell(api, begin, &results, &sent)?;
        sent.with_context(|| {
            let next = begin + results.len() + 1;
            format!(
                "sent {} of {}; go on with --from {next} --run {run}",
                begin + results.len(),
                all.len()
            )
        })?;
        match refused {
            0 => Ok(()),
            _ => bail!("{} refused", counted(refused, "event was", "events were")),
        }
    }
}

/// Sends events call by call; what became of those that were sent stands in `results` however it ends.
async fn send(
    api: &Api,
    events: &[Box<RawValue>],
    begin: usize,
    run: &str,
    results: &mut Vec<Value>,
) -> anyhow::Result<()> {
    let bar = ProgressBar::new(api.form);
    let mut count_max = CALL_EVENTS_MAX;
    while results.len() < events.len() {
        bar.show(results.len() as u64, Some(events.len() as u64));
        let call = first_call(&events[results.len()..], count_max);
        let body = serde_json::to_vec(&EventsToSend { events: call })?;
        let key = format!("{run}-{}", begin + results.len());
        let reply = api.post_once("/events/batch", &key, body).await?;
        match reply.status {
            200..=299 => {
                let sent: SentMany = parse(&reply.body)?;
                if sent.results.len() != call.len() {
                    return Err(anyhow!("the server did not answer for each event"));
                }
                results.extend(sent.results);
            }
            // Nothing of it was taken.
            413 if call.len() > 1 => count_max = call.len().div_ceil(2),
            _ => return Err(refusal(&reply)),
        }
    }
    bar.show(results.len() as u64, Some(events.len() as u64));
    bar.end();
    Ok(())
}

/// As many of the first events as go into one call: one at least.
fn first_call(events: &[Box<RawValue>], count_max: usize) -> &[Box<RawValue>] {
    let mut bytes = 0;
    let fits = |length: &usize| {
        bytes += length;
        bytes <= CALL_BYTES_MAX
    };
    let lengths = events.iter().map(|event| event.get().len());
    let count = lengths.take(count_max).take_while(fits).count();
    &events[..count.max(1)]
}

/// Says what became of events, the first of which is the `begin`th; how many were refused. Where sending
/// `ended` early, scripts get what there is, and people are told by the error.
fn tell(
    api: &Api,
    begin: usize,
    results: &[Value],
    ended: &anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let is_refused = |one: &&Value| one["status"].as_u64().is_none_or(|status| status >= 400);
    let refused = results.iter().filter(is_refused).count() as u64;
    if api.form == OutputForm::Json {
        if ended.is_ok() || !results.is_empty() {
            say(json!({ "results": results }))?;
        }
        return Ok(refused);
    }
    for (index, one) in results.iter().enumerate() {
        if let (true, Some(why)) = (is_refused(&one), one["detail"].as_str()) {
            eprintln!("event {}: {}", begin + index + 1, visible(why));
        }
    }
    if ended.is_ok() {
        let accepted = results.len() as u64 - refused;
        say(format_args!(
            "{} accepted",
            counted(accepted, "event", "events")
        ))?;
    }
    Ok(refused)
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
    use super::*;

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

    #[test]
    fn a_call_takes_so_many_events_and_so_many_bytes_and_one_at_least() {
        let check = |bytes: &[usize], count_max: usize, expect: usize| {
            let event = |bytes: &usize| {
                let text = format!("\"{}\"", "a".repeat(bytes - 2));
                RawValue::from_string(text).unwrap()
            };
            let events: Vec<_> = bytes.iter().map(event).collect();
            assert_eq!(first_call(&events, count_max).len(), expect, "{bytes:?}");
        };
        check(&[10, 10, 10], 2, 2);
        check(&[10, 10, 10], 9, 3);
        check(&[CALL_BYTES_MAX - 10, 10, 10], 9, 2);
        check(&[CALL_BYTES_MAX + 1, 10], 9, 1);
    }
}

//! One call with many rows.
//!
//! Owns: rows as events, and what each result means for its row. Refuses: marking rows.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::cli::rest::Api;
use crate::domain::plural::counted;
use crate::store::outbox::{OutboxRow, REASON_CHARS_MAX, SettledRows};

/// The most bytes of data in one call; the API takes 16 MiB.
const CALL_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What became of rows.
pub(super) struct RowsAnswered {
    pub(super) settled: SettledRows,
    /// Why the rest waits, where hookpost takes no more for now.
    pub(super) later: Option<String>,
}

#[derive(Serialize)]
struct RowEvent<'a> {
    id: &'a str,
    r#type: &'a str,
    data: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer: Option<&'a str>,
}

#[derive(Serialize)]
struct RowEvents<'a> {
    events: Vec<RowEvent<'a>>,
}

#[derive(Deserialize)]
struct RowResults {
    results: Vec<RowResult>,
}

#[derive(Deserialize)]
struct RowResult {
    status: u16,
    #[serde(default)]
    detail: Option<String>,
}

/// Publishes the first of `rows` that fit into one call.
pub(super) async fn publish(api: &Api, rows: &[OutboxRow]) -> anyhow::Result<RowsAnswered> {
    let mut settled = SettledRows::default();
    let (mut sent, mut events, mut bytes) = (Vec::new(), Vec::new(), 0);
    for row in rows {
        bytes += row.data.len();
        if bytes > CALL_BYTES_MAX && !events.is_empty() {
            break;
        }
        match serde_json::from_str::<&RawValue>(&row.data) {
            Ok(data) => {
                events.push(RowEvent {
                    id: &row.id,
                    r#type: &row.event_type,
                    data,
                    occurred_at: row.occurred_at.as_deref(),
                    consumer: row.consumer.as_deref(),
                });
                sent.push(row.position);
            }
            Err(error) => {
                let reason = format!("its data is not JSON: {error}");
                settled.refused.push((row.position, reason));
            }
        }
    }
    if events.is_empty() {
        return Ok(RowsAnswered {
            settled,
            later: None,
        });
    }
    let body = api.post("/events/batch", &RowEvents { events }).await?;
    let answered: RowResults = serde_json::from_slice(&body)
        .context("the server's answer is not what hookpost answers")?;
    anyhow::ensure!(
        answered.results.len() == sent.len(),
        "the server answered for {} of {}",
        answered.results.len(),
        counted(sent.len(), "event", "events")
    );
    let mut later = None;
    for (position, result) in sent.into_iter().zip(answered.results) {
        let detail = result.detail.unwrap_or_default();
        match result.status {
            200..=299 => settled.published.push(position),
            // The credential, the server or the pace is at fault, not the row.
            401 | 403 | 408 | 429 | 500..=599 => later = Some(detail),
            _ => {
                let reason = detail.chars().take(REASON_CHARS_MAX).collect();
                settled.refused.push((position, reason));
            }
        }
    }
    Ok(RowsAnswered { settled, later })
}

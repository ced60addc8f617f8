//! `hookpost webhooks preview`: what a webhook would get of an event.
//!
//! Owns: the flags, and telling the answer. Refuses: asking; `webhooks` does.

use std::collections::BTreeMap;

use anyhow::bail;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::webhook_settings::json;
use crate::cli::output;

#[derive(Args, Serialize)]
pub(super) struct PreviewedWebhook {
    /// The webhook's id
    #[serde(skip)]
    pub(super) id: String,
    /// An event that was published; a test event if absent
    #[arg(long, value_name = "ID", conflicts_with = "event")]
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    /// An event as it would be published, such as '{"type": "order.paid", "data": {}}'
    #[arg(long, value_name = "JSON", value_parser = json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
pub(super) struct ShownPreview {
    fits: bool,
    why_not: Option<ShownWhyNot>,
    request: Option<ShownRequest>,
    errors: Vec<ShownError>,
}

#[derive(Deserialize)]
struct ShownWhyNot {
    reason: String,
    detail: Option<String>,
}

#[derive(Deserialize)]
struct ShownRequest {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
}

#[derive(Deserialize)]
struct ShownError {
    field: String,
    message: String,
}

pub(super) fn describe_preview(preview: &ShownPreview) -> anyhow::Result<()> {
    match &preview.why_not {
        Some(ShownWhyNot { reason, detail }) if !preview.fits => {
            let detail = detail.as_deref().unwrap_or_default();
            let why = format!("would not get it: {reason} {detail}");
            eprintln!("{}", output::visible(why.trim_end()));
        }
        Some(_) | None => {}
    }
    for ShownError { field, message } in &preview.errors {
        let fault = format!("{field}: {message}");
        eprintln!("{}", output::visible(&fault));
    }
    let Some(request) = &preview.request else {
        bail!("there is no request for this event");
    };
    let first = format!("{} {}", request.method, request.url);
    output::say(format_args!("{}", output::visible(&first)))?;
    for (name, value) in &request.headers {
        let line = format!("{name}: {value}");
        output::say(format_args!("{}", output::visible(&line)))?;
    }
    output::say("")?;
    for line in request.body.lines() {
        output::say(output::visible(line))?;
    }
    Ok(())
}

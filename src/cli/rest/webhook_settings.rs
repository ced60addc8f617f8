//! The settings of a webhook as flags, the same where one is created and where one is changed.
//!
//! Owns: the flags and how they become JSON. Refuses: judging values; the server does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use super::encoded;
use crate::cli::input::{INPUT_BYTES_MAX, InputSource};

/// Where an action on a webhook is.
pub(super) fn action_path(id: &str, action: &str) -> String {
    format!("/webhooks/{}/{action}", encoded(id))
}

/// What may be said of a webhook; what is not said is left as it is.
#[derive(Args, serde::Serialize)]
pub(super) struct WebhookFlags {
    /// An event type or pattern (`agent.*`, `*`); may be given more than once
    #[arg(long = "event-type", value_name = "TYPE", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    event_types: Vec<String>,
    /// The versions of event types that it pins, such as '{"order.paid": "1"}'; null for none
    #[arg(long, value_name = "JSON", value_parser = json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned_versions: Option<Box<RawValue>>,
    /// Conditions on an event's content, such as '{"data.amount": {"$gte": 100}}'; null for none
    #[arg(long, value_name = "JSON", value_parser = json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<Box<RawValue>>,
    /// A proof for the receiver, such as '{"type": "bearer", "token": "…"}'; null for none
    #[arg(long, value_name = "JSON", value_parser = json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<Box<RawValue>>,
    /// A file of certificate authorities (PEM) that its connections trust beside the public ones; null
    /// for none
    #[arg(long, value_name = "FILE")]
    #[serde(serialize_with = "text_in", skip_serializing_if = "Option::is_none")]
    ca: Option<PathBuf>,
    /// The way of its requests: direct, around the server's egress proxy, or null for the usual one;
    /// takes a key with the scope admin
    #[arg(long, value_name = "WAY", value_parser = json_or_text)]
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<Box<RawValue>>,
    /// How it is requested: POST, PUT or PATCH
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// How the body is written: application/json or application/x-www-form-urlencoded
    #[arg(long, value_name = "TYPE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    /// What the body looks like, as JSON such as '{"text": "{{ /data/id }}"}'; null for the envelope
    #[arg(long, value_name = "JSON", value_parser = json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<Box<RawValue>>,
    /// How it is retried: a built-in profile's name, or JSON such as '{"give_up_on": ["4xx"]}'
    #[arg(long, value_name = "JSON", value_parser = json_or_text)]
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_policy: Option<Box<RawValue>>,
    /// Whether deliveries go out one at a time, in event order
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    ordered: Option<bool>,
    /// Where the value lies by which deliveries keep event order, such as /data/customer; null for none
    #[arg(long, value_name = "POINTER", value_parser = json_or_text)]
    #[serde(skip_serializing_if = "Option::is_none")]
    ordered_by: Option<Box<RawValue>>,
    /// Several events in one request, such as '{"max": 100, "wait": "5s"}'; null for each in its own
    #[arg(long, value_name = "JSON", value_parser = json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<Box<RawValue>>,
    /// A name for people
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// A secret to sign with, instead of a new one
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// The wire profile
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    /// The format: json, cloudevents or slack
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    /// How it signs: hmac or ed25519
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    /// A channel it listens to; may be given more than once
    #[arg(long = "channel", value_name = "CHANNEL", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    channels: Vec<String>,
    /// How long an attempt may take, such as 10s; null for what the profile says
    #[arg(long, value_name = "DURATION", value_parser = json_or_text)]
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<Box<RawValue>>,
    /// Attempts at once; null for the default
    #[arg(long, value_name = "N", value_parser = json_or_text)]
    #[serde(skip_serializing_if = "Option::is_none")]
    max_in_flight: Option<Box<RawValue>>,
    /// Deliveries per second; null for no limit
    #[arg(long, value_name = "N", value_parser = json_or_text)]
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<Box<RawValue>>,
    /// Failures in a row after which it is disabled; null for never
    #[arg(long, value_name = "N", value_parser = json_or_text)]
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_after_failures: Option<Box<RawValue>>,
    /// How long it may fail before it is disabled, such as 120h; null for ever
    #[arg(long, value_name = "DURATION", value_parser = json_or_text)]
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_after: Option<Box<RawValue>>,
    /// A word of your own kept with it, KEY=VALUE; may be given more than once
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    #[serde(serialize_with = "as_object", skip_serializing_if = "Vec::is_empty")]
    metadata: Vec<(String, String)>,
    /// Whether it takes part: true or false
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
    /// Whether headers also go out under their second names: true, false, or null for what the
    /// workspace says
    #[arg(long, value_name = "BOOL", value_parser = json)]
    #[serde(skip_serializing_if = "Option::is_none")]
    aliases: Option<Box<RawValue>>,
    /// A header to send along; may be given more than once
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    #[serde(serialize_with = "as_object", skip_serializing_if = "Vec::is_empty")]
    headers: Vec<(String, String)>,
}

/// JSON as it was typed: numbers stay the digits they are.
pub(super) fn json(text: &str) -> Result<Box<RawValue>, String> {
    serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))
}

/// JSON, or whatever else it is as a text.
pub(super) fn json_or_text(text: &str) -> Result<Box<RawValue>, String> {
    let quoted = || serde_json::Value::from(text).to_string();
    json(text).or_else(|_| json(&quoted()))
}

/// `KEY=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("must be KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("must look like 'Name: value'")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Pairs as the members of an object.
pub(super) fn as_object<S: Serializer>(
    headers: &[(String, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let object: BTreeMap<&str, &str> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    object.serialize(serializer)
}

/// What a file says; null where that stands in its place.
fn text_in<S: Serializer>(file: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    match file.as_deref() {
        Some(file) if file != Path::new("null") => {
            let text = InputSource::File(file).text(INPUT_BYTES_MAX);
            text.map_err(|error| S::Error::custom(format!("{error:#}")))?
                .serialize(serializer)
        }
        Some(_) | None => serializer.serialize_none(),
    }
}

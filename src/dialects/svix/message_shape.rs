//! How a message reads.
//!
//! Owns: its JSON in both directions. Refuses: anything with a payload but carrying it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::application::SvixApplicationIn;
use super::listing::switch;
use crate::domain::envelope::own_text;
use crate::domain::event::{GivenId, StoredEvent};
use crate::domain::svix_id::{is_message, message_id};
use crate::web::extract::{DATA_DEPTH_MAX, Query, RequestBody};
use crate::web::wire::Time;
use crate::web::{AppState, Problem};

/// What a payload reads that was not asked for.
const NO_PAYLOAD: &str = "{}";
/// What a payload reads that was erased.
const ERASED: &str = r#"{"expired":true}"#;
/// What a text in the place of a payload is, unless it says so itself.
const RAW_TYPE: &str = "application/json";
/// For how many days a payload may be kept, and for how many hours.
const RETENTION_DAYS: RangeInclusive<u64> = 5..=90;
const RETENTION_HOURS: RangeInclusive<u64> = 1..=90 * 24;
/// What a message may carry besides its payload: 64 KiB.
const ENVELOPE_BYTES_MAX: usize = 64 * 1024;

/// A message to send.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixMessageIn {
    pub(super) event_type: String,
    #[serde(alias = "data")]
    pub(super) payload: Box<RawValue>,
    #[serde(default)]
    pub(super) event_id: Option<String>,
    #[serde(default)]
    pub(super) channels: Option<Vec<String>>,
    #[serde(default)]
    pub(super) tags: Option<Vec<String>>,
    #[serde(default)]
    pub(super) application: Option<SvixApplicationIn>,
    #[serde(default)]
    pub(super) deliver_at: Option<String>,
    #[serde(default)]
    payload_retention_period: Option<u64>,
    #[serde(default)]
    payload_retention_hours: Option<u64>,
    #[serde(default)]
    pub(super) transformations_params: Option<SvixTransformations>,
}

/// What a client asks to be done to a payload.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixTransformations {
    #[serde(default)]
    raw_payload: Option<String>,
    #[serde(default)]
    headers: Option<BTreeMap<String, String>>,
}

/// What is published of a message.
pub(super) struct SvixContent {
    /// JSON: the payload, or the text in its place.
    pub(super) data: String,
    /// What that text is, where there is one.
    pub(super) content_type: Option<String>,
}

impl SvixMessageIn {
    /// Its payload, or the text that is to be sent in the place of it.
    pub(super) fn content(&self) -> SvixContent {
        let given = self.transformations_params.as_ref();
        let raw = given.and_then(|given| Some((given.raw_payload.as_ref()?, &given.headers)));
        let Some((text, headers)) = raw else {
            return SvixContent {
                data: self.payload.get().to_owned(),
                content_type: None,
            };
        };
        let named = headers
            .iter()
            .flatten()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let content_type = named.map_or(RAW_TYPE, |(_, value)| value);
        SvixContent {
            data: serde_json::Value::from(text.as_str()).to_string(),
            content_type: Some(content_type.to_owned()),
        }
    }

    /// How long its payload is to be kept.
    pub(super) fn keep_data(&self) -> Result<Option<String>, Problem> {
        let (field, said, allowed, (unit, unit_hours)) =
            match (self.payload_retention_period, self.payload_retention_hours) {
                (None, None) => return Ok(None),
                (Some(days), None) => {
                    ("payloadRetentionPeriod", days, RETENTION_DAYS, ("days", 24))
                }
                (None, Some(hours)) => (
                    "payloadRetentionHours",
                    hours,
                    RETENTION_HOURS,
                    ("hours", 1),
                ),
                (Some(_), Some(_)) => {
                    let message = "can't be given together with payloadRetentionPeriod";
                    return Err(Problem::field("payloadRetentionHours", message));
                }
            };
        if allowed.contains(&said) {
            return Ok(Some(format!("{}h", said * unit_hours)));
        }
        let (least, most) = allowed.into_inner();
        let message = format!("must be from {least} to {most} {unit}");
        Err(Problem::field(field, message))
    }
}

impl RequestBody for SvixMessageIn {
    const DEPTH_MAX: usize = DATA_DEPTH_MAX + 1;

    fn bytes_max(state: &AppState) -> usize {
        state.service.options().event_data_bytes_max + ENVELOPE_BYTES_MAX
    }
}

/// A message.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixMessageOut {
    pub(super) id: String,
    pub(super) event_id: Option<String>,
    pub(super) event_type: String,
    pub(super) payload: Box<RawValue>,
    pub(super) channels: Option<Vec<String>>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) timestamp: Time,
    pub(super) deliver_at: Option<Time>,
}

/// Whether a message is to be read with its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Whole,
    Without,
}

impl Content {
    /// As the query asks; the whole message if it says nothing.
    pub(super) fn asked(query: &mut Query) -> Self {
        match switch(query, "with_content", "true") {
            true => Self::Whole,
            false => Self::Without,
        }
    }

    /// The payload to show for an event's data. The clients read objects only: of what is none, its text
    /// stands where they say such a text.
    pub(super) fn payload(self, data: &str, content_type: Option<&str>) -> Box<RawValue> {
        let text = match self {
            Self::Without => NO_PAYLOAD.into(),
            Self::Whole => own_text(data, content_type),
        };
        let shown = serde_json::from_str::<Box<RawValue>>(&text);
        let object = shown.ok().filter(|shown| shown.get().starts_with('{'));
        object.unwrap_or_else(|| {
            let wrapped = serde_json::json!({ "rawPayload": text }).to_string();
            RawValue::from_string(wrapped).unwrap_or_default()
        })
    }
}

/// A message as the clients read it. What was published without them is named by our id, and its
/// publisher's is what they call the event's.
pub(super) fn message(stored: &StoredEvent, content: Content) -> SvixMessageOut {
    let event = &stored.event;
    let public_id = event.public_id();
    let given = event.given_id.as_ref().map(GivenId::as_str);
    let given = given.filter(|given| !is_message(given));
    SvixMessageOut {
        id: message_id(event.id, &public_id),
        event_id: event.uid().or(given).map(str::to_owned),
        event_type: event.event_type.to_string(),
        payload: content.payload(
            match stored.erased_at {
                None => &event.data,
                Some(_) => ERASED,
            },
            event.content_type(),
        ),
        channels: some(event.channels().to_vec()),
        tags: some(event.tags().to_vec()),
        timestamp: stored.created_at.into(),
        deliver_at: stored.deliver_at.map(Time::from),
    }
}

fn some(texts: Vec<String>) -> Option<Vec<String>> {
    (!texts.is_empty()).then_some(texts)
}

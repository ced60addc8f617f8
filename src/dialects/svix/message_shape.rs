//! How a message reads.
//!
//! Owns: its JSON in both directions. Refuses: anything with a payload but carrying it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::application::SvixApplicationIn;
use super::listing::switch;
use crate::domain::event::{GivenId, StoredEvent};
use crate::domain::svix_id::{is_message, message_id};
use crate::web::AppState;
use crate::web::extract::{DATA_DEPTH_MAX, Query, RequestBody};
use crate::web::wire::Time;

/// What a payload reads that was not asked for.
const NO_PAYLOAD: &str = "{}";
/// What a payload reads that was erased.
const ERASED: &str = r#"{"expired":true}"#;
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
    pub(super) transformations_params: Option<SvixTransformations>,
}

/// What a client asks to be done to a payload.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SvixTransformations {
    #[serde(default)]
    pub(super) raw_payload: Option<String>,
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

    pub(super) fn payload(self, text: &str) -> Box<RawValue> {
        let shown = match self {
            Self::Whole => text,
            Self::Without => NO_PAYLOAD,
        };
        RawValue::from_string(shown.to_owned()).unwrap_or_default()
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
        payload: content.payload(match stored.erased_at {
            None => &event.data,
            Some(_) => ERASED,
        }),
        channels: some(event.channels().to_vec()),
        tags: some(event.tags().to_vec()),
        timestamp: stored.created_at.into(),
        deliver_at: stored.deliver_at.map(Time::from),
    }
}

fn some(texts: Vec<String>) -> Option<Vec<String>> {
    (!texts.is_empty()).then_some(texts)
}

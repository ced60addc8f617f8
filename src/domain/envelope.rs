//! The body of a delivery: one event put into the shape that the receiver was promised.
//!
//! Owns: building the bytes, for every format. Refuses: changing a byte of the publisher's data,
//! and remembering what it built; the same input gives the same bytes, so an attempt may rebuild
//! them or carry them along.
//!
//! # Why the data is never parsed into values
//! A value that is read and written again comes out slightly different: numbers lose digits, keys
//! lose their order, escapes change. Receivers compare, sign and store what they get, so the data
//! travels as text; flattening and the chat line only cut that text at its commas.

mod chat_line;
pub mod members;

use std::borrow::Cow;

use super::event::GivenId;
use super::format::Format;
use super::profile::{EnvelopePart, FieldValue, Profile, TimeForm};
use super::time::Timestamp;

/// What a body is built from.
#[derive(Clone, Copy, Debug)]
pub struct EnvelopeInput<'a> {
    /// The event's type.
    pub event_type: &'a str,
    /// The version of its type that it is of.
    pub event_version: Option<&'a str>,
    /// The event's id as the publisher knows it.
    pub event_id: &'a str,
    /// The delivery's id.
    pub delivery_id: &'a str,
    /// When the event happened.
    pub occurred_at: Timestamp,
    /// The workspace's id.
    pub workspace_id: &'a str,
    /// The event's data: JSON text, checked when it was published.
    pub data: &'a str,
    /// What the data is where that is a text that goes out as itself, if it goes out alone.
    pub content_type: Option<&'a str>,
}

impl EnvelopeInput<'_> {
    /// The same where the body has to be JSON.
    #[must_use]
    pub fn as_json(&self) -> Self {
        Self {
            content_type: None,
            ..*self
        }
    }
}

/// Why a body could not be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The profile carries the data's members beside its own fields, and the data has none.
    #[error("must be a JSON object, because the wire profile flattens it")]
    NotAnObject,
}

/// What makes a webhook's bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodySource {
    /// The wire profile, in a format.
    Envelope(Format),
    /// A template of the webhook's own, which can make a body of any data.
    Template,
}

/// Whether `data` can be delivered in this profile: the check to make when an event is published,
/// much cheaper than building the body.
///
/// # Errors
/// [`RenderError::NotAnObject`] where a flattening profile meets data that is no object.
pub fn check_data(profile: &Profile, source: BodySource, data: &str) -> Result<(), RenderError> {
    let flattened = match source {
        BodySource::Envelope(Format::Json) => profile.flattens(),
        BodySource::Envelope(Format::Data | Format::CloudEvents | Format::Slack)
        | BodySource::Template => false,
    };
    if flattened && !data.trim_start().starts_with('{') {
        return Err(RenderError::NotAnObject);
    }
    Ok(())
}

/// The body of a delivery.
///
/// # Errors
/// [`RenderError::NotAnObject`] where a flattening profile meets data that is no object.
pub fn render(
    profile: &Profile,
    format: Format,
    input: &EnvelopeInput<'_>,
) -> Result<Vec<u8>, RenderError> {
    match format {
        Format::Json => profile_envelope(profile, input),
        Format::Data => Ok(own_text(input.data, input.content_type)
            .into_owned()
            .into_bytes()),
        Format::CloudEvents => Ok(cloud_event(input)),
        Format::Slack => Ok(chat_line::render(input.event_type, input.data)),
    }
}

/// The data alone as it is sent: of what has a content type the text itself, of anything else the JSON as it
/// stands.
#[must_use]
pub fn own_text<'a>(data: &'a str, content_type: Option<&str>) -> Cow<'a, str> {
    let text = content_type.and_then(|_| serde_json::from_str(data).ok());
    text.map_or(Cow::Borrowed(data), Cow::Owned)
}

/// The id that an event has where its publisher gave none: the member of the data that the profile
/// names, if it can be an id.
#[must_use]
pub fn event_id_in(profile: &Profile, data: &str) -> Option<GivenId> {
    let wanted = profile.event_id.as_deref()?;
    let own = members::split(data)?;
    let member = own.iter().rfind(|member| member.name == wanted)?;
    let text: String = serde_json::from_str(member.raw_value).ok()?;
    GivenId::parse(&text).ok()
}

/// Writes a JSON object member by member.
struct ObjectWriter {
    body: Vec<u8>,
}

impl ObjectWriter {
    /// An open object with room for `data_len` bytes of data and an envelope of the usual size.
    fn new(data_len: usize) -> Self {
        let mut body = Vec::with_capacity(data_len + 256);
        body.push(b'{');
        Self { body }
    }

    /// `key` is a JSON string with its colon.
    fn key(&mut self, key: &str) {
        if self.body.len() > 1 {
            self.body.push(b',');
        }
        self.body.extend_from_slice(key.as_bytes());
    }

    fn raw(&mut self, json: &str) {
        self.body.extend_from_slice(json.as_bytes());
    }

    fn text(&mut self, text: &str) {
        push_json_string(&mut self.body, text);
    }

    fn close(mut self) -> Vec<u8> {
        self.body.push(b'}');
        self.body
    }
}

/// Text as one line of a chat that mentions nobody, whoever typed it.
#[must_use]
pub fn chat_text(text: &str) -> String {
    chat_line::escaped(text)
}

fn push_json_string(body: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(body, text).expect("writing text to memory never fails");
}

fn profile_envelope(profile: &Profile, input: &EnvelopeInput<'_>) -> Result<Vec<u8>, RenderError> {
    let mut object = ObjectWriter::new(input.data.len());
    for part in &profile.envelope.parts {
        match part {
            // What has no version says nothing of one.
            EnvelopePart::Field {
                value: FieldValue::EventVersion,
                ..
            } if input.event_version.is_none() => {}
            EnvelopePart::Field { key, value } => {
                object.key(key);
                field(&mut object, value, input);
            }
            EnvelopePart::Members => {
                let own = members::split(input.data).ok_or(RenderError::NotAnObject)?;
                let taken = |name: &str| profile.envelope.names.iter().any(|own| own == name);
                for member in own.iter().filter(|member| !taken(&member.name)) {
                    object.key(member.raw_name);
                    object.raw(":");
                    object.raw(member.raw_value);
                }
            }
        }
    }
    Ok(object.close())
}

fn field(object: &mut ObjectWriter, value: &FieldValue, input: &EnvelopeInput<'_>) {
    match value {
        FieldValue::EventType => object.text(input.event_type),
        FieldValue::EventVersion => object.text(input.event_version.unwrap_or_default()),
        FieldValue::EventId => object.text(input.event_id),
        FieldValue::DeliveryId => object.text(input.delivery_id),
        FieldValue::WorkspaceId => object.text(input.workspace_id),
        FieldValue::Data => object.raw(input.data),
        FieldValue::Constant(json) => object.raw(json),
        FieldValue::Time(TimeForm::Rfc3339) => object.text(&input.occurred_at.rfc3339()),
        FieldValue::Time(TimeForm::UnixSeconds) => {
            object.raw(&input.occurred_at.unix_seconds().to_string());
        }
        FieldValue::Time(TimeForm::UnixMillis) => {
            object.raw(&input.occurred_at.millis().to_string());
        }
    }
}

/// `CloudEvents` 1.0, structured mode. It holds nothing of the delivery, so that one body serves
/// every webhook. `eventversion` is an extension attribute.
fn cloud_event(input: &EnvelopeInput<'_>) -> Vec<u8> {
    let mut object = ObjectWriter::new(input.data.len());
    object.key("\"specversion\":\"1.0\"");
    object.key("\"id\":");
    object.text(input.event_id);
    object.key("\"source\":");
    object.text(&format!("/workspaces/{}", input.workspace_id));
    object.key("\"type\":");
    object.text(input.event_type);
    if let Some(version) = input.event_version {
        object.key("\"eventversion\":");
        object.text(version);
    }
    object.key("\"time\":");
    object.text(&input.occurred_at.rfc3339());
    object.key("\"datacontenttype\":\"application/json\"");
    object.key("\"data\":");
    object.raw(input.data);
    object.close()
}

#[cfg(test)]
mod tests;

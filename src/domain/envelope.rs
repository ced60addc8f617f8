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

use super::event::GivenId;
use super::format::Format;
use super::profile::{EnvelopePart, FieldValue, Profile, TimeForm};
use super::time::Timestamp;

/// What a body is built from.
#[derive(Clone, Copy, Debug)]
pub struct EnvelopeInput<'a> {
    /// The event's type.
    pub event_type: &'a str,
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
        Format::Data => Ok(input.data.as_bytes().to_vec()),
        Format::CloudEvents => Ok(cloud_event(input)),
        Format::Slack => Ok(chat_line::render(input.event_type, input.data)),
    }
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
/// every webhook.
fn cloud_event(input: &EnvelopeInput<'_>) -> Vec<u8> {
    let mut object = ObjectWriter::new(input.data.len());
    object.key("\"specversion\":\"1.0\"");
    object.key("\"id\":");
    object.text(input.event_id);
    object.key("\"source\":");
    object.text(&format!("/workspaces/{}", input.workspace_id));
    object.key("\"type\":");
    object.text(input.event_type);
    object.key("\"time\":");
    object.text(&input.occurred_at.rfc3339());
    object.key("\"datacontenttype\":\"application/json\"");
    object.key("\"data\":");
    object.raw(input.data);
    object.close()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn input(data: &str) -> EnvelopeInput<'_> {
        EnvelopeInput {
            event_type: "score.changed",
            event_id: "evt_1",
            delivery_id: "dlv_1",
            occurred_at: Timestamp::from_millis(1_773_655_500_000),
            workspace_id: "ws_1",
            data,
        }
    }

    fn body(profile: &str, format: Format, data: &str) -> String {
        let profile = Profile::built_in_named(profile).unwrap();
        let bytes = render(&profile, format, &input(data)).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn data_is_carried_with_its_spaces_escapes_and_digits() {
        let data = "{ \"b\" : 1.0, \"a\":12345678901234567890,\n \"e\":\"\\u00e9\\/\" }";
        for (profile, format) in [
            ("standard", Format::Json),
            ("armox", Format::Json),
            ("standard", Format::CloudEvents),
        ] {
            assert!(body(profile, format, data).contains(data));
        }
    }

    #[test]
    fn flattening_keeps_the_members_and_lets_the_envelope_win() {
        let check = |data: &str, inner: &str| {
            let expect = format!(
                "{{\"event\":\"score.changed\",{inner}\"timestamp\":\"2026-03-16T10:05:00.000Z\"}}"
            );
            assert_eq!(body("indigiarmor", Format::Json, data), expect);
        };
        check("{}", "");
        check(" {\"a\" : 1.0 , \"b\":[1, 2]} ", "\"a\":1.0,\"b\":[1, 2],");
        check("{\"event\":\"x\",\"a\":1,\"timestamp\":5}", "\"a\":1,");
        check(
            "{\"\\u0065vent\":\"x\",\"a\":{\"event\":2}}",
            "\"a\":{\"event\":2},",
        );
        check("{\"\\u0061\":1,\"a\":2}", "\"\\u0061\":1,\"a\":2,");
        // Half a character is no text, but JSON allows it in a name.
        check("{\"\\udc00x\":1,\"event\":2}", "\"\\udc00x\":1,");
    }

    #[test]
    fn only_objects_can_be_flattened() {
        let profile = Profile::built_in_named("indigiarmor").unwrap();
        for data in ["[]", "1", "null", "\"{}\"", " [{}]"] {
            let refused = Err(RenderError::NotAnObject);
            let json = BodySource::Envelope(Format::Json);
            assert_eq!(check_data(&profile, json, data), refused);
            assert_eq!(check_data(&profile, BodySource::Template, data), Ok(()));
            assert!(render(&profile, Format::Json, &input(data)).is_err());
            let slack = BodySource::Envelope(Format::Slack);
            assert_eq!(check_data(&profile, slack, data), Ok(()));
            assert_eq!(check_data(&Profile::standard(), json, data), Ok(()));
        }
        let json = BodySource::Envelope(Format::Json);
        assert_eq!(check_data(&profile, json, " {}"), Ok(()));
    }

    #[test]
    fn a_cloud_event_has_every_required_attribute() {
        assert_eq!(
            body("standard", Format::CloudEvents, "{\"a\":1.0}"),
            "{\"specversion\":\"1.0\",\"id\":\"evt_1\",\"source\":\"/workspaces/ws_1\",\
             \"type\":\"score.changed\",\"time\":\"2026-03-16T10:05:00.000Z\",\
             \"datacontenttype\":\"application/json\",\"data\":{\"a\":1.0}}"
        );
    }

    #[test]
    fn every_kind_of_field_can_be_carried() {
        let profile = Profile::parse(
            r#"
            name = "sixth"
            envelope = [
                { name = "v", from = "constant", value = 2 },
                { name = "live", from = "constant", value = true },
                { name = "ev\"t", from = "constant", value = "a\"b" },
                { name = "delivery", from = "delivery_id" },
                { name = "workspace", from = "workspace_id" },
                { name = "at", from = "time_unix" },
                { name = "at_ms", from = "time_unix_ms" },
                { name = "payload", from = "data" },
            ]
            signature = { header = "x-sig", encoding = "hex", content = "{body}", key = "utf8" }
            secret = { generate = "hex64" }
            "#,
        )
        .unwrap();
        let bytes = render(&profile, Format::Json, &input("[1]")).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "{\"v\":2,\"live\":true,\"ev\\\"t\":\"a\\\"b\",\"delivery\":\"dlv_1\",\
             \"workspace\":\"ws_1\",\"at\":1773655500,\"at_ms\":1773655500000,\"payload\":[1]}"
        );
        assert!(profile.body_depends_on_delivery());
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("event|timestamp|.{0,6}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_body_is_json_and_nested_data_is_carried_byte_for_byte(
            value in json(),
            pretty in any::<bool>(),
        ) {
            let data = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            for profile in Profile::built_in() {
                for format in Format::ALL {
                    let rendered = render(profile, format, &input(&data));
                    let checked = check_data(profile, BodySource::Envelope(format), &data);
                    prop_assert_eq!(rendered.is_ok(), checked.is_ok());
                    let Ok(bytes) = rendered else { continue };
                    let text = String::from_utf8(bytes).unwrap();
                    let read: serde_json::Value = serde_json::from_str(&text).unwrap();
                    prop_assert!(read.is_object() || format == Format::Data);
                    if format != Format::Slack && !(profile.flattens() && format == Format::Json) {
                        prop_assert!(text.contains(&data));
                    }
                }
            }
        }
    }
}

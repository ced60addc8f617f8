//! The shape of a webhook's requests: method, content type, template.
//!
//! Owns: building the body of a delivery in its webhook's shape. Refuses: the envelope and formats
//! without a template (`envelope`), and the template's own rules (`template`).
//!
//! # Why a delivery is pinned to a version of the shape
//! Receivers tell repetitions by comparing bytes. So a delivery keeps the version that its webhook had
//! when it was made, and every attempt sends the same bytes, whatever the webhook became meanwhile.

use std::sync::Arc;

use url::form_urlencoded::byte_serialize;

use super::envelope::{self, EnvelopeInput, RenderError};
use super::event_document::EventDocument;
use super::format::Format;
use super::json::{JsonTape, JsonValue};
use super::profile::Profile;
use super::template::{BodyTemplate, TemplateFailure, plain_text};

/// How a delivery is requested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SendMethod {
    /// As every delivery is, unless something else is said.
    #[default]
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
}

impl SendMethod {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::Post, Self::Put, Self::Patch];

    /// The word of HTTP, the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
        }
    }

    /// Reads the word back, in either case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let same = |method: &Self| method.as_str().eq_ignore_ascii_case(word);
        Self::ALL.into_iter().find(same)
    }
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContentType {
    /// As JSON.
    #[default]
    Json,
    /// As a form: one field for each member of the body.
    Form,
}

impl ContentType {
    /// Every type.
    pub const ALL: [Self; 2] = [Self::Json, Self::Form];

    /// The word of HTTP, the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// What turns an event into a body that is not the envelope as it stands.
#[derive(Clone, Debug, Default)]
pub struct BodyShape {
    /// The body's own form.
    pub template: Option<Arc<BodyTemplate>>,
    /// How it is written.
    pub content_type: ContentType,
}

/// Why there is no body for an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// The data does not fit the profile.
    #[error("data {0}")]
    Envelope(#[from] RenderError),
    /// The template cannot be filled in.
    #[error("the template has no body for this event: {0}")]
    Template(#[from] TemplateFailure),
    /// The body is no object, so it has no fields.
    #[error(
        "only an object can be written as a form; give the webhook another template or content_type"
    )]
    NoForm,
}

impl BodyShape {
    /// Whether it leaves the envelope as it is.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.template.is_none() && self.content_type == ContentType::Json
    }

    /// The body of a delivery in this shape.
    ///
    /// # Errors
    /// [`BodyError`] says what stands in the way.
    pub fn body(
        &self,
        profile: &Profile,
        format: Format,
        input: &EnvelopeInput<'_>,
    ) -> Result<Vec<u8>, BodyError> {
        match (self.content_type, &self.template) {
            (ContentType::Form, _) => form(&self.json(profile, format, input)?),
            (ContentType::Json, Some(_)) => self.json(profile, format, input),
            (ContentType::Json, None) => Ok(envelope::render(profile, format, input)?),
        }
    }

    /// The same as JSON, however it is written.
    pub fn json(
        &self,
        profile: &Profile,
        format: Format,
        input: &EnvelopeInput<'_>,
    ) -> Result<Vec<u8>, BodyError> {
        Ok(match &self.template {
            Some(template) => template.fill(EventDocument::from(input).tape().root())?,
            None => envelope::render(profile, format, &input.as_json())?,
        })
    }
}

/// A JSON object as the fields of a form: texts as they are, null as nothing, lists and objects as
/// their JSON.
fn form(json: &[u8]) -> Result<Vec<u8>, BodyError> {
    let text = String::from_utf8_lossy(json);
    let tape = JsonTape::read(text.as_ref().into()).ok_or(BodyError::NoForm)?;
    if !text.trim_start().starts_with('{') {
        return Err(BodyError::NoForm);
    }
    let mut fields = String::with_capacity(json.len());
    let encoded =
        |value: JsonValue<'_>| -> String { byte_serialize(plain_text(value).as_bytes()).collect() };
    for (name, value) in tape.root().members() {
        if !fields.is_empty() {
            fields.push('&');
        }
        fields.push_str(&encoded(name));
        fields.push('=');
        fields.push_str(&encoded(value));
    }
    Ok(fields.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn body(shape: &BodyShape, data: &str) -> Result<String, BodyError> {
        let input = EnvelopeInput {
            event_type: "order.paid",
            event_version: None,
            event_id: "evt_1",
            delivery_id: "dlv_1",
            occurred_at: Timestamp::from_millis(1_773_655_500_000),
            workspace_id: "ws_1",
            data,
            content_type: None,
        };
        let bytes = shape.body(&Profile::standard(), Format::Json, &input)?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    fn templated(text: &str, content_type: ContentType) -> BodyShape {
        BodyShape {
            template: Some(Arc::new(BodyTemplate::parse(text).unwrap())),
            content_type,
        }
    }

    #[test]
    fn a_template_sees_the_event_and_the_delivery() {
        let text = r#"["{{ /id }}","{{ /type }}","{{ /timestamp }}","{{ /delivery_id }}","{{ /workspace_id }}","{{ /data/n }}"]"#;
        assert_eq!(
            body(&templated(text, ContentType::Json), "{\"n\":1.0}").unwrap(),
            r#"["evt_1","order.paid","2026-03-16T10:05:00.000Z","dlv_1","ws_1",1.0]"#
        );
    }

    #[test]
    fn a_form_has_a_field_for_each_member_and_lists_as_their_json() {
        let form = BodyShape {
            template: None,
            content_type: ContentType::Form,
        };
        assert_eq!(
            body(&form, "{\"a b\":[1.0]}").unwrap(),
            "type=order.paid&timestamp=2026-03-16T10%3A05%3A00.000Z&data=%7B%22a+b%22%3A%5B1.0%5D%7D"
        );
        let text = r#"{"text":"ä & {{ /data }}","n":1.50,"none":null,"yes":true}"#;
        assert_eq!(
            body(&templated(text, ContentType::Form), "\"=\"").unwrap(),
            "text=%C3%A4+%26+%3D&n=1.50&none=&yes=true"
        );
        assert_eq!(
            body(&templated("[1]", ContentType::Form), "1"),
            Err(BodyError::NoForm)
        );
        assert_eq!(body(&templated("{}", ContentType::Form), "1").unwrap(), "");
    }
}

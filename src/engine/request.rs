//! Making the request of an attempt: its body, its headers, its signature.
//!
//! Owns: the bytes. Refuses: sending them (`attempt`), and what several deliveries have in common
//! (`batched`).

use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::target::Target;
use crate::domain::delivery::QueuedDelivery;
use crate::domain::envelope::{self, EnvelopeInput};
use crate::domain::event_context::{TRACEPARENT, TRACESTATE};
use crate::domain::event_document::EventDocument;
use crate::domain::event_type::VersionName;
use crate::domain::format::Format;
use crate::domain::header::CustomHeader;
use crate::domain::outcome::FailureKind;
use crate::domain::profile::Profile;
use crate::domain::shape::{BodyError, BodyShape, ContentType};
use crate::domain::signing::{AttemptToSign, SigningKey};
use crate::domain::time::Timestamp;

/// What a delivery was made with and keeps: its wire profile and its webhook's shape.
pub(super) struct MadeWith {
    pub(super) profile: Arc<Profile>,
    pub(super) shape: Option<Arc<BodyShape>>,
}

/// A request, before its proof is fetched.
pub(super) struct Prepared {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why there is nothing that could be sent.
pub(super) struct Unprepared {
    pub(super) kind: FailureKind,
    pub(super) message: String,
}

impl From<String> for Unprepared {
    fn from(message: String) -> Self {
        Self {
            kind: FailureKind::Protocol,
            message,
        }
    }
}

impl From<BodyError> for Unprepared {
    fn from(error: BodyError) -> Self {
        let kind = match error {
            BodyError::Envelope(_) => FailureKind::Protocol,
            BodyError::Template(_) | BodyError::NoForm => FailureKind::Template,
        };
        Self {
            kind,
            message: error.to_string(),
        }
    }
}

/// Room for the headers that come to a webhook's own, those of the client among them.
const OWN_HEADERS: usize = 12;

/// Makes the request of an attempt at `now`.
pub(super) fn prepare(
    delivery: &QueuedDelivery,
    target: &Target,
    made_with: &MadeWith,
    now: Timestamp,
) -> Result<Prepared, Unprepared> {
    let profile = &made_with.profile;
    let keys = signing_keys(target, profile, delivery.profile_seq, now)?;
    let shape = made_with.shape.as_deref();
    let ids = WrittenIds::of(delivery);
    let body = body_of(ids.input(delivery), delivery.format, profile, shape)?;
    let to_sign = AttemptToSign {
        event_id: &ids.event,
        event_type: &delivery.event.event_type,
        event_version: delivery.event.version().map(VersionName::as_str),
        workspace_id: &ids.workspace,
        delivery_id: &ids.delivery,
        attempt_at: now,
        body: &body,
    };
    let mut headers = target.custom_headers.clone();
    headers.reserve(OWN_HEADERS);
    fill_headers(&mut headers, delivery, target)?;
    let content_type = match shape {
        Some(shape) if shape.template.is_some() || shape.content_type != ContentType::Json => {
            shape.content_type.as_str()
        }
        Some(_) | None => own_content_type(delivery, profile),
    };
    let content_type = HeaderValue::from_str(content_type);
    headers.insert(
        CONTENT_TYPE,
        content_type.map_err(|_| "its content type is no header".to_owned())?,
    );
    pass_on_trace(delivery, &mut headers)?;
    add_signature(&mut headers, profile, &keys, &to_sign, target)?;
    Ok(Prepared { headers, body })
}

/// What a body is that no shape changes.
fn own_content_type<'a>(delivery: &'a QueuedDelivery, profile: &Profile) -> &'a str {
    match (delivery.format, delivery.event.content_type()) {
        (Format::Data, Some(own)) => own,
        (format, _) => profile.content_type(format),
    }
}

/// What a request made at `now` is signed with.
pub(super) fn signing_keys(
    target: &Target,
    profile: &Arc<Profile>,
    profile_seq: i64,
    now: Timestamp,
) -> Result<Vec<SigningKey>, Unprepared> {
    if target.is_corrupt {
        let message = "what is stored of the webhook is corrupt; nothing was sent";
        return Err(message.to_owned().into());
    }
    let keys = target.keys_for(profile, profile_seq, now);
    if keys.is_empty() {
        let message = "the webhook's secret does not fit its wire profile; rotate it";
        return Err(message.to_owned().into());
    }
    Ok(keys)
}

/// Adds the wire profile's own headers, under both names where the webhook wants that.
pub(super) fn add_signature(
    headers: &mut HeaderMap,
    profile: &Profile,
    keys: &[SigningKey],
    to_sign: &AttemptToSign<'_>,
    target: &Target,
) -> Result<(), Unprepared> {
    for (name, value) in profile.sign(keys, to_sign) {
        let value = HeaderValue::from_str(&value)
            .map_err(|_| format!("the wire profile's header {name} has an illegal value"))?;
        let alias = profile.alias_of(name).filter(|_| target.sends_aliases);
        let aliased = alias.map(|alias| (alias, value.clone()));
        headers.insert(header_name(name)?, value);
        if let Some((alias, value)) = aliased {
            headers.insert(header_name(alias)?, value);
        }
    }
    Ok(())
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("the wire profile's header {name} is not a header name"))
}

/// Adds the headers whose values are templates; the rules for headers hold of what they become.
pub(super) fn fill_headers(
    headers: &mut HeaderMap,
    delivery: &QueuedDelivery,
    target: &Target,
) -> Result<(), Unprepared> {
    if target.templated.is_empty() {
        return Ok(());
    }
    let ids = WrittenIds::of(delivery);
    let document = EventDocument::from(&ids.input(delivery)).tape();
    for (name, template) in &target.templated {
        let unfit = |message: String| Unprepared {
            kind: FailureKind::Template,
            message: format!("the header {name} has no value for this event: {message}"),
        };
        let text = template.fill(document.root()).map_err(unfit)?;
        let header = CustomHeader::new::<&str>(name.as_str(), text, &[]);
        let header = header.map_err(|error| unfit(error.to_string()))?;
        let value = HeaderValue::from_str(header.value().expose());
        headers.append(name, value.map_err(|error| unfit(error.to_string()))?);
    }
    Ok(())
}

/// Goes on with the publisher's trace, in the place of one that the webhook's own headers name.
fn pass_on_trace(delivery: &QueuedDelivery, headers: &mut HeaderMap) -> Result<(), String> {
    let context = delivery.event.context.as_deref();
    let Some(trace) = context.and_then(|context| context.trace.as_ref()) else {
        return Ok(());
    };
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| "its trace is no header");
    headers.insert(HeaderName::from_static(TRACEPARENT), value(&trace.parent)?);
    headers.remove(TRACESTATE);
    if let Some(state) = &trace.state {
        headers.insert(HeaderName::from_static(TRACESTATE), value(state)?);
    }
    Ok(())
}

/// Builds the body of a delivery: the same bytes in every attempt.
pub fn body(
    delivery: &QueuedDelivery,
    profile: &Profile,
    shape: Option<&BodyShape>,
) -> Result<Bytes, BodyError> {
    let ids = WrittenIds::of(delivery);
    body_of(ids.input(delivery), delivery.format, profile, shape)
}

fn body_of(
    input: EnvelopeInput<'_>,
    format: Format,
    profile: &Profile,
    shape: Option<&BodyShape>,
) -> Result<Bytes, BodyError> {
    let body = match shape {
        Some(shape) => shape.body(profile, format, &input)?,
        None => envelope::render(profile, format, &input)?,
    };
    Ok(Bytes::from(body))
}

/// As [`body`], as one of several in a JSON array.
pub fn json_body(
    delivery: &QueuedDelivery,
    profile: &Profile,
    shape: Option<&BodyShape>,
) -> Result<Vec<u8>, BodyError> {
    let ids = WrittenIds::of(delivery);
    let input = ids.input(delivery);
    match shape {
        Some(shape) => shape.json(profile, delivery.format, &input),
        None => Ok(envelope::render(
            profile,
            delivery.format,
            &input.as_json(),
        )?),
    }
}

/// A delivery's ids as they are written, once for all that is made of them.
struct WrittenIds {
    event: String,
    delivery: String,
    workspace: String,
}

impl WrittenIds {
    fn of(delivery: &QueuedDelivery) -> Self {
        Self {
            event: delivery.event.public_id(),
            delivery: delivery.id.to_string(),
            workspace: delivery.event.workspace.to_string(),
        }
    }

    /// What bodies and headers are made of.
    fn input<'a>(&'a self, delivery: &'a QueuedDelivery) -> EnvelopeInput<'a> {
        let event = &delivery.event;
        EnvelopeInput {
            event_type: &event.event_type,
            event_version: event.version().map(VersionName::as_str),
            event_id: &self.event,
            delivery_id: &self.delivery,
            occurred_at: event.occurred_at,
            workspace_id: &self.workspace,
            data: &event.data,
            content_type: event.content_type(),
        }
    }
}

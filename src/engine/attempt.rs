//! One attempt: the body, the signature, the request, the answer.
//!
//! Owns: building what is sent and describing what came back. Refuses: recording it (`settle`) and
//! deciding what it means (`domain`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::proven::Outbound;
use super::target::Target;
use crate::domain::attempt::{Attempt, AttemptTrigger};
use crate::domain::delivery::QueuedDelivery;
use crate::domain::envelope::{self, EnvelopeInput};
use crate::domain::event_context::{TRACEPARENT, TRACESTATE};
use crate::domain::event_document::EventDocument;
use crate::domain::header::CustomHeader;
use crate::domain::outcome::{self, Answer, FailureKind, Verdict};
use crate::domain::profile::Profile;
use crate::domain::retry_after::parse_retry_after;
use crate::domain::shape::{BodyError, BodyShape, ContentType};
use crate::domain::signing::AttemptToSign;
use crate::domain::time::Timestamp;
use crate::net::{
    AddressRefusal, Failure, HttpReply, OutboundRequest, Posted, Sender, Shortage, USER_AGENT,
    UrlRefusal,
};

/// What an attempt says whose answer leads elsewhere.
const REDIRECTED: &str = "the receiver answered with a redirect, which is never followed";

/// What an attempt says that nobody waited for to its end.
const CUT_OFF: &str =
    "hookpost stopped before an answer came; the attempt is repeated after the next start";

/// An attempt that was made, and what its answer means.
#[derive(Clone, Debug)]
pub(super) struct Attempted {
    /// The attempt; its number is the one that it should get.
    pub(super) attempt: Attempt,
    /// What the answer means.
    pub(super) verdict: Verdict,
}

/// An attempt that was made, and the offset of the clock by which it started.
pub(super) struct Exchanged {
    pub(super) attempted: Attempted,
    pub(super) clock_offset_ms: i64,
}

/// Builds the body of a delivery: the same bytes in every attempt.
///
/// # Errors
/// [`BodyError`] where the data does not fit the profile (publishing refuses such data) or the shape.
pub fn body(
    delivery: &QueuedDelivery,
    profile: &Profile,
    shape: Option<&BodyShape>,
) -> Result<Bytes, BodyError> {
    with_input(delivery, |input| {
        let body = match shape {
            Some(shape) => shape.body(profile, delivery.format, input)?,
            None => envelope::render(profile, delivery.format, input)?,
        };
        Ok(Bytes::from(body))
    })
}

/// What bodies and headers are made of.
fn with_input<T>(delivery: &QueuedDelivery, made: impl FnOnce(&EnvelopeInput<'_>) -> T) -> T {
    let event = &delivery.event;
    made(&EnvelopeInput {
        event_type: &event.event_type,
        event_id: &event.public_id(),
        delivery_id: &delivery.id.to_string(),
        occurred_at: event.occurred_at,
        workspace_id: &event.workspace.to_string(),
        data: &event.data,
    })
}

/// Makes one attempt.
///
/// # Errors
/// [`Shortage`] where this machine could not make the request: that is no attempt.
pub(super) async fn attempt(
    outbound: Outbound<'_>,
    delivery: &QueuedDelivery,
    target: &Target,
    made_with: &MadeWith,
    trigger: AttemptTrigger,
    now: Timestamp,
) -> Result<Attempted, Shortage> {
    let begun = BegunAttempt {
        number: delivery.progress.attempt_count + 1,
        trigger,
        at: now,
        url: &target.url,
    };
    let request = match prepare(delivery, target, made_with, now) {
        Ok(request) => request,
        Err(Unprepared { kind, message }) => return Ok(begun.unsent(kind, message)),
    };
    let url = match outbound.guard.check_url(&target.url) {
        Ok(url) => url,
        Err(UrlRefusal::Address(AddressRefusal::Unjudged(shortage))) => return Err(shortage),
        Err(refusal) => {
            let message = format!("the webhook's URL {refusal}");
            return Ok(begun.unsent(FailureKind::Blocked, message));
        }
    };
    let tls = match target.tls.as_ref().map(|own| own.get(outbound.client, now)) {
        None => None,
        Some(Ok(tls)) => Some(tls),
        Some(Err(Failure { kind, message })) => return Ok(begun.unsent(kind, message)),
    };
    let request_headers = describe(&request.headers, target);
    let request = OutboundRequest {
        sender: Sender {
            workspace: delivery.event.workspace.seq(),
            webhook: delivery.webhook_seq,
        },
        method: target.method.clone(),
        target: &url,
        headers: request.headers,
        body: request.body,
        timeout: target.timeout,
        tls,
        via: target.via,
    };
    let posted = outbound.post(target.oauth2.as_ref(), request).await?;
    Ok(begun.came_to(request_headers, posted))
}

/// What a delivery was made with and keeps: its wire profile and its webhook's shape.
pub(super) struct MadeWith {
    pub(super) profile: Arc<Profile>,
    pub(super) shape: Option<Arc<BodyShape>>,
}

/// What is recorded of an attempt that began at `started_at` and was cut off because hookpost stops.
pub(super) fn cut_off(
    delivery: &QueuedDelivery,
    target: &Target,
    trigger: AttemptTrigger,
    started_at: Timestamp,
    now: Timestamp,
) -> Attempt {
    let begun = BegunAttempt {
        number: delivery.progress.attempt_count + 1,
        trigger,
        at: started_at,
        url: &target.url,
    };
    let duration = now.since(started_at);
    let attempted = begun.unsent(FailureKind::Connect, CUT_OFF.to_owned());
    Attempt {
        duration_ms: u32::try_from(duration.as_millis()).unwrap_or(u32::MAX),
        ..attempted.attempt
    }
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

/// Makes the request of an attempt at `now`.
pub(super) fn prepare(
    delivery: &QueuedDelivery,
    target: &Target,
    made_with: &MadeWith,
    now: Timestamp,
) -> Result<Prepared, Unprepared> {
    if target.is_corrupt {
        let message = "what is stored of the webhook is corrupt; nothing was sent";
        return Err(message.to_owned().into());
    }
    let profile = &made_with.profile;
    let shape = made_with.shape.as_deref();
    let body = body(delivery, profile, shape)?;
    let keys = target.keys_for(profile, delivery.profile_seq, now);
    if keys.is_empty() {
        let message = "the webhook's secret does not fit its wire profile; rotate it";
        return Err(message.to_owned().into());
    }
    let event_id = delivery.event.public_id();
    let delivery_id = delivery.id.to_string();
    let workspace_id = delivery.event.workspace.to_string();
    let to_sign = AttemptToSign {
        event_id: &event_id,
        event_type: &delivery.event.event_type,
        workspace_id: &workspace_id,
        delivery_id: &delivery_id,
        attempt_at: now,
        body: &body,
    };
    let mut headers = target.custom_headers.clone();
    fill_headers(&mut headers, delivery, target)?;
    let content_type = match shape {
        Some(shape) if shape.template.is_some() || shape.content_type != ContentType::Json => {
            shape.content_type.as_str()
        }
        Some(_) | None => profile.content_type(delivery.format),
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    pass_on_trace(delivery, &mut headers)?;
    for (name, value) in profile.sign(&keys, &to_sign) {
        let value = HeaderValue::from_str(&value)
            .map_err(|_| format!("the wire profile's header {name} has an illegal value"))?;
        let alias = profile.alias_of(name).filter(|_| target.sends_aliases);
        for name in [Some(name), alias].into_iter().flatten() {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| format!("the wire profile's header {name} is not a header name"))?;
            headers.insert(name, value.clone());
        }
    }
    Ok(Prepared { headers, body })
}

/// Adds the headers whose values are templates; the rules for headers hold of what they become.
fn fill_headers(
    headers: &mut HeaderMap,
    delivery: &QueuedDelivery,
    target: &Target,
) -> Result<(), Unprepared> {
    if target.templated.is_empty() {
        return Ok(());
    }
    let document = with_input(delivery, |input| EventDocument::from(input).tape());
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

/// An attempt that began, before anything is known of its end.
struct BegunAttempt<'a> {
    number: u32,
    trigger: AttemptTrigger,
    at: Timestamp,
    url: &'a str,
}

impl BegunAttempt<'_> {
    /// Nothing left the process.
    fn unsent(self, kind: FailureKind, message: String) -> Attempted {
        let posted = Posted {
            duration: Duration::ZERO,
            remote_addr: None,
            result: Err(Failure { kind, message }),
        };
        self.came_to(String::new(), posted)
    }

    fn came_to(self, request_headers: String, posted: Posted) -> Attempted {
        let (answer, reply, message) = match posted.result {
            Ok(reply) => {
                let now = self.at.after(posted.duration);
                let retry_after = reply.header("retry-after");
                let answer = Answer::Replied {
                    status: reply.status,
                    retry_after: retry_after.and_then(|value| parse_retry_after(value, now)),
                };
                (answer, Some(reply), None)
            }
            Err(Failure { kind, message }) => (Answer::Failed(kind), None, Some(message)),
        };
        let verdict = outcome::judge(answer);
        let error_kind = verdict.failure();
        // Another status code says it all; words are for what has none.
        let error = match error_kind {
            Some(FailureKind::Redirect) => Some(REDIRECTED.to_owned()),
            _ => message,
        };
        Attempted {
            attempt: Attempt {
                number: self.number,
                trigger: self.trigger,
                started_at: self.at,
                duration_ms: u32::try_from(posted.duration.as_millis()).unwrap_or(u32::MAX),
                status_code: reply.as_ref().map(|reply| reply.status),
                error_kind,
                error,
                remote_addr: posted.remote_addr.map(|addr| addr.to_string()),
                url: self.url.to_owned(),
                request_headers,
                response_headers: reply.as_ref().map(answered_headers).unwrap_or_default(),
                response_truncated: reply.as_ref().is_some_and(|reply| reply.body_truncated),
                response_body: reply.map(|reply| reply.body),
            },
            verdict,
        }
    }
}

/// The answer's headers for the history, one a line.
fn answered_headers(reply: &HttpReply) -> String {
    let mut lines = String::new();
    for (name, value) in &reply.headers {
        push_line(&mut lines, name, value);
    }
    lines
}

/// The request's headers for the history: one a line, credentials masked.
fn describe(headers: &HeaderMap, target: &Target) -> String {
    let mut lines = String::with_capacity(512);
    push_line(&mut lines, "user-agent", USER_AGENT);
    for (name, value) in headers {
        let shown = if target.masked.contains(name) {
            "***"
        } else {
            value.to_str().unwrap_or("(not printable)")
        };
        push_line(&mut lines, name.as_str(), shown);
    }
    lines
}

fn push_line(lines: &mut String, name: &str, value: &str) {
    lines.push_str(name);
    lines.push_str(": ");
    // A value never holds a line break; one that did would otherwise look like another header.
    lines.extend(
        value
            .chars()
            .map(|c| if c == '\n' || c == '\r' { ' ' } else { c }),
    );
    lines.push('\n');
}

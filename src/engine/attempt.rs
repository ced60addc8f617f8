//! One attempt: the body, the signature, the request, the answer.
//!
//! Owns: building what is sent and describing what came back. Refuses: recording it (`settle`) and
//! deciding what it means (`domain`).

use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::target::Target;
use crate::domain::attempt::AttemptTrigger;
use crate::domain::delivery::QueuedDelivery;
use crate::domain::envelope::{self, EnvelopeInput};
use crate::domain::outcome::{self, Answer, FailureKind, Verdict};
use crate::domain::profile::Profile;
use crate::domain::retry_after::parse_retry_after;
use crate::domain::signing::AttemptToSign;
use crate::domain::time::Timestamp;
use crate::net::{
    AddressRefusal, Client, Failure, Guard, OutboundRequest, Posted, Sender, Shortage, USER_AGENT,
    UrlRefusal,
};

/// What an attempt came to.
#[derive(Clone, Debug)]
pub struct Attempted {
    /// Why it was made.
    pub trigger: AttemptTrigger,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// What the answer means.
    pub verdict: Verdict,
    /// The answer's status code.
    pub status_code: Option<u16>,
    /// Why it failed.
    pub error_kind: Option<FailureKind>,
    /// Why it failed, in words.
    pub error: Option<String>,
    /// Whom it reached.
    pub remote_addr: Option<String>,
    /// Where it went.
    pub url: String,
    /// The headers as sent, credentials masked, one a line.
    pub request_headers: String,
    /// The headers that came back, one a line.
    pub response_headers: String,
    /// The body that came back, as far as it is kept.
    pub response_body: Option<Vec<u8>>,
    /// Whether more came back than is kept.
    pub response_truncated: bool,
}

impl Attempted {
    /// Why it failed, in words, also where the status code says it all; `None` after a success.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.error_kind?;
        let answered = || {
            self.status_code
                .map(|code| format!("the receiver answered {code}"))
        };
        self.error.clone().or_else(answered)
    }
}

/// Builds the body of a delivery: the same bytes in every attempt.
///
/// # Errors
/// A sentence where the data does not fit the profile; publishing refuses such data.
pub fn body(delivery: &QueuedDelivery, profile: &Profile) -> Result<Bytes, envelope::RenderError> {
    let event = &delivery.event;
    let input = EnvelopeInput {
        event_type: &event.event_type,
        event_id: &event.public_id(),
        delivery_id: &delivery.id.to_string(),
        occurred_at: event.occurred_at,
        workspace_id: &event.workspace.to_string(),
        data: &event.data,
    };
    envelope::render(profile, delivery.format, &input).map(Bytes::from)
}

/// Makes one attempt.
///
/// # Errors
/// [`Shortage`] where this machine could not make the request: that is no attempt.
pub(super) async fn attempt(
    client: &Client,
    guard: &Guard,
    delivery: &QueuedDelivery,
    target: &Target,
    profile: &Arc<Profile>,
    trigger: AttemptTrigger,
    now: Timestamp,
) -> Result<Attempted, Shortage> {
    let request = match prepare(delivery, target, profile, now) {
        Ok(request) => request,
        Err(message) => {
            return Ok(unsent(target, trigger, now, FailureKind::Protocol, message));
        }
    };
    let request_headers = describe(&request.headers, target);
    let url = match guard.check_url(&target.url) {
        Ok(url) => url,
        Err(UrlRefusal::Address(AddressRefusal::Unjudged(shortage))) => return Err(shortage),
        Err(refusal) => {
            let message = format!("the webhook's URL {refusal}");
            return Ok(unsent(target, trigger, now, FailureKind::Blocked, message));
        }
    };
    let exchange = client
        .post(OutboundRequest {
            sender: Sender {
                workspace: delivery.event.workspace.seq(),
                webhook: delivery.webhook_seq,
            },
            target: &url,
            headers: request.headers,
            body: request.body,
            timeout: target.timeout,
        })
        .await?;
    let sent = unsent(target, trigger, now, FailureKind::Protocol, String::new());
    let sent = Attempted {
        request_headers,
        ..sent
    };
    Ok(answered(sent, exchange, now))
}

struct Prepared {
    headers: HeaderMap,
    body: Bytes,
}

fn prepare(
    delivery: &QueuedDelivery,
    target: &Target,
    profile: &Arc<Profile>,
    now: Timestamp,
) -> Result<Prepared, String> {
    let body = body(delivery, profile).map_err(|error| format!("data {error}"))?;
    let keys = target.keys_for(profile, delivery.profile_seq, now);
    if keys.is_empty() {
        return Err("the webhook's secret does not fit its wire profile; rotate it".to_owned());
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
    let content_type = profile.content_type(delivery.format);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in profile.sign(&keys, &to_sign) {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("the wire profile's header {name} is not a header name"))?;
        let value = HeaderValue::from_str(&value)
            .map_err(|_| format!("the wire profile's header {name} has an illegal value"))?;
        headers.insert(name, value);
    }
    Ok(Prepared { headers, body })
}

/// An attempt of which nothing left the process.
fn unsent(
    target: &Target,
    trigger: AttemptTrigger,
    now: Timestamp,
    kind: FailureKind,
    message: String,
) -> Attempted {
    Attempted {
        trigger,
        started_at: now,
        duration_ms: 0,
        verdict: outcome::judge(Answer::Failed(kind)),
        status_code: None,
        error_kind: Some(kind),
        error: Some(message),
        remote_addr: None,
        url: target.url.clone(),
        request_headers: String::new(),
        response_headers: String::new(),
        response_body: None,
        response_truncated: false,
    }
}

fn answered(sent: Attempted, exchange: Posted, started_at: Timestamp) -> Attempted {
    let duration_ms = u32::try_from(exchange.duration.as_millis()).unwrap_or(u32::MAX);
    let remote_addr = exchange.remote_addr.map(|addr| addr.to_string());
    let sent = Attempted {
        duration_ms,
        remote_addr,
        ..sent
    };
    let reply = match exchange.result {
        Ok(reply) => reply,
        Err(Failure { kind, message }) => {
            return Attempted {
                verdict: outcome::judge(Answer::Failed(kind)),
                error_kind: Some(kind),
                error: Some(message),
                ..sent
            };
        }
    };
    let now = started_at.after(exchange.duration);
    let retry_after = reply
        .header("retry-after")
        .and_then(|value| parse_retry_after(value, now));
    let verdict = outcome::judge(Answer::Replied {
        status: reply.status,
        retry_after,
    });
    let (error_kind, error) = match verdict {
        Verdict::Delivered => (None, None),
        Verdict::Gone => (Some(FailureKind::Status), None),
        // The status code says it all; words are for what has none.
        Verdict::Failed {
            kind: FailureKind::Redirect,
            ..
        } => (
            Some(FailureKind::Redirect),
            Some("the receiver answered with a redirect, which is never followed".to_owned()),
        ),
        Verdict::Failed { kind, .. } => (Some(kind), None),
    };
    let mut response_headers = String::new();
    for (name, value) in &reply.headers {
        push_line(&mut response_headers, name, value);
    }
    Attempted {
        verdict,
        status_code: Some(reply.status),
        error_kind,
        error,
        response_headers,
        response_truncated: reply.body_truncated,
        response_body: Some(reply.body),
        ..sent
    }
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

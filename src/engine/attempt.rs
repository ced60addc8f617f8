//! One attempt: the body, the signature, the request, the answer.
//!
//! Owns: sending what was made and describing what came back. Refuses: making it (`request`), recording it
//! (`settle`) and deciding what it means (`domain`).

use std::time::Duration;

use reqwest::header::HeaderMap;

use super::batched::Bundle;
use super::proven::Outbound;
use super::request::{MadeWith, Prepared, Unprepared, prepare};
use super::target::Target;
use crate::domain::attempt::{Attempt, AttemptTrigger};
use crate::domain::delivery::QueuedDelivery;
use crate::domain::outcome::{self, Answer, FailureKind, Verdict};
use crate::domain::retry_after::parse_retry_after;
use crate::domain::time::Timestamp;
use crate::net::{
    AddressRefusal, Failure, HttpReply, OutboundRequest, Posted, Sender, Shortage, USER_AGENT,
    UrlRefusal,
};

/// What an attempt says whose answer leads elsewhere.
const REDIRECTED: &str = "the receiver answered with a redirect, which is never followed";

/// What an attempt says that nobody waited for to its end.
const CUT_OFF: &str =
    "the sender stopped before an answer came; the attempt is repeated after its next start";

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

/// What one request carries.
#[derive(Clone, Copy)]
pub(super) enum Parcel<'a> {
    /// A delivery.
    One(&'a QueuedDelivery, &'a MadeWith),
    /// Several.
    Batch(&'a Bundle),
}

impl<'a> Parcel<'a> {
    /// The first of its deliveries.
    pub(super) fn first(self) -> &'a QueuedDelivery {
        match self {
            Self::One(delivery, _) => delivery,
            Self::Batch(bundle) => bundle.first(),
        }
    }

    fn prepare(self, target: &Target, now: Timestamp) -> Result<Prepared, Unprepared> {
        match self {
            Self::One(delivery, made_with) => prepare(delivery, target, made_with, now),
            Self::Batch(bundle) => bundle.prepare(target, now),
        }
    }
}

/// Makes one attempt.
///
/// # Errors
/// [`Shortage`] where this machine could not make the request: that is no attempt.
pub(super) async fn attempt(
    outbound: Outbound<'_>,
    parcel: Parcel<'_>,
    target: &Target,
    trigger: AttemptTrigger,
    now: Timestamp,
) -> Result<Attempted, Shortage> {
    let delivery = parcel.first();
    let begun = BegunAttempt {
        number: delivery.progress.attempt_count + 1,
        trigger,
        at: now,
        url: &target.url,
    };
    let request = match parcel.prepare(target, now) {
        Ok(request) => request,
        Err(Unprepared { kind, message }) => return Ok(begun.unsent(kind, message)),
    };
    let address = match target.address(outbound.guard) {
        Ok(address) => address,
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
        target: address,
        headers: request.headers,
        body: request.body,
        timeout: target.timeout,
        tls,
        via: target.via,
    };
    let posted = outbound.post(target.oauth2.as_ref(), request).await?;
    Ok(begun.came_to(request_headers, posted))
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

/// What is recorded of a delivery for which nothing could be made that could be sent.
pub(super) fn unsent(
    delivery: &QueuedDelivery,
    target: &Target,
    now: Timestamp,
    kind: FailureKind,
    message: String,
) -> Attempted {
    let begun = BegunAttempt {
        number: delivery.progress.attempt_count + 1,
        trigger: delivery.progress.attempt_trigger(),
        at: now,
        url: &target.url,
    };
    begun.unsent(kind, message)
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
    for (place, piece) in value.split(['\n', '\r']).enumerate() {
        if place > 0 {
            lines.push(' ');
        }
        lines.push_str(piece);
    }
    lines.push('\n');
}

//! Attempts as spans.
//!
//! Owns: what a collector learns of an attempt. Refuses: bodies, headers and URLs; of the receiver its
//! host and address are told.

use std::time::Duration;

use crate::domain::attempt::Attempt;
use crate::domain::delivery::QueuedDelivery;
use crate::domain::outcome::FailureKind;
use crate::telemetry::traces::{self, SpanKind, SpanPlace, SpanValue, TraceSpan};

/// Records an attempt, where anybody wants to know.
pub(super) fn trace_attempt(delivery: &QueuedDelivery, attempt: &Attempt) {
    if !traces::are_on() {
        return;
    }
    let event = &delivery.event;
    let (workspace, id) = (event.workspace.to_string(), event.public_id());
    let context = event.context.as_deref();
    let trace = context.and_then(|context| context.trace.as_ref());
    let Some(place) = SpanPlace::of_event(&workspace, &id, trace) else {
        return;
    };
    let text = |text: &str| SpanValue::Text(text.to_owned());
    let mut attributes = vec![
        ("hookpost.workspace.id", SpanValue::Text(workspace)),
        ("hookpost.event.id", text(&id)),
        ("hookpost.event.type", text(&event.event_type)),
        (
            "hookpost.delivery.id",
            SpanValue::Text(delivery.id.to_string()),
        ),
        (
            "hookpost.attempt.number",
            SpanValue::Whole(attempt.number.into()),
        ),
    ];
    if let Some(host) = url::Url::parse(&attempt.url)
        .ok()
        .as_ref()
        .and_then(url::Url::host_str)
    {
        attributes.push(("server.address", text(host)));
    }
    if let Some(address) = &attempt.remote_addr {
        attributes.push(("network.peer.address", text(address)));
    }
    if let Some(status) = attempt.status_code {
        attributes.push(("http.response.status_code", SpanValue::Whole(status.into())));
    }
    let error = attempt.error_kind.map(FailureKind::as_str);
    if let Some(error) = error {
        attributes.push(("error.type", text(error)));
    }
    let took = Duration::from_millis(attempt.duration_ms.into());
    traces::record(TraceSpan {
        place: place.attempt(&delivery.id.to_string(), attempt.number),
        name: "attempt",
        kind: SpanKind::Client,
        began: attempt.started_at,
        ended: attempt.started_at.after(took),
        attributes,
        error,
    });
}

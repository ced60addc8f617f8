//! Spans as OTLP's JSON has them.
//!
//! Owns: the form. Refuses: protobuf; every collector reads JSON on the same path, and nothing has to
//! be generated for it.
//!
//! Source: opentelemetry-proto 1.x, `trace/v1/trace.proto`, and the OTLP specification on JSON: ids in
//! hexadecimal, 64-bit numbers as text, enumerations as numbers.

use serde_json::{Value, json};

use super::{SpanKind, SpanValue, TraceSpan};

/// Where a collector takes them, below its address.
pub const PATH: &str = "/v1/traces";

/// The body of a call that hands over `spans`.
#[must_use]
pub fn body(spans: &[TraceSpan]) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let spans: Vec<Value> = spans.iter().map(span).collect();
    let body = json!({"resourceSpans": [{
        "resource": {"attributes": [
            attribute("service.name", &json!({"stringValue": "hookpost"})),
            attribute("service.version", &json!({"stringValue": version})),
        ]},
        "scopeSpans": [{
            "scope": {"name": "hookpost", "version": version},
            "spans": spans,
        }],
    }]});
    body.to_string().into_bytes()
}

fn span(span: &TraceSpan) -> Value {
    let attributes: Vec<Value> = span
        .attributes
        .iter()
        .map(|(key, value)| attribute(key, &shown(value)))
        .collect();
    let mut told = json!({
        "traceId": hex(&span.place.trace),
        "spanId": hex(&span.place.id),
        "name": span.name,
        "kind": match span.kind {
            SpanKind::Server => 2,
            SpanKind::Client => 3,
        },
        "startTimeUnixNano": nanos(span.began.millis()),
        "endTimeUnixNano": nanos(span.ended.millis()),
        "attributes": attributes,
        "status": match span.error {
            Some(error) => json!({"code": 2, "message": error}),
            None => json!({}),
        },
    });
    if let Some(parent) = &span.place.parent {
        told["parentSpanId"] = hex(parent).into();
    }
    told
}

fn attribute(key: &str, value: &Value) -> Value {
    json!({"key": key, "value": value})
}

fn shown(value: &SpanValue) -> Value {
    match value {
        SpanValue::Text(text) => json!({"stringValue": text}),
        SpanValue::Whole(number) => json!({"intValue": number.to_string()}),
    }
}

fn nanos(millis: i64) -> String {
    (i128::from(millis) * 1_000_000).max(0).to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::telemetry::traces::SpanPlace;

    #[test]
    fn numbers_are_text_and_ids_hexadecimal() {
        let span = TraceSpan {
            place: SpanPlace {
                trace: [0xab; 16],
                id: [1; 8],
                parent: None,
            },
            name: "publish",
            kind: SpanKind::Server,
            began: Timestamp::from_millis(1_700_000_000_001),
            ended: Timestamp::from_millis(1_700_000_000_002),
            attributes: vec![("n", SpanValue::Whole(-7))],
            error: Some("timeout"),
        };
        let body: Value = serde_json::from_slice(&body(&[span])).unwrap();
        let told = &body["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(told["traceId"], "ab".repeat(16));
        assert_eq!(told["startTimeUnixNano"], "1700000000001000000");
        assert_eq!(told["attributes"][0]["value"]["intValue"], "-7");
        assert_eq!(told["status"]["code"], 2);
        assert_eq!(told.get("parentSpanId"), None);
    }
}

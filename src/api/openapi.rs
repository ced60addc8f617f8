//! `/api/v1/openapi.json`: the API's description for tools.
//!
//! Owns: the groups of operations, and answering with the document. Refuses: describing anything
//! (each endpoint does that itself), and knowing all endpoints (`audience`).

use std::sync::OnceLock;

use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::packed::PackedBytes;
use crate::web::answer::packed;
use crate::web::endpoint::Endpoint;
use crate::web::{Answered, openapi};

/// Where the document is.
pub const PATH: &str = "/api/v1/openapi.json";

/// The groups, in the order of reading.
#[rustfmt::skip]
const TAGS: [(&str, &str); 8] = [
    ("Events", "Publishing, reading, polling, replaying."),
    ("Event types", "The catalogue: what may be published, and how its data looks."),
    ("Webhooks", "Receivers: registering, changing, testing and ending them."),
    ("Consumers", "The platform's customers, who own webhooks."),
    ("Deliveries", "Where each event stands with each webhook, and what came back."),
    ("Dead letters", "Deliveries that gave up and wait for a person."),
    ("Instance", "Workspaces, keys, wire profiles, background work: what belongs to the whole instance."),
    ("Operations", "For load balancers, monitoring and documentation."),
];

/// The document of `endpoints`.
#[must_use]
pub fn of(endpoints: &[&'static Endpoint]) -> Value {
    openapi::document(&TAGS, endpoints, &webhooks())
}

/// What a receiver gets under the wire profile `standard`; other profiles name things otherwise.
fn webhooks() -> Value {
    let header = |name: &str, about: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": about,
            "schema": {"type": "string"},
        })
    };
    let body = json!({
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "description": "The event's type."},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "data": {"description": "What was published, byte for byte."},
        },
    });
    let example = json!({
        "type": "order.paid", "timestamp": "2026-11-28T12:00:00.000Z", "data": {"order": "A-1042"},
    });
    json!({"event": {"post": {
        "operationId": "receive_event",
        "tags": ["Webhooks"],
        "summary": "What a webhook gets",
        "description": "Answer 2xx within the webhook's timeout, 10 s unless set otherwise. The same \
            event may come more than once: recognise it by `webhook-id`.",
        "security": [],
        "parameters": [
            header("webhook-id", "The event's id: the same in every attempt."),
            header("webhook-timestamp", "When this attempt was signed, in Unix seconds."),
            header("webhook-signature", "`v1,` and the base64 of the HMAC-SHA256 over \
                `id.timestamp.body`, one for each valid secret, with spaces between them."),
        ],
        "requestBody": {
            "required": true,
            "content": {"application/json": {"schema": body, "example": example}},
        },
        "responses": {
            "2XX": {"description": "Delivered."},
            "410": {"description": "Never again: the webhook is disabled."},
            "default": {"description": "Failed: attempted again as the retry policy says."},
        },
    }}})
}

pub(super) async fn show(document: &'static Value, request: HttpRequest) -> Answered {
    static TEXT: OnceLock<PackedBytes> = OnceLock::new();
    let text = TEXT.get_or_init(|| PackedBytes::new(document.to_string().into()));
    let mut response = HttpResponse::Ok();
    response.content_type("application/json");
    Ok(packed(&request, response, text))
}

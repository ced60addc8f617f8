//! `/api/v1/openapi.json`: the API's description for tools.
//!
//! Owns: the groups of operations, and answering with the document. Refuses: describing anything
//! (each endpoint does that itself), and knowing all endpoints (`audience`).

use std::sync::OnceLock;

use actix_web::HttpResponse;
use serde_json::Value;

use crate::web::endpoint::Endpoint;
use crate::web::{Answered, openapi};

/// Where the document is.
pub const PATH: &str = "/api/v1/openapi.json";

/// The groups, in the order of reading.
#[rustfmt::skip]
const TAGS: [(&str, &str); 7] = [
    ("Events", "Publishing, reading, polling, replaying."),
    ("Event types", "The catalogue: what may be published, and how its data looks."),
    ("Webhooks", "Receivers: registering, changing, testing and ending them."),
    ("Deliveries", "Where each event stands with each webhook, and what came back."),
    ("Dead letters", "Deliveries that gave up and wait for a person."),
    ("Instance", "Workspaces, keys, wire profiles, background work: what belongs to the whole instance."),
    ("Operations", "For load balancers, monitoring and documentation."),
];

/// The document of `endpoints`.
#[must_use]
pub fn of(endpoints: &[&'static Endpoint]) -> Value {
    openapi::document(&TAGS, endpoints)
}

/// `GET /api/v1/openapi.json`.
///
/// # Errors
/// None.
pub async fn show(document: &'static Value) -> Answered {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| document.to_string());
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(text.as_str()))
}

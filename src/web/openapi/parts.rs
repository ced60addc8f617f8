//! What many operations share: parameters, headers, refusals, pages.
//!
//! Owns: these components. Refuses: anything that belongs to one operation.

use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::domain::page::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::web::auth::WORKSPACE_HEADER;
use crate::web::extract::IDEMPOTENCY_KEY_CHARS_MAX;
use crate::web::problem::CONTENT_TYPE;

pub(super) const DESCRIPTION: &str = "hookpost takes events and delivers them to webhooks: signed, \
    in order of urgency, again and again until they arrive. Times are RFC 3339 in UTC, durations are \
    strings such as `5m`, ids are opaque, and every refusal is a problem as of RFC 9457.";

pub(super) const RATE_HEADERS: [&str; 3] =
    ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

/// The statuses of refusals, and when each is given.
const REFUSALS: [(u16, &str); 12] = [
    (
        400,
        "The body is not JSON; the detail says where it breaks.",
    ),
    (401, "There are no credentials, or they are not valid."),
    (
        403,
        "The credentials lack the scope, or the plan does not include this.",
    ),
    (404, "There is nothing of this kind in this workspace."),
    (408, "The body did not arrive in time."),
    (409, "It contradicts what is there already."),
    (413, "The body is too large."),
    (415, "The body is not plain JSON in UTF-8."),
    (422, "Fields or parameters are wrong; `errors` names each."),
    (
        429,
        "The key's rate limit is spent, or there were too many tries.",
    ),
    (500, "A fault of hookpost's; its log says more."),
    (
        503,
        "hookpost cannot do this now; try again after the given time.",
    ),
];

pub(super) fn security_schemes() -> Value {
    json!({"api_key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "hpk_…",
        "description": "An API key. Each operation names the scope that the key must have.",
    }, "session": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "hps_…",
        "description": "The session of a person, from `POST /api/v1/sessions`. Viewers may read, \
            operators may do what a key of a workspace may, owners everything.",
    }})
}

pub(super) fn path_parameter(name: &str) -> Value {
    let about = if name == "id" { "Its id." } else { "Its name." };
    json!({
        "name": name, "in": "path", "required": true, "description": about,
        "schema": {"type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_.*-]+$"},
    })
}

/// How long a page may be.
#[must_use]
pub fn limit() -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT})
}

/// Where a list goes on.
#[must_use]
pub fn cursor() -> Value {
    json!({"type": "string"})
}

/// An instant.
#[must_use]
pub fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// Any text.
#[must_use]
pub fn text() -> Value {
    json!({"type": "string"})
}

/// A switch.
#[must_use]
pub fn flag() -> Value {
    json!({"type": "boolean", "default": false})
}

/// One of a few words.
#[must_use]
pub fn one_of(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

/// A page whose items look like `item`.
pub(super) fn page(item: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["data", "next_cursor"],
        "properties": {
            "data": {"type": "array", "items": item},
            "next_cursor": {
                "type": ["string", "null"],
                "description": "What to pass as `cursor` for the next page; null on the last.",
            },
        },
    })
}

pub(super) fn parameter(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

pub(super) fn parameters() -> Value {
    json!({
        WORKSPACE_HEADER: {
            "name": WORKSPACE_HEADER, "in": "header", "required": false,
            "description": "The workspace to act in, by id or name; for keys of the instance.",
            "schema": {"type": "string"},
        },
        "Idempotency-Key": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Makes repeating the request safe for 24 h: the first answer is given again.",
            "schema": {
                "type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARS_MAX,
                "pattern": "^[!-~]+$",
            },
        },
    })
}

pub(super) fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

pub(super) fn headers() -> Value {
    let header = |about: &str, schema: Value| json!({"description": about, "schema": schema});
    let number = || json!({"type": "number", "minimum": 0});
    json!({
        "x-request-id": header("Names the request in answers and logs.", text()),
        "Idempotent-Replayed": header("`true` where this answer was given before.", one_of(&["true"])),
        "Retry-After": header("Seconds until trying again makes sense.", json!({"type": "integer", "minimum": 1})),
        "RateLimit-Limit": header("The key's requests per second; only where it has a limit.", number()),
        "RateLimit-Remaining": header("Requests left at this moment.", number()),
        "RateLimit-Reset": header("Seconds until another request fits.", number()),
        "WWW-Authenticate": header("Which credentials are wanted.", text()),
    })
}

pub(super) fn refusal(status: u16) -> Value {
    json!({"$ref": format!("#/components/responses/{status}")})
}

pub(super) fn refusals() -> Value {
    let mut refusals = Map::new();
    for (status, about) in REFUSALS {
        let mut headers = json!({"x-request-id": header("x-request-id")});
        let more: &[&str] = match status {
            401 => &["WWW-Authenticate"],
            429 => &[
                "Retry-After",
                "RateLimit-Limit",
                "RateLimit-Remaining",
                "RateLimit-Reset",
            ],
            503 => &["Retry-After"],
            _ => &[],
        };
        for name in more {
            headers[name] = header(name);
        }
        let title = StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or_default();
        refusals.insert(
            status.to_string(),
            json!({
                "description": format!("{title}. {about}"),
                "headers": headers,
                "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
            }),
        );
    }
    Value::Object(refusals)
}

//! Refusals as the clients read them: JSON, whatever it was.
//!
//! Owns: the two documented forms. Refuses: deciding anything.

use actix_web::http::StatusCode;
use serde_json::{Value, json};

use crate::dialects::dialect::DialectRefusal;
use crate::web::Problem;

/// The documented status is ours, but for overload of one key: clients repeat a 503 and no 429.
pub(super) fn status(problem: &Problem) -> StatusCode {
    match problem.status() {
        StatusCode::TOO_MANY_REQUESTS => StatusCode::SERVICE_UNAVAILABLE,
        status => status,
    }
}

/// `code` and `detail`, or the list of what is wrong with each field.
pub(super) fn body(told: &DialectRefusal) -> Value {
    if told.code == "invalid" {
        let errors = told.errors.iter().map(|error| {
            let loc = ["body", error.field.as_str()];
            json!({ "loc": loc, "msg": error.message, "type": "value_error" })
        });
        let errors: Vec<Value> = errors.collect();
        return match errors.is_empty() {
            true => json!({ "detail": [
                { "loc": ["body"], "msg": told.message, "type": "value_error" }
            ] }),
            false => json!({ "detail": errors }),
        };
    }
    let code = match told.code {
        "unauthorized" => "authentication_failed",
        "forbidden" | "plan_required" => "insufficient access",
        "too_large" => "payload_too_large",
        "malformed" => "generic_error",
        other => other,
    };
    json!({ "code": code, "detail": told.message })
}

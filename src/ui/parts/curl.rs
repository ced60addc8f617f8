//! Calls of the API as a shell takes them, for pages that show how to begin.
//!
//! Owns: these texts. Refuses: what a delivery sent (`console::delivery` shows that).

use super::code::quoted;

/// A publish call with the host filled in.
#[must_use]
pub fn publish_call(base: &str) -> String {
    call(
        &format!("{base}/api/v1/events"),
        r#"{"type": "order.paid", "data": {"id": 1}}"#,
    )
}

/// A POST of `body` for a shell.
#[must_use]
pub fn call(url: &str, body: &str) -> String {
    format!(
        "curl -sS {} \\\n  -H 'Authorization: Bearer YOUR_API_KEY' \\\n  \
         -H 'Content-Type: application/json' \\\n  -d {}",
        quoted(url),
        quoted(body)
    )
}

//! One attempt whole: what was sent and what came back, within what a page has room for.
//!
//! Owns: cutting and indenting bodies and headers, and the request as a command. Refuses: choosing the
//! attempt.

use crate::domain::attempt::Attempt;
use crate::service::deliveries::DeliveryDetail;
use crate::ui::explain::{Explained, explain};
use crate::ui::parts::code::{Block, quoted};
use crate::ui::parts::{cut, size};

/// What one body may take of a page, in bytes of HTML.
const BODY_HTML_BYTES: usize = 11 * 1024;
/// What one block of headers may take of a page, in bytes of HTML.
const HEADERS_HTML_BYTES: usize = 3 * 1024;

/// An attempt shown whole.
#[derive(Clone, Debug)]
pub struct ShownExchange {
    /// Its number.
    pub number: u32,
    /// What came back.
    pub outcome: String,
    /// Whether that was a 2xx.
    pub good: bool,
    /// What happened, as it was recorded.
    pub error: Option<String>,
    /// The same for people.
    pub explained: Option<Explained>,
    /// Method and URL.
    pub request_line: String,
    /// The headers as sent.
    pub request_headers: Block,
    /// The headers that came back.
    pub response_headers: Option<Block>,
    /// The body that came back.
    pub response_body: Option<Block>,
    /// What is to be said about that body.
    pub response_note: String,
}

/// How bodies are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bodies {
    /// Indented where they are JSON.
    Pretty,
    /// As they are.
    Raw,
}

/// What came back, in a word.
#[must_use]
pub fn outcome(attempt: &Attempt) -> String {
    match (attempt.status_code, attempt.error_kind) {
        (Some(code), _) => format!("HTTP {code}"),
        (None, Some(kind)) => kind.as_str().to_owned(),
        (None, None) => "no answer".to_owned(),
    }
}

/// An attempt with its request and answer.
#[must_use]
pub fn exchange(attempt: &Attempt, form: Bodies) -> ShownExchange {
    let headers = |text: &str, what| Block::new(cut(text, HEADERS_HTML_BYTES).0, what);
    let body = attempt
        .response_body
        .as_deref()
        .filter(|body| !body.is_empty());
    let body = body.map(|body| body_block(body, form, "the answer's body"));
    let (response_body, mut response_note) = match body {
        Some((block, note)) => (Some(block), note),
        None if attempt.status_code.is_some() => (None, "The answer had no body.".to_owned()),
        None => (None, String::new()),
    };
    if attempt.response_truncated {
        response_note = "The receiver sent more than is kept; this is its beginning.".to_owned();
    }
    let has_headers = !attempt.response_headers.is_empty();
    ShownExchange {
        number: attempt.number,
        outcome: outcome(attempt),
        good: attempt.error_kind.is_none(),
        error: attempt.error.clone(),
        explained: explain(attempt.error_kind, attempt.status_code),
        request_line: format!("POST {}", attempt.url),
        request_headers: headers(&attempt.request_headers, "the request's headers"),
        response_headers: has_headers
            .then(|| headers(&attempt.response_headers, "the answer's headers")),
        response_body,
        response_note,
    }
}

/// A body as text, within what the page has room for, and a word about what is missing.
#[must_use]
pub fn body_block(body: &[u8], form: Bodies, what: &'static str) -> (Block, String) {
    body_block_within(BODY_HTML_BYTES, body, form, what)
}

/// The same within so many bytes of HTML.
#[must_use]
pub fn body_block_within(
    bytes: usize,
    body: &[u8],
    form: Bodies,
    what: &'static str,
) -> (Block, String) {
    let text = String::from_utf8_lossy(body);
    let (block, is_cut) = match form {
        Bodies::Pretty => Block::of_body(&text, bytes, what),
        Bodies::Raw => {
            let (shown, is_cut) = cut(&text, bytes);
            (Block::new(shown, what), is_cut)
        }
    };
    let note = if is_cut {
        format!("Cut here; the whole has {}.", size(body.len() as u64))
    } else {
        String::new()
    };
    (block, note)
}

/// The last request as a command. Credentials are masked, as they were recorded.
#[must_use]
pub fn curl(found: &DeliveryDetail) -> String {
    let mut command = format!("curl -sS -i -X POST {}", quoted(&found.url));
    let own = ["host:", "content-length:", "accept:", "connection:"];
    for line in found.request_headers.lines() {
        let lower = line.to_ascii_lowercase();
        if !own.iter().any(|name| lower.starts_with(name)) {
            command.push_str(&format!(" \\\n  -H {}", quoted(line)));
        }
    }
    let body = String::from_utf8_lossy(&found.request_body);
    if body.len() > 4 * 1024 {
        command.push_str(&format!(" \\\n  --data-binary @{}.body", found.delivery.id));
    } else {
        command.push_str(&format!(" \\\n  --data-binary {}", quoted(&body)));
    }
    command
}

//! What of an answer is kept.
//!
//! Owns: the answer's form and the bounds on its headers. Refuses: reading it off the network.

/// Headers of an answer that are kept, and their bytes together.
pub(super) const REPLY_HEADERS_MAX: usize = 64;
const REPLY_HEADER_BYTES_MAX: usize = 16 * 1024;

/// An answer whose head arrived in time, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpReply {
    /// The HTTP status code.
    pub status: u16,
    /// The first 64 headers as far as they fit into 16 KiB; names in lower case, values with
    /// other bytes than UTF-8 replaced.
    pub headers: Vec<(String, String)>,
    /// The body's first bytes, as sent: nothing is decompressed.
    pub body: Vec<u8>,
    /// Whether the body was longer than the cap, or did not arrive whole in time.
    pub body_truncated: bool,
}

impl HttpReply {
    /// The first header called `name` (in lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the receiver has taken the request.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Those of an answer's headers that are kept.
pub(super) fn kept_headers<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Vec<(String, String)> {
    let mut bytes_left = REPLY_HEADER_BYTES_MAX;
    let mut kept = Vec::new();
    for (name, value) in headers.take(REPLY_HEADERS_MAX) {
        let value = String::from_utf8_lossy(value);
        // Each replaced byte grows to three, so the text is measured and not the bytes.
        let Some(left) = bytes_left.checked_sub(name.len() + value.len()) else {
            continue;
        };
        bytes_left = left;
        kept.push((name.to_owned(), value.into_owned()));
    }
    kept
}

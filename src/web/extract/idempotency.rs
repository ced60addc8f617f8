//! `Idempotency-Key`: recognising a request that came before.
//!
//! Owns: the header's form and the digest of what it was sent with. Refuses: remembering answers;
//! that happens in the transaction of the thing itself (`service::idempotency`).

use actix_web::HttpRequest;
use sha2::{Digest, Sha256};

use crate::service::{Idempotency, StoredAnswer};
use crate::web::Problem;

/// The longest key, in characters.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
const HEADER: &str = "Idempotency-Key";

/// A caller's key and the SHA-256 of method, path, query and body; absent where none was given.
#[derive(Clone, Debug, Default)]
pub struct Keyed(Option<(String, [u8; 32])>);

/// A key and the digest of what came before the body.
pub(super) struct Keying(Option<(String, Sha256)>);

impl Keying {
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let Some(value) = request.headers().get(HEADER) else {
            return Ok(Self(None));
        };
        let fits = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&value.len())
            && value.as_bytes().iter().all(u8::is_ascii_graphic);
        let key = value.to_str().ok().filter(|_| fits).ok_or_else(|| {
            Problem::field(
                HEADER,
                format!(
                    "must be 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters without spaces"
                ),
            )
        })?;
        let mut hasher = Sha256::new();
        for part in [
            request.method().as_str(),
            request.path(),
            request.query_string(),
        ] {
            hasher.update(part.len().to_le_bytes());
            hasher.update(part);
        }
        Ok(Self(Some((key.to_owned(), hasher))))
    }

    pub(super) fn with(self, body: &[u8]) -> Keyed {
        Keyed(self.0.map(|(key, mut hasher)| {
            hasher.update(body);
            (key, hasher.finalize().into())
        }))
    }
}

impl Keyed {
    /// With the shape in which the answer is recorded.
    #[must_use]
    pub fn answered<T>(self, shape: fn(&T) -> StoredAnswer) -> Idempotency<T> {
        Idempotency { key: self.0, shape }
    }
}

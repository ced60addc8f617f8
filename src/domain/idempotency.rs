//! Idempotency: a request that was answered, and how.

use std::time::Duration;

/// How long a record is kept.
pub const KEPT: Duration = Duration::from_secs(24 * 3600);

/// An answered request.
#[derive(Clone, Debug)]
pub struct Record {
    /// SHA-256 of the request.
    pub request_digest: [u8; 32],
    /// The answer's HTTP status.
    pub status: u16,
    /// The answer's body.
    pub body: Vec<u8>,
}

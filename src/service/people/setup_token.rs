//! What is kept of a set-up link while it can be used.
//!
//! Owns: the token's hash and its end. Refuses: the token itself, which only its reader has.

use crate::domain::time::Timestamp;
use crate::domain::token::TokenHash;

/// A token that can be used.
pub(super) struct SetupToken {
    pub(super) hash: TokenHash,
    pub(super) expires_at: Timestamp,
}

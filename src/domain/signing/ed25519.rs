//! Signatures that a receiver verifies without holding a secret: `v1a`, Ed25519 (RFC 8032).
//!
//! Owns: the two forms of a key, the signature, its verification. Refuses: deciding which webhooks
//! sign this way.
//!
//! # Why the private key is never shown
//! The receiver needs the public key only. Whoever registers a webhook reads that, again and again;
//! the private key signs and is sealed like any secret.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::{Zeroize, Zeroizing};

use crate::domain::secret::Secret;

/// The mark before the base64 of a private key, which is its seed and its public half.
pub const PRIVATE_PREFIX: &str = "whsk_";
/// The mark before the base64 of a public key.
pub const PUBLIC_PREFIX: &str = "whpk_";
/// Stands before every signature.
pub(super) const SIGNATURE_PREFIX: &str = "v1a,";
/// The bytes of a seed, and of a public key.
const HALF_BYTES: usize = 32;

/// A private key made ready for signing.
#[derive(Clone)]
pub(super) struct PrivateKey(Arc<Ed25519KeyPair>);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted key]")
    }
}

impl PrivateKey {
    /// # Errors
    /// Where `text` is not [`PRIVATE_PREFIX`] with a seed and the public key that belongs to it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let bytes = text
            .strip_prefix(PRIVATE_PREFIX)
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .map(Zeroizing::new)
            .filter(|bytes| bytes.len() == 2 * HALF_BYTES);
        let pair = bytes.as_ref().and_then(|bytes| {
            let (seed, public) = bytes.split_at(HALF_BYTES);
            Ed25519KeyPair::from_seed_and_public_key(seed, public).ok()
        });
        let pair = pair.ok_or_else(|| {
            format!(
                "must be {PRIVATE_PREFIX} followed by the base64 of an Ed25519 seed and its public key"
            )
        })?;
        Ok(Self(Arc::new(pair)))
    }

    /// Appends the signature of `content` to `text`.
    pub(super) fn sign(&self, content: &[u8], text: &mut String) {
        text.push_str(SIGNATURE_PREFIX);
        STANDARD.encode_string(self.0.sign(content), text);
    }

    fn public(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }
}

/// A private key from 32 random bytes.
pub(super) fn generate(mut seed: [u8; HALF_BYTES]) -> Secret {
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("any 32 bytes are a seed");
    let mut both = Zeroizing::new(Vec::with_capacity(2 * HALF_BYTES));
    both.extend_from_slice(&seed);
    both.extend_from_slice(pair.public_key().as_ref());
    seed.zeroize();
    let mut text = String::with_capacity(128);
    text.push_str(PRIVATE_PREFIX);
    STANDARD.encode_string(&*both, &mut text);
    Secret::new(text)
}

/// The public key of a private one, as receivers are given it; `None` where `secret` is no private key.
#[must_use]
pub fn public_key(secret: &Secret) -> Option<String> {
    let key = PrivateKey::parse(secret.expose()).ok()?;
    Some(format!("{PUBLIC_PREFIX}{}", STANDARD.encode(key.public())))
}

/// A key that verifies: of a public key, or of a private one.
pub(super) fn verifying_key(text: &str) -> Option<Vec<u8>> {
    if let Some(encoded) = text.strip_prefix(PUBLIC_PREFIX) {
        let bytes = STANDARD.decode(encoded).ok()?;
        return (bytes.len() == HALF_BYTES).then_some(bytes);
    }
    let key = PrivateKey::parse(text).ok()?;
    Some(key.public().to_vec())
}

/// Whether any of several signatures fits `content`; `None` where none is of this kind.
pub(super) fn any_fits<'s>(
    public: &[u8],
    candidates: impl Iterator<Item = &'s str>,
    content: &[u8],
) -> Option<bool> {
    let signatures: Vec<Vec<u8>> = candidates
        .filter_map(|candidate| candidate.strip_prefix(SIGNATURE_PREFIX))
        .filter_map(|encoded| STANDARD.decode(encoded).ok())
        .collect();
    let key = UnparsedPublicKey::new(&ED25519, public);
    let fits = |signature: &Vec<u8>| key.verify(content, signature).is_ok();
    (!signatures.is_empty()).then(|| signatures.iter().any(fits))
}

#[cfg(test)]
mod tests;

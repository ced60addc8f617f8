//! Signing deliveries, and making and accepting the secrets that sign them.
//!
//! Owns: keys, the headers of an attempt, the form of secrets. Refuses: randomness (entropy is a
//! parameter) and deciding which secrets are live; callers hand over the keys, newest first.
//!
//! # Why keys are prepared
//! An HMAC key is set up by hashing two blocks. Doing that once per secret instead of once per
//! attempt halves the work of signing a small body.

mod ed25519;
mod verification;
mod visible;

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::profile::template::{Template, Values};
use super::profile::{Encoding, GeneratedSecret, KeyForm, Profile};
use super::secret::Secret;
use super::time::Timestamp;
use ed25519::PrivateKey;
pub use ed25519::{PRIVATE_PREFIX, PUBLIC_PREFIX, public_key};
pub use verification::{TOLERANCE_DEFAULT, VerifyFailure};

/// The mark before the base64 of a Standard Webhooks secret.
pub const SECRET_PREFIX: &str = "whsec_";
/// The fewest bytes of a Standard Webhooks secret: 24.
pub const KEY_BYTES_MIN: usize = 24;
/// The most bytes of a Standard Webhooks secret: 64.
pub const KEY_BYTES_MAX: usize = 64;
/// The fewest characters of any other secret: 16.
pub const SECRET_CHARS_MIN: usize = 16;
/// The most characters of any other secret: 256.
pub const SECRET_CHARS_MAX: usize = 256;
/// The fewest different bytes or characters of a secret that somebody brings. Random ones have many
/// more.
pub const DIFFERENT_MIN: usize = 4;

/// How a webhook's deliveries are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureKind {
    /// HMAC-SHA256 with a secret that the receiver holds as well.
    Hmac,
    /// Ed25519: the receiver holds the public key only.
    Ed25519,
}

impl SignatureKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Hmac, Self::Ed25519];

    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hmac => "hmac",
            Self::Ed25519 => "ed25519",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A secret made ready for signing.
#[derive(Clone)]
pub struct SigningKey(Key);

#[derive(Clone)]
enum Key {
    Hmac(Hmac<Sha256>),
    Ed25519(PrivateKey),
}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn mac(key: &Hmac<Sha256>, content: &Template, values: &Values<'_>) -> Hmac<Sha256> {
    let mut mac = key.clone();
    content.emit(values, |piece| mac.update(piece));
    mac
}

fn signed_bytes(content: &Template, values: &Values<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.body.len() + 128);
    content.emit(values, |piece| bytes.extend_from_slice(piece));
    bytes
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted key]")
    }
}

/// What one attempt is about to send.
#[derive(Clone, Copy, Debug)]
pub struct AttemptToSign<'a> {
    /// The event's id as the publisher knows it.
    pub event_id: &'a str,
    /// The event's type.
    pub event_type: &'a str,
    /// The version of its type that the event is of.
    pub event_version: Option<&'a str>,
    /// The id of the event's workspace.
    pub workspace_id: &'a str,
    /// The delivery's id.
    pub delivery_id: &'a str,
    /// When the attempt starts.
    pub attempt_at: Timestamp,
    /// The bytes that are sent, whatever their format.
    pub body: &'a [u8],
}

/// A secret has not the form that a profile's signatures need. The message is for the caller and
/// repeats nothing of the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretError(pub String);

impl Profile {
    /// Prepares `secret` for signing.
    ///
    /// # Errors
    /// Where the profile wants `whsec_` and base64 and `secret` is something else; a secret that
    /// came through [`Profile::accept_secret`] or [`Profile::generate_secret`] always fits.
    pub fn signing_key(&self, secret: &Secret) -> Result<SigningKey, SecretError> {
        let text = secret.expose();
        if self.carries(SignatureKind::Ed25519) && text.starts_with(PRIVATE_PREFIX) {
            return PrivateKey::parse(text)
                .map(|key| SigningKey(Key::Ed25519(key)))
                .map_err(SecretError);
        }
        self.hmac_key(text).map(|key| SigningKey(Key::Hmac(key)))
    }

    fn hmac_key(&self, text: &str) -> Result<Hmac<Sha256>, SecretError> {
        match self.signature.key {
            KeyForm::Utf8 => Ok(hmac(text.as_bytes())),
            KeyForm::Base64AfterPrefix => Ok(hmac(&decode(text)?)),
        }
    }

    /// Whether deliveries can be signed with `kind`: Ed25519 needs the form of Standard Webhooks,
    /// where several signatures stand side by side and each says of which kind it is.
    #[must_use]
    pub fn carries(&self, kind: SignatureKind) -> bool {
        match (kind, self.signature.key) {
            (SignatureKind::Hmac, _) => true,
            (SignatureKind::Ed25519, KeyForm::Base64AfterPrefix) => {
                self.carries_several_signatures()
            }
            (SignatureKind::Ed25519, KeyForm::Utf8) => false,
        }
    }

    /// The kind of signature that `secret` makes.
    #[must_use]
    pub fn kind_of(&self, secret: &str) -> SignatureKind {
        match self.carries(SignatureKind::Ed25519) && secret.starts_with(PRIVATE_PREFIX) {
            true => SignatureKind::Ed25519,
            false => SignatureKind::Hmac,
        }
    }

    /// The profile's headers for one attempt: ids, timestamp and signature.
    ///
    /// `keys` are the live keys, newest first. Where the header holds several signatures there is
    /// one per key; otherwise only the newest signs. A header that names the event's version is left out
    /// where the event is of none.
    ///
    /// # Panics
    /// If `keys` is empty: a webhook always has a secret, and nothing may leave unsigned.
    #[must_use]
    pub fn sign(&self, keys: &[SigningKey], attempt: &AttemptToSign<'_>) -> Vec<(&str, String)> {
        assert!(!keys.is_empty(), "a webhook always has a live secret");
        let timestamp = attempt.attempt_at.unix_seconds().to_string();
        let values = Values {
            event_id: attempt.event_id,
            event_type: attempt.event_type,
            event_version: attempt.event_version,
            workspace_id: attempt.workspace_id,
            delivery_id: attempt.delivery_id,
            timestamp: &timestamp,
            body: attempt.body,
        };
        let mut headers = Vec::with_capacity(self.headers.len() + 1);
        let rules = self.headers.iter();
        for rule in rules.filter(|rule| rule.value.can_fill(&values)) {
            headers.push((rule.name.as_str(), rule.value.fill(&values)));
        }
        headers.push((
            self.signature.header.as_str(),
            self.signatures(keys, &values),
        ));
        headers
    }

    fn signatures(&self, keys: &[SigningKey], values: &Values<'_>) -> String {
        let scheme = &self.signature;
        let keys = match scheme.separator {
            Some(_) => keys,
            None => &keys[..1],
        };
        let mut text = scheme.lead.fill(values);
        for (place, key) in keys.iter().enumerate() {
            if place > 0 {
                text.push_str(scheme.separator.as_deref().unwrap_or_default());
            }
            let key = match &key.0 {
                Key::Hmac(key) => key,
                Key::Ed25519(key) => {
                    key.sign(&signed_bytes(&scheme.content, values), &mut text);
                    continue;
                }
            };
            text.push_str(&scheme.prefix);
            let digest = mac(key, &scheme.content, values).finalize().into_bytes();
            match scheme.encoding {
                Encoding::Base64 => STANDARD.encode_string(digest, &mut text),
                Encoding::Hex => push_hex(&mut text, &digest),
            }
        }
        text
    }

    /// A secret of `kind` from 32 random bytes.
    #[must_use]
    pub fn generate(&self, kind: SignatureKind, entropy: [u8; 32]) -> Secret {
        match kind {
            SignatureKind::Hmac => self.generate_secret(entropy),
            SignatureKind::Ed25519 => ed25519::generate(entropy),
        }
    }

    /// Takes a secret of `kind` that a caller brought.
    pub fn accept(&self, kind: SignatureKind, text: &str) -> Result<Secret, String> {
        match kind {
            SignatureKind::Hmac => self.accept_secret(text),
            SignatureKind::Ed25519 => PrivateKey::parse(text).map(|_| Secret::new(text.to_owned())),
        }
    }

    /// An HMAC secret in the profile's form from 32 random bytes.
    #[must_use]
    pub fn generate_secret(&self, mut entropy: [u8; 32]) -> Secret {
        let mut text = String::with_capacity(64);
        match self.generated_secret {
            GeneratedSecret::Whsec => {
                text.push_str(SECRET_PREFIX);
                STANDARD.encode_string(entropy, &mut text);
            }
            GeneratedSecret::Hex64 => push_hex(&mut text, &entropy),
        }
        entropy.zeroize();
        Secret::new(text)
    }

    /// Takes an HMAC secret that a caller brought.
    ///
    /// # Errors
    /// A sentence for the caller that says which form the profile wants; it repeats nothing of
    /// the secret.
    pub fn accept_secret(&self, text: &str) -> Result<Secret, String> {
        match self.signature.key {
            KeyForm::Base64AfterPrefix => {
                let key = decode(text).map_err(|error| error.0)?;
                varied(key.iter(), "bytes")?;
            }
            KeyForm::Utf8 => {
                printable(text)?;
                varied(text.chars(), "characters")?;
            }
        }
        Ok(Secret::new(text.to_owned()))
    }
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let key = text
        .strip_prefix(SECRET_PREFIX)
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .map(Zeroizing::new);
    key.filter(|key| (KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&key.len()))
        .ok_or_else(|| {
            SecretError(format!(
                "must be {SECRET_PREFIX} followed by the base64 of {KEY_BYTES_MIN} to {KEY_BYTES_MAX} bytes"
            ))
        })
}

fn printable(text: &str) -> Result<(), String> {
    let length = text.chars().count();
    let padded = text.starts_with(' ') || text.ends_with(' ');
    if (SECRET_CHARS_MIN..=SECRET_CHARS_MAX).contains(&length)
        && !padded
        && text.chars().all(visible::is_visible)
    {
        return Ok(());
    }
    Err(format!(
        "must be {SECRET_CHARS_MIN} to {SECRET_CHARS_MAX} printable characters, with no space at an end"
    ))
}

/// Zeros, one letter again and again: long enough, and yet the first thing that anybody tries.
fn varied<T: Ord>(units: impl Iterator<Item = T>, named: &str) -> Result<(), String> {
    if units.collect::<BTreeSet<T>>().len() >= DIFFERENT_MIN {
        return Ok(());
    }
    Err(format!(
        "must have at least {DIFFERENT_MIN} different {named}"
    ))
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

#[cfg(test)]
mod tests;

//! Verifying a delivery as its receiver would, and saying which step failed.
//!
//! Owns: the steps, in the order in which they can be explained. Refuses: reading a clock, and
//! judging the body beyond its signature.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::{SecretError, SignatureKind, ed25519, mac, signed_bytes};
use crate::domain::profile::template::{Captured, TemplateSlot, Values};
use crate::domain::profile::{Encoding, Profile};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;

/// How far a signed timestamp may lie from now where the caller has no opinion: five minutes.
pub const TOLERANCE_DEFAULT: Duration = Duration::from_secs(300);

/// Why a delivery is not genuine: the step that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyFailure {
    /// The secret itself does not fit the profile.
    #[error("the secret {0}")]
    Secret(#[from] SecretError),
    /// A header that the profile needs is absent.
    #[error("the header {0} is missing")]
    MissingHeader(String),
    /// A header is there, but was not made by this profile.
    #[error("the header {name} {message}")]
    MalformedHeader {
        /// The header's name as the profile spells it.
        name: String,
        /// What it should look like.
        message: String,
    },
    /// The attempt was signed too long ago, or in the future.
    #[error(
        "the timestamp {signed_at} is more than {} s away from now ({now})",
        tolerance.as_secs()
    )]
    OutOfTolerance {
        /// When the delivery says it was signed.
        signed_at: Timestamp,
        /// The verifier's time.
        now: Timestamp,
        /// The distance that was allowed.
        tolerance: Duration,
    },
    /// No signature fits the secret and these bytes.
    #[error("no signature fits: another secret, or the body was changed after signing")]
    Mismatch,
}

/// A secret, or the public half of one, made ready for verifying.
enum VerifyingKey {
    Hmac(Hmac<Sha256>),
    Ed25519(Vec<u8>),
}

impl Profile {
    /// Verifies a delivery of this profile: `headers` and `body` as they arrived. Answers when it was
    /// signed, where the profile signs a time.
    ///
    /// # Errors
    /// The first step that failed: secret, headers, signature, the time of signing.
    pub fn verify<N: AsRef<str>, V: AsRef<str>>(
        &self,
        secret: &Secret,
        headers: &[(N, V)],
        body: &[u8],
        now: Timestamp,
        tolerance: Duration,
    ) -> Result<Option<Timestamp>, VerifyFailure> {
        let public = match self.carries(SignatureKind::Ed25519) {
            true => ed25519::verifying_key(secret.expose()),
            false => None,
        };
        let key = match public {
            Some(public) => VerifyingKey::Ed25519(public),
            None => VerifyingKey::Hmac(self.hmac_key(secret.expose())?),
        };
        let header = find(headers, &self.signature.header)?;
        let (lead, signatures) = self.signature.lead.capture(header).ok_or_else(|| {
            malformed(
                &self.signature.header,
                "does not begin as this profile's signatures do",
            )
        })?;
        let captured = lead.or(self.captured(headers)?);
        let signed_at = match self.signature.content.count(TemplateSlot::Timestamp) {
            0 => None,
            _ => Some(self.signed_at(captured.timestamp.unwrap_or_default())?),
        };
        let values = Values {
            event_id: captured.event_id.unwrap_or_default(),
            // None of these is ever signed.
            event_type: "",
            event_version: None,
            workspace_id: "",
            delivery_id: captured.delivery_id.unwrap_or_default(),
            timestamp: captured.timestamp.unwrap_or_default(),
            body,
        };
        self.any_fits(&key, signatures, &values)?;
        // Only what was signed can be believed, the time as well.
        match signed_at.filter(|at| at.apart(now) > tolerance) {
            None => Ok(signed_at),
            Some(signed_at) => Err(VerifyFailure::OutOfTolerance {
                signed_at,
                now,
                tolerance,
            }),
        }
    }

    /// Reads ids and timestamp out of the headers that carry what is signed; others may be absent.
    fn captured<'h, N: AsRef<str>, V: AsRef<str>>(
        &self,
        headers: &'h [(N, V)],
    ) -> Result<Captured<'h>, VerifyFailure> {
        let mut captured = Captured::default();
        for rule in &self.headers {
            let is_signed = |slot: TemplateSlot| {
                rule.value.count(slot) > 0 && self.signature.content.count(slot) > 0
            };
            let slots = [
                TemplateSlot::EventId,
                TemplateSlot::DeliveryId,
                TemplateSlot::Timestamp,
            ];
            if !slots.into_iter().any(is_signed) {
                continue;
            }
            let value = find(headers, &rule.name)?;
            let found = match rule.value.capture(value) {
                Some((found, "")) => found,
                Some(_) | None => {
                    return Err(malformed(
                        &rule.name,
                        "has not the form that this profile gives it",
                    ));
                }
            };
            captured = captured.or(found);
        }
        Ok(captured)
    }

    fn signed_at(&self, text: &str) -> Result<Timestamp, VerifyFailure> {
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds: Option<i64> = text.parse().ok().filter(|_| is_plain);
        seconds
            .and_then(|seconds| seconds.checked_mul(1000))
            .map(Timestamp::from_millis)
            .ok_or_else(|| malformed(self.timestamp_header(), "must hold Unix seconds"))
    }

    fn timestamp_header(&self) -> &str {
        let mut rules = self.headers.iter();
        let found = rules.find(|rule| rule.value.count(TemplateSlot::Timestamp) > 0);
        found.map_or(&self.signature.header, |rule| &rule.name)
    }

    fn any_fits(
        &self,
        key: &VerifyingKey,
        signatures: &str,
        values: &Values<'_>,
    ) -> Result<(), VerifyFailure> {
        let scheme = &self.signature;
        let candidates: Vec<&str> = match scheme.separator.as_deref() {
            Some(separator) => signatures.split(separator).collect(),
            None => vec![signatures],
        };
        let key = match key {
            VerifyingKey::Hmac(key) => key,
            VerifyingKey::Ed25519(public) => {
                let content = signed_bytes(&scheme.content, values);
                return match ed25519::any_fits(public, candidates.into_iter(), &content) {
                    Some(true) => Ok(()),
                    Some(false) => Err(VerifyFailure::Mismatch),
                    None => Err(malformed(
                        &scheme.header,
                        &wanted(ed25519::SIGNATURE_PREFIX, "base64 of 64 bytes"),
                    )),
                };
            }
        };
        // Signatures of other versions may stand beside ours; a receiver skips those.
        let digests: Vec<Vec<u8>> = candidates
            .iter()
            .filter_map(|candidate| candidate.strip_prefix(scheme.prefix.as_str()))
            .filter_map(|encoded| decode_digest(scheme.encoding, encoded))
            .collect();
        if digests.is_empty() {
            let message = match scheme.encoding {
                Encoding::Hex => wanted(&scheme.prefix, "64 lower-case hex digits"),
                Encoding::Base64 => wanted(&scheme.prefix, "base64 of 32 bytes"),
            };
            return Err(malformed(&scheme.header, &message));
        }
        let mac = mac(key, &scheme.content, values);
        let fits = |digest: &Vec<u8>| mac.clone().verify_slice(digest).is_ok();
        if digests.iter().any(fits) {
            return Ok(());
        }
        Err(VerifyFailure::Mismatch)
    }
}

fn wanted(prefix: &str, digest: &str) -> String {
    match prefix {
        "" => format!("must be {digest}"),
        prefix => format!("must be {prefix:?} and {digest}"),
    }
}

fn malformed(name: &str, message: &str) -> VerifyFailure {
    VerifyFailure::MalformedHeader {
        name: name.to_owned(),
        message: message.to_owned(),
    }
}

fn find<'h, N: AsRef<str>, V: AsRef<str>>(
    headers: &'h [(N, V)],
    wanted: &str,
) -> Result<&'h str, VerifyFailure> {
    headers
        .iter()
        .find(|(name, _)| name.as_ref().eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_ref().trim())
        .ok_or_else(|| VerifyFailure::MissingHeader(wanted.to_owned()))
}

fn decode_digest(encoding: Encoding, text: &str) -> Option<Vec<u8>> {
    let digest = match encoding {
        Encoding::Base64 => STANDARD.decode(text).ok()?,
        Encoding::Hex => hex(text)?,
    };
    (digest.len() == 32).then_some(digest)
}

/// Upper-case digits are refused: the receivers' snippets compare text, so they would refuse too.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    pairs.iter().map(byte).collect()
}

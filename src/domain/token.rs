//! Bearer tokens: API keys and signed-in sessions, as they travel in a header or a cookie.
//!
//! Owns: their text form, its checksum, and the keyed hash that is stored in their place. Refuses:
//! looking a token up, scopes and expiry.
//!
//! # The text form
//! `hpk_<26 digits: id>_<52 digits: 256 random bits>_<7 digits: CRC-32 of all before>`, 91
//! characters. The digits are those of ids (lower-case base 32 without i, l, o, u), so a double
//! click selects a token whole and nothing in it needs escaping anywhere.
//! - The id is there so that a look-up is one seek on a primary key, followed by a comparison in
//!   constant time: no index over hashes, nothing whose timing depends on the secret.
//! - The checksum is there so that a mistyped or truncated token is turned away before it costs a
//!   look-up, and so that scanners can tell a leaked token from noise. A CRC rather than a hash:
//!   it catches *every* single wrong digit and *every* swapped pair. It protects nothing else.
//!
//! # Why a keyed hash and not a password hash
//! 256 random bits cannot be guessed, so slowness would buy nothing. The key ("pepper") lives
//! outside the database: who steals the database alone cannot even test a token they find, nor
//! plant a row that would admit one of their own.

use std::fmt;
use std::marker::PhantomData;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::id::{Id, KeyKind, Kind, PortalLinkKind, PortalSessionKind, SessionKind};
use super::secret::Secret;

pub(super) const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ID_LEN: usize = 26;
const SECRET_LEN: usize = 52;
const CHECKSUM_LEN: usize = 7;

/// A kind of id for which bearer tokens exist.
pub trait TokenKind: Kind {
    /// How its tokens begin, with the underscore, such as `hpk_`.
    const TOKEN_PREFIX: &'static str;
}

impl TokenKind for KeyKind {
    const TOKEN_PREFIX: &'static str = "hpk_";
}

impl TokenKind for SessionKind {
    const TOKEN_PREFIX: &'static str = "hps_";
}

impl TokenKind for PortalLinkKind {
    const TOKEN_PREFIX: &'static str = "hpl_";
}

impl TokenKind for PortalSessionKind {
    const TOKEN_PREFIX: &'static str = "hpv_";
}

/// A session's token: what the dashboard's cookie and `POST /sessions` carry.
pub type SessionToken = Token<SessionKind>;

/// A bearer token of some kind. It redacts itself in debug forms and is wiped when dropped.
pub struct Token<K> {
    id: Id<K>,
    text: Secret,
    kind: PhantomData<fn() -> K>,
}

impl<K: TokenKind> Token<K> {
    /// The token of the row `id`, made of 256 bits that nobody can guess.
    #[must_use]
    pub fn new(id: Id<K>, entropy: [u8; 32]) -> Self {
        let entropy = Zeroizing::new(entropy);
        let id_text = id.to_string();
        let id_digits = id_text
            .strip_prefix(K::PREFIX)
            .expect("an id's text begins with its kind's prefix");
        let secret = Zeroizing::new(digits(entropy.as_slice()));
        let body = format!("{}{id_digits}_{}", K::TOKEN_PREFIX, *secret);
        let checksum = checksum_digits(&body);
        Self::from_parts(id, Secret::new(seal_body(body, &checksum)))
    }

    /// Reads a token back. `None` for whatever was never issued: another kind, a typo, a cut, an
    /// unknown digit. Costs no look-up and tells nothing about which tokens exist.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (body, checksum) = text.rsplit_once('_')?;
        let (id_digits, secret) = body.strip_prefix(K::TOKEN_PREFIX)?.split_once('_')?;
        let shaped = id_digits.len() == ID_LEN
            && secret.len() == SECRET_LEN
            && checksum.len() == CHECKSUM_LEN
            && secret.bytes().all(|digit| ALPHABET.contains(&digit));
        if !shaped || checksum != checksum_digits(body) {
            return None;
        }
        let id = Id::parse(&format!("{}{id_digits}", K::PREFIX))?;
        Some(Self::from_parts(id, Secret::new(text.to_owned())))
    }

    /// The row that this token claims to belong to; a claim until the hashes are compared.
    #[must_use]
    pub fn id(&self) -> Id<K> {
        self.id
    }

    /// The characters themselves, for the one answer that shows them.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// A token of its own for forms of this session: who reads it in a page does not learn the session's.
    #[must_use]
    pub fn form_token(&self) -> String {
        let text = Zeroizing::new(format!("form {}", self.expose()));
        let digest = Sha256::digest(text.as_bytes());
        digest[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// What is stored in the token's place: HMAC-SHA256 of its text.
    #[must_use]
    pub fn hash(&self, pepper: &Pepper) -> TokenHash {
        pepper.hash(self.text.expose().as_bytes())
    }

    fn from_parts(id: Id<K>, text: Secret) -> Self {
        Self {
            id,
            text,
            kind: PhantomData,
        }
    }
}

impl<K: TokenKind> fmt::Debug for Token<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[redacted {}]", K::TOKEN_PREFIX, self.id)
    }
}

/// The key under which tokens of one kind are hashed; derived from the master key.
#[derive(Clone)]
pub struct Pepper(Zeroizing<[u8; 32]>);

impl Pepper {
    /// Wraps 32 derived bytes; the caller gives up its copy.
    #[must_use]
    pub fn new(mut key: [u8; 32]) -> Self {
        let pepper = Self(Zeroizing::new(key));
        key.zeroize();
        pepper
    }

    /// What to store in the place of the secret text `message`: its HMAC-SHA256 under this key.
    pub fn hash(&self, message: &[u8]) -> TokenHash {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice())
            .expect("HMAC takes keys of any length");
        mac.update(message);
        TokenHash(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What is stored of a token: 32 bytes that prove knowledge of it and reveal nothing. Equality
/// takes the same time wherever the first difference lies.
#[derive(Clone, Copy, Debug)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// A hash as the store read it back.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
impl Eq for TokenHash {}

/// Appends the checksum in a buffer of the right size and wipes `body`, whose characters are the
/// token's.
fn seal_body(mut body: String, checksum: &str) -> String {
    let text = format!("{body}_{checksum}");
    body.zeroize();
    text
}

/// Base 32, most significant bits first; the last digit is padded with zero bits.
fn digits(bytes: &[u8]) -> String {
    let mut text = String::with_capacity((bytes.len() * 8).div_ceil(5));
    let (mut pending, mut pending_bits) = (0_u32, 0_u32);
    for byte in bytes {
        pending = pending << 8 | u32::from(*byte);
        pending_bits += 8;
        while pending_bits >= 5 {
            pending_bits -= 5;
            text.push(digit(pending >> pending_bits));
        }
        pending &= (1 << pending_bits) - 1;
    }
    if pending_bits > 0 {
        text.push(digit(pending << (5 - pending_bits)));
    }
    text
}

fn digit(value: u32) -> char {
    char::from(ALPHABET[(value & 31) as usize])
}

fn checksum_digits(body: &str) -> String {
    digits(&crc32(body.as_bytes()).to_be_bytes())
}

/// CRC-32 as in IEEE 802.3, bit by bit: 80 bytes do not earn a table.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::api_key::ApiKeyToken;
    use crate::domain::id::{KeyId, SessionId};
    use crate::domain::time::Timestamp;

    fn token(seq: i64, entropy: [u8; 32]) -> ApiKeyToken {
        ApiKeyToken::new(
            KeyId::new(Timestamp::from_millis(1_773_655_500_000), seq),
            entropy,
        )
    }

    #[test]
    fn the_checksum_is_the_published_crc() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_token_is_91_characters_of_word_characters() {
        let token = token(42, [0xa5; 32]);
        assert_eq!(token.expose().len(), 91);
        assert!(token.expose().starts_with("hpk_"));
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        assert!(token.expose().bytes().all(is_word));
    }

    #[test]
    fn debug_output_names_the_row_and_hides_the_secret() {
        let token = token(42, [7; 32]);
        let shown = format!("{token:?}");
        assert!(shown.contains(&token.id().to_string()));
        assert!(!shown.contains(&digits(&[7; 32])[..8]));
        assert_eq!(format!("{:?}", Pepper::new([9; 32])), "[redacted]");
    }

    #[test]
    fn a_session_token_is_no_api_key() {
        let id = SessionId::new(Timestamp::from_millis(1), 42);
        let session = SessionToken::new(id, [7; 32]);
        assert!(session.expose().starts_with("hps_"));
        assert_eq!(SessionToken::parse(session.expose()).unwrap().id(), id);
        assert!(ApiKeyToken::parse(session.expose()).is_none());
    }

    #[test]
    fn a_hash_depends_on_the_pepper_the_row_and_the_secret() {
        let pepper = Pepper::new([1; 32]);
        let hash = token(42, [7; 32]).hash(&pepper);
        assert_eq!(hash, TokenHash::from_bytes(*hash.as_bytes()));
        assert_ne!(hash, token(42, [7; 32]).hash(&Pepper::new([2; 32])));
        assert_ne!(hash, token(43, [7; 32]).hash(&pepper));
        assert_ne!(hash, token(42, [8; 32]).hash(&pepper));
    }

    proptest! {
        #[test]
        fn every_token_reads_back(seq in 1..i64::MAX >> 2, entropy: [u8; 32]) {
            let made = token(seq, entropy);
            let read = ApiKeyToken::parse(made.expose()).unwrap();
            prop_assert_eq!(read.id(), made.id());
            prop_assert_eq!(read.expose(), made.expose());
            let pepper = Pepper::new([1; 32]);
            prop_assert_eq!(read.hash(&pepper), made.hash(&pepper));
        }

        #[test]
        fn every_single_typo_is_caught(entropy: [u8; 32], place in 0..91_usize, typo in 0x21..0x7f_u8) {
            let made = token(42, entropy);
            let mut text = made.expose().as_bytes().to_vec();
            prop_assume!(text[place] != typo);
            text[place] = typo;
            prop_assert!(ApiKeyToken::parse(std::str::from_utf8(&text).unwrap()).is_none());
        }

        #[test]
        fn every_swapped_pair_and_every_cut_is_caught(entropy: [u8; 32], place in 0..90_usize) {
            let made = token(42, entropy);
            let mut text = made.expose().as_bytes().to_vec();
            text.swap(place, place + 1);
            let swapped = std::str::from_utf8(&text).unwrap();
            prop_assert!(swapped == made.expose() || ApiKeyToken::parse(swapped).is_none());
            prop_assert!(ApiKeyToken::parse(&made.expose()[..place]).is_none());
            prop_assert!(ApiKeyToken::parse(&made.expose()[place + 1..]).is_none());
        }

        #[test]
        fn arbitrary_text_never_panics(text in "(hpk_)?[0-9a-z_é]{0,100}") {
            prop_assert!(ApiKeyToken::parse(&text).is_none());
        }
    }
}

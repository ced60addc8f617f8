//! Recovery codes: ten ways in, once each, for who lost the second factor.
//!
//! Owns: their printed form, reading it back as people type it, and the keyed hash that is stored.
//! Refuses: storing them and striking out the one that was used.
//!
//! # The printed form
//! `xxxx-xxxx-xxxx`: 60 random bits in lower-case base 32 without i, l, o and u. When one is typed
//! back, case, spaces and dashes do not matter, and the look-alikes i, l and o are read as the
//! digits that they were. 60 bits under a keyed hash, with tries throttled, need no slow hash.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use super::id::UserId;
use super::secret::Secret;
use super::token::{ALPHABET, Pepper, TokenHash};

/// How many codes a person gets at a time.
pub const RECOVERY_CODE_COUNT: usize = 10;

const DIGITS: usize = 12;
const TYPED_BYTES_MAX: usize = 64;

/// One recovery code.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Secret);

impl RecoveryCode {
    /// A full set, from bytes that nobody can guess.
    #[must_use]
    pub fn set(mut entropy: [[u8; 8]; RECOVERY_CODE_COUNT]) -> [Self; RECOVERY_CODE_COUNT] {
        let codes = entropy.map(Self::new);
        entropy.zeroize();
        codes
    }

    /// Reads a code as somebody typed it.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > TYPED_BYTES_MAX {
            return None;
        }
        let mut digits = Zeroizing::new(String::with_capacity(TYPED_BYTES_MAX));
        for typed in typed.bytes() {
            match typed.to_ascii_lowercase() {
                b' ' | b'-' => {}
                b'o' => digits.push('0'),
                b'i' | b'l' => digits.push('1'),
                digit if ALPHABET.contains(&digit) => digits.push(char::from(digit)),
                _ => return None,
            }
        }
        (digits.len() == DIGITS).then(|| Self::from_digits(&digits))
    }

    /// The printed form, for the one page that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is stored in the code's place, for this person only.
    #[must_use]
    pub fn hash(&self, pepper: &Pepper, user: UserId) -> TokenHash {
        let text = format!("{user} {}", self.0.expose());
        pepper.hash(Zeroizing::new(text).as_bytes())
    }

    fn new(entropy: [u8; 8]) -> Self {
        let bits = u64::from_le_bytes(entropy);
        let digits: String = (0..DIGITS)
            .map(|place| char::from(ALPHABET[(bits >> (5 * place) & 31) as usize]))
            .collect();
        Self::from_digits(&Zeroizing::new(digits))
    }

    fn from_digits(digits: &str) -> Self {
        let text = format!("{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..]);
        Self(Secret::new(text))
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Which of the `stored` hashes `typed` belongs to, if any. All are compared, each in constant
/// time, so that the time taken does not tell which one it was, nor whether.
#[must_use]
pub fn matching(typed: TokenHash, stored: &[TokenHash]) -> Option<usize> {
    stored.iter().enumerate().fold(
        None,
        |found, (place, hash)| {
            if *hash == typed { Some(place) } else { found }
        },
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::time::Timestamp;

    fn user(seq: i64) -> UserId {
        UserId::new(Timestamp::from_millis(1), seq)
    }

    fn set() -> [RecoveryCode; RECOVERY_CODE_COUNT] {
        let mut entropy = [[0_u8; 8]; RECOVERY_CODE_COUNT];
        for (place, bytes) in entropy.iter_mut().enumerate() {
            bytes[0] = u8::try_from(place).unwrap();
        }
        RecoveryCode::set(entropy)
    }

    #[test]
    fn a_code_is_found_among_the_ten_and_only_for_its_owner() {
        let pepper = Pepper::new([1; 32]);
        let stored = set().map(|code| code.hash(&pepper, user(1)));
        for (place, code) in set().iter().enumerate() {
            let typed = RecoveryCode::parse(code.expose()).unwrap();
            assert_eq!(matching(typed.hash(&pepper, user(1)), &stored), Some(place));
            assert_eq!(matching(typed.hash(&pepper, user(2)), &stored), None);
        }
        let other = RecoveryCode::parse("zzzz-zzzz-zzzz").unwrap();
        assert_eq!(matching(other.hash(&pepper, user(1)), &stored), None);
        assert_eq!(matching(other.hash(&pepper, user(1)), &[]), None);
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        for typed in ["01ab-cd10-0xyz", "O1AB CDIO 0XYZ", " olabcdl00xyz "] {
            let code = RecoveryCode::parse(typed).unwrap();
            assert_eq!(code.expose(), "01ab-cd10-0xyz", "{typed}");
        }
        for typed in [
            "",
            "01ab-cd10-0xy",
            "01ab-cd10-0xyzz",
            "01ab-cd10-0xyu",
            "01ab-cd10-0xyé",
        ] {
            assert_eq!(RecoveryCode::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn debug_output_shows_nothing() {
        assert_eq!(format!("{:?}", set()[0]), "[redacted]");
    }

    proptest! {
        #[test]
        fn every_code_reads_back(entropy: [u8; 8]) {
            let code = RecoveryCode::new(entropy);
            prop_assert_eq!(code.expose().len(), 14);
            prop_assert_eq!(RecoveryCode::parse(code.expose()), Some(code));
        }

        #[test]
        fn arbitrary_text_never_panics(text in ".{0,80}") {
            let _ = RecoveryCode::parse(&text);
        }
    }
}

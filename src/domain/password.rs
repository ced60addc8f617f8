//! Passwords of people: which are good enough, how they are hashed, how they are checked.
//!
//! Owns: the rules, the cost of a hash, and equal work for known and unknown users. Refuses:
//! randomness (the salt is a parameter) and running more than [`HASHES_AT_ONCE_MAX`] hashes side
//! by side, which is for the caller to see to.
//!
//! # The rules
//! Length is what makes a password hard to guess; required digits and symbols only make it hard to
//! remember (NIST SP 800-63B says the same). So: 12 to 256 characters of any kind, spaces included,
//! at least five of them different, not the address that it belongs to, and none of the few long
//! passwords that every list of leaks begins with.
//!
//! # The cost
//! argon2id with 19 MiB, two passes, one lane: the first of OWASP's recommended settings, about
//! 20 ms a hash. The stored text names its own cost, so a later change leaves old hashes valid.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use super::secret::Secret;

/// The fewest characters of a password.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The most characters of a password.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// How many hashes may be computed at the same time: each takes 19 MiB and a processor.
pub const HASHES_AT_ONCE_MAX: usize = 2;

const DISTINCT_CHARS_MIN: usize = 5;
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A hash of the same cost as every other, of a password that nobody has.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCEhIQ\
                            $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Long passwords that are tried first; compared in lower case.
const COMMON: [&str; 16] = [
    "adminadminadmin",
    "administrator",
    "changemechangeme",
    "correcthorsebatterystaple",
    "correct horse battery staple",
    "hookposthookpost",
    "iloveyou1234",
    "letmeinletmein",
    "password1234",
    "password12345",
    "password123456",
    "passwordpassword",
    "qwerty123456",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiopasdfghjkl",
];

/// Why a password is not good enough; its text is a sentence for the person who chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefusal {
    /// Fewer than [`PASSWORD_CHARS_MIN`] characters.
    #[error("must have at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    /// More than [`PASSWORD_CHARS_MAX`] characters.
    #[error("must have at most {PASSWORD_CHARS_MAX} characters")]
    TooLong,
    /// A few characters over and over, or a run of digits.
    #[error("must not be a row of digits or a repetition of a few characters")]
    Monotonous,
    /// The e-mail address, or the part before its `@`.
    #[error("must not be your e-mail address")]
    OwnAddress,
    /// One of the passwords that are tried first.
    #[error("is among the passwords that are tried first; choose another")]
    Common,
}

/// Judges a password that the person with the address `email` wants to have.
///
/// # Errors
/// The first rule that it breaks.
pub fn judge(password: &Secret, email: &str) -> Result<(), PasswordRefusal> {
    let text = password.expose();
    let count = text.chars().count();
    if count < PASSWORD_CHARS_MIN {
        return Err(PasswordRefusal::TooShort);
    }
    if count > PASSWORD_CHARS_MAX {
        return Err(PasswordRefusal::TooLong);
    }
    let lower = Secret::new(text.to_lowercase());
    let lower = lower.expose();
    if COMMON.contains(&lower) {
        return Err(PasswordRefusal::Common);
    }
    let email = email.to_lowercase();
    let before_at = email.split('@').next().unwrap_or_default();
    if lower == email || lower == before_at {
        return Err(PasswordRefusal::OwnAddress);
    }
    if is_monotonous(lower) {
        return Err(PasswordRefusal::Monotonous);
    }
    Ok(())
}

/// Twelve digits in order still hold ten different ones, so rows of digits are a case of their own.
fn is_monotonous(text: &str) -> bool {
    let mut distinct: Vec<char> = text.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let mut pairs = text.bytes().zip(text.bytes().skip(1));
    let counts_up = text.bytes().all(|b| b.is_ascii_digit())
        && pairs.all(|(a, b)| (a + 1 - b'0') % 10 == b - b'0');
    distinct.len() < DISTINCT_CHARS_MIN || counts_up
}

/// Hashes a password for storage: argon2id in PHC form, about 100 characters. Takes about 20 ms
/// and 19 MiB; not for an asynchronous thread.
#[must_use]
pub fn hash(password: &Secret, salt: [u8; 16]) -> String {
    hasher()
        .hash_password_with_salt(password.expose().as_bytes(), &salt)
        .expect("16 bytes of salt and 256 characters are within argon2's limits")
        .to_string()
}

/// Whether `password` is the one that was hashed to `phc`. Without a hash, because no such user
/// exists, the answer is no after the same work, so that the time taken tells nothing.
#[must_use]
pub fn verify(password: &Secret, phc: Option<&str>) -> bool {
    // A text far beyond the limit would cost more than the hash itself; it is nobody's password.
    if password.expose().chars().count() > PASSWORD_CHARS_MAX {
        return false;
    }
    let matches = hasher()
        .verify_password(password.expose().as_bytes(), phc.unwrap_or(NOBODYS_HASH))
        .is_ok();
    matches && phc.is_some()
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .expect("the constants are within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use argon2::PasswordHash;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_password_opens_its_own_hash_only() {
        let phc = hash(&secret("tulip basket engine"), [7; 16]);
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(verify(&secret("tulip basket engine"), Some(&phc)));
        assert!(!verify(&secret("tulip basket engines"), Some(&phc)));
        assert!(!verify(&secret(""), Some(&phc)));
        assert!(!verify(&secret(&"x".repeat(257)), Some(&phc)));
        assert_ne!(phc, hash(&secret("tulip basket engine"), [8; 16]));
    }

    #[test]
    fn an_unknown_user_costs_the_same_work() {
        let nobody = PasswordHash::new(NOBODYS_HASH).unwrap();
        let somebody = hash(&secret("tulip basket engine"), [7; 16]);
        let somebody = PasswordHash::new(&somebody).unwrap();
        assert_eq!(nobody.params, somebody.params);
        assert_eq!(nobody.salt.unwrap().len(), somebody.salt.unwrap().len());
        assert_eq!(nobody.hash.unwrap().len(), somebody.hash.unwrap().len());
        assert!(!verify(&secret("tulip basket engine"), None));
    }

    #[test]
    fn a_broken_hash_opens_to_nobody() {
        assert!(!verify(&secret("tulip basket engine"), Some("")));
        assert!(!verify(&secret("tulip basket engine"), Some("$argon2id$")));
    }

    #[test]
    fn passwords_are_judged_by_length_and_guessability() {
        fn check(password: &str, expect: Result<(), PasswordRefusal>) {
            assert_eq!(
                judge(&secret(password), "Ada.Lovelace@example.com"),
                expect,
                "{password}"
            );
        }
        check("tulip basket", Ok(()));
        check("пароль для почты", Ok(()));
        check(&"abcdefgh".repeat(32), Ok(()));
        check("tulipbasket", Err(PasswordRefusal::TooShort));
        check("", Err(PasswordRefusal::TooShort));
        check(&"abcdefgh!".repeat(32), Err(PasswordRefusal::TooLong));
        check("aaaaaaaaaaaaaa", Err(PasswordRefusal::Monotonous));
        check("abcdabcdabcd", Err(PasswordRefusal::Monotonous));
        check("1234567890123", Err(PasswordRefusal::Monotonous));
        check("012345678901", Err(PasswordRefusal::Monotonous));
        check("804215397604", Ok(()));
        check("ada.lovelace@EXAMPLE.com", Err(PasswordRefusal::OwnAddress));
        check("ada.lovelace", Err(PasswordRefusal::OwnAddress));
        check("PasswordPassword", Err(PasswordRefusal::Common));
    }
}

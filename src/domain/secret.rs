//! Text that must never be seen: webhook secrets, header credentials, second-factor seeds.
//!
//! Owns: the one type that carries such text; it redacts itself in every debug form and is wiped
//! when dropped. Refuses: knowing which form a wire profile wants (that is `profile`'s business).

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::time::Timestamp;

/// Text that redacts itself. [`Secret::expose`] is the only way to the characters, so that every
/// place where a secret leaves the type can be found by one search.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps `text`; the caller gives up its copy.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The characters themselves: for signing, sealing and the one answer that shows them.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}
impl Eq for Secret {}

/// A secret that may still sign.
#[derive(Clone, Debug)]
pub struct LiveSecret {
    /// The secret.
    pub secret: Secret,
    /// From when on it no longer signs; `None` for the current one.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_nothing() {
        let secret = Secret::new("whsec_do-not-print".to_owned());
        assert_eq!(
            format!("{secret:?} {:?}", Some(&secret)),
            "[redacted] Some([redacted])"
        );
    }
}

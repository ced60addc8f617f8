//! Origins whose pages were let in lately.
//!
//! Owns: a bounded memory of them. Refuses: deciding who is let in (`cross_origin`).
//!
//! # Why they are remembered
//! Whoever asks too much is refused before it is known who it is, so that the refusal costs nothing. A
//! browser hides such an answer from the page, which then cannot tell that it only has to wait. So those
//! who were let in before may read it; it says when to come again, and nothing else.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Origins kept at most; then all are forgotten.
const KNOWN_ORIGINS_MAX: usize = 1000;
/// The longest origin that is kept, in bytes.
const ORIGIN_BYTES_MAX: usize = 300;

/// Origins whose pages were let in lately.
#[derive(Default)]
pub(super) struct KnownOrigins(Mutex<HashSet<Box<str>>>);

impl KnownOrigins {
    pub(super) fn remember(&self, origin: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if origin.len() > ORIGIN_BYTES_MAX || known.contains(origin) {
            return;
        }
        if known.len() >= KNOWN_ORIGINS_MAX {
            known.clear();
        }
        known.insert(origin.into());
    }

    pub(super) fn knows(&self, origin: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_so_many_are_kept() {
        let known = KnownOrigins::default();
        for number in 0..=KNOWN_ORIGINS_MAX {
            known.remember(&format!("https://{number}.example"));
        }
        assert!(known.knows(&format!("https://{KNOWN_ORIGINS_MAX}.example")));
        assert!(!known.knows("https://0.example"));
        let long = "x".repeat(ORIGIN_BYTES_MAX + 1);
        known.remember(&long);
        assert!(!known.knows(&long));
    }
}

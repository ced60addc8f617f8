//! What a platform calls things of its own accord.
//!
//! Owns: the form of such a name. Refuses: knowing what is named; each thing says which of its own ids no
//! name may look like.

use std::sync::Arc;

/// The longest name of the platform's own, in characters.
pub const UID_CHARS_MAX: usize = 256;

/// Reads a platform's name for something: letters, digits, `.`, `_` and `-`. Where hookpost's own ids
/// for it serve in the same places, no name may begin as they do, with `prefix`.
///
/// # Errors
/// A sentence for the caller where it is empty, too long, holds other characters or looks like an id of
/// hookpost's.
pub fn own_name(text: &str, prefix: Option<&str>) -> Result<Arc<str>, String> {
    let fits = (1..=UID_CHARS_MAX).contains(&text.len());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if !fits || !text.bytes().all(plain) {
        return Err(format!(
            "must be 1 to {UID_CHARS_MAX} letters, digits, ., _ or -"
        ));
    }
    if let Some(prefix) = prefix.filter(|prefix| text.starts_with(prefix)) {
        return Err(format!(
            "must not begin with {prefix}: hookpost's own ids do"
        ));
    }
    Ok(text.into())
}

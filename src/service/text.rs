//! The rules that every short text of a person keeps: names, descriptions, headings.
//!
//! Owns: their bounds. Refuses: names with a grammar of their own (`domain`).

use crate::domain::plural::counted;

/// Checks a text of at most `chars_max` characters on one line.
pub(super) fn check(text: &str, chars_max: usize) -> Result<(), String> {
    if text.chars().count() > chars_max {
        let most = counted(chars_max, "character", "characters");
        return Err(format!("must have at most {most}"));
    }
    if text.chars().any(char::is_control) {
        return Err("must not hold control characters".to_owned());
    }
    Ok(())
}

/// Checks a name: as [`check`], and neither empty nor with spaces at its ends.
pub(super) fn check_name(text: &str, chars_max: usize) -> Result<(), String> {
    if text.is_empty() || text.trim() != text {
        return Err("must not be empty, nor begin or end with a space".to_owned());
    }
    check(text, chars_max)
}

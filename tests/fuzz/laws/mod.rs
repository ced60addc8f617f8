//! What must be true of every input, whoever sends it: the laws that fuzzing tries to break.
//!
//! Owns: one law for each target, shared by the fuzz targets and by the tests that replay the
//! corpora. Refuses: deciding what is right for one input; the names of the corpora's files say that.
//!
//! # Why the laws check again what the product has checked
//! "Does not panic" is little. Each law judges what was accepted by rules of its own, written
//! without the product's tables, so that a hole in those shows as a broken law.

mod cursor;
mod header;
mod key;
mod profile;
mod retry_after;
mod url;

use hookpost::domain::time::Timestamp;

/// What the product said to an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It will do.
    Accepted,
    /// It will not.
    Refused,
}

/// Feeds a text to the product, panics where the answer breaks a law, and tells the answer.
type Law = fn(&str) -> Verdict;

fn law(target: &str) -> Option<Law> {
    match target {
        "cursor" => Some(cursor::law),
        "header" => Some(header::law),
        "key" => Some(key::law),
        "profile" => Some(profile::law),
        "retry_after" => Some(retry_after::law),
        "url" => Some(url::law),
        _ => None,
    }
}

/// What the product says to an input of a target.
///
/// # Panics
/// Where that breaks the target's law, or nothing is called `target`.
pub fn judge(target: &str, input: &[u8]) -> Verdict {
    let law = law(target).expect("every target has a law");
    // Whatever is no text is turned away before any of the code at hand sees it.
    std::str::from_utf8(input).map_or(Verdict::Refused, law)
}

/// An instant that every run agrees on.
fn now() -> Timestamp {
    Timestamp::parse("2026-03-16T10:05:00.000Z").expect("a valid instant")
}

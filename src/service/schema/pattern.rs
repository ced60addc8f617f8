//! Patterns: regular expressions that take time in proportion to the text, whatever they say.
//!
//! Owns: translating and compiling them, and the bounds on what they occupy. Refuses: look-around
//! and back-references, which no linear matcher knows.
//!
//! # Why patterns are linear
//! A backtracking matcher can be kept busy for hours by a pattern like `^(a+)+$`.

use regex::{Regex, RegexBuilder};

/// The most bytes that one compiled pattern may occupy: 256 KiB.
const COMPILED_BYTES_MAX: usize = 256 * 1024;
/// The most bytes that a pattern's matcher may keep from one text to the next: 64 KiB.
const MATCHER_BYTES_MAX: usize = 64 * 1024;
/// What a pattern is taken to occupy beside what it is compiled to, for each byte of its source.
const BYTES_PER_SOURCE_BYTE: usize = 64;

/// A compiled pattern.
pub(super) struct SchemaPattern(Regex);

impl SchemaPattern {
    /// Compiles a pattern as ECMA 262 writes it.
    ///
    /// # Errors
    /// A sentence for the author of the schema.
    pub(super) fn compile(source: &str) -> Result<Self, String> {
        let told = || {
            let shown: String = source.chars().take(60).collect();
            format!(
                "is not a JSON Schema: {shown:?} is not a pattern that can be matched in bounded \
                 time and {} KiB",
                COMPILED_BYTES_MAX / 1024
            )
        };
        let translated = jsonschema_regex::to_rust_regex(source).map_err(|()| told())?;
        RegexBuilder::new(&translated)
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(MATCHER_BYTES_MAX)
            .build()
            .map(Self)
            .map_err(|_| told())
    }

    /// Whether it is found anywhere in `text`.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// What it is taken to occupy, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.0.as_str().len() * BYTES_PER_SOURCE_BYTE + MATCHER_BYTES_MAX
    }
}

//! What templates write behind a text.
//!
//! Owns: finding the language that a page is drawn in. Refuses: knowing any.

#![expect(
    missing_docs,
    reason = "the attribute makes types and methods of its own out of each function"
)]

use std::fmt::Display;

use askama::{Result, Values};

use super::spoken;

/// An English text of the page, in the page's language.
#[askama::filter_fn]
pub fn say<T: Display>(english: T, values: &dyn Values) -> Result<String> {
    Ok(spoken(values).say(&english.to_string()).into_owned())
}

/// A number with its unit, in the page's language.
#[askama::filter_fn]
pub fn figure<T: Display>(english: T, values: &dyn Values) -> Result<String> {
    Ok(spoken(values).figure(&english.to_string()).into_owned())
}

/// A date, with or without a time of day, in the page's language.
#[askama::filter_fn]
pub fn date<T: Display>(iso: T, values: &dyn Values) -> Result<String> {
    Ok(spoken(values).date(&iso.to_string()).into_owned())
}

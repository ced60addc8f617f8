//! Filters: conditions on an event that decide whether a webhook gets it.
//!
//! Owns: the compiled filter and its text. Refuses: knowing what an event is: it looks at one JSON
//! object (`event_document`).
//!
//! # What the operators mean
//! A path may lead to several values (`*`), to one, or to none. `$eq`, `$gt`, `$gte`, `$lt`, `$lte`,
//! `$in`, `$startsWith` and `$endsWith` hold where one of them fits; a value that is an array fits
//! where one of its elements does. `$contains` looks for a part of a text or an element of an array.
//! `$ne` and `$nin` are exactly what `$eq` and `$in` are not, so they hold where there is nothing.
//! Numbers compare with numbers and texts with texts, by their code points; nothing is converted.

mod condition;
mod operator;
mod origin;
mod parse;
mod path;

use std::sync::Arc;

use super::json::JsonValue;
use super::json::scope::{JsonScope, Meter};
use condition::Condition;
pub use condition::Misfit;
pub use origin::FilterOrigin;
pub use parse::{FILTER_BYTES_MAX, FILTER_CONDITIONS_MAX, FILTER_DEPTH_MAX, FilterFault};

/// A filter, ready to judge events.
#[derive(Clone, Debug)]
pub struct ContentFilter {
    text: Arc<str>,
    root: Condition,
}

impl ContentFilter {
    /// Reads a filter from JSON text that somebody says.
    pub fn parse(text: &str) -> Result<Self, FilterFault> {
        Self::read(text, FilterOrigin::Said)
    }

    /// Reads a filter from JSON text. Rules that came later than a stored one do not make it unreadable.
    pub fn read(text: &str, origin: FilterOrigin) -> Result<Self, FilterFault> {
        Ok(Self {
            text: text.into(),
            root: parse::parse(text, origin)?,
        })
    }

    /// The filter as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether `event` meets every condition.
    #[must_use]
    pub fn fits(&self, event: JsonValue<'_>) -> bool {
        self.fits_in(&JsonScope::whole(event, &Meter::unlimited()))
    }

    /// Whether what `scope` holds meets every condition. Once its meter is spent, nothing is found
    /// any more.
    #[must_use]
    pub fn fits_in(&self, scope: &JsonScope<'_>) -> bool {
        self.root.holds(scope)
    }

    /// The first condition that `event` does not meet; `None` where it fits.
    #[must_use]
    pub fn misfit(&self, event: JsonValue<'_>) -> Option<Misfit> {
        let meter = Meter::unlimited();
        self.root.misfit(&JsonScope::whole(event, &meter))
    }
}

#[cfg(test)]
mod tests;

//! Templates: a body of the receiver's own shape, made of an event.
//!
//! Owns: the compiled template and its bounds when it is filled in. Refuses: scripts, loops of the
//! template's own, and everything that is not in the event: no clock, no dice, no network. The same
//! event gives the same bytes.
//!
//! # What stands in a template
//! Any JSON. A text that is nothing but `{{ /pointer }}` stands for the value there, with its type and
//! its digits; inside a longer text it stands for the value's text. Behind the pointer may follow
//! `| default: 0`, `| upper`, `| lower`, `| json`, `| date: "%Y-%m-%d"` and `| cut: 100`. `{"$each": "/data/items",
//! "$as": …}` is a list with one value for each item; inside, names are looked up in the item first,
//! then outside, and `/item` is the item itself. `{"$if": {…}, "$then": …, "$else": …}` takes a
//! filter; without `$else`, the member or element it stands for is left out. `cut` counts in UTF-16 units, as
//! the services count that limit a text, and ends what it shortens with `…`.

mod expression;
mod filled;
mod parse;
mod part;

use std::fmt;
use std::sync::Arc;

use super::filter::FilterOrigin;
use super::json::JsonValue;
use super::json::scope::{JsonScope, Meter};
use expression::Expression;
pub use expression::plain_text;
use filled::Filled;
pub use filled::{TEMPLATE_OUTPUT_BYTES_MAX, TemplateFailure};
pub use parse::{TEMPLATE_BYTES_MAX, TEMPLATE_DEPTH_MAX, TEMPLATE_PARTS_MAX, TemplateFault};
use part::{TemplatePart, TextPiece};

/// What filling in may cost, in values looked at and parts written: about a millisecond.
pub const TEMPLATE_STEPS_MAX: u64 = 100_000;

/// A template of a body, ready to be filled in.
#[derive(Clone, Debug)]
pub struct BodyTemplate {
    text: Arc<str>,
    root: TemplatePart,
}

/// A template of a single text, such as a header's value. What stands in it may be a credential, so
/// it is not shown.
#[derive(Clone)]
pub struct TextTemplate(Vec<TextPiece>);

impl fmt::Debug for TextTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextTemplate")
    }
}

impl BodyTemplate {
    /// Reads a template from JSON text that somebody says.
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        Self::read(text, FilterOrigin::Said)
    }

    /// Reads a template from JSON text; `origin` is that of the filters in it.
    pub fn read(text: &str, origin: FilterOrigin) -> Result<Self, TemplateFault> {
        Ok(Self {
            text: text.into(),
            root: parse::parse(text, origin)?,
        })
    }

    /// The template as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The body for an event.
    ///
    /// # Errors
    /// Where in the template it cannot be filled in, and what would help.
    pub fn fill(&self, event: JsonValue<'_>) -> Result<Vec<u8>, TemplateFailure> {
        let meter = Meter::of(TEMPLATE_STEPS_MAX);
        let scope = JsonScope::whole(event, &meter);
        let mut filled = Filled::default();
        match self.root.chosen(&scope) {
            Some(part) => part.write(&scope, &mut filled)?,
            None => {
                let message = "its condition does not hold for this event, and there is no $else";
                return Err(TemplateFailure::new("", message));
            }
        }
        filled.end(&meter)
    }
}

impl TextTemplate {
    /// Reads a text with `{{ … }}` in it; `None` where there is none.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        Ok(parse::pieces(text)?.map(Self))
    }

    /// The text for an event. Lists and objects have none.
    ///
    /// # Errors
    /// What cannot be filled in, and what would help.
    pub fn fill(&self, event: JsonValue<'_>) -> Result<String, String> {
        let meter = Meter::of(TEMPLATE_STEPS_MAX);
        let scope = JsonScope::whole(event, &meter);
        part::joined(&self.0, &scope, Expression::own_text)
    }
}

#[cfg(test)]
mod tests;

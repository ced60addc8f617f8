//! The parts of a compiled template.
//!
//! Owns: writing each for an event. Refuses: reading them (`parse`).

use std::borrow::Cow;
use std::sync::Arc;

use super::expression::{Expression, Produced, plain_text};
use super::filled::{Filled, TemplateFailure, check_length, too_costly};
use crate::domain::filter::ContentFilter;
use crate::domain::json::scope::JsonScope;
use crate::domain::json::{JsonKind, JsonValue};

/// A value of the body, or what stands for it.
#[derive(Clone, Debug)]
pub(super) enum TemplatePart {
    /// JSON as it is.
    Raw(Box<str>),
    List(Vec<TemplatePart>),
    /// Names as JSON writes them, with their values.
    Members(Vec<(Box<str>, TemplatePart)>),
    /// A value with its type.
    Value {
        place: Box<str>,
        expression: Expression,
    },
    /// A text with values in it.
    Text {
        place: Box<str>,
        pieces: Vec<TextPiece>,
    },
    Each {
        place: Box<str>,
        list: Expression,
        item: Box<TemplatePart>,
    },
    If {
        filter: Arc<ContentFilter>,
        then: Box<TemplatePart>,
        otherwise: Option<Box<TemplatePart>>,
    },
}

/// A part of a text.
#[derive(Clone, Debug)]
pub(super) enum TextPiece {
    Literal(Box<str>),
    Value(Expression),
}

impl TemplatePart {
    /// What is to be written in its place: of a condition the branch; `None` where nothing is.
    pub(super) fn chosen(&self, scope: &JsonScope<'_>) -> Option<&Self> {
        match self {
            Self::If {
                filter,
                then,
                otherwise,
            } => {
                if filter.fits_in(scope) {
                    then.chosen(scope)
                } else {
                    otherwise.as_ref()?.chosen(scope)
                }
            }
            Self::Raw(_)
            | Self::List(_)
            | Self::Members(_)
            | Self::Value { .. }
            | Self::Text { .. }
            | Self::Each { .. } => Some(self),
        }
    }

    pub(super) fn write(
        &self,
        scope: &JsonScope<'_>,
        filled: &mut Filled,
    ) -> Result<(), TemplateFailure> {
        if !scope.meter().spend(1) {
            return Err(too_costly());
        }
        match self {
            Self::Raw(json) => filled.raw(json),
            Self::List(parts) => list(parts, scope, filled),
            Self::Members(members) => object(members, scope, filled),
            Self::Value { place, expression } => match expression.evaluate(scope) {
                Ok(Produced::Value(value)) => filled.raw(value.raw()),
                Ok(Produced::Text(text)) => filled.text(&text),
                Err(message) => Err(TemplateFailure::new(place, message)),
            },
            Self::Text { place, pieces } => text(place, pieces, scope, filled),
            Self::Each {
                place,
                list,
                item: part,
            } => each(place, list, part, scope, filled),
            Self::If { .. } => match self.chosen(scope) {
                Some(part) => part.write(scope, filled),
                None => filled.raw("null"),
            },
        }
    }
}

fn list(
    parts: &[TemplatePart],
    scope: &JsonScope<'_>,
    filled: &mut Filled,
) -> Result<(), TemplateFailure> {
    let mut comma = "[";
    for part in parts.iter().filter_map(|part| part.chosen(scope)) {
        filled.raw(comma)?;
        part.write(scope, filled)?;
        comma = ",";
    }
    filled.raw(if comma == "[" { "[]" } else { "]" })
}

fn object(
    members: &[(Box<str>, TemplatePart)],
    scope: &JsonScope<'_>,
    filled: &mut Filled,
) -> Result<(), TemplateFailure> {
    let mut comma = "{";
    for (name, part) in members {
        let Some(part) = part.chosen(scope) else {
            continue;
        };
        filled.raw(comma)?;
        filled.raw(name)?;
        filled.raw(":")?;
        part.write(scope, filled)?;
        comma = ",";
    }
    filled.raw(if comma == "{" { "{}" } else { "}" })
}

fn text(
    place: &str,
    pieces: &[TextPiece],
    scope: &JsonScope<'_>,
    filled: &mut Filled,
) -> Result<(), TemplateFailure> {
    let text = joined(pieces, scope, |_, value| Ok(plain_text(value)));
    let text = text.map_err(|message| TemplateFailure::new(place, message))?;
    filled.text(&text)
}

/// The text that `pieces` come to, each value written as `text_of` says. It ends where it is longer than a body may be: what is looked at
/// costs steps, what is written does not.
pub(super) fn joined<'a>(
    pieces: &'a [TextPiece],
    scope: &JsonScope<'a>,
    text_of: impl Fn(&Expression, JsonValue<'a>) -> Result<Cow<'a, str>, String>,
) -> Result<String, String> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            TextPiece::Literal(literal) => text.push_str(literal),
            TextPiece::Value(expression) => match expression.evaluate(scope)? {
                Produced::Text(made) => text.push_str(&made),
                Produced::Value(value) => text.push_str(&text_of(expression, value)?),
            },
        }
        check_length(&text)?;
    }
    Ok(text)
}

fn each(
    place: &str,
    list: &Expression,
    part: &TemplatePart,
    scope: &JsonScope<'_>,
    filled: &mut Filled,
) -> Result<(), TemplateFailure> {
    let fault = |message| TemplateFailure::new(place, message);
    let items = match list.evaluate(scope).map_err(fault)? {
        Produced::Value(value) if value.kind() == JsonKind::Array => value,
        Produced::Value(_) | Produced::Text(_) => {
            return Err(fault(format!(
                "{list} is not a list, so there is no item of it"
            )));
        }
    };
    let mut comma = "[";
    for item in items.elements() {
        if !scope.meter().spend(1) {
            return Err(too_costly());
        }
        let inner = JsonScope::item(item, scope);
        let Some(part) = part.chosen(&inner) else {
            continue;
        };
        filled.raw(comma)?;
        part.write(&inner, filled)?;
        comma = ",";
    }
    filled.raw(if comma == "[" { "[]" } else { "]" })
}

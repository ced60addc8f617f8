//! Reading a template.
//!
//! Owns: its grammar and bounds, each fault with its place. Refuses: filling it in.

use std::collections::HashSet;
use std::sync::Arc;

use super::expression::Expression;
use super::part::{TemplatePart, TextPiece};
use crate::domain::filter::{ContentFilter, FilterOrigin};
use crate::domain::json::{JsonKind, JsonTape, JsonValue};

/// Bytes that a template may have as JSON: 64 KiB.
pub const TEMPLATE_BYTES_MAX: usize = 64 * 1024;
/// How deep its values may be nested.
pub const TEMPLATE_DEPTH_MAX: usize = 32;
/// Values that it may consist of.
pub const TEMPLATE_PARTS_MAX: usize = 4000;

/// Names that mean something.
const WORDS: [&str; 5] = ["$each", "$as", "$if", "$then", "$else"];

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct TemplateFault {
    /// Where, such as `blocks[0].text`; empty for the whole.
    pub place: String,
    /// What is wrong there and what would be right.
    pub message: String,
}

fn refuse<T>(place: &str, message: impl Into<String>) -> Result<T, TemplateFault> {
    Err(TemplateFault {
        place: place.to_owned(),
        message: message.into(),
    })
}

fn inside(place: &str, name: &str) -> String {
    match place {
        "" => name.to_owned(),
        place => format!("{place}.{name}"),
    }
}

pub(super) fn parse(text: &str, origin: FilterOrigin) -> Result<TemplatePart, TemplateFault> {
    if text.len() > TEMPLATE_BYTES_MAX {
        return refuse(
            "",
            format!("must have at most {TEMPLATE_BYTES_MAX} bytes as JSON"),
        );
    }
    let is_json = serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok();
    let Some(tape) = JsonTape::read(text.into()).filter(|_| is_json) else {
        return refuse("", "must be JSON");
    };
    Reader { parts: 0, origin }.part(tape.root(), "", 1)
}

/// Counts what was read.
struct Reader {
    parts: usize,
    origin: FilterOrigin,
}

impl Reader {
    fn part(
        &mut self,
        value: JsonValue<'_>,
        place: &str,
        depth: usize,
    ) -> Result<TemplatePart, TemplateFault> {
        self.parts += 1;
        if self.parts > TEMPLATE_PARTS_MAX {
            return refuse(
                place,
                format!("is one value more than the {TEMPLATE_PARTS_MAX} allowed"),
            );
        }
        if depth > TEMPLATE_DEPTH_MAX {
            return refuse(
                place,
                format!("is nested deeper than {TEMPLATE_DEPTH_MAX} levels"),
            );
        }
        match value.kind() {
            JsonKind::Null | JsonKind::Bool | JsonKind::Number => {
                Ok(TemplatePart::Raw(value.raw().into()))
            }
            JsonKind::Text => text_part(value, place),
            JsonKind::Array => {
                let elements = value.elements().enumerate();
                let parts = elements.map(|(index, element)| {
                    self.part(element, &format!("{place}[{index}]"), depth + 1)
                });
                parts.collect::<Result<_, _>>().map(TemplatePart::List)
            }
            JsonKind::Object if value.member("$each").is_some() => self.each(value, place, depth),
            JsonKind::Object if value.member("$if").is_some() => {
                self.condition(value, place, depth)
            }
            JsonKind::Object => self.members(value, place, depth),
        }
    }

    fn members(
        &mut self,
        value: JsonValue<'_>,
        place: &str,
        depth: usize,
    ) -> Result<TemplatePart, TemplateFault> {
        let mut members = Vec::new();
        let mut seen = HashSet::new();
        for (name, inner) in value.members() {
            let text = name.text().unwrap_or_default();
            let place = inside(place, &text);
            if WORDS.contains(&&*text) {
                return refuse(&place, format!("belongs beside {}", beside(&text)));
            }
            if text.contains("{{") {
                return refuse(&place, "is a name, and names hold no {{ … }}");
            }
            if !seen.insert(text.to_string()) {
                return refuse(&place, "is given twice");
            }
            members.push((name.raw().into(), self.part(inner, &place, depth + 1)?));
        }
        Ok(TemplatePart::Members(members))
    }

    fn each(
        &mut self,
        value: JsonValue<'_>,
        place: &str,
        depth: usize,
    ) -> Result<TemplatePart, TemplateFault> {
        only(value, &["$each", "$as"], place)?;
        let list_place = inside(place, "$each");
        let Some(text) = value.member("$each").and_then(JsonValue::text) else {
            return refuse(
                &list_place,
                "must be a pointer to a list, such as /data/items",
            );
        };
        let bare = text.trim();
        let bare = bare
            .strip_prefix("{{")
            .and_then(|bare| bare.strip_suffix("}}"))
            .unwrap_or(bare);
        let list = match Expression::parse(bare) {
            Ok(list) => list,
            Err(message) => return refuse(&list_place, message),
        };
        let Some(item) = value.member("$as") else {
            return refuse(place, "needs $as beside $each: what each item becomes");
        };
        let item = Box::new(self.part(item, &inside(place, "$as"), depth + 1)?);
        Ok(TemplatePart::Each {
            place: list_place.into(),
            list,
            item,
        })
    }

    fn condition(
        &mut self,
        value: JsonValue<'_>,
        place: &str,
        depth: usize,
    ) -> Result<TemplatePart, TemplateFault> {
        only(value, &["$if", "$then", "$else"], place)?;
        let filter = value.member("$if").map_or("{}", JsonValue::raw);
        let filter = match ContentFilter::read(filter, self.origin) {
            Ok(filter) => Arc::new(filter),
            Err(fault) if fault.place.is_empty() => {
                return refuse(&inside(place, "$if"), fault.message);
            }
            Err(fault) => {
                return refuse(&inside(&inside(place, "$if"), &fault.place), fault.message);
            }
        };
        let Some(then) = value.member("$then") else {
            return refuse(place, "needs $then beside $if");
        };
        let then = Box::new(self.part(then, &inside(place, "$then"), depth + 1)?);
        let otherwise = value.member("$else");
        let otherwise = otherwise
            .map(|part| {
                self.part(part, &inside(place, "$else"), depth + 1)
                    .map(Box::new)
            })
            .transpose()?;
        Ok(TemplatePart::If {
            filter,
            then,
            otherwise,
        })
    }
}

fn beside(word: &str) -> &'static str {
    if word == "$as" { "$each" } else { "$if" }
}

/// Refuses members that have no meaning beside the others.
fn only(value: JsonValue<'_>, names: &[&str], place: &str) -> Result<(), TemplateFault> {
    for (index, (name, _)) in value.members().enumerate() {
        let text = name.text().unwrap_or_default();
        if !names.contains(&&*text) {
            let message = format!("has no meaning beside {}", names[0]);
            return refuse(&inside(place, &text), message);
        }
        if value
            .members()
            .take(index)
            .any(|(own, _)| own.is_text(&text))
        {
            return refuse(&inside(place, &text), "is given twice");
        }
    }
    Ok(())
}

fn text_part(value: JsonValue<'_>, place: &str) -> Result<TemplatePart, TemplateFault> {
    let text = value.text().unwrap_or_default();
    let mut pieces = match pieces(&text) {
        Ok(Some(pieces)) => pieces,
        Ok(None) => return Ok(TemplatePart::Raw(value.raw().into())),
        Err(message) => return refuse(place, message),
    };
    let place = place.into();
    Ok(match (pieces.pop(), pieces.is_empty()) {
        (Some(TextPiece::Value(expression)), true) => TemplatePart::Value { place, expression },
        (last, _) => {
            pieces.extend(last);
            TemplatePart::Text { place, pieces }
        }
    })
}

/// A text cut at its `{{ … }}`; `None` where it has none.
///
/// # Errors
/// What is wrong with one of them.
pub(super) fn pieces(text: &str) -> Result<Option<Vec<TextPiece>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        if !before.is_empty() {
            pieces.push(TextPiece::Literal(before.into()));
        }
        let Some(end) = closing(behind) else {
            return Err("has {{ without }} behind it".to_owned());
        };
        pieces.push(TextPiece::Value(Expression::parse(&behind[..end])?));
        rest = &behind[end + 2..];
    }
    if pieces.is_empty() {
        return Ok(None);
    }
    if !rest.is_empty() {
        pieces.push(TextPiece::Literal(rest.into()));
    }
    Ok(Some(pieces))
}

/// Where the next `}}` stands that is not inside quotes.
fn closing(text: &str) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '}' if !is_quoted && text[at..].starts_with("}}") => return Some(at),
            _ => {}
        }
    }
    None
}

//! Where in an event a condition looks: names, indexes and `*`, separated by points.
//!
//! Owns: reading a path, and finding what lies there. Refuses: judging it (`operator`).

use std::fmt;

use super::origin::FilterOrigin;
use crate::domain::json::JsonValue;
use crate::domain::json::pointer::array_index;
use crate::domain::json::scope::{JsonScope, Meter};

/// The most parts of a path.
pub(super) const PATH_PARTS_MAX: usize = 16;
/// The longest text of a value that is told in words, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// What a path may not have between its points.
const EMPTY_PART: &str = "is a path with an empty part between its points";
/// What a backslash stands before where it belongs to what follows.
const ESCAPED: &[char] = &['.', '[', ']', '*', '\\'];

/// A path from the event's object to values in it.
#[derive(Clone, Debug, Default)]
pub(super) struct FilterPath(Vec<PathPart>);

/// One step of a path.
#[derive(Clone, Debug)]
enum PathPart {
    /// The member of this name; of an array the element of this number.
    Name {
        name: Box<str>,
        index: Option<usize>,
    },
    /// Every member or element.
    Every,
}

impl FilterPath {
    /// The path with the parts of `text` behind its own. A point, bracket or star that belongs to a name
    /// is written behind a backslash; an index may stand behind a point or in brackets.
    ///
    /// # Errors
    /// A sentence where it is not written as a path, a part is empty, or there are too many.
    pub(super) fn joined(&self, text: &str, origin: FilterOrigin) -> Result<Self, String> {
        if origin == FilterOrigin::Said {
            check_written(text)?;
        }
        let mut parts = self.0.clone();
        for WrittenPart { text, is_escaped } in parts_of(text) {
            parts.push(match text.as_str() {
                "" => return Err(EMPTY_PART.to_owned()),
                "*" if !is_escaped => PathPart::Every,
                name => PathPart::Name {
                    index: array_index(name),
                    name: name.into(),
                },
            });
        }
        if parts.len() > PATH_PARTS_MAX {
            return Err(format!("is a path of more than {PATH_PARTS_MAX} parts"));
        }
        Ok(Self(parts))
    }

    /// Whether it leads nowhere: to the event as a whole.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `fits` holds for one of the values that the path leads to.
    pub(super) fn any(
        &self,
        event: &JsonScope<'_>,
        fits: &mut dyn FnMut(JsonValue<'_>) -> bool,
    ) -> bool {
        let Some((part, rest)) = self.0.split_first() else {
            return fits(event.value());
        };
        let meter = event.meter();
        match part {
            PathPart::Name { name, index } => event
                .find(name, *index)
                .is_some_and(|value| search(rest, value, meter, fits)),
            PathPart::Every => every(rest, event.value(), meter, fits),
        }
    }

    /// What the event has there, in words.
    pub(super) fn shown(&self, event: &JsonScope<'_>) -> String {
        let mut found = Vec::new();
        self.any(event, &mut |value| {
            found.push(shortened(value.raw()));
            found.len() > 3
        });
        match found.as_slice() {
            [] => "is missing".to_owned(),
            [one] => format!("is {one}"),
            [some @ .., _] if some.len() == 3 => format!("is {} and more", some.join(", ")),
            [some @ .., last] => format!("is {} and {last}", some.join(", ")),
        }
    }
}

/// A text cut to what a sentence can hold.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A part of a path as it was written.
#[derive(Default)]
struct WrittenPart {
    text: String,
    is_escaped: bool,
}

/// The parts of a path. It takes whatever is there: what is said now was checked, and what was stored
/// goes on meaning what it meant.
fn parts_of(text: &str) -> Vec<WrittenPart> {
    let mut parts = vec![WrittenPart::default()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let part = parts.last_mut().expect("one from the beginning");
        match letter {
            '\\' => {
                let escaped = letters.next_if(|next| ESCAPED.contains(next));
                part.is_escaped |= escaped.is_some();
                part.text.push(escaped.unwrap_or(letter));
            }
            '.' => parts.push(WrittenPart::default()),
            '[' if !part.text.is_empty() => parts.push(WrittenPart {
                text: letters.by_ref().take_while(|one| *one != ']').collect(),
                is_escaped: false,
            }),
            other => part.text.push(other),
        }
    }
    parts
}

/// Refuses what is not written as names between points, each with indexes in brackets behind it.
fn check_written(text: &str) -> Result<(), String> {
    let mut rest = text;
    loop {
        rest = behind_name(rest)?;
        while let Some(inside) = rest.strip_prefix('[') {
            let Some((index, behind)) = inside.split_once(']') else {
                return Err("is a path with a [ that no ] closes; write a[0] or a[*]".to_owned());
            };
            if index != "*" && array_index(index).is_none() {
                return Err(format!(
                    "is a path with “{index}” in brackets; they hold an index from 0, or *"
                ));
            }
            rest = behind;
        }
        rest = match rest.strip_prefix('.') {
            Some(next) => next,
            None if rest.is_empty() => return Ok(()),
            None => {
                return Err(
                    "is a path with a name right behind a ]; a point goes between".to_owned(),
                );
            }
        };
    }
}

/// What follows the name with which `text` begins.
fn behind_name(text: &str) -> Result<&str, String> {
    let mut letters = text.char_indices().peekable();
    let (mut end, mut has_star) = (text.len(), false);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if letters
                .next_if(|(_, next)| ESCAPED.contains(next))
                .is_none() =>
            {
                let message = "is a path with a \\ that stands before none of . [ ] * \\";
                return Err(message.to_owned());
            }
            '.' | '[' => {
                end = at;
                break;
            }
            ']' => return Err("is a path with a ] that no [ opens; in a name write \\]".to_owned()),
            '*' => has_star = true,
            _ => {}
        }
    }
    match &text[..end] {
        "" if text.starts_with('[') => {
            Err("is a path with brackets behind no name; write a[0]".to_owned())
        }
        "" => Err(EMPTY_PART.to_owned()),
        name if has_star && name != "*" => Err(format!(
            "is a path with “{name}” in it; * stands alone, for every part, and in a name write \\*"
        )),
        _ => Ok(&text[end..]),
    }
}

fn search(
    parts: &[PathPart],
    value: JsonValue<'_>,
    meter: &Meter,
    fits: &mut dyn FnMut(JsonValue<'_>) -> bool,
) -> bool {
    let Some((part, rest)) = parts.split_first() else {
        return fits(value);
    };
    match part {
        PathPart::Name { name, index } => meter
            .inner(value, name, *index)
            .is_some_and(|inner| search(rest, inner, meter, fits)),
        PathPart::Every => every(rest, value, meter, fits),
    }
}

/// Whether `fits` holds for something behind one of the parts of `value`.
fn every(
    rest: &[PathPart],
    value: JsonValue<'_>,
    meter: &Meter,
    fits: &mut dyn FnMut(JsonValue<'_>) -> bool,
) -> bool {
    let mut below = |inner| meter.spend(1) && search(rest, inner, meter, fits);
    value.elements().any(&mut below) || value.members().any(|(_, inner)| below(inner))
}

impl fmt::Display for FilterPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, part) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str(".")?;
            }
            match part {
                PathPart::Name { name, .. } => {
                    for letter in name.chars() {
                        if ESCAPED.contains(&letter) {
                            f.write_str("\\")?;
                        }
                        write!(f, "{letter}")?;
                    }
                }
                PathPart::Every => f.write_str("*")?,
            }
        }
        Ok(())
    }
}

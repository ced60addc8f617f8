//! Where in an event a condition looks: names, indexes and `*`, separated by points.
//!
//! Owns: reading a path, and finding what lies there. Refuses: judging it (`operator`).

use std::fmt;

use crate::domain::json::JsonValue;
use crate::domain::json::scope::{JsonScope, Meter};

/// The most parts of a path.
pub(super) const PATH_PARTS_MAX: usize = 16;
/// The longest text of a value that is told in words, in characters.
const SHOWN_CHARS_MAX: usize = 80;

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
    /// The path with the parts of `text` behind its own. A point that belongs to a name is written
    /// `\.`; an index may stand behind a point or in brackets.
    ///
    /// # Errors
    /// A sentence where a part is empty or there are too many.
    pub(super) fn joined(&self, text: &str) -> Result<Self, String> {
        let mut parts = self.0.clone();
        for part in parts_of(text) {
            if part.is_empty() {
                return Err("is a path with an empty part between its points".to_owned());
            }
            parts.push(match part.as_str() {
                "*" => PathPart::Every,
                name => PathPart::Name {
                    index: name.parse().ok(),
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

fn parts_of(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars().peekable();
    let mut last_is_bracketed = false;
    while let Some(letter) = letters.next() {
        let part = parts.last_mut().expect("one from the beginning");
        match letter {
            '\\' if letters.next_if_eq(&'.').is_some() => part.push('.'),
            '.' if last_is_bracketed => {
                last_is_bracketed = false;
                parts.push(String::new());
            }
            '.' => parts.push(String::new()),
            '[' if !part.is_empty() => {
                parts.push(letters.by_ref().take_while(|one| *one != ']').collect());
                last_is_bracketed = true;
            }
            other => part.push(other),
        }
    }
    parts
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
                PathPart::Name { name, .. } => f.write_str(&name.replace('.', "\\."))?,
                PathPart::Every => f.write_str("*")?,
            }
        }
        Ok(())
    }
}

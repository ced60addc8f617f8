//! JSON text with a table of where its values lie: read once, looked into often, never rewritten.
//!
//! Owns: the table, and views of single values. Refuses: checking the grammar (a text that arrives
//! here has been read as JSON before) and changing a byte: a value can always be had as it was
//! written.
//!
//! # Why not a tree of values
//! A tree rounds numbers, loses the order of members and costs an allocation per value. Filters and
//! templates look at a few values of a text that may have a hundred thousand; the table is one
//! allocation of 12 bytes per value, and numbers stay the digits that the publisher wrote.

pub mod number;
pub mod pointer;
pub mod scope;

use std::borrow::Cow;
use std::sync::Arc;

/// A JSON text and where its values lie, in the order in which they begin.
#[derive(Clone, Debug)]
pub struct JsonTape {
    text: Arc<str>,
    values: Vec<TapeEntry>,
}

/// Where a value lies, and which entry follows all that it holds.
#[derive(Clone, Copy, Debug)]
struct TapeEntry {
    start: u32,
    end: u32,
    after: u32,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A text.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// One value of a [`JsonTape`].
#[derive(Clone, Copy, Debug)]
pub struct JsonValue<'a> {
    tape: &'a JsonTape,
    at: u32,
}

impl JsonTape {
    /// The table of a text that is JSON; `None` for one that is not and where that shows: brackets
    /// that do not match, no value, or more than 4 GiB.
    #[must_use]
    pub fn read(text: Arc<str>) -> Option<Self> {
        u32::try_from(text.len()).ok()?;
        let bytes = text.as_bytes();
        let mut values: Vec<TapeEntry> = Vec::with_capacity(bytes.len() / 12 + 4);
        let mut open: Vec<usize> = Vec::new();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let start = at;
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' => {
                    at += 1;
                    continue;
                }
                b'}' | b']' => {
                    let entry = open.pop()?;
                    let after = place(values.len());
                    values[entry].end = place(at + 1);
                    values[entry].after = after;
                    at += 1;
                    continue;
                }
                b'{' | b'[' => {
                    open.push(values.len());
                    at += 1;
                }
                b'"' => at = text_end(bytes, at),
                _ => at = scalar_end(bytes, at),
            }
            let after = place(values.len() + 1);
            let (start, end) = (place(start), place(at));
            values.push(TapeEntry { start, end, after });
        }
        let is_one = values
            .first()
            .is_some_and(|first| first.after == place(values.len()));
        (open.is_empty() && is_one).then_some(Self { text, values })
    }

    /// `null`.
    #[must_use]
    pub fn null() -> Self {
        let whole = TapeEntry {
            start: 0,
            end: 4,
            after: 1,
        };
        Self {
            text: "null".into(),
            values: vec![whole],
        }
    }

    /// The whole.
    #[must_use]
    pub fn root(&self) -> JsonValue<'_> {
        JsonValue { tape: self, at: 0 }
    }
}

/// A place in a text that is shorter than 4 GiB.
fn place(at: usize) -> u32 {
    u32::try_from(at).expect("checked when the reading began")
}

/// The place behind the text that opens at `start`.
fn text_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn scalar_end(bytes: &[u8], start: usize) -> usize {
    let is_end = |byte: &u8| b" \t\n\r,:]}[{\"".contains(byte);
    let length = bytes[start..].iter().position(is_end);
    length.map_or(bytes.len(), |length| start + length)
}

impl<'a> JsonValue<'a> {
    fn entry(self) -> TapeEntry {
        self.tape.values[self.at as usize]
    }

    /// The value as it was written.
    #[must_use]
    pub fn raw(self) -> &'a str {
        let TapeEntry { start, end, .. } = self.entry();
        &self.tape.text[start as usize..end as usize]
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> JsonKind {
        match self.raw().as_bytes().first() {
            Some(b'{') => JsonKind::Object,
            Some(b'[') => JsonKind::Array,
            Some(b'"') => JsonKind::Text,
            Some(b't' | b'f') => JsonKind::Bool,
            Some(b'n') | None => JsonKind::Null,
            Some(_) => JsonKind::Number,
        }
    }

    /// The text that a text stands for. One that escapes half a character is no text; it is shown as
    /// it was written.
    #[must_use]
    pub fn text(self) -> Option<Cow<'a, str>> {
        (self.kind() == JsonKind::Text).then(|| unescaped(self.raw()))
    }

    /// The elements of an array; nothing of anything else.
    pub fn elements(self) -> impl Iterator<Item = JsonValue<'a>> {
        let inner = match self.kind() {
            JsonKind::Array => self.inner(),
            _ => Inner {
                tape: self.tape,
                next: 0,
                end: 0,
            },
        };
        inner.into_iter()
    }

    /// The members of an object, name and value; nothing of anything else.
    pub fn members(self) -> impl Iterator<Item = (JsonValue<'a>, JsonValue<'a>)> {
        let mut inner = self.inner();
        if self.kind() != JsonKind::Object {
            inner.end = inner.next;
        }
        std::iter::from_fn(move || Some((inner.next()?, inner.next()?)))
    }

    /// The member of an object with this name: the last, where a name is given twice.
    #[must_use]
    pub fn member(self, name: &str) -> Option<JsonValue<'a>> {
        let named = self.members().filter(|(own, _)| own.is_text(name));
        named.last().map(|(_, value)| value)
    }

    /// The element of an array at `index`, from 0.
    #[must_use]
    pub fn element(self, index: usize) -> Option<JsonValue<'a>> {
        self.elements().nth(index)
    }

    /// Whether it is the text `text`.
    #[must_use]
    pub fn is_text(self, text: &str) -> bool {
        let raw = self.raw();
        match raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) {
            Some(inner) if inner.contains('\\') => unescaped(raw) == text,
            Some(inner) => inner == text,
            None => false,
        }
    }

    /// Whether two values are the same, however they are written: numbers by their value, objects
    /// whatever the order of their members.
    #[must_use]
    pub fn equals(self, other: JsonValue<'_>) -> bool {
        match (self.kind(), other.kind()) {
            (JsonKind::Null, JsonKind::Null) => true,
            (JsonKind::Bool, JsonKind::Bool) => self.raw() == other.raw(),
            (JsonKind::Number, JsonKind::Number) => {
                number::compare(self.raw(), other.raw()).is_eq()
            }
            (JsonKind::Text, JsonKind::Text) => {
                other.text().is_some_and(|text| self.is_text(&text))
            }
            (JsonKind::Array, JsonKind::Array) => {
                let (mut one, mut two) = (self.elements(), other.elements());
                loop {
                    match (one.next(), two.next()) {
                        (None, None) => return true,
                        (Some(one), Some(two)) if one.equals(two) => {}
                        _ => return false,
                    }
                }
            }
            (JsonKind::Object, JsonKind::Object) => {
                let holds = |whole: JsonValue<'_>, part: JsonValue<'_>| {
                    part.members().all(|(name, _)| {
                        let name = name.text().unwrap_or_default();
                        let pair = (whole.member(&name), part.member(&name));
                        matches!(pair, (Some(one), Some(two)) if one.equals(two))
                    })
                };
                holds(self, other) && holds(other, self)
            }
            _ => false,
        }
    }

    fn inner(self) -> Inner<'a> {
        Inner {
            tape: self.tape,
            next: self.at + 1,
            end: self.entry().after,
        }
    }
}

/// What lies directly inside a value.
struct Inner<'a> {
    tape: &'a JsonTape,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Inner<'a> {
    type Item = JsonValue<'a>;

    fn next(&mut self) -> Option<JsonValue<'a>> {
        if self.next >= self.end {
            return None;
        }
        let value = JsonValue {
            tape: self.tape,
            at: self.next,
        };
        self.next = value.entry().after;
        Some(value)
    }
}

fn unescaped(raw: &str) -> Cow<'_, str> {
    let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
    let inner = inner.unwrap_or(raw);
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str(raw).map_or(Cow::Borrowed(inner), Cow::Owned)
}

#[cfg(test)]
mod tests;

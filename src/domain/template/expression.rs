//! `{{ /pointer | filter: argument }}`: one value of an event, and what is made of it.
//!
//! Owns: reading an expression and evaluating it. Refuses: where it stands (`part`), and repeating a value
//! in what it says of a failure: alerts and mails carry that on, and would outlive an event's erasure.

use std::borrow::Cow;
use std::fmt;

use jiff::fmt::strtime;

use super::filled::{TEMPLATE_OUTPUT_BYTES_MAX, check_length};
use crate::domain::json::pointer::{PointerPart, pointer_parts};
use crate::domain::json::scope::JsonScope;
use crate::domain::json::{JsonKind, JsonTape, JsonValue};
use crate::domain::time::Timestamp;

/// Bytes that the form of a date may have.
const DATE_FORM_BYTES_MAX: usize = 100;
/// What stands for the rest of a text that was cut.
const CUT_MARK: char = '…';
/// Numbers from here on are milliseconds since the Unix epoch; below, seconds.
const MILLIS_FROM: i64 = 100_000_000_000;

/// A value of an event, and what is made of it.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    text: Box<str>,
    source: ExpressionSource,
    pipes: Vec<Pipe>,
}

#[derive(Clone, Debug)]
enum ExpressionSource {
    /// Names from the outside to the inside, each with the index it may also be.
    Pointer(Vec<PointerPart>),
    /// A text, number or other value of the template itself.
    Literal(JsonTape),
}

#[derive(Clone, Debug)]
enum Pipe {
    Default(JsonTape),
    Upper,
    Lower,
    Json,
    Date(Box<str>),
    /// To so many UTF-16 units, as the services count that limit a text.
    Cut(usize),
}

/// What an expression gives.
pub(super) enum Produced<'a> {
    Value(JsonValue<'a>),
    Text(String),
}

/// The text of a value: of a text itself, of nothing nothing, of anything else its JSON.
#[must_use]
pub fn plain_text(value: JsonValue<'_>) -> Cow<'_, str> {
    match value.kind() {
        JsonKind::Text => value.text().unwrap_or_default(),
        JsonKind::Null => Cow::Borrowed(""),
        JsonKind::Bool | JsonKind::Number | JsonKind::Array | JsonKind::Object => {
            Cow::Borrowed(value.raw())
        }
    }
}

impl Expression {
    /// Reads what stands between `{{` and `}}`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut sections = sections(text).into_iter();
        let head = sections.next().unwrap_or_default();
        let source = source(head.trim())?;
        let pipes = sections.map(|section| pipe(section.trim()));
        Ok(Self {
            text: text.trim().into(),
            source,
            pipes: pipes.collect::<Result<_, _>>()?,
        })
    }

    /// What it gives in `scope`.
    ///
    /// # Errors
    /// What is missing or does not fit, and what would help.
    pub(super) fn evaluate<'a>(&'a self, scope: &JsonScope<'a>) -> Result<Produced<'a>, String> {
        let mut produced = self.source.value(scope).map(Produced::Value);
        for pipe in &self.pipes {
            produced = match (pipe, produced) {
                (Pipe::Default(default), None) => Some(Produced::Value(default.root())),
                (Pipe::Default(default), Some(Produced::Value(value)))
                    if value.kind() == JsonKind::Null =>
                {
                    Some(Produced::Value(default.root()))
                }
                (Pipe::Default(_), produced) => produced,
                (_, None) => return Err(self.missing()),
                (pipe, Some(produced)) => {
                    let text = self.piped(pipe, &produced)?;
                    check_length(&text)?;
                    Some(Produced::Text(text))
                }
            };
        }
        produced.ok_or_else(|| self.missing())
    }

    /// The text of what it gave, where that is no list and no object.
    ///
    /// # Errors
    /// A sentence where it is one.
    pub(super) fn own_text<'a>(&self, value: JsonValue<'a>) -> Result<Cow<'a, str>, String> {
        match value.kind() {
            JsonKind::Array | JsonKind::Object => Err(format!(
                "{self} meets a list or an object; only “| json” makes a text of it"
            )),
            JsonKind::Null | JsonKind::Bool | JsonKind::Number | JsonKind::Text => {
                Ok(plain_text(value))
            }
        }
    }

    fn missing(&self) -> String {
        let head = sections(&self.text)
            .first()
            .map(|head| head.trim().to_owned());
        let head = head.unwrap_or_default();
        format!("{head} is missing in this event; write “{head} | default: …” if it may be")
    }

    fn piped(&self, pipe: &Pipe, produced: &Produced<'_>) -> Result<String, String> {
        let text = || match produced {
            Produced::Text(text) => Ok(Cow::Borrowed(text.as_str())),
            Produced::Value(value) => self.own_text(*value),
        };
        match pipe {
            Pipe::Upper => Ok(text()?.to_uppercase()),
            Pipe::Lower => Ok(text()?.to_lowercase()),
            Pipe::Json => Ok(match produced {
                Produced::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
                Produced::Value(value) => value.raw().to_owned(),
            }),
            Pipe::Date(form) => {
                let text = text()?;
                let at = instant(&text).ok_or_else(|| {
                    format!("{self} meets a text that is neither RFC 3339 nor Unix seconds")
                })?;
                dated(form, at).map_err(|error| format!("{self} gives no date: {error}"))
            }
            Pipe::Cut(units) => Ok(cut(text()?, *units)),
            Pipe::Default(_) => Ok(text()?.into_owned()),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl ExpressionSource {
    fn value<'a>(&'a self, scope: &JsonScope<'a>) -> Option<JsonValue<'a>> {
        match self {
            Self::Literal(tape) => Some(tape.root()),
            Self::Pointer(parts) => {
                let Some(((first, index), rest)) = parts.split_first() else {
                    return Some(scope.value());
                };
                let mut value = scope.find(first, *index)?;
                for (name, index) in rest {
                    value = scope.meter().inner(value, name, *index)?;
                }
                Some(value)
            }
        }
    }
}

fn source(head: &str) -> Result<ExpressionSource, String> {
    if head == "." || head == "/" {
        return Ok(ExpressionSource::Pointer(Vec::new()));
    }
    let Some(pointer) = head.strip_prefix('/') else {
        return match literal(head) {
            Some(tape) if !head.is_empty() => Ok(ExpressionSource::Literal(tape)),
            Some(_) | None => Err(format!(
                "holds “{head}”, which is no JSON pointer; one begins with /, such as /data/id"
            )),
        };
    };
    pointer_parts(pointer).map(ExpressionSource::Pointer)
}

fn pipe(section: &str) -> Result<Pipe, String> {
    let (name, argument) = match section.split_once(':') {
        Some((name, argument)) => (name.trim_end(), Some(argument.trim())),
        None => (section, None),
    };
    match (name, argument) {
        ("default", Some(argument)) => literal(argument).map(Pipe::Default).ok_or_else(|| {
            format!("has a default “{argument}” that is no JSON; a text stands in quotes")
        }),
        ("date", Some(argument)) => {
            let form = literal(argument).and_then(|tape| tape.root().text().map(Cow::into_owned));
            let Some(form) = form else {
                return Err("needs the form of a date in quotes: date: \"%Y-%m-%d\"".to_owned());
            };
            if form.len() > DATE_FORM_BYTES_MAX {
                return Err(format!(
                    "has a date with more than {DATE_FORM_BYTES_MAX} bytes"
                ));
            }
            // Tried once, so that it can fail on no event.
            let tried = dated(&form, Timestamp::default());
            tried.map_err(|error| format!("has a date of no known form: {error}"))?;
            Ok(Pipe::Date(form.into()))
        }
        ("cut", Some(argument)) => {
            let units = argument.parse().ok();
            // A body holds no longer text.
            let units = units.filter(|units| (1..=TEMPLATE_OUTPUT_BYTES_MAX).contains(units));
            units.map(Pipe::Cut).ok_or_else(|| {
                format!("has a cut that is not a number from 1 to {TEMPLATE_OUTPUT_BYTES_MAX}")
            })
        }
        ("default" | "date" | "cut", None) => Err(format!("needs a value: {name}: …")),
        ("upper", None) => Ok(Pipe::Upper),
        ("lower", None) => Ok(Pipe::Lower),
        ("json", None) => Ok(Pipe::Json),
        ("upper" | "lower" | "json", Some(_)) => {
            Err(format!("gives {name} a value; it takes none"))
        }
        _ => Err(format!(
            "has “{name}”; there are default, upper, lower, json, date and cut"
        )),
    }
}

/// `text`, or as much of it as fits into `units` with the mark that there was more; no character is
/// taken apart.
fn cut(text: Cow<'_, str>, units: usize) -> String {
    // A character has at most as many units as bytes.
    if text.len() <= units || text.encode_utf16().count() <= units {
        return text.into_owned();
    }
    let mut left = units - CUT_MARK.len_utf16();
    let kept = text.chars().take_while(|letter| {
        let fits = letter.len_utf16() <= left;
        left = left.saturating_sub(letter.len_utf16());
        fits
    });
    kept.chain([CUT_MARK]).collect()
}

fn literal(text: &str) -> Option<JsonTape> {
    serde_json::from_str::<&serde_json::value::RawValue>(text).ok()?;
    JsonTape::read(text.into())
}

/// What stands between the bars that are not inside quotes.
fn sections(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut is_quoted, mut is_escaped) = (0, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '|' if !is_quoted => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found
}

fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(at) = Timestamp::parse(text) {
        return Some(at);
    }
    let whole = text.split('.').next().unwrap_or(text);
    let number: i64 = whole.parse().ok()?;
    let millis = if number >= MILLIS_FROM {
        number
    } else {
        number.checked_mul(1000)?
    };
    (0..=Timestamp::MAX.millis())
        .contains(&millis)
        .then(|| Timestamp::from_millis(millis))
}

fn dated(form: &str, at: Timestamp) -> Result<String, jiff::Error> {
    let at = jiff::Timestamp::from_millisecond(at.millis())?;
    strtime::format(form, at)
}

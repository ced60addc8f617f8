//! Why a body cannot be read, said with its place.
//!
//! Owns: turning the parser's errors into faults that name fields. Refuses: guessing: an unknown
//! field is a fault, because a mistyped option would otherwise pass in silence.
//!
//! # Why bodies are parsed twice, but only when they are wrong
//! Tracking the path while parsing costs a third of the time, and most bodies are right. So the
//! first parse is plain, and only its failure is repeated with the path.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::error::Category;

use crate::service::{FieldError, Refusal};
use crate::web::Problem;

const NO_OBJECT: &str = "must be a JSON object";
/// How the reader's message about a field that is not known begins.
const UNKNOWN: &str = "unknown field `";
/// Faults that are named at once.
const FAULTS_MAX: usize = 20;

/// Why a body cannot be read as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    /// It is no JSON; the text says where it breaks.
    Malformed(String),
    /// It is JSON of another shape; each field at fault is named, at least one.
    Misfit(Vec<FieldError>),
}

impl Misread {
    /// One field at fault.
    #[must_use]
    pub fn misfit(error: FieldError) -> Self {
        Self::Misfit(vec![error])
    }
}

impl From<Misread> for Problem {
    fn from(misread: Misread) -> Self {
        match misread {
            Misread::Malformed(detail) => Self::malformed(detail),
            Misread::Misfit(errors) => Self::misfit(errors),
        }
    }
}

/// For a value within a body that is JSON as a whole.
impl From<Misread> for Refusal {
    fn from(misread: Misread) -> Self {
        match misread {
            Misread::Malformed(detail) => Self::field("body", detail),
            Misread::Misfit(errors) => Self::Invalid(errors),
        }
    }
}

/// Reads the text of a JSON object.
///
/// # Errors
/// The line and column where it is no JSON, the field where it does not fit `T`.
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, Misread> {
    let read = serde_json::from_slice(text).map_err(|error| explain::<T>(text, &error))?;
    // A derived reader would also take an array with the fields' values in order.
    if is_array(text) {
        return Err(Misread::misfit(fault("body", NO_OBJECT)));
    }
    Ok(read)
}

fn is_array(text: &[u8]) -> bool {
    text.trim_ascii_start().first() == Some(&b'[')
}

fn explain<T: DeserializeOwned>(text: &[u8], error: &serde_json::Error) -> Misread {
    // A misfit may stand before the place where the text breaks; broken text is the worse fault.
    let broken = match error.classify() {
        Category::Data => serde_json::from_slice::<IgnoredAny>(text).err(),
        Category::Syntax | Category::Eof | Category::Io => None,
    };
    let broken = match (&broken, error.classify()) {
        (Some(broken), _) => broken,
        (None, Category::Data) => return Misread::Misfit(locate::<T>(text)),
        (None, Category::Syntax | Category::Eof | Category::Io) => error,
    };
    let what = without_place(broken);
    Misread::Malformed(format!(
        "the body is not valid JSON: {what} at line {}, column {}",
        broken.line(),
        broken.column()
    ))
}

fn fault(field: &str, message: &str) -> FieldError {
    FieldError {
        field: shown(field),
        message: shown(message),
    }
}

/// Every field that is not known, and the first one that is known and at fault.
fn locate<T: DeserializeOwned>(text: &[u8]) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let mut left = text.to_vec();
    while faults.len() < FAULTS_MAX {
        let Some((error, place)) = first_fault::<T>(&left) else {
            break;
        };
        faults.push(error);
        let Some(without) = place.and_then(|place| without(&left, &place)) else {
            break;
        };
        left = without;
    }
    if faults.is_empty() {
        faults.push(fault("body", "can't be read"));
    }
    faults
}

/// The reader's first complaint; with the field's place, where it is one that is not known.
fn first_fault<T: DeserializeOwned>(text: &[u8]) -> Option<(FieldError, Option<Vec<String>>)> {
    if is_array(text) {
        return Some((fault("body", NO_OBJECT), None));
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let error = serde_path_to_error::deserialize::<_, T>(&mut reader).err()?;
    let message = without_place(error.inner());
    let place = quoted(&message, UNKNOWN).map(|name| {
        let mut steps: Vec<String> = error.path().iter().map(ToString::to_string).collect();
        if steps.last() != Some(&name) {
            steps.push(name);
        }
        steps
    });
    let path = match error.path().to_string() {
        root if root == "." => String::new(),
        path => path,
    };
    let (field, message) = named(path, &message);
    Some((fault(&field, &message), place))
}

/// The body without the field at `place`; `None` where there is none.
fn without(text: &[u8], place: &[String]) -> Option<Vec<u8>> {
    let mut body: Value = serde_json::from_slice(text).ok()?;
    let (last, above) = place.split_last()?;
    let mut at = &mut body;
    for step in above {
        at = match at {
            Value::Object(members) => members.get_mut(step)?,
            Value::Array(items) => {
                items.get_mut(step.trim_matches(['[', ']']).parse::<usize>().ok()?)?
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
    }
    at.as_object_mut()?.remove(last)?;
    serde_json::to_vec(&body).ok()
}

fn quoted(message: &str, lead: &str) -> Option<String> {
    let rest = message.strip_prefix(lead)?;
    rest.split_once('`').map(|(name, _)| name.to_owned())
}

/// Faults of a whole object are reported at the object, but its author looks for the field.
fn named(path: String, message: &str) -> (String, String) {
    let below = |name: &str| {
        if path.is_empty() || path == name || path.ends_with(&format!(".{name}")) {
            if path.is_empty() {
                name.to_owned()
            } else {
                path.clone()
            }
        } else {
            format!("{path}.{name}")
        }
    };
    if let Some(name) = quoted(message, "missing field `") {
        return (below(&name), "is needed".to_owned());
    }
    if let Some(name) = quoted(message, UNKNOWN) {
        let known = message
            .split_once("expected ")
            .map(|(_, known)| known.replace('`', ""));
        let hint = match known {
            Some(known) if known.starts_with("one of ") => format!("; known are {}", &known[7..]),
            Some(known) => format!("; known is {known}"),
            None => String::new(),
        };
        return (below(&name), format!("is not a known field{hint}"));
    }
    if let Some(name) = quoted(message, "duplicate field `") {
        return (below(&name), "must not be given twice".to_owned());
    }
    let field = if path.is_empty() {
        "body".to_owned()
    } else {
        path
    };
    (field, in_json_terms(message))
}

/// Names of our own types and of Rust's help nobody.
fn in_json_terms(message: &str) -> String {
    let Some((found, wanted)) = message.split_once("expected ") else {
        return message.to_owned();
    };
    let wanted = match wanted {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "an object",
        "a boolean" => "true or false",
        wanted if wanted.starts_with("struct ") => "an object",
        wanted => wanted,
    };
    format!("{found}expected {wanted}")
}

/// A parser's message without its "at line 1 column 2".
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = if error.line() == 0 {
        None
    } else {
        text.rfind(" at line ")
    };
    text[..end.unwrap_or(text.len())].to_owned()
}

/// Names and values of the caller's are repeated only as far as they are readable.
fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().take(300).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::value::RawValue;

    use super::*;
    use crate::web::wire::{DurationText, Time};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the reading is tested")]
    struct Inner {
        delays: Vec<DurationText>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the reading is tested")]
    struct Outer {
        name: String,
        at: Option<Time>,
        inner: Option<Inner>,
        data: Option<Box<RawValue>>,
    }

    fn check(text: &str, expect: Result<(), (u16, &str, &str)>) {
        let read = from_slice::<Outer>(text.as_bytes()).map_err(Problem::from);
        let told = read.as_ref().map(drop).map_err(|problem| {
            let field = problem
                .errors()
                .first()
                .map_or("", |error| error.field.as_str());
            (problem.status().as_u16(), field, problem.detail())
        });
        match (told, expect) {
            (Ok(()), Ok(())) => {}
            (Err((status, field, detail)), Err((expect_status, expect_field, part))) => {
                assert_eq!(
                    (status, field),
                    (expect_status, expect_field),
                    "{text}: {detail}"
                );
                assert!(detail.contains(part), "{text}: {detail}");
            }
            (told, _) => panic!("{text}: {told:?}"),
        }
    }

    #[test]
    fn a_fault_names_its_field_or_its_place() {
        check(r#"{"name":"a","data":{"x":[1, 2]}}"#, Ok(()));
        check("", Err((400, "", "line 1, column 0")));
        check("{\n  \"name\": }", Err((400, "", "line 2, column 11")));
        check(
            r#"{"nam":"a"}"#,
            Err((422, "nam", "known field; known are name, at")),
        );
        check(r#"{"nam":1, oops"#, Err((400, "", "line 1")));
        check("{}", Err((422, "name", "is needed")));
        check("[]", Err((422, "body", "must be a JSON object")));
        check("[1]", Err((422, "body", "must be a JSON object")));
        check(
            r#"["a",null,null,null]"#,
            Err((422, "body", "must be a JSON object")),
        );
        check("7", Err((422, "body", "expected an object")));
        check(
            r#"{"name":1}"#,
            Err((422, "name", "invalid type: integer `1`, expected a string")),
        );
        check(r#"{"name":"a","name":"b"}"#, Err((422, "name", "twice")));
        check(
            r#"{"name":"a","at":"yesterday"}"#,
            Err((422, "at", "RFC 3339")),
        );
        check(
            r#"{"name":"a","inner":{}}"#,
            Err((422, "inner.delays", "is needed")),
        );
        check(
            r#"{"name":"a","inner":{"delay":1}}"#,
            Err((422, "inner.delay", "known is delays")),
        );
        check(
            r#"{"name":"a","inner":{"delays":["1s","soon"]}}"#,
            Err((422, "inner.delays[1]", "must be a duration")),
        );
        check("{\"name\":\"\u{0}\"}", Err((400, "", "control character")));
        check(r#"{"name":"a"} x"#, Err((400, "", "trailing")));
    }

    #[test]
    fn every_unknown_field_is_named() {
        let check = |text: &str, expect: &[&str]| {
            let misread = from_slice::<Outer>(text.as_bytes()).unwrap_err();
            let Misread::Misfit(errors) = misread else {
                panic!("{misread:?}");
            };
            let mut fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
            fields.sort_unstable();
            assert_eq!(fields, expect);
        };
        check(
            r#"{"nam":1,"name":"a","inner":{"dela":2,"delays":[]},"x":{"y":1}}"#,
            &["inner.dela", "nam", "x"],
        );
        check(r#"{"x":1}"#, &["name", "x"]);
        check(r#"{"name":1,"x":1}"#, &["name"]);
        let many: Vec<String> = (0..100).map(|number| format!("\"f{number}\":1")).collect();
        let many = from_slice::<Outer>(format!("{{{}}}", many.join(",")).as_bytes());
        assert!(matches!(many, Err(Misread::Misfit(errors)) if errors.len() == FAULTS_MAX));
    }
}

//! A request's body as a value of a type: every fault is told with its place.
//!
//! Owns: [`Json`] and [`OptionalJson`], and turning the parser's errors into problems. Refuses:
//! guessing: an unknown field is a fault, because a mistyped option would otherwise pass in silence.
//!
//! # Why bodies are parsed twice, but only when they are wrong
//! Tracking the path while parsing costs a third of the time, and most bodies are right. So the
//! first parse is plain, and only its failure is repeated with the path.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;

use super::body::{self, Body};
use super::depth::{DATA_DEPTH_MAX, check_depth};
use super::idempotency::Keyed;
use crate::http::{AppState, Problem, State};
use crate::service::{FieldError, Refusal};

/// The most bytes of a body whose type says nothing else: 1 MiB.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

const NO_OBJECT: &str = "must be a JSON object";

/// A type that requests carry, and how large it may be.
pub trait RequestBody: DeserializeOwned {
    /// The deepest nesting.
    const DEPTH_MAX: usize = DATA_DEPTH_MAX;

    /// The most bytes.
    #[must_use]
    fn bytes_max(_state: &AppState) -> usize {
        BODY_BYTES_MAX
    }
}

/// Why a body cannot be read as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    /// It is no JSON; the text says where it breaks.
    Malformed(String),
    /// It is JSON of another shape.
    Misfit(FieldError),
}

impl From<Misread> for Problem {
    fn from(misread: Misread) -> Self {
        match misread {
            Misread::Malformed(detail) => Self::malformed(detail),
            Misread::Misfit(error) => Self::misfit(error),
        }
    }
}

/// For a value within a body that is JSON as a whole.
impl From<Misread> for Refusal {
    fn from(misread: Misread) -> Self {
        match misread {
            Misread::Malformed(detail) => Self::field("body", detail),
            Misread::Misfit(error) => Self::Invalid(vec![error]),
        }
    }
}

/// A body that must be there.
pub struct Json<T> {
    /// What it says.
    pub value: T,
    /// The caller's `Idempotency-Key`.
    pub keyed: Keyed,
    // Given back when the request is answered.
    _share: Option<OwnedSemaphorePermit>,
}

/// The body of an action that needs none: nothing at all, or an empty object.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl RequestBody for Nothing {}

/// A body that may be left out; it then means `T::default()`.
pub struct OptionalJson<T>(pub Json<T>);

impl<T: RequestBody> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = read::<T>(&request, payload).await?;
            json(&request, body, from_slice)
        })
    }
}

impl<T: RequestBody + Default> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = read::<T>(&request, payload).await?;
            json(&request, body, |bytes| {
                if bytes.is_empty() {
                    return Ok(T::default());
                }
                from_slice(bytes)
            })
            .map(Self)
        })
    }
}

async fn read<T: RequestBody>(request: &HttpRequest, payload: Payload) -> Result<Body, Problem> {
    let state = request
        .app_data::<State>()
        .expect("every app is built with the state");
    body::read(request.headers(), payload, state, T::bytes_max(state)).await
}

fn json<T: RequestBody>(
    request: &HttpRequest,
    body: Body,
    parse: impl FnOnce(&[u8]) -> Result<T, Misread>,
) -> Result<Json<T>, Problem> {
    if !body.bytes.is_empty() {
        check_media_type(request)?;
    }
    check_depth(&body.bytes, T::DEPTH_MAX).map_err(Misread::Misfit)?;
    let value = parse(&body.bytes)?;
    let keyed = Keyed::of(request, &body.bytes)?;
    Ok(Json {
        value,
        keyed,
        _share: body.into_share(),
    })
}

/// JSON, in UTF-8. A body whose kind nobody names is taken for JSON.
fn check_media_type(request: &HttpRequest) -> Result<(), Problem> {
    const WANTED: &str = "bodies must be sent as application/json";
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let (kind, parameters) = text.split_once(';').unwrap_or((&text, ""));
    let kind = kind.trim();
    let is_json =
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
    if !is_json {
        return Err(Problem::unsupported_media(WANTED));
    }
    let charset = parameters
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("charset="));
    match charset.map(|charset| charset.trim_matches('"')) {
        None | Some("utf-8" | "utf8" | "us-ascii") => Ok(()),
        Some(_) => Err(Problem::unsupported_media("bodies must be sent in UTF-8")),
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
        return Err(misfit("body", NO_OBJECT));
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
        (None, Category::Data) => return locate::<T>(text),
        (None, Category::Syntax | Category::Eof | Category::Io) => error,
    };
    let what = without_place(broken);
    Misread::Malformed(format!(
        "the body is not valid JSON: {what} at line {}, column {}",
        broken.line(),
        broken.column()
    ))
}

fn misfit(field: &str, message: &str) -> Misread {
    Misread::Misfit(FieldError {
        field: shown(field),
        message: shown(message),
    })
}

fn locate<T: DeserializeOwned>(text: &[u8]) -> Misread {
    if is_array(text) {
        return misfit("body", NO_OBJECT);
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut reader) else {
        return misfit("body", "can't be read");
    };
    let path = match error.path().to_string() {
        root if root == "." => String::new(),
        path => path,
    };
    let (field, message) = named(path, without_place(error.inner()));
    misfit(&field, &message)
}

/// Faults of a whole object are reported at the object, but its author looks for the field.
fn named(path: String, message: String) -> (String, String) {
    let quoted = |lead: &str| {
        let rest = message.strip_prefix(lead)?;
        rest.split_once('`').map(|(name, _)| name.to_owned())
    };
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
    if let Some(name) = quoted("missing field `") {
        return (below(&name), "is needed".to_owned());
    }
    if let Some(name) = quoted("unknown field `") {
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
    if let Some(name) = quoted("duplicate field `") {
        return (below(&name), "must not be given twice".to_owned());
    }
    let field = if path.is_empty() {
        "body".to_owned()
    } else {
        path
    };
    // Names of our own types help nobody.
    let message = match message.split_once("expected struct ") {
        Some((found, _)) => format!("{found}expected an object"),
        None => message,
    };
    (field, message)
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
    use crate::http::wire::{Span, Time};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the reading is tested")]
    struct Inner {
        delays: Vec<Span>,
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
}

//! A request's body as a value of a type: every fault is told with its place.
//!
//! Owns: [`Json`], [`OptionalJson`] and [`AnyForm`]. Refuses: explaining what can't be read (`misread`).

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;

use super::body::{self, ReceivedBody};
use super::depth::{DATA_DEPTH_MAX, check_depth};
use super::idempotency::{Keyed, Keying};
use super::misread::{Misread, from_slice};
use crate::domain::yaml;
use crate::service::Caller;
use crate::service::payload_work::SMALL_BODY_BYTES;
use crate::web::{AppState, Problem, State};

/// The most bytes of a body whose type says nothing else: 1 MiB.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Stands for the workspace of those who belong to none.
const NOBODYS: i64 = 0;

/// A type that requests carry, and how large it may be.
pub trait RequestBody: DeserializeOwned + Send + 'static {
    /// The deepest nesting.
    const DEPTH_MAX: usize = DATA_DEPTH_MAX;

    /// The most bytes.
    #[must_use]
    fn bytes_max(_state: &AppState) -> usize {
        BODY_BYTES_MAX
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

/// A body that may be sent as YAML as well.
pub struct AnyForm<T>(pub Json<T>);

/// A body that may be left out; it then means `T::default()`.
pub struct OptionalJson<T>(pub Json<T>);

impl<T: RequestBody> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        extracting::<T, _>(request, payload, async |request, body| {
            json(request, body, from_slice).await
        })
    }
}

impl<T: RequestBody + Default> FromRequest for OptionalJson<T> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        extracting::<T, _>(request, payload, async |request, body| {
            let parse = |bytes: &[u8]| match bytes.is_empty() {
                true => Ok(T::default()),
                false => from_slice(bytes),
            };
            json(request, body, parse).await.map(Self)
        })
    }
}

impl<T: RequestBody> FromRequest for AnyForm<T> {
    type Error = Problem;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        extracting::<T, _>(request, payload, async |request, body| {
            let taken = match is_yaml(request) {
                true => taken(request, body, from_yaml).await,
                false => json(request, body, from_slice).await,
            };
            taken.map(Self)
        })
    }
}

/// A body on its way to being understood.
type Extracting<B> = Pin<Box<dyn Future<Output = Result<B, Problem>>>>;

/// Reads a body as far as `T` may be large, and lets `take` understand it.
fn extracting<T: RequestBody, B>(
    request: &HttpRequest,
    payload: &mut Payload,
    take: impl AsyncFnOnce(&HttpRequest, ReceivedBody) -> Result<B, Problem> + 'static,
) -> Extracting<B> {
    let (request, payload) = (request.clone(), payload.take());
    Box::pin(async move {
        let state = state_of(&request);
        let read = body::read(request.headers(), payload, state, T::bytes_max(state));
        take(&request, read.await?).await
    })
}

fn state_of(request: &HttpRequest) -> &State {
    request
        .app_data::<State>()
        .expect("every app is built with the state")
}

async fn json<T: RequestBody>(
    request: &HttpRequest,
    body: ReceivedBody,
    parse: impl FnOnce(&[u8]) -> Result<T, Misread> + Send + 'static,
) -> Result<Json<T>, Problem> {
    if !body.bytes.is_empty() {
        check_media_type(request)?;
    }
    let parse = |bytes: &[u8]| {
        check_depth(bytes, T::DEPTH_MAX).map_err(Misread::misfit)?;
        parse(bytes)
    };
    taken(request, body, parse).await
}

/// A large body is read off the thread that answers.
async fn taken<T: RequestBody>(
    request: &HttpRequest,
    body: ReceivedBody,
    parse: impl FnOnce(&[u8]) -> Result<T, Misread> + Send + 'static,
) -> Result<Json<T>, Problem> {
    let keying = Keying::of(request)?;
    let is_small = body.bytes.len() <= SMALL_BODY_BYTES;
    let read = move || {
        let value = parse(&body.bytes)?;
        let keyed = keying.with(&body.bytes);
        Ok::<_, Problem>(Json {
            value,
            keyed,
            _share: body.into_share(),
        })
    };
    if is_small {
        return read();
    }
    let caller = request.extensions().get::<Caller>().cloned();
    let workspace_seq = caller.map_or(NOBODYS, |caller| caller.workspace.seq());
    state_of(request)
        .service
        .work_on_payload(workspace_seq, read)
        .await?
}

/// Whether a body is said to be YAML (RFC 9512, or one of the words before that).
fn is_yaml(request: &HttpRequest) -> bool {
    let said = request.headers().get(header::CONTENT_TYPE);
    let text = said
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = text.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    let names = [
        "application/yaml",
        "application/x-yaml",
        "text/yaml",
        "text/x-yaml",
    ];
    names.contains(&kind.as_str()) || (kind.starts_with("application/") && kind.ends_with("+yaml"))
}

/// Reads the text of a YAML document; its bounds are the reader's.
fn from_yaml<T: DeserializeOwned>(text: &[u8]) -> Result<T, Misread> {
    let malformed = |what: String| Misread::Malformed(format!("the body is not YAML: {what}"));
    let text = std::str::from_utf8(text).map_err(|error| malformed(error.to_string()))?;
    let value = yaml::json_of(text).map_err(malformed)?;
    from_slice(value.to_string().as_bytes())
}

/// JSON, in UTF-8, and said to be that.
fn check_media_type(request: &HttpRequest) -> Result<(), Problem> {
    const WANTED: &str = "bodies must be sent as application/json";
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else {
        return Err(Problem::unsupported_media(WANTED));
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

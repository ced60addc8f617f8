//! Pages of other origins that call the API: those that a workspace lists, for its consumers only.
//!
//! Owns: preflights, and the headers by which a browser lets such a page read an answer. Refuses:
//! cookies: nothing is ever allowed with credentials that a browser adds by itself.
//!
//! # Why a preflight is answered for whoever is listed anywhere
//! A preflight carries no token, so nobody can know whose page it is. It permits asking; the answer can
//! only be read where the token's own workspace lists the origin.

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::state;
use crate::service::Refusal;

/// How long a browser may remember a preflight, in seconds.
const REMEMBERED_S: &str = "600";
/// The longest list of headers that a preflight may ask for, in bytes.
const ASKED_BYTES_MAX: usize = 1024;
/// What pages may read of an answer besides its body.
const EXPOSED: &str = "x-request-id, idempotent-replayed, retry-after, ratelimit-limit, \
                       ratelimit-remaining, ratelimit-reset";

/// Whether pages of other origins may call an audience's endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrossOrigin {
    /// Never.
    Refused,
    /// With a token that is bound to a consumer, from origins that its workspace lists.
    ForConsumers,
}

/// The origin that may read the answer to the request at hand.
#[derive(Clone, Debug)]
struct AllowedOrigin(HeaderValue);

/// What a browser says is the page that asks.
#[must_use]
pub fn origin(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::ORIGIN)?.to_str().ok()
}

/// Lets the page that asks read a refusal that was given before it was known who asks, where pages of
/// its origin were let in lately.
pub(super) fn allow_known(request: &HttpRequest) {
    let credentials = &state::of(request).credentials;
    if origin(request).is_some_and(|origin| credentials.knows(origin)) {
        allow(request);
    }
}

/// Lets the page that asks read the answer.
pub fn allow(request: &HttpRequest) {
    if let Some(origin) = request.headers().get(header::ORIGIN) {
        let allowed = AllowedOrigin(origin.clone());
        request.extensions_mut().insert(allowed);
    }
}

/// Adds to an answer what [`allow`] decided.
pub(super) fn dress(request: &HttpRequest, headers: &mut HeaderMap) {
    let extensions = request.extensions();
    if let Some(AllowedOrigin(origin)) = extensions.get::<AllowedOrigin>() {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    }
}

/// The answer to a preflight for a path that answers to `methods`; `None` where the request is none, or
/// nobody lists its origin.
pub(super) async fn preflight(
    request: &HttpRequest,
    methods: &str,
) -> Result<Option<HttpResponse>, Refusal> {
    let wanted = request.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD);
    let (Some(origin), Some(_), "OPTIONS") = (origin(request), wanted, request.method().as_str())
    else {
        return Ok(None);
    };
    let state = state::of(request);
    match state.credentials.check_address(state.proxy.client(request)) {
        Ok(()) if state.service.is_listed_origin(origin).await? => {}
        Ok(()) => return Ok(None),
        // So that the page can read the refusal of what it asks next.
        Err(_) if state.credentials.knows(origin) => {}
        Err(refusal) => return Err(refusal),
    }
    let asked = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let asked = asked
        .filter(|asked| asked.len() <= ASKED_BYTES_MAX)
        .cloned();
    let headers = asked.unwrap_or(HeaderValue::from_static("authorization, content-type"));
    Ok(Some(
        HttpResponse::NoContent()
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin))
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, headers))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_S))
            .insert_header((header::VARY, "origin"))
            .finish(),
    ))
}

//! What every answer has, whatever became of the request.
//!
//! Owns: the request id, security headers, the shapes of answers, and answers that may be replays.
//! Refuses: access logs; URLs may hold what logs must not.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use super::connections;
use super::extract::Keyed;
use super::held::hold;
use super::problem::Answered;
use super::state::proxy;
use crate::entropy;
use crate::packed::{Coding, PackedBytes};
use crate::service::{Done, Idempotency, Refusal, StoredAnswer};
use crate::telemetry::metrics;

/// The header that names a request in answers and logs.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Present on answers that were given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest request id that is taken over from a caller, in bytes.
pub const REQUEST_ID_BYTES_MAX: usize = 128;

/// The id of the request at hand.
#[derive(Clone, Debug)]
pub struct RequestId(pub HeaderValue);

/// Marks an answer whose own policy names who may frame it; `X-Frame-Options`, which can name nobody,
/// could only contradict.
#[derive(Clone, Copy, Debug)]
pub struct NamesFramers;

/// The outermost layer around every route and fallback.
///
/// # Errors
/// None of its own; what the inner layers' are is the framework's affair.
pub async fn dress(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = request_id(request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));
    let busy = connections::busy(request.request());
    let begun = Instant::now();
    let mut response = hold(next.call(request).await?);
    drop(busy);
    metrics::answered(response.status().as_u16());
    // Never the query: it may hold what only the caller is to know.
    tracing::debug!(
        method = %response.request().method(),
        path = response.request().path(),
        status = response.status().as_u16(),
        duration_ms = begun.elapsed().as_millis(),
        request = id.to_str().unwrap_or_default(),
        "answered"
    );
    let is_encrypted = proxy(response.request()).is_encrypted(response.request());
    let names_framers = response.response().extensions().contains::<NamesFramers>();
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    if !names_framers {
        set_missing(headers, header::X_FRAME_OPTIONS, "DENY");
    }
    secure(headers);
    if is_encrypted {
        // A year; other names of the same domain are none of our business.
        set_missing(
            headers,
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=31536000",
        );
    }
    Ok(response)
}

/// A caller's own id if it is plain, else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    let given = headers.get(&REQUEST_ID).filter(|id| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.as_bytes().iter().all(plain)
    });
    given.cloned().unwrap_or_else(new_request_id)
}

/// Unique, not unguessable: a random start per process and a count.
pub(super) fn new_request_id() -> HeaderValue {
    static PROCESS: LazyLock<u32> = LazyLock::new(|| u32::from_le_bytes(entropy::bytes()));
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let text = format!("req_{:08x}{count:08x}", *PROCESS);
    HeaderValue::from_str(&text).expect("hexadecimal digits make a header value")
}

/// Nothing that an answer holds is to be drawn in a frame, taken for a script, kept by anybody on the
/// way, or read by another site's page. Headers that a page set for itself are left alone.
pub(super) fn secure(headers: &mut HeaderMap) {
    let mut set = |name, value| set_missing(headers, name, value);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "no-store");
    set(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    );
    set(header::CROSS_ORIGIN_OPENER_POLICY, "same-origin");
    set(header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin");
}

fn set_missing(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// An answer that is the same for everybody, in the best coding that the caller takes.
#[must_use]
pub fn packed(
    request: &HttpRequest,
    mut response: HttpResponseBuilder,
    own: &PackedBytes,
) -> HttpResponse {
    let accepted = request.headers().get(header::ACCEPT_ENCODING);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let coding = accepted.and_then(Coding::accepted);
    response.insert_header((header::VARY, "accept-encoding"));
    if let Some(coding) = coding {
        response.insert_header((header::CONTENT_ENCODING, coding.as_str()));
    }
    response.body(own.in_coding(coding))
}

/// On to another page, with GET.
#[must_use]
pub fn go(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// A JSON answer.
pub fn json(status: StatusCode, body: &impl Serialize) -> Answered {
    Ok(HttpResponse::build(status).json(body))
}

/// 200 with a JSON body.
pub fn ok(body: &impl Serialize) -> Answered {
    json(StatusCode::OK, body)
}

/// 204.
pub fn no_content() -> Answered {
    Ok(HttpResponse::NoContent().finish())
}

/// A JSON answer in the form in which it is recorded beside an `Idempotency-Key`.
#[must_use]
pub fn recorded(status: StatusCode, body: &impl Serialize) -> StoredAnswer {
    StoredAnswer {
        status: status.as_u16(),
        body: serde_json::to_vec(body).expect("wire shapes hold nothing that JSON cannot"),
    }
}

/// Answers with what `work` comes to, in the one shape that is recorded beside the caller's key as well; or
/// with what was recorded, where the request had come before.
pub async fn idempotent<T, W>(
    keyed: Keyed,
    shape: fn(&T) -> StoredAnswer,
    work: impl FnOnce(Idempotency<T>) -> W,
) -> Answered
where
    W: Future<Output = Result<Done<T>, Refusal>>,
{
    let (answer, replayed) = match work(keyed.answered(shape)).await? {
        Done::Fresh(value) => (shape(&value), None),
        Done::Replayed(answer) => (answer, Some((REPLAYED, "true"))),
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    if let Some(header) = replayed {
        response.insert_header(header);
    }
    Ok(response.body(answer.body))
}

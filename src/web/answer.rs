//! What every answer has, whatever became of the request.
//!
//! Owns: the request id, security headers, turning a panic into a 500, the two fallbacks 404 and
//! 405, and answers that may be replays. Refuses: access logs; URLs may hold what logs must not.

use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use futures_util::FutureExt;
use serde::Serialize;

use super::connections;
use super::proxy::proxy;
use super::{Answered, Problem};
use crate::console::error_page;
use crate::dialects::{self, Dialect};
use crate::entropy;
use crate::service::{Answer, Done, Refusal};
use crate::telemetry::metrics;
use crate::ui::preferences::Theme;

/// The header that names a request in answers and logs.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Present on answers that were given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest request id that is taken over from a caller, in bytes.
pub const REQUEST_ID_BYTES_MAX: usize = 128;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The id of the request at hand.
#[derive(Clone, Debug)]
pub struct RequestId(pub HeaderValue);

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
    let response = next.call(request).await?;
    drop(busy);
    metrics::answered(response.status().as_u16());
    let path = response.request().path();
    let dialect = dialects::of(path);
    let is_api = dialect.is_some() || path.starts_with("/api/");
    let mut response = match dialect {
        Some(dialect) => translated(dialect, response),
        None if !is_api => drawn(response),
        None => response.map_into_left_body(),
    };
    let is_encrypted = proxy(response.request()).is_encrypted(response.request());
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    secure(headers, is_encrypted);
    Ok(response)
}

/// Tells a problem in the form of the dialect in whose paths it happened; its headers stay.
fn translated<B>(
    dialect: &Dialect,
    mut response: ServiceResponse<B>,
) -> ServiceResponse<EitherBody<B>> {
    let error = response.response().error();
    let problem = error.and_then(|error| error.as_error::<Problem>());
    let Some((status, body)) = problem.map(|problem| dialect.tell(problem)) else {
        return response.map_into_left_body();
    };
    *response.response_mut().status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response.map_body(|_, _| EitherBody::right(BoxBody::new(body.to_string())))
}

/// Tells a problem as a page to who reads pages.
fn drawn<B: MessageBody + 'static>(response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
    let request = response.request().clone();
    let error = response.response().error();
    let problem = error.and_then(|error| error.as_error::<Problem>());
    match problem.filter(|_| error_page::reads_pages(request.headers())) {
        Some(problem) => {
            let page = error_page::page(problem, Theme::of(&request));
            ServiceResponse::new(request, page).map_into_right_body()
        }
        None => response.map_into_left_body(),
    }
}

/// The innermost layer, around each handler: a panic in one request is a 500 of that request.
pub async fn guarded<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> ServiceResponse<EitherBody<B>> {
    let raw = request.request().clone();
    let called = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    let fallen = match called {
        Ok(Ok(response)) => return response.map_into_left_body(),
        Ok(Err(error)) => HttpResponse::from_error(error),
        Err(_) => {
            let problem = Problem::from(Refusal::Internal("a handler panicked".to_owned()));
            HttpResponse::from_error(problem)
        }
    };
    ServiceResponse::new(raw, fallen).map_into_right_body()
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
fn new_request_id() -> HeaderValue {
    static PROCESS: LazyLock<u32> = LazyLock::new(|| u32::from_le_bytes(entropy::bytes()));
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let text = format!("req_{:08x}{count:08x}", *PROCESS);
    HeaderValue::from_str(&text).expect("hexadecimal digits make a header value")
}

/// Nothing that an answer holds is to be drawn in a frame, taken for a script, kept by anybody on the
/// way, or read by another site's page. Headers that a page set for itself are left alone.
fn secure(headers: &mut HeaderMap, is_encrypted: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "no-store");
    set(
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    );
    set(header::CROSS_ORIGIN_OPENER_POLICY, "same-origin");
    set(header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin");
    if is_encrypted {
        // A year; other names of the same domain are none of our business.
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

/// 404 for paths that no route has.
///
/// # Errors
/// Always.
pub async fn no_route(request: HttpRequest) -> Answered {
    Err(Problem::no_route(request.path()))
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
pub fn recorded(status: StatusCode, body: &impl Serialize) -> Answer {
    Answer {
        status: status.as_u16(),
        body: serde_json::to_vec(body).expect("wire shapes hold nothing that JSON cannot"),
    }
}

/// The answer to a request that may have come before.
pub fn done<T>(done: &Done<T>, shape: fn(&T) -> Answer) -> Answered {
    let (answer, replayed) = match done {
        Done::Fresh(value) => (shape(value), None),
        Done::Replayed(answer) => (answer.clone(), Some((REPLAYED, "true"))),
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    if let Some(header) = replayed {
        response.insert_header(header);
    }
    Ok(response.body(answer.body))
}

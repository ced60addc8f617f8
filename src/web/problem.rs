//! Refusals as HTTP: the only place where a reason becomes a status.
//!
//! Owns: [`Problem`], its status, its code, its RFC 9457 form. Refuses: deciding anything. The
//! operator's detail of an internal fault goes to the log and never into an answer.

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::{FieldError, Refusal};

/// The media type of every refusal.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// The code of a problem that a second factor mends.
const MFA_REQUIRED: &str = "mfa_required";
/// Faults that a problem's detail says; its `errors` hold all of them.
const FAULTS_SAID: usize = 3;

/// What a handler answers.
pub type Answered = Result<HttpResponse, Problem>;
/// What a page's handler answers; a refusal becomes a page on its way out.
pub type Shown = Answered;

/// A refused request, ready to be told.
#[derive(Clone, Debug)]
pub struct Problem(Box<Told>);

#[derive(Clone, Debug)]
struct Told {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    allow: Option<HeaderValue>,
    wording: Wording,
}

/// Whose names the fields at fault have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// Those of the native API.
    Native,
    /// Those that the caller wrote.
    Callers,
}

/// The members of a problem, as RFC 9457 and the contract name them.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// A stable name of the kind of problem, as a URI.
    pub r#type: String,
    /// The kind of problem in a few words.
    pub title: &'static str,
    /// The HTTP status once more.
    pub status: u16,
    /// What exactly is wrong.
    pub detail: String,
    /// The kind of problem for machines; never changes.
    pub code: &'static str,
    /// The fields at fault.
    pub errors: Vec<ProblemField>,
}

/// A field at fault.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// Its path, such as `retry_policy.delays[2]`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Told {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            allow: None,
            wording: Wording::Native,
        }))
    }

    /// 404 for a path that leads nowhere.
    #[must_use]
    pub fn no_route(path: &str) -> Self {
        let shown: String = path.chars().take(200).collect();
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("nothing is at {shown}"),
        )
    }

    /// 405 with the methods that the path does have.
    #[must_use]
    pub fn method_not_allowed(allow: &str) -> Self {
        let mut problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("this path answers to {allow}"),
        );
        problem.0.allow = HeaderValue::from_str(allow).ok();
        problem
    }

    /// 501 for what another system's clients know and hookpost does not do.
    #[must_use]
    pub fn not_implemented(what: &str) -> Self {
        let detail = format!("{what} is not done here");
        Self::new(StatusCode::NOT_IMPLEMENTED, "not_implemented", detail)
    }

    /// 415 for a body that is not plain JSON.
    #[must_use]
    pub fn unsupported_media(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            detail,
        )
    }

    /// 400 for a body that is not JSON at all.
    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    /// What the parser refuses before there is a request.
    #[must_use]
    pub fn unparsed(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::REQUEST_TIMEOUT => (
                "timeout",
                "the request's first line and headers did not arrive in time",
            ),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
                "too_large",
                "the request's first line and headers are too large",
            ),
            StatusCode::INTERNAL_SERVER_ERROR => ("internal", "this connection was mixed up"),
            _ => (
                "malformed",
                "this is no HTTP/1.1 request: its first line, a header, the length of its body or a \
                 second Host says what none may say",
            ),
        };
        Self::new(status, code, detail)
    }

    /// 408 for a body that does not arrive.
    #[must_use]
    pub fn too_slow(deadline: Duration) -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            format!(
                "the request's body did not arrive within {} s",
                deadline.as_secs_f64()
            ),
        )
    }

    /// 422 for a body of another shape; its fields are named as the caller wrote them.
    #[must_use]
    pub fn misfit(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::from(Refusal::Invalid(errors));
        problem.0.wording = Wording::Callers;
        problem
    }

    /// 422 for one field.
    #[must_use]
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Refusal::field(field, message).into()
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The machine-readable kind.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// Whether showing a second factor mends it.
    #[must_use]
    pub fn asks_for_second_factor(&self) -> bool {
        self.0.code == MFA_REQUIRED
    }

    /// What exactly is wrong.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Whose names the fields at fault have.
    #[must_use]
    pub fn wording(&self) -> Wording {
        self.0.wording
    }

    /// The fields at fault.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// The answer's members.
    #[must_use]
    pub fn body(&self) -> ProblemBody {
        let fields = self.0.errors.iter().map(|error| ProblemField {
            field: error.field.clone(),
            message: error.message.clone(),
        });
        ProblemBody {
            r#type: format!("urn:hookpost:problem:{}", self.0.code),
            title: self.0.status.canonical_reason().unwrap_or("Refused"),
            status: self.0.status.as_u16(),
            detail: self.0.detail.clone(),
            code: self.0.code,
            errors: fields.collect(),
        }
    }

    /// Sets the headers that go with the status, whatever form the body takes.
    pub fn dress(&self, response: &mut HttpResponseBuilder) {
        if let Some(wait) = self.0.retry_after {
            response.insert_header((header::RETRY_AFTER, whole_seconds(wait)));
        }
        if let Some(allow) = &self.0.allow {
            response.insert_header((header::ALLOW, allow.clone()));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"hookpost\""));
        }
    }
}

/// A wait as `Retry-After` tells it: whole seconds, never fewer than meant, at least one.
#[must_use]
pub fn whole_seconds(wait: Duration) -> String {
    wait.as_millis().div_ceil(1000).max(1).to_string()
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = kind(&refusal);
        let mut problem = Self::new(status, code, refusal.to_string());
        problem.0.retry_after = refusal.retry_after();
        match refusal {
            Refusal::Invalid(errors) => {
                problem.0.detail = said(&errors);
                problem.0.errors = errors;
            }
            Refusal::Internal(detail) => {
                tracing::error!(%detail, "a request failed through a fault of ours");
                "hookpost failed to do this; its log says why".clone_into(&mut problem.0.detail);
            }
            Refusal::Unauthorized(_)
            | Refusal::Forbidden(_)
            | Refusal::NotFound(_)
            | Refusal::Conflict(_)
            | Refusal::Revoked
            | Refusal::PlanRequired
            | Refusal::MfaRequired(_)
            | Refusal::TooLarge(_)
            | Refusal::RateLimited { .. }
            | Refusal::Overloaded
            | Refusal::StorageLow
            | Refusal::Unavailable(_) => {}
        }
        problem
    }
}

/// The first faults in one line.
fn said(errors: &[FieldError]) -> String {
    let (first, more) = errors.split_at(errors.len().min(FAULTS_SAID));
    let mut said: Vec<String> = first
        .iter()
        .map(|error| format!("{} {}", error.field, error.message))
        .collect();
    if !more.is_empty() {
        said.push(format!("and {} more", more.len()));
    }
    said.join("; ")
}

impl From<askama::Error> for Problem {
    fn from(error: askama::Error) -> Self {
        Refusal::Internal(format!("a page could not be drawn: {error}")).into()
    }
}

fn kind(refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        Refusal::Unauthorized(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Refusal::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
        Refusal::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
        Refusal::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
        Refusal::Revoked => (StatusCode::CONFLICT, "revoked"),
        Refusal::PlanRequired => (StatusCode::FORBIDDEN, "plan_required"),
        Refusal::MfaRequired(_) => (StatusCode::FORBIDDEN, MFA_REQUIRED),
        Refusal::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        Refusal::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Refusal::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
        Refusal::StorageLow => (StatusCode::SERVICE_UNAVAILABLE, "storage_low"),
        Refusal::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Refusal::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.0.status, self.0.code, self.0.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.0.status);
        self.dress(&mut response);
        response.content_type(CONTENT_TYPE).json(self.body())
    }
}

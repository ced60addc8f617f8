//! What other systems' APIs have in common.
//!
//! Owns: a dialect as an audience, with its credential and its form of a refusal. Refuses: the shapes
//! of any one of them.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::domain::api_key::Scope;
use crate::service::{FieldError, Refusal};
use crate::web::audience::{Admission, Audience, lost};
use crate::web::auth::WORKSPACE_HEADER;
use crate::web::cross_origin::CrossOrigin;
use crate::web::endpoint::{Access, Endpoint};
use crate::web::problem::Wording;
use crate::web::programs::Presented;
use crate::web::{Problem, programs};

/// What makes a dialect.
pub struct Dialect {
    /// The path below which it is served, such as `/armalo`.
    pub base: &'static str,
    /// How a client shows who it is.
    pub credential: Credential,
    /// Native names of fields and theirs, so that a refusal names what the client wrote.
    pub fields: &'static [(&'static str, &'static str)],
    /// The status of a refusal.
    pub status: fn(&Problem) -> StatusCode,
    /// The body of a refusal.
    pub refusal: fn(&DialectRefusal) -> Value,
    /// How it takes paths that are not as its endpoints write them.
    pub odd_paths: OddPaths,
    /// What it answers to; each path begins with the base.
    pub endpoints: &'static [Endpoint],
}

/// The header that carries a credential.
#[derive(Clone, Copy, Debug)]
pub struct Credential {
    /// The header's name.
    pub header: &'static str,
    /// What stands in it.
    pub form: CredentialForm,
    /// What a client is told that sends none.
    pub missing: &'static str,
}

/// How a credential stands in its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialForm {
    /// Behind the word `Bearer`.
    Bearer,
    /// Alone.
    Plain,
}

/// How a dialect takes paths that are not as its endpoints write them.
#[derive(Clone, Copy, Debug)]
pub struct OddPaths {
    /// What a slash at the end means.
    pub slash: TrailingSlash,
    /// What a path comes to that leads to nothing, with the methods that it does have.
    pub astray: fn(&str, Option<&str>) -> Problem,
}

/// What a slash at the end of a path means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrailingSlash {
    /// Another path, which leads nowhere.
    Another,
    /// The same path.
    Same,
}

/// Paths are what the documents say, and nothing else.
pub const AS_WRITTEN: OddPaths = OddPaths {
    slash: TrailingSlash::Another,
    astray: lost,
};

/// `Authorization: Bearer`, as the native API has it.
pub const BEARER: Credential = Credential {
    header: "authorization",
    form: CredentialForm::Bearer,
    missing: "credentials are needed: send Authorization: Bearer <API key>",
};

/// Who may read webhooks: the documents know one kind of key, so whoever may write may read.
pub const WEBHOOKS_READ: Access = Access::Either(Scope::WebhooksRead, Scope::WebhooksWrite);
/// Who may register, change, test and end webhooks.
pub const WEBHOOKS_WRITE: Access = Access::Scope(Scope::WebhooksWrite);
/// Who may read deliveries; as with webhooks.
pub const DELIVERIES_READ: Access = Access::Either(Scope::DeliveriesRead, Scope::DeliveriesWrite);
/// Who may retry deliveries.
pub const DELIVERIES_WRITE: Access = Access::Scope(Scope::DeliveriesWrite);

/// A refusal in the words of a dialect.
#[derive(Clone, Debug)]
pub struct DialectRefusal {
    /// What is wrong.
    pub message: String,
    /// The kind of problem for machines; the native API's word.
    pub code: &'static str,
    /// The fields at fault, by their names in this dialect.
    pub errors: Vec<FieldError>,
}

impl Audience for Dialect {
    fn base(&self) -> &'static str {
        self.base
    }

    fn endpoints(&self) -> Vec<&'static Endpoint> {
        self.endpoints.iter().collect()
    }

    fn paths(&self, path: &'static str) -> Vec<String> {
        match self.odd_paths.slash {
            TrailingSlash::Another => vec![path.to_owned()],
            TrailingSlash::Same => vec![path.to_owned(), format!("{path}/")],
        }
    }

    fn astray(&self, path: &str, answers: Option<&str>) -> Problem {
        (self.odd_paths.astray)(path, answers)
    }

    fn cross_origin(&self) -> CrossOrigin {
        CrossOrigin::ForConsumers
    }

    fn admit<'a>(
        &'static self,
        endpoint: &'static Endpoint,
        request: &'a HttpRequest,
    ) -> Admission<'a> {
        Box::pin(async move {
            if endpoint.access == Access::Public {
                return Ok(None);
            }
            let authorization = self.authorization(request.headers())?;
            let presented = Presented {
                authorization: Some(&authorization),
                workspace: programs::header(request, WORKSPACE_HEADER),
            };
            programs::admit(endpoint, request, presented).await
        })
    }

    fn show_problem(
        &self,
        problem: &Problem,
        _: Option<&'static Endpoint>,
        _: &HttpRequest,
    ) -> HttpResponse {
        let (status, body) = self.told(problem);
        let mut response = HttpResponse::build(status);
        problem.dress(&mut response);
        response
            .content_type("application/json")
            .body(body.to_string())
    }
}

impl Dialect {
    /// What a client presents, in the form of an `Authorization` header.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] says which header is missing.
    pub fn authorization<'a>(&self, headers: &'a HeaderMap) -> Result<Cow<'a, str>, Refusal> {
        let given = headers.get(self.credential.header);
        let given = given.and_then(|value| value.to_str().ok());
        let given = given.ok_or(Refusal::Unauthorized(self.credential.missing))?;
        Ok(match self.credential.form {
            CredentialForm::Bearer => Cow::Borrowed(given),
            CredentialForm::Plain => Cow::Owned(format!("Bearer {}", given.trim())),
        })
    }

    /// A problem in the dialect's form.
    #[must_use]
    pub fn told(&self, problem: &Problem) -> (StatusCode, Value) {
        let errors: Vec<FieldError> = problem
            .errors()
            .iter()
            .map(|error| FieldError {
                field: match problem.wording() {
                    Wording::Native => self.renamed(&error.field),
                    Wording::Callers => error.field.clone(),
                },
                message: error.message.clone(),
            })
            .collect();
        let said: Vec<String> = errors
            .iter()
            .map(|error| format!("{} {}", error.field, error.message))
            .collect();
        let message = match said.as_slice() {
            [] => problem.detail().to_owned(),
            said => said.join("; "),
        };
        let told = DialectRefusal {
            message,
            code: problem.code(),
            errors,
        };
        ((self.status)(problem), (self.refusal)(&told))
    }

    /// A path such as `event_types[2]` with its first name translated.
    fn renamed(&self, field: &str) -> String {
        let end = field.find(['.', '[']).unwrap_or(field.len());
        let (name, rest) = field.split_at(end);
        let theirs = self.fields.iter().find(|(native, _)| *native == name);
        theirs.map_or_else(|| field.to_owned(), |(_, theirs)| format!("{theirs}{rest}"))
    }
}

/// The form of a refusal that the documents leave open: the message, the kind, and the fields at
/// fault where there are any.
#[must_use]
pub fn plain(told: &DialectRefusal) -> Value {
    let mut body = json!({ "error": told.message, "code": told.code });
    if !told.errors.is_empty() {
        let errors = told.errors.iter();
        let errors = errors.map(|error| json!({ "field": error.field, "message": error.message }));
        body["errors"] = errors.collect();
    }
    body
}

//! A page with one form and nothing around it: for who is not inside yet, or must show a code first.
//!
//! Owns: how such a page looks, and how it comes back when it was refused. Refuses: what is asked for
//! ([`super::setup`], [`super::login`]).

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;

use super::Shown;
use super::page::dress;
use crate::service::Refusal;
use crate::ui::assets::{Addresses, addresses};
use crate::ui::form::{CSRF_FIELD, Form, FormDraft, FormSpec, FormView};
use crate::ui::preferences::Theme;
use crate::web::problem::whole_seconds;

/// What is around the fields.
#[derive(Debug)]
pub(super) struct BareWords {
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    /// Where the form is posted to.
    pub(super) action: &'static str,
    pub(super) button: &'static str,
}

/// The page.
#[derive(Template)]
#[template(path = "bare_form.html")]
pub(super) struct BareFormView {
    assets: &'static Addresses,
    theme: Theme,
    words: &'static BareWords,
    form: FormView,
    /// The token of the session's forms, once there is a session.
    csrf: Option<String>,
    /// What no field is at fault for.
    faults: Vec<String>,
    /// Whether there is no account at all, which the page then says how to make.
    unclaimed: bool,
}

impl BareFormView {
    pub(super) fn new(request: &HttpRequest, words: &'static BareWords, form: FormView) -> Self {
        Self {
            assets: addresses(),
            theme: Theme::of(request),
            words,
            form,
            csrf: None,
            faults: Vec::new(),
            unclaimed: false,
        }
    }

    /// For who has a session.
    pub(super) fn token(self, csrf: String) -> Self {
        Self {
            csrf: Some(csrf),
            ..self
        }
    }

    /// For who finds no account here at all.
    pub(super) fn unclaimed(self) -> Self {
        Self {
            unclaimed: true,
            ..self
        }
    }

    pub(super) fn show(&self, mut response: HttpResponseBuilder) -> Shown {
        let body = self.render()?;
        dress(&mut response);
        Ok(response.body(body))
    }
}

/// The page again, with what was wrong, in the status that fits.
pub(super) fn again<M, I>(
    request: &HttpRequest,
    words: &'static BareWords,
    spec: &FormSpec<M, I>,
    typed: Form,
    refusal: Refusal,
) -> Shown {
    let response = status(&refusal)?;
    let csrf = typed.text(CSRF_FIELD);
    let (draft, faults) = match refusal {
        Refusal::Invalid(errors) => (FormDraft::wrong(typed, errors), Vec::new()),
        Refusal::RateLimited { retry_after } => {
            let seconds = retry_after.as_secs() + 1;
            let fault = format!("Too many tries: wait {seconds} s, then try again.");
            (typed.into(), vec![fault])
        }
        other => (typed.into(), vec![other.to_string()]),
    };
    BareFormView {
        csrf,
        faults,
        ..BareFormView::new(request, words, spec.draw(&draft))
    }
    .show(response)
}

/// The status of a page that comes back; what nobody at the form can mend is a page of its own.
fn status(refusal: &Refusal) -> Result<HttpResponseBuilder, Refusal> {
    match refusal {
        Refusal::Unauthorized(_) => Ok(HttpResponse::Unauthorized()),
        Refusal::RateLimited { retry_after } => {
            let mut response = HttpResponse::TooManyRequests();
            response.insert_header((header::RETRY_AFTER, whole_seconds(*retry_after)));
            Ok(response)
        }
        Refusal::Invalid(_)
        | Refusal::Conflict(_)
        | Refusal::MfaRequired(_)
        | Refusal::Forbidden(_) => Ok(HttpResponse::UnprocessableEntity()),
        Refusal::NotFound(_)
        | Refusal::Revoked
        | Refusal::PlanRequired
        | Refusal::TooLarge(_)
        | Refusal::Overloaded
        | Refusal::StorageLow
        | Refusal::Unavailable(_)
        | Refusal::Internal(_) => Err(refusal.clone()),
    }
}

/// What the address says of `wanted`: it only fills the form in, so nothing in it is refused.
pub(super) fn asked(request: &HttpRequest, wanted: &str) -> String {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(name, _)| name == wanted)
        .map_or(String::new(), |(_, value)| value.into_owned())
}

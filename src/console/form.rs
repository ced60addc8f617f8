//! Forms of the dashboard, between the browser and the service.
//!
//! Owns: the bound on their bytes, that they carry the token of the visitor's session where there is
//! one, and whether a refusal is for the form to show. Refuses: understanding fields (`ui::form`).

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use askama::Template;

use super::page::{PageContext, show, show_faults};
use super::visitor::Csrf;
use super::{Shown, Visitor};
use crate::ui::form::{FORM_BYTES_MAX, Form, FormView};
use crate::web::extract::read_body;
use crate::web::limits::STRANGERS_BODY_BYTES_MAX;
use crate::web::same_origin::check_origin;
use crate::web::{Problem, state};

impl FromRequest for Form {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            // Whoever is still on the way in has nothing to say but a code.
            let bytes_max = match request.extensions().get::<Visitor>() {
                Some(_) => FORM_BYTES_MAX,
                None => STRANGERS_BODY_BYTES_MAX,
            };
            let state = state::of(&request);
            let body = read_body(request.headers(), payload, state, bytes_max).await?;
            let form = Self::parse(&body);
            let Csrf(expected) = Csrf::extract(&request).await?;
            form.check_token(&expected)?;
            Ok(form)
        })
    }
}

/// A form that nobody has to be signed in for.
pub struct OpenForm(pub(super) Form);

impl FromRequest for OpenForm {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            check_origin(&request)?;
            state::proxy(&request).check_sign_in(&request)?;
            let state = state::of(&request);
            let body =
                read_body(request.headers(), payload, state, STRANGERS_BODY_BYTES_MAX).await?;
            Ok(Self(Form::parse(&body)))
        })
    }
}

/// Draws a page around a form.
pub fn show_form(page: &PageContext, form: &FormView, view: &impl Template) -> Shown {
    if form.has_errors() {
        show_faults(page, view)
    } else {
        show(page, view)
    }
}

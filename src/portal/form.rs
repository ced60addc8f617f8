//! Forms of the portal, between the browser and the service.
//!
//! Owns: the bound on their bytes, and that they carry the token of the visitor's session. Refuses:
//! understanding fields (`ui::form`).

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::guest::Guest;
use crate::ui::form::Form;
use crate::web::extract::read_body;
use crate::web::{Problem, state};

/// The most bytes of a form: the data of a test at its limit, percent-encoded, fits.
const PORTAL_FORM_BYTES_MAX: usize = 1024 * 1024;

/// What a customer sent.
pub struct GuestForm(pub(super) Form);

impl FromRequest for GuestForm {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let guest = Guest::extract(&request).await?;
            let state = state::of(&request);
            let body = read_body(request.headers(), payload, state, PORTAL_FORM_BYTES_MAX).await?;
            let form = Form::parse(&body);
            form.check_token(&guest.csrf)?;
            Ok(Self(form))
        })
    }
}

//! Reading what a form of the dashboard posts.
//!
//! Owns: the bound on its bytes, and that it carries the token of the visitor's session. Refuses:
//! understanding fields (`ui::form`, and each page its own).

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::Visitor;
use super::visitor::Csrf;
use crate::ui::form::{FORM_BYTES_MAX, Form};
use crate::web::extract::read_body;
use crate::web::limits::STRANGERS_BODY_BYTES_MAX;
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

//! Reading what a form of the dashboard posts.
//!
//! Owns: the bound on its bytes, and that it carries the token of the visitor's session. Refuses:
//! understanding fields (`ui::form`, and each page its own).

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::Visitor;
use crate::service::Refusal;
use crate::ui::form::{FORM_BYTES_MAX, Form};
use crate::web::extract::read_body;
use crate::web::{Problem, State};

impl FromRequest for Form {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let state = request.app_data::<State>();
            let state = state.expect("every app is built with the state");
            let body = read_body(request.headers(), payload, state, FORM_BYTES_MAX).await?;
            let form = Self::parse(&body);
            let expected = request
                .extensions()
                .get::<Visitor>()
                .map(|v| v.csrf.clone());
            let expected = expected.ok_or_else(|| {
                Refusal::Internal(format!("{} takes a form without a gate", request.path()))
            })?;
            form.check_token(&expected)?;
            Ok(form)
        })
    }
}

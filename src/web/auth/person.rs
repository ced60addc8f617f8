//! People's sessions as credentials of the API.
//!
//! Owns: who may do what only a session may, and how far a session must have come for all else.
//! Refuses: browsers' cookies; a token made for one channel opens nothing on the other.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::bearer::{self, Bearer};
use crate::domain::session::Channel;
use crate::service::people::{Person, Stage};
use crate::service::{Refusal, Service};
use crate::web::problem::Problem;

/// The person whose session `authorization` is, however far they have come on the way in.
///
/// # Errors
/// [`Refusal::Unauthorized`]; [`Refusal::Forbidden`] for keys of programs.
pub async fn signed_in(service: &Service, authorization: Option<&str>) -> Result<Person, Refusal> {
    match bearer::parse(authorization)? {
        Bearer::Session(token) => service.person(&token, Channel::Token).await,
        Bearer::Key(_) | Bearer::Portal(_) => Err(Refusal::Forbidden(
            "this is for people who signed in with POST /api/v1/sessions, not for API keys"
                .to_owned(),
        )),
    }
}

/// A password alone opens nothing where a second factor is asked for.
pub(super) fn check_inside(person: &Person) -> Result<(), Refusal> {
    match person.stage {
        Stage::Inside => Ok(()),
        Stage::SecondFactor => Err(Refusal::MfaRequired(
            "show your second factor first: POST /api/v1/sessions/mfa",
        )),
        Stage::Enrolment => Err(Refusal::MfaRequired(
            "everybody here needs a second factor: enrol one in the dashboard first",
        )),
    }
}

impl FromRequest for Person {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let person = request.extensions().get::<Self>().cloned();
        std::future::ready(person.ok_or_else(|| {
            Refusal::Internal(format!("{} has no gate for people", request.path())).into()
        }))
    }
}

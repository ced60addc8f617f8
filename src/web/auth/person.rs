//! People's sessions as credentials of the API.
//!
//! Owns: the gate of what only a session may do, and how far a session must have come for all else.
//! Refuses: browsers' cookies; a token made for one channel opens nothing on the other.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};

use super::bearer::{self, Bearer};
use crate::domain::session::Channel;
use crate::service::Refusal;
use crate::service::people::{Person, Stage};
use crate::web::answer::guarded;
use crate::web::{Problem, State};

/// Lets a person's session through, however far the person has come on the way in.
pub(super) async fn gate<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> ServiceResponse<EitherBody<B>> {
    match authenticate(&request).await {
        Ok(person) => {
            request.extensions_mut().insert(person);
            guarded(request, next).await
        }
        Err(refusal) => {
            let response = HttpResponse::from_error(Problem::from(refusal));
            let (raw, _) = request.into_parts();
            ServiceResponse::new(raw, response).map_into_right_body()
        }
    }
}

async fn authenticate(request: &ServiceRequest) -> Result<Person, Refusal> {
    let state = request
        .app_data::<State>()
        .expect("every app is built with the state");
    let header = request.headers().get("authorization");
    match bearer::parse(header.and_then(|value| value.to_str().ok()))? {
        Bearer::Session(token) => state.service.person(&token, Channel::Token).await,
        Bearer::Key(_) => Err(Refusal::Forbidden(
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

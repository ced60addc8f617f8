//! `/portal/open`: a link's token becomes a session; and leaving.
//!
//! Owns: the exchange. Refuses: judging the token (`service::portal`).
//!
//! # Why a redirect, and the token in the query
//! The answer that sets the cookie is a redirect, so no page ever stands under the address with the
//! token: browsers show and remember the place that it leads to, and with `no-referrer` nothing is told
//! where it came from. hookpost logs paths, and no query.

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::to;
use actix_web::{HttpRequest, HttpResponse};

use super::access::{GUEST, PUBLIC};
use super::error_page;
use super::form::GuestForm;
use super::guest::Guest;
use super::page::Shown;
use super::session::{forget, keep};
use crate::domain::portal::PortalToken;
use crate::service::Refusal;
use crate::web::State;
use crate::web::answer::go;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/portal/open", PUBLIC, || to(open)),
    Endpoint::get("/portal/ended", PUBLIC, || to(ended)),
    Endpoint::post("/portal/leave", GUEST, || to(leave)),
];

const HOME: &str = "/portal";
const ENDED: &str = "/portal/ended";

/// `GET /portal/open`: in, and on to the overview.
///
/// # Errors
/// What is no fault of the link.
pub async fn open(state: State, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let token = query.text("token").unwrap_or_default();
    let opened = match PortalToken::parse(token.trim()) {
        Some(token) => state.service.open_portal(&token).await,
        None => Err(Refusal::Unauthorized("there is no such link")),
    };
    let mut response = match opened {
        Ok((token, lasts)) => {
            let mut response = go(HOME);
            keep(&request, &mut response, &token, lasts);
            response
        }
        Err(Refusal::Unauthorized(_)) => go(ENDED),
        Err(other) => return Err(other.into()),
    };
    let quiet = HeaderValue::from_static("no-referrer");
    response
        .headers_mut()
        .insert(header::REFERRER_POLICY, quiet);
    Ok(response)
}

/// `GET /portal/ended`: what stands where a session was.
pub async fn ended(request: HttpRequest) -> HttpResponse {
    error_page::ended(&request)
}

/// `POST /portal/leave`: out, in this browser.
pub async fn leave(request: HttpRequest, _: Guest, _: GuestForm) -> Shown {
    let mut response = go(ENDED);
    forget(&request, &mut response);
    Ok(response)
}

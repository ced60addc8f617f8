//! The session in the browser's keeping.
//!
//! Owns: its cookie, given, renewed and taken back. Refuses: judging it (`web::auth`) and whose it is
//! ([`super::visitor`]).

use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse};

use super::page::go;
use super::visitor::cookie_name;
use crate::domain::token::SessionToken;
use crate::web::state::proxy;

/// Gives the browser its session and leads on.
pub(super) fn enter(request: &HttpRequest, token: &SessionToken, path: &str) -> HttpResponse {
    with_session(request, go(path), token)
}

/// The response with the session's new token.
pub(super) fn with_session(
    request: &HttpRequest,
    mut response: HttpResponse,
    token: &SessionToken,
) -> HttpResponse {
    response
        .add_cookie(&cookie(request, token.expose()))
        .expect("a token is plain ASCII");
    response
}

/// Takes the session from the browser and leads on.
pub(super) fn leave(request: &HttpRequest, path: &str) -> HttpResponse {
    let mut response = go(path);
    let mut gone = cookie(request, "");
    gone.make_removal();
    response
        .add_cookie(&gone)
        .expect("an empty cookie is plain ASCII");
    response
}

/// The cookie, under the name that fits how the browser reaches us.
fn cookie<'a>(request: &HttpRequest, value: &'a str) -> Cookie<'a> {
    let secure = proxy(request).is_encrypted(request);
    Cookie::build(cookie_name(request), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .finish()
}

/// What the browser calls itself.
pub(super) fn user_agent(request: &HttpRequest) -> String {
    let header = request.headers().get("user-agent");
    header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

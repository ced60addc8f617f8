//! The visitor's session in the browser's keeping.
//!
//! Owns: its cookie, in a page of its own and in a frame. Refuses: judging it (`service::portal`).
//!
//! # Why a frame has a cookie of its own
//! In another site's page a browser keeps cookies apart for each such site, and only those that say
//! `SameSite=None; Secure; Partitioned`. A page of its own has the stricter `Lax`. Under two names neither
//! ever stands in for the other.
//!
//! # How a part knows whose page it is of
//! Of what a page loads or asks for again, the browser does not say where the page is, and to a frame of
//! the same site it sends both cookies. So the page says it: addresses of parts with `in=frame`, the
//! script with a header. Otherwise the picture, the colour or the next minute of one customer's frame
//! could be those of another's page.

use std::time::Duration;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

use crate::domain::portal::PortalSessionToken;
use crate::web::state::proxy;

/// Where the portal is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortalPlace {
    /// In a page of its own.
    Page,
    /// In a frame of another page.
    Frame,
}

impl PortalPlace {
    /// What the browser says; it says nothing over plain HTTP from another machine.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        let said = request.headers().get("sec-fetch-dest");
        match said.map(HeaderValue::as_bytes) {
            Some(b"iframe" | b"frame" | b"embed" | b"object" | b"fencedframe") => Self::Frame,
            _ => Self::Page,
        }
    }
}

/// The name of a place's cookie, on the way that `request` came.
fn name(request: &HttpRequest, place: PortalPlace) -> &'static str {
    match (place, proxy(request).is_encrypted(request)) {
        (PortalPlace::Page, true) => "__Host-hookpost-portal",
        (PortalPlace::Page, false) => "hookpost-portal",
        (PortalPlace::Frame, true) => "__Host-hookpost-frame",
        (PortalPlace::Frame, false) => "hookpost-frame",
    }
}

/// What the address of a part says that belongs to a page in a frame.
pub const IN_FRAME: &str = "in=frame";

/// Whether a page in a frame loads this part of itself, or asks for itself again.
fn is_framed_part(request: &HttpRequest) -> bool {
    let live = request.headers().get("hookpost-live");
    let asked_again = live.is_some_and(|place| place == "frame");
    asked_again
        || request
            .query_string()
            .split('&')
            .any(|pair| pair == IN_FRAME)
}

/// The session that a browser's cookie names: in a frame the frame's, in a page the page's.
#[must_use]
pub fn token(request: &HttpRequest) -> Option<PortalSessionToken> {
    let said = request.headers().get("sec-fetch-dest");
    let places: &[PortalPlace] = match (PortalPlace::of(request), said.map(HeaderValue::as_bytes)) {
        (PortalPlace::Frame, _) => &[PortalPlace::Frame, PortalPlace::Page],
        (PortalPlace::Page, Some(b"document")) => &[PortalPlace::Page],
        (PortalPlace::Page, _) if is_framed_part(request) => {
            &[PortalPlace::Frame, PortalPlace::Page]
        }
        (PortalPlace::Page, _) => &[PortalPlace::Page, PortalPlace::Frame],
    };
    places.iter().find_map(|place| {
        let cookie = request.cookie(name(request, *place))?;
        PortalSessionToken::parse(cookie.value())
    })
}

/// Gives the browser its session.
pub(super) fn keep(
    request: &HttpRequest,
    response: &mut HttpResponse,
    token: &PortalSessionToken,
    lasts: Duration,
) {
    set(request, response, token.expose(), lasts);
}

/// Takes the session from the browser.
pub(super) fn forget(request: &HttpRequest, response: &mut HttpResponse) {
    set(request, response, "", Duration::ZERO);
}

fn set(request: &HttpRequest, response: &mut HttpResponse, value: &str, lasts: Duration) {
    let place = PortalPlace::of(request);
    let name = name(request, place);
    add(
        request,
        response,
        &format!("{name}={value}; Max-Age={}", lasts.as_secs()),
    );
}

/// Adds a cookie with what its place asks for.
pub(super) fn add(request: &HttpRequest, response: &mut HttpResponse, pair: &str) {
    let place = match (
        PortalPlace::of(request),
        proxy(request).is_encrypted(request),
    ) {
        (PortalPlace::Frame, _) => "; Secure; SameSite=None; Partitioned",
        (PortalPlace::Page, true) => "; Secure; SameSite=Lax",
        (PortalPlace::Page, false) => "; SameSite=Lax",
    };
    let cookie = HeaderValue::from_str(&format!("{pair}; Path=/; HttpOnly{place}"));
    let cookie = cookie.expect("tokens and percent-encoded texts are plain ASCII");
    response.headers_mut().append(header::SET_COOKIE, cookie);
}

//! Pages for what goes wrong in front of a customer.
//!
//! Owns: the words, which say nothing of hookpost's inside. Refuses: choosing the status
//! (`web::problem`).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;

use super::guest::language_of;
use super::page::{dress, dress_for};
use super::session::PortalPlace;
use crate::ui::assets::{Addresses, addresses};
use crate::ui::speech::{Language, filters};
use crate::web::Problem;

#[derive(Template)]
#[template(path = "portal/error_page.html")]
struct PortalErrorView<'a> {
    assets: &'static Addresses,
    language: Language,
    title: &'static str,
    detail: &'a str,
    /// Whether there is a session to go back into.
    is_inside: bool,
}

/// The page for a problem.
#[must_use]
pub fn page(problem: &Problem, request: &HttpRequest) -> HttpResponse {
    let status = problem.status();
    if status == StatusCode::UNAUTHORIZED {
        return ended(request);
    }
    let detail = match status.as_u16() {
        403 | 409 | 413 | 422 => problem.detail(),
        404 | 405 => "Nothing of yours is at this address.",
        429 => "That was a little often. Wait a moment, then try again.",
        _ => "This can't be shown right now. Try again in a moment.",
    };
    let title = match status.as_u16() {
        403 => "This is not open to you",
        404 | 405 => "There is nothing here",
        429 => "Slow down a little",
        500..=599 => "Something went wrong here",
        _ => "That did not work",
    };
    let mut response = HttpResponse::build(status);
    problem.dress(&mut response);
    let view = PortalErrorView {
        assets: addresses(),
        language: language_of(request),
        title,
        detail,
        is_inside: true,
    };
    dress(request, &mut response);
    draw(response, &view)
}

/// The page of a session that has ended, or never was. It shows nothing of anybody and has nothing to
/// press, so in a frame it may stand, whosever that is: without a session nobody knows.
#[must_use]
pub fn ended(request: &HttpRequest) -> HttpResponse {
    let view = PortalErrorView {
        assets: addresses(),
        language: language_of(request),
        title: "This session has ended",
        detail: "Go back to where you opened this page, and open it from there again.",
        is_inside: false,
    };
    let mut response = HttpResponse::Unauthorized();
    match PortalPlace::of(request) {
        PortalPlace::Frame => dress_for("*", &mut response),
        PortalPlace::Page => dress(request, &mut response),
    }
    draw(response, &view)
}

fn draw(mut response: HttpResponseBuilder, view: &PortalErrorView<'_>) -> HttpResponse {
    let body = view.render_with_values(&view.language);
    response.body(body.unwrap_or_else(|_| "This page can't be shown right now.".to_owned()))
}

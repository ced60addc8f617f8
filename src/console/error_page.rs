//! Pages for what goes wrong.
//!
//! Owns: the page of each status, in words that say what to do, and who gets a page instead of
//! JSON. Refuses: choosing the status (`web::problem`).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use askama::Template;

use super::page::dress;
use crate::ui::assets::{Addresses, addresses};
use crate::ui::preferences::Theme;
use crate::web::Problem;

#[derive(Template)]
#[template(path = "error_page.html")]
pub(super) struct ErrorPageView<'a> {
    pub(super) assets: &'static Addresses,
    pub(super) theme: Theme,
    pub(super) status: u16,
    pub(super) title: &'static str,
    pub(super) detail: &'a str,
}

/// Whether whoever asks reads pages.
#[must_use]
pub fn reads_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT);
    accepted.is_some_and(|value| value.to_str().is_ok_and(|text| text.contains("text/html")))
}

/// The page for a problem.
#[must_use]
pub fn page(problem: &Problem, theme: Theme) -> HttpResponse {
    let status = problem.status();
    let view = ErrorPageView {
        assets: addresses(),
        theme,
        status: status.as_u16(),
        title: title(status),
        detail: problem.detail(),
    };
    let mut response = HttpResponse::build(status);
    problem.dress(&mut response);
    dress(&mut response);
    let body = view.render();
    response.body(body.unwrap_or_else(|_| "hookpost failed to draw this page".to_owned()))
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        403 => "You may not do this",
        404 => "There is nothing here",
        405 => "This address does not work that way",
        409 => "That does not go together",
        413 => "That is too large",
        422 => "Something in this request is not right",
        429 => "Slow down a little",
        503 => "hookpost can't do this right now",
        500..=599 => "hookpost failed",
        _ => "That did not work",
    }
}

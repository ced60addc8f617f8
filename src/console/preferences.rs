//! `POST /preferences`: light or dark, shortcuts or none.
//!
//! Owns: setting the two cookies. Refuses: what they mean (`ui::preferences`).

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::web::to;

use super::Shown;
use super::access::VIEWER;
use super::page::go;
use crate::ui::form::Form;
use crate::ui::preferences::{SHORTCUTS, Shortcuts, THEME, Theme};
use crate::web::endpoint::Endpoint;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::post("/preferences", VIEWER, || to(save))];

const LASTS: Duration = Duration::days(365);

/// `POST /preferences`.
///
/// # Errors
/// 403 for a form of another session.
pub async fn save(form: Form) -> Shown {
    let mut response = go(&form.back("/"));
    let mut keep = |name: &'static str, value: &'static str| {
        let cookie = Cookie::build(name, value)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(LASTS)
            .finish();
        response.add_cookie(&cookie)
    };
    if form.ticked("theme") {
        let kept = keep(THEME, Theme::parse(form.typed("theme")).as_str());
        kept.expect("the cookie's characters are plain");
    }
    if form.ticked("shortcuts") {
        let word = if form.typed("shortcuts") == "off" {
            Shortcuts::Off
        } else {
            Shortcuts::On
        };
        let kept = keep(SHORTCUTS, word.as_str());
        kept.expect("the cookie's characters are plain");
    }
    Ok(response)
}

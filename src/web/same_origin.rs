//! Forms that change something come from pages of ours.
//!
//! Owns: comparing where a browser says that a form comes from with where it was sent. Refuses: forms'
//! own tokens (`ui::form`); each is enough, and both are asked for.

use actix_web::HttpRequest;
use actix_web::http::header;

use super::problem::Problem;
use crate::service::Refusal;

/// A form that changes something must come from a page of ours. Browsers say where it comes from.
///
/// # Errors
/// A 403 for a form from another site.
pub fn check_origin(request: &HttpRequest) -> Result<(), Problem> {
    if request.method().is_safe() {
        return Ok(());
    }
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let site = header(header::HeaderName::from_static("sec-fetch-site"));
    let host = header(header::HOST).unwrap_or("");
    let same_origin = header(header::ORIGIN).is_none_or(|origin| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    });
    if same_origin && site.is_none_or(|site| site == "same-origin" || site == "none") {
        return Ok(());
    }
    let why = "this form was sent from another site; open the page here and send it again";
    Err(Refusal::Forbidden(why.to_owned()).into())
}

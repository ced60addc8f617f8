//! `/static/{file}`: the static files of pages.
//!
//! Owns: answering with them, compressed where the browser takes that. Refuses: knowing which there
//! are (`ui::assets`).

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::to;
use actix_web::{HttpRequest, HttpResponse};

use super::access::PUBLIC;
use crate::ui::assets::asset;
use crate::web::answer::packed;
use crate::web::endpoint::Endpoint;
use crate::web::extract::path_text;
use crate::web::{Answered, Problem};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/static/{file}", PUBLIC, || to(file))];

const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// `GET /static/{file}`.
///
/// # Errors
/// 404 for names that this build does not have.
pub async fn file(request: HttpRequest) -> Answered {
    let name = path_text(&request, "file");
    let asset = asset(&name).ok_or_else(|| Problem::no_route(request.path()))?;
    let mut response = HttpResponse::Ok();
    response
        .content_type(asset.content_type.as_str())
        .insert_header((header::CACHE_CONTROL, FOR_GOOD));
    Ok(packed(&request, response, &asset.packed))
}

//! `/portal/looks.css` and `/portal/logo`: the platform's colour and picture.
//!
//! Owns: answering with them. Refuses: choosing colours (`domain::branding`).

use actix_web::http::header;
use actix_web::web::to;
use actix_web::{HttpRequest, HttpResponse};

use super::access::GUEST;
use super::guest::Guest;
use super::page::Shown;
use crate::domain::branding::Rgb;
use crate::service::Refusal;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/portal/looks.css", GUEST, || to(colour)),
    Endpoint::get("/portal/logo", GUEST, || to(logo)),
];

/// The address of either says what it looks like, so it may be kept for a while, by this browser only.
const KEPT: &str = "private, max-age=300";

/// `GET /portal/looks.css`.
///
/// # Errors
/// 404 where the platform has no colour of its own.
pub async fn colour(guest: Guest) -> Shown {
    let accent = guest.branding.accent.ok_or(Refusal::NotFound("colour"))?;
    let palette = accent.palette();
    let [fill, on_fill, light, dark] = [
        palette.fill,
        palette.on_fill,
        palette.on_light,
        palette.on_dark,
    ]
    .map(Rgb::hex);
    let sheet = format!(
        ":root{{--accent:light-dark({light},{dark});--accent-fill:{fill};--on-accent:{on_fill};\
         --accent-tint:light-dark(#eeeff2,#22242a)}}"
    );
    Ok(HttpResponse::Ok()
        .content_type("text/css")
        .insert_header((header::CACHE_CONTROL, KEPT))
        .body(sheet))
}

/// `GET /portal/logo`.
///
/// # Errors
/// 404 where the platform has none.
pub async fn logo(state: State, guest: Guest, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    query.text("as");
    query.text("in");
    query.finish()?;
    let kind = guest.branding.logo.ok_or(Refusal::NotFound("logo"))?;
    let bytes = state.service.logo(guest.caller.workspace.seq()).await?;
    Ok(HttpResponse::Ok()
        .content_type(kind.as_str())
        .insert_header((header::CACHE_CONTROL, KEPT))
        .body(bytes))
}

//! `/wire-profiles`: how deliveries look, and those of well-known senders to take over.
//!
//! Owns: the two lists, and adding one of the gallery. Refuses: writing profiles of one's own; that is
//! for files and the API.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::OWNER;
use super::page::{PageContext, Section, back_to, show};
use super::{Form, Shown, Visitor};
use crate::domain::profile::Profile;
use crate::domain::profile::gallery::{gallery, in_gallery};
use crate::service::{Idempotency, Refusal};
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/wire-profiles", OWNER, || to(list)),
    Endpoint::post("/wire-profiles", OWNER, || to(add)),
];

/// A profile that webhooks may have.
#[derive(Clone, Debug)]
pub struct ProfileRow {
    /// Its name.
    pub name: String,
    /// One sentence about it.
    pub description: String,
    /// Where it comes from.
    pub origin: &'static str,
}

/// A profile of the gallery.
#[derive(Clone, Debug)]
pub struct GalleryRow {
    /// Its name.
    pub name: &'static str,
    /// One sentence about it.
    pub description: &'static str,
    /// The provider's own published library that accepts its deliveries.
    pub verified_by: &'static str,
    /// Whether one of its name is here.
    pub is_here: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "wire_profiles.html")]
pub struct WireProfilesView<'a> {
    /// The layout's context.
    pub page: &'a PageContext,
    /// Those that there are, by name.
    pub rows: Vec<ProfileRow>,
    /// Those that could be added, by name.
    pub gallery: Vec<GalleryRow>,
}

/// `GET /wire-profiles`.
///
/// # Errors
/// 422 for unknown parameters.
pub async fn list(state: State, visitor: Visitor, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let found = state.service.profiles().await?;
    let rows: Vec<ProfileRow> = found
        .iter()
        .map(|stored| {
            let parsed = Profile::parse(&stored.source).ok();
            let description = parsed.as_ref().map(Profile::description);
            ProfileRow {
                name: stored.name.clone(),
                description: description.unwrap_or_default().to_owned(),
                origin: stored.origin.as_str(),
            }
        })
        .collect();
    let offered = gallery().iter().map(|entry| GalleryRow {
        name: entry.profile.name(),
        description: entry.profile.description(),
        verified_by: entry.verifier,
        is_here: rows.iter().any(|row| row.name == entry.profile.name()),
    });
    let offered = offered.collect();
    let page = PageContext::of(
        &state,
        &request,
        visitor,
        Section::Settings,
        "Wire profiles",
    );
    let page = page.await?;
    let view = WireProfilesView {
        page: &page,
        rows,
        gallery: offered,
    };
    show(&page, &view)
}

/// `POST /wire-profiles`.
///
/// # Errors
/// 404 where the gallery has none of this name.
pub async fn add(state: State, visitor: Visitor, form: Form) -> Shown {
    let name = form.typed("name").to_owned();
    let entry = in_gallery(&name).ok_or(Refusal::NotFound("profile"))?;
    let document = entry.profile.to_json();
    let added = state
        .service
        .create_profile(&visitor.caller, document, Idempotency::unkeyed());
    back_to("/wire-profiles", added.await, |_| {
        format!("{name} was added: webhooks may have it as their wire profile now.")
    })
}

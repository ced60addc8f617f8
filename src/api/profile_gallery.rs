//! `/profile-gallery`: wire profiles that imitate well-known senders.
//!
//! Owns: their wire shape. Refuses: adding one; `POST /profiles` takes one over by its name.

use actix_web::HttpRequest;
use actix_web::web::to;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::access::ADMIN;
use crate::domain::profile::gallery::{GalleryProfile, gallery, in_gallery};
use crate::service::{Caller, Refusal};
use crate::web::endpoint::Endpoint;
use crate::web::extract::path_text;
use crate::web::{Answered, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/v1/profile-gallery", ADMIN, || to(list)).about(|operation| {
        operation
            .named(
                "list_profile_gallery",
                "Instance",
                "List wire profiles to take over",
            )
            .gives::<ProfileGalleryBody>(200, "Each imitates a well-known sender.")
    }),
    Endpoint::get("/api/v1/profile-gallery/{name}", ADMIN, || to(show)).about(|operation| {
        operation
            .named(
                "show_gallery_profile",
                "Instance",
                "Show a wire profile to take over",
            )
            .gives::<GalleryProfileBody>(
                200,
                "The profile; `POST /profiles` with `{\"gallery\": name}` adds it.",
            )
    }),
];

/// Wire profiles to take over.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileGalleryBody {
    /// They, by name.
    pub data: Vec<GalleryProfileBody>,
}

/// A wire profile to take over.
#[derive(Debug, Serialize, ToSchema)]
pub struct GalleryProfileBody {
    /// Its name.
    pub name: &'static str,
    /// One sentence about it.
    pub description: &'static str,
    /// The provider's own published library that accepts its deliveries.
    pub verified_by: &'static str,
    /// The whole profile.
    pub document: Value,
}

async fn list(_: Caller) -> Answered {
    let data = gallery().iter().map(body).collect();
    answer::ok(&ProfileGalleryBody { data })
}

/// `GET /profile-gallery/{name}`.
///
/// # Errors
/// 404 where the gallery has none of this name.
pub async fn show(_: Caller, request: HttpRequest) -> Answered {
    let name = path_text(&request, "name");
    let found = in_gallery(&name).ok_or(Refusal::NotFound("profile"))?;
    answer::ok(&body(found))
}

fn body(entry: &'static GalleryProfile) -> GalleryProfileBody {
    GalleryProfileBody {
        name: entry.profile.name(),
        description: entry.profile.description(),
        verified_by: entry.verifier,
        document: entry.profile.to_json(),
    }
}

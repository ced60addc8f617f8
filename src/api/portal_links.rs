//! `/consumers/{consumer}/portal-links`: what lets a customer into their portal.
//!
//! Owns: the wire shapes. Refuses: listing links; whoever lost one makes another.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::access::CONSUMERS_WRITE;
use super::words::{CapabilityWord, PortalThemeWord};
use crate::service::portal::{CreatedPortalLink, PortalLinkInput};
use crate::service::{Caller, StoredAnswer};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{OptionalJson, RequestBody, path_text};
use crate::web::state::proxy;
use crate::web::wire::{Time, given};
use crate::web::{Answered, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post(
        "/api/v1/consumers/{consumer}/portal-links",
        CONSUMERS_WRITE,
        || to(create),
    )
    .fresh()
    .about(|operation| {
        operation
            .named(
                "create_portal_link",
                "Consumers",
                "Make a link to a consumer's portal",
            )
            .may_take::<PortalLinkRequest>(
                json!({"expires_in": "1h", "can": ["view", "manage", "test"]}),
            )
            .gives::<PortalLinkBody>(201, "The link, and only here its token.")
            .keyed()
    }),
    Endpoint::delete(
        "/api/v1/consumers/{consumer}/portal-links",
        CONSUMERS_WRITE,
        || to(end),
    )
    .about(|operation| {
        operation
            .named(
                "end_portal_links",
                "Consumers",
                "End all portal links of a consumer",
            )
            .ends("No link of it, and nothing that was opened with one, opens anything any more.")
    }),
];

/// A link to make.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalLinkRequest {
    /// How long it lasts, from 5 minutes to 7 days; 1 h if absent.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub expires_in: Option<String>,
    /// What its holder may do; everything if absent.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<CapabilityWord>, nullable = false, required = false)]
    pub can: Option<Vec<String>>,
    /// How the pages look; `auto` if absent: as the reader's system is.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = PortalThemeWord, nullable = false, required = false)]
    pub theme: Option<String>,
    /// The language of the pages: `en`, `de`, `fr` or `es`, with any region. Where it is another or absent, the
    /// reader's browser says which.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub locale: Option<String>,
    /// Which event types with `feature_flags` the customer is shown: those with any of these, besides those
    /// without. At most 50.
    #[serde(default)]
    pub feature_flags: Vec<String>,
}

impl RequestBody for PortalLinkRequest {}

/// A link, shown only here.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalLinkBody {
    /// What the customer opens.
    pub url: String,
    /// What calls the API in the consumer's name: `Authorization: Bearer` and this.
    pub token: String,
    /// When both end.
    pub expires_at: Time,
}

async fn create(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<PortalLinkRequest>,
) -> Answered {
    let said = body.0.value;
    let input = PortalLinkInput {
        expires_in: said.expires_in,
        can: said.can,
        theme: said.theme,
        locale: said.locale,
        feature_flags: said.feature_flags,
    };
    let (named, base) = (named(&request), proxy(&request).portal_base(&request));
    answer::idempotent(body.0.keyed, created, |key| {
        state
            .service
            .create_portal_link(&caller, &named, input, &base, key)
    })
    .await
}

async fn end(state: State, caller: Caller, request: HttpRequest) -> Answered {
    state
        .service
        .end_portal_links(&caller, &named(&request))
        .await?;
    answer::no_content()
}

fn named(request: &HttpRequest) -> String {
    path_text(request, "consumer")
}

fn created(made: &CreatedPortalLink) -> StoredAnswer {
    let body = PortalLinkBody {
        url: made.url.expose().to_owned(),
        token: made.token.expose().to_owned(),
        expires_at: made.expires_at.into(),
    };
    answer::recorded(StatusCode::CREATED, &body)
}

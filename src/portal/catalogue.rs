//! `/portal/event-types`: what there is to subscribe to.
//!
//! Owns: the list, and a type with its schema and example. Refuses: changing the catalogue, and what is
//! out of use.

use actix_web::HttpRequest;
use actix_web::web::to;
use askama::Template;

use super::access::{GUEST, VIEW};
use super::guest::Guest;
use super::page::{PortalPage, Room, Shown, show};
use crate::domain::catalogue::EventType;
use crate::domain::page::{Limit, List};
use crate::service::Refusal;
use crate::ui::exchange::{Bodies, body_block};
use crate::ui::parts::code::Block;
use crate::ui::parts::url_query::with_query;
use crate::ui::speech::filters;
use crate::web::State;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_text};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/portal/event-types", GUEST, || to(list)).needs(VIEW),
    Endpoint::get("/portal/event-types/{name}", GUEST, || to(detail)).needs(VIEW),
    Endpoint::get(
        "/portal/event-types/{name}/versions/{version}",
        GUEST,
        || to(version),
    )
    .needs(VIEW),
];

/// Event types of a page.
const ROWS: u32 = 30;
/// The most characters of a description in the list.
const DESCRIPTION_CHARS: usize = 80;
/// The most characters of a heading in the list.
const GROUP_CHARS: usize = 30;

/// An event type in the list.
struct CatalogueRow {
    name: String,
    about: String,
    group: String,
}

impl CatalogueRow {
    fn of(one: &EventType) -> Self {
        let about = one.settings.description.as_deref().unwrap_or_default();
        let group = one.settings.group.as_deref().unwrap_or_default();
        Self {
            name: one.name.to_string(),
            about: about.chars().take(DESCRIPTION_CHARS).collect(),
            group: group.chars().take(GROUP_CHARS).collect(),
        }
    }
}

/// The page.
#[derive(Template)]
#[template(path = "portal/catalogue.html")]
pub struct PortalCatalogue<'a> {
    page: &'a PortalPage,
    rows: Vec<CatalogueRow>,
    older: Option<String>,
    is_later: bool,
}

async fn list(state: State, guest: Guest, request: HttpRequest) -> Shown {
    let mut query = Query::of(&request);
    let cursor = query.cursor("cursor", List::EventTypes);
    query.finish()?;
    let limit = Limit::clamped(ROWS);
    let found = state.service.event_types(&guest.caller, cursor, limit);
    let found = found.await?;
    let in_use = found.items.iter().filter(|one| !one.settings.archived);
    let address = |cursor: &str| with_query("/portal/event-types", &[("cursor", cursor)]);
    let page = PortalPage::of(&request, guest, Room::Catalogue, "Event types");
    let view = PortalCatalogue {
        rows: in_use.map(CatalogueRow::of).collect(),
        older: found.next.map(|next| address(&next.to_string())),
        is_later: cursor.is_some(),
        page: &page,
    };
    show(&request, &page, &view)
}

/// One event type.
#[derive(Template)]
#[template(path = "portal/event_type.html")]
pub struct PortalEventType<'a> {
    page: &'a PortalPage,
    name: String,
    version: Option<String>,
    versions: Vec<OfferedVersion>,
    about: String,
    example: Option<Block>,
    schema: Option<Block>,
}

/// A version of an event type that a webhook may pin.
struct OfferedVersion {
    name: String,
    about: String,
}

/// `GET /portal/event-types/{name}/versions/{version}`.
///
/// # Errors
/// 404 where there is no such version in use.
pub async fn version(state: State, guest: Guest, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let [of, name] = ["name", "version"].map(|part| path_text(&request, part));
    let of_type = state.service.event_type(&guest.caller, &of).await?;
    let found = state.service.version(&guest.caller, &of, &name).await?;
    if of_type.settings.archived || found.settings.archived {
        return Err(Refusal::NotFound("version").into());
    }
    let title = format!("{of} {name}");
    let page = PortalPage::of(&request, guest, Room::Catalogue, title);
    let view = PortalEventType {
        about: found.settings.description.clone().unwrap_or_default(),
        example: block(&found.settings.example, "the example"),
        schema: block(&found.settings.schema, "the schema"),
        name: of,
        version: Some(name),
        versions: Vec::new(),
        page: &page,
    };
    show(&request, &page, &view)
}

fn block(text: &Option<String>, what: &'static str) -> Option<Block> {
    let text = text.as_ref()?;
    Some(body_block(text.as_bytes(), Bodies::Pretty, what).0)
}

/// The versions of an event type that are in use, newest first.
async fn offered(state: &State, guest: &Guest, of: &str) -> Result<Vec<OfferedVersion>, Refusal> {
    let found = state.service.newest_versions(&guest.caller, of).await?;
    let in_use = found.into_iter().filter(|one| !one.settings.archived);
    let offered = in_use.map(|one| OfferedVersion {
        name: one.name.to_string(),
        about: one
            .settings
            .description
            .unwrap_or_default()
            .chars()
            .take(DESCRIPTION_CHARS)
            .collect(),
    });
    Ok(offered.collect())
}

/// `GET /portal/event-types/{name}`.
///
/// # Errors
/// 404 where there is no such type in use.
pub async fn detail(state: State, guest: Guest, request: HttpRequest) -> Shown {
    Query::of(&request).finish()?;
    let name = path_text(&request, "name");
    let found = state.service.event_type(&guest.caller, &name).await;
    let found = found.map_err(|refusal| match refusal {
        Refusal::Invalid(_) => Refusal::NotFound("event type"),
        other => other,
    })?;
    if found.settings.archived {
        return Err(Refusal::NotFound("event type").into());
    }
    let versions = offered(&state, &guest, &name).await?;
    let page = PortalPage::of(&request, guest, Room::Catalogue, name.clone());
    let view = PortalEventType {
        about: found.settings.description.clone().unwrap_or_default(),
        example: block(&found.settings.example, "the example"),
        schema: block(&found.settings.schema, "the schema"),
        name,
        version: None,
        versions,
        page: &page,
    };
    show(&request, &page, &view)
}

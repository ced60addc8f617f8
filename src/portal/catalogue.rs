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
use crate::domain::catalogue::{EventType, EventTypeVersion};
use crate::domain::page::{Limit, List};
use crate::service::Refusal;
use crate::ui::exchange::{Bodies, body_block_within};
use crate::ui::parts::code::Block;
use crate::ui::parts::shortened;
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
/// What an example or a schema may take of the page, in bytes of HTML; and beside a list of versions.
const CODE_HTML_BYTES: usize = 20 * 1024;
const CODE_OF_NEWEST_HTML_BYTES: usize = 9 * 1024;
/// What a type's description may take of its page, in bytes of HTML.
const ABOUT_HTML_BYTES: usize = 2 * 1024;
/// What a version's description may take of the list, in bytes of HTML.
const ABOUT_VERSION_HTML_BYTES: usize = 160;

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
    /// With a word about what is missing of it; so too the schema.
    example: Option<(Block, String)>,
    schema: Option<(Block, String)>,
}

/// A version of an event type that a webhook may pin.
struct OfferedVersion {
    name: String,
    about: String,
}

impl OfferedVersion {
    fn of(one: &EventTypeVersion) -> Self {
        Self {
            name: one.name.to_string(),
            about: about(&one.settings.description, ABOUT_VERSION_HTML_BYTES),
        }
    }
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
    let settings = &found.settings;
    let view = PortalEventType {
        about: about(&settings.description, ABOUT_HTML_BYTES),
        example: block(&settings.example, "the example", CODE_HTML_BYTES),
        schema: block(&settings.schema, "the schema", CODE_HTML_BYTES),
        name: of,
        version: Some(name),
        versions: Vec::new(),
        page: &page,
    };
    show(&request, &page, &view)
}

fn about(description: &Option<String>, bytes: usize) -> String {
    let description = description.as_deref().unwrap_or_default();
    shortened(description, bytes)
}

fn block(text: &Option<String>, what: &'static str, bytes: usize) -> Option<(Block, String)> {
    let text = text.as_ref()?;
    let body = text.as_bytes();
    Some(body_block_within(bytes, body, Bodies::Pretty, what))
}

/// The versions of an event type that are in use, newest first.
async fn in_use(state: &State, guest: &Guest, of: &str) -> Result<Vec<EventTypeVersion>, Refusal> {
    let mut found = state.service.newest_versions(&guest.caller, of).await?;
    found.retain(|one| !one.settings.archived);
    Ok(found)
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
    let versions = in_use(&state, &guest, &name).await?;
    let page = PortalPage::of(&request, guest, Room::Catalogue, name.clone());
    // A webhook without a pin gets what the newest version says.
    let (example, schema, bytes) = match versions.first() {
        Some(newest) => (
            &newest.settings.example,
            &newest.settings.schema,
            CODE_OF_NEWEST_HTML_BYTES,
        ),
        None => (
            &found.settings.example,
            &found.settings.schema,
            CODE_HTML_BYTES,
        ),
    };
    let view = PortalEventType {
        about: about(&found.settings.description, ABOUT_HTML_BYTES),
        example: block(example, "the example", bytes),
        schema: block(schema, "the schema", bytes),
        name,
        version: None,
        versions: versions.iter().map(OfferedVersion::of).collect(),
        page: &page,
    };
    show(&request, &page, &view)
}

//! `/event-types`: the workspace's catalogue.
//!
//! Owns: the wire shapes of event types; those of versions are in `versions`. Refuses: changing a schema's text: it reads back as given.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::access::{EVENTS_READ, EVENTS_WRITE};
use crate::domain::catalogue::EventType;
use crate::domain::event_type::VersionName;
use crate::domain::page::List;
use crate::service::catalogue::Catalogue;
use crate::service::event_types::{EventTypeInput, Placed};
use crate::service::{Caller, StoredAnswer};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Json, Query, RequestBody, path_text};
use crate::web::openapi::parts::{flag, text};
use crate::web::wire::{ListBody, Time};
use crate::web::{Answered, Problem, State, answer};
use document::{CatalogueDocument, ImportedBody, export_openapi, import_openapi, import_schema};
use given::{as_given, from_text};
use versions::{EventTypeVersionBody, VersionRequest};

mod document;
mod given;
mod versions;

/// A document with one event type.
fn sample() -> serde_json::Value {
    json!({"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"},
        "webhooks": {"order.paid": {"post": {"description": "Somebody paid.",
            "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
            "responses": {}}}}})
}

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/v1/event-types", EVENTS_WRITE, || to(create)).about(|operation| {
        operation
            .named("create_event_type", "Event types", "Add an event type")
            .takes::<EventTypeRequest>(json!({"name": "order.paid", "description": "Somebody paid.", "example": {"order": "A-1042"}}))
            .gives::<EventTypeBody>(201, "The event type.")
            .keyed()
    }),
    Endpoint::post("/api/v1/event-types/import/openapi", EVENTS_WRITE, || to(import_openapi)).about(|operation| {
        operation
            .named("import_openapi", "Event types", "Bring the catalogue to what an OpenAPI document says")
            .query("dry_run", flag(), "Tell what would change, and change nothing.")
            .query("archive_missing", flag(), "Archive event types that the document does not name.")
            .takes::<CatalogueDocument>(sample())
            .or_yaml()
            .gives::<ImportedBody>(200, "What was changed; all of it or, where a place is at fault, nothing.")
            .or(409)
    }),
    Endpoint::post("/api/v1/event-types/import/schema", EVENTS_WRITE, || to(import_schema)).about(|operation| {
        operation
            .named("import_schema", "Event types", "Give an event type the schema of a file")
            .query("dry_run", flag(), "Tell what would change, and change nothing.")
            .query("name", text(), "The event type; what `title` or else `$id` says if absent.")
            .takes::<CatalogueDocument>(json!({"title": "order.paid", "type": "object"}))
            .or_yaml()
            .gives::<ImportedBody>(200, "What was changed.")
            .or(409)
    }),
    Endpoint::get("/api/v1/event-types/export/openapi", EVENTS_READ, || to(export_openapi)).for_consumers().about(|operation| {
        operation
            .named("export_openapi", "Event types", "Give the catalogue as an OpenAPI document")
            .gives_any("An OpenAPI 3.1 document; each event type is one of its webhooks.")
    }),
    Endpoint::get("/api/v1/event-types", EVENTS_READ, || to(list)).for_consumers().about(|operation| {
        operation
            .named("list_event_types", "Event types", "List event types")
            .lists::<EventTypeBody>("A page of event types.")
    }),
    Endpoint::get("/api/v1/event-types/{name}", EVENTS_READ, || to(show)).for_consumers().about(|operation| {
        operation
            .named("show_event_type", "Event types", "Show an event type")
            .gives::<EventTypeBody>(200, "The event type.")
    }),
    Endpoint::put("/api/v1/event-types/{name}", EVENTS_WRITE, || to(put)).about(|operation| {
        operation
            .named(
                "put_event_type",
                "Event types",
                "Add or replace an event type",
            )
            .takes::<EventTypeRequest>(json!({"description": "An order is paid in full.", "group": "Orders"}))
            .gives::<EventTypeBody>(200, "It was replaced.")
            .gives::<EventTypeBody>(201, "It was added.")
            .or(409)
    }),
    Endpoint::delete("/api/v1/event-types/{name}", EVENTS_WRITE, || to(delete)).about(
        |operation| {
            operation
                .named("delete_event_type", "Event types", "Delete an event type")
                .ends("It is gone, with its versions.")
                .or(409)
        },
    ),
    Endpoint::get("/api/v1/event-types/{name}/versions", EVENTS_READ, || to(versions::list)).for_consumers().about(|operation| {
        operation
            .named("list_event_type_versions", "Event types", "List the versions of an event type")
            .lists::<EventTypeVersionBody>("A page of versions, newest first.")
    }),
    Endpoint::post("/api/v1/event-types/{name}/versions", EVENTS_WRITE, || to(versions::create)).about(|operation| {
        operation
            .named("create_event_type_version", "Event types", "Add a version to an event type")
            .takes::<VersionRequest>(json!({"version": "2", "description": "Amounts are in cents.", "example": {"amount": 1999}}))
            .gives::<EventTypeVersionBody>(201, "The version. It is the newest now: events that name none are of it, and the event type's own schema is theirs no more.")
            .keyed()
    }),
    Endpoint::get("/api/v1/event-types/{name}/versions/{version}", EVENTS_READ, || to(versions::show)).for_consumers().about(|operation| {
        operation
            .named("show_event_type_version", "Event types", "Show a version of an event type")
            .gives::<EventTypeVersionBody>(200, "The version.")
    }),
    Endpoint::put("/api/v1/event-types/{name}/versions/{version}", EVENTS_WRITE, || to(versions::put)).about(|operation| {
        operation
            .named("put_event_type_version", "Event types", "Add, replace or archive a version of an event type")
            .takes::<VersionRequest>(json!({"description": "Amounts are in cents.", "archived": true}))
            .gives::<EventTypeVersionBody>(200, "It was replaced; its place among the versions is the same.")
            .gives::<EventTypeVersionBody>(201, "It was added, as the newest.")
            .or(409)
    }),
    Endpoint::delete("/api/v1/event-types/{name}/versions/{version}", EVENTS_WRITE, || to(versions::delete)).about(|operation| {
        operation
            .named("delete_event_type_version", "Event types", "Delete a version of an event type")
            .ends("It is gone; events of it stay.")
            .or(409)
    }),
];

/// An event type as a caller describes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventTypeRequest {
    /// Its name; where the path has it, it may be left out.
    #[serde(default)]
    pub name: Option<String>,
    /// When it happens, in words.
    #[serde(default)]
    pub description: Option<String>,
    /// The heading under which lists show it.
    #[serde(default)]
    pub group: Option<String>,
    /// The JSON Schema (2020-12) of its data.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub schema: Option<Box<RawValue>>,
    /// An example of its data.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub example: Option<Box<RawValue>>,
    /// Whether it is out of use.
    #[serde(default)]
    pub archived: bool,
    /// Whether its receivers should move to another; it is still sent.
    #[serde(default)]
    pub deprecated: bool,
    /// Which customers see it in their portal and catalogue: those whose portal link has any of these flags,
    /// or all where there is none. At most 50, of letters, digits, `-`, `_` and `.`. Its events are published
    /// as any.
    #[serde(default)]
    pub feature_flags: Vec<String>,
}

impl RequestBody for EventTypeRequest {}

/// An event type.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventTypeBody {
    /// Its name.
    pub name: String,
    /// When it happens, in words.
    pub description: Option<String>,
    /// The heading under which lists show it.
    pub group: Option<String>,
    /// The JSON Schema of its data.
    #[schema(value_type = Option<Value>)]
    pub schema: Option<Box<RawValue>>,
    /// An example of its data.
    #[schema(value_type = Option<Value>)]
    pub example: Option<Box<RawValue>>,
    /// Whether it is out of use.
    pub archived: bool,
    /// Whether its receivers should move to another.
    pub deprecated: bool,
    /// Which customers are shown it; all where there is none.
    pub feature_flags: Vec<String>,
    /// Its newest version in use: events that name none are of it, and its schema counts in the place of
    /// `schema`. Null where it has none.
    pub latest_version: Option<String>,
    /// When it was added.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (cursor, limit) = (query.cursor("cursor", List::EventTypes), query.limit());
    query.finish()?;
    let page = state.service.event_types(&caller, cursor, limit).await?;
    let catalogue = state.service.catalogue(caller.workspace.seq()).await?;
    answer::ok(&ListBody::of(page, |own| event_type(&own, &catalogue)))
}

async fn create(state: State, caller: Caller, body: Json<EventTypeRequest>) -> Answered {
    let Json {
        mut value, keyed, ..
    } = body;
    let name = value.name.take();
    let name = name.ok_or_else(|| Problem::field("name", "is needed"))?;
    answer::idempotent(keyed, created, |key| {
        state
            .service
            .create_event_type(&caller, input(name, value), key)
    })
    .await
}

async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let name = path_text(&request, "name");
    let found = state.service.event_type(&caller, &name).await?;
    let catalogue = state.service.catalogue(caller.workspace.seq()).await?;
    answer::ok(&event_type(&found, &catalogue))
}

async fn put(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<EventTypeRequest>,
) -> Answered {
    let name = path_text(&request, "name");
    if body.value.name.as_ref().is_some_and(|given| *given != name) {
        let message = format!("must be {name}, as in the path");
        return Err(Problem::field("name", message));
    }
    let input = input(name, body.value);
    let (stored, placed) = state.service.put_event_type(&caller, input).await?;
    let status = match placed {
        Placed::Added => StatusCode::CREATED,
        Placed::Replaced => StatusCode::OK,
    };
    let catalogue = state.service.catalogue(caller.workspace.seq()).await?;
    answer::json(status, &event_type(&stored, &catalogue))
}

async fn delete(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let name = path_text(&request, "name");
    state.service.delete_event_type(&caller, &name).await?;
    answer::no_content()
}

fn input(name: String, request: EventTypeRequest) -> EventTypeInput {
    EventTypeInput {
        name,
        description: request.description,
        group: request.group,
        schema: request.schema.map(as_given),
        example: request.example.map(as_given),
        archived: request.archived,
        deprecated: request.deprecated,
        feature_flags: request.feature_flags,
        versions: None,
    }
}

fn created(stored: &EventType) -> StoredAnswer {
    answer::recorded(StatusCode::CREATED, &body(stored, None))
}

fn event_type(stored: &EventType, catalogue: &Catalogue) -> EventTypeBody {
    body(stored, catalogue.newest_version(&stored.name))
}

fn body(stored: &EventType, latest_version: Option<&VersionName>) -> EventTypeBody {
    EventTypeBody {
        name: stored.name.to_string(),
        description: stored.settings.description.clone(),
        group: stored.settings.group.clone(),
        schema: from_text(stored.settings.schema.as_ref()),
        example: from_text(stored.settings.example.as_ref()),
        archived: stored.settings.archived,
        deprecated: stored.settings.deprecated,
        feature_flags: stored.settings.feature_flags.names().to_vec(),
        latest_version: latest_version.map(ToString::to_string),
        created_at: stored.created_at.into(),
        updated_at: stored.updated_at.into(),
    }
}

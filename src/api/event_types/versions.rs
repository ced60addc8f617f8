//! `/event-types/{name}/versions`: the versions of an event type.
//!
//! Owns: their wire shapes. Refuses: changing a schema's text: it reads back as given.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::given::{as_given, from_text};
use crate::api::version_text::VersionText;
use crate::domain::catalogue::EventTypeVersion;
use crate::domain::page::List;
use crate::service::event_types::{Placed, VersionInput};
use crate::service::{Caller, StoredAnswer};
use crate::web::extract::{Json, Query, RequestBody, path_text};
use crate::web::wire::{ListBody, Time};
use crate::web::{Answered, Problem, State, answer};

/// A version of an event type as a caller describes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionRequest {
    /// Its name: 1 to 64 letters, digits, `.`, `_` or `-`, such as `2` or `2026-03-16`; the next number if
    /// absent. Where the path has it, it may be left out.
    #[serde(default)]
    pub version: Option<VersionText>,
    /// What is new in it, in words.
    #[serde(default)]
    pub description: Option<String>,
    /// The JSON Schema (2020-12) of its data.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub schema: Option<Box<RawValue>>,
    /// An example of its data.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub example: Option<Box<RawValue>>,
    /// Whether it has ended: nothing more can be published as it, and no webhook can begin to pin it.
    #[serde(default)]
    pub archived: bool,
}

impl RequestBody for VersionRequest {}

/// A version of an event type.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventTypeVersionBody {
    /// Its name.
    pub version: String,
    /// What is new in it, in words.
    pub description: Option<String>,
    /// The JSON Schema of its data.
    #[schema(value_type = Option<Value>)]
    pub schema: Option<Box<RawValue>>,
    /// An example of its data.
    #[schema(value_type = Option<Value>)]
    pub example: Option<Box<RawValue>>,
    /// Whether it has ended.
    pub archived: bool,
    /// How many webhooks pin it, of those that the caller sees.
    pub pinned_by: u32,
    /// When it was added.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// `GET /event-types/{name}/versions`.
///
/// # Errors
/// 404 where there is no event type of that name; 422 for parameters that make no sense.
pub async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (cursor, limit) = (
        query.cursor("cursor", List::EventTypeVersions),
        query.limit(),
    );
    query.finish()?;
    let of = path_text(&request, "name");
    let page = state.service.versions(&caller, &of, cursor, limit).await?;
    answer::ok(&ListBody::of(page, |own| version(&own)))
}

pub(super) async fn create(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<VersionRequest>,
) -> Answered {
    let Json { value, keyed, .. } = body;
    let of = path_text(&request, "name");
    answer::idempotent(keyed, created, |key| {
        state
            .service
            .create_version(&caller, &of, value.into(), key)
    })
    .await
}

pub(super) async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let [of, name] = path(&request);
    answer::ok(&version(&state.service.version(&caller, &of, &name).await?))
}

pub(super) async fn put(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<VersionRequest>,
) -> Answered {
    let [of, name] = path(&request);
    let mut input = VersionInput::from(body.value);
    if input.name.as_ref().is_some_and(|given| *given != name) {
        let message = format!("must be {name}, as in the path");
        return Err(Problem::field("version", message));
    }
    input.name = Some(name);
    let (stored, placed) = state.service.put_version(&caller, &of, input).await?;
    let status = match placed {
        Placed::Added => StatusCode::CREATED,
        Placed::Replaced => StatusCode::OK,
    };
    answer::json(status, &version(&stored))
}

/// `DELETE /event-types/{name}/versions/{version}`.
///
/// # Errors
/// 404 where there is none of that name; 409 where a webhook pins it.
pub async fn delete(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let [of, name] = path(&request);
    state.service.delete_version(&caller, &of, &name).await?;
    answer::no_content()
}

fn path(request: &HttpRequest) -> [String; 2] {
    ["name", "version"].map(|part| path_text(request, part))
}

impl From<VersionRequest> for VersionInput {
    fn from(request: VersionRequest) -> Self {
        Self {
            name: request.version.map(Into::into),
            description: request.description,
            schema: request.schema.map(as_given),
            example: request.example.map(as_given),
            archived: request.archived,
        }
    }
}

fn created(stored: &EventTypeVersion) -> StoredAnswer {
    answer::recorded(StatusCode::CREATED, &version(stored))
}

fn version(stored: &EventTypeVersion) -> EventTypeVersionBody {
    EventTypeVersionBody {
        version: stored.name.to_string(),
        description: stored.settings.description.clone(),
        schema: from_text(stored.settings.schema.as_ref()),
        example: from_text(stored.settings.example.as_ref()),
        archived: stored.settings.archived,
        pinned_by: stored.pinned_by,
        created_at: stored.created_at.into(),
        updated_at: stored.updated_at.into(),
    }
}

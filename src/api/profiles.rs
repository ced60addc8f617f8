//! `/profiles`: wire profiles, as JSON documents.
//!
//! Owns: the envelope around the document. Refuses: knowing the document's fields (`domain`).

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::access::ADMIN;
use super::words::ProfileOriginWord;
use crate::domain::page::List;
use crate::domain::profile::gallery::{gallery, in_gallery};
use crate::domain::profile::{Profile, StoredProfile};
use crate::service::event_types::Placed;
use crate::service::{Caller, StoredAnswer};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Json, Query, RequestBody, path_text};
use crate::web::wire::{ListBody, Time};
use crate::web::{Answered, Problem, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/v1/profiles", ADMIN, || to(create)).about(|operation| {
        operation
            .named("create_profile", "Instance", "Add a wire profile")
            .takes::<ProfileRequest>(example())
            .gives::<ProfileBody>(201, "The profile.")
            .keyed()
    }),
    Endpoint::get("/api/v1/profiles", ADMIN, || to(list)).about(|operation| {
        operation
            .named("list_profiles", "Instance", "List wire profiles")
            .lists::<ProfileBody>("The newest first.")
            .or(422)
    }),
    Endpoint::get("/api/v1/profiles/{name}", ADMIN, || to(show)).about(|operation| {
        operation
            .named("show_profile", "Instance", "Show a wire profile")
            .gives::<ProfileBody>(200, "The profile.")
    }),
    Endpoint::put("/api/v1/profiles/{name}", ADMIN, || to(put))
        .fresh()
        .about(|operation| {
            operation
                .named("put_profile", "Instance", "Add or replace a wire profile")
                .takes::<ProfileRequest>(example())
                .gives::<ProfileBody>(200, "It was replaced.")
                .gives::<ProfileBody>(201, "It was added.")
                .or(409)
        }),
    Endpoint::delete("/api/v1/profiles/{name}", ADMIN, || to(delete)).about(|operation| {
        operation
            .named("delete_profile", "Instance", "Delete a wire profile")
            .ends("It is gone.")
            .or(409)
    }),
];

/// A profile's document, alone or within what `GET` answers, or `{"gallery": name}` for one of the
/// gallery (`GET /profile-gallery`). Values of `headers` may use
/// `{event_id}`, `{event_type}`, `{event_version}` (a header with it is not sent of an event without a
/// version), `{delivery_id}`, `{workspace_id}` and `{timestamp}`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct ProfileRequest(pub Map<String, Value>);

impl RequestBody for ProfileRequest {}

/// What an answer says of a profile and no request decides.
const READ_ONLY: [&str; 4] = ["origin", "built_in", "created_at", "verified_by"];

impl ProfileRequest {
    /// The document that is meant. What was read can be sent back, under another name as well: then
    /// the name and the description around the document go before those inside it. `gallery` stands
    /// for the document that the gallery has under that name.
    fn document(self) -> Result<Value, Problem> {
        let mut outer = self.0;
        if let Some(name) = outer.remove("gallery") {
            let found = name.as_str().and_then(in_gallery);
            let found = found.ok_or_else(|| Problem::field("gallery", not_in_gallery()))?;
            if outer
                .insert("document".to_owned(), found.profile.to_json())
                .is_some()
            {
                let message = "can't be given beside a document: one of the two decides";
                return Err(Problem::field("gallery", message));
            }
        }
        let mut document = match outer.remove("document") {
            Some(Value::Object(document)) => document,
            Some(other) => {
                outer.insert("document".to_owned(), other);
                return Ok(Value::Object(outer));
            }
            None => return Ok(Value::Object(outer)),
        };
        for (name, value) in outer {
            let is_empty = name == "description" && value == "";
            if !READ_ONLY.contains(&name.as_str()) && !is_empty {
                document.insert(name, value);
            }
        }
        Ok(Value::Object(document))
    }
}

fn not_in_gallery() -> String {
    let names: Vec<&str> = gallery().iter().map(|entry| entry.profile.name()).collect();
    format!("must be one of {}", names.join(", "))
}

/// A profile.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileBody {
    /// Its name.
    pub name: String,
    /// One sentence about it.
    pub description: String,
    /// Where it comes from.
    #[schema(value_type = ProfileOriginWord)]
    pub origin: &'static str,
    /// Whether it can be changed here.
    pub built_in: bool,
    /// The whole profile.
    pub document: Value,
    /// When this version was stored.
    pub created_at: Time,
}

async fn list(state: State, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (cursor, limit) = (query.cursor("cursor", List::Profiles), query.limit());
    query.finish()?;
    let page = state.service.profiles_page(cursor, limit).await?;
    answer::ok(&ListBody::of(page, |found| profile(&found)))
}

async fn create(state: State, caller: Caller, body: Json<ProfileRequest>) -> Answered {
    let document = body.value.document()?;
    answer::idempotent(body.keyed, created, |key| {
        state.service.create_profile(&caller, document, key)
    })
    .await
}

/// `GET /profiles/{name}`.
///
/// # Errors
/// 404 where there is no such profile.
pub async fn show(state: State, request: HttpRequest) -> Answered {
    let name = path_text(&request, "name");
    answer::ok(&profile(&state.service.profile(&name).await?))
}

async fn put(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<ProfileRequest>,
) -> Answered {
    let name = path_text(&request, "name");
    let document = body.value.document()?;
    let (stored, placed) = state.service.put_profile(&caller, &name, document).await?;
    let status = match placed {
        Placed::Added => StatusCode::CREATED,
        Placed::Replaced => StatusCode::OK,
    };
    answer::json(status, &profile(&stored))
}

async fn delete(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let name = path_text(&request, "name");
    state.service.delete_profile(&caller, &name).await?;
    answer::no_content()
}

fn created(stored: &StoredProfile) -> StoredAnswer {
    answer::recorded(StatusCode::CREATED, &profile(stored))
}

fn profile(stored: &StoredProfile) -> ProfileBody {
    let parsed = Profile::parse(&stored.source).ok();
    let description = parsed.as_ref().map(Profile::description);
    ProfileBody {
        name: stored.name.clone(),
        description: description.unwrap_or_default().to_owned(),
        origin: stored.origin.as_str(),
        built_in: Profile::built_in_named(&stored.name).is_some(),
        document: parsed.as_ref().map_or(Value::Null, Profile::to_json),
        created_at: stored.created_at.into(),
    }
}

/// The built-in profile under a name of one's own.
fn example() -> Value {
    let mut document = Profile::standard().to_json();
    document["name"] = "ours".into();
    document
}

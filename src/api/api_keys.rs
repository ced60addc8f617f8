//! `/api-keys`: who may call the API, and for what.
//!
//! Owns: the wire shapes of keys. Refuses: showing a key after the one answer that makes it.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::access::ADMIN;
use super::words::ScopeWord;
use crate::domain::api_key::{ApiKey, Scope};
use crate::domain::id::KeyId;
use crate::domain::page::List;
use crate::service::keys::{CreatedKey, KeyInput};
use crate::service::{Caller, StoredAnswer};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Json, Query, RequestBody, path_id};
use crate::web::openapi::parts::text;
use crate::web::wire::{ListBody, Time};
use crate::web::{Answered, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/v1/api-keys", ADMIN, || to(create))
        .fresh()
        .about(|operation| {
            operation
                .named("create_key", "Instance", "Make an API key")
                .takes::<KeyRequest>(
                    json!({"name": "billing", "scopes": ["events:write"], "rate_limit": 100}),
                )
                .gives::<CreatedKeyBody>(201, "The key, and only here its text.")
                .keyed()
        }),
    Endpoint::get("/api/v1/api-keys", ADMIN, || to(list)).about(|operation| {
        operation
            .named("list_keys", "Instance", "List API keys")
            .query(
                "workspace",
                text(),
                "Only keys of this workspace, by id or name.",
            )
            .lists::<KeyBody>("A page of keys.")
    }),
    Endpoint::delete("/api/v1/api-keys/{id}", ADMIN, || to(revoke))
        .fresh()
        .about(|operation| {
            operation
                .named("revoke_key", "Instance", "Revoke an API key")
                .ends("No request with it is let through any more.")
        }),
];

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// What people call it.
    pub name: String,
    /// What it may do; everything that a key of one workspace may, if absent.
    #[serde(default)]
    #[schema(value_type = Option<Vec<ScopeWord>>)]
    pub scopes: Option<Vec<String>>,
    /// The workspace it will belong to, by id or name; the request's own if absent. A key with the
    /// scope `admin` belongs to the instance.
    #[serde(default, alias = "workspace_id")]
    pub workspace: Option<String>,
    /// The consumer that it is bound to, by id or uid: it reaches only what is that consumer's, and can
    /// neither publish nor look after consumers.
    #[serde(default)]
    pub consumer: Option<String>,
    /// Requests per second; not limited if absent.
    #[serde(default)]
    pub rate_limit: Option<f64>,
}

impl RequestBody for KeyRequest {}

/// A key.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyBody {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The workspace it belongs to; null for a key of the instance.
    pub workspace_id: Option<String>,
    /// The consumer it is bound to.
    pub consumer_id: Option<String>,
    /// What it may do.
    #[schema(value_type = Vec<ScopeWord>)]
    pub scopes: Vec<&'static str>,
    /// Requests per second; null is not limited.
    pub rate_limit: Option<f64>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Time>,
}

/// A new key, with the text that programs present. It is shown only here.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedKeyBody {
    /// The key's properties.
    #[serde(flatten)]
    pub properties: KeyBody,
    /// What goes behind `Authorization: Bearer`.
    pub key: String,
}

async fn create(state: State, caller: Caller, body: Json<KeyRequest>) -> Answered {
    let KeyRequest {
        name,
        scopes,
        workspace,
        consumer,
        rate_limit,
    } = body.value;
    let input = KeyInput {
        name,
        scopes,
        workspace,
        consumer,
        rate_limit,
    };
    answer::idempotent(body.keyed, created, |key| {
        state.service.create_key(&caller, input, key)
    })
    .await
}

/// `GET /api-keys`.
///
/// # Errors
/// 404 where `workspace` names none.
pub async fn list(state: State, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let workspace = query.text("workspace");
    let (cursor, limit) = (query.cursor("cursor", List::ApiKeys), query.limit());
    query.finish()?;
    let page = state.service.keys(workspace, cursor, limit).await?;
    answer::ok(&ListBody::of(page, |own| key(&own)))
}

/// `DELETE /api-keys/{id}`.
///
/// # Errors
/// 404 where there is no such live key.
pub async fn revoke(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id: KeyId = path_id(&request, "API key")?;
    state.service.revoke_key(&caller, id).await?;
    answer::no_content()
}

fn created(made: &CreatedKey) -> StoredAnswer {
    let body = CreatedKeyBody {
        properties: key(&made.key),
        key: made.token.expose().to_owned(),
    };
    answer::recorded(StatusCode::CREATED, &body)
}

fn key(key: &ApiKey) -> KeyBody {
    KeyBody {
        id: key.id.to_string(),
        name: key.name.clone(),
        workspace_id: key.workspace.map(|id| id.to_string()),
        consumer_id: key.consumer.map(|id| id.to_string()),
        scopes: key.scopes.iter().map(Scope::as_str).collect(),
        rate_limit: key.rate_limit,
        created_at: key.created_at.into(),
        last_used_at: key.last_used_at.map(Time::from),
    }
}

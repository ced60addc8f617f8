//! `/consumers`: the platform's customers.
//!
//! Owns: their wire shapes. Refuses: telling ids of ours from the platform's; either names a consumer.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::access::{CONSUMERS_READ, CONSUMERS_WRITE};
use crate::domain::consumer::{Consumer, ConsumerUid, Erasure};
use crate::domain::page::List;
use crate::service::consumers::ConsumerInput;
use crate::service::event_types::Placed;
use crate::service::{Caller, StoredAnswer};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Json, Query, RequestBody, path_text};
use crate::web::openapi::parts::text;
use crate::web::wire::{ListBody, Time, given, nullable};
use crate::web::{Answered, Problem, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/v1/consumers", CONSUMERS_WRITE, || to(create)).about(|operation| {
        operation
            .named("create_consumer", "Consumers", "Add a consumer")
            .takes::<ConsumerRequest>(
                json!({"uid": "acme-42", "name": "Acme", "metadata": {"plan": "pro"}}),
            )
            .gives::<ConsumerBody>(201, "The consumer.")
            .keyed()
    }),
    Endpoint::get("/api/v1/consumers", CONSUMERS_READ, || to(list)).for_consumers().about(|operation| {
        operation
            .named("list_consumers", "Consumers", "List consumers")
            .query("q", text(), "Only those whose uid or name begins with this.")
            .lists::<ConsumerBody>("A page of consumers.")
    }),
    Endpoint::get("/api/v1/consumers/{consumer}", CONSUMERS_READ, || to(show)).for_consumers().about(|operation| {
        operation
            .named("show_consumer", "Consumers", "Show a consumer")
            .gives::<ConsumerBody>(200, "The consumer.")
    }),
    Endpoint::put("/api/v1/consumers/{consumer}", CONSUMERS_WRITE, || to(put)).about(|operation| {
        operation
            .named("put_consumer", "Consumers", "Add or replace a consumer")
            .takes::<ConsumerRequest>(json!({"name": "Acme", "metadata": {"plan": "pro"}}))
            .gives::<ConsumerBody>(200, "It was replaced.")
            .gives::<ConsumerBody>(201, "It was added.")
            .or(409)
    }),
    Endpoint::patch("/api/v1/consumers/{consumer}", CONSUMERS_WRITE, || {
        to(update)
    })
    .about(|operation| {
        operation
            .named("update_consumer", "Consumers", "Change a consumer")
            .takes::<ConsumerRequest>(json!({"rate_limit": 20}))
            .gives::<ConsumerBody>(200, "The consumer as it is now.")
            .or(409)
    }),
    Endpoint::delete("/api/v1/consumers/{consumer}", CONSUMERS_WRITE, || {
        to(delete)
    })
    .fresh()
    .about(|operation| {
        operation
            .named("delete_consumer", "Consumers", "Delete a consumer and its webhooks")
            .query(
                "erase",
                json!({"type": "boolean"}),
                "Also erase the data of all events published to it, and all answers of its receivers.",
            )
            .ends("It is gone, and so are its webhooks and keys.")
    }),
];

/// A consumer as a caller describes it: whole on creation, in part on change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsumerRequest {
    /// The platform's own id for it: letters, digits, `.`, `_` and `-`, not beginning with `con_`.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub uid: Option<String>,
    /// What people call it; null means nothing.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
    /// The platform's own words, text to text; null means none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub metadata: Option<Option<BTreeMap<String, String>>>,
    /// Deliveries per second over all of its webhooks; null means no limit.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<f64>)]
    pub rate_limit: Option<Option<f64>>,
    /// Where it is told of what becomes of its own webhooks, beside the workspace; null means nowhere.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub alert_url: Option<Option<String>>,
    /// Where it is told of it by mail, if hookpost runs with a mail server; null means nowhere.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub alert_email: Option<Option<String>>,
}

impl RequestBody for ConsumerRequest {}

impl From<ConsumerRequest> for ConsumerInput {
    fn from(request: ConsumerRequest) -> Self {
        Self {
            uid: request.uid,
            name: request.name.map(Option::unwrap_or_default),
            metadata: request.metadata.map(Option::unwrap_or_default),
            rate_limit: request.rate_limit,
            alert_url: request.alert_url,
            alert_email: request.alert_email,
        }
    }
}

/// A consumer.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsumerBody {
    /// Its id.
    pub id: String,
    /// The platform's own id for it.
    pub uid: Option<String>,
    /// What people call it.
    pub name: String,
    /// The platform's own words.
    pub metadata: BTreeMap<String, String>,
    /// Deliveries per second over all of its webhooks; null is not limited.
    pub rate_limit: Option<f64>,
    /// Where it is told of what becomes of its own webhooks.
    pub alert_url: Option<String>,
    /// Where it is told of it by mail.
    pub alert_email: Option<String>,
    /// How many webhooks it has.
    pub webhooks: u64,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

async fn create(state: State, caller: Caller, body: Json<ConsumerRequest>) -> Answered {
    let input = ConsumerInput::from(body.value);
    if input.uid.is_none() {
        return Err(Problem::field("uid", "is required"));
    }
    answer::idempotent(body.keyed, created, |key| {
        state.service.create_consumer(&caller, input, key)
    })
    .await
}

async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let prefix = query.text("q");
    let (cursor, limit) = (query.cursor("cursor", List::Consumers), query.limit());
    query.finish()?;
    let page = state
        .service
        .consumers(&caller, prefix, cursor, limit)
        .await?;
    answer::ok(&ListBody::of(page, |own| consumer(&own)))
}

async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let found = state.service.consumer(&caller, &named(&request)).await?;
    answer::ok(&consumer(&found))
}

async fn put(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<ConsumerRequest>,
) -> Answered {
    let (named, input) = (named(&request), body.value.into());
    let (stored, placed) = state.service.put_consumer(&caller, &named, input).await?;
    let status = match placed {
        Placed::Added => StatusCode::CREATED,
        Placed::Replaced => StatusCode::OK,
    };
    answer::json(status, &consumer(&stored))
}

async fn update(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<ConsumerRequest>,
) -> Answered {
    let (named, input) = (named(&request), body.value.into());
    let changed = state
        .service
        .update_consumer(&caller, &named, input)
        .await?;
    answer::ok(&consumer(&changed))
}

async fn delete(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let erasure = query.parsed("erase", |text| match text {
        "true" => Ok(Erasure::Data),
        "false" => Ok(Erasure::None),
        _ => Err("must be true or false"),
    });
    query.finish()?;
    let erasure = erasure.unwrap_or(Erasure::None);
    state
        .service
        .delete_consumer(&caller, &named(&request), erasure)
        .await?;
    answer::no_content()
}

fn named(request: &HttpRequest) -> String {
    path_text(request, "consumer")
}

fn created(stored: &Consumer) -> StoredAnswer {
    answer::recorded(StatusCode::CREATED, &consumer(stored))
}

fn consumer(stored: &Consumer) -> ConsumerBody {
    ConsumerBody {
        id: stored.id.to_string(),
        uid: stored
            .uid
            .as_ref()
            .map(ConsumerUid::as_str)
            .map(str::to_owned),
        name: stored.settings.name.clone(),
        metadata: stored.settings.metadata.clone(),
        rate_limit: stored.settings.rate_limit,
        alert_url: stored.settings.alert_url.clone(),
        alert_email: stored.settings.alert_email.clone(),
        webhooks: stored.webhooks,
        created_at: stored.created_at.into(),
        updated_at: stored.updated_at.into(),
    }
}

//! Bulk work on deliveries and dead letters, and what a webhook recovers.
//!
//! Owns: the wire shapes of what is chosen and of what was begun. Refuses: doing it; a job does,
//! and `/jobs/{id}` says how far it has come.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::access::{DELIVERIES_WRITE, RETRY, WEBHOOKS_WRITE};
use super::delivery_filter::FilterRequest;
use super::words::Recoverable;
use crate::domain::delivery::DeliveryScope;
use crate::domain::id::DeliveryId;
use crate::service::jobs::{Begun, RecoverInput, Selection};
use crate::service::{Caller, FieldError, Refusal, StoredAnswer};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Json, RequestBody, path_id};
use crate::web::{Answered, Problem, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/v1/webhooks/{id}/recover", WEBHOOKS_WRITE, || {
        to(recover)
    })
    .for_consumers()
    .needs(RETRY)
    .fresh()
    .about(|operation| {
        operation
            .named(
                "recover_webhook",
                "Webhooks",
                "Put back in line what a webhook did not get",
            )
            .takes::<RecoverRequest>(
                json!({"since": "2026-11-01T00:00:00Z", "include": ["exhausted", "missed"]}),
            )
            .gives::<BegunBody>(202, "The job that does it.")
            .keyed()
    }),
    Endpoint::post("/api/v1/deliveries/retry", DELIVERIES_WRITE, || {
        to(retry_deliveries)
    })
    .for_consumers()
    .fresh()
    .about(|operation| {
        operation
            .named(
                "retry_deliveries",
                "Deliveries",
                "Put many deliveries back in line",
            )
            .takes::<BulkRequest>(
                json!({"filter": {"event_type": "order.paid", "status": ["exhausted"]}}),
            )
            .gives::<BegunBody>(202, "The job that does it.")
            .keyed()
    }),
    Endpoint::post("/api/v1/dead-letters/retry", DELIVERIES_WRITE, || {
        to(retry_dead_letters)
    })
    .for_consumers()
    .fresh()
    .about(|operation| {
        operation
            .named(
                "retry_dead_letters",
                "Dead letters",
                "Put many dead letters back in line",
            )
            .takes::<BulkRequest>(
                json!({"filter": {"event_type": "order.paid", "status": ["exhausted"]}}),
            )
            .gives::<BegunBody>(202, "The job that does it.")
            .keyed()
    }),
    Endpoint::post("/api/v1/dead-letters/discard", DELIVERIES_WRITE, || {
        to(discard_dead_letters)
    })
    .for_consumers()
    .fresh()
    .about(|operation| {
        operation
            .named(
                "discard_dead_letters",
                "Dead letters",
                "Discard many dead letters",
            )
            .takes::<BulkRequest>(
                json!({"filter": {"event_type": "order.paid", "status": ["exhausted"]}}),
            )
            .gives::<BegunBody>(202, "The job that does it.")
            .keyed()
    }),
    Endpoint::post("/api/v1/dead-letters/restore", DELIVERIES_WRITE, || {
        to(restore_dead_letters)
    })
    .for_consumers()
    .about(|operation| {
        operation
            .named(
                "restore_dead_letters",
                "Dead letters",
                "Take back that many dead letters were discarded",
            )
            .takes::<BulkRequest>(json!({"filter": {"event_type": "order.paid"}}))
            .gives::<BegunBody>(202, "The job that does it.")
            .keyed()
    }),
];

/// What bulk work is done to: `ids` or `filter`, not both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkRequest {
    /// These.
    #[serde(default)]
    pub ids: Option<Vec<String>>,
    /// All that match.
    #[serde(default)]
    pub filter: Option<FilterRequest>,
}

impl RequestBody for BulkRequest {}

/// Work that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub struct BegunBody {
    /// The job that does it.
    pub job_id: String,
    /// How many deliveries or events it comes to.
    pub matched: u64,
}

/// What a webhook is to recover.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoverRequest {
    /// From when on.
    #[serde(default)]
    pub since: Option<String>,
    /// Until when; now if absent.
    #[serde(default)]
    pub until: Option<String>,
    /// `exhausted`, `undelivered`, `missed`; only `exhausted` if absent.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Recoverable>>)]
    pub include: Option<Vec<String>>,
}

impl RequestBody for RecoverRequest {}

async fn retry_deliveries(state: State, caller: Caller, body: Json<BulkRequest>) -> Answered {
    let chosen = selection(&state, &caller, body.value, DeliveryScope::Undiscarded).await?;
    answer::idempotent(body.keyed, begun, |key| {
        state.service.retry_deliveries(&caller, chosen, key)
    })
    .await
}

async fn retry_dead_letters(state: State, caller: Caller, body: Json<BulkRequest>) -> Answered {
    let chosen = selection(&state, &caller, body.value, DeliveryScope::DeadLetters).await?;
    answer::idempotent(body.keyed, begun, |key| {
        state.service.retry_dead_letters(&caller, chosen, key)
    })
    .await
}

async fn discard_dead_letters(state: State, caller: Caller, body: Json<BulkRequest>) -> Answered {
    let chosen = selection(&state, &caller, body.value, DeliveryScope::DeadLetters).await?;
    answer::idempotent(body.keyed, begun, |key| {
        state.service.discard_dead_letters(&caller, chosen, key)
    })
    .await
}

async fn restore_dead_letters(state: State, caller: Caller, body: Json<BulkRequest>) -> Answered {
    let chosen = selection(&state, &caller, body.value, DeliveryScope::Discarded).await?;
    answer::idempotent(body.keyed, begun, |key| {
        state.service.restore_dead_letters(&caller, chosen, key)
    })
    .await
}

async fn recover(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<RecoverRequest>,
) -> Answered {
    let id = path_id(&request, "webhook")?;
    let RecoverRequest {
        since,
        until,
        include,
    } = body.value;
    let input = RecoverInput {
        since,
        until,
        include,
    };
    answer::idempotent(body.keyed, begun, |key| {
        state.service.recover_webhook(&caller, id, input, key)
    })
    .await
}

pub(super) fn begun(begun: &Begun) -> StoredAnswer {
    let body = BegunBody {
        job_id: begun.job.to_string(),
        matched: begun.matched,
    };
    answer::recorded(StatusCode::ACCEPTED, &body)
}

async fn selection(
    state: &State,
    caller: &Caller,
    request: BulkRequest,
    scope: DeliveryScope,
) -> Result<Selection, Problem> {
    match (request.ids, request.filter) {
        (Some(texts), None) => Ok(Selection::Ids(ids(&texts)?)),
        (None, Some(filter)) => {
            let service = &state.service;
            let filter = service.delivery_filter(caller, scope, filter.into(), "filter.");
            Ok(Selection::Filter(filter.await?))
        }
        (None, None) => Err(Problem::field("filter", "is needed, or else ids")),
        (Some(_), Some(_)) => Err(Problem::field("filter", "can't be given together with ids")),
    }
}

fn ids(texts: &[String]) -> Result<Vec<DeliveryId>, Problem> {
    let mut faults = Vec::new();
    let mut ids = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        match DeliveryId::parse(text) {
            Some(id) => ids.push(id),
            None => faults.push(FieldError {
                field: format!("ids[{index}]"),
                message: "must be a delivery's id".to_owned(),
            }),
        }
    }
    if faults.is_empty() {
        Ok(ids)
    } else {
        faults.truncate(FAULTS_SHOWN_MAX);
        Err(Refusal::Invalid(faults).into())
    }
}

/// Ids at fault that one answer names.
const FAULTS_SHOWN_MAX: usize = 20;

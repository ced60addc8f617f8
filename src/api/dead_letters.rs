//! `/dead-letters`: deliveries that gave up and wait for a person.
//!
//! Owns: the paths. Refuses: a shape of its own; a dead letter is a delivery.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde_json::json;

use super::access::{DELIVERIES_READ, DELIVERIES_WRITE};
use super::deliveries;
use super::delivery_filter::filtered;
use crate::domain::delivery::DeliveryScope;
use crate::domain::id::DeliveryId;
use crate::service::Caller;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Nothing, OptionalJson, Query, path_id};
use crate::web::openapi::parts::one_of;
use crate::web::{Answered, Problem, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/v1/dead-letters", DELIVERIES_READ, || to(list))
        .for_consumers()
        .about(|operation| {
            filtered(operation.named("list_dead_letters", "Dead letters", "List dead letters"))
                .query(
                    "discarded",
                    one_of(&["true", "false"]),
                    "`true` for those that were discarded instead.",
                )
                .lists::<deliveries::DeliveryBody>("A page of deliveries that gave up.")
        }),
    Endpoint::post("/api/v1/dead-letters/{id}/retry", DELIVERIES_WRITE, || {
        to(retry)
    })
    .for_consumers()
    .fresh()
    .about(|operation| {
        operation
            .named(
                "retry_dead_letter",
                "Dead letters",
                "Attempt a dead letter again, now",
            )
            .may_take::<Nothing>(json!({}))
            .gives::<deliveries::DeliveryBody>(202, "The delivery that is attempted.")
            .or(409)
    }),
    Endpoint::delete("/api/v1/dead-letters/{id}", DELIVERIES_WRITE, || {
        to(discard)
    })
    .for_consumers()
    .fresh()
    .about(|operation| {
        operation
            .named(
                "discard_dead_letter",
                "Dead letters",
                "Discard a dead letter",
            )
            .ends("It is no longer listed as one.")
    }),
    Endpoint::post(
        "/api/v1/dead-letters/{id}/restore",
        DELIVERIES_WRITE,
        || to(restore),
    )
    .for_consumers()
    .about(|operation| {
        operation
            .named(
                "restore_dead_letter",
                "Dead letters",
                "Take back that a dead letter was discarded",
            )
            .may_take::<Nothing>(json!({}))
            .gives::<deliveries::DeliveryBody>(200, "The dead letter.")
            .or(409)
    }),
];

async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let scope = query.parsed("discarded", |text| match text {
        "true" => Ok(DeliveryScope::Discarded),
        "false" => Ok(DeliveryScope::DeadLetters),
        _ => Err("must be true or false"),
    });
    let scope = scope.unwrap_or(DeliveryScope::DeadLetters);
    deliveries::list_of(&state, &caller, query, scope).await
}

async fn retry(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let id = id(&request)?;
    let retried = state.service.retry_dead_letter(&caller, id).await?;
    answer::json(StatusCode::ACCEPTED, &deliveries::delivery(&retried))
}

async fn discard(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = id(&request)?;
    state.service.discard_dead_letter(&caller, id).await?;
    answer::no_content()
}

async fn restore(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let id = id(&request)?;
    let restored = state.service.restore_dead_letter(&caller, id).await?;
    answer::ok(&deliveries::delivery(&restored))
}

fn id(request: &HttpRequest) -> Result<DeliveryId, Problem> {
    path_id(request, "dead letter")
}

//! `/dead-letters`: deliveries that gave up and wait for a person.
//!
//! Owns: the paths. Refuses: a shape of its own; a dead letter is a delivery.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde_json::json;

use super::access::{DELIVERIES_READ, DELIVERIES_WRITE};
use super::deliveries;
use crate::domain::delivery::DeliveryScope;
use crate::domain::id::DeliveryId;
use crate::service::Caller;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Nothing, OptionalJson, path_id};
use crate::web::{Answered, Problem, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/v1/dead-letters", DELIVERIES_READ, || to(list))
        .for_consumers()
        .about(|operation| {
            deliveries::filtered(operation.named(
                "list_dead_letters",
                "Dead letters",
                "List dead letters",
            ))
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
];

/// `GET /dead-letters`.
///
/// # Errors
/// 422 for parameters that make no sense.
pub async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    deliveries::list_of(&state, &caller, &request, DeliveryScope::DeadLetters).await
}

/// `POST /dead-letters/{id}/retry`.
///
/// # Errors
/// As `Service::retry_dead_letter`.
pub async fn retry(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let id = id(&request)?;
    let retried = state.service.retry_dead_letter(&caller, id).await?;
    answer::json(StatusCode::ACCEPTED, &deliveries::delivery(&retried))
}

/// `DELETE /dead-letters/{id}`.
///
/// # Errors
/// 404 where the workspace has no such dead letter.
pub async fn discard(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = id(&request)?;
    state.service.discard_dead_letter(&caller, id).await?;
    answer::no_content()
}

fn id(request: &HttpRequest) -> Result<DeliveryId, Problem> {
    path_id(request, "dead letter")
}

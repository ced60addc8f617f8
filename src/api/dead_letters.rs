//! `/dead-letters`: deliveries that gave up and wait for a person.
//!
//! Owns: the paths. Refuses: a shape of its own; a dead letter is a delivery.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;

use super::deliveries;
use crate::domain::delivery::DeliveryScope;
use crate::domain::id::DeliveryId;
use crate::service::Caller;
use crate::web::extract::{Nothing, OptionalJson, path_id};
use crate::web::{Answered, Problem, State, answer};

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

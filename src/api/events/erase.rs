//! Erasing what many events carried.
//!
//! Owns: the wire shape of what is chosen. Refuses: doing it; a job does, and `/jobs/{id}` says how far it
//! has come.

use actix_web::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::bulk::begun;
use crate::service::Caller;
use crate::service::jobs::{EventFilterInput, EventSelection};
use crate::web::extract::{Json, RequestBody};
use crate::web::{Answered, Problem, State, answer};

/// Which events are erased: `ids` or `filter`, not both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseRequest {
    /// These, by id.
    #[serde(default)]
    pub ids: Option<Vec<String>>,
    /// All that match.
    #[serde(default)]
    pub filter: Option<EventFilterRequest>,
    /// Whether only to count them.
    #[serde(default)]
    #[schema(required = false)]
    pub dry_run: bool,
}

impl RequestBody for EraseRequest {}

/// Which events; absent parts filter nothing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventFilterRequest {
    /// Only for this consumer, by id or uid.
    #[serde(default)]
    pub consumer: Option<String>,
    /// Only of this event type, or of those below a prefix: `agent.*`.
    #[serde(default)]
    pub event_type: Option<String>,
    /// The same as `event_type`, as lists of events call it.
    #[serde(default)]
    pub r#type: Option<String>,
    /// Only said in this channel.
    #[serde(default)]
    pub channel: Option<String>,
    /// Only with this tag.
    #[serde(default)]
    pub tag: Option<String>,
    /// Only accepted at or after this instant.
    #[serde(default)]
    pub since: Option<String>,
    /// Only accepted before this instant.
    #[serde(default)]
    pub until: Option<String>,
}

/// What erasing would come to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasableBody {
    /// How many events carry something that would be erased.
    pub matched: u64,
}

pub(super) async fn erase_many(state: State, caller: Caller, body: Json<EraseRequest>) -> Answered {
    let is_dry = body.value.dry_run;
    let chosen = selection(body.value)?;
    if is_dry {
        let matched = state.service.count_erasable(&caller, chosen).await?;
        return answer::json(StatusCode::OK, &ErasableBody { matched });
    }
    answer::idempotent(body.keyed, begun, |key| {
        state.service.erase_events(&caller, chosen, key)
    })
    .await
}

fn selection(request: EraseRequest) -> Result<EventSelection, Problem> {
    let filter = match (request.ids, request.filter) {
        (Some(ids), None) => return Ok(EventSelection::Ids(ids)),
        (None, Some(filter)) => filter,
        (None, None) => return Err(Problem::field("filter", "is needed, or else ids")),
        (Some(_), Some(_)) => {
            return Err(Problem::field("filter", "can't be given together with ids"));
        }
    };
    if filter.r#type.is_some() && filter.event_type.is_some() {
        let message = "stands beside event_type, which is the same; give one of the two";
        return Err(Problem::field("filter.type", message));
    }
    Ok(EventSelection::Filter(EventFilterInput {
        consumer: filter.consumer,
        event_type: filter.event_type.or(filter.r#type),
        channel: filter.channel,
        tag: filter.tag,
        since: filter.since,
        until: filter.until,
    }))
}

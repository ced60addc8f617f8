//! Armox: a job system's polling endpoint beside the `webhook_url` of its run requests.
//!
//! Owns: showing events of types `job.…` as the jobs that their data are. Refuses: running jobs:
//! the job system publishes a finished job itself, with the job's id as the event's id and the
//! `webhook_url` of the run request.

use actix_web::HttpRequest;
use actix_web::web::to;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::dialect::{AS_WRITTEN, BEARER, Dialect, plain};
use crate::domain::api_key::Scope;
use crate::domain::envelope::members;
use crate::domain::event_type::Pattern;
use crate::domain::page::List;
use crate::service::Caller;
use crate::service::reconcile::Reconciled;
use crate::web::endpoint::{Access, Endpoint};
use crate::web::extract::{Query, path_text};
use crate::web::{Answered, Problem, State, answer};

const READ: Access = Access::Scope(Scope::EventsRead);

/// The line in the table of dialects.
pub static DIALECT: Dialect = Dialect {
    base: "/armox",
    credential: BEARER,
    fields: &[],
    status: Problem::status,
    refusal: plain,
    odd_paths: AS_WRITTEN,
    endpoints: &[
        Endpoint::get("/armox/api/v1/jobs", READ, || to(list)),
        Endpoint::get("/armox/api/v1/jobs/{id}", READ, || to(show)),
    ],
};

/// A list of jobs, the latest first.
#[derive(Debug, Serialize)]
pub struct JobsBody {
    jobs: Vec<ArmoxJobBody>,
    next_cursor: Option<String>,
}

/// A job as it was published, with `webhook_delivered` beside its own members. Its `id` is the one
/// that it can be asked for by: the event's.
#[derive(Debug)]
pub struct ArmoxJobBody(Reconciled);

impl Serialize for ArmoxJobBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = &self.0.stored.event;
        let own = members::split(&event.data);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &event.public_id())?;
        for member in own
            .iter()
            .flatten()
            .filter(|member| member.name != "id" && member.name != DELIVERED)
        {
            map.serialize_entry(&member.name, raw(member.raw_value)?)?;
        }
        if own.is_none() {
            map.serialize_entry("output", raw(&event.data)?)?;
        }
        map.serialize_entry(DELIVERED, &self.0.delivered)?;
        map.end()
    }
}

/// A value as the publisher wrote it: no digit of a number is lost.
fn raw<E: serde::ser::Error>(value: &str) -> Result<&RawValue, E> {
    serde_json::from_str(value).map_err(E::custom)
}

const DELIVERED: &str = "webhook_delivered";

/// The types of events that are jobs.
fn jobs() -> Pattern {
    Pattern::parse("job.*").expect("it is a pattern")
}

async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (cursor, limit) = (query.cursor("cursor", List::Events), query.limit());
    query.finish()?;
    let page = state.service.reconcile(&caller, jobs(), cursor, limit);
    let page = page.await?;
    answer::ok(&JobsBody {
        jobs: page.items.into_iter().map(ArmoxJobBody).collect(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    })
}

async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = path_text(&request, "id");
    let service = &state.service;
    let job = service.reconcile_one(&caller, jobs(), &id, "job").await?;
    answer::ok(&ArmoxJobBody(job))
}

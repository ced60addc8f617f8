//! What became of an endpoint's messages, and how attempts at it went.
//!
//! Owns: the shapes of these figures. Refuses: counting (`service::stats`).

use actix_web::HttpRequest;
use serde::Serialize;

use super::endpoint::named;
use crate::service::Caller;
use crate::service::stats::{PeriodInput, Stats};
use crate::web::extract::Query;
use crate::web::{Answered, Problem, State, answer};

/// How many messages stand where at an endpoint.
#[derive(Debug, Serialize)]
pub struct SvixEndpointStats {
    success: u64,
    pending: u64,
    sending: u64,
    fail: u64,
    canceled: u64,
}

/// What became of the attempts at an endpoint.
#[derive(Debug, Serialize)]
pub struct SvixAttemptStats {
    success: u64,
    fail: u64,
    canceled: u64,
}

/// Where messages stand now; or, where a period is given, what became of them in it.
pub(super) async fn stats(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let (period, stats) = stats_of(&state, &caller, &request).await?;
    let (counts, total) = (stats.counts, stats.total);
    let is_whole = period.since.is_none() && period.until.is_none();
    let (success, fail, canceled) = match is_whole {
        true => (counts.delivered, counts.exhausted, counts.canceled),
        false => (total.delivered, total.exhausted, total.canceled),
    };
    answer::ok(&SvixEndpointStats {
        success,
        pending: counts.pending + counts.retrying,
        sending: 0,
        fail,
        canceled,
    })
}

/// How attempts went in a period; the last day where none is given.
pub(super) async fn attempt_stats(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let (_, stats) = stats_of(&state, &caller, &request).await?;
    let total = stats.total;
    answer::ok(&SvixAttemptStats {
        success: total.attempts.saturating_sub(total.failures),
        fail: total.failures,
        canceled: total.canceled,
    })
}

/// The figures of the endpoint that the path names, in the period that is asked for.
async fn stats_of(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<(PeriodInput, Stats), Problem> {
    let mut query = Query::of(request);
    let (since, until) = (query.time("since"), query.time("until"));
    query.finish_taken()?;
    let known = named(state, caller, request).await?;
    let period = PeriodInput { since, until };
    let stats = state
        .service
        .webhook_stats(caller, known.id, period)
        .await?;
    Ok((period, stats))
}

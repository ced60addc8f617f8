//! `/webhooks/{id}/stats` and `/stats`: how a webhook or the workspace has been doing.
//!
//! Owns: the wire shapes. Refuses: choosing periods and steps.

use actix_web::HttpRequest;
use actix_web::web::to;
use serde::Serialize;
use utoipa::ToSchema;

use super::access::{CONSUMERS_READ, WEBHOOKS_READ};
use super::words::OF_CONSUMER;
use crate::domain::stats::{Counts, StatsBucket};
use crate::service::Caller;
use crate::service::stats::{PeriodInput, Stats};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Query, path_id, path_text};
use crate::web::openapi::Operation;
use crate::web::openapi::parts::{text, time};
use crate::web::wire::{DurationText, Time};
use crate::web::{Answered, Problem, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/v1/webhooks/{id}/stats", WEBHOOKS_READ, || {
        to(of_webhook)
    })
    .for_consumers()
    .about(|operation| {
        in_period(operation.named(
            "show_webhook_stats",
            "Webhooks",
            "Show how a webhook has been doing",
        ))
    }),
    Endpoint::get("/api/v1/consumers/{consumer}/stats", CONSUMERS_READ, || {
        to(of_consumer)
    })
    .for_consumers()
    .about(|operation| {
        in_period(operation.named(
            "show_consumer_stats",
            "Consumers",
            "Show how a consumer's webhooks have been doing",
        ))
    }),
    Endpoint::get("/api/v1/stats", WEBHOOKS_READ, || to(of_workspace))
        .for_consumers()
        .about(|operation| {
            let named = operation.named(
                "show_stats",
                "Webhooks",
                "Show how the workspace has been doing",
            );
            in_period(named.query("consumer", text(), OF_CONSUMER))
        }),
];

/// How a webhook or a workspace has been doing.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatsBody {
    /// The webhook; null for the whole workspace.
    pub webhook_id: Option<String>,
    /// The consumer, where it is about all of one's webhooks.
    pub consumer_id: Option<String>,
    /// Where the period begins.
    pub since: Time,
    /// Where it ends.
    pub until: Time,
    /// How many deliveries stand where, now.
    pub counts: CountsBody,
    /// Attempts made in the period.
    pub attempts: u64,
    /// Attempts that failed.
    pub failures: u64,
    /// The share of attempts that succeeded, 0 to 1; null where there were none.
    pub success_rate: Option<f64>,
    /// What half of the attempts did not exceed.
    pub p50_duration_ms: Option<f64>,
    /// What 95 of 100 attempts did not exceed.
    pub p95_duration_ms: Option<f64>,
    /// How long each step of the series is.
    pub step: DurationText,
    /// What happened in each step, oldest first, without gaps.
    pub series: Vec<StepBody>,
}

/// How many deliveries stand where.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountsBody {
    /// For later: they wait for their time.
    pub scheduled: u64,
    /// Waiting for their first attempt.
    pub pending: u64,
    /// Waiting for another attempt.
    pub retrying: u64,
    /// Delivered.
    pub delivered: u64,
    /// Given up.
    pub exhausted: u64,
    /// Canceled.
    pub canceled: u64,
}

/// What happened in one step.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepBody {
    /// When it begins.
    pub at: Time,
    /// Events accepted; null for a webhook or a consumer.
    pub events: Option<u64>,
    /// Attempts made.
    pub attempts: u64,
    /// Attempts that failed.
    pub failures: u64,
    /// Deliveries delivered.
    pub delivered: u64,
    /// Deliveries that gave up.
    pub exhausted: u64,
    /// Deliveries that were canceled.
    pub canceled: u64,
}

async fn of_webhook(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = path_id(&request, "webhook")?;
    let period = period(Query::of(&request))?;
    let stats = state.service.webhook_stats(&caller, id, period).await?;
    let step = |step: &StatsBucket| step_body(step, None);
    answer::ok(&body(Some(id.to_string()), &stats, step))
}

async fn of_consumer(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let named = path_text(&request, "consumer");
    let period = period(Query::of(&request))?;
    let found = state.service.consumer_stats(&caller, &named, period);
    let (id, stats) = found.await?;
    let step = |step: &StatsBucket| step_body(step, None);
    answer::ok(&StatsBody {
        consumer_id: Some(id.to_string()),
        ..body(None, &stats, step)
    })
}

async fn of_workspace(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let consumer = query.text("consumer");
    let is_whole = consumer.is_none() && caller.consumer.is_none();
    let period = period(query)?;
    let found = state.service.workspace_stats(&caller, consumer, period);
    let (id, stats) = found.await?;
    let step = |step: &StatsBucket| step_body(step, is_whole.then_some(step.events));
    answer::ok(&StatsBody {
        consumer_id: id.map(|id| id.to_string()),
        ..body(None, &stats, step)
    })
}

fn period(mut query: Query) -> Result<PeriodInput, Problem> {
    let (since, until) = (query.time("since"), query.time("until"));
    query.finish()?;
    Ok(PeriodInput { since, until })
}

fn body(
    webhook_id: Option<String>,
    stats: &Stats,
    step: impl FnMut(&StatsBucket) -> StepBody,
) -> StatsBody {
    StatsBody {
        webhook_id,
        consumer_id: None,
        since: stats.since.into(),
        until: stats.until.into(),
        counts: counts(&stats.counts),
        attempts: stats.total.attempts,
        failures: stats.total.failures,
        success_rate: stats.success_rate,
        p50_duration_ms: stats.p50_ms,
        p95_duration_ms: stats.p95_ms,
        step: stats.step.into(),
        series: stats.series.iter().map(step).collect(),
    }
}

fn counts(counts: &Counts) -> CountsBody {
    CountsBody {
        scheduled: counts.scheduled,
        pending: counts.pending,
        retrying: counts.retrying,
        delivered: counts.delivered,
        exhausted: counts.exhausted,
        canceled: counts.canceled,
    }
}

fn step_body(step: &StatsBucket, events: Option<u64>) -> StepBody {
    StepBody {
        at: step.at.into(),
        events,
        attempts: step.attempts,
        failures: step.failures,
        delivered: step.delivered,
        exhausted: step.exhausted,
        canceled: step.canceled,
    }
}

fn in_period(operation: Operation) -> Operation {
    operation
        .query(
            "since",
            time(),
            "From when on; a day before the end if absent.",
        )
        .query("until", time(), "Until when; now if absent.")
        .gives::<StatsBody>(200, "Counts, rates and a time series.")
}

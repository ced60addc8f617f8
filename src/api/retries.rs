//! `/retries`: what waits for another attempt, and not waiting any longer.
//!
//! Owns: the wire shapes. Refuses: rules.

use actix_web::HttpRequest;
use actix_web::web::to;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::access::{DELIVERIES_READ, DELIVERIES_WRITE};
use crate::domain::delivery::Standing;
use crate::service::Caller;
use crate::service::retries::{RUN_LIMIT_DEFAULT, RUN_LIMIT_MAX};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Nothing, OptionalJson, Query};
use crate::web::openapi::parts::text;
use crate::web::wire::Time;
use crate::web::{Answered, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/v1/retries/run", DELIVERIES_WRITE, || to(run))
        .for_consumers()
        .fresh()
        .about(|operation| {
            operation
                .named(
                    "run_retries",
                    "Deliveries",
                    "Attempt now what waits for another attempt, and wait for the results",
                )
                .query(
                    "limit",
                    text(),
                    "How many at most; 100 if absent, at most 1,000.",
                )
                .may_take::<Nothing>(json!({}))
                .gives::<RanBody>(200, "What came of it.")
        }),
    Endpoint::get("/api/v1/retries/summary", DELIVERIES_READ, || to(summary))
        .for_consumers()
        .about(|operation| {
            operation
                .named(
                    "show_retries",
                    "Deliveries",
                    "Show what waits, and when it is due",
                )
                .gives::<SummaryBody>(200, "What waits.")
        }),
];

/// What running the retries came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct RanBody {
    /// Deliveries that were attempted.
    pub processed: u64,
    /// Those that were delivered.
    pub delivered: u64,
    /// Those that failed.
    pub failed: u64,
}

/// What waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct SummaryBody {
    /// Deliveries that wait for their first attempt.
    pub pending: u64,
    /// Deliveries that wait for another attempt.
    pub retrying: u64,
    /// Deliveries that are due; what a disabled webhook holds is not.
    pub due_now: u64,
    /// When the next retry is due.
    pub next_attempt_at: Option<Time>,
    /// Dead letters.
    pub exhausted: u64,
    /// The same by webhook.
    pub by_webhook: Vec<WebhookSummaryBody>,
}

/// What waits for one webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookSummaryBody {
    /// The webhook.
    pub webhook_id: String,
    /// Deliveries that wait for their first attempt.
    pub pending: u64,
    /// Deliveries that wait for another attempt.
    pub retrying: u64,
    /// Deliveries that are due.
    pub due_now: u64,
    /// When the next retry is due.
    pub next_attempt_at: Option<Time>,
    /// Dead letters.
    pub exhausted: u64,
}

async fn run(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let mut query = Query::of(&request);
    let limit = query.parsed("limit", limit).unwrap_or(RUN_LIMIT_DEFAULT);
    query.finish()?;
    let ran = state.service.run_retries(&caller, limit).await?;
    answer::ok(&RanBody {
        processed: ran.processed,
        delivered: ran.delivered,
        failed: ran.failed,
    })
}

fn limit(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|limit| (1..=RUN_LIMIT_MAX).contains(limit))
        .ok_or_else(|| format!("must be a whole number from 1 to {RUN_LIMIT_MAX}"))
}

/// `GET /retries/summary`.
///
/// # Errors
/// 422 for unknown parameters.
pub async fn summary(state: State, caller: Caller, request: HttpRequest) -> Answered {
    Query::of(&request).finish()?;
    let summary = state.service.retry_summary(&caller).await?;
    answer::ok(&SummaryBody {
        pending: summary.pending,
        retrying: summary.retrying,
        due_now: summary.due_now,
        next_attempt_at: summary.next_attempt_at.map(Time::from),
        exhausted: summary.exhausted,
        by_webhook: summary.by_webhook.iter().map(of_webhook).collect(),
    })
}

fn of_webhook(standing: &Standing) -> WebhookSummaryBody {
    WebhookSummaryBody {
        webhook_id: standing.webhook.to_string(),
        pending: standing.pending,
        retrying: standing.retrying,
        due_now: standing.due_now,
        next_attempt_at: standing.next_attempt_at.map(Time::from),
        exhausted: standing.dead_letters,
    }
}

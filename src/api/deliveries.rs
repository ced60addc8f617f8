//! `/deliveries`: where each stands, what was sent and what came back.
//!
//! Owns: the wire shapes of deliveries and attempts. Refuses: trusting what receivers sent: it is
//! shown as text, never as anything else.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::access::{DELIVERIES_READ, DELIVERIES_WRITE};
use super::delivery_filter::{filter_of, filtered};
use super::words::{AttemptTriggerWord, DeliveryStatus, DeliveryTrigger, ErrorKind};
use crate::domain::attempt::Attempt;
use crate::domain::delivery::{Delivery, DeliveryScope};
use crate::domain::id::{AttemptId, DeliveryId};
use crate::domain::outcome::FailureKind;
use crate::domain::page::List;
use crate::service::Caller;
use crate::service::deliveries::DeliveryDetail;
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Nothing, OptionalJson, Query, path_id};
use crate::web::openapi::parts::text;
use crate::web::wire::{ListBody, Time};
use crate::web::{Answered, Problem, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::get("/api/v1/deliveries", DELIVERIES_READ, || to(list))
        .for_consumers()
        .about(|operation| {
            filtered(operation.named("list_deliveries", "Deliveries", "List deliveries"))
                .lists::<DeliveryBody>("A page of deliveries.")
        }),
    Endpoint::get("/api/v1/deliveries/{id}", DELIVERIES_READ, || to(show))
        .for_consumers()
        .about(|operation| {
            operation
                .named("show_delivery", "Deliveries", "Show a delivery")
                .query(
                    "attempts_before",
                    text(),
                    "Show attempts before the one of this number.",
                )
                .gives::<DeliveryDetailBody>(200, "The delivery, what is sent and its attempts.")
        }),
    Endpoint::post("/api/v1/deliveries/{id}/retry", DELIVERIES_WRITE, || {
        to(retry)
    })
    .for_consumers()
    .fresh()
    .about(|operation| {
        operation
            .named(
                "retry_delivery",
                "Deliveries",
                "Attempt a delivery again, now",
            )
            .may_take::<Nothing>(json!({}))
            .gives::<DeliveryBody>(202, "The delivery that is attempted.")
            .or(409)
    }),
    Endpoint::post("/api/v1/deliveries/{id}/cancel", DELIVERIES_WRITE, || {
        to(cancel)
    })
    .for_consumers()
    .fresh()
    .about(|operation| {
        operation
            .named("cancel_delivery", "Deliveries", "Give a delivery up")
            .may_take::<Nothing>(json!({}))
            .gives::<DeliveryBody>(200, "The delivery as it is now.")
            .or(409)
    }),
];

/// A delivery.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryBody {
    /// Its id.
    pub id: String,
    /// The webhook it goes to; null for a one-off receiver.
    pub webhook_id: Option<String>,
    /// The event it carries.
    pub event_id: String,
    /// The event's type.
    pub event_type: String,
    /// Where it stands.
    #[schema(value_type = DeliveryStatus)]
    pub status: &'static str,
    /// Why it exists.
    #[schema(value_type = DeliveryTrigger)]
    pub trigger: &'static str,
    /// Attempts made so far.
    pub attempt_count: u32,
    /// How many attempts its policy comes to.
    pub max_attempts: u32,
    /// When the next attempt is due.
    pub next_attempt_at: Option<Time>,
    /// The last answer's status code.
    pub last_status_code: Option<u16>,
    /// The last failure in words.
    pub last_error: Option<String>,
    /// The last failure's kind.
    #[schema(value_type = Option<ErrorKind>)]
    pub last_error_kind: Option<&'static str>,
    /// `template` where nothing could be sent, because the webhook's template gives no body for the
    /// event; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ErrorKind, required = false)]
    pub error_kind: Option<&'static str>,
    /// What to do about that; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub hint: Option<&'static str>,
    /// How long the last attempt took.
    pub last_duration_ms: Option<u32>,
    /// The delivery that it repeats.
    pub retried_from: Option<String>,
    /// When the alert target was told that it gave up.
    pub alert_sent_at: Option<Time>,
    /// Why the alert target could not be told; null for a consumer's key.
    pub alert_error: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it ended.
    pub completed_at: Option<Time>,
}

/// One delivery, whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryDetailBody {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryBody,
    /// Where it goes, or went last.
    pub url: String,
    /// The headers of the last attempt; empty before the first.
    pub request_headers: BTreeMap<String, String>,
    /// The body, the same in every attempt.
    pub request_body: String,
    /// The batch with which it goes out, whose body that is; null where it goes alone.
    pub batch: Option<DeliveryBatchBody>,
    /// Its attempts, oldest first: the latest, as many as an answer holds.
    pub attempts: Vec<AttemptBody>,
    /// What to pass as `attempts_before` for earlier attempts; null where there are none.
    pub attempts_before: Option<u32>,
}

/// Deliveries that go out in one request.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryBatchBody {
    /// What stands in `webhook-id`, the same in every attempt.
    pub id: String,
    /// The deliveries, in event order.
    pub delivery_ids: Vec<String>,
}

/// One HTTP request of a delivery, with what came back.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttemptBody {
    /// Its id.
    pub id: String,
    /// The delivery's how-manieth it is, from 1.
    pub number: u32,
    /// `schedule`, `manual` or `test`.
    #[schema(value_type = AttemptTriggerWord)]
    pub trigger: &'static str,
    /// When it started.
    pub started_at: Time,
    /// How long it took.
    pub duration_ms: u32,
    /// The answer's status code.
    pub status_code: Option<u16>,
    /// Why it failed, in words.
    pub error: Option<String>,
    /// Why it failed.
    #[schema(value_type = Option<ErrorKind>)]
    pub error_kind: Option<&'static str>,
    /// Whom it reached; null for a consumer's key.
    pub remote_addr: Option<String>,
    /// The headers that came back.
    pub response_headers: BTreeMap<String, String>,
    /// The body that came back, as far as it is kept.
    pub response_body: Option<String>,
    /// Whether more came back than is kept.
    pub response_truncated: bool,
}

async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    list_of(&state, &caller, Query::of(&request), DeliveryScope::All).await
}

/// A page of deliveries of some sort.
pub(super) async fn list_of(
    state: &State,
    caller: &Caller,
    mut query: Query,
    scope: DeliveryScope,
) -> Answered {
    let input = filter_of(&mut query);
    let list = match scope {
        DeliveryScope::DeadLetters | DeliveryScope::Discarded => List::DeadLetters,
        DeliveryScope::All | DeliveryScope::Undiscarded => List::Deliveries,
    };
    let (cursor, limit) = (query.cursor("cursor", list), query.limit());
    query.finish()?;
    let filter = state
        .service
        .delivery_filter(caller, scope, input, "")
        .await?;
    let page = state
        .service
        .deliveries(caller, filter, cursor, limit)
        .await?;
    answer::ok(&ListBody::of(page, |own| delivery(&own)))
}

async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let number = |text: &str| {
        let number = text.parse().ok().filter(|number: &u32| *number > 0);
        number.ok_or_else(|| "must be the number of an attempt".to_owned())
    };
    let before = query.parsed("attempts_before", number);
    query.finish()?;
    let id = id(&request)?;
    let detail = state.service.delivery_before(&caller, id, before).await?;
    answer::ok(&detailed(detail))
}

async fn retry(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let retried = state.service.retry_delivery(&caller, id(&request)?).await?;
    answer::json(StatusCode::ACCEPTED, &delivery(&retried))
}

async fn cancel(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let canceled = state
        .service
        .cancel_delivery(&caller, id(&request)?)
        .await?;
    answer::ok(&delivery(&canceled))
}

fn id(request: &HttpRequest) -> Result<DeliveryId, Problem> {
    path_id(request, "delivery")
}

/// What to do where a template gives no body.
const MEND_TEMPLATE: &str = "Mend the webhook's template, or give what may be missing a default; then \
                             retry: what was never sent takes the template as it is then.";

/// A delivery's wire shape.
#[must_use]
pub fn delivery(delivery: &Delivery) -> DeliveryBody {
    let registered = delivery.webhook_registered;
    let kind = delivery.last_error_kind;
    let unsent = kind.filter(|kind| *kind == FailureKind::Template);
    DeliveryBody {
        id: delivery.id.to_string(),
        webhook_id: registered.then(|| delivery.webhook.to_string()),
        event_id: delivery.event_public_id.clone(),
        event_type: delivery.event_type.clone(),
        status: delivery.progress.status.as_str(),
        trigger: delivery.trigger.as_str(),
        attempt_count: delivery.progress.attempt_count,
        max_attempts: delivery.max_attempts,
        next_attempt_at: delivery.next_attempt_at().map(Time::from),
        last_status_code: delivery.last_status_code,
        last_error: delivery.last_error.clone(),
        last_error_kind: delivery.last_error_kind.map(FailureKind::as_str),
        error_kind: unsent.map(FailureKind::as_str),
        hint: unsent.map(|_| MEND_TEMPLATE),
        last_duration_ms: delivery.last_duration_ms,
        retried_from: delivery.retried_from.map(|id| id.to_string()),
        alert_sent_at: delivery.alert_sent_at.map(Time::from),
        alert_error: delivery.alert_error.clone(),
        created_at: delivery.created_at.into(),
        completed_at: delivery.completed_at.map(Time::from),
    }
}

fn detailed(detail: DeliveryDetail) -> DeliveryDetailBody {
    let id = detail.delivery.id;
    let attempts = detail.attempts.into_iter();
    DeliveryDetailBody {
        delivery: delivery(&detail.delivery),
        url: detail.url,
        request_headers: headers(&detail.request_headers),
        request_body: String::from_utf8_lossy(&detail.request_body).into_owned(),
        batch: detail.batch.map(|batch| DeliveryBatchBody {
            id: batch.id,
            delivery_ids: batch.deliveries.iter().map(ToString::to_string).collect(),
        }),
        attempts: attempts.map(|own| attempt(own.id(id), own)).collect(),
        attempts_before: detail.attempts_before,
    }
}

fn attempt(id: AttemptId, attempt: Attempt) -> AttemptBody {
    let body = attempt.response_body.as_deref();
    AttemptBody {
        id: id.to_string(),
        number: attempt.number,
        trigger: attempt.trigger.as_str(),
        started_at: attempt.started_at.into(),
        duration_ms: attempt.duration_ms,
        status_code: attempt.status_code,
        error: attempt.error,
        error_kind: attempt.error_kind.map(FailureKind::as_str),
        remote_addr: attempt.remote_addr,
        response_headers: headers(&attempt.response_headers),
        response_body: body.map(|body| String::from_utf8_lossy(body).into_owned()),
        response_truncated: attempt.response_truncated,
    }
}

/// Headers are stored a line each; a name that came twice is shown once, with both values.
fn headers(lines: &str) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in lines.lines().filter_map(|line| line.split_once(": ")) {
        headers
            .entry(name.to_owned())
            .and_modify(|known| {
                known.push_str(", ");
                known.push_str(value);
            })
            .or_insert_with(|| value.to_owned());
    }
    headers
}

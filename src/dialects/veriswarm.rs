//! VeriSwarm: numbers for ids, bare arrays, and deliveries that fail rather than retry.
//!
//! Owns: its routes, its shapes and its words for a delivery's state. Refuses: anything that its
//! documentation does not show.
//!
//! # The second factor
//! Retry, rotate, test and revoke are documented as needing one. A session in which none was shown
//! lately is refused here even where the native API lets a person without one pass; keys of programs
//! need their scope alone. Registering asks as everywhere: whoever has a second factor shows it.
//!
//! # Numbers
//! An id here is the number of the row. Row numbers count up from 1, so that a JavaScript client
//! holds them exactly.
//!
//! # How many attempts there are
//! The documentation prints `max_attempts: 3` beside a schedule of three retries, which makes four
//! attempts. What is told here is how often the delivery really may be attempted, so that
//! `attempt_number < max_attempts` means what a client takes it to mean; when a person retries a
//! delivery beyond that, the limit goes up with it, and the number never exceeds it.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;

use super::dialect::{
    AS_WRITTEN, Credential, CredentialForm, DELIVERIES_READ, DELIVERIES_WRITE, Dialect,
    WEBHOOKS_READ, WEBHOOKS_WRITE, plain,
};
use crate::domain::delivery::{Delivery, DeliveryFilter, Standing, Status};
use crate::domain::id::{DeliveryId, WebhookId};
use crate::domain::webhook::{Webhook, WebhookState};
use crate::service::by_profile::ProfileWebhook;
use crate::service::retries::RUN_LIMIT_DEFAULT;
use crate::service::webhooks::{Registered, Rotated, RotationInput, WebhookInput};
use crate::service::{Caller, Refusal, StoredAnswer};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Json, Nothing, OptionalJson, Query, path_text};
use crate::web::wire::Time;
use crate::web::{Answered, Problem, State, answer};

mod shape;

use shape::{
    CreatedBody, ListedBody, OfWebhookBody, RevokedBody, VeriswarmDeliveryBody,
    VeriswarmNewWebhook, VeriswarmRanBody, VeriswarmRotatedBody, VeriswarmSummaryBody,
    VeriswarmTestBody, VeriswarmWebhookBody, WaitingBody,
};

const PROFILE: &str = "veriswarm";
/// What is said of a delivery that was canceled, which the documentation has no word for.
const ABANDONED: &str = "abandoned: the webhook was revoked, or the delivery was canceled";

/// The line in the table of dialects.
pub static DIALECT: Dialect = Dialect {
    base: "/veriswarm",
    credential: Credential {
        header: "x-account-access-token",
        form: CredentialForm::Plain,
        missing: "credentials are needed: send x-account-access-token: <session token or API key>",
    },
    fields: &[("url", "callback_url")],
    status: Problem::status,
    refusal: plain,
    odd_paths: AS_WRITTEN,
    endpoints: &[
        Endpoint::post(
            "/veriswarm/v1/public/providers/webhooks",
            WEBHOOKS_WRITE,
            || to(create),
        )
        .fresh(),
        Endpoint::get(
            "/veriswarm/v1/public/providers/webhooks",
            WEBHOOKS_READ,
            || to(list),
        ),
        Endpoint::get(
            "/veriswarm/v1/public/providers/webhooks/deliveries",
            DELIVERIES_READ,
            || to(deliveries),
        ),
        Endpoint::post(
            "/veriswarm/v1/public/providers/webhooks/deliveries/{id}/retry",
            DELIVERIES_WRITE,
            || to(retry),
        )
        .shown(),
        Endpoint::post(
            "/veriswarm/v1/public/providers/webhooks/retries/run",
            DELIVERIES_WRITE,
            || to(run),
        )
        .fresh(),
        Endpoint::get(
            "/veriswarm/v1/public/providers/webhooks/retries/summary",
            DELIVERIES_READ,
            || to(summary),
        ),
        Endpoint::post(
            "/veriswarm/v1/public/providers/webhooks/{id}/rotate-secret",
            WEBHOOKS_WRITE,
            || to(rotate),
        )
        .shown(),
        Endpoint::post(
            "/veriswarm/v1/public/providers/webhooks/{id}/test",
            WEBHOOKS_WRITE,
            || to(test),
        )
        .shown(),
        Endpoint::post(
            "/veriswarm/v1/public/providers/webhooks/{id}/revoke",
            WEBHOOKS_WRITE,
            || to(revoke),
        )
        .shown(),
    ],
};

async fn create(state: State, caller: Caller, body: Json<VeriswarmNewWebhook>) -> Answered {
    let input = WebhookInput {
        url: Some(body.value.callback_url),
        event_types: Some(body.value.event_types),
        label: body.value.label,
        profile: Some(PROFILE.to_owned()),
        ..WebhookInput::default()
    };
    answer::idempotent(body.keyed, created, |key| {
        state.service.create_webhook(&caller, input, key)
    })
    .await
}

async fn list(state: State, caller: Caller) -> Answered {
    let found = state.service.webhooks_of_profile(&caller, PROFILE).await?;
    let listed: Vec<ListedBody> = found.into_iter().map(listed).collect();
    answer::ok(&listed)
}

async fn deliveries(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let limit = query.limit();
    let webhook_seq = query.parsed("webhook_id", |text| text.parse().map_err(|_| NO_NUMBER));
    query.finish()?;
    let filter = DeliveryFilter {
        workspace_seq: caller.workspace.seq(),
        profile: Some(PROFILE.to_owned()),
        webhook_seq,
        ..DeliveryFilter::default()
    };
    let page = state
        .service
        .deliveries(&caller, filter, None, limit)
        .await?;
    let shown: Vec<VeriswarmDeliveryBody> = page.items.into_iter().map(delivery).collect();
    answer::ok(&shown)
}

async fn retry(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let id = delivery_named(&state, &caller, &request).await?;
    let retried = state.service.retry_delivery(&caller, id).await?;
    answer::json(StatusCode::ACCEPTED, &delivery(retried))
}

async fn run(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let mut query = Query::of(&request);
    let limit = query.parsed("limit", |text| text.parse().map_err(|_| NO_NUMBER));
    query.finish()?;
    let limit = limit.unwrap_or(RUN_LIMIT_DEFAULT);
    let ran = state.service.run_retries(&caller, limit).await?;
    answer::ok(&VeriswarmRanBody {
        processed: ran.processed,
        delivered: ran.delivered,
        failed: ran.failed,
    })
}

async fn summary(state: State, caller: Caller, request: HttpRequest) -> Answered {
    Query::of(&request).finish()?;
    let summary = state.service.retry_summary(&caller).await?;
    answer::ok(&VeriswarmSummaryBody {
        all: WaitingBody {
            pending: summary.pending,
            retrying: summary.retrying,
            due_now: summary.due_now,
            next_retry_at: summary.next_attempt_at.map(Time),
            exhausted: summary.exhausted,
        },
        by_webhook: summary.by_webhook.iter().map(of_webhook).collect(),
    })
}

fn of_webhook(standing: &Standing) -> OfWebhookBody {
    OfWebhookBody {
        webhook_id: standing.webhook.seq(),
        waiting: WaitingBody {
            pending: standing.pending,
            retrying: standing.retrying,
            due_now: standing.due_now,
            next_retry_at: standing.next_attempt_at.map(Time),
            exhausted: standing.dead_letters,
        },
    }
}

async fn rotate(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<Nothing>,
) -> Answered {
    let id = webhook_named(&state, &caller, &request).await?;
    answer::idempotent(body.0.keyed, rotated, |key| {
        state
            .service
            .rotate_secret(&caller, id, RotationInput::default(), key)
    })
    .await
}

fn rotated(rotated: &Rotated) -> StoredAnswer {
    answer::recorded(
        StatusCode::OK,
        &VeriswarmRotatedBody {
            status: "rotated",
            webhook_id: rotated.webhook.seq(),
            signing_secret: rotated.secret.expose().to_owned(),
        },
    )
}

async fn test(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let id = webhook_named(&state, &caller, &request).await?;
    let tested = state.service.test_webhook(&caller, id, None, None).await?;
    let attempt = tested.attempt;
    answer::ok(&VeriswarmTestBody {
        status: match attempt.error_kind {
            None => "delivered",
            Some(_) => "failed",
        },
        webhook_id: id.seq(),
        delivery_id: tested.delivery.seq(),
        status_code: attempt.status_code,
        duration_ms: attempt.duration_ms,
        error_message: attempt.failure(),
    })
}

async fn revoke(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let id = webhook_named(&state, &caller, &request).await?;
    state.service.revoke_webhook(&caller, id).await?;
    answer::ok(&RevokedBody {
        status: "revoked",
        webhook_id: id.seq(),
    })
}

const NO_NUMBER: &str = "must be a whole number";

/// What is no number names nothing that exists.
fn number(request: &HttpRequest, what: &'static str) -> Result<i64, Problem> {
    let text = path_text(request, "id");
    let number = text.parse().ok().filter(|number: &i64| *number > 0);
    number.ok_or_else(|| Refusal::NotFound(what).into())
}

async fn webhook_named(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<WebhookId, Problem> {
    let name = ProfileWebhook::Number(number(request, "webhook")?);
    let found = state.service.webhook_of_profile(caller, PROFILE, name);
    Ok(found.await?.id)
}

async fn delivery_named(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<DeliveryId, Problem> {
    let number = number(request, "delivery")?;
    let found = state.service.delivery_of_profile(caller, PROFILE, number);
    Ok(found.await?.id)
}

fn created(registered: &Registered) -> StoredAnswer {
    let body = CreatedBody {
        webhook: webhook(registered.webhook.clone()),
        signing_secret: registered.secret.expose().to_owned(),
    };
    answer::recorded(StatusCode::CREATED, &body)
}

fn listed(found: Webhook) -> ListedBody {
    ListedBody {
        last_attempted_at: found.health.last_attempted_at.map(Time),
        last_success_at: found.health.last_success_at.map(Time),
        last_status_code: found.health.last_status_code,
        webhook: webhook(found),
    }
}

fn webhook(webhook: Webhook) -> VeriswarmWebhookBody {
    VeriswarmWebhookBody {
        id: webhook.id.seq(),
        label: webhook.settings.label,
        callback_url: webhook.settings.url,
        event_types: webhook.settings.subscription.texts(),
        is_active: webhook.state == WebhookState::Active,
        created_at: webhook.created_at.into(),
    }
}

fn delivery(delivery: Delivery) -> VeriswarmDeliveryBody {
    let progress = delivery.progress;
    let (status, said) = match progress.status {
        Status::Scheduled | Status::Pending => ("pending", None),
        Status::Delivered => ("delivered", None),
        Status::Retrying => ("failed", None),
        Status::Exhausted => ("exhausted", None),
        // No attempt will follow: of the documented words that is this one.
        Status::Canceled => ("exhausted", Some(ABANDONED)),
    };
    let next = delivery.next_attempt_at();
    let attempt_number = progress.attempt_count.max(1);
    VeriswarmDeliveryBody {
        id: delivery.id.seq(),
        webhook_id: delivery.webhook.seq(),
        event_type: delivery.event_type,
        status,
        status_code: delivery.last_status_code,
        duration_ms: delivery.last_duration_ms,
        error_message: delivery.last_error.or(said.map(str::to_owned)),
        attempt_number,
        max_attempts: delivery.max_attempts.max(attempt_number),
        retried_from_delivery_id: delivery.retried_from.map(|id| id.seq()),
        next_retry_at: match progress.status {
            Status::Retrying => next.map(Time),
            Status::Scheduled
            | Status::Pending
            | Status::Delivered
            | Status::Exhausted
            | Status::Canceled => None,
        },
        alert_sent_at: delivery.alert_sent_at.map(Time),
        alert_error: delivery.alert_error,
        created_at: delivery.created_at.into(),
    }
}

//! IndigiArmor: webhooks with UUIDs, every answer in a wrapper.
//!
//! Owns: its routes and shapes, and its two readings of what the native API says otherwise: a
//! format that it does not know is a 400, and a test answers within ten seconds.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde::{Deserialize, Serialize};

use super::dialect::{AS_WRITTEN, BEARER, Dialect, WEBHOOKS_READ, WEBHOOKS_WRITE, plain};
use crate::domain::attempt::Attempt;
use crate::domain::format::Format;
use crate::domain::id::WebhookId;
use crate::domain::webhook::{Webhook, WebhookState};
use crate::service::by_profile::ProfileWebhook;
use crate::service::webhooks::{Registered, WebhookInput};
use crate::service::{Caller, Refusal, StoredAnswer};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Json, Nothing, OptionalJson, RequestBody, path_text};
use crate::web::wire::Time;
use crate::web::{Answered, Problem, State, answer};

const PROFILE: &str = "indigiarmor";
/// How long a test may take to answer; the attempt itself goes on and is recorded.
const TEST_WAIT: Duration = Duration::from_secs(10);
/// What a test says of a receiver that gave no answer.
const UNREACHED: &str = "Connection failed or timed out";

/// The line in the table of dialects.
pub static DIALECT: Dialect = Dialect {
    base: "/indigiarmor",
    credential: BEARER,
    fields: &[("event_types", "events"), ("active", "enabled")],
    status,
    refusal: plain,
    odd_paths: AS_WRITTEN,
    endpoints: &[
        Endpoint::get("/indigiarmor/v1/webhooks", WEBHOOKS_READ, || to(list)),
        Endpoint::post("/indigiarmor/v1/webhooks", WEBHOOKS_WRITE, || to(create)).fresh(),
        Endpoint::put("/indigiarmor/v1/webhooks/{id}", WEBHOOKS_WRITE, || {
            to(update)
        }),
        Endpoint::patch("/indigiarmor/v1/webhooks/{id}", WEBHOOKS_WRITE, || {
            to(update)
        }),
        Endpoint::delete("/indigiarmor/v1/webhooks/{id}", WEBHOOKS_WRITE, || {
            to(remove)
        })
        .fresh(),
        Endpoint::post("/indigiarmor/v1/webhooks/{id}/test", WEBHOOKS_WRITE, || {
            to(test)
        })
        .fresh(),
    ],
};

/// An unknown format is a bad request here; everything else has the status that it always has.
fn status(problem: &Problem) -> StatusCode {
    match problem.errors() {
        [only] if only.field == "format" => StatusCode::BAD_REQUEST,
        _ => problem.status(),
    }
}

/// What registers a webhook.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndigiarmorNewWebhook {
    url: String,
    events: Option<Vec<String>>,
    format: Option<String>,
}

impl RequestBody for IndigiarmorNewWebhook {}

/// What changes one; what is absent stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangedWebhook {
    url: Option<String>,
    events: Option<Vec<String>>,
    format: Option<String>,
    enabled: Option<bool>,
}

impl RequestBody for ChangedWebhook {}

/// A webhook. The secret is present in the answer that made it only: to its registration, and to a
/// change that led its URL to another origin.
#[derive(Debug, Serialize)]
pub struct IndigiarmorWebhookBody {
    id: String,
    url: String,
    events: Vec<String>,
    format: &'static str,
    enabled: bool,
    failure_count: u32,
    last_triggered_at: Option<Time>,
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// One webhook in its wrapper.
#[derive(Debug, Serialize)]
pub struct OneBody {
    webhook: IndigiarmorWebhookBody,
}

/// A list of webhooks in its wrapper.
#[derive(Debug, Serialize)]
pub struct ManyBody {
    webhooks: Vec<IndigiarmorWebhookBody>,
}

/// The answer to a removal.
#[derive(Debug, Serialize)]
pub struct DeletedBody {
    deleted: bool,
}

/// What a test came to.
#[derive(Debug, Serialize)]
pub struct IndigiarmorTestBody {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

async fn create(state: State, caller: Caller, body: Json<IndigiarmorNewWebhook>) -> Answered {
    let given = body.value;
    check_format(given.format.as_deref())?;
    let input = WebhookInput {
        url: Some(given.url),
        event_types: given.events,
        format: given.format,
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
    let webhooks = found.into_iter().map(webhook).collect();
    answer::ok(&ManyBody { webhooks })
}

async fn update(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<ChangedWebhook>,
) -> Answered {
    let given = body.value;
    check_format(given.format.as_deref())?;
    let id = named(&state, &caller, &request).await?;
    let input = WebhookInput {
        url: given.url,
        event_types: given.events,
        format: given.format,
        active: given.enabled,
        ..WebhookInput::default()
    };
    let changed = state.service.update_webhook(&caller, id, input).await?;
    let webhook = IndigiarmorWebhookBody {
        secret: changed.secret.map(|secret| secret.expose().to_owned()),
        ..webhook(changed.webhook)
    };
    answer::ok(&OneBody { webhook })
}

async fn remove(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = named(&state, &caller, &request).await?;
    state.service.delete_webhook(&caller, id).await?;
    answer::ok(&DeletedBody { deleted: true })
}

async fn test(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let id = named(&state, &caller, &request).await?;
    let testing = state.service.test_webhook(&caller, id, None, None);
    let body = match tokio::time::timeout(TEST_WAIT, testing).await {
        Ok(tested) => tested_body(&tested?.attempt),
        Err(_) => unreached(),
    };
    answer::ok(&body)
}

/// The webhook that the path names, if it is one of this dialect's.
async fn named(
    state: &State,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<WebhookId, Problem> {
    let id = WebhookId::parse_uuid(&path_text(request, "id"));
    let name = ProfileWebhook::Id(id.ok_or(Refusal::NotFound("webhook"))?);
    let found = state.service.webhook_of_profile(caller, PROFILE, name);
    Ok(found.await?.id)
}

/// Webhooks have other formats as well, but this dialect's clients know one.
fn check_format(given: Option<&str>) -> Result<(), Refusal> {
    match given {
        None => Ok(()),
        Some(text) if text == Format::Json.as_str() => Ok(()),
        Some(_) => Err(Refusal::field("format", "must be json")),
    }
}

fn created(registered: &Registered) -> StoredAnswer {
    let webhook = IndigiarmorWebhookBody {
        secret: Some(registered.secret.expose().to_owned()),
        ..webhook(registered.webhook.clone())
    };
    answer::recorded(StatusCode::CREATED, &OneBody { webhook })
}

fn webhook(webhook: Webhook) -> IndigiarmorWebhookBody {
    IndigiarmorWebhookBody {
        id: webhook.id.uuid(),
        events: webhook.settings.subscription.texts(),
        url: webhook.settings.url,
        format: webhook.settings.format.as_str(),
        enabled: webhook.state == WebhookState::Active,
        failure_count: webhook.health.consecutive_failures,
        last_triggered_at: webhook.health.last_attempted_at.map(Time),
        created_at: webhook.created_at.into(),
        secret: None,
    }
}

/// Whoever answered is reachable, and the status says the rest.
fn tested_body(attempt: &Attempt) -> IndigiarmorTestBody {
    if attempt.error_kind.is_some_and(|kind| !kind.is_answered()) {
        return unreached();
    }
    IndigiarmorTestBody {
        success: attempt.error_kind.is_none(),
        status: attempt.status_code,
        error: attempt.failure(),
    }
}

fn unreached() -> IndigiarmorTestBody {
    IndigiarmorTestBody {
        success: false,
        status: None,
        error: Some(UNREACHED.to_owned()),
    }
}

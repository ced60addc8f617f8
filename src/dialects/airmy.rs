//! AIRMY: webhooks with a secret of the caller's choice, and deliveries with what was said.
//!
//! Owns: its routes and shapes. Refuses: anything that its documentation does not show.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde::{Deserialize, Serialize};

use super::dialect::{
    AS_WRITTEN, BEARER, DELIVERIES_READ, Dialect, WEBHOOKS_READ, WEBHOOKS_WRITE, plain,
};
use crate::domain::delivery::DeliveryFilter;
use crate::domain::page::List;
use crate::domain::webhook::{Webhook, WebhookState};
use crate::service::by_profile::ProfileWebhook;
use crate::service::views::SentDelivery;
use crate::service::webhooks::{Registered, WebhookInput};
use crate::service::{Caller, StoredAnswer};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Json, Nothing, OptionalJson, Query, RequestBody, path_id};
use crate::web::wire::Time;
use crate::web::{Answered, Problem, State, answer};

const PROFILE: &str = "airmy";

/// What the documentation prints in the place of a secret. Whoever sends its example as it stands
/// gets a secret made up; to sign with words that everybody can read would prove nothing.
const SECRET_OF_THE_EXAMPLE: &str = "whsec_...";

/// The line in the table of dialects.
pub static DIALECT: Dialect = Dialect {
    base: "/airmy",
    credential: BEARER,
    fields: &[("event_types", "events")],
    status: Problem::status,
    refusal: plain,
    odd_paths: AS_WRITTEN,
    endpoints: &[
        Endpoint::post("/airmy/webhooks", WEBHOOKS_WRITE, || to(create)).fresh(),
        Endpoint::get("/airmy/webhooks", WEBHOOKS_READ, || to(list)),
        Endpoint::post("/airmy/webhooks/{id}/test", WEBHOOKS_WRITE, || to(test)).fresh(),
        Endpoint::get("/airmy/webhooks/{id}/deliveries", DELIVERIES_READ, || {
            to(deliveries)
        }),
    ],
};

/// What registers a webhook.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AirmyNewWebhook {
    url: String,
    events: Vec<String>,
    secret: Option<String>,
    active: Option<bool>,
}

impl RequestBody for AirmyNewWebhook {}

/// A webhook. The secret is present in the answer to its registration only.
#[derive(Debug, Serialize)]
pub struct AirmyWebhookBody {
    id: String,
    url: String,
    events: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    active: bool,
    created_at: Time,
}

/// A list of webhooks.
#[derive(Debug, Serialize)]
pub struct AirmyWebhooksBody {
    webhooks: Vec<AirmyWebhookBody>,
}

/// What a test came to.
#[derive(Debug, Serialize)]
pub struct AirmyTestBody {
    success: bool,
    status_code: Option<u16>,
    error: Option<String>,
    duration_ms: u32,
    delivery_id: String,
}

/// A delivery with its request, and with the last answer to it.
#[derive(Debug, Serialize)]
pub struct AirmyDeliveryBody {
    id: String,
    webhook_id: String,
    event_id: String,
    event_type: String,
    status: &'static str,
    attempts: u32,
    status_code: Option<u16>,
    request_body: String,
    response: Option<String>,
    error: Option<String>,
    created_at: Time,
    next_attempt_at: Option<Time>,
}

/// A page of deliveries, the latest first.
#[derive(Debug, Serialize)]
pub struct DeliveriesBody {
    deliveries: Vec<AirmyDeliveryBody>,
    next_cursor: Option<String>,
}

async fn create(state: State, caller: Caller, body: Json<AirmyNewWebhook>) -> Answered {
    let given = body.value;
    let input = WebhookInput {
        url: Some(given.url),
        event_types: Some(given.events),
        secret: given.secret.filter(|text| text != SECRET_OF_THE_EXAMPLE),
        active: given.active,
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
    answer::ok(&AirmyWebhooksBody { webhooks })
}

async fn test(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let webhook = named(&state, &caller, &request).await?;
    let tested = state.service.test_webhook(&caller, webhook.id, None, None);
    let tested = tested.await?;
    answer::ok(&AirmyTestBody {
        success: tested.attempt.error_kind.is_none(),
        status_code: tested.attempt.status_code,
        error: tested.attempt.failure(),
        duration_ms: tested.attempt.duration_ms,
        delivery_id: tested.delivery.to_string(),
    })
}

async fn deliveries(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (cursor, limit) = (query.cursor("cursor", List::Deliveries), query.limit());
    query.finish()?;
    let webhook = named(&state, &caller, &request).await?;
    let filter = DeliveryFilter {
        workspace_seq: caller.workspace.seq(),
        webhook_seq: Some(webhook.id.seq()),
        ..DeliveryFilter::default()
    };
    let views = state.service.views();
    let page = views.sent_deliveries(filter, cursor, limit).await?;
    answer::ok(&DeliveriesBody {
        deliveries: page.items.into_iter().map(delivery).collect(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    })
}

async fn named(state: &State, caller: &Caller, request: &HttpRequest) -> Result<Webhook, Problem> {
    let name = ProfileWebhook::Id(path_id(request, "webhook")?);
    let found = state.service.webhook_of_profile(caller, PROFILE, name);
    Ok(found.await?)
}

fn created(registered: &Registered) -> StoredAnswer {
    let body = AirmyWebhookBody {
        secret: Some(registered.secret.expose().to_owned()),
        ..webhook(registered.webhook.clone())
    };
    answer::recorded(StatusCode::CREATED, &body)
}

fn webhook(webhook: Webhook) -> AirmyWebhookBody {
    AirmyWebhookBody {
        id: webhook.id.to_string(),
        events: webhook.settings.subscription.texts(),
        url: webhook.settings.url,
        secret: None,
        active: webhook.state == WebhookState::Active,
        created_at: webhook.created_at.into(),
    }
}

fn delivery(sent: SentDelivery) -> AirmyDeliveryBody {
    let delivery = sent.delivery;
    let next_attempt_at = delivery.next_attempt_at().map(Time);
    let response = sent.response_body;
    AirmyDeliveryBody {
        id: delivery.id.to_string(),
        webhook_id: delivery.webhook.to_string(),
        event_id: delivery.event_public_id,
        event_type: delivery.event_type,
        status: delivery.progress.status.as_str(),
        attempts: delivery.progress.attempt_count,
        status_code: delivery.last_status_code,
        request_body: String::from_utf8_lossy(&sent.request_body).into_owned(),
        response: response.map(|body| String::from_utf8_lossy(&body).into_owned()),
        error: delivery.last_error,
        created_at: delivery.created_at.into(),
        next_attempt_at,
    }
}

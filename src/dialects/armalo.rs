//! Armalo: webhooks under `X-Pact-Key`, in camel case.
//!
//! Owns: its two routes and shapes. Refuses: anything that its documentation does not show.

use actix_web::http::StatusCode;
use actix_web::web::to;
use serde::{Deserialize, Serialize};

use super::dialect::{
    AS_WRITTEN, Credential, CredentialForm, Dialect, WEBHOOKS_READ, WEBHOOKS_WRITE, plain,
};
use crate::domain::webhook::{Webhook, WebhookState};
use crate::service::webhooks::{Registered, WebhookInput};
use crate::service::{Caller, StoredAnswer};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Json, RequestBody};
use crate::web::wire::Time;
use crate::web::{Answered, Problem, State, answer};

const PROFILE: &str = "armalo";

/// The line in the table of dialects.
pub static DIALECT: Dialect = Dialect {
    base: "/armalo",
    credential: Credential {
        header: "x-pact-key",
        form: CredentialForm::Plain,
        missing: "credentials are needed: send X-Pact-Key: <API key>",
    },
    fields: &[("event_types", "events")],
    status: Problem::status,
    refusal: plain,
    odd_paths: AS_WRITTEN,
    endpoints: &[
        Endpoint::post("/armalo/api/v1/webhooks", WEBHOOKS_WRITE, || to(create)).fresh(),
        Endpoint::get("/armalo/api/v1/webhooks", WEBHOOKS_READ, || to(list)),
    ],
};

/// What registers a webhook.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmaloNewWebhook {
    url: String,
    events: Vec<String>,
}

impl RequestBody for ArmaloNewWebhook {}

/// A webhook. The secret is present in the answer to its registration only.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArmaloWebhookBody {
    id: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    events: Vec<String>,
    is_active: bool,
    created_at: Time,
}

/// A list of webhooks.
#[derive(Debug, Serialize)]
pub struct ArmaloWebhooksBody {
    webhooks: Vec<ArmaloWebhookBody>,
}

async fn create(state: State, caller: Caller, body: Json<ArmaloNewWebhook>) -> Answered {
    let input = WebhookInput {
        url: Some(body.value.url),
        event_types: Some(body.value.events),
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
    answer::ok(&ArmaloWebhooksBody { webhooks })
}

fn created(registered: &Registered) -> StoredAnswer {
    let body = ArmaloWebhookBody {
        secret: Some(registered.secret.expose().to_owned()),
        ..webhook(registered.webhook.clone())
    };
    answer::recorded(StatusCode::CREATED, &body)
}

fn webhook(webhook: Webhook) -> ArmaloWebhookBody {
    ArmaloWebhookBody {
        id: webhook.id.to_string(),
        events: webhook.settings.subscription.texts(),
        url: webhook.settings.url,
        secret: None,
        is_active: webhook.state == WebhookState::Active,
        created_at: webhook.created_at.into(),
    }
}

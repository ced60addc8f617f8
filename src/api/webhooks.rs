//! `/webhooks`: registering receivers, changing and ending them.
//!
//! Owns: the paths, and the shapes of single actions. Refuses: showing secrets after the one answer
//! that makes them.

use std::collections::BTreeMap;
use std::slice;

use actix_web::HttpRequest;
use actix_web::web::to;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::access::{TEST, WEBHOOKS_READ, WEBHOOKS_WRITE};
use super::words::{ErrorKind, OF_CONSUMER, SignatureWord};
use crate::domain::id::WebhookId;
use crate::domain::outcome::FailureKind;
use crate::domain::page::List;
use crate::domain::portal::Capability;
use crate::domain::webhook::Webhook;
use crate::service::webhooks::RotationInput;
use crate::service::{Caller, Refusal};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Json, Nothing, OptionalJson, Query, RequestBody, path_id};
use crate::web::openapi::parts::text;
use crate::web::wire::ListBody;
use crate::web::{Answered, Problem, State, answer};

mod batch;
mod headers;
mod proof;
mod request;
mod secret;
mod shape;

pub use headers::HeadersRequest;
pub use request::{RetryFields, RetryRequest, WebhookRequest};
pub use secret::{RegisteredBody, RotatedBody};
pub use shape::{RetryBody, UpdatedBody, WebhookBody, webhook};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/v1/webhooks", WEBHOOKS_WRITE, || to(create))
        .for_consumers().fresh()
        .about(|operation| {
            operation
                .named("create_webhook", "Webhooks", "Register a webhook")
                .takes::<WebhookRequest>(json!({"url": "https://example.com/hooks", "event_types": ["invoice.*"], "label": "Billing"}))
                .gives::<RegisteredBody>(201, "The webhook, and only here its secret.")
                .keyed()
        }),
    Endpoint::get("/api/v1/webhooks", WEBHOOKS_READ, || to(list)).for_consumers().about(|operation| {
        operation
            .named("list_webhooks", "Webhooks", "List webhooks")
            .query("consumer", text(), OF_CONSUMER)
            .lists::<WebhookBody>("A page of webhooks.")
    }),
    Endpoint::get("/api/v1/webhooks/{id}", WEBHOOKS_READ, || to(show)).for_consumers().about(|operation| {
        operation
            .named("show_webhook", "Webhooks", "Show a webhook")
            .gives::<WebhookBody>(200, "The webhook.")
    }),
    Endpoint::patch("/api/v1/webhooks/{id}", WEBHOOKS_WRITE, || to(update)).for_consumers().about(|operation| {
        operation
            .named("update_webhook", "Webhooks", "Change a webhook")
            .takes::<WebhookRequest>(json!({"label": "Billing", "filter": {"data.amount": {"$gte": 100}}, "timeout": "10s"}))
            .gives::<UpdatedBody>(200, "The webhook as it is now.")
            .or(409)
    }),
    Endpoint::delete("/api/v1/webhooks/{id}", WEBHOOKS_WRITE, || to(delete))
        .for_consumers().fresh()
        .about(|operation| {
            operation
                .named("delete_webhook", "Webhooks", "Delete a webhook")
                .ends("It is gone; its deliveries can still be read.")
        }),
    Endpoint::post("/api/v1/webhooks/{id}/enable", WEBHOOKS_WRITE, || {
        to(enable)
    })
    .for_consumers().about(|operation| {
        operation
            .named(
                "enable_webhook",
                "Webhooks",
                "Let a webhook take part again",
            )
            .may_take::<Nothing>(json!({}))
            .gives::<WebhookBody>(200, "The webhook as it is now.")
            .or(409)
    }),
    Endpoint::post("/api/v1/webhooks/{id}/disable", WEBHOOKS_WRITE, || {
        to(disable)
    })
    .for_consumers().fresh()
    .about(|operation| {
        operation
            .named("disable_webhook", "Webhooks", "Stop a webhook for a while")
            .may_take::<Nothing>(json!({}))
            .gives::<WebhookBody>(200, "The webhook as it is now.")
            .or(409)
    }),
    Endpoint::post("/api/v1/webhooks/{id}/revoke", WEBHOOKS_WRITE, || {
        to(revoke)
    })
    .for_consumers().fresh()
    .about(|operation| {
        operation
            .named("revoke_webhook", "Webhooks", "End a webhook for good")
            .may_take::<Nothing>(json!({}))
            .gives::<WebhookBody>(200, "The webhook as it is now.")
            .or(409)
    }),
    Endpoint::post(
        "/api/v1/webhooks/{id}/rotate-secret",
        WEBHOOKS_WRITE,
        || to(rotate_secret),
    )
    .for_consumers().fresh()
    .about(|operation| {
        operation
            .named("rotate_secret", "Webhooks", "Give a webhook a new secret")
            .may_take::<RotateRequest>(json!({"overlap": "24h"}))
            .gives::<RotatedBody>(200, "The new secret, only here.")
            .or(409)
            .keyed()
    }),
    Endpoint::post("/api/v1/webhooks/{id}/test", WEBHOOKS_WRITE, || to(test))
        .for_consumers().needs(TEST).fresh()
        .about(|operation| {
            operation
                .named(
                    "test_webhook",
                    "Webhooks",
                    "Send a webhook a test event, now",
                )
                .may_take::<TestRequest>(json!({"event_type": "order.paid", "data": {"order": "A-1042"}}))
                .gives::<TestedBody>(200, "What came of it.")
                .or(409)
        }),
];

/// How to rotate a secret.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateRequest {
    /// The new secret; made up if absent.
    #[serde(default)]
    pub secret: Option<String>,
    /// How long old secrets stay valid; 24 h if absent.
    #[serde(default)]
    pub overlap: Option<String>,
    /// How deliveries are signed from now on; as before if absent.
    #[serde(default)]
    #[schema(value_type = Option<SignatureWord>)]
    pub signature: Option<String>,
}

impl RequestBody for RotateRequest {}

/// What a test sends; the wire profile's own test event if absent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestRequest {
    /// The event's type.
    #[serde(default)]
    pub event_type: Option<String>,
    /// Its data.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub data: Option<Box<RawValue>>,
}

impl RequestBody for TestRequest {}

/// What a test came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestedBody {
    /// Whether the receiver answered 2xx in time.
    pub success: bool,
    /// The answer's status code.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
    /// The kind of failure.
    #[schema(value_type = Option<ErrorKind>)]
    pub error_kind: Option<&'static str>,
    /// How long it took.
    pub duration_ms: u32,
    /// The delivery that records it.
    pub delivery_id: String,
    /// Whether the circuit breaker had disabled the webhook and it may now be enabled again.
    pub may_enable: bool,
}

async fn create(state: State, caller: Caller, body: Json<WebhookRequest>) -> Answered {
    let shape = secret::registered_to(&caller);
    answer::idempotent(body.keyed, shape, |key| {
        state
            .service
            .create_webhook(&caller, body.value.into(), key)
    })
    .await
}

async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let consumer = query.text("consumer");
    let (cursor, limit) = (query.cursor("cursor", List::Webhooks), query.limit());
    query.finish()?;
    let page = state
        .service
        .webhooks(&caller, consumer, cursor, limit)
        .await?;
    let errors = state.service.views().last_errors(&page.items).await?;
    answer::ok(&ListBody::of(page, |own| told(&own, &errors)))
}

/// A webhook with why it fails.
async fn shown(state: &State, found: Webhook) -> Result<WebhookBody, Refusal> {
    let views = state.service.views();
    let errors = views.last_errors(slice::from_ref(&found)).await?;
    Ok(told(&found, &errors))
}

fn told(found: &Webhook, errors: &BTreeMap<i64, String>) -> WebhookBody {
    WebhookBody {
        last_error: errors.get(&found.id.seq()).cloned(),
        ..webhook(found)
    }
}

async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let found = state.service.webhook(&caller, id(&request)?).await?;
    answer::ok(&shown(&state, found).await?)
}

async fn update(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<WebhookRequest>,
) -> Answered {
    let id = id(&request)?;
    let changed = state
        .service
        .update_webhook(&caller, id, body.value.into())
        .await?;
    answer::ok(&UpdatedBody {
        webhook: shown(&state, changed.webhook).await?,
        secret: changed
            .secret
            .filter(|_| caller.can(Capability::Secrets))
            .map(|secret| secret.expose().to_owned()),
    })
}

async fn delete(state: State, caller: Caller, request: HttpRequest) -> Answered {
    state.service.delete_webhook(&caller, id(&request)?).await?;
    answer::no_content()
}

async fn enable(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let changed = state.service.enable_webhook(&caller, id(&request)?).await?;
    answer::ok(&shown(&state, changed).await?)
}

async fn disable(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let changed = state
        .service
        .disable_webhook(&caller, id(&request)?)
        .await?;
    answer::ok(&shown(&state, changed).await?)
}

async fn revoke(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let changed = state.service.revoke_webhook(&caller, id(&request)?).await?;
    answer::ok(&shown(&state, changed).await?)
}

async fn rotate_secret(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<RotateRequest>,
) -> Answered {
    let (id, shape) = (id(&request)?, secret::rotated_to(&caller));
    let said = body.0.value;
    let input = RotationInput {
        secret: said.secret,
        overlap: said.overlap,
        signature: said.signature,
    };
    answer::idempotent(body.0.keyed, shape, |key| {
        state.service.rotate_secret(&caller, id, input, key)
    })
    .await
}

async fn test(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<TestRequest>,
) -> Answered {
    let TestRequest { event_type, data } = body.0.value;
    let data = data.map(|data| Box::<str>::from(data).into_string());
    let tested = state
        .service
        .test_webhook(&caller, id(&request)?, event_type, data)
        .await?;
    let attempt = tested.attempt;
    answer::ok(&TestedBody {
        success: attempt.error_kind.is_none(),
        status: attempt.status_code,
        error: attempt.failure(),
        error_kind: attempt.error_kind.map(FailureKind::as_str),
        duration_ms: attempt.duration_ms,
        delivery_id: tested.delivery.to_string(),
        may_enable: tested.may_enable,
    })
}

fn id(request: &HttpRequest) -> Result<WebhookId, Problem> {
    path_id(request, "webhook")
}

//! `/webhooks`: registering receivers, changing and ending them.
//!
//! Owns: the wire shapes of webhooks. Refuses: showing secrets after the one answer that makes
//! them, and header values that are credentials.

use std::collections::BTreeMap;
use std::fmt;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::Nothing;
use crate::domain::breaker::DisabledReason;
use crate::domain::header::CustomHeader;
use crate::domain::id::WebhookId;
use crate::domain::outcome::FailureKind;
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::webhook::Webhook;
use crate::http::extract::{Json, OptionalJson, Query, RequestBody, path_id};
use crate::http::wire::{ListBody, Span, Time, given, nullable};
use crate::http::{Answered, Problem, State, answer};
use crate::service::webhooks::{MASK, Registered, RetryInput, WebhookInput};
use crate::service::{Answer, Caller};

/// A webhook as a caller describes it: whole on creation, in part on change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookRequest {
    /// Where deliveries go.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub url: Option<String>,
    /// Which events it wants.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub event_types: Option<Vec<String>>,
    /// What people call it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub label: Option<Option<String>>,
    /// Its signing secret; only on creation.
    #[serde(default)]
    pub secret: Option<String>,
    /// Its wire profile.
    #[serde(default)]
    pub profile: Option<String>,
    /// How bodies look: `json`, `cloudevents` or `slack`.
    #[serde(default)]
    pub format: Option<String>,
    /// Headers added to every delivery; null means none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub headers: Option<Option<HeadersRequest>>,
    /// Delays between attempts, or a built-in profile's name; null means the profile's.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<RetryRequest>)]
    pub retry_policy: Option<Option<RetryRequest>>,
    /// The whole exchange's deadline; null means the profile's.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub timeout: Option<Option<String>>,
    /// Attempts under way at once; null means the default.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>)]
    pub max_in_flight: Option<Option<i64>>,
    /// Deliveries per second; null means no limit.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<f64>)]
    pub rate_limit: Option<Option<f64>>,
    /// One at a time, in event order.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub ordered: Option<bool>,
    /// Failures in a row that disable it; null means never.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>)]
    pub disable_after_failures: Option<Option<i64>>,
    /// Time of nothing but failures that disables it; null means never.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub disable_after: Option<Option<String>>,
    /// Whether it takes part.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub active: Option<bool>,
    /// The owner's own JSON object; null means an empty one.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Option<Box<RawValue>>>,
}

impl RequestBody for WebhookRequest {}

/// Header names and values, in the order given: a name that is given twice must be noticed.
#[derive(Debug)]
pub struct HeadersRequest(pub Vec<(String, String)>);

impl<'de> Deserialize<'de> for HeadersRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = HeadersRequest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of header names and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(HeadersRequest(pairs))
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

/// A retry policy: a built-in profile's name, or one's own.
#[derive(Debug)]
pub enum RetryRequest {
    /// That of a built-in profile.
    Named(String),
    /// Its own.
    Custom(RetryFields),
}

/// A retry policy of one's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryFields {
    /// Delays before the retries.
    pub delays: Vec<String>,
    /// The repeating delay after those.
    #[serde(default)]
    pub then_every: Option<String>,
    /// When to end, counted from the first attempt.
    #[serde(default)]
    pub give_up_after: Option<String>,
    /// Whether delays are spread; true if absent.
    #[serde(default)]
    pub jitter: Option<bool>,
}

impl<'de> Deserialize<'de> for RetryRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = RetryRequest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a retry policy or the name of a built-in profile")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(RetryRequest::Named(name.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                RetryFields::deserialize(MapAccessDeserializer::new(map)).map(RetryRequest::Custom)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl utoipa::PartialSchema for RetryRequest {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::OneOfBuilder::new()
            .item(<String as utoipa::PartialSchema>::schema())
            .item(utoipa::openapi::Ref::from_schema_name(RetryFields::name()))
            .into()
    }
}

impl ToSchema for RetryRequest {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
        let schema = <RetryFields as utoipa::PartialSchema>::schema();
        schemas.push((RetryFields::name().into_owned(), schema));
    }
}

impl From<RetryRequest> for RetryInput {
    fn from(request: RetryRequest) -> Self {
        match request {
            RetryRequest::Named(name) => Self::Named(name),
            RetryRequest::Custom(fields) => Self::Custom {
                delays: fields.delays,
                then_every: fields.then_every,
                give_up_after: fields.give_up_after,
                jitter: fields.jitter,
            },
        }
    }
}

impl From<WebhookRequest> for WebhookInput {
    fn from(request: WebhookRequest) -> Self {
        let metadata = |text: Option<Box<RawValue>>| match text {
            Some(text) => Box::<str>::from(text).into_string(),
            None => "{}".to_owned(),
        };
        let headers = |headers: Option<HeadersRequest>| headers.map_or(Vec::new(), |own| own.0);
        Self {
            url: request.url,
            event_types: request.event_types,
            label: request.label.map(Option::unwrap_or_default),
            secret: request.secret,
            profile: request.profile,
            format: request.format,
            headers: request.headers.map(headers),
            retry_policy: request.retry_policy.map(|own| own.map(Into::into)),
            timeout: request.timeout,
            max_in_flight: request.max_in_flight,
            rate_limit: request.rate_limit,
            ordered: request.ordered,
            disable_after_failures: request.disable_after_failures,
            disable_after: request.disable_after,
            active: request.active,
            metadata: request.metadata.map(metadata),
        }
    }
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookBody {
    /// Its id.
    pub id: String,
    /// The workspace that owns it.
    pub workspace_id: String,
    /// What people call it.
    pub label: String,
    /// Where deliveries go.
    pub url: String,
    /// Which events it wants.
    pub event_types: Vec<String>,
    /// Its wire profile.
    pub profile: String,
    /// How bodies look.
    pub format: &'static str,
    /// Headers added to every delivery; credentials read `***`.
    pub headers: BTreeMap<String, String>,
    /// `active`, `disabled` or `revoked`.
    pub status: &'static str,
    /// `manual`, `circuit_breaker`, `gone` or null.
    pub disabled_reason: Option<&'static str>,
    /// Delays between attempts.
    pub retry_policy: RetryBody,
    /// The whole exchange's deadline.
    pub timeout: Span,
    /// Attempts under way at once, at most.
    pub max_in_flight: u32,
    /// Deliveries per second, at most.
    pub rate_limit: Option<f64>,
    /// One at a time, in event order.
    pub ordered: bool,
    /// Failures in a row that disable it.
    pub disable_after_failures: Option<u32>,
    /// Time of nothing but failures that disables it.
    pub disable_after: Option<Span>,
    /// Failures in a row so far.
    pub consecutive_failures: u32,
    /// When it was last attempted.
    pub last_attempted_at: Option<Time>,
    /// When it last answered 2xx.
    pub last_success_at: Option<Time>,
    /// Its last answer's status code.
    pub last_status_code: Option<u16>,
    /// When its secret was last rotated.
    pub secret_rotated_at: Option<Time>,
    /// Until when old secrets are valid.
    pub previous_secret_expires_at: Option<Time>,
    /// The owner's own JSON object.
    #[schema(value_type = Object)]
    pub metadata: Box<RawValue>,
    /// When it was registered.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// A retry policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetryBody {
    /// Delays before the retries.
    pub delays: Vec<Span>,
    /// The repeating delay after those.
    pub then_every: Option<Span>,
    /// When it ends, counted from the first attempt.
    pub give_up_after: Option<Span>,
    /// Whether delays are spread.
    pub jitter: bool,
}

/// A webhook just registered, with the secret that is shown only here.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegisteredBody {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: WebhookBody,
    /// Its secret.
    pub secret: String,
}

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
}

impl RequestBody for RotateRequest {}

/// A webhook's new secret, shown only here.
#[derive(Debug, Serialize, ToSchema)]
pub struct RotatedBody {
    /// The webhook.
    pub webhook_id: String,
    /// The new secret.
    pub secret: String,
    /// Until when old secrets are valid.
    pub previous_secret_expires_at: Option<Time>,
}

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
    pub error_kind: Option<&'static str>,
    /// How long it took.
    pub duration_ms: u32,
    /// The delivery that records it.
    pub delivery_id: String,
    /// Whether the circuit breaker had disabled the webhook and it may now be enabled again.
    pub may_enable: bool,
}

/// `POST /webhooks`.
///
/// # Errors
/// As `Service::create_webhook`.
pub async fn create(state: State, caller: Caller, body: Json<WebhookRequest>) -> Answered {
    let once = body.keyed.once(registered_answer);
    let done = state
        .service
        .create_webhook(&caller, body.value.into(), once)
        .await?;
    answer::done(&done, registered_answer)
}

/// `GET /webhooks`.
///
/// # Errors
/// 422 for parameters that make no sense.
pub async fn list(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (cursor, limit) = (query.cursor("cursor"), query.limit());
    query.finish()?;
    let page = state.service.webhooks(&caller, cursor, limit).await?;
    answer::ok(&ListBody::of(page, |own| webhook(&own)))
}

/// `GET /webhooks/{id}`.
///
/// # Errors
/// 404 where the workspace has no such webhook.
pub async fn show(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let found = state.service.webhook(&caller, id(&request)?).await?;
    answer::ok(&webhook(&found))
}

/// `PATCH /webhooks/{id}`.
///
/// # Errors
/// As `Service::update_webhook`.
pub async fn update(
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
    answer::ok(&webhook(&changed))
}

/// `DELETE /webhooks/{id}`.
///
/// # Errors
/// 404 where the workspace has no such webhook.
pub async fn delete(state: State, caller: Caller, request: HttpRequest) -> Answered {
    state.service.delete_webhook(&caller, id(&request)?).await?;
    answer::no_content()
}

/// `POST /webhooks/{id}/enable`.
///
/// # Errors
/// As `Service::enable_webhook`.
pub async fn enable(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let changed = state.service.enable_webhook(&caller, id(&request)?).await?;
    answer::ok(&webhook(&changed))
}

/// `POST /webhooks/{id}/disable`.
///
/// # Errors
/// As `Service::disable_webhook`.
pub async fn disable(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let changed = state
        .service
        .disable_webhook(&caller, id(&request)?)
        .await?;
    answer::ok(&webhook(&changed))
}

/// `POST /webhooks/{id}/revoke`.
///
/// # Errors
/// As `Service::revoke_webhook`.
pub async fn revoke(
    state: State,
    caller: Caller,
    request: HttpRequest,
    _: OptionalJson<Nothing>,
) -> Answered {
    let changed = state.service.revoke_webhook(&caller, id(&request)?).await?;
    answer::ok(&webhook(&changed))
}

/// `POST /webhooks/{id}/rotate-secret`.
///
/// # Errors
/// As `Service::rotate_secret`.
pub async fn rotate_secret(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<RotateRequest>,
) -> Answered {
    let RotateRequest { secret, overlap } = body.0.value;
    let rotated = state
        .service
        .rotate_secret(&caller, id(&request)?, secret, overlap)
        .await?;
    answer::ok(&RotatedBody {
        webhook_id: rotated.webhook.to_string(),
        secret: rotated.secret.expose().to_owned(),
        previous_secret_expires_at: rotated.previous_secret_expires_at.map(Time::from),
    })
}

/// `POST /webhooks/{id}/test`.
///
/// # Errors
/// As `Service::test_webhook`.
pub async fn test(
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
    let attempted = tested.attempted;
    answer::ok(&TestedBody {
        success: attempted.error_kind.is_none(),
        status: attempted.status_code,
        error: attempted.failure(),
        error_kind: attempted.error_kind.map(FailureKind::as_str),
        duration_ms: attempted.duration_ms,
        delivery_id: tested.delivery.to_string(),
        may_enable: tested.may_enable,
    })
}

fn id(request: &HttpRequest) -> Result<WebhookId, Problem> {
    path_id(request, "webhook")
}

fn registered_answer(registered: &Registered) -> Answer {
    let body = RegisteredBody {
        webhook: webhook(&registered.webhook),
        secret: registered.secret.expose().to_owned(),
    };
    answer::recorded(StatusCode::CREATED, &body)
}

/// A webhook's wire shape.
#[must_use]
pub fn webhook(webhook: &Webhook) -> WebhookBody {
    let settings = &webhook.settings;
    let health = &webhook.health;
    WebhookBody {
        id: webhook.id.to_string(),
        workspace_id: webhook.workspace.to_string(),
        label: settings.label.clone(),
        url: settings.url.clone(),
        event_types: settings.subscription.texts(),
        profile: webhook.profile.name.to_string(),
        format: settings.format.as_str(),
        headers: settings.headers.iter().map(header).collect(),
        status: webhook.state.as_str(),
        disabled_reason: webhook.state.disabled_reason().map(DisabledReason::as_str),
        retry_policy: retry_policy(&settings.retry),
        timeout: settings.timeout.into(),
        max_in_flight: settings.max_in_flight,
        rate_limit: settings.rate_limit,
        ordered: settings.ordered,
        disable_after_failures: settings.breaker.disable_after_failures,
        disable_after: settings.breaker.disable_after.map(Span::from),
        consecutive_failures: health.consecutive_failures,
        last_attempted_at: health.last_attempted_at.map(Time::from),
        last_success_at: health.last_success_at.map(Time::from),
        last_status_code: health.last_status_code,
        secret_rotated_at: webhook.secret_rotated_at.map(Time::from),
        previous_secret_expires_at: webhook.previous_secret_expires_at.map(Time::from),
        metadata: RawValue::from_string(settings.metadata.to_string()).unwrap_or_default(),
        created_at: webhook.created_at.into(),
        updated_at: webhook.updated_at.into(),
    }
}

fn header(header: &CustomHeader) -> (String, String) {
    let value = if header.is_credential() {
        MASK
    } else {
        header.value().expose()
    };
    (header.name().to_owned(), value.to_owned())
}

fn retry_policy(policy: &RetryPolicy) -> RetryBody {
    let repeat = policy.repeat();
    RetryBody {
        delays: policy.delays().iter().copied().map(Span).collect(),
        then_every: repeat.map(|repeat| Span(repeat.every)),
        give_up_after: repeat.map(|repeat| Span(repeat.give_up_after)),
        jitter: policy.jitter() == Jitter::Tenth,
    }
}

//! How a webhook reads in answers.
//!
//! Owns: its JSON. Refuses: showing header values that are credentials.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::batch::WebhookBatchBody;
use crate::api::words::{
    BodyFormat, DeliveryContentType, DeliveryMethod, DeliveryVia, SignatureWord,
    WebhookDisabledReason, WebhookKindWord, WebhookStatus,
};
use crate::domain::authorization::WebhookAuth;
use crate::domain::breaker::DisabledReason;
use crate::domain::event_type::{EventTypeName, VersionName};
use crate::domain::header::CustomHeader;
use crate::domain::order::DeliveryOrder;
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::webhook::{Transport, Webhook};
use crate::service::webhooks::{MASK, shown_header};
use crate::web::wire::{DurationText, Time};

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookBody {
    /// Its id.
    pub id: String,
    /// The workspace that owns it.
    pub workspace_id: String,
    /// The consumer whose it is; null for the platform's own.
    pub consumer_id: Option<String>,
    /// What people call it.
    pub label: String,
    /// How it comes by its events: `push` to its URL, or `poll`; `operational` gets
    /// none, and is told what happens to customers' webhooks.
    #[schema(value_type = WebhookKindWord)]
    pub kind: &'static str,
    /// Where deliveries go; null where it is fetched from.
    pub url: Option<String>,
    /// Which events it wants.
    pub event_types: Vec<String>,
    /// The versions of event types that it pins, by type.
    pub pinned_versions: BTreeMap<String, String>,
    /// Conditions on an event's content; null where there is none.
    #[schema(value_type = Option<Object>)]
    pub filter: Option<Box<RawValue>>,
    /// What goes with every request as proof; null where nothing does.
    pub auth: Option<AuthBody>,
    /// Authorities that its connections trust beside the public ones: `***`; null where there are none.
    pub ca: Option<&'static str>,
    /// When the first of those ends.
    pub ca_expires_at: Option<Time>,
    /// `direct` where its requests go around the egress proxy; null: as the instance says.
    #[schema(value_type = Option<DeliveryVia>)]
    pub via: Option<&'static str>,
    /// How it is requested.
    #[schema(value_type = DeliveryMethod)]
    pub method: &'static str,
    /// How the body is written.
    #[schema(value_type = DeliveryContentType)]
    pub content_type: &'static str,
    /// The body's own form; null where it is the envelope.
    #[schema(value_type = Option<Value>)]
    pub template: Option<Box<RawValue>>,
    /// The channels to which it listens; null: all.
    pub channels: Option<Vec<String>>,
    /// Its wire profile.
    pub profile: String,
    /// How deliveries are signed: `hmac` or `ed25519`.
    #[schema(value_type = SignatureWord)]
    pub signature: &'static str,
    /// The public key that verifies deliveries signed with `ed25519`: `whpk_` and its base64.
    pub public_key: Option<String>,
    /// How bodies look.
    #[schema(value_type = BodyFormat)]
    pub format: &'static str,
    /// Headers added to every delivery; credentials read `***`.
    pub headers: BTreeMap<String, String>,
    /// Whether the wire profile's headers are sent under their second names as well; null: as the
    /// workspace says.
    pub aliases: Option<bool>,
    /// `active`, `disabled` or `revoked`.
    #[schema(value_type = WebhookStatus)]
    pub status: &'static str,
    /// `manual`, `circuit_breaker`, `gone` or null.
    #[schema(value_type = Option<WebhookDisabledReason>)]
    pub disabled_reason: Option<&'static str>,
    /// Delays between attempts.
    pub retry_policy: RetryBody,
    /// The whole exchange's deadline.
    pub timeout: DurationText,
    /// Attempts under way at once, at most.
    pub max_in_flight: u32,
    /// Deliveries per second, at most.
    pub rate_limit: Option<f64>,
    /// One at a time, in event order.
    pub ordered: bool,
    /// Where the value lies by which deliveries keep event order.
    pub ordered_by: Option<String>,
    /// When several events go out in one request; null: each in its own.
    pub batch: Option<WebhookBatchBody>,
    /// Failures in a row that disable it.
    pub disable_after_failures: Option<u32>,
    /// Time of nothing but failures that disables it.
    pub disable_after: Option<DurationText>,
    /// Failures in a row so far.
    pub consecutive_failures: u32,
    /// When it was last attempted.
    pub last_attempted_at: Option<Time>,
    /// When it last answered 2xx.
    pub last_success_at: Option<Time>,
    /// Its last answer's status code.
    pub last_status_code: Option<u16>,
    /// Why its newest delivery that failed did so, in words; null while it answers with a 2xx.
    pub last_error: Option<String>,
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

/// A proof; secrets read `***`.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct AuthBody {
    /// `basic`, `bearer`, `oauth2` or `mtls`.
    pub r#type: &'static str,
    /// Of `basic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub username: Option<String>,
    /// Of `basic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub password: Option<&'static str>,
    /// Of `bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub token: Option<&'static str>,
    /// Of `oauth2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub token_url: Option<String>,
    /// Of `oauth2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_id: Option<String>,
    /// Of `oauth2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_secret: Option<&'static str>,
    /// Of `oauth2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub scope: Option<String>,
    /// Of `oauth2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub audience: Option<String>,
    /// Of `mtls`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub certificate: Option<&'static str>,
    /// Of `mtls`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub private_key: Option<&'static str>,
    /// Of `mtls`: whose certificate it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub subject: Option<String>,
    /// Of `mtls`: when the first certificate of the chain ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expires_at: Option<Time>,
    /// Where authorities are trusted beside the public ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ca: Option<&'static str>,
}

/// A retry policy.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetryBody {
    /// Delays before the retries.
    pub delays: Vec<DurationText>,
    /// The repeating delay after those.
    pub then_every: Option<DurationText>,
    /// When it ends, counted from the first attempt.
    pub give_up_after: Option<DurationText>,
    /// Whether delays are spread.
    pub jitter: bool,
    /// Statuses and classes that end a delivery at once; absent where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub give_up_on: Vec<String>,
    /// The only statuses and classes that are tried again; absent where all are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub retry_on: Vec<String>,
}

/// A webhook as it was changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct UpdatedBody {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: WebhookBody,
    /// Its new secret, shown only here: present where the URL moved to another origin and the
    /// request did not say the secret, and where `signature` changed. With `ed25519` the public key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub secret: Option<String>,
}

/// A webhook's wire shape.
#[must_use]
pub fn webhook(webhook: &Webhook) -> WebhookBody {
    let settings = &webhook.settings;
    let health = &webhook.health;
    WebhookBody {
        id: webhook.id.to_string(),
        workspace_id: webhook.workspace.to_string(),
        consumer_id: webhook.consumer.map(|id| id.to_string()),
        label: settings.label.clone(),
        kind: settings.transport.as_str(),
        url: (settings.transport != Transport::Poll).then(|| settings.url.clone()),
        event_types: settings.subscription.texts(),
        pinned_versions: settings.subscription.pins().iter().map(pin).collect(),
        filter: settings.filter.as_ref().map(|own| raw(own.text())),
        auth: settings.auth.as_ref().map(|own| AuthBody {
            ca: settings.ca.as_ref().map(|_| MASK),
            ..auth(own)
        }),
        ca: settings.ca.as_ref().map(|_| MASK),
        ca_expires_at: settings.ca.as_ref().map(|own| own.expires_at.into()),
        via: settings.via.word(),
        method: settings.method.as_str(),
        content_type: settings.shape.content_type.as_str(),
        template: settings.shape.template.as_ref().map(|own| raw(own.text())),
        channels: settings.channels.clone(),
        profile: webhook.profile.name.to_string(),
        signature: webhook.signature().as_str(),
        public_key: webhook.public_key.clone(),
        format: settings.format.as_str(),
        headers: settings.headers.iter().map(header).collect(),
        aliases: settings.aliases,
        status: webhook.state.as_str(),
        disabled_reason: webhook.state.disabled_reason().map(DisabledReason::as_str),
        retry_policy: retry_policy(&settings.retry),
        timeout: settings.timeout.into(),
        max_in_flight: settings.max_in_flight,
        rate_limit: settings.rate_limit,
        ordered: settings.order == DeliveryOrder::Whole,
        ordered_by: settings.order.by().map(|own| own.as_str().to_owned()),
        batch: settings.batch.map(WebhookBatchBody::from),
        disable_after_failures: settings.breaker.disable_after_failures,
        disable_after: settings.breaker.disable_after.map(DurationText::from),
        consecutive_failures: health.consecutive_failures,
        last_attempted_at: health.last_attempted_at.map(Time::from),
        last_success_at: health.last_success_at.map(Time::from),
        last_status_code: health.last_status_code,
        last_error: None,
        secret_rotated_at: webhook.secret_rotated_at.map(Time::from),
        previous_secret_expires_at: webhook.previous_secret_expires_at.map(Time::from),
        metadata: raw(&settings.metadata),
        created_at: webhook.created_at.into(),
        updated_at: webhook.updated_at.into(),
    }
}

fn pin((name, version): (&EventTypeName, &VersionName)) -> (String, String) {
    (name.to_string(), version.to_string())
}

fn auth(auth: &WebhookAuth) -> AuthBody {
    let r#type = auth.kind();
    match auth {
        WebhookAuth::Basic { username, .. } => AuthBody {
            r#type,
            username: Some(username.clone()),
            password: Some(MASK),
            ..AuthBody::default()
        },
        WebhookAuth::Bearer { .. } => AuthBody {
            r#type,
            token: Some(MASK),
            ..AuthBody::default()
        },
        WebhookAuth::OAuth2(client) => AuthBody {
            r#type,
            token_url: Some(client.token_url.clone()),
            client_id: Some(client.client_id.clone()),
            client_secret: Some(MASK),
            scope: client.scope.clone(),
            audience: client.audience.clone(),
            ..AuthBody::default()
        },
        WebhookAuth::Mtls(own) => AuthBody {
            r#type,
            certificate: Some(MASK),
            private_key: Some(MASK),
            subject: Some(own.subject.clone()),
            expires_at: Some(own.expires_at.into()),
            ..AuthBody::default()
        },
    }
}

/// What was stored as JSON is JSON.
fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_default()
}

fn header(header: &CustomHeader) -> (String, String) {
    let (name, value) = shown_header(header);
    (name.to_owned(), value.to_owned())
}

fn retry_policy(policy: &RetryPolicy) -> RetryBody {
    let repeat = policy.repeat();
    RetryBody {
        delays: policy.delays().iter().copied().map(DurationText).collect(),
        then_every: repeat.map(|repeat| DurationText(repeat.every)),
        give_up_after: repeat.map(|repeat| DurationText(repeat.give_up_after)),
        jitter: policy.jitter() == Jitter::Tenth,
        give_up_on: policy.rules().give_up_on(),
        retry_on: policy.rules().retry_on(),
    }
}

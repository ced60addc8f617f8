//! `/webhooks/{id}/preview`: what a webhook would get of an event.
//!
//! Owns: the wire shapes. Refuses: rules, and sending anything.

use std::collections::BTreeMap;

use actix_web::HttpRequest;
use actix_web::web::to;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::access::{TEST, WEBHOOKS_WRITE};
use super::words::{WebhookDisabledReason, WhyNotWord};
use crate::api::version_text::VersionText;
use crate::domain::breaker::DisabledReason;
use crate::engine::preview::{PreviewFault, PreviewedRequest};
use crate::service::Caller;
use crate::service::events::WhyNot;
use crate::service::webhooks::{Preview, PreviewEvent, PreviewInput};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{OptionalJson, RequestBody, path_id};
use crate::web::{Answered, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] =
    &[
        Endpoint::post("/api/v1/webhooks/{id}/preview", WEBHOOKS_WRITE, || {
            to(preview)
        })
        .for_consumers()
        .needs(TEST)
        .fresh()
        .about(|operation| {
            operation
                .named(
                    "preview_webhook",
                    "Webhooks",
                    "Show what a webhook would get of an event, and send nothing",
                )
                .may_take::<PreviewRequest>(
                    json!({"event": {"type": "order.paid", "data": {"order": "A-1042"}}}),
                )
                .gives::<PreviewBody>(200, "Whether it fits, and the request.")
        }),
    ];

/// Of which event: one that was published, or one that is said here; the wire profile's own test event if
/// absent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// The id of an event that was published.
    #[serde(default)]
    pub event_id: Option<String>,
    /// An event that nobody publishes.
    #[serde(default)]
    pub event: Option<PreviewEventRequest>,
}

impl RequestBody for PreviewRequest {}

/// An event that nobody publishes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewEventRequest {
    /// Its type.
    #[serde(default)]
    pub r#type: Option<String>,
    /// Its data.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub data: Option<Box<RawValue>>,
    /// The publisher's id for it.
    #[serde(default)]
    pub id: Option<String>,
    /// When it happened; now if absent.
    #[serde(default)]
    pub timestamp: Option<String>,
    /// The channels in which it is said.
    #[serde(default)]
    pub channels: Option<Vec<String>>,
    /// The version of its type; the newest in use if absent.
    #[serde(default)]
    pub version: Option<VersionText>,
}

/// What a webhook would get.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewBody {
    /// Whether it would get the event, were that published now.
    pub fits: bool,
    /// Why it would not; null where it would.
    pub why_not: Option<WhyNotBody>,
    /// The request as it would go out now, whether it fits or not; null where there can be none.
    pub request: Option<PreviewedBody>,
    /// What keeps it from being made, such as a place in the template; empty where nothing does.
    pub errors: Vec<PreviewErrorBody>,
}

/// Why a webhook would not get an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhyNotBody {
    /// Which of the reasons that there are.
    #[schema(value_type = WhyNotWord)]
    pub reason: &'static str,
    /// Why it was disabled.
    #[schema(value_type = Option<WebhookDisabledReason>)]
    pub disabled_reason: Option<&'static str>,
    /// The first condition of its filter that the event does not meet.
    pub condition: Option<String>,
    /// What the event has there, and what it should have.
    pub detail: Option<String>,
}

/// A request as it would go out.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewedBody {
    /// Its method.
    pub method: String,
    /// Where it would go.
    pub url: String,
    /// Its headers; credentials read `***`.
    pub headers: BTreeMap<String, String>,
    /// The body, byte for byte.
    pub body: String,
}

/// What keeps a request from being made.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewErrorBody {
    /// The setting, with the place in it.
    pub field: String,
    /// What is wrong there.
    pub message: String,
}

/// `POST /webhooks/{id}/preview`.
///
/// # Errors
/// 404 where there is no such webhook or event, 422 for an event that can be none.
pub async fn preview(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<PreviewRequest>,
) -> Answered {
    let said = body.0.value;
    let input = PreviewInput {
        event_id: said.event_id,
        event: said.event.map(Into::into),
    };
    let id = path_id(&request, "webhook")?;
    let preview = state.service.preview_webhook(&caller, id, input).await?;
    answer::ok(&PreviewBody::from(preview))
}

impl From<PreviewEventRequest> for PreviewEvent {
    fn from(request: PreviewEventRequest) -> Self {
        let text = |json: Box<RawValue>| Box::<str>::from(json).into_string();
        Self {
            event_type: request.r#type,
            data: request.data.map(text),
            id: request.id,
            timestamp: request.timestamp,
            channels: request.channels.unwrap_or_default(),
            version: request.version.map(Into::into),
        }
    }
}

impl From<Preview> for PreviewBody {
    fn from(preview: Preview) -> Self {
        let (request, errors) = match preview.request {
            Ok(request) => (Some(request.into()), Vec::new()),
            Err(PreviewFault { field, message }) => {
                (None, vec![PreviewErrorBody { field, message }])
            }
        };
        Self {
            fits: preview.why_not.is_none(),
            why_not: preview.why_not.map(Into::into),
            request,
            errors,
        }
    }
}

impl From<WhyNot> for WhyNotBody {
    fn from(why_not: WhyNot) -> Self {
        let reason = why_not.as_str();
        let mut disabled_reason = None;
        if let WhyNot::Disabled(reason) = &why_not {
            disabled_reason = Some(DisabledReason::as_str(*reason));
        }
        let mut misfit = None;
        if let WhyNot::Filtered(own) = why_not {
            misfit = Some(own);
        }
        Self {
            reason,
            disabled_reason,
            condition: misfit.as_ref().map(|misfit| misfit.condition.clone()),
            detail: misfit.map(|misfit| misfit.words),
        }
    }
}

impl From<PreviewedRequest> for PreviewedBody {
    fn from(request: PreviewedRequest) -> Self {
        Self {
            method: request.method,
            url: request.url,
            headers: request.headers.into_iter().collect(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
        }
    }
}

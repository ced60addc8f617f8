//! `/workspaces`: tenants of the instance.
//!
//! Owns: the wire shapes of workspaces. Refuses: names in paths; a name may change hands, an id
//! never does.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::web::to;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::access::ADMIN;
use super::words::{AlertFormat, PlanWord};
use crate::domain::alert::AlertForm;
use crate::domain::id::WorkspaceId;
use crate::domain::page::List;
use crate::service::workspaces::{RetentionInput, ToldWorkspace, WorkspaceInput};
use crate::service::{Caller, StoredAnswer};
use crate::web::endpoint::Endpoint;
use crate::web::extract::{Json, OptionalJson, Query, RequestBody, path_id};
use crate::web::wire::{DurationText, ListBody, Time, given, nullable};
use crate::web::{Answered, Problem, State, answer};

mod alerts;
mod portal;

use alerts::test_alert;
pub use alerts::{AlertTestBody, MailTestBody};
pub use portal::{BrandingBody, BrandingRequest, FooterLinkBody};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[
    Endpoint::post("/api/v1/workspaces", ADMIN, || to(create)).about(|operation| {
        operation
            .named("create_workspace", "Instance", "Add a workspace")
            .takes::<WorkspaceRequest>(json!({"name": "acme", "plan": "pro"}))
            .gives::<WorkspaceBody>(201, "The workspace.")
            .keyed()
    }),
    Endpoint::get("/api/v1/workspaces", ADMIN, || to(list)).about(|operation| {
        operation
            .named("list_workspaces", "Instance", "List workspaces")
            .lists::<WorkspaceBody>("A page of workspaces.")
    }),
    Endpoint::get("/api/v1/workspaces/{id}", ADMIN, || to(show)).about(|operation| {
        operation
            .named("show_workspace", "Instance", "Show a workspace")
            .gives::<WorkspaceBody>(200, "The workspace.")
    }),
    Endpoint::patch("/api/v1/workspaces/{id}", ADMIN, || to(update)).about(|operation| {
        operation
            .named("update_workspace", "Instance", "Change a workspace")
            .takes::<WorkspaceRequest>(json!({"retention": {"delivered": "720h"}}))
            .gives::<WorkspaceBody>(200, "The workspace as it is now.")
            .or(409)
    }),
    Endpoint::delete("/api/v1/workspaces/{id}", ADMIN, || to(delete))
        .fresh()
        .about(|operation| {
            operation
                .named("delete_workspace", "Instance", "Delete a workspace")
                .ends("It is gone, with everything in it.")
                .or(409)
        }),
    Endpoint::post("/api/v1/workspaces/{id}/rotate-secret", ADMIN, || {
        to(rotate_secret)
    })
    .fresh()
    .about(|operation| {
        operation
            .named(
                "rotate_workspace_secret",
                "Instance",
                "Give a workspace a new secret for alerts and one-off receivers",
            )
            .may_take::<SecretRequest>(json!({}))
            .gives::<SecretBody>(200, "The new secret, only here.")
    }),
    Endpoint::post("/api/v1/workspaces/{id}/test-alert", ADMIN, || {
        to(test_alert)
    })
    .fresh()
    .about(|operation| {
        operation
            .named("test_alert", "Instance", "Send a test to where alerts go")
            .gives::<AlertTestBody>(200, "What came of it.")
            .or(422)
    }),
];

/// A workspace as a caller describes it: whole on creation, in part on change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceRequest {
    /// Its name.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub name: Option<String>,
    /// `free`, `pro` or `enterprise`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = PlanWord, nullable = false, required = false)]
    pub plan: Option<String>,
    /// The wire profile of new webhooks.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub profile: Option<String>,
    /// Whether unknown event types are refused.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub strict_event_types: Option<bool>,
    /// Whether webhooks that say nothing send their wire profile's headers under second names as well
    /// (`svix-id` beside `webhook-id`).
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    pub aliases: Option<bool>,
    /// Where alerts go; null means nowhere. Their event types: `webhook.failing`, `webhook.disabled`,
    /// `webhook.recovered`, `delivery.exhausted`, `certificate.expiring`, `storage.low`, `alert.test`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub alert_url: Option<Option<String>>,
    /// How alerts look there: `json` (the envelope of any webhook, signed) or `slack` (a message for
    /// Slack's incoming webhooks and what takes the same); null means `slack` for Slack's own address.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<AlertFormat>)]
    pub alert_format: Option<Option<String>>,
    /// Who is told of the same by mail, up to 10 addresses, if hookpost runs with a mail server; null
    /// means nobody.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Vec<String>>)]
    pub alert_emails: Option<Option<Vec<String>>>,
    /// How long history is kept; null means the instance's defaults.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<RetentionRequest>)]
    pub retention: Option<Option<RetentionRequest>>,
    /// How long the data of events is kept: `retention` (as long as the events), `until_delivered`
    /// (dead letters keep theirs), or a duration such as `24h` from when an event was accepted, but not
    /// while a delivery of it waits. Null means `retention`.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub keep_data: Option<Option<String>>,
    /// Origins that may frame the consumer portal, and call the API from a browser with a token that is
    /// bound to a consumer; null means none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Vec<String>>)]
    pub portal_origins: Option<Option<Vec<String>>>,
    /// How the consumer portal looks; null means as hookpost does.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<BrandingRequest>)]
    pub branding: Option<Option<BrandingRequest>>,
    /// Webhooks that a consumer may register itself; null means 50.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>)]
    pub webhooks_per_consumer: Option<Option<i64>>,
}

impl RequestBody for WorkspaceRequest {}

/// A new secret for alerts and one-off receivers.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretRequest {
    /// The new secret; made up if absent.
    #[serde(default)]
    pub secret: Option<String>,
}

impl RequestBody for SecretRequest {}

/// A workspace's own signing secret, shown only here.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecretBody {
    /// The workspace.
    pub workspace_id: String,
    /// What signs for alerts, and for one-off receivers without a secret of their own.
    pub secret: String,
}

/// How long history is kept; null means the instance's default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionRequest {
    /// Delivered and canceled deliveries.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub delivered: Option<Option<String>>,
    /// Dead letters.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub exhausted: Option<Option<String>>,
    /// So many of the newest of each webhook, whatever their age.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<i64>)]
    pub keep_latest: Option<Option<i64>>,
}

/// A workspace.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkspaceBody {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it has paid for.
    #[schema(value_type = PlanWord)]
    pub plan: &'static str,
    /// The wire profile of new webhooks.
    pub profile: String,
    /// Whether unknown event types are refused.
    pub strict_event_types: bool,
    /// Whether webhooks that say nothing send headers under their second names as well.
    pub aliases: bool,
    /// Where alerts go.
    pub alert_url: Option<String>,
    /// How alerts look there; null: as its URL takes them.
    #[schema(value_type = Option<AlertFormat>)]
    pub alert_format: Option<&'static str>,
    /// Who is told of the same by mail.
    pub alert_emails: Vec<String>,
    /// How long history is kept.
    pub retention: RetentionBody,
    /// How long the data of events is kept: `retention`, `until_delivered`, or a duration.
    pub keep_data: String,
    /// Origins that may frame the consumer portal, and call the API from a browser with a token that is
    /// bound to a consumer.
    pub portal_origins: Vec<String>,
    /// How the consumer portal looks.
    pub branding: BrandingBody,
    /// Webhooks that a consumer may register itself.
    pub webhooks_per_consumer: u32,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// How long history is kept; null means the instance's default.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetentionBody {
    /// Delivered and canceled deliveries.
    pub delivered: Option<DurationText>,
    /// Dead letters.
    pub exhausted: Option<DurationText>,
    /// So many of the newest of each webhook, whatever their age.
    pub keep_latest: Option<u32>,
}

impl From<WorkspaceRequest> for WorkspaceInput {
    fn from(mut request: WorkspaceRequest) -> Self {
        let portal = portal::input(&mut request);
        let retention = |own: RetentionRequest| RetentionInput {
            delivered: own.delivered,
            exhausted: own.exhausted,
            keep_latest: own.keep_latest,
        };
        Self {
            name: request.name,
            plan: request.plan,
            profile: request.profile,
            strict_event_types: request.strict_event_types,
            aliases: request.aliases,
            alert_url: request.alert_url,
            alert_format: request.alert_format,
            alert_emails: request.alert_emails,
            retention: request.retention.map(|own| own.map(retention)),
            keep_data: request.keep_data,
            portal,
        }
    }
}

async fn create(state: State, caller: Caller, body: Json<WorkspaceRequest>) -> Answered {
    answer::idempotent(body.keyed, created, |key| {
        state
            .service
            .create_workspace(&caller, body.value.into(), key)
    })
    .await
}

async fn list(state: State, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let (cursor, limit) = (query.cursor("cursor", List::Workspaces), query.limit());
    query.finish()?;
    let page = state.service.told_workspaces(cursor, limit).await?;
    answer::ok(&ListBody::of(page, |own| workspace(&own)))
}

/// `GET /workspaces/{id}`.
///
/// # Errors
/// 404 where there is no such workspace.
pub async fn show(state: State, request: HttpRequest) -> Answered {
    let id = id(&request)?;
    let found = state.service.told_workspace(&id.to_string()).await?;
    answer::ok(&workspace(&found))
}

async fn update(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: Json<WorkspaceRequest>,
) -> Answered {
    let id = id(&request)?;
    let input = body.value.into();
    let changed = state.service.update_workspace(&caller, id, input).await?;
    answer::ok(&workspace(&changed))
}

async fn delete(state: State, caller: Caller, request: HttpRequest) -> Answered {
    let id = id(&request)?;
    state.service.delete_workspace(&caller, id).await?;
    answer::no_content()
}

async fn rotate_secret(
    state: State,
    caller: Caller,
    request: HttpRequest,
    body: OptionalJson<SecretRequest>,
) -> Answered {
    let id = id(&request)?;
    let given = body.0.value.secret;
    let secret = state
        .service
        .rotate_workspace_secret(&caller, id, given)
        .await?;
    answer::ok(&SecretBody {
        workspace_id: id.to_string(),
        secret: secret.expose().to_owned(),
    })
}

fn id(request: &HttpRequest) -> Result<WorkspaceId, Problem> {
    path_id(request, "workspace")
}

fn created(made: &ToldWorkspace) -> StoredAnswer {
    answer::recorded(StatusCode::CREATED, &workspace(made))
}

fn workspace(told: &ToldWorkspace) -> WorkspaceBody {
    let workspace = &told.workspace;
    WorkspaceBody {
        id: workspace.id.to_string(),
        name: workspace.name.clone(),
        plan: workspace.plan.as_str(),
        profile: workspace.profile.clone(),
        strict_event_types: workspace.strict_event_types,
        aliases: workspace.aliases,
        alert_url: workspace.alert_url.clone(),
        alert_format: workspace.alert_form.map(AlertForm::as_str),
        alert_emails: workspace.alert_emails.clone(),
        retention: RetentionBody {
            delivered: workspace.retention.delivered.map(DurationText::from),
            exhausted: workspace.retention.exhausted.map(DurationText::from),
            keep_latest: workspace.retention.keep_latest,
        },
        keep_data: workspace.retention.keep_data.text(),
        portal_origins: workspace.portal.origins.clone(),
        branding: portal::branding(told),
        webhooks_per_consumer: workspace.portal.webhooks_max(),
        created_at: workspace.created_at.into(),
        updated_at: workspace.updated_at.into(),
    }
}

//! `/templates`: templates that are ready to be copied into a webhook.
//!
//! Owns: their wire shape. Refuses: everything else; they are the same for everybody.

use actix_web::web::to;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::access::WEBHOOKS_READ;
use crate::domain::ready_templates::{READY_TEMPLATES, ReadyTemplate};
use crate::service::Caller;
use crate::web::endpoint::Endpoint;
use crate::web::{Answered, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] =
    &[
        Endpoint::get("/api/v1/templates", WEBHOOKS_READ, || to(list)).about(|operation| {
            operation
                .named("list_templates", "Webhooks", "List templates to copy from")
                .gives::<ReadyTemplatesBody>(200, "Each, for one sort of receiver.")
        }),
    ];

/// Templates to copy from.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyTemplatesBody {
    /// They.
    pub data: Vec<ReadyTemplateBody>,
}

/// A template to copy from.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadyTemplateBody {
    /// Its name.
    pub name: &'static str,
    /// Whose receivers it is for.
    pub title: &'static str,
    /// Where deliveries go, and what else has to be set.
    pub hint: &'static str,
    /// What to send as a webhook's `template`.
    #[schema(value_type = Value)]
    pub template: Box<RawValue>,
}

async fn list(_: Caller) -> Answered {
    let body = |ready: ReadyTemplate| ReadyTemplateBody {
        name: ready.name,
        title: ready.title,
        hint: ready.hint,
        template: RawValue::from_string(ready.text.to_owned()).unwrap_or_default(),
    };
    answer::ok(&ReadyTemplatesBody {
        data: READY_TEMPLATES.map(body).into(),
    })
}

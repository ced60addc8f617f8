//! `/audit-log`: who changed what, and when.
//!
//! Owns: the entry's wire shape. Refuses: changing entries.

use actix_web::HttpRequest;
use actix_web::web::to;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::access::ADMIN;
use super::words::ActorKindWord;
use crate::domain::audit::AuditEntry;
use crate::domain::page::List;
use crate::service::audit_log::EntriesAsked;
use crate::service::views::{AuditLog, AuditNames};
use crate::web::endpoint::Endpoint;
use crate::web::extract::Query;
use crate::web::openapi::parts::text;
use crate::web::wire::{ListBody, Time};
use crate::web::{Answered, State, answer};

/// What can be asked for here.
pub static ENDPOINTS: &[Endpoint] = &[Endpoint::get("/api/v1/audit-log", ADMIN, || to(list))
    .about(|operation| {
        operation
            .named("list_audit_log", "Instance", "List who changed what")
            .query(
                "workspace",
                text(),
                "Only what happened in this workspace, by id or name.",
            )
            .lists::<EntryBody>("A page of the audit log.")
    })];

/// A line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryBody {
    /// Its id.
    pub id: String,
    /// The workspace it happened in; null for the instance.
    pub workspace_id: Option<String>,
    /// Who did it.
    pub actor: ActorBody,
    /// What was done, such as `webhook.revoke`.
    pub action: String,
    /// To what: an id or a name.
    pub target: String,
    /// More about it.
    #[schema(value_type = Value)]
    pub detail: Box<RawValue>,
    /// When it happened.
    pub created_at: Time,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActorBody {
    /// `key`, `user`, `cli` or `system`.
    #[schema(value_type = ActorKindWord)]
    pub kind: &'static str,
    /// Which one exactly; null where the kind says all.
    pub id: Option<String>,
    /// What it is called: a key's name, a user's address, a consumer's name; null where it is gone or has
    /// none.
    pub name: Option<String>,
}

/// `GET /audit-log`.
///
/// # Errors
/// 404 where `workspace` names none.
pub async fn list(state: State, request: HttpRequest) -> Answered {
    let mut query = Query::of(&request);
    let workspace = query.text("workspace");
    let (cursor, limit) = (query.cursor("cursor", List::AuditLog), query.limit());
    query.finish()?;
    let views = state.service.views();
    let asked = workspace.map_or(EntriesAsked::Everybody, EntriesAsked::Workspace);
    let AuditLog { entries, names } = views.audit_log(asked, cursor, limit).await?;
    answer::ok(&ListBody::of(entries, |own| entry(own, &names)))
}

fn entry(entry: AuditEntry, names: &AuditNames) -> EntryBody {
    let name = names.actor(&entry);
    EntryBody {
        id: entry.id.to_string(),
        workspace_id: entry.workspace.map(|id| id.to_string()),
        actor: ActorBody {
            kind: entry.actor_kind.as_str(),
            id: Some(entry.actor).filter(|actor| !actor.is_empty()),
            name,
        },
        action: entry.action,
        target: entry.target,
        detail: RawValue::from_string(entry.detail).unwrap_or_default(),
        created_at: entry.at.into(),
    }
}

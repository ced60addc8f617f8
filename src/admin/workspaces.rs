//! Workspaces at the command line.

use serde::{Deserialize, Serialize};

use super::AdminAnswer;
use crate::domain::page::Limit;
use crate::domain::workspace::Workspace;
use crate::service::workspaces::WorkspaceInput;
use crate::service::{Done, Idempotency, Refusal, Service};
use crate::store::workspaces;

/// A workspace as lists show it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkspaceRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it has paid for.
    pub plan: String,
    /// The wire profile of its new webhooks.
    pub profile: String,
    /// When it was made.
    pub created_at: String,
}

impl From<&Workspace> for WorkspaceRow {
    fn from(workspace: &Workspace) -> Self {
        Self {
            id: workspace.id.to_string(),
            name: workspace.name.clone(),
            plan: workspace.plan.as_str().to_owned(),
            profile: workspace.profile.clone(),
            created_at: workspace.created_at.rfc3339(),
        }
    }
}

pub(super) async fn create(
    service: &Service,
    name: String,
    profile: Option<String>,
    plan: Option<String>,
) -> Result<AdminAnswer, Refusal> {
    let input = WorkspaceInput {
        name: Some(name),
        plan,
        profile,
        ..WorkspaceInput::default()
    };
    let caller = super::operator(service).await?;
    let made = service.create_workspace(&caller, input, Idempotency::unkeyed());
    match made.await? {
        Done::Fresh(made) => Ok(AdminAnswer::Id {
            id: made.workspace.id.to_string(),
        }),
        Done::Replayed(_) => Err(Refusal::Internal("nothing was keyed".to_owned())),
    }
}

pub(super) async fn list(service: &Service) -> Result<AdminAnswer, Refusal> {
    let rows = service.store().read(|conn| {
        let mut rows = Vec::new();
        let mut cursor = None;
        loop {
            let page = workspaces::list(conn, cursor, Limit::clamped(u32::MAX))?;
            rows.extend(page.items.iter().map(WorkspaceRow::from));
            cursor = page.next;
            if cursor.is_none() {
                return Ok::<_, Refusal>(rows);
            }
        }
    });
    Ok(AdminAnswer::Workspaces {
        workspaces: rows.await?,
    })
}
